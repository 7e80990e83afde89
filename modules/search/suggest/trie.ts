/* Trie -- suggestions by the beginnings of their texts, each subtree with its best score and its shortest length.
 *
 *      berlin 3, bern 2, Bern 1, boston 9           "b"  best 9
 *                                                  /       \
 *                                        "er" best 3       "oston" 9 *
 *                                       /          \
 *                               "lin" 3 *        "n" 2 *  -> bern 2 -> Bern 1
 *
 * A radix tree over the bytes of the folded (lower-case) text. A node is one block: its label, its best score and its
 * children, found by their first bytes. Texts that fold to the same bytes hang on one node as a list of entries, each a
 * block with the text as it was given, its score and its payload.
 *
 *      node    0 label length u16 | 2 children u16 | 4 best f32 | 8 entries | 12 fewest letters u32
 *              16 child addresses | first bytes | label
 *      entry   0 next | 4 score f32 | 8 text length u16 | 12 payload length, -1 for none | 16 text | payload
 *      root    0 top node | 4 entries in all
 *
 * The best score and the fewest letters let a search walk the tree from the most promising node on: see find.ts.
 *
 *   add O(length + children on the way)   remove the same   find a node O(length)
 *
 * Invariants: best is the greatest score at or below a node, fewest the least letters of a text there; but for the top node, every node has an entry below it; two
 * children of a node begin with different bytes. What may run out of memory is allocated before anything changes.
 *
 * The radix tree is Morrison's PATRICIA (1968); best scores of subtrees as in Hsu and Ottaviano, "Space-Efficient Data
 * Structures for Top-k Completion" (2013), without their succinct encoding: scores change here. Left out: uniting a node
 * that lost its entry with its only child; it is united when the next text is added below it, or goes with that child. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { lowerRoom, writeLower } from '../text/lower.ts'

/** Letters from which on a text is not taken. */
export const TEXT_LETTERS_MAX = 255
/** Bytes that it has at most, folded or not. */
export const TEXT_BYTES_MAX = TEXT_LETTERS_MAX * 4

const CHILDREN_AT = 16
const TEXT_AT = 16
const NONE = Number.NEGATIVE_INFINITY
const { dataset } = ACCOUNT

/** A lens over one tree at a time. */
export class Trie {
  readonly memory: Memory
  /** A number of single precision, and its bits. */
  readonly #single = new Float32Array(1)
  readonly #word = new Int32Array(this.#single.buffer)
  #root: Address = 0
  // The way from the top to the node at hand: nodes, and which child of its parent each is.
  readonly #nodes = new Int32Array(TEXT_BYTES_MAX * 2)
  readonly #places = new Int32Array(TEXT_BYTES_MAX * 2)
  #depth = 0
  /** Bytes of the label of the last node that agree with the text, and of the text that are on the way. */
  #inLabel = 0
  #matched = 0
  #folded: Buffer = Buffer.from('')

  constructor(memory: Memory) {
    this.memory = memory
  }

  /** Point at a tree. */
  at(root: Address): this {
    this.#root = root
    return this
  }

  /** A new, empty tree. @throws ArenaFull */
  create(): Address {
    const root = this.memory.zeroed(dataset, 8)
    try {
      const top = this.#newNode(EMPTY, 0, 0, 0)
      this.#write(root, 0, top)
    } catch (error) {
      this.memory.free(dataset, root)
      throw error
    }
    return root
  }

  /** Texts in the tree. */
  get count(): number {
    return this.#read(this.#root, 4)
  }

  /** The top node. */
  get top(): Address {
    return this.#read(this.#root, 0)
  }

  // ------------------------------------------------------------------ reading nodes and entries

  /** The greatest score at or below a node. */
  best(node: Address): number {
    this.#word[0] = this.#read(node, 4)
    return this.#single[0]!
  }

  /** The fewest letters of a text at or below a node. */
  fewest(node: Address): number {
    return this.#read(node, 12)
  }

  labelLength(node: Address): number {
    return this.#read(node, 0) & 0xffff
  }

  /** Letters that begin in a part of a node's label. */
  labelLetters(node: Address, from: number, end: number): number {
    const bytes = this.memory.u8[node >>> SLAB_BITS]!
    const at = this.#labelAt(node)
    let count = 0
    for (let i = at + from; i < at + end; i++) count += Number((bytes[i]! & 0xc0) !== 0x80)
    return count
  }

  /** Byte `i` of a node's label. */
  labelByte(node: Address, i: number): number {
    return this.memory.u8[node >>> SLAB_BITS]![this.#labelAt(node) + i]!
  }

  childCount(node: Address): number {
    return this.#read(node, 0) >>> 16
  }

  child(node: Address, i: number): Address {
    return this.#read(node, CHILDREN_AT + i * 4)
  }

  /** The first entry of a node, or 0. */
  entries(node: Address): Address {
    return this.#read(node, 8)
  }

  nextEntry(entry: Address): Address {
    return this.#read(entry, 0)
  }

  score(entry: Address): number {
    this.#word[0] = this.#read(entry, 4)
    return this.#single[0]!
  }

  /** The text of an entry as bytes of its own. */
  text(entry: Address): Buffer {
    const at = (entry & UNIT_MASK) * 8
    const buf = this.memory.u8[entry >>> SLAB_BITS]!
    return Buffer.from(buf.subarray(at + TEXT_AT, at + TEXT_AT + buf.readUInt16LE(at + 8)))
  }

  /** The payload of an entry as bytes of its own, or null. */
  payload(entry: Address): Buffer | null {
    const at = (entry & UNIT_MASK) * 8
    const buf = this.memory.u8[entry >>> SLAB_BITS]!
    const length = buf.readInt32LE(at + 12)
    const start = at + TEXT_AT + buf.readUInt16LE(at + 8)
    return length < 0 ? null : Buffer.from(buf.subarray(start, start + length))
  }

  /** The entry of exactly this text, or 0. */
  find(text: Buffer): Address {
    if (!this.#descend(text) || !this.#isWhole) return 0
    return this.#entryOf(text)
  }

  /**
   * The node below which all texts with this beginning are, or 0. `into` bytes of its label belong to the beginning.
   * @param folded in lower case.
   */
  seek(folded: Buffer): { node: Address; into: number } | null {
    this.#walk(folded)
    return this.#matched < folded.length ? null : { node: this.#nodes[this.#depth]!, into: this.#inLabel }
  }

  /** All entries, in the order of the bytes of their folded texts. */
  *all(): Iterable<Address> {
    const pending: Address[] = [this.top]
    while (pending.length > 0) {
      const node = pending.pop()!
      for (let entry = this.entries(node); entry !== 0; entry = this.nextEntry(entry)) yield entry
      for (let i = this.childCount(node) - 1; i >= 0; i--) pending.push(this.child(node, i))
    }
  }

  // ------------------------------------------------------------------ changing

  /**
   * Add a text, or give it another score.
   * @param increments the score is added to the one that is there.
   * @param payload null leaves what is there.
   * @returns whether the text is new; false also when it is empty or too long.
   * @throws ArenaFull; nothing has changed then.
   */
  add(text: Buffer, score: number, increments: boolean, payload: Buffer | null): boolean {
    if (!this.#descend(text)) return false
    this.#tell()
    const found = this.#isWhole ? this.#entryOf(text) : 0
    if (found !== 0) {
      const sum = increments ? this.score(found) + score : score
      if (payload !== null) this.#replacePayload(found, text, payload)
      const entry = payload === null ? found : this.entries(this.#nodes[this.#depth]!)
      this.memory.u8[entry >>> SLAB_BITS]!.writeFloatLE(sum, (entry & UNIT_MASK) * 8 + 4)
      this.#refreshBest()
      return false
    }
    const entry = this.#newEntry(text, score, payload)
    try {
      if (!this.#isWhole) this.#makeNode()
    } catch (error) {
      this.memory.free(dataset, entry)
      throw error
    }
    const node = this.#nodes[this.#depth]!
    this.#write(entry, 0, this.entries(node))
    this.#write(node, 8, entry)
    this.#refreshBest()
    this.#write(this.#root, 4, this.count + 1)
    return true
  }

  /** A snapshot may need what there is of the text that was followed. */
  #tell(): void {
    if (this.memory.guard !== null) this.memory.guard.part(this.#root, this.#folded)
  }

  /** Remove a text; false when it is not there. */
  remove(text: Buffer): boolean {
    if (!this.#descend(text) || !this.#isWhole) return false
    const entry = this.#entryOf(text)
    if (entry === 0) return false
    this.#tell()
    this.#unlink(this.#nodes[this.#depth]!, entry)
    this.memory.free(dataset, entry)
    this.#write(this.#root, 4, this.count - 1)
    for (; this.#depth > 0; this.#depth--) {
      const node = this.#nodes[this.#depth]!
      if (this.entries(node) !== 0 || this.childCount(node) > 0) break
      this.#dropChild(this.#nodes[this.#depth - 1]!, this.#places[this.#depth]!)
      this.memory.free(dataset, node)
    }
    this.#refreshBest()
    return true
  }

  /** Give the tree back. */
  free(root: Address): void {
    while (!this.freeStep(root, 1 << 20)) {}
  }

  /** Give about `budget` nodes and entries back, from the bottom up; true when nothing is left. Nothing but this may follow. */
  freeStep(root: Address, budget: number): boolean {
    this.at(root)
    const way: Address[] = [this.top]
    for (let left = budget; left > 0 && way.length > 0; ) {
      const node = way[way.length - 1]!
      const children = this.childCount(node)
      if (children > 0) {
        // Its last child is on the way out: who comes again finds one fewer.
        way.push(this.child(node, children - 1))
        continue
      }
      way.pop()
      left -= 1 + this.#freeNode(node)
      const parent = way[way.length - 1]
      if (parent !== undefined) this.#write(parent, 0, this.labelLength(parent) | ((this.childCount(parent) - 1) << 16))
    }
    if (way.length > 0) return false
    this.memory.free(dataset, root)
    return true
  }

  /** Returns how many entries it had. */
  #freeNode(node: Address): number {
    let count = 0
    for (let entry = this.entries(node); entry !== 0; count++) {
      const next = this.nextEntry(entry)
      this.memory.free(dataset, entry)
      entry = next
    }
    this.memory.free(dataset, node)
    return count
  }

  /** Bytes of all blocks. */
  get sizeBytes(): number {
    const { memory } = this
    let bytes = memory.sizeOf(this.#root)
    const pending: Address[] = [this.top]
    while (pending.length > 0) {
      const node = pending.pop()!
      bytes += memory.sizeOf(node)
      for (let entry = this.entries(node); entry !== 0; entry = this.nextEntry(entry)) bytes += memory.sizeOf(entry)
      for (let i = this.childCount(node) - 1; i >= 0; i--) pending.push(this.child(node, i))
    }
    return bytes
  }

  // ------------------------------------------------------------------ the way down

  /** Fold a text and follow it as far as the tree goes; false for a text that cannot be in a tree. */
  #descend(text: Buffer): boolean {
    if (text.length === 0 || text.length > TEXT_BYTES_MAX) return false
    const folded = fold(text)
    if (letters(folded) >= TEXT_LETTERS_MAX || folded.length > TEXT_BYTES_MAX) return false
    this.#walk(folded)
    return true
  }

  #walk(folded: Buffer): void {
    this.#folded = folded
    let node = this.top
    let matched = 0
    this.#depth = this.#inLabel = 0
    this.#nodes[0] = node
    while (matched < folded.length) {
      const place = this.#placeOf(node, folded[matched]!)
      if (place < 0) break
      node = this.child(node, place)
      this.#nodes[++this.#depth] = node
      this.#places[this.#depth] = place
      const length = this.labelLength(node)
      let same = 1
      while (same < length && matched + same < folded.length && this.labelByte(node, same) === folded[matched + same])
        same++
      matched += same
      this.#inLabel = same
      if (same < length) break
    }
    this.#matched = matched
  }

  /** Whether the way ends at the end of a node and of the text. */
  get #isWhole(): boolean {
    const node = this.#nodes[this.#depth]!
    return this.#matched === this.#folded.length && this.#inLabel === this.labelLength(node)
  }

  /** Which child of a node begins with a byte, or -1. */
  #placeOf(node: Address, byte: number): number {
    const count = this.childCount(node)
    const buf = this.memory.u8[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) * 8 + CHILDREN_AT + count * 4
    for (let i = 0; i < count; i++) if (buf[at + i] === byte) return i
    return -1
  }

  #entryOf(text: Buffer): Address {
    for (let entry = this.entries(this.#nodes[this.#depth]!); entry !== 0; entry = this.nextEntry(entry)) {
      const at = (entry & UNIT_MASK) * 8
      const buf = this.memory.u8[entry >>> SLAB_BITS]!
      const length = buf.readUInt16LE(at + 8)
      if (length === text.length && text.compare(buf, at + TEXT_AT, at + TEXT_AT + length) === 0) return entry
    }
    return 0
  }

  /** Make the best scores and fewest letters right on the way, from the last node up. */
  #refreshBest(): void {
    for (let depth = this.#depth; depth >= 0; depth--) {
      const node = this.#nodes[depth]!
      const first = this.entries(node)
      let best = NONE
      let fewest = first === 0 ? TEXT_LETTERS_MAX : letters(fold(this.text(first)))
      for (let entry = first; entry !== 0; entry = this.nextEntry(entry)) best = Math.max(best, this.score(entry))
      for (let i = this.childCount(node) - 1; i >= 0; i--) {
        const child = this.child(node, i)
        best = Math.max(best, this.best(child))
        fewest = Math.min(fewest, this.fewest(child))
      }
      this.#setBounds(node, best, fewest)
    }
  }

  #setBounds(node: Address, best: number, fewest: number): void {
    this.memory.u8[node >>> SLAB_BITS]!.writeFloatLE(best, (node & UNIT_MASK) * 8 + 4)
    this.#write(node, 12, fewest)
  }

  // ------------------------------------------------------------------ blocks

  #read(address: Address, at: number): number {
    return this.memory.i32[address >>> SLAB_BITS]![(address & UNIT_MASK) * 2 + (at >>> 2)]!
  }

  #write(address: Address, at: number, value: number): void {
    this.memory.i32[address >>> SLAB_BITS]![(address & UNIT_MASK) * 2 + (at >>> 2)] = value
  }

  #labelAt(node: Address): number {
    return (node & UNIT_MASK) * 8 + CHILDREN_AT + this.childCount(node) * 5
  }

  /** A node with a label and room for children, without entries. @throws ArenaFull */
  #newNode(label: Buffer, start: number, end: number, children: number): Address {
    const node = this.memory.block(dataset, CHILDREN_AT + children * 5 + end - start)
    const buf = this.memory.u8[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) * 8
    buf.writeUInt16LE(end - start, at)
    buf.writeUInt16LE(children, at + 2)
    buf.writeFloatLE(NONE, at + 4)
    buf.writeInt32LE(0, at + 8)
    buf.writeInt32LE(TEXT_LETTERS_MAX, at + 12)
    label.copy(buf, at + CHILDREN_AT + children * 5, start, end)
    return node
  }

  /** A copy of a node that has `label` bytes of its label left from `from` on, and room for one child more if asked. */
  #copyNode(node: Address, from: number, more: number): Address {
    const count = this.childCount(node)
    const labelAt = this.#labelAt(node) + from
    const old = this.memory.u8[node >>> SLAB_BITS]!
    const copy = this.#newNode(old, labelAt, labelAt + this.labelLength(node) - from, count + more)
    const buf = this.memory.u8[copy >>> SLAB_BITS]!
    const at = (copy & UNIT_MASK) * 8
    const oldAt = (node & UNIT_MASK) * 8
    old.copy(buf, at + 4, oldAt + 4, oldAt + CHILDREN_AT + count * 4)
    old.copy(
      buf,
      at + CHILDREN_AT + (count + more) * 4,
      oldAt + CHILDREN_AT + count * 4,
      oldAt + CHILDREN_AT + count * 5,
    )
    return copy
  }

  #setChild(node: Address, place: number, child: Address): void {
    const buf = this.memory.u8[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) * 8 + CHILDREN_AT
    buf.writeInt32LE(child, at + place * 4)
    buf[at + this.childCount(node) * 4 + place] = this.labelByte(child, 0)
  }

  /** A child is gone: close the gap inside the block. */
  #dropChild(node: Address, place: number): void {
    const count = this.childCount(node)
    const buf = this.memory.u8[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) * 8
    const firsts = at + CHILDREN_AT + count * 4
    const end = at + CHILDREN_AT + count * 5 + this.labelLength(node)
    buf.copyWithin(firsts + place, firsts + place + 1, end)
    buf.copyWithin(at + CHILDREN_AT + place * 4, at + CHILDREN_AT + place * 4 + 4, end - 1)
    buf.writeUInt16LE(count - 1, at + 2)
  }

  /** Put a node in the place of the one at `depth` on the way. */
  #replaceNode(depth: number, node: Address): void {
    const old = this.#nodes[depth]!
    if (depth === 0) this.#write(this.#root, 0, node)
    else this.#setChild(this.#nodes[depth - 1]!, this.#places[depth]!, node)
    this.#nodes[depth] = node
    this.memory.free(dataset, old)
  }

  /** Make the node at which the way is to end: a new child, or a node inside a label that is cut in two. */
  #makeNode(): void {
    const depth = this.#depth
    const node = this.#nodes[depth]!
    if (this.#inLabel < this.labelLength(node)) this.#cutLabel(depth, node)
    if (this.#matched === this.#folded.length) return
    const folded = this.#folded
    const parent = this.#nodes[this.#depth]!
    const leaf = this.#newNode(folded, this.#matched, folded.length, 0)
    let wider: Address
    try {
      wider = this.#copyNode(parent, 0, 1)
    } catch (error) {
      this.memory.free(dataset, leaf)
      throw error
    }
    const place = this.childCount(parent)
    this.#replaceNode(this.#depth, wider)
    this.#setChild(wider, place, leaf)
    this.#nodes[++this.#depth] = leaf
    this.#places[this.#depth] = place
  }

  /** Cut the label of a node where the text leaves it: an upper node with the first part, and below it the rest. */
  #cutLabel(depth: number, node: Address): void {
    const labelAt = this.#labelAt(node)
    const lower = this.#copyNode(node, this.#inLabel, 0)
    let upper: Address
    try {
      upper = this.#newNode(this.memory.u8[node >>> SLAB_BITS]!, labelAt, labelAt + this.#inLabel, 1)
    } catch (error) {
      this.memory.free(dataset, lower)
      throw error
    }
    this.#setChild(upper, 0, lower)
    this.#setBounds(upper, this.best(lower), this.fewest(lower))
    this.#replaceNode(depth, upper)
  }

  #newEntry(text: Buffer, score: number, payload: Buffer | null): Address {
    const entry = this.memory.block(dataset, TEXT_AT + text.length + (payload?.length ?? 0))
    const buf = this.memory.u8[entry >>> SLAB_BITS]!
    const at = (entry & UNIT_MASK) * 8
    buf.writeInt32LE(0, at)
    buf.writeFloatLE(score, at + 4)
    buf.writeUInt16LE(text.length, at + 8)
    buf.writeInt32LE(payload?.length ?? -1, at + 12)
    text.copy(buf, at + TEXT_AT)
    payload?.copy(buf, at + TEXT_AT + text.length)
    return entry
  }

  /** Put an entry with another payload at the head of its node's list, in the place of the old one. */
  #replacePayload(old: Address, text: Buffer, payload: Buffer): void {
    const node = this.#nodes[this.#depth]!
    const entry = this.#newEntry(text, 0, payload)
    this.#unlink(node, old)
    this.memory.free(dataset, old)
    this.#write(entry, 0, this.entries(node))
    this.#write(node, 8, entry)
  }

  #unlink(node: Address, entry: Address): void {
    const next = this.nextEntry(entry)
    let before = this.entries(node)
    if (before === entry) {
      this.#write(node, 8, next)
      return
    }
    while (this.nextEntry(before) !== entry) before = this.nextEntry(before)
    this.#write(before, 0, next)
  }
}

const EMPTY = Buffer.from('')

/** A text in lower case. */
export function fold(text: Buffer): Buffer {
  const room = Buffer.from(new Uint8Array(lowerRoom(text.length)))
  return room.subarray(0, writeLower(text, 0, text.length, room, 0))
}

/** Letters of a text: its bytes but for those that continue a letter. */
export function letters(text: Buffer): number {
  let n = 0
  for (let i = 0; i < text.length; i++) if ((text[i]! & 0xc0) !== 0x80) n++
  return n
}
