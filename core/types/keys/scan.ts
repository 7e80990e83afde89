/* SCAN. */

import { matchGlob } from '../../base/glob.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { takeCursor, takeScanOptions } from '../../command/cursor.ts'

export function scan(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const options = takeScanOptions(args, takeCursor(args), 'type')
  const types = ctx.engine.keyspace.types
  let at = Math.min(options.from ?? db.keys.count, db.keys.count)
  reply.array(2)
  // Each element that is looked at lowers the cursor by one, so what it will be is known before the walk.
  reply.bulkInteger(Math.max(0, at - options.count))
  const list = reply.deferred()
  let found = 0
  for (let n = 0; n < options.count && at > 0; n++) {
    const record = db.keys.at(--at)
    db.keys.key(record, out)
    if (options.pattern !== null && !matchGlob(options.pattern, out)) continue
    const deadline = db.deadlines.of(record)
    if (deadline >= 0 && deadline <= ctx.nowMs) {
      db.find(out) // which takes it out; what comes in its place was seen before
      continue
    }
    if (options.type !== null && types[db.typeOf(record)]!.name.toLowerCase() !== options.type) continue
    reply.bulk(out)
    found++
  }
  reply.fillArray(list, found)
}
