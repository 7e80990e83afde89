/* Id tree -- rows found by stream id: the blocks of a stream, and who still owes an acknowledgement for what.
 *
 * A B+ tree whose keys are stream ids of 128 bits. A row is the key's four words and as many words of payload as the
 * tree was made for. Leaves hold rows in order; the rows of inner nodes have one word of payload, the child, and
 * their key is a lower bound of what lies below it:
 *
 *              | 1-0 -> A | 7-0 -> B |                           a node:  word 0   rows used, level, snapshot epoch
 *               /            \                                            word 1   capacity in rows
 *      A | 1-0 x | 3-2 y |    B | 7-0 z | 7-1 w | 9-0 v |                 rows     msHigh msLow seqHigh seqLow payload...
 *
 * Both kinds of node are arrays of rows, so one set of functions serves all levels. Blocks grow with their rows up to
 * 2 KB. Streams and pending lists grow at the end, where a split leaves the old node full.
 *
 *   find, insert, remove, seek  O(log n)     next, previous  O(1), O(log n) at the end of a leaf
 *
 * The root, 16 bytes, lies in a record of the owner's: top node, rows, height with epoch, bytes of all nodes. `bind` points
 * the flyweight at it. The cursor names a row until the tree changes.
 *
 * Invariants: keys ascend strictly; the key of a child is at most each key below it; no node is empty.
 *
 * Left out: counts of what lies below (nobody asks for ranks here), which is what sets it apart from ranked.ts, and
 * exact keys in inner nodes after a removal: a lower bound leads the way as well. */

import { type Account, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { StreamId } from './stream-id.ts'

/** Bytes of a root, to be set aside in the owner's record at a multiple of 8. */
export const ID_TREE_ROOT_BYTES = 16

const NODE_BYTES = 2048
const HEADER_BYTES = 8
const KEY_WORDS = 4
const CHILD = 4
const INNER_WORDS = 5
const LEVELS_MAX = 12
const FIRST_ROWS = 2

/** A flyweight over the id trees with one size of row. */
export class IdTree {
  /** Written into the header of every node made from now on. */
  epoch = 0

  readonly #memory: Memory
  readonly #account: Account
  /** Words of a row in a leaf. */
  readonly #rowWords: number
  #root: Address = 0
  #leaf: Address = 0
  #slot = 0
  readonly #pathNode = new Int32Array(LEVELS_MAX)
  readonly #pathSlot = new Int32Array(LEVELS_MAX)

  constructor(memory: Memory, account: Account, payloadWords: number) {
    this.#memory = memory
    this.#account = account
    this.#rowWords = KEY_WORDS + payloadWords
  }

  /** Turn to the tree at `root`. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    this.#leaf = 0
    return this
  }

  /** Make an empty tree of the 16 bytes at `root` and turn to it. */
  init(root: Address): void {
    this.bind(root)
    for (let i = 0; i < 4; i++) this.#setWord(i, 0)
    this.#setWord(2, this.epoch << 24)
  }

  /** How many rows there are. */
  get length(): number {
    return this.#word(1)
  }

  /** Bytes of all nodes. */
  get nodeBytes(): number {
    return this.#word(3) >>> 0
  }

  // ---- The cursor.

  /** Put the cursor on the row with this id. */
  find(id: StreamId): boolean {
    return this.seek(id) && this.#order(id) === 0
  }

  /** Put the cursor on the first row at or after an id. False when there is none. */
  seek(id: StreamId): boolean {
    if (!this.#descend(id)) return false
    this.#slot = this.#leafSlot(id)
    return this.#slot < usedOf(this.#memory, this.#leaf) || this.#turnForward()
  }

  /** Put the cursor on the last row at or before an id. False when there is none. */
  seekBack(id: StreamId): boolean {
    if (!this.#descend(id)) return false
    this.#slot = this.#leafSlot(id)
    if (this.#slot < usedOf(this.#memory, this.#leaf) && this.#order(id) === 0) return true
    return this.previous()
  }

  /** Put the cursor on the first row. */
  first(): boolean {
    return this.#edge(false)
  }

  /** Put the cursor on the last row. */
  last(): boolean {
    return this.#edge(true)
  }

  /** Move to the row behind. False at the end; the cursor is then nowhere. */
  next(): boolean {
    return ++this.#slot < usedOf(this.#memory, this.#leaf) || this.#turnForward()
  }

  /** Move to the row before. False at the begin; the cursor is then nowhere. */
  previous(): boolean {
    return --this.#slot >= 0 || this.#turnBack()
  }

  /** Read the id under the cursor. */
  readId(out: StreamId): void {
    const words = this.#memory.i32[this.#leaf >>> SLAB_BITS]!
    const at = rowAt(this.#leaf, this.#slot, this.#rowWords)
    out.setWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
  }

  /** Word `i` of the payload under the cursor. */
  payload(i: number): number {
    return this.#memory.i32[this.#leaf >>> SLAB_BITS]![rowAt(this.#leaf, this.#slot, this.#rowWords) + KEY_WORDS + i]!
  }

  setPayload(i: number, value: number): void {
    tell(this.#memory, this.#leaf)
    this.#memory.i32[this.#leaf >>> SLAB_BITS]![rowAt(this.#leaf, this.#slot, this.#rowWords) + KEY_WORDS + i] = value
  }

  // ---- Leaves.

  /** All leaves, from the first to the last. */
  leaves(): Address[] {
    const found: Address[] = []
    const top = this.#word(0)
    if (top !== 0) this.#leavesBelow(top, this.#height, found)
    return found
  }

  #leavesBelow(node: Address, level: number, found: Address[]): void {
    if (level === 0) found.push(node)
    else
      for (let slot = 0, n = usedOf(this.#memory, node); slot < n; slot++)
        this.#leavesBelow(childOf(this.#memory, node, slot), level - 1, found)
  }

  /** Rows of a leaf. */
  rowsOf(leaf: Address): number {
    return usedOf(this.#memory, leaf)
  }

  /** Put the cursor on a row of a leaf, to read it and not to go on from it. */
  enter(leaf: Address, slot: number): void {
    this.#leaf = leaf
    this.#slot = slot
  }

  // ---- Writing.

  /**
   * Add a row and put the cursor on it; its payload is then to be written. False, with the cursor on the row, when the id
   * is there already.
   * @throws ArenaFull with the rows as they were.
   */
  insert(id: StreamId): boolean {
    const memory = this.#memory
    let node = this.#openTop()
    const height = this.#height
    let rightmost = true
    for (let depth = 0; depth < height; depth++) {
      let slot = childSlot(memory, node, id)
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      rightmost = rightmost && slot === usedOf(memory, node) - 1
      const child = childOf(memory, node, slot)
      if (usedOf(memory, child) === rowsMax(this.#wordsAt(depth + 1))) {
        this.#split(depth, rightmost && comesLast(memory, child, this.#wordsAt(depth + 1), id))
        node = this.#pathNode[depth]!
        slot = childSlot(memory, node, id)
        this.#pathSlot[depth] = slot
        rightmost = rightmost && slot === usedOf(memory, node) - 1
      }
      node = childOf(memory, node, slot)
    }
    this.#pathNode[height] = node
    this.#leaf = node
    this.#slot = this.#leafSlot(id)
    const n = usedOf(memory, node)
    if (this.#slot < n && this.#order(id) === 0) return false
    const leaf = this.#room(height)
    openRow(memory, leaf, this.#slot, this.#rowWords)
    writeKey(memory, rowAt(leaf, this.#slot, this.#rowWords), leaf, id)
    for (let depth = 0; depth < height; depth++) {
      const inner = this.#pathNode[depth]!
      const slot = this.#pathSlot[depth]!
      if (compareRow(memory, inner, slot, INNER_WORDS, id) > 0)
        writeKey(memory, rowAt(inner, slot, INNER_WORDS), inner, id)
    }
    this.#leaf = leaf
    this.#setWord(1, this.#word(1) + 1)
    return true
  }

  /** Take the row with this id out. False when there is none. The cursor is then nowhere. */
  remove(id: StreamId): boolean {
    if (!this.#descend(id)) return false
    this.#slot = this.#leafSlot(id)
    const memory = this.#memory
    const height = this.#height
    const leaf = this.#leaf
    if (this.#slot >= usedOf(memory, leaf) || this.#order(id) !== 0) return false
    closeRow(memory, leaf, this.#slot, this.#rowWords)
    this.#setWord(1, this.#word(1) - 1)
    if (usedOf(memory, leaf) === 0) this.#drop(height)
    else this.#mend(height)
    this.#leaf = 0
    return true
  }

  /** Free up to `budget` nodes of a tree that nobody uses any more. True when none is left. */
  clearStep(root: Address, budget: number): boolean {
    const memory = this.#memory
    this.bind(root)
    for (; budget > 0; budget--) {
      let node = this.#word(0)
      if (node === 0) return true
      let parent: Address = 0
      for (let level = this.#height; level > 0 && usedOf(memory, node) > 0; level--) {
        parent = node
        node = childOf(memory, node, usedOf(memory, node) - 1)
      }
      if (parent === 0) {
        this.#setWord(0, 0)
        this.#setWord(1, 0)
        this.#setHeight(0)
      } else setUsed(memory, parent, usedOf(memory, parent) - 1)
      this.#freeNode(node)
    }
    return this.#word(0) === 0
  }

  // ---- The root.

  #word(i: number): number {
    const root = this.#root
    return this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i]!
  }

  #setWord(i: number, value: number): void {
    const root = this.#root
    this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i] = value
  }

  get #height(): number {
    return this.#word(2) & 0xff
  }

  #setHeight(height: number): void {
    this.#setWord(2, (this.#word(2) & ~0xff) | height)
  }

  #wordsAt(depth: number): number {
    return depth === this.#height ? this.#rowWords : INNER_WORDS
  }

  // ---- Finding.

  /** Note the way to the leaf where an id belongs. False when the tree is empty. */
  #descend(id: StreamId): boolean {
    const memory = this.#memory
    let node = this.#word(0)
    if (node === 0) return false
    const height = this.#height
    for (let depth = 0; depth < height; depth++) {
      const slot = childSlot(memory, node, id)
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      node = childOf(memory, node, slot)
    }
    this.#pathNode[height] = node
    this.#leaf = node
    return true
  }

  #leafSlot(id: StreamId): number {
    return lowerBound(this.#memory, this.#leaf, this.#rowWords, id, 0)
  }

  /** Order of the row under the cursor against an id. */
  #order(id: StreamId): number {
    return compareRow(this.#memory, this.#leaf, this.#slot, this.#rowWords, id)
  }

  #edge(last: boolean): boolean {
    const memory = this.#memory
    let node = this.#word(0)
    if (node === 0) return false
    const height = this.#height
    for (let depth = 0; depth < height; depth++) {
      const slot = last ? usedOf(memory, node) - 1 : 0
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      node = childOf(memory, node, slot)
    }
    this.#pathNode[height] = node
    this.#leaf = node
    this.#slot = last ? usedOf(memory, node) - 1 : 0
    return true
  }

  /** Go to the first row of the next leaf along the path. */
  #turnForward(): boolean {
    return this.#turn(1)
  }

  #turnBack(): boolean {
    return this.#turn(-1)
  }

  #turn(step: number): boolean {
    const memory = this.#memory
    const height = this.#height
    let depth = height - 1
    for (; depth >= 0; depth--) {
      const slot = this.#pathSlot[depth]! + step
      if (slot >= 0 && slot < usedOf(memory, this.#pathNode[depth]!)) {
        this.#pathSlot[depth] = slot
        break
      }
    }
    if (depth < 0) return false
    let node = childOf(memory, this.#pathNode[depth]!, this.#pathSlot[depth]!)
    for (depth++; depth < height; depth++) {
      const slot = step > 0 ? 0 : usedOf(memory, node) - 1
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      node = childOf(memory, node, slot)
    }
    this.#pathNode[height] = node
    this.#leaf = node
    this.#slot = step > 0 ? 0 : usedOf(memory, node) - 1
    return true
  }

  // ---- Adding.

  /** The top node, made if there is none, and with a parent if it is full. */
  #openTop(): Address {
    const memory = this.#memory
    const top = this.#word(0)
    if (top === 0) {
      const leaf = this.#newNode(FIRST_ROWS, this.#rowWords, 0)
      this.#setWord(0, leaf)
      return leaf
    }
    const height = this.#height
    const words = this.#wordsAt(0)
    if (usedOf(memory, top) < rowsMax(words)) return top
    const parent = this.#newNode(FIRST_ROWS, INNER_WORDS, height + 1)
    openRow(memory, parent, 0, INNER_WORDS)
    copyWords(memory, top, rowAt(top, 0, words), parent, rowAt(parent, 0, INNER_WORDS), KEY_WORDS)
    setChild(memory, parent, 0, top)
    this.#setWord(0, parent)
    this.#setHeight(height + 1)
    return parent
  }

  /** Split the full child of the path below `depth`: in halves, or so that only the last row moves. */
  #split(depth: number, lastOnly: boolean): void {
    const memory = this.#memory
    const parent = this.#room(depth)
    const slot = this.#pathSlot[depth]!
    const child = childOf(memory, parent, slot)
    const words = this.#wordsAt(depth + 1)
    const n = usedOf(memory, child)
    const keep = lastOnly ? n - 1 : n >> 1
    const right = this.#newNode(grownRows(n - keep), words, this.#height - depth - 1)
    copyWords(memory, child, rowAt(child, keep, words), right, rowAt(right, 0, words), (n - keep) * words)
    setUsed(memory, right, n - keep)
    tell(memory, child)
    setUsed(memory, child, keep)
    openRow(memory, parent, slot + 1, INNER_WORDS)
    copyWords(memory, right, rowAt(right, 0, words), parent, rowAt(parent, slot + 1, INNER_WORDS), KEY_WORDS)
    setChild(memory, parent, slot + 1, right)
  }

  /** Make sure that the path's node at `depth` can take a row more. Returns it: it may have moved. */
  #room(depth: number): Address {
    const memory = this.#memory
    const node = this.#pathNode[depth]!
    const n = usedOf(memory, node)
    if (n < capacityOf(memory, node)) return node
    const words = this.#wordsAt(depth)
    const larger = this.#newNode(grownRows(n), words, this.#height - depth)
    copyWords(memory, node, rowAt(node, 0, words), larger, rowAt(larger, 0, words), n * words)
    setUsed(memory, larger, n)
    this.#replace(depth, larger)
    return larger
  }

  // ---- Removing.

  /** Free the empty node of the path at `depth`, and its row in the parent. */
  #drop(depth: number): void {
    this.#freeNode(this.#pathNode[depth]!)
    if (depth === 0) {
      this.#setWord(0, 0)
      this.#setHeight(0)
    } else this.#dropRow(depth - 1)
  }

  #dropRow(depth: number): void {
    const memory = this.#memory
    const inner = this.#pathNode[depth]!
    closeRow(memory, inner, this.#pathSlot[depth]!, INNER_WORDS)
    if (usedOf(memory, inner) === 0) this.#drop(depth)
    else if (depth > 0) this.#mend(depth)
    else
      for (let height = this.#height; height > 0; height--) {
        const top = this.#word(0)
        if (usedOf(memory, top) > 1) break
        this.#setWord(0, childOf(memory, top, 0))
        this.#setHeight(height - 1)
        this.#freeNode(top)
      }
  }

  /** Join the path's node at `depth` with a neighbour if it is less than a quarter full and there is room. */
  #mend(depth: number): void {
    const memory = this.#memory
    const words = this.#wordsAt(depth)
    const most = rowsMax(words)
    if (usedOf(memory, this.#pathNode[depth]!) * 4 > most) return
    if (depth === 0) {
      this.#shrinkTop(words)
      return
    }
    const parent = this.#pathNode[depth - 1]!
    const slot = this.#pathSlot[depth - 1]!
    const rightSlot = slot + 1 < usedOf(memory, parent) ? slot + 1 : slot
    if (rightSlot === 0) return
    let left = childOf(memory, parent, rightSlot - 1)
    const right = childOf(memory, parent, rightSlot)
    const n = usedOf(memory, left)
    const sum = n + usedOf(memory, right)
    if (sum * 4 > most * 3) return
    this.#pathSlot[depth - 1] = rightSlot - 1
    this.#pathNode[depth] = left
    if (sum > capacityOf(memory, left)) {
      const larger = this.#tryNode(sum, words, this.#height - depth)
      if (larger === 0) return
      copyWords(memory, left, rowAt(left, 0, words), larger, rowAt(larger, 0, words), n * words)
      this.#replace(depth, larger)
      left = larger
    }
    tell(memory, left)
    copyWords(memory, right, rowAt(right, 0, words), left, rowAt(left, n, words), (sum - n) * words)
    setUsed(memory, left, sum)
    this.#freeNode(right)
    this.#pathSlot[depth - 1] = rightSlot
    this.#dropRow(depth - 1)
  }

  /** Give a sparse top node a smaller block, if there is memory for one. */
  #shrinkTop(words: number): void {
    const memory = this.#memory
    const top = this.#pathNode[0]!
    const n = usedOf(memory, top)
    if (n * 4 > capacityOf(memory, top)) return
    const smaller = this.#tryNode(grownRows(n), words, this.#height)
    if (smaller === 0) return
    copyWords(memory, top, rowAt(top, 0, words), smaller, rowAt(smaller, 0, words), n * words)
    setUsed(memory, smaller, n)
    this.#replace(0, smaller)
  }

  // ---- Nodes.

  #newNode(rows: number, words: number, level: number): Address {
    const memory = this.#memory
    const bytes = Math.min(NODE_BYTES, HEADER_BYTES + rows * words * 4)
    const node = memory.block(this.#account, bytes)
    const size = Memory.sizeFor(bytes)
    const to = memory.i32[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) << 1
    to[at] = (level << 16) | (this.epoch << 24)
    to[at + 1] = Math.floor((size - HEADER_BYTES) / (words * 4))
    this.#setWord(3, this.#word(3) + size)
    return node
  }

  /** A node, or 0 when memory is short: what only saves room must not fail for want of it. */
  #tryNode(rows: number, words: number, level: number): Address {
    try {
      return this.#newNode(rows, words, level)
    } catch (error) {
      if (error instanceof ArenaFull) return 0
      throw error
    }
  }

  #replace(depth: number, node: Address): void {
    this.#freeNode(this.#pathNode[depth]!)
    this.#pathNode[depth] = node
    if (depth === 0) this.#setWord(0, node)
    else setChild(this.#memory, this.#pathNode[depth - 1]!, this.#pathSlot[depth - 1]!, node)
  }

  #freeNode(node: Address): void {
    tell(this.#memory, node)
    this.#setWord(3, this.#word(3) - this.#memory.sizeOf(node))
    this.#memory.free(this.#account, node)
  }
}

function rowsMax(words: number): number {
  return Math.floor((NODE_BYTES - HEADER_BYTES) / (words * 4))
}

/** Rows to ask for when `n` must fit with room to grow. */
function grownRows(n: number): number {
  return n + Math.max(FIRST_ROWS, n >> 1)
}

function usedOf(memory: Memory, node: Address): number {
  return memory.i32[node >>> SLAB_BITS]![(node & UNIT_MASK) << 1]! & 0xffff
}

function setUsed(memory: Memory, node: Address, n: number): void {
  const words = memory.i32[node >>> SLAB_BITS]!
  const at = (node & UNIT_MASK) << 1
  words[at] = (words[at]! & ~0xffff) | n
}

function capacityOf(memory: Memory, node: Address): number {
  return memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + 1]!
}

/** Index of a row's first word in the words of the slab. */
function rowAt(node: Address, slot: number, words: number): number {
  return ((node & UNIT_MASK) << 1) + HEADER_BYTES / 4 + slot * words
}

function childOf(memory: Memory, inner: Address, slot: number): Address {
  return memory.i32[inner >>> SLAB_BITS]![rowAt(inner, slot, INNER_WORDS) + CHILD]!
}

function setChild(memory: Memory, inner: Address, slot: number, child: Address): void {
  memory.i32[inner >>> SLAB_BITS]![rowAt(inner, slot, INNER_WORDS) + CHILD] = child
}

function writeKey(memory: Memory, at: number, node: Address, id: StreamId): void {
  const words = memory.i32[node >>> SLAB_BITS]!
  words[at] = id.msHigh
  words[at + 1] = id.msLow
  words[at + 2] = id.seqHigh
  words[at + 3] = id.seqLow
}

/** Order of a row's key against an id: negative, 0 or positive. */
function compareRow(memory: Memory, node: Address, slot: number, words: number, id: StreamId): number {
  const from = memory.i32[node >>> SLAB_BITS]!
  const at = rowAt(node, slot, words)
  return (
    (from[at]! >>> 0) - id.msHigh ||
    (from[at + 1]! >>> 0) - id.msLow ||
    (from[at + 2]! >>> 0) - id.seqHigh ||
    (from[at + 3]! >>> 0) - id.seqLow
  )
}

/** The first slot from `low` on whose key is not below an id. */
function lowerBound(memory: Memory, node: Address, words: number, id: StreamId, low: number): number {
  let high = usedOf(memory, node)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareRow(memory, node, middle, words, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The last child whose key is at or before an id, or the first one. */
function childSlot(memory: Memory, inner: Address, id: StreamId): number {
  const slot = lowerBound(memory, inner, INNER_WORDS, id, 1)
  return slot < usedOf(memory, inner) && compareRow(memory, inner, slot, INNER_WORDS, id) === 0 ? slot : slot - 1
}

/** Whether an id comes behind all rows of a node. */
function comesLast(memory: Memory, node: Address, words: number, id: StreamId): boolean {
  return compareRow(memory, node, usedOf(memory, node) - 1, words, id) < 0
}

/** A node is about to change, or to be freed: a snapshot may need what it holds. */
function tell(memory: Memory, node: Address): void {
  if (memory.guard !== null) memory.guard.block(node)
}

function openRow(memory: Memory, node: Address, slot: number, words: number): void {
  tell(memory, node)
  const n = usedOf(memory, node)
  const at = rowAt(node, slot, words)
  memory.i32[node >>> SLAB_BITS]!.copyWithin(at + words, at, rowAt(node, n, words))
  setUsed(memory, node, n + 1)
}

function closeRow(memory: Memory, node: Address, slot: number, words: number): void {
  tell(memory, node)
  const n = usedOf(memory, node)
  const at = rowAt(node, slot, words)
  memory.i32[node >>> SLAB_BITS]!.copyWithin(at, at + words, rowAt(node, n, words))
  setUsed(memory, node, n - 1)
}

function copyWords(memory: Memory, from: Address, at: number, to: Address, toAt: number, n: number): void {
  const source = memory.i32[from >>> SLAB_BITS]!
  const target = memory.i32[to >>> SLAB_BITS]!
  for (let i = 0; i < n; i++) target[toAt + i] = source[at + i]!
}
