/* Find -- the best completions of a prefix, without visiting all that match.
 *
 * Nodes and entries wait in a heap, the most promising on top. A node promises what the best entry below it could score
 * at most; an entry keeps its promise exactly. So what comes to the top as an entry is the next result:
 *
 *      "be", MAX 2        heap                     berlin 3, bern 2, bergen 1
 *                         [er: 3]                  pop er: its children go in with their bounds
 *                         [lin: 3/√5] [n: 2/√3] …  pop n: the entry bern goes in with 2/√3 = 1.15, its exact score
 *                         [bern 1.15] [lin 1.34] …
 *
 * A suggestion's score is its own over √(1 + letters beyond the prefix), times e^(-2 edits) when it was found by an edit;
 * the very text that was asked for scores 2^31. These are the real module's formulas.
 *
 * With FUZZY a suggestion matches when one of its beginnings is within one edit of the prefix. A node in the heap then has a
 * Way: a row of the table of distances between the prefix and the letters on the way to it; when no cell of the row is within
 * reach, and no beginning was, the node is dropped. Without FUZZY a node that waits is four numbers in arrays.
 *
 *   O(results + nodes whose bound beats the last result) heap steps; fuzzy: times the letters of the prefix */

import type { Address } from 'redstrata/module'
import { fold, letters, TEXT_LETTERS_MAX, type Trie } from './trie.ts'

/** What the text that was asked for itself scores. */
const EXACT_SCORE = 2147483648
/** Edits that FUZZY allows. */
const EDITS = 1
const FAR = 255

export interface Suggestion {
  readonly entry: Address
  readonly score: number
}

/** What is looked for, and where. */
interface Search {
  readonly trie: Trie
  /** Letters of the prefix. */
  readonly size: number
  /** With FUZZY: the letters. */
  readonly points: readonly number[]
  /** The entry of the text that was asked for, which was told already, or 0. */
  readonly exact: Address
  readonly heap: Heap
}

/** The letters on the way to a node, compared with those of the prefix. */
class Way {
  /** Letters from the top to the end of the node. */
  depth = 0
  /** Fewest edits between the prefix and a beginning on the way, FAR if it is none yet. */
  edits = FAR
  /** Distances between the beginnings of the prefix and the letters on the way; null when they no longer matter. */
  row: Uint8Array | null = null
  /** A letter whose bytes are spread over nodes: its bits so far, and bytes to come. */
  point = 0
  missing = 0

  copy(): Way {
    const copy = new Way()
    copy.depth = this.depth
    copy.edits = this.edits
    copy.row = this.row
    copy.point = this.point
    copy.missing = this.missing
    return copy
  }
}

/**
 * The best suggestions that begin with a prefix, best first.
 * @param count at most so many.
 */
export function findSuggestions(trie: Trie, text: Buffer, count: number, fuzzy: boolean): Suggestion[] {
  const prefix = fold(text)
  const size = letters(prefix)
  const found: Suggestion[] = []
  if (size > TEXT_LETTERS_MAX) return found // no text is that long, also with an edit
  const exact = trie.find(prefix)
  if (exact !== 0 && count > 0) found.push({ entry: exact, score: EXACT_SCORE })
  const heap = new Heap()
  const points = fuzzy ? Array.from(prefix.toString(), letter => letter.codePointAt(0)!) : []
  const search = { trie, size, points, exact, heap }
  if (fuzzy) startFuzzy(search)
  else startPlain(search, prefix)
  while (found.length < count) {
    const item = heap.pop()
    if (item < 0) break
    const place = heap.places[item]!
    if (heap.depths[item] === ENTRY) found.push({ entry: place, score: heap.bounds[item]! })
    else expand(search, place, heap.depths[item]!, heap.ways[item]!)
  }
  return found
}

/** Begin with the node that holds all texts with the prefix. */
function startPlain({ trie, size, heap }: Search, prefix: Buffer): void {
  const place = trie.seek(prefix)
  if (place === null) return
  heap.push(0, place.node, size - trie.labelLetters(place.node, 0, place.into), null)
}

/** Begin with the top of the tree, and the first row of the table. */
function startFuzzy({ trie, points, heap }: Search): void {
  const way = new Way()
  const size = points.length
  way.row = Uint8Array.from({ length: size + 1 }, (_, i) => Math.min(i, FAR))
  way.edits = size <= EDITS ? size : FAR
  heap.push(trie.best(trie.top), trie.top, 0, way)
}

/** Put what is below a node into the heap. @param above letters on the way to the node, without its own. */
function expand(search: Search, node: Address, above: number, way: Way | null): void {
  const { trie, size, exact, heap } = search
  const depth = way === null ? above + trie.labelLetters(node, 0, trie.labelLength(node)) : way.depth
  const edits = way === null ? 0 : way.edits
  if (edits <= EDITS)
    for (let entry = trie.entries(node); entry !== 0; entry = trie.nextEntry(entry))
      if (entry !== exact) heap.push(scoreOf(trie.score(entry), depth, edits, size), entry, ENTRY, null)
  for (let i = trie.childCount(node) - 1; i >= 0; i--) {
    const child = trie.child(node, i)
    if (way === null) heap.push(bound(trie, child, 0, size), child, depth, null)
    else expandFuzzy(search, child, way)
  }
}

/** Put a node into the heap if something below it can match. */
function expandFuzzy({ trie, size, points, heap }: Search, node: Address, above: Way): void {
  const way = above.copy()
  if (!follow(trie, node, way, points)) return
  let { edits } = way
  if (way.row !== null) for (let i = 0; i < way.row.length; i++) edits = Math.min(edits, way.row[i]!)
  heap.push(bound(trie, node, edits, size), node, above.depth, way)
}

/** Go along the label of a node; false when nothing below it can match. */
function follow(trie: Trie, node: Address, way: Way, points: readonly number[]): boolean {
  const length = trie.labelLength(node)
  for (let i = 0; i < length; i++) {
    const byte = trie.labelByte(node, i)
    if ((byte & 0xc0) === 0x80 && way.missing > 0) {
      way.point = (way.point << 6) | (byte & 63)
      if (--way.missing === 0) step(way, points)
      continue
    }
    if ((byte & 0xc0) !== 0x80) way.depth++
    way.missing = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    way.point = way.missing === 0 ? byte : byte & (0x3f >>> way.missing)
    if (way.missing === 0) step(way, points)
  }
  return way.edits <= EDITS || way.row !== null
}

/** Work out the row below a way's for its letter. */
function step(way: Way, points: readonly number[]): void {
  const above = way.row
  if (above === null) return
  const size = points.length
  const row = new Uint8Array(size + 1)
  let left = Math.min(above[0]! + 1, FAR)
  let least = left
  row[0] = left
  for (let i = 0; i < size; i++) {
    left = Math.min(above[i]! + (points[i] === way.point ? 0 : 1), above[i + 1]! + 1, left + 1, FAR)
    row[i + 1] = left
    if (left < least) least = left
  }
  way.edits = Math.min(way.edits, row[size]!)
  // Rows only matter while they could still bring fewer edits than there are.
  way.row = least > EDITS || least >= way.edits ? null : row
}

/** What an entry below a node could score at most: if the one with the best score were also the shortest. */
function bound(trie: Trie, node: Address, edits: number, size: number): number {
  const best = trie.best(node)
  if (best < 0) return 0 // dividing brings a score below zero nearer to it
  return scoreOf(best, Math.max(trie.fewest(node), size), edits, size)
}

function scoreOf(score: number, length: number, edits: number, size: number): number {
  const near = edits === 0 ? score : Math.fround(score * Math.exp(-2 * edits))
  return Math.fround(near / Math.sqrt(1 + Math.abs(length - size)))
}

/** The depth of entries: they come before nodes that promise the same. */
const ENTRY = 1 << 20
const ITEMS = 64

/**
 * A binary heap of items, the greatest bound on top. Of equal ones an entry comes before a node, and a deeper node before
 * a higher one, so that one way is followed to its end when many promise the same. The heap holds numbers of items; what an
 * item is lies in arrays by its number, and stays there.
 */
class Heap {
  bounds = new Float64Array(ITEMS)
  /** Addresses of nodes and entries. */
  places = new Int32Array(ITEMS)
  /** Letters on the way to a node, without its own; ENTRY for an entry. */
  depths = new Int32Array(ITEMS)
  /** Of nodes, with FUZZY. */
  readonly ways: (Way | null)[] = []
  #heap = new Int32Array(ITEMS)
  #count = 0

  push(bound: number, place: Address, depth: number, way: Way | null): void {
    const item = this.ways.push(way) - 1
    if (item === this.places.length) this.#grow()
    this.bounds[item] = bound
    this.places[item] = place
    this.depths[item] = depth
    const heap = this.#heap
    let at = this.#count++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!this.#comesFirst(item, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = item
  }

  /** The first item, or -1. */
  pop(): number {
    if (this.#count === 0) return -1
    const heap = this.#heap
    const top = heap[0]!
    const last = heap[--this.#count]!
    const count = this.#count
    let at = 0
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && this.#comesFirst(heap[child + 1]!, heap[child]!)) child++
      if (!this.#comesFirst(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }

  #comesFirst(a: number, b: number): boolean {
    const { bounds } = this
    return bounds[a] === bounds[b] ? this.depths[a]! > this.depths[b]! : bounds[a]! > bounds[b]!
  }

  #grow(): void {
    const length = this.places.length * 2
    const { bounds } = this
    this.bounds = new Float64Array(length)
    this.bounds.set(bounds)
    this.places = longer(this.places, length)
    this.depths = longer(this.depths, length)
    this.#heap = longer(this.#heap, length)
  }
}

function longer(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length)
  copy.set(array)
  return copy
}
