/* Connection commands. */

import { ReplyError, replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import { CLIENT_GATE } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { wrongArity } from '../command/gates.ts'
import { cmd, type Command } from '../command/spec.ts'

export const commands: readonly Command[] = [
  cmd('PING [message]', 'fast ~request_policy:all_shards ~response_policy:all_succeeded', '', ping),
  cmd('ECHO message', 'loading stale fast', '', echo),
  cmd('SELECT index', 'loading stale fast', '', select),
  cmd('QUIT', 'noscript loading stale fast no_auth allow_busy', '', quit),
]

const DB_RANGE = new ReplyError('ERR DB index is out of range')

export function installConnection(_engine: Engine): void {}

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
  const index = args.int(replyError('ERR invalid DB index'))
  const db = ctx.engine.keyspace.databases[index]
  if (db === undefined) throw DB_RANGE
  ctx.client.db = db
  ctx.reply.ok()
}

function quit({ client, reply }: Context): void {
  reply.ok()
  client.connection?.closeAfterReply()
}
