/* Generic commands: keys whatever they hold. */

import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'

export const commands: readonly Command[] = [
  cmd('DEL key [key ...]', 'write ~request_policy:multi_shard ~response_policy:agg_sum', 'RM delete', del),
  cmd('EXISTS key [key ...]', 'read fast ~request_policy:multi_shard ~response_policy:agg_sum', 'RO', exists),
  cmd('DBSIZE', 'read fast ~request_policy:all_shards ~response_policy:agg_sum', '', dbsize),
  cmd('FLUSHALL [<ASYNC|SYNC>]', 'write ~request_policy:all_shards ~response_policy:all_succeeded', '', flushall),
]

function del({ db, reply }: Context, args: Args): void {
  let removed = 0
  while (args.left > 0) {
    const key = args.key()
    if (!db.delete(key)) continue
    removed++
    db.changed(key)
    db.notify(EVENT.generic, 'del', key)
  }
  reply.integer(removed)
}

function exists({ db, reply }: Context, args: Args): void {
  let found = 0
  while (args.left > 0) if (db.lookup(args.key()) !== 0) found++
  reply.integer(found)
}

function dbsize({ db, reply }: Context): void {
  reply.integer(db.size)
}

function flushall({ engine, reply, client }: Context): void {
  for (const db of engine.keyspace.databases) engine.keyspace.flush(db.number)
  client.db = engine.keyspace.databases[client.db.number]!
  reply.ok()
}
