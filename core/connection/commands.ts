/* Connection commands: the table, and those of the connection itself. CLIENT has a file of its own. */

import { ERR, ReplyError, replyError } from '../base/errors.ts'
import { parseInteger } from '../base/numbers.ts'
import { type Args, takeDatabase } from '../command/args.ts'
import { Authenticator } from '../command/authenticator.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { wrongArity } from '../command/gates.ts'
import { cmd, type Command } from '../command/spec.ts'
import { clientCommands } from './client.ts'
import { describeClient } from './describe.ts'
import { checkName } from './name.ts'
import { installClientEviction } from './evict.ts'
import { installPause } from './pause.ts'
import { installTracking } from './tracking-commands.ts'

const LOGIN = 'noscript loading stale fast no_auth allow_busy'

export const commands: readonly Command[] = [
  cmd('AUTH [username] password', LOGIN, '', auth),
  ...clientCommands,
  cmd('ECHO message', 'loading stale fast', '', echo),
  cmd('HELLO [protover [AUTH username password] [SETNAME clientname]]', LOGIN, '', hello),
  cmd('PING [message]', 'fast ~request_policy:all_shards ~response_policy:all_succeeded', '', ping),
  cmd('QUIT [ignored ...]', LOGIN, '', quit),
  cmd('RESET', LOGIN, '', reset),
  cmd('SELECT index', 'loading stale fast', '', select),
]

const DB_RANGE = new ReplyError('ERR DB index is out of range')
const NO_PASSWORD = new ReplyError(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
)
const WRONG_PASSWORD = new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
const NO_PROTOCOL = new ReplyError('NOPROTO unsupported protocol version')
const PROTOCOL_RANGE = new ReplyError('ERR Protocol version is not an integer or out of range')
const HELLO_NOAUTH = new ReplyError(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
)

export function installConnection(engine: Engine): void {
  engine.describeClient = client => describeClient(engine, client)
  engine.onClientNew.push(client => engine.service(Authenticator).reset(client))
  installClientEviction(engine)
  installPause(engine)
  installTracking(engine)
}

function ping(ctx: Context, args: Args): void {
  if (args.argc > 2) throw wrongArity(ctx.entry)
  const { client, reply } = ctx
  if (client.gates & CLIENT_GATE.subscribed && reply.protocol === 2) {
    reply.array(2)
    reply.text('pong')
    if (args.left > 0) reply.bulk(args.bytes())
    else reply.text('')
  } else if (args.left > 0) reply.bulk(args.bytes())
  else reply.status('PONG')
}

function echo({ reply }: Context, args: Args): void {
  reply.bulk(args.bytes())
}

function select(ctx: Context, args: Args): void {
  const db = ctx.engine.keyspace.databases[takeDatabase(args)]
  if (db === undefined) throw DB_RANGE
  ctx.client.db = db
  ctx.reply.ok()
}

function quit({ client, reply }: Context): void {
  reply.ok()
  client.connection?.closeAfterReply()
}

function auth({ client, engine, reply }: Context, args: Args): void {
  if (args.argc > 3) throw ERR.syntax
  const authenticator = engine.service(Authenticator)
  const hasName = args.argc === 3
  const user = hasName ? args.bytes().latin1() : 'default'
  const password = args.bytes().latin1()
  if (!hasName && authenticator.defaultIsOpen) throw NO_PASSWORD
  if (!authenticator.login(client, user, password, args.at(0).latin1())) throw WRONG_PASSWORD
  reply.ok()
}

function reset({ client, engine, reply }: Context): void {
  for (const hook of engine.onReset) hook(client)
  client.gate(CLIENT_GATE.multi, false)
  client.transaction = null
  client.db = engine.keyspace.databases[0]!
  client.name = ''
  client.replies = 'on'
  client.noEvict = false
  client.gate(CLIENT_GATE.noTouch, false)
  client.reply.protocol = 2
  engine.service(Authenticator).reset(client)
  reply.status('RESET')
}

// ------------------------------------------------------------------ HELLO

interface Greeting {
  protocol: 2 | 3 | null
  login: { user: string; password: string } | null
  name: string | null
}

function takeGreeting(args: Args): Greeting {
  const found: Greeting = { protocol: null, login: null, name: null }
  if (args.left === 0) return found
  const version = args.bytes()
  const number = parseInteger(version.buf, version.start, version.end)
  if (Number.isNaN(number)) throw PROTOCOL_RANGE
  if (number !== 2 && number !== 3) throw NO_PROTOCOL
  found.protocol = number
  while (args.left > 0) {
    if (args.left > 2 && args.word('auth'))
      found.login = { user: args.bytes().latin1(), password: args.bytes().latin1() }
    else if (args.left > 1 && args.word('setname')) {
      found.name = args.bytes().latin1()
      checkName(found.name)
    } else throw replyError(`ERR Syntax error in HELLO option '${args.bytes().latin1()}'`)
  }
  return found
}

function hello(ctx: Context, args: Args): void {
  const { client, engine, reply } = ctx
  const greeting = takeGreeting(args)
  if (greeting.login !== null) {
    const { user, password } = greeting.login
    if (!engine.service(Authenticator).login(client, user, password, args.at(0).latin1())) throw WRONG_PASSWORD
  }
  if (client.gates & CLIENT_GATE.unauthenticated) throw HELLO_NOAUTH
  if (greeting.name !== null) client.name = greeting.name
  if (greeting.protocol !== null) reply.protocol = greeting.protocol
  reply.map(7)
  for (const [name, value] of describe(client)) {
    reply.text(name)
    if (typeof value === 'number') reply.integer(value)
    else reply.text(value)
  }
  reply.text('modules')
  engine.replyModules(reply)
}

function describe(client: Client): readonly (readonly [string, string | number])[] {
  return [
    ['server', 'redis'],
    ['version', '7.4.1'],
    ['proto', client.reply.protocol],
    ['id', client.id],
    ['mode', 'standalone'],
    ['role', 'master'],
  ]
}
