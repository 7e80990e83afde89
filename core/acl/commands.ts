/* ACL -- users and what they may do. */

import { replyError, subcommandSyntax } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import { Authenticator } from '../command/authenticator.ts'
import { numberParameter, textParameter, wordParameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { InfoRegistry } from '../command/info.ts'
import { type Command, sub } from '../command/spec.ts'
import type { Reply } from '../resp/reply.ts'
import { Acl } from './acl.ts'
import { type AclFiles, applyAll, readUsers, writeUsers } from './file.ts'
import type { LogEntry } from './log.ts'
import { DENIED, type Selector } from './selector.ts'
import { ACL_ERR, ACL_HELP } from './texts.ts'
import { joinSelectors, User } from './user.ts'

const BASE = 'noscript loading stale'
const ADMIN = `admin ${BASE}`
const EVERYWHERE = '~request_policy:all_nodes ~response_policy:all_succeeded'

export const commands: readonly Command[] = [
  sub('ACL CAT [category]', BASE, '', cat),
  sub('ACL DELUSER username [username ...]', `${ADMIN} ${EVERYWHERE}`, '', deluser),
  sub('ACL DRYRUN username command [arg [arg ...]]', ADMIN, '', dryrun),
  sub('ACL GENPASS [bits]', BASE, '', genpass),
  sub('ACL GETUSER username', ADMIN, '', getuser),
  sub('ACL HELP', 'loading stale', '', help),
  sub('ACL LIST', ADMIN, '', list),
  sub('ACL LOAD', ADMIN, '', load),
  sub('ACL LOG [<count|RESET>]', ADMIN, '', log),
  sub('ACL SAVE', `${ADMIN} ${EVERYWHERE}`, '', save),
  sub('ACL SETUSER username [rule [rule ...]]', `${ADMIN} ${EVERYWHERE}`, '', setuser),
  sub('ACL USERS', ADMIN, '', users),
  sub('ACL WHOAMI', BASE, '', whoami),
]

/** The file of users, when the configuration names one. */
class UserFile {
  path = ''
  readonly files: AclFiles

  constructor(files: AclFiles) {
    this.files = files
  }
}

/** Set up the users: the default one, those of the configuration, those of a file. */
export function installAcl(engine: Engine, files: AclFiles): void {
  const acl = new Acl(engine)
  engine.provide(Acl, acl)
  engine.provide(Authenticator, acl)
  const file = engine.provide(UserFile, new UserFile(files))
  let requirepass = ''
  engine.config.add([
    textParameter('aclfile', file, 'path', { immutable: true }),
    numberParameter('acllog-max-len', acl.log, 'lengthMax'),
    wordParameter('acl-pubsub-default', acl.defaults, 'channels', ['allchannels', 'resetchannels']),
    {
      name: 'requirepass',
      get: () => requirepass,
      set(text) {
        requirepass = text
        const rule = text === '' ? 'nopass' : `>${Buffer.from(text).toString('latin1')}`
        acl.change('default', ['resetpass', rule])
        return null
      },
    },
  ])
  const lines: string[][] = []
  engine.config.directives.set('user', words => {
    if (words.length === 0) return 'a user wants a name'
    lines.push(words.map(word => Buffer.from(word).toString('latin1')))
    return null
  })
  engine.config.rewrites.set('user', () =>
    file.path !== ''
      ? []
      : writeUsers(acl)
          .split('\n')
          .filter(line => line !== ''),
  )
  const { counts } = acl.log
  engine.service(InfoRegistry).extend('Stats', () => [
    ['acl_access_denied_auth', counts.auth],
    ['acl_access_denied_cmd', counts.command],
    ['acl_access_denied_key', counts.key],
    ['acl_access_denied_channel', counts.channel],
  ])
  // Rules may name the commands of modules, so they are read when those are there.
  engine.onPrepare.push(() => loadAtStart(acl, file, lines))
}

function loadAtStart(acl: Acl, file: UserFile, lines: readonly string[][]): void {
  if (lines.length > 0 && file.path !== '')
    throw new Error('users are defined both in the configuration and in the aclfile: use one of them')
  for (const [name, ...rules] of lines) {
    const known = acl.users.get(name!)
    const user = known ?? new User(name!, acl.names, acl.defaults)
    // The default user is there already; a line about it says all that it may do.
    const fault = applyAll(user, known === undefined ? rules : ['reset', ...rules])
    if (fault !== null) throw new Error(`user ${name}: ${fault}`)
    acl.users.set(name!, user)
  }
  if (file.path === '') return
  const found = readUsers(acl, file.files.readText(file.path), file.path)
  if (typeof found === 'string') throw new Error(found)
  acl.replace(found)
}

/** Text whose characters are bytes. */
function bytes(reply: Reply, text: string): void {
  const buffer = Buffer.from(text, 'latin1')
  reply.bytes(buffer, 0, buffer.length)
}

function whoami({ client, reply }: Context): void {
  bytes(reply, client.user)
}

function users({ engine, reply }: Context): void {
  const { sorted } = engine.service(Acl)
  reply.array(sorted.length)
  for (const user of sorted) bytes(reply, user.name)
}

function list({ engine, reply }: Context): void {
  const { sorted } = engine.service(Acl)
  reply.array(sorted.length)
  for (const user of sorted) bytes(reply, `user ${user.name} ${user.text}`)
}

function setuser({ engine, reply }: Context, args: Args): void {
  const name = args.bytes().latin1()
  if (/[\s\0]/.test(name)) throw ACL_ERR.badName
  const words: string[] = []
  while (args.left > 0) words.push(args.bytes().latin1())
  const rules = joinSelectors(words)
  if ('unmatched' in rules)
    throw replyError(`ERR Unmatched parenthesis in acl selector starting at '${rules.unmatched}'.`)
  const failed = engine.service(Acl).change(name, rules)
  if (failed !== null) throw replyError(`ERR Error in ACL SETUSER modifier '${failed.rule}': ${failed.fault}`)
  reply.ok()
}

function deluser({ engine, reply }: Context, args: Args): void {
  const names: string[] = []
  while (args.left > 0) names.push(args.bytes().latin1())
  if (names.includes('default')) throw ACL_ERR.defaultStays
  const acl = engine.service(Acl)
  reply.integer(names.filter(name => acl.remove(name)).length)
}

function getuser({ engine, reply }: Context, args: Args): void {
  const user = engine.service(Acl).users.get(args.bytes().latin1())
  if (user === undefined) {
    reply.null()
    return
  }
  reply.map(6)
  reply.text('flags')
  reply.set(user.flags.length)
  for (const flag of user.flags) reply.text(flag)
  reply.text('passwords')
  reply.array(user.passwords.length)
  for (const hash of user.passwords) reply.text(hash)
  replySelector(reply, user.root)
  reply.text('selectors')
  reply.array(user.selectors.length - 1)
  for (const selector of user.selectors.slice(1)) {
    reply.map(3)
    replySelector(reply, selector)
  }
}

function replySelector(reply: Reply, selector: Selector): void {
  for (const [name, text] of [
    ['commands', selector.commandsText],
    ['keys', selector.keysText],
    ['channels', selector.channelsText],
  ] as const) {
    reply.text(name)
    bytes(reply, text)
  }
}

function cat({ engine, reply }: Context, args: Args): void {
  if (args.left > 1) throw subcommandSyntax('ACL', args.at(1).latin1())
  const { names } = engine.service(Acl)
  let found: readonly string[] = names.categories
  if (args.left === 1) {
    const category = args.bytes().latin1()
    if (!found.includes(category.toLowerCase())) throw replyError(`ERR Unknown category '${category}'`)
    const entries = [...names.all()].filter(entry => entry.categories.includes(category.toLowerCase()))
    found = entries.map(entry => entry.name)
  }
  reply.array(found.length)
  for (const name of found) reply.text(name)
}

function dryrun({ engine, reply }: Context, args: Args): void {
  const name = args.bytes().latin1()
  const user = engine.service(Acl).users.get(name)
  if (user === undefined) throw replyError(`ERR User '${name}' not found`)
  const asked = args.tail(3)
  const entry = engine.resolve(asked)
  if (entry === null) throw replyError(`ERR Command '${asked.at(0).latin1()}' not found`)
  if (entry.arity > 0 ? asked.argc !== entry.arity : asked.argc < -entry.arity)
    throw replyError(`ERR wrong number of arguments for '${entry.name}' command`)
  const denial = user.denial(entry, asked)
  if (denial === null) reply.ok()
  else if (denial.why === DENIED.command)
    bytes(reply, `User ${name} has no permissions to run the '${entry.name}' command`)
  else {
    const kind = denial.why === DENIED.key ? 'key' : 'channel'
    bytes(reply, `User ${name} has no permissions to access the '${asked.at(denial.at).latin1()}' ${kind}`)
  }
}

function genpass({ engine, reply }: Context, args: Args): void {
  if (args.left > 1) throw subcommandSyntax('ACL', args.at(1).latin1())
  const bits = args.left > 0 ? args.int() : 256
  if (bits < 1 || bits > 4096) throw ACL_ERR.genpass
  const digits = Math.ceil(bits / 4)
  const secret = new Uint8Array(Math.ceil(digits / 2))
  engine.random.bytes(secret)
  reply.text(Buffer.from(secret).toString('hex').slice(0, digits))
}

function log({ engine, reply, nowMs }: Context, args: Args): void {
  const acl = engine.service(Acl)
  if (args.left > 1) throw subcommandSyntax('ACL', args.at(1).latin1())
  if (args.word('reset')) {
    acl.log.reset()
    reply.ok()
    return
  }
  const count = args.left > 0 ? Math.max(0, args.int()) : 10
  const entries = acl.log.entries.slice(0, count)
  reply.array(entries.length)
  for (const entry of entries) replyLogEntry(reply, entry, nowMs)
}

function replyLogEntry(reply: Reply, entry: LogEntry, nowMs: number): void {
  reply.map(10)
  reply.text('count')
  reply.integer(entry.count)
  for (const [name, text] of [
    ['reason', entry.reason],
    ['context', entry.context],
    ['object', entry.object],
    ['username', entry.user],
  ] as const) {
    reply.text(name)
    bytes(reply, text)
  }
  reply.text('age-seconds')
  reply.double((nowMs - entry.createdMs) / 1000)
  reply.text('client-info')
  bytes(reply, entry.client)
  for (const [name, value] of [
    ['entry-id', entry.id],
    ['timestamp-created', entry.createdMs],
    ['timestamp-last-updated', entry.updatedMs],
  ] as const) {
    reply.text(name)
    reply.integer(value)
  }
}

function load({ engine, reply }: Context): void {
  const file = engine.service(UserFile)
  if (file.path === '') throw ACL_ERR.noFile
  let text: string
  try {
    text = file.files.readText(file.path)
  } catch (error) {
    throw replyError(`ERR Error loading ACLs, opening file '${file.path}': ${(error as Error).message}`)
  }
  const acl = engine.service(Acl)
  const found = readUsers(acl, text, file.path)
  if (typeof found === 'string')
    throw replyError(
      `ERR ${found}. WARNING: ACL errors detected, no change to the previously active ACL rules was performed`,
    )
  acl.replace(found)
  reply.ok()
}

function save({ engine, reply }: Context): void {
  const file = engine.service(UserFile)
  if (file.path === '') throw ACL_ERR.noFile
  try {
    file.files.writeText(file.path, writeUsers(engine.service(Acl)))
  } catch {
    throw replyError(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    )
  }
  reply.ok()
}

function help({ reply }: Context): void {
  reply.statuses(ACL_HELP)
}
