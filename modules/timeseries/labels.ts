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
 * Nothing is taken out of a list in a hurry. A series that goes, or changes its labels, stays behind until half of a
 * list is stale, and is passed over by whoever meets it there: every answer is checked against the series itself. New
 * ones go to the end, and a list is sorted again when it is next read; a sorted list with a few strangers at its end is
 * sorted in linear time.
 *
 *   add, remove O(labels)    query O(shortest list * filters), once O(n) after a change    values O(values of the label)
 *
 * Names and values are kept once: the series share the index's own strings, so that comparing them is mostly comparing
 * addresses. One index serves one database's content (see Shelf in shelf.ts). Labels and keys are text with a byte a
 * character, so comparing them compares bytes. */

import type { LabelFilter } from './filter.ts'
import type { Series } from './series.ts'

/** The series that have one value of one label. */
class Posting {
  readonly value: string
  list: Series[] = []
  isSorted = true
  /** How many of the list have it no longer. */
  stale = 0

  constructor(value: string) {
    this.value = value
  }

  add(series: Series): void {
    const last = this.list[this.list.length - 1]
    if (last !== undefined && last.key >= series.key) this.isSorted = false
    this.list.push(series)
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
    const own: string[] = []
    for (let i = 0; i < labels.length; i += 2) {
      const [name, value] = [labels[i]!, labels[i + 1]!]
      let label = this.#labels.get(name)
      if (label === undefined) this.#labels.set(name, (label = new Label(name)))
      let posting = label.values.get(value)
      if (posting === undefined) label.values.set(value, (posting = new Posting(value)))
      posting.add(series)
      own.push(label.name, posting.value)
    }
    series.labels = own
  }

  /** A series goes, or is about to change its labels or its key. */
  remove(series: Series): void {
    series.index = null
    this.size--
    const { labels } = series
    for (let i = 0; i < labels.length; i += 2) this.#drop(series, labels[i]!, labels[i + 1]!)
  }

  /** The series that all filters let through, in the order of their keys. One filter at least names values. */
  query(asked: readonly LabelFilter[]): Series[] {
    const filters: LabelFilter[] = []
    let best: LabelFilter | null = null
    let bestSize = Number.POSITIVE_INFINITY
    for (const one of asked) {
      const filter = this.#inOwnWords(one)
      filters.push(filter)
      if (filter.kind !== 'in') continue
      const size = this.#sizeOf(filter)
      if (size >= bestSize) continue
      best = filter
      bestSize = size
    }
    const found: Series[] = []
    for (const series of best === null ? [] : this.#candidates(best))
      if (this.#holds(series) && series !== found[found.length - 1] && passes(series, filters)) found.push(series)
    return found
  }

  /** Names of all labels. */
  names(): string[] {
    return [...this.#labels.keys()]
  }

  /** All values of a label. */
  values(name: string): string[] {
    return [...(this.#labels.get(name)?.values.keys() ?? [])]
  }

  /** The string by which the series know a label, or the name itself when none has it. */
  ownName(name: string): string {
    return this.#labels.get(name)?.name ?? name
  }

  /** A filter with the strings that the series have. */
  #inOwnWords({ label, kind, values }: LabelFilter): LabelFilter {
    const own = this.#labels.get(label)
    if (own === undefined) return { label, kind, values }
    const ownValues: string[] = []
    for (const value of values) ownValues.push(own.values.get(value)?.value ?? value)
    return { label: own.name, kind, values: ownValues }
  }

  #holds(series: Series): boolean {
    return series.index === this
  }

  #sizeOf(filter: LabelFilter): number {
    const values = this.#labels.get(filter.label)?.values
    let size = 0
    for (const value of filter.values) size += values?.get(value)?.list.length ?? 0
    return size
  }

  /** The lists of a filter's values as one, in order; a series can stand in it more than once, side by side. */
  #candidates(filter: LabelFilter): readonly Series[] {
    const values = this.#labels.get(filter.label)?.values
    const lists: (readonly Series[])[] = []
    for (const value of filter.values) {
      const posting = values?.get(value)
      if (posting === undefined) continue
      if (!posting.isSorted) {
        posting.list.sort(byKey)
        posting.isSorted = true
      }
      lists.push(posting.list)
    }
    return lists.length === 1 ? lists[0]! : lists.flat().sort(byKey)
  }

  #drop(series: Series, name: string, value: string): void {
    const label = this.#labels.get(name)
    const posting = label?.values.get(value)
    // A label given twice with one value was dropped with the first.
    if (label === undefined || posting === undefined) return
    posting.stale++
    // Its key may change now, and with it the order of what stays behind.
    posting.isSorted = false
    if (posting.stale * 2 <= posting.list.length) return
    posting.list = posting.list.filter(other => other !== series && this.#holds(other) && has(other, name, value))
    posting.stale = 0
    if (posting.list.length > 0) return
    label.values.delete(value)
    if (label.values.size === 0) this.#labels.delete(name)
  }
}

/** The first value of a label of a series, or null. */
export function labelOf(series: Series, name: string): string | null {
  const { labels } = series
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!
  return null
}

function has(series: Series, name: string, value: string): boolean {
  const { labels } = series
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name && labels[i + 1] === value) return true
  return false
}

function passes(series: Series, filters: readonly LabelFilter[]): boolean {
  for (const filter of filters) {
    const { labels } = series
    let found = false
    const byName = filter.kind === 'has' || filter.kind === 'hasNot'
    for (let i = 0; i < labels.length && !found; i += 2)
      found = labels[i] === filter.label && (byName || filter.values.includes(labels[i + 1]!))
    if (found !== (filter.kind === 'in' || filter.kind === 'has')) return false
  }
  return true
}

function byKey(a: Series, b: Series): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
