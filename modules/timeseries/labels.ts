/* Labels -- which series carry a label?
 *
 * An inverted index: for each label, for each value, the series that have it, in the order of their keys.
 *
 *      site ── rome ── [ s1 s3 s9 ]
 *           └─ oslo ── [ s2 ]
 *      kind ── temp ── [ s1 s2 s9 ]            site=rome kind=temp   ->   begin with the shorter list, s1 and s9 stay
 *
 * A query begins with the shortest list that its filters allow and asks each series of it for the rest; a series has few
 * labels, so asking is cheap. Hence the cost follows the shortest list and not the number of series.
 *
 * A series knows its place in each of its lists, so one that goes leaves a gap there, and the others stay in order:
 *
 *      [ s1 s3 -- s9 -- -- s12 ]        gaps are closed a few places at a time, once half of a list are gaps
 *
 * New ones go to the end, and a list is sorted when it is next read, if it has to be; a sorted list with a few strangers at
 * its end is sorted in linear time.
 *
 *   add, remove O(labels)    query O(shortest list * filters), once O(n) after new ones    values O(values of the label)
 *
 * Names and values are kept once: the series share the index's own strings, so that comparing them is mostly comparing
 * addresses. One index serves one database's content (see Shelf in shelf.ts). Labels and keys are text with a byte a
 * character, so comparing them compares bytes. */

import type { LabelFilter } from './filter.ts'
import type { Series } from './series.ts'

/** Places that are looked at for each series that goes, while gaps are closed. */
const SWEPT_AT_ONCE = 32
/** A series with more labels than this keeps a table of where each list stands among them. */
const FEW_LABELS = 32
/** More values than this are looked up in a set, and more filters are looked through for such as say the same. */
const FEW_VALUES = 8
const FEW_FILTERS = 8

/** Whether a series counts, for one reason or another. */
export type SeriesTest = (series: Series) => boolean

/** The series that have one value of one label. */
class Posting {
  readonly label: Label
  readonly value: string
  /** How many series there are, and those with gaps between. */
  size = 1
  readonly #list: (Series | null)[]
  #isSorted = true
  /** While gaps are closed: places below the first hold series that have moved, those from there to the second are gaps. */
  #packed = 0
  #swept = 0

  /** Made for its first series, which may stay the only one: an array that is pushed to makes room for seventeen. */
  constructor(label: Label, value: string, first: Series) {
    this.label = label
    this.value = value
    this.#list = [first]
  }

  /** Take another series in. Returns its place. */
  add(series: Series): number {
    const list = this.#list
    const last = list[list.length - 1]
    if (last === null || (last !== undefined && last.key >= series.key)) this.#isSorted = false
    this.size++
    return list.push(series) - 1
  }

  /** Whether a series was the last to be taken in. */
  endsWith(series: Series): boolean {
    return this.#list[this.#list.length - 1] === series
  }

  /** Leave a gap. */
  drop(place: number): void {
    const list = this.#list
    list[place] = null
    this.size--
    if (this.#swept > 0 || this.size * 2 < list.length) this.#sweep(SWEPT_AT_ONCE)
  }

  /** All series in the order of their keys, and gaps. */
  sorted(): readonly (Series | null)[] {
    if (!this.#isSorted) {
      // A sweep that is under way may have left gaps behind it.
      if (this.#swept > 0) this.#sweep(Number.POSITIVE_INFINITY)
      if (this.size < this.#list.length) this.#sweep(Number.POSITIVE_INFINITY)
      const list = this.#list as Series[]
      list.sort(byKey)
      for (let i = 0; i < list.length; i++) this.#tell(list[i]!, i)
      this.#isSorted = true
    }
    return this.#list
  }

  /** Whether one of the series passes. */
  has(test: SeriesTest): boolean {
    return this.#list.some(series => series !== null && test(series))
  }

  /** Close gaps, up to so many places further. */
  #sweep(most: number): void {
    const list = this.#list
    const until = Math.min(list.length, this.#swept + most)
    for (let i = this.#swept; i < until; i++) {
      const series = list[i]!
      if (series === null) continue
      if (i !== this.#packed) {
        list[this.#packed] = series
        list[i] = null
        this.#tell(series, this.#packed)
      }
      this.#packed++
    }
    this.#swept = until
    if (until < list.length) return
    list.length = this.#packed
    this.#packed = this.#swept = 0
  }

  /** Have a series know its place. */
  #tell(series: Series, place: number): void {
    const { labels, places, lists } = series
    if (lists !== null) {
      places[lists.get(this)!] = place
      return
    }
    for (let i = 0; i < labels.length; i += 2)
      if (labels[i + 1] === this.value && labels[i] === this.label.name) {
        places[i >>> 1] = place
        return
      }
  }
}

/** A label and its values. */
class Label {
  readonly name: string
  readonly values = new Map<string, Posting>()

  constructor(name: string) {
    this.name = name
  }
}

export class LabelIndex {
  readonly #labels = new Map<string, Label>()
  /** How many series there are, those without labels among them. */
  size = 0

  /** A series came to be, or got its labels or its key. */
  add(series: Series): void {
    series.index = this
    this.size++
    const { labels } = series
    if (labels.length === 0) return
    // Arrays of just the right length: there can be a hundred thousand of them.
    const own = labels.slice()
    const places = new Array<number>(labels.length >>> 1)
    const lists = places.length > FEW_LABELS ? new Map<object, number>() : null
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!
      const value = labels[i + 1]!
      let label = this.#labels.get(name)
      if (label === undefined) this.#labels.set(name, (label = new Label(name)))
      let posting = label.values.get(value)
      let place = 0
      if (posting === undefined) label.values.set(value, (posting = new Posting(label, value, series)))
      else place = posting.endsWith(series) ? NO_PLACE : posting.add(series)
      places[i >>> 1] = place
      if (lists !== null && place !== NO_PLACE) lists.set(posting, i >>> 1)
      own[i] = label.name
      own[i + 1] = posting.value
    }
    series.labels = own
    series.places = places
    series.lists = lists
  }

  /** A series goes, or is about to change its labels or its key. */
  remove(series: Series): void {
    series.index = null
    this.size--
    const { labels, places } = series
    for (let i = 0; i < labels.length; i += 2) {
      const place = places[i >>> 1]!
      if (place === NO_PLACE) continue
      const label = this.#labels.get(labels[i]!)!
      const posting = label.values.get(labels[i + 1]!)!
      if (posting.size > 1) posting.drop(place)
      else label.values.delete(posting.value)
      if (label.values.size === 0) this.#labels.delete(label.name)
    }
  }

  /** The series that all filters let through, in the order of their keys. One filter at least names values. */
  query(asked: readonly LabelFilter[]): Series[] {
    const filters: OwnFilter[] = []
    let best: OwnFilter | null = null
    let bestSize = Number.POSITIVE_INFINITY
    for (const one of asked.length > FEW_FILTERS ? fewer(asked) : asked) {
      const filter = this.#inOwnWords(one)
      filters.push(filter)
      if (filter.kind !== 'in') continue
      const size = this.#sizeOf(filter)
      if (size >= bestSize) continue
      best = filter
      bestSize = size
    }
    const found: Series[] = []
    if (best === null) return found
    const candidates = this.#candidates(best)
    // Whoever stands in its lists passes the best one.
    const others: OwnFilter[] = []
    for (const filter of filters) if (filter !== best) others.push(filter)
    for (let i = 0; i < candidates.length; i++) {
      const series = candidates[i]!
      if (series !== null && series !== found[found.length - 1] && passes(series, others)) found.push(series)
    }
    return found
  }

  /** Names of all labels of series that may be told. */
  names(isTold: SeriesTest | null): string[] {
    const names: string[] = []
    for (const { name, values } of this.#labels.values())
      if (isTold === null || [...values.values()].some(posting => posting.has(isTold))) names.push(name)
    return names
  }

  /** All values of a label of series that may be told. */
  values(name: string, isTold: SeriesTest | null): string[] {
    const values: string[] = []
    for (const posting of this.#labels.get(name)?.values.values() ?? [])
      if (isTold === null || posting.has(isTold)) values.push(posting.value)
    return values
  }

  /** The string by which the series know a label, or the name itself when none has it. */
  ownName(name: string): string {
    return this.#labels.get(name)?.name ?? name
  }

  /** A filter with the strings that the series have. */
  #inOwnWords({ label, kind, values }: LabelFilter): OwnFilter {
    const own = this.#labels.get(label)
    const ownValues: string[] = []
    for (const value of values) ownValues.push(own?.values.get(value)?.value ?? value)
    const set = values.length > FEW_VALUES ? new Set(ownValues) : null
    return { label: own?.name ?? label, kind, values: ownValues, set }
  }

  #sizeOf(filter: LabelFilter): number {
    const values = this.#labels.get(filter.label)?.values
    let size = 0
    for (const value of filter.values) size += values?.get(value)?.size ?? 0
    return size
  }

  /** The lists of a filter's values as one, in order, with gaps; a series can stand in it more than once, side by side. */
  #candidates(filter: LabelFilter): readonly (Series | null)[] {
    const values = this.#labels.get(filter.label)?.values
    const lists: (readonly (Series | null)[])[] = []
    for (const value of filter.values) {
      const posting = values?.get(value)
      if (posting !== undefined) lists.push(posting.sorted())
    }
    if (lists.length === 1) return lists[0]!
    const all: Series[] = []
    for (const list of lists) for (const series of list) if (series !== null) all.push(series)
    return all.sort(byKey)
  }
}

/** The place of a label that is given a second time with one value. */
const NO_PLACE = -1

/** A filter that is ready to be asked of many series. */
interface OwnFilter extends LabelFilter {
  /** The values, when they are many. */
  readonly set: ReadonlySet<string> | null
}

/** The same filters, less those that say what another says, and exclusions by one label put together. */
function fewer(filters: readonly LabelFilter[]): LabelFilter[] {
  const left = new Map<string, LabelFilter>()
  const excluded = new Map<string, string[]>()
  for (const filter of filters) {
    if (filter.kind !== 'notIn') {
      left.set(JSON.stringify(filter), filter)
      continue
    }
    const values = excluded.get(filter.label)
    if (values === undefined) excluded.set(filter.label, [...filter.values])
    else for (const value of filter.values) values.push(value)
  }
  for (const [label, values] of excluded) left.set(`not ${label}`, { label, kind: 'notIn', values })
  return [...left.values()]
}

/** The first value of a label of a series, or null. */
export function labelOf(series: Series, name: string): string | null {
  const { labels } = series
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!
  return null
}

function passes(series: Series, filters: readonly OwnFilter[]): boolean {
  for (const filter of filters) {
    const { labels } = series
    const { values, set } = filter
    let found = false
    const byName = filter.kind === 'has' || filter.kind === 'hasNot'
    for (let i = 0; i < labels.length && !found; i += 2)
      found =
        labels[i] === filter.label &&
        (byName || (set === null ? values.includes(labels[i + 1]!) : set.has(labels[i + 1]!)))
    if (found !== (filter.kind === 'in' || filter.kind === 'has')) return false
  }
  return true
}

function byKey(a: Series, b: Series): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
