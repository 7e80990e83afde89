/* HNSW -- a graph in layers, in which a search walks from far to near.
 *
 *      layer 2      A ------------------- F              few, far apart: a search begins here at the entry,
 *                   |                     |              walks to the neighbour that is nearest as long as one is
 *      layer 1      A ------- C --------- F --- H        nearer, and goes down a layer
 *                   |         |           |     |
 *      layer 0      A -- B -- C -- D -- E F - G H        all vectors: here the `ef` nearest seen are kept
 *
 * A vector is in the layers up to a level drawn by chance: each layer has the M-th part of the one below. It is linked to
 * its neighbours in each, and they to it: at most M in the upper layers, 2M in the lowest. Which of the near ones become
 * neighbours is decided by the rule that keeps the graph of separate clusters connected: a candidate is taken when it is
 * nearer to the vector than to all that were taken before.
 *
 *      record of a slot    [ vector | count, up to 2M slots ]           list of layer 0
 *      record of a layer   [ next layer's record, count, up to M slots ]    one for each upper layer of a slot
 *
 * Vectors that are the same byte by byte are in the graph once; the others stand in a row behind that one, and the first
 * of them takes its place when it goes.
 *
 * Removed vectors stay as passages, and are not found; see hnsw-repair.ts for how they go.
 *
 *   enter O(efConstruction * M), mostly distances      leave O(1) and a share of the repair      nearest O(ef * M + log n)
 *
 * For IP the rule says less, since a vector need not be the nearest to itself: short ones may be missed, more of them the
 * fewer neighbours there are.
 *
 * Invariants: links lead to slots that are in that layer; no list has a slot twice or its own; the entry is on the top
 * layer. From Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
 * Navigable Small World graphs" (2018), algorithms 1 to 5; candidates are not extended, pruned ones not kept. */

import { type Memory, PLACE_BITS, SeededRandom } from 'redstrata/module'
import type { Watch } from '../iterators/iterator.ts'
import { Heap, Nearest } from './heap.ts'
import { type Graph, Repair, STATE } from './hnsw-repair.ts'
import { Found, type Matches } from './matches.ts'
import type { VectorOptions } from './options.ts'
import { Records, type Spaces, Words } from './space.ts'
import { comparable, LIST_MIN, VectorIndex, type VectorSearch } from './vector-index.ts'

const NOTHING_BELOW = Number.NEGATIVE_INFINITY
const LEVEL_MAX = 24
/** In the word that tells of a slot's state: its level, and then one of STATE. */
const LEVEL_BITS = 8
const WORD_SHIFT = PLACE_BITS - 2
/** Of a layer's record: the next layer's, then its list. */
const UPPER_LIST = 1
const MARK_MAX = 0x7fffffff
const SEED = 0x5eed
/** What 2^32 of these may take off a distance: as much as rounding to a single does. */
const SWAY_SHARE = 2 ** -56
const SWAY_LEAST = 2 ** -132

/** An index by a graph. */
export class HnswIndex extends VectorIndex implements Graph {
  /** Layers above the lowest, of all slots. */
  readonly #uppers: Records
  /** By slot: level and state; record of layer 1; the search that saw it last; links to it in layer 0. */
  readonly #states: Words
  readonly #upperOf: Words
  readonly #marks: Words
  readonly #linksTo: Words
  /** Slots with the same vector: the next plus 1; the one before plus 1, 0 for the one that is in the graph. */
  readonly #nextTwin: Words
  readonly #previousTwin: Words
  #mark = 0
  #entry = -1
  #top = 0
  /** State of a linear congruential generator, good enough to tell equals apart. */
  #sway = SEED
  readonly #levelFactor: number
  readonly #random = new SeededRandom(SEED)
  readonly #candidates = new Heap()
  readonly #nearest = new Nearest(0)
  /** Slots that a list gave, and what is chosen among them. */
  #ids: Int32Array
  readonly #sorted = new Heap()
  #chosen: Int32Array
  #chosenCount = 0
  readonly #repair: Repair
  /** Removed slots that are still passages. */
  dead = 0

  constructor(memory: Memory, spaces: Spaces, options: VectorOptions) {
    const listLength = Math.max(LIST_MIN, 2 * options.m + 1)
    super(memory, spaces, options, (2 * options.m + 1) * 4, listLength)
    const { region } = this.space
    this.#uppers = new Records(region, Math.ceil(((options.m + 2) * 4) / 16) * 16)
    this.#states = new Words(region)
    this.#upperOf = new Words(region)
    this.#marks = new Words(region)
    this.#linksTo = new Words(region)
    this.#nextTwin = new Words(region)
    this.#previousTwin = new Words(region)
    this.#levelFactor = 1 / Math.log(Math.max(2, options.m))
    this.#ids = new Int32Array(listLength)
    this.#chosen = new Int32Array(2 * options.m)
    this.#repair = new Repair(this)
  }

  // ------------------------------------------------------------------ slots and lists

  get slots(): number {
    return this.records.count
  }

  level(slot: number): number {
    return this.space.region.i32[this.#states.base + slot]! & ((1 << LEVEL_BITS) - 1)
  }

  state(slot: number): number {
    return this.space.region.i32[this.#states.base + slot]! >> LEVEL_BITS
  }

  setState(slot: number, level: number, state: number): void {
    this.space.region.i32[this.#states.base + slot] = level | (state << LEVEL_BITS)
  }

  /** Slots that a list of a layer may have. */
  capacity(level: number): number {
    return level === 0 ? 2 * this.options.m : this.options.m
  }

  /** Where the list of a slot in a layer is in the region's i32: its count, then slots. */
  list(slot: number, level: number): number {
    if (level === 0) return (this.records.place(slot) << WORD_SHIFT) + (this.vectorBytes >>> 2)
    const { i32 } = this.space.region
    let record = i32[this.#upperOf.base + slot]!
    for (let l = 1; l < level; l++) record = i32[this.#uppers.place(record) << WORD_SHIFT]!
    return (this.#uppers.place(record) << WORD_SHIFT) + UPPER_LIST
  }

  get words(): Int32Array {
    return this.space.region.i32
  }

  // ------------------------------------------------------------------ entering and leaving

  protected enter(slot: number): void {
    this.#prepare(slot)
    const level = Math.min(LEVEL_MAX, Math.floor(-Math.log(1 - this.#random.next()) * this.#levelFactor))
    if (this.#entry < 0) {
      this.#makeLists(slot, level)
      this.#entry = slot
      this.#top = level
      return
    }
    const query = this.records.place(slot) << PLACE_BITS
    let from = this.#descend(query, level)
    const highest = Math.min(level, this.#top)
    for (let l = highest; l >= 0; l--) {
      this.#searchLayer(query, from, this.options.efConstruction, l, true)
      if (l === highest) {
        const same = this.#sameAs(query)
        if (same >= 0) {
          this.#addTwin(same, slot)
          return
        }
        this.#makeLists(slot, level)
      }
      if (this.#nearest.heap.size === 0) continue
      from = this.#sortNearest()
      this.#choose(query, this.options.m, false)
      this.#link(slot, l)
    }
    if (level > this.#top) {
      this.#entry = slot
      this.#top = level
    }
    this.#repair.step()
  }

  /** Have the words of a new slot, which is in no list yet. @throws ArenaFull. */
  #prepare(slot: number): void {
    const all = this.#words()
    for (const words of all) words.ensure(slot)
    const { i32 } = this.space.region
    for (const words of all) i32[words.base + slot] = 0
    this.setState(slot, 0, STATE.unused)
  }

  /** The slot among the nearest whose vector is the same, or -1. */
  #sameAs(query: number): number {
    const { heap } = this.#nearest
    const { u8 } = this.space.region
    for (let i = 0; i < heap.size; i++) {
      const slot = -heap.values[i]!
      const at = this.records.place(slot) << PLACE_BITS
      let b = 0
      while (b < this.blobBytes && u8[at + b] === u8[query + b]) b++
      if (b === this.blobBytes) return slot
    }
    return -1
  }

  /** Let a slot stand beside one that is in the graph with the same vector. */
  #addTwin(owner: number, slot: number): void {
    const { i32 } = this.space.region
    const next = i32[this.#nextTwin.base + owner]!
    i32[this.#nextTwin.base + slot] = next
    i32[this.#previousTwin.base + slot] = owner + 1
    if (next !== 0) i32[this.#previousTwin.base + next - 1] = slot + 1
    i32[this.#nextTwin.base + owner] = slot + 1
  }

  /** Take a slot out of the row that it stands in; it is free then. */
  #removeTwin(slot: number): void {
    const { i32 } = this.space.region
    const next = i32[this.#nextTwin.base + slot]!
    const previous = i32[this.#previousTwin.base + slot]!
    i32[this.#nextTwin.base + previous - 1] = next
    if (next !== 0) i32[this.#previousTwin.base + next - 1] = previous
    this.records.give(slot)
  }

  /** Make the empty lists of a slot. @throws ArenaFull with none made. */
  #makeLists(slot: number, level: number): void {
    const uppers: number[] = []
    try {
      for (let l = 0; l < level; l++) uppers.push(this.#uppers.take())
    } catch (error) {
      for (const record of uppers) this.#uppers.give(record)
      throw error
    }
    const { i32 } = this.space.region
    i32[this.#upperOf.base + slot] = uppers[0] ?? 0
    this.setState(slot, level, STATE.living)
    for (let l = 0; l < level; l++) i32[this.#uppers.place(uppers[l]!) << WORD_SHIFT] = uppers[l + 1] ?? 0
    for (let l = 0; l <= level; l++) i32[this.list(slot, l)] = 0
  }

  protected discard(slot: number): void {
    this.records.give(slot)
  }

  /** Link a slot to the chosen ones in a layer, and them to it. */
  #link(slot: number, level: number): void {
    const { i32 } = this.space.region
    const at = this.list(slot, level)
    const count = this.#chosenCount
    i32[at] = count
    for (let i = 0; i < count; i++) i32[at + 1 + i] = this.#chosen[i]!
    if (level === 0) this.#countLinks(at, 1)
    for (let i = 1; i <= count; i++) this.linkBack(i32[at + i]!, slot, level)
  }

  /** The links of a list of layer 0 come or go. */
  #countLinks(at: number, by: number): void {
    const { i32 } = this.space.region
    const { base } = this.#linksTo
    const end = at + i32[at]!
    for (let i = at + 1; i <= end; i++) i32[base + i32[i]!]! += by
  }

  /** Add a slot to a list; when that is full, choose anew who is in it. */
  linkBack(owner: number, slot: number, level: number): void {
    const { i32, f64 } = this.space.region
    const at = this.list(owner, level)
    const count = i32[at]!
    if (count < this.capacity(level)) {
      i32[at + count + 1] = slot
      i32[at] = count + 1
      if (level === 0) i32[this.#linksTo.base + slot]!++
      return
    }
    const list = this.listAt >>> 2
    for (let i = 0; i < count; i++) i32[list + i] = this.records.place(i32[at + 1 + i]!)
    i32[list + count] = this.records.place(slot)
    const query = this.records.place(owner) << PLACE_BITS
    this.kernel(query, this.listAt, count + 1, this.outAt, this.vectorBytes, NOTHING_BELOW)
    const sorted = this.#sorted
    sorted.clear()
    const out = this.outAt >>> 3
    for (let i = 0; i < count; i++) sorted.push(this.#swayed(comparable(f64[out + i]!)), i32[at + 1 + i]!)
    sorted.push(this.#swayed(comparable(f64[out + count]!)), slot)
    this.#rewriteList(query, at, level)
  }

  /** Choose anew among those in `#sorted` who is in a list. */
  #rewriteList(query: number, at: number, level: number): void {
    const { i32 } = this.space.region
    if (level === 0) this.#countLinks(at, -1)
    this.#choose(query, this.capacity(level), level === 0)
    i32[at] = this.#chosenCount
    for (let i = 0; i < this.#chosenCount; i++) i32[at + 1 + i] = this.#chosen[i]!
    if (level === 0) this.#countLinks(at, 1)
  }

  /** Give a slot new neighbours among candidates. Returns those, good until the next call. */
  relink(slot: number, level: number, candidates: Int32Array): Int32Array {
    const { i32, f64 } = this.space.region
    const query = this.records.place(slot) << PLACE_BITS
    const sorted = this.#sorted
    sorted.clear()
    for (let first = 0; first < candidates.length; first += LIST_MIN) {
      const count = Math.min(LIST_MIN, candidates.length - first)
      for (let i = 0; i < count; i++) i32[(this.listAt >>> 2) + i] = this.records.place(candidates[first + i]!)
      this.kernel(query, this.listAt, count, this.outAt, this.vectorBytes, NOTHING_BELOW)
      for (let i = 0; i < count; i++)
        sorted.push(this.#swayed(comparable(f64[(this.outAt >>> 3) + i]!)), candidates[first + i]!)
    }
    this.#rewriteList(query, this.list(slot, level), level)
    return this.#chosen.slice(0, this.#chosenCount)
  }

  protected leave(slot: number): void {
    const { i32 } = this.space.region
    if (i32[this.#previousTwin.base + slot] !== 0) {
      this.#removeTwin(slot)
      return
    }
    const twin = i32[this.#nextTwin.base + slot]! - 1
    if (twin >= 0) {
      // Another takes its place in the graph.
      this.moved(twin, slot)
      this.#removeTwin(twin)
      return
    }
    this.setState(slot, this.level(slot), STATE.dead)
    this.dead++
    if (this.count > 0) this.#repair.step()
    else if (!this.hasLeaving) this.#reset()
  }

  /** Nothing lives any more. */
  #reset(): void {
    this.records.free()
    this.#uppers.free()
    this.#entry = -1
    this.#top = this.dead = 0
    this.#repair.forget()
  }

  /** Nobody links to a slot any more: it can be used again. */
  release(slot: number): void {
    const { i32 } = this.space.region
    const level = this.level(slot)
    let record = i32[this.#upperOf.base + slot]!
    for (let l = 0; l < level; l++) {
      const next = i32[this.#uppers.place(record) << WORD_SHIFT]!
      this.#uppers.give(record)
      record = next
    }
    this.#countLinks(this.list(slot, 0), -1)
    this.setState(slot, 0, STATE.unused)
    this.records.give(slot)
    this.dead--
  }

  /** Begin at a living slot of the greatest level, when the entry is leaving. */
  chooseEntry(): void {
    if (this.state(this.#entry) !== STATE.leaving) return
    let best = -1
    for (let slot = 0; slot < this.slots; slot++)
      if (this.state(slot) === STATE.living && (best < 0 || this.level(slot) > this.level(best))) best = slot
    this.#entry = best
    this.#top = this.level(best)
  }

  // ------------------------------------------------------------------ choosing neighbours

  /** Move the nearest into order; returns the very nearest. */
  #sortNearest(): number {
    const { heap } = this.#nearest
    const sorted = this.#sorted
    sorted.clear()
    for (let i = 0; i < heap.size; i++) sorted.push(-heap.keys[i]!, -heap.values[i]!)
    return sorted.values[0]!
  }

  /**
   * Choose at most `limit` of those in `#sorted`: each nearer to the query than to all chosen before.
   * @param keepsLonely whether those that nobody links to come first: a vector that loses its last link is lost.
   */
  #choose(query: number, limit: number, keepsLonely: boolean): void {
    const sorted = this.#sorted
    const chosen = this.#chosen
    const { i32, f64 } = this.space.region
    const { records, kernel, vectorBytes, listAt, outAt } = this
    const list = listAt >>> 2
    const last = (outAt >>> 3) - 1
    const linksTo = this.#linksTo.base
    let count = keepsLonely ? this.#chooseLonely() : 0
    while (sorted.size > 0 && count < limit) {
      const distance = sorted.keys[0]!
      const slot = sorted.values[0]!
      sorted.pop()
      const place = records.place(slot)
      if (place << PLACE_BITS === query || (keepsLonely && i32[linksTo + slot] === 0)) continue
      const seen = kernel(place << PLACE_BITS, listAt, count, outAt, vectorBytes, distance)
      if (seen > 0 && f64[last + seen]! < distance) continue
      i32[list + count] = place
      chosen[count++] = slot
    }
    this.#chosenCount = count
  }

  /** Choose those of `#sorted` that nobody links to, at most half of a list; returns how many. */
  #chooseLonely(): number {
    const { values, size } = this.#sorted
    const { i32 } = this.space.region
    const linksTo = this.#linksTo.base
    let count = 0
    for (let i = 0; i < size && count < this.options.m; i++) {
      const slot = values[i]!
      if (i32[linksTo + slot] !== 0) continue
      i32[(this.listAt >>> 2) + count] = this.records.place(slot)
      this.#chosen[count++] = slot
    }
    return count
  }

  // ------------------------------------------------------------------ searching

  /** Walk from the entry down to above a layer, always to the nearest; returns where that led. */
  #descend(query: number, level: number): number {
    let at = this.#entry
    let distance = this.#distance(query, at)
    for (let l = this.#top; l > level; l--) {
      for (let isNearer = true; isNearer; ) {
        isNearer = false
        const count = this.#measureList(query, this.list(at, l), false)
        const { f64 } = this.space.region
        const out = this.outAt >>> 3
        for (let i = 0; i < count; i++)
          if (f64[out + i]! < distance) {
            distance = f64[out + i]!
            at = this.#ids[i]!
            isNearer = true
          }
      }
    }
    return at
  }

  #distance(query: number, slot: number): number {
    const { i32, f64 } = this.space.region
    i32[this.listAt >>> 2] = this.records.place(slot)
    this.kernel(query, this.listAt, 1, this.outAt, this.vectorBytes, NOTHING_BELOW)
    return comparable(f64[this.outAt >>> 3]!)
  }

  /** Measure the slots of a list, `isFresh`: those not marked yet, marking them. Returns how many; they are in #ids. */
  #measureList(query: number, at: number, isFresh: boolean): number {
    const { i32 } = this.space.region
    const { directory, shift, mask, stride } = this.records
    const ids = this.#ids
    const marks = this.#marks.base
    const mark = this.#mark
    const list = this.listAt >>> 2
    const end = at + i32[at]!
    let count = 0
    for (let i = at + 1; i <= end; i++) {
      const slot = i32[i]!
      if (isFresh) {
        if (i32[marks + slot] === mark) continue
        i32[marks + slot] = mark
      }
      ids[count] = slot
      i32[list + count++] = directory[slot >>> shift]! + (slot & mask) * stride
    }
    this.kernel(query, this.listAt, count, this.outAt, this.vectorBytes, NOTHING_BELOW)
    return count
  }

  #newMark(): void {
    if (this.#mark === MARK_MAX) {
      this.#marks.clear()
      this.#mark = 0
    }
    this.#mark++
  }

  /**
   * A distance a hair less, by chance: where many vectors are equally far, or the same, each is to be chosen as often as
   * others, or else all would link to the same few, and those would forget the rest. Only while the graph is built.
   */
  #swayed(distance: number): number {
    if (distance === Number.POSITIVE_INFINITY) return distance
    this.#sway = (Math.imul(this.#sway, 1664525) + 1013904223) | 0
    return distance - (Math.abs(distance) * SWAY_SHARE + SWAY_LEAST) * (this.#sway >>> 0)
  }

  /**
   * Keep the `ef` nearest living slots of a layer, seen on a walk from `from`, in `#nearest`.
   * @param sways whether the graph is being built.
   */
  #searchLayer(query: number, from: number, ef: number, level: number, sways: boolean): void {
    const { i32, f64 } = this.space.region
    const candidates = this.#candidates
    const nearest = this.#nearest
    const { heap } = nearest
    const states = this.#states.base
    const out = this.outAt >>> 3
    const ids = this.#ids
    this.#newMark()
    nearest.limit = ef
    heap.clear()
    candidates.clear()
    i32[this.#marks.base + from] = this.#mark
    const first = this.#distance(query, from)
    candidates.push(first, from)
    if (i32[states + from]! >> LEVEL_BITS === STATE.living) nearest.push(first, from)
    while (candidates.size > 0) {
      const isFull = heap.size >= ef
      if (isFull && candidates.keys[0]! > -heap.keys[0]!) break
      const slot = candidates.values[0]!
      candidates.pop()
      const count = this.#measureList(query, this.list(slot, level), true)
      for (let i = 0; i < count; i++) {
        let distance = comparable(f64[out + i]!)
        if (sways) distance = this.#swayed(distance)
        if (heap.size >= ef && distance >= -heap.keys[0]!) continue
        const id = ids[i]!
        candidates.push(distance, id)
        if (i32[states + id]! >> LEVEL_BITS === STATE.living) nearest.push(distance, id)
      }
    }
  }

  protected searchNearest(k: number, ef: number): VectorSearch {
    return { run: watch => this.#nearestDocuments(k, ef, watch) }
  }

  #nearestDocuments(k: number, ef: number, watch: Watch): Matches {
    if (this.#entry < 0 || k === 0) return new Found(false).matches()
    for (let wide = Math.max(ef, k); ; wide *= 2) {
      this.#searchLayer(this.queryAt, this.#descend(this.queryAt, 0), wide, 0, false)
      const { heap } = this.#nearest
      const { i32 } = this.space.region
      const found = new Found(this.hasSeveral)
      for (let i = 0; i < heap.size; i++) {
        let slot = 1 - heap.values[i]!
        for (let n = 0; slot !== 0 && n < wide; n++) {
          found.add(i32[this.documentOf.base + slot - 1]!, -heap.keys[i]!)
          slot = i32[this.#nextTwin.base + slot - 1]!
        }
      }
      watch.tick()
      // With several vectors of a document among the nearest there may be too few documents.
      if (found.count >= k || heap.size < wide || !this.hasSeveral) return found.nearest(k)
    }
  }

  protected searchWithin(radius: number, epsilon: number): VectorSearch {
    return {
      run: () => {
        const found = new Found(this.hasSeveral)
        if (this.#entry >= 0) this.#flood(radius, epsilon, found)
        return found.matches()
      },
    }
  }

  /** From the nearest ones on, walk on as long as it stays within the radius, or a little beyond. */
  #flood(radius: number, epsilon: number, found: Found): void {
    const { queryAt } = this
    this.#searchLayer(queryAt, this.#descend(queryAt, 0), this.options.efRuntime, 0, false)
    const { i32, f64 } = this.space.region
    const bound = radius + Math.abs(radius) * epsilon
    const candidates = this.#candidates
    const { heap } = this.#nearest
    this.#newMark()
    candidates.clear()
    const see = (distance: number, slot: number): void => {
      if (distance <= bound) candidates.push(distance, slot)
      if (distance > radius || i32[this.#states.base + slot]! >> LEVEL_BITS !== STATE.living) return
      for (let same = slot + 1; same !== 0; same = i32[this.#nextTwin.base + same - 1]!)
        found.add(i32[this.documentOf.base + same - 1]!, distance)
    }
    for (let i = 0; i < heap.size; i++) {
      i32[this.#marks.base - heap.values[i]!] = this.#mark
      see(-heap.keys[i]!, -heap.values[i]!)
    }
    while (candidates.size > 0) {
      const slot = candidates.values[0]!
      candidates.pop()
      const count = this.#measureList(queryAt, this.list(slot, 0), true)
      for (let i = 0; i < count; i++) see(comparable(f64[(this.outAt >>> 3) + i]!), this.#ids[i]!)
    }
  }

  // ------------------------------------------------------------------ the end

  override get sizeBytes(): number {
    let bytes = super.sizeBytes + this.#uppers.sizeBytes
    for (const words of this.#words()) bytes += words.sizeBytes
    return bytes
  }

  override free(): void {
    this.#uppers.free()
    for (const words of this.#words()) words.free()
    super.free()
  }

  #words(): readonly Words[] {
    return [this.#states, this.#upperOf, this.#marks, this.#linksTo, this.#nextTwin, this.#previousTwin]
  }
}
