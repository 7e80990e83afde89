/* Shelf -- the series of one server: what they share, how they are found, and what keeps rules and labels right while keys
 * come and go.
 *
 * Labels are indexed per content of a database, that is per table of keys: so FLUSHDB, which takes a new table, leaves an
 * empty index behind at once, and SWAPDB exchanges the indexes with the tables.
 *
 *      made, loaded, copied      into its table's index
 *      released                  out of it; its rules are cut; many chunks are freed in slices between turns
 *      renamed, moved            out and in again; a move cuts the rules, which end at a database's edge
 *
 * Rules hold on to series. After a load they know only names (Series.sourceKey, Rule.targetKey), because the other end may
 * come later in the file; they are tied when a command first meets either end. */

import { type Database, EVENT, type Host, Range, type ValueType } from 'redstrata/module'
import { TS_ERR } from './errors.ts'
import { LabelIndex } from './labels.ts'
import { Aggregation } from './range/query.ts'
import { Rows } from './range/rows.ts'
import { type RuleListener, unlink } from './rules.ts'
import { Series, Stock } from './series.ts'
import type { Settings } from './settings.ts'

/** A series with more chunks than this is freed in slices. */
const CHUNKS_FREED_AT_ONCE = 64

export class Shelf implements RuleListener {
  readonly host: Host
  readonly settings: Settings
  readonly stock: Stock
  /** Rows of one series, of several, and of the answer made of them. */
  readonly rows: Rows = new Rows()
  readonly parts: Rows = new Rows()
  readonly joined: Rows = new Rows()
  /** What computes buckets, of one query at a time. */
  readonly aggregation: Aggregation = new Aggregation()
  /** Runs when the first series comes to be. */
  onFirst: (() => void) | null = null
  /** The type under which the server knows series. */
  type!: ValueType<Series>
  readonly #indexes = new WeakMap<object, LabelIndex>()
  readonly #released: Series[] = []
  /** The database in which rules are at work. */
  #db!: Database

  constructor(host: Host, settings: Settings) {
    this.host = host
    this.settings = settings
    this.stock = new Stock(host.memory)
  }

  // ------------------------------------------------------------------ finding

  /** The labels of a database. */
  indexOf(db: Database): LabelIndex {
    let index = this.#indexes.get(db.keys)
    if (index === undefined) this.#indexes.set(db.keys, (index = new LabelIndex()))
    return index
  }

  /** The series of a key, for reading. @throws the refusal of a key that is missing or of another type. */
  read(db: Database, key: Range): Series {
    const series = db.read(key, this.type)
    if (series === null) throw TS_ERR.noKey
    if (!series.isLinked) this.tie(db, series)
    return series
  }

  /** The series of a key, for changing. @throws the refusal of a key that is missing or of another type. */
  open(db: Database, key: Range): Series {
    const series = db.open(key, this.type)
    if (series === null) throw TS_ERR.noKey
    if (!series.isLinked) this.tie(db, series)
    return series
  }

  /** The series of a key, for changing; null when the key is missing or of another type. */
  openOrNull(db: Database, key: Range): Series | null {
    const record = db.find(key)
    if (record === 0 || db.typeOf(record) !== this.type.id) return null
    const series = db.openFound(record, this.type)
    if (!series.isLinked) this.tie(db, series)
    return series
  }

  /** The series of a key, or null when it is missing or of another type. */
  find(db: Database, key: Range): Series | null {
    const record = db.find(key)
    return record !== 0 && db.typeOf(record) === this.type.id ? db.view(record, this.type) : null
  }

  // ------------------------------------------------------------------ coming and going

  /** A series under a record that was just made. */
  make(db: Database, record: number): Series {
    this.onFirst?.()
    this.onFirst = null
    const series = new Series(this.stock, db.keys.key(record, new Range()).latin1())
    series.home = this.indexOf(db)
    return series
  }

  /** A series is no more under its key. */
  release(series: Series): void {
    series.index?.remove(series)
    unlink(series)
    if (series.chunks.length <= CHUNKS_FREED_AT_ONCE) {
      series.free()
      return
    }
    this.#released.push(series)
    if (this.#released.length === 1) this.host.soon(() => this.#freeSome())
  }

  #freeSome(): void {
    const series = this.#released[this.#released.length - 1]!
    if (series.freeSome(CHUNKS_FREED_AT_ONCE)) this.#released.pop()
    if (this.#released.length > 0) this.host.soon(() => this.#freeSome())
  }

  /** Hear of keys that get another name or place. */
  listen(): void {
    this.host.onKey(EVENT.generic, (db, _kind, event, key) => {
      if (event !== 'rename_to' && event !== 'move_to' && event !== 'restore') return
      const series = this.find(db, key)
      if (series === null) return
      // A log of commands may hold series as payloads; their rules are as good as those in an RDB file.
      if (event === 'restore' && this.host.isLoading) return
      if (event === 'restore') this.#forgetNames(series)
      else this.#resettle(db, series, key, event === 'move_to')
    })
  }

  #resettle(db: Database, series: Series, key: Range, isMoved: boolean): void {
    if (isMoved) {
      this.#forgetNames(series)
      unlink(series)
    } else if (!series.isLinked) this.tie(db, series)
    series.index?.remove(series)
    series.key = key.latin1()
    series.home = this.indexOf(db)
    series.home.add(series)
  }

  #forgetNames(series: Series): void {
    series.isLinked = true
    series.sourceKey = ''
    if (series.rules.some(rule => rule.target === null)) series.rules = []
  }

  /** Tie the rules that a loaded series knows by name. What has no other end is dropped. */
  tie(db: Database, series: Series): void {
    series.isLinked = true
    for (const rule of series.rules) {
      if (rule.target !== null) continue
      const target = this.#named(db, rule.targetKey)
      if (target === null || target.source !== null || target.sourceKey !== series.key) continue
      rule.target = target
      target.source = series
    }
    if (series.rules.some(rule => rule.target === null))
      series.rules = series.rules.filter(rule => rule.target !== null)
    if (series.sourceKey !== '' && series.source === null) {
      const source = this.#named(db, series.sourceKey)
      const rule = source?.rules.find(one => one.target === null && one.targetKey === series.key)
      if (source !== null && rule !== undefined) {
        rule.target = series
        series.source = source
      }
    }
  }

  #named(db: Database, key: string): Series | null {
    return this.find(db, keyOf({ key }))
  }

  // ------------------------------------------------------------------ rules at work

  /** Let rules work in a database. */
  rulesIn(db: Database): RuleListener {
    this.#db = db
    return this
  }

  change(target: Series): void {
    this.host.change(this.#db, keyOf(target))
  }

  closed(target: Series): void {
    const key = keyOf(target)
    this.host.changed(this.#db, key)
    this.host.notify(this.#db, EVENT.module, 'ts.add:dest', key)
  }

  corrected(target: Series): void {
    this.host.changed(this.#db, keyOf(target))
  }
}

/** The key of a series, which is text with a byte a character, as bytes. */
export function keyOf(named: { readonly key: string }): Range {
  return Range.of(Buffer.from(named.key, 'latin1'))
}
