/* Intersection -- documents that match all parts, and where wanted stand near enough, or in order.
 *
 * The part with the fewest documents leads; the others skip to where it is. Whoever lies beyond makes the leader skip:
 *
 *      leader   3 ------------> 17          17
 *      others      9 -> skip 17     17 -> agree: a match
 *
 * Near: the matched words, one of each part, may have so many words between them in all (slop). In order: in the order
 * of the parts. An exact phrase is slop 0 in order. */

import { BLOCK_ROWS } from '../index/posting-block.ts'
import { type Batch, type DocumentIterator, END, Positions, RANK, type Ranking, type Watch } from './iterator.ts'
import { Several } from './several.ts'
import { TermIterator } from './term.ts'
import { TermJoin } from './term-join.ts'

/** How near the parts must stand. */
export interface Nearness {
  /** Words in between; -1: any number. */
  readonly slop: number
  readonly inOrder: boolean
}

/** All of the parts. */
export class Intersection extends Several {
  readonly takesBest = false
  readonly estimate: number
  readonly #nearness: Nearness | null
  readonly #watch: Watch
  /** The parts, fewest documents first. */
  readonly #order: readonly DocumentIterator[]
  readonly #positions: Positions[]
  /** The same as a join of terms, when it is one. */
  readonly join: TermJoin | null

  /** @param children in the order of the query; null as nearness: anywhere. */
  constructor(children: readonly DocumentIterator[], weight: number, nearness: Nearness | null, watch: Watch) {
    const order = [...children].sort((a, b) => a.estimate - b.estimate)
    // Distances are told between parts from few to many documents, unless their order matters.
    super(nearness?.inOrder === true ? children : order, weight)
    this.#order = order
    this.#nearness = nearness
    this.#watch = watch
    this.estimate = order[0]!.estimate
    this.#positions = nearness === null ? [] : children.map(() => new Positions())
    const isJoin = nearness === null && order.length > 1 && order.every(part => part instanceof TermIterator)
    this.join = isJoin ? new TermJoin(order as TermIterator[]) : null
  }

  next(): number {
    if (this.document === END) return END
    const leader = this.#order[0]!
    // Cut short by a pause, it has been moved already.
    return this.#agree(leader.document > this.document ? leader.document : leader.next())
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    return this.#agree(this.#order[0]!.skipTo(target))
  }

  /** From a document of the leader on, find one that all parts have. */
  #agree(document: number): number {
    const order = this.#order
    search: while (document !== END) {
      for (let i = 1; i < order.length; i++) {
        const other = order[i]!
        const found = other.document < document ? other.skipTo(document) : other.document
        if (found === document) continue
        document = order[0]!.skipTo(found)
        // Behind the step, so that even a pause at every tick gets further.
        this.#watch.tick()
        continue search
      }
      if (this.#nearness === null || this.#isNear(this.#nearness)) return (this.document = document)
      document = order[0]!.next()
      this.#watch.tick()
    }
    return (this.document = END)
  }

  /** Of terms alone whole stretches are told, but not scored: how far apart they stand is asked of each match. */
  override nextBatch(batch: Batch, ranking: Ranking): void {
    const { join } = this
    if (join === null || ranking.mode !== RANK.none) {
      super.nextBatch(batch, ranking)
      return
    }
    const { documents } = batch
    const [leader] = join.terms
    const [rows] = join.rows
    batch.count = 0
    while (this.document !== END && batch.count + BLOCK_ROWS <= documents.length) {
      if (!join.next(Math.max(this.document + 1, leader!.document))) {
        if (batch.count === 0) this.document = END
        break
      }
      const own = join.documents
      for (let match = 0; match < join.count; match++) documents[batch.count++] = own[rows![match]!]!
      join.leave()
      this.#watch.tick()
    }
    if (batch.count > 0) this.document = documents[batch.count - 1]!
  }

  #isNear(nearness: Nearness): boolean {
    let parts = 0
    for (const child of this.children) {
      if (!child.hasPositions()) continue
      const positions = this.#positions[parts++]!
      positions.count = 0
      child.addPositions(positions)
    }
    if (parts <= 1) return true
    const slop = nearness.slop < 0 ? Infinity : nearness.slop
    return nearness.inOrder ? inOrder(this.#positions, parts, slop) : together(this.#positions, parts, slop)
  }

  rewind(): void {
    this.document = 0
    for (const child of this.children) child.rewind()
  }

  override refresh(): void {
    for (const child of this.children) child.refresh()
  }
}

/** Whether each part has a position not before the last part's, with at most `slop` words in between. */
function inOrder(lists: readonly Positions[], parts: number, slop: number): boolean {
  const at = new Int32Array(parts)
  for (; at[0]! < lists[0]!.count; at[0]!++) {
    let last = lists[0]!.list[at[0]!]!
    let span = 0
    let part = 1
    for (; part < parts && span <= slop; part++) {
      const positions = lists[part]!
      while (at[part]! < positions.count && positions.list[at[part]!]! < last) at[part]!++
      if (at[part] === positions.count) return false
      span += positions.list[at[part]!]! - last - 1
      last = positions.list[at[part]!]!
    }
    if (part === parts && span <= slop) return true
  }
  return false
}

/** Whether the parts have positions, not all the same, with at most `slop` other words between the first and the last. */
function together(lists: readonly Positions[], parts: number, slop: number): boolean {
  const at = new Int32Array(parts)
  for (;;) {
    let least = 0
    let greatest = 0
    for (let part = 1; part < parts; part++) {
      if (positionOf(lists, at, part) < positionOf(lists, at, least)) least = part
      if (positionOf(lists, at, part) > positionOf(lists, at, greatest)) greatest = part
    }
    const span = positionOf(lists, at, greatest) - positionOf(lists, at, least)
    if (span > 0 && span - (parts - 1) <= slop) return true
    // The first one moves on; when all stand at one place, whoever has the shortest way.
    if (span === 0) least = nextOf(lists, at, parts)
    if (least < 0 || ++at[least]! === lists[least]!.count) return false
  }
}

function positionOf(lists: readonly Positions[], at: Int32Array, part: number): number {
  return lists[part]!.list[at[part]!]!
}

/** The part whose next position is the least; -1 when none has one. */
function nextOf(lists: readonly Positions[], at: Int32Array, parts: number): number {
  let best = -1
  let least = 0
  for (let part = 0; part < parts; part++) {
    const next = at[part]! + 1
    if (next >= lists[part]!.count || (best >= 0 && lists[part]!.list[next]! >= least)) continue
    best = part
    least = lists[part]!.list[next]!
  }
  return best
}
