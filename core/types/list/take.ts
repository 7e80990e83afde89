/* Taking elements from a list: what LPOP, LMOVE and LTRIM share. */

import type { Range } from '../../base/bytes.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import type { ListView } from './value.ts'

/** After `count` elements were taken from a list: tell it, and let an empty one go. */
export function afterTaking(ctx: Context, key: Range, value: ListView, event: string, count: number): void {
  const { db } = ctx
  db.notify(EVENT.list, event, key)
  if (value.length === 0) {
    db.remove(value.record)
    db.notify(EVENT.generic, 'del', key)
  }
  db.changed(key, count)
}

/** Reply with the elements that are popped, in the order in which they leave, and drop them. */
export function replyAndDrop(ctx: Context, value: ListView, count: number, front: boolean): number {
  const { reply, out } = ctx
  const length = value.length
  const taken = Math.min(count, length)
  reply.array(taken)
  if (front) value.reply(0, taken - 1, reply)
  else
    for (let i = length - 1; i >= length - taken; i--) {
      value.at(i, out)
      reply.bulk(out)
    }
  value.drop(taken, front)
  return taken
}
