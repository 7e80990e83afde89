/* Gates -- what may keep a command from running, in order.
 *
 * This file is the documentation of precedence. The dispatcher has already found the command and checked its arity (so
 * that `GET` without arguments says so even before AUTH); what follows is asked from top to bottom, and the first refusal wins:
 *
 *      protected       DEBUG and MODULE while they are switched off
 *      authentication  the client has to AUTH first
 *      transaction     commands that are forbidden between MULTI and EXEC
 *      access          ACL rules of the client's user
 *      memory          over maxmemory, and nothing more to evict
 *      disk            writes while the last save or append failed
 *      replicas        writes while too few replicas are connected; writes on a read-only replica
 *      subscriber      a RESP2 connection that has subscribed
 *      stale           a replica that lost its master
 *      loading         the data set is being read
 *      busy            a script or a module has been running for too long
 *
 * Then a client inside MULTI queues, and a paused server holds the client back. A gate that is not armed costs nothing:
 * one test of a few bits skips them all. Features arm gates and give the checks; see Engine.checks. */

import { ERR, ReplyError, replyError } from '../base/errors.ts'
import type { Range } from '../base/bytes.ts'
import type { Args } from './args.ts'
import { CLIENT_GATE, type Client } from './client.ts'
import type { Engine } from './engine.ts'
import { FLAG } from './spec.ts'
import type { Entry } from './table.ts'

/** Bits of Engine.gates. */
export const ENGINE_GATE = {
  memory: 1 << 9,
  disk: 1 << 10,
  replicas: 1 << 11,
  stale: 1 << 12,
  loading: 1 << 13,
  busy: 1 << 14,
  paused: 1 << 15,
} as const

/** A feature's answer: a refusal, or null to go on. */
export type Check = (client: Client, entry: Entry, args: Args) => ReplyError | null

/** Checks that features provide, asked while their gate is armed. */
export interface Checks {
  protected: Check
  access: Check
  /** The same for a command that was queued while it was still allowed. */
  accessQueued: Check
  /** Whether access rules allow a command, told to nobody. */
  allows: (client: Client, entry: Entry, args: Args) => boolean
  /** Whether they allow a command any key at all. */
  allowsAnyKey: (client: Client, entry: Entry, args: Args) => boolean
  /** Whether a client may do to a key what the flags of a key's specification say; for keys that no argument names. */
  allowsKey: (client: Client, key: Range, flags: readonly string[]) => boolean
  /** Whether what a command runs, a script or a function, may write. */
  mayWrite: (entry: Entry, args: Args) => boolean
  memory: Check
  /** After `memory`, which may have evicted keys: who has copies hears of it before the command is answered. */
  madeRoom: () => void
  disk: Check
  replicas: Check
  stale: Check
  busy: Check
}

const pass: Check = () => null

export function openChecks(): Checks {
  const yes = (): boolean => true
  const access = { access: pass, accessQueued: pass, allows: yes, allowsAnyKey: yes, allowsKey: yes }
  const mayWrite = (): boolean => false
  const state = { memory: pass, madeRoom: () => {}, disk: pass, replicas: pass, stale: pass, busy: pass }
  return { ...access, mayWrite, protected: pass, ...state }
}

const NOAUTH = new ReplyError('NOAUTH Authentication required.')
const LOADING = new ReplyError('LOADING Redis is loading the dataset in memory')
const NOT_IN_MULTI = new ReplyError('ERR Command not allowed inside a transaction')

/** Ask the armed gates. */
export function refusal(engine: Engine, client: Client, entry: Entry, args: Args): ReplyError | null {
  const armed = engine.gates | client.gates
  const { checks } = engine
  const flags = entry.flags
  if (flags & FLAG.protected) {
    const refused = checks.protected(client, entry, args)
    if (refused !== null) return refused
  }
  if (armed & CLIENT_GATE.unauthenticated && !(flags & FLAG.no_auth)) return NOAUTH
  if (armed & CLIENT_GATE.multi && flags & FLAG.no_multi) return NOT_IN_MULTI
  if (armed & CLIENT_GATE.restricted) {
    const refused = checks.access(client, entry, args)
    if (refused !== null) return refused
  }
  return refusalOfState(engine, armed, client, entry, args)
}

function refusalOfState(engine: Engine, armed: number, client: Client, entry: Entry, args: Args): ReplyError | null {
  const { checks } = engine
  const flags = entry.flags
  let refused: ReplyError | null = null
  if (armed & ENGINE_GATE.memory) {
    refused = checks.memory(client, entry, args)
    checks.madeRoom()
  }
  if (refused === null && armed & ENGINE_GATE.disk) refused = checks.disk(client, entry, args)
  if (refused === null && armed & ENGINE_GATE.replicas) refused = checks.replicas(client, entry, args)
  if (refused !== null) return refused
  if (armed & CLIENT_GATE.subscribed && client.reply.protocol === 2 && !isAllowedToSubscriber(entry))
    return replyError(
      `ERR Can't execute '${entry.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    )
  if (armed & ENGINE_GATE.stale) refused = checks.stale(client, entry, args)
  if (refused !== null) return refused
  if (armed & ENGINE_GATE.loading && !(flags & FLAG.loading)) return LOADING
  if (armed & ENGINE_GATE.busy) return checks.busy(client, entry, args)
  return null
}

/** The gates that are asked again when EXEC runs a queued command. */
export function refusalInTransaction(engine: Engine, client: Client, entry: Entry, args: Args): ReplyError | null {
  if (client.gates & CLIENT_GATE.restricted) return engine.checks.accessQueued(client, entry, args)
  return null
}

/** A refusal of EXEC itself, which discards the transaction. */
export function execAbort(error: ReplyError): ReplyError {
  return replyError(`EXECABORT Transaction discarded because of: ${error.text.replace(/^ERR /, '')}`)
}

function isAllowedToSubscriber(entry: Entry): boolean {
  switch (entry.name) {
    case 'ping':
    case 'subscribe':
    case 'unsubscribe':
    case 'psubscribe':
    case 'punsubscribe':
    case 'ssubscribe':
    case 'sunsubscribe':
    case 'quit':
    case 'reset':
      return true
    default:
      return false
  }
}

/** Whether a client inside MULTI runs this command at once, rather than queueing it. */
export function runsInsideMulti(entry: Entry): boolean {
  switch (entry.name) {
    case 'exec':
    case 'discard':
    case 'multi':
    case 'watch':
    case 'quit':
    case 'reset':
      return true
    default:
      return false
  }
}

/** The error for a name that no command has. */
export function unknownCommand(args: Args): ReplyError {
  let shown = ''
  for (let i = 1; i < args.argc && shown.length < 128; i++) {
    const room = 128 - shown.length
    shown += `'${printable(args, i, room)}' `
  }
  return replyError(`ERR unknown command '${printable(args, 0, 128)}', with args beginning with: ${shown}`)
}

/** The error for a container's unknown subcommand. */
export function unknownSubcommand(container: Entry, args: Args): ReplyError {
  return replyError(`ERR unknown subcommand '${printable(args, 1, 128)}'. Try ${container.name.toUpperCase()} HELP.`)
}

export function wrongArity(entry: Entry): ReplyError {
  return replyError(`ERR wrong number of arguments for '${entry.name}' command`)
}

/** Bytes of an argument as a C string would show them, cut, with line ends turned into spaces. */
function printable(args: Args, i: number, limit: number): string {
  let text = args.at(i).latin1()
  const nul = text.indexOf('\0')
  if (nul >= 0) text = text.slice(0, nul)
  return text.slice(0, limit).replace(/[\r\n]/g, ' ')
}

/** What a client is told when a handler failed by our own fault. */
export const INTERNAL_ERROR = ERR.internal

/** Whether these are the words of a browser: some page makes it talk to this server, in the name of whoever looks at it. */
export function isWebRequest(args: Args): boolean {
  return args.is(0, 'post') || args.is(0, 'host:')
}
