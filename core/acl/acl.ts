/* Acl -- the users, who is logged in as whom, and the gate that asks whether they may.
 *
 * A client holds its user, so a change of rules reaches open connections at once. A client whose user may do everything
 * does not even meet the gate: CLIENT_GATE.restricted is armed only for the others. */

import { sha256Hex } from '../base/hash.ts'
import { type ReplyError, replyError } from '../base/errors.ts'
import { Authenticator } from '../command/authenticator.ts'
import type { Args } from '../command/args.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import type { Entry } from '../command/table.ts'
import { AclLog, type Refusal } from './log.ts'
import { CommandNames } from './names.ts'
import { DENIED, type Denial } from './selector.ts'
import { ACL_ERR, QUEUED_ERR } from './texts.ts'
import { User, type UserDefaults } from './user.ts'

const DEFAULT = 'default'
const OPEN_RULES = ['on', 'nopass', 'allkeys', 'allchannels', 'allcommands']

export class Acl extends Authenticator {
  readonly log = new AclLog()
  readonly defaults: UserDefaults = { channels: 'resetchannels' }
  readonly names: CommandNames
  readonly default: User
  users = new Map<string, User>()
  readonly #engine: Engine

  constructor(engine: Engine) {
    super()
    this.#engine = engine
    this.names = new CommandNames(engine)
    this.default = new User(DEFAULT, this.names, this.defaults)
    for (const rule of OPEN_RULES) this.default.apply(rule)
    this.users.set(DEFAULT, this.default)
    engine.checks.access = (client, entry, args) => this.#refusal(client, entry, args)
    engine.checks.accessQueued = (client, entry, args) => this.#refusalOfQueued(client, entry, args)
    engine.checks.allows = (client, entry, args) => userOf(client)?.denial(entry, args) == null
    engine.checks.allowsKey = (client, key, flags) => userOf(client)?.allowsKey(key, flags) ?? true
    engine.checks.allowsAnyKey = (client, entry, args) => allowsAnyKey(userOf(client), entry, args)
  }

  // ------------------------------------------------------------------ logging in

  get requiresPassword(): boolean {
    return !this.defaultIsOpen
  }

  get defaultIsOpen(): boolean {
    return this.default.hasNoPassword && this.default.isOn
  }

  login(client: Client, name: string, password: string, how: string): boolean {
    const user = this.users.get(name)
    if (user === undefined || !user.isOn || !(user.hasNoPassword || hasPassword(user, password))) {
      const context = client.transaction === null ? 'toplevel' : 'multi'
      this.#note({ reason: 'auth', context, object: how, user: name }, client)
      return false
    }
    this.#become(client, user)
    client.gate(CLIENT_GATE.unauthenticated, false)
    return true
  }

  reset(client: Client): void {
    this.#become(client, this.default)
    client.gate(CLIENT_GATE.unauthenticated, this.requiresPassword)
  }

  exists(name: string): boolean {
    return this.users.has(name)
  }

  #become(client: Client, user: User): void {
    client.user = user.name
    client.rules = user
    client.gate(CLIENT_GATE.restricted, !user.isOpen)
  }

  // ------------------------------------------------------------------ users

  /** The users in order of their names. */
  get sorted(): User[] {
    return [...this.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Apply rules to a user, who is made when there is none. Null, or the fault of the first rule that is not accepted. */
  change(name: string, rules: readonly string[]): { rule: string; fault: string } | null {
    const known = this.users.get(name)
    const changed = known === undefined ? new User(name, this.names, this.defaults) : known.copy()
    for (const rule of rules) {
      const fault = changed.apply(rule)
      if (fault !== null) return { rule, fault }
    }
    const user = known ?? changed
    if (known === undefined) this.users.set(name, user)
    else known.take(changed)
    this.#reach(user)
    return null
  }

  /** Open connections of a user are held to its rules from now on. */
  #reach(user: User): void {
    for (const client of this.#engine.clients.values()) {
      if (client.rules !== user) continue
      client.gate(CLIENT_GATE.restricted, !user.isOpen)
      if (user === this.default && this.defaultIsOpen) client.gate(CLIENT_GATE.unauthenticated, false)
      if (!mayStayListening(client, user)) this.#close(client)
    }
  }

  /** Take a user away and close its connections. False when there is none. */
  remove(name: string): boolean {
    const user = this.users.get(name)
    if (user === undefined) return false
    this.users.delete(name)
    this.#closeAll(user)
    return true
  }

  /** Let these users take the place of all: those of an ACL file. Connections of users that changed are closed. */
  replace(users: Map<string, User>): void {
    const before = this.users
    const fresh = users.get(DEFAULT)
    if (fresh !== undefined) this.default.take(fresh)
    else for (const rule of ['reset', ...OPEN_RULES]) this.default.apply(rule)
    users.set(DEFAULT, this.default)
    this.users = users
    for (const [name, user] of before) {
      if (user === this.default) continue
      const kept = users.get(name)
      if (kept === undefined || kept.text !== user.text) this.#closeAll(user)
      else for (const client of this.#engine.clients.values()) if (client.rules === user) client.rules = kept
    }
    this.#reach(this.default)
  }

  #closeAll(user: User): void {
    for (const client of [...this.#engine.clients.values()]) if (client.rules === user) this.#close(client)
  }

  /** Who closes itself is answered first. */
  #close(client: Client): void {
    if (client === this.#engine.runningClient) client.connection?.closeAfterReply()
    else client.connection?.destroy()
  }

  // ------------------------------------------------------------------ the gate

  #refusal(client: Client, entry: Entry, args: Args): ReplyError | null {
    const denial = userOf(client)?.denial(entry, args) ?? null
    if (denial === null) return null
    this.#noteDenial(client, entry, args, denial)
    if (denial.why === DENIED.key) return ACL_ERR.key
    if (denial.why === DENIED.channel) return ACL_ERR.channel
    return replyError(`NOPERM User ${client.user} has no permissions to run the '${entry.name}' command`)
  }

  #refusalOfQueued(client: Client, entry: Entry, args: Args): ReplyError | null {
    const denial = userOf(client)?.denial(entry, args) ?? null
    if (denial === null) return null
    this.#noteDenial(client, entry, args, denial)
    return QUEUED_ERR[denial.why]!
  }

  #noteDenial(client: Client, entry: Entry, args: Args, { why, at }: Denial): void {
    const reason = why === DENIED.key ? 'key' : why === DENIED.channel ? 'channel' : 'command'
    const context = client.isInternal ? 'lua' : client.transaction === null ? 'toplevel' : 'multi'
    const object = why === DENIED.command ? entry.name : args.at(at).latin1()
    this.#note({ reason, context, object, user: client.user }, client)
  }

  #note(refusal: Refusal, client: Client): void {
    const engine = this.#engine
    const shown = client.isInternal ? (engine.runningClient ?? client) : client
    this.log.add(refusal, engine.describeClient(shown), engine.clock.nowMs())
  }
}

/** The user of a client; clients of the server's own have none, and may do everything. */
function userOf(client: Client): User | null {
  return client.rules as User | null
}

function hasPassword(user: User, password: string): boolean {
  return user.passwords.includes(sha256Hex(Buffer.from(password, 'latin1')))
}

function allowsAnyKey(user: User | null, entry: Entry, args: Args): boolean {
  return user === null || user.selectors.some(selector => selector.readsAllKeys && selector.allowsCommand(entry, args))
}

/** Whether a client may still hear all that it has subscribed to. */
function mayStayListening(client: Client, user: User): boolean {
  const names = (set: Set<string> | null): string[] => [...(set ?? [])]
  const allows = (name: string, isPattern: boolean): boolean => user.allowsChannel(name, isPattern)
  return (
    names(client.channels).every(name => allows(name, false)) &&
    names(client.shardChannels).every(name => allows(name, false)) &&
    names(client.patterns).every(name => allows(name, true))
  )
}
