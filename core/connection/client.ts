/* CLIENT -- the connections, seen and told apart. */

import { ERR, ReplyError, replyError, subcommandSyntax } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import { Authenticator } from '../command/authenticator.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import { type Command, sub } from '../command/spec.ts'
import { CLIENT_HELP } from './help.ts'
import { checkName, isPlain } from './name.ts'
import { Pause } from './pause.ts'
import { trackingCommands } from './tracking-commands.ts'
import { describeClient, typeOf } from './describe.ts'

const BASE = 'noscript loading stale'
const ADMIN = `admin ${BASE}`
const EVERYWHERE = '~request_policy:all_nodes ~response_policy:all_succeeded'
export const clientCommands: readonly Command[] = [
  sub('CLIENT GETNAME', BASE, '', getname),
  sub('CLIENT HELP', 'loading stale', '', help),
  sub('CLIENT ID', BASE, '', id),
  sub('CLIENT INFO', `${BASE} ~nondeterministic_output`, '', info),
  sub('CLIENT KILL <ip:port|filter value [filter value ...]>', ADMIN, '', kill),
  sub(
    'CLIENT LIST [TYPE <NORMAL|MASTER|REPLICA|PUBSUB>] [ID client-id [client-id ...]]',
    `${ADMIN} ~nondeterministic_output`,
    '',
    list,
  ),
  sub('CLIENT NO-EVICT <ON|OFF>', ADMIN, '', noEvict),
  sub('CLIENT NO-TOUCH <ON|OFF>', BASE, '', noTouch),
  sub('CLIENT PAUSE timeout [<WRITE|ALL>]', ADMIN, '', pause),
  sub('CLIENT REPLY <ON|OFF|SKIP>', BASE, '', replyMode),
  sub('CLIENT SETINFO <LIB-NAME libname|LIB-VER libver>', `${BASE} ${EVERYWHERE}`, '', setinfo),
  sub('CLIENT SETNAME connection-name', `${BASE} ${EVERYWHERE}`, '', setname),
  ...trackingCommands,
  sub('CLIENT UNBLOCK client-id [<TIMEOUT|ERROR>]', ADMIN, '', unblock),
  sub('CLIENT UNPAUSE', ADMIN, '', unpause),
]

const PAUSE_RANGE = new ReplyError('ERR timeout is not an integer or out of range')
const PAUSE_MODE = new ReplyError('ERR CLIENT PAUSE mode must be WRITE or ALL')
const BAD_ID = new ReplyError('ERR Invalid client ID')
const ID_POSITIVE = new ReplyError('ERR client-id should be greater than 0')
const MAXAGE_INVALID = new ReplyError('ERR maxage is not an integer or out of range')
const NO_CLIENT = new ReplyError('ERR No such client')
const UNBLOCKED = new ReplyError('UNBLOCKED client unblocked via CLIENT UNBLOCK')

function id({ client, reply }: Context): void {
  reply.integer(client.id)
}

function getname({ client, reply }: Context): void {
  if (client.name === '') reply.null()
  else reply.text(client.name)
}

function setname({ client, reply }: Context, args: Args): void {
  const name = args.bytes().latin1()
  checkName(name)
  client.name = name
  reply.ok()
}

function setinfo({ client, reply }: Context, args: Args): void {
  const option = args.bytes().latin1()
  const value = args.bytes().latin1()
  const isName = option.toLowerCase() === 'lib-name'
  if (!isName && option.toLowerCase() !== 'lib-ver') throw replyError(`ERR Unrecognized option '${option}'`)
  if (!isPlain(value)) throw replyError(`ERR ${option} cannot contain spaces, newlines or special characters.`)
  if (isName) client.libraryName = value
  else client.libraryVersion = value
  reply.ok()
}

function info({ client, engine, reply }: Context): void {
  reply.verbatim('txt', `${describeClient(engine, client)}\n`)
}

const TYPES = new Set(['normal', 'master', 'replica', 'slave', 'pubsub'])

function takeType(args: Args): string {
  const word = args.bytes().latin1()
  const type = word.toLowerCase()
  if (!TYPES.has(type)) throw replyError(`ERR Unknown client type '${word}'`)
  return type === 'slave' ? 'replica' : type
}

function list({ engine, reply }: Context, args: Args): void {
  let chosen = [...engine.clients.values()]
  if (args.left > 1 && args.word('type')) {
    const type = takeType(args)
    args.end()
    chosen = chosen.filter(client => typeOf(client) === type)
  } else if (args.left > 1 && args.word('id')) {
    const wanted: (Client | undefined)[] = []
    while (args.left > 0) wanted.push(engine.clients.get(args.int(BAD_ID)))
    chosen = wanted.filter(client => client !== undefined)
  } else args.end()
  reply.verbatim('txt', chosen.map(client => `${describeClient(engine, client)}\n`).join(''))
}

function onOff(args: Args): boolean {
  if (args.word('on')) return true
  if (args.word('off')) return false
  throw ERR.syntax
}

function noEvict({ client, reply }: Context, args: Args): void {
  client.noEvict = onOff(args)
  reply.ok()
}

function noTouch({ client, reply }: Context, args: Args): void {
  client.gate(CLIENT_GATE.noTouch, onOff(args))
  reply.ok()
}

function replyMode({ client, reply }: Context, args: Args): void {
  if (args.word('on')) {
    client.replies = 'on'
    reply.ok()
  } else if (args.word('off')) client.replies = 'off'
  else if (args.word('skip')) {
    if (client.replies !== 'off') client.replies = 'skip'
  } else throw ERR.syntax
}

function pause({ engine, reply }: Context, args: Args): void {
  if (args.left > 2) throw subcommandSyntax('CLIENT', args.at(1).latin1())
  const ms = args.int(PAUSE_RANGE)
  let onlyWrites = false
  if (args.left > 0) {
    if (args.word('write')) onlyWrites = true
    else if (!args.word('all')) throw PAUSE_MODE
  }
  args.end()
  if (ms < 0) throw ERR.timeoutNegative
  engine.service(Pause).begin(ms, onlyWrites)
  reply.ok()
}

function unpause({ engine, reply }: Context): void {
  engine.service(Pause).end()
  reply.ok()
}

function unblock({ engine, reply }: Context, args: Args): void {
  const target = engine.clients.get(args.int())
  let withError = false
  if (args.left > 0) {
    if (args.word('error')) withError = true
    else if (!args.word('timeout')) throw replyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  }
  const suspended = target?.suspended ?? null
  if (suspended === null || (suspended.wait === null && suspended.onTimeout === null)) {
    reply.integer(0)
    return
  }
  engine.unblock(suspended, withError ? UNBLOCKED : null)
  reply.integer(1)
}

// ------------------------------------------------------------------ KILL

interface KillFilter {
  id: number | null
  type: string | null
  user: string | null
  address: string | null
  localAddress: string | null
  maxAge: number | null
  skipMe: boolean
}

function takeFilter({ engine }: Context, args: Args): KillFilter {
  const found: KillFilter = {
    id: null,
    type: null,
    user: null,
    address: null,
    localAddress: null,
    maxAge: null,
    skipMe: true,
  }
  while (args.left > 0) {
    if (args.left < 2) throw ERR.syntax
    if (args.word('id')) {
      found.id = args.int(ID_POSITIVE)
      if (found.id < 1) throw ID_POSITIVE
    } else if (args.word('type')) found.type = takeType(args)
    else if (args.word('user')) {
      found.user = args.bytes().latin1()
      if (!engine.service(Authenticator).exists(found.user)) throw replyError(`ERR No such user '${found.user}'`)
    } else if (args.word('addr')) found.address = args.text()
    else if (args.word('laddr')) found.localAddress = args.text()
    else if (args.word('maxage')) {
      found.maxAge = args.int(MAXAGE_INVALID)
      if (found.maxAge < 1) throw ReplyErrorOfAge
    } else if (args.word('skipme')) {
      if (args.word('yes')) found.skipMe = true
      else if (args.word('no')) found.skipMe = false
      else throw ERR.syntax
    } else throw ERR.syntax
  }
  return found
}

const ReplyErrorOfAge = new ReplyError('ERR maxage should be greater than 0')

function kill(ctx: Context, args: Args): void {
  const { client, engine, reply } = ctx
  if (args.left === 1) {
    const address = args.text()
    const target = [...engine.clients.values()].find(other => other.connection?.address === address)
    if (target === undefined) throw NO_CLIENT
    killClient(target, client)
    reply.ok()
    return
  }
  const filter = takeFilter(ctx, args)
  let killed = 0
  for (const other of [...engine.clients.values()]) {
    if (filter.skipMe && other === client) continue
    if (!matches(other, filter, ctx.nowMs)) continue
    killClient(other, client)
    killed++
  }
  reply.integer(killed)
}

function matches(client: Client, filter: KillFilter, nowMs: number): boolean {
  if (filter.id !== null && client.id !== filter.id) return false
  if (filter.type !== null && typeOf(client) !== filter.type) return false
  if (filter.user !== null && client.user !== filter.user) return false
  if (filter.address !== null && client.connection?.address !== filter.address) return false
  if (filter.localAddress !== null && client.connection?.localAddress !== filter.localAddress) return false
  return filter.maxAge === null || nowMs - client.createdMs >= filter.maxAge * 1000
}

/** The one who kills itself hears of it first. */
function killClient(target: Client, self: Client): void {
  if (target === self) target.connection?.closeAfterReply()
  else target.connection?.destroy()
}

function help({ reply }: Context): void {
  reply.statuses(CLIENT_HELP)
}
