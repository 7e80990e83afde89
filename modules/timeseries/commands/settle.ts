/* TS.CREATE and TS.ALTER -- series and their settings. */

import { type Args, type Context, type Database, EVENT, type Range } from 'redstrata/module'
import { TS_ERR } from '../errors.ts'
import { readOptions, withDefaults } from '../options.ts'
import { policyKey } from '../policies.ts'
import { addRule, Rule } from '../rules.ts'
import type { Series, SeriesOptions } from '../series.ts'
import { keyOf, type Shelf } from '../shelf.ts'

export function create(shelf: Shelf, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const options = withDefaults(readOptions(args, 2), shelf.settings)
  if (db.find(key) !== 0) throw TS_ERR.exists
  // Whoever makes a series by hand makes its rules by hand as well: it may be the target of one.
  makeBare(shelf, db, key, options)
  db.notify(EVENT.module, 'ts.create', key)
  reply.ok()
}

/** A new series under a free key for a sample, with the rules that the configuration wants. */
export function makeSeries(shelf: Shelf, db: Database, key: Range, options: SeriesOptions): Series {
  const series = makeBare(shelf, db, key, options)
  for (const policy of shelf.settings.compactions) {
    const targetKey = policyKey(series.key, policy)
    const bytes = keyOf({ key: targetKey })
    if (db.find(bytes) !== 0) continue
    const target = makeBare(shelf, db, bytes, {
      ...options,
      retention: policy.retention,
      chunkSize: shelf.settings.chunkSize,
      compressed: shelf.settings.compressed,
      policy: 0,
      labels: [
        ...options.labels,
        'aggregation',
        policy.aggregator.name.toUpperCase(),
        'time_bucket',
        String(policy.duration),
      ],
    })
    addRule(series, new Rule(policy.aggregator, policy.duration, policy.align, target, targetKey))
  }
  return series
}

function makeBare(shelf: Shelf, db: Database, key: Range, options: SeriesOptions): Series {
  const series = db.create(key, shelf.type).configure(options)
  series.home!.add(series)
  db.changed(key)
  return series
}

export function alter(shelf: Shelf, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const given = readOptions(args, 2)
  const series = shelf.open(db, key)
  // The encoding of samples that are there does not change.
  const { compressed: _, ...options } = given
  if (options.labels !== undefined) series.index?.remove(series)
  series.configure({ ...series.options, ...options })
  if (options.labels !== undefined) series.home!.add(series)
  db.changed(key)
  db.notify(EVENT.module, 'ts.alter', key)
  reply.ok()
}
