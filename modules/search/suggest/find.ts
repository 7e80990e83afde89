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
 * With FUZZY a suggestion matches when one of its beginnings is within one edit of the prefix. An item of the heap then
 * carries a row of the table of distances between the prefix and the letters on the way to its node; when no cell of the
 * row is within reach, and no beginning was, the node is dropped.
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

/** Something that waits: a node, or an entry whose score is known. */
interface Item {
  bound: number
  node: Address
  entry: Address
  /** Letters from the top to the end of the node. */
  depth: number
  /** Fewest edits between the prefix and a beginning on the way, FAR if it is none yet. */
  edits: number
  /** Distances between the beginnings of the prefix and the letters on the way; null when they no longer matter. */
  row: Uint8Array | null
  /** A letter whose bytes are spread over nodes: its bits so far, and bytes to come. */
  point: number
  missing: number
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
  const first = fuzzy ? fuzzyStart(trie, points.length) : plainStart(trie, prefix, size)
  if (first !== null) heap.push(first)
  while (found.length < count) {
    const item = heap.pop()
    if (item === null) break
    if (item.entry === 0) expand(trie, item, size, points, heap, exact)
    else found.push({ entry: item.entry, score: item.bound })
  }
  return found
}

/** The node that holds all texts with the prefix. */
function plainStart(trie: Trie, prefix: Buffer, size: number): Item | null {
  const place = trie.seek(prefix)
  if (place === null) return null
  let depth = size
  for (let i = place.into; i < trie.labelLength(place.node); i++)
    if ((trie.labelByte(place.node, i) & 0xc0) !== 0x80) depth++
  const item: Item = { bound: 0, node: place.node, entry: 0, depth, edits: 0, row: null, point: 0, missing: 0 }
  item.bound = bound(trie, item, size)
  return item
}

/** The top of the tree, with the first row of the table. */
function fuzzyStart(trie: Trie, size: number): Item {
  const row = Uint8Array.from({ length: size + 1 }, (_, i) => Math.min(i, FAR))
  const edits = size <= EDITS ? size : FAR
  return { bound: trie.best(trie.top), node: trie.top, entry: 0, depth: 0, edits, row, point: 0, missing: 0 }
}

/** Put what is below an item into the heap. */
function expand(trie: Trie, item: Item, size: number, points: readonly number[], heap: Heap, exact: Address): void {
  const { node } = item
  if (item.edits <= EDITS)
    for (let entry = trie.entries(node); entry !== 0; entry = trie.nextEntry(entry))
      if (entry !== exact)
        heap.push({
          ...item,
          node: 0,
          entry,
          row: null,
          bound: scoreOf(trie.score(entry), item.depth, item.edits, size),
        })
  for (let i = trie.childCount(node) - 1; i >= 0; i--) {
    const child = trie.child(node, i)
    const next = { ...item, node: child }
    if (!follow(trie, next, points)) continue
    next.bound = bound(trie, next, size)
    heap.push(next)
  }
}

/** Go along the label of a node; false when nothing below it can match. */
function follow(trie: Trie, item: Item, points: readonly number[]): boolean {
  const length = trie.labelLength(item.node)
  for (let i = 0; i < length; i++) {
    const byte = trie.labelByte(item.node, i)
    if ((byte & 0xc0) === 0x80 && item.missing > 0) {
      item.point = (item.point << 6) | (byte & 63)
      if (--item.missing === 0) step(item, points)
      continue
    }
    if ((byte & 0xc0) !== 0x80) item.depth++
    item.missing = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    item.point = item.missing === 0 ? byte : byte & (0x3f >>> item.missing)
    if (item.missing === 0) step(item, points)
  }
  return item.edits <= EDITS || item.row !== null
}

/** Work out the row below an item's for its letter. */
function step(item: Item, points: readonly number[]): void {
  const above = item.row
  if (above === null) return
  const size = points.length
  const row = new Uint8Array(size + 1)
  let left = Math.min(above[0]! + 1, FAR)
  let least = left
  row[0] = left
  for (let i = 0; i < size; i++) {
    left = Math.min(above[i]! + (points[i] === item.point ? 0 : 1), above[i + 1]! + 1, left + 1, FAR)
    row[i + 1] = left
    if (left < least) least = left
  }
  item.edits = Math.min(item.edits, row[size]!)
  // Rows only matter while they could still bring fewer edits than there are.
  item.row = least > EDITS || least >= item.edits ? null : row
}

/** What an entry below an item could score at most: if the one with the best score were also the shortest. */
function bound(trie: Trie, item: Item, size: number): number {
  const best = trie.best(item.node)
  let edits = item.edits
  if (item.row !== null) for (let i = 0; i < item.row.length; i++) edits = Math.min(edits, item.row[i]!)
  if (best < 0) return 0 // dividing brings a score below zero nearer to it
  return scoreOf(best, Math.max(trie.fewest(item.node), size), edits, size)
}

function scoreOf(score: number, length: number, edits: number, size: number): number {
  const near = edits === 0 ? score : Math.fround(score * Math.exp(-2 * edits))
  return Math.fround(near / Math.sqrt(1 + Math.abs(length - size)))
}

/**
 * A binary heap of items, the greatest bound on top. Of equal ones an entry comes before a node, and a deeper node before
 * a higher one, so that one way is followed to its end when many promise the same.
 */
class Heap {
  readonly #items: Item[] = []

  push(item: Item): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!comesFirst(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): Item | null {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (top === undefined || last === undefined) return null
    if (items.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && comesFirst(items[child + 1]!, items[child]!)) child++
      if (!comesFirst(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return top
  }
}

function comesFirst(a: Item, b: Item): boolean {
  if (a.bound !== b.bound) return a.bound > b.bound
  if ((a.entry !== 0) !== (b.entry !== 0)) return a.entry !== 0
  return a.depth > b.depth
}
