/* TS.CREATERULE and TS.DELETERULE -- series that are kept as aggregations of others. */

import { type Args, type Context, EVENT } from 'redstrata/module'
import { aggregatorOf } from '../aggregate/table.ts'
import { TS_ERR } from '../errors.ts'
import { addRule, Rule, removeRule, ruleTo } from '../rules.ts'
import type { Shelf } from '../shelf.ts'
import { wholeAt, wrongArity } from '../words.ts'

export function createrule(shelf: Shelf, { db, reply }: Context, args: Args): void {
  if (args.argc > 7 || !args.is(3, 'aggregation')) throw wrongArity(args)
  const sourceKey = args.key()
  const targetKey = args.key()
  const duration = wholeAt(args, 5)
  if (Number.isNaN(duration)) throw TS_ERR.badAggregation
  const aggregator = aggregatorOf(args.at(4).latin1())
  if (aggregator === undefined) throw TS_ERR.unknownAggregation
  if (duration <= 0) throw TS_ERR.bucketRange
  const align = args.argc > 6 ? wholeAt(args, 6) : 0
  if (!(align >= 0)) throw TS_ERR.badAlignTime
  if (sourceKey.latin1() === targetKey.latin1()) throw TS_ERR.sameKeys
  const source = shelf.open(db, sourceKey)
  if (source.source !== null) throw TS_ERR.sourceHasSource
  const target = shelf.open(db, targetKey)
  if (target.source !== null) throw TS_ERR.targetHasSource
  if (target.rules.length > 0) throw TS_ERR.targetHasTarget
  addRule(source, new Rule(aggregator, duration, align, target, target.key))
  db.changed(sourceKey)
  db.changed(targetKey)
  db.notify(EVENT.module, 'ts.createrule:src', sourceKey)
  db.notify(EVENT.module, 'ts.createrule:dest', targetKey)
  reply.ok()
}

export function deleterule(shelf: Shelf, { db, reply }: Context, args: Args): void {
  const sourceKey = args.key()
  const targetKey = args.key()
  const source = shelf.open(db, sourceKey)
  const target = shelf.openOrNull(db, targetKey)
  const rule = target === null ? null : ruleTo(source, target)
  if (rule === null) throw TS_ERR.noRule
  removeRule(source, rule)
  db.changed(sourceKey)
  db.changed(targetKey)
  db.notify(EVENT.module, 'ts.deleterule:src', sourceKey)
  db.notify(EVENT.module, 'ts.deleterule:dest', targetKey)
  reply.ok()
}
