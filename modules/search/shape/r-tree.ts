/* R-tree -- which boxes have a point in common with a given box?
 *
 * A tree whose nodes hold up to 16 boxes of three dimensions: of documents in the leaves, of all that is below in the
 * nodes above.
 *
 *        +------------------+            root   [ left half ][ right half ]
 *        | a  b |    c      |                      /            \
 *        |      |  d   e    |            leaf   [a][b]        [c][d][e]
 *        +------------------+
 *
 * A node is one block: entries, height (0: leaf), then 16 boxes of six doubles (least and greatest of each coordinate),
 * then 16 words: documents in a leaf, addresses of nodes above. A box goes where the nodes have to grow least; a full
 * node is split by the two boxes that would waste the most room together.
 *
 *   insert O(log n)   remove O(log n) while boxes overlap little   search O(log n + found), if they overlap little
 *
 * Invariants: a node's box in its parent covers all its boxes; all leaves have height 0; no node but the root is empty.
 *
 * Guttman, "R-trees: a dynamic index structure for spatial searching" (1984), with the quadratic split. Left out: putting
 * the rest of a node that has become small elsewhere. Such a node stays until it is empty: documents are replaced more often
 * than they go for good. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

const FANOUT = 16
const BOX = 6
const BOXES_AT = 8
const WORDS_AT = BOXES_AT + FANOUT * BOX * 8
const NODE_BYTES = WORDS_AT + FANOUT * 4
/** Entries that each half of a split has at least. */
const HALF_MIN = 5

export class RTree {
  readonly #memory: Memory
  #root: Address = 0
  /** Documents in the tree. */
  count = 0
  sizeBytes = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Add a document's box. @throws ArenaFull; nothing has changed then. */
  insert(box: Float64Array, document: number): void {
    // Splits need a node for each height and one for a new root: have them before anything changes.
    const spare: Address[] = []
    try {
      const most = this.#root === 0 ? 1 : this.#height(this.#root) + 2
      while (spare.length < most) spare.push(this.#memory.block(ACCOUNT.index, NODE_BYTES))
      if (this.#root === 0) this.#root = this.#claim(spare, 0)
      const other = this.#insert(this.#root, box, document, spare)
      if (other !== 0) this.#grow(other, spare)
      this.count++
    } finally {
      for (const node of spare) this.#memory.free(ACCOUNT.index, node)
    }
  }

  /** Remove a document by the box it was added with; false when it is not there. */
  remove(box: Float64Array, document: number): boolean {
    if (this.#root === 0 || !this.#remove(this.#root, box, document)) return false
    this.count--
    while (this.#root !== 0 && this.#count(this.#root) <= 1) {
      const root = this.#root
      if (this.#count(root) === 1 && this.#height(root) === 0) break
      this.#root = this.#count(root) === 0 ? 0 : this.#word(root, 0)
      this.#release(root)
    }
    return true
  }

  /** Tell `visit` the documents whose boxes have a point in common with a box. */
  search(box: Float64Array, visit: (document: number) => void): void {
    const pending: Address[] = this.#root === 0 ? [] : [this.#root]
    while (pending.length > 0) {
      const node = pending.pop()!
      const isLeaf = this.#height(node) === 0
      for (let i = this.#count(node) - 1; i >= 0; i--)
        if (this.#meets(node, i, box)) {
          if (isLeaf) visit(this.#word(node, i))
          else pending.push(this.#word(node, i))
        }
    }
  }

  /** Give everything back. */
  free(): void {
    const pending: Address[] = this.#root === 0 ? [] : [this.#root]
    while (pending.length > 0) {
      const node = pending.pop()!
      if (this.#height(node) > 0) for (let i = this.#count(node) - 1; i >= 0; i--) pending.push(this.#word(node, i))
      this.#release(node)
    }
    this.#root = this.count = 0
  }

  // ------------------------------------------------------------------ blocks

  #claim(spare: Address[], height: number): Address {
    const node = spare.pop()!
    const at = (node & UNIT_MASK) << 1
    const words = this.#memory.i32[node >>> SLAB_BITS]!
    words[at] = 0
    words[at + 1] = height
    this.sizeBytes += this.#memory.sizeOf(node)
    return node
  }

  #release(node: Address): void {
    this.sizeBytes -= this.#memory.sizeOf(node)
    this.#memory.free(ACCOUNT.index, node)
  }

  #count(node: Address): number {
    return this.#memory.i32[node >>> SLAB_BITS]![(node & UNIT_MASK) << 1]!
  }

  #setCount(node: Address, count: number): void {
    this.#memory.i32[node >>> SLAB_BITS]![(node & UNIT_MASK) << 1] = count
  }

  #height(node: Address): number {
    return this.#memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + 1]!
  }

  #word(node: Address, i: number): number {
    return this.#memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + (WORDS_AT >>> 2) + i]!
  }

  #box(node: Address, i: number): Float64Array {
    const at = (node & UNIT_MASK) + (BOXES_AT >>> 3) + i * BOX
    return this.#memory.f64[node >>> SLAB_BITS]!.subarray(at, at + BOX)
  }

  #put(node: Address, i: number, box: Float64Array, word: number): void {
    const at = (node & UNIT_MASK) + (BOXES_AT >>> 3) + i * BOX
    this.#memory.f64[node >>> SLAB_BITS]!.set(box, at)
    this.#memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + (WORDS_AT >>> 2) + i] = word
  }

  #meets(node: Address, i: number, box: Float64Array): boolean {
    const doubles = this.#memory.f64[node >>> SLAB_BITS]!
    const at = (node & UNIT_MASK) + (BOXES_AT >>> 3) + i * BOX
    for (let d = 0; d < 3; d++) if (doubles[at + d]! > box[3 + d]! || box[d]! > doubles[at + 3 + d]!) return false
    return true
  }

  /** The box of all boxes of a node. */
  #cover(node: Address): Float64Array {
    const cover = Float64Array.from(this.#box(node, 0))
    for (let i = this.#count(node) - 1; i > 0; i--) widen(cover, this.#box(node, i))
    return cover
  }

  // ------------------------------------------------------------------ inserting

  /** Insert below a node; returns the new neighbour when it was split, or 0. */
  #insert(node: Address, box: Float64Array, document: number, spare: Address[]): Address {
    if (this.#height(node) === 0) return this.#add(node, box, document, spare)
    const i = this.#choose(node, box)
    const child = this.#word(node, i)
    const other = this.#insert(child, box, document, spare)
    this.#put(node, i, this.#cover(child), child)
    return other === 0 ? 0 : this.#add(node, this.#cover(other), other, spare)
  }

  /** The entry that has to grow least; of equal ones the smaller. */
  #choose(node: Address, box: Float64Array): number {
    let best = 0
    let bestGrowth = Infinity
    let bestSize = Infinity
    for (let i = this.#count(node) - 1; i >= 0; i--) {
      const own = this.#box(node, i)
      const size = sizeOf(own)
      const growth = sizeTogether(own, box) - size
      if (growth > bestGrowth || (growth === bestGrowth && size >= bestSize)) continue
      best = i
      bestGrowth = growth
      bestSize = size
    }
    return best
  }

  #add(node: Address, box: Float64Array, word: number, spare: Address[]): Address {
    const count = this.#count(node)
    if (count < FANOUT) {
      this.#put(node, count, box, word)
      this.#setCount(node, count + 1)
      return 0
    }
    return this.#split(node, box, word, spare)
  }

  /** Divide a full node and one entry more between it and a new neighbour. */
  #split(node: Address, box: Float64Array, word: number, spare: Address[]): Address {
    const boxes = Array.from({ length: FANOUT }, (_, i) => Float64Array.from(this.#box(node, i)))
    const words = Array.from({ length: FANOUT }, (_, i) => this.#word(node, i))
    boxes.push(Float64Array.from(box))
    words.push(word)
    const side = divide(boxes)
    const other = this.#claim(spare, this.#height(node))
    this.#setCount(node, 0)
    for (let i = 0; i <= FANOUT; i++) {
      const half = side[i] === 0 ? node : other
      const at = this.#count(half)
      this.#put(half, at, boxes[i]!, words[i]!)
      this.#setCount(half, at + 1)
    }
    return other
  }

  #grow(other: Address, spare: Address[]): void {
    const root = this.#claim(spare, this.#height(this.#root) + 1)
    this.#put(root, 0, this.#cover(this.#root), this.#root)
    this.#put(root, 1, this.#cover(other), other)
    this.#setCount(root, 2)
    this.#root = root
  }

  // ------------------------------------------------------------------ removing

  #remove(node: Address, box: Float64Array, document: number): boolean {
    const isLeaf = this.#height(node) === 0
    for (let i = this.#count(node) - 1; i >= 0; i--) {
      const word = this.#word(node, i)
      if (isLeaf) {
        if (word !== document) continue
        this.#drop(node, i)
        return true
      }
      if (!this.#meets(node, i, box) || !this.#remove(word, box, document)) continue
      if (this.#count(word) > 0) this.#put(node, i, this.#cover(word), word)
      else {
        this.#drop(node, i)
        this.#release(word)
      }
      return true
    }
    return false
  }

  /** Fill the place of an entry with the last one. */
  #drop(node: Address, i: number): void {
    const last = this.#count(node) - 1
    if (i < last) this.#put(node, i, Float64Array.from(this.#box(node, last)), this.#word(node, last))
    this.#setCount(node, last)
  }
}

// ---------------------------------------------------------------------- boxes

/** How large a box is: its edges added up, since boxes of points and flat shapes have no volume. */
function sizeOf(box: Float64Array): number {
  return box[3]! - box[0]! + box[4]! - box[1]! + box[5]! - box[2]!
}

function sizeTogether(a: Float64Array, b: Float64Array): number {
  let size = 0
  for (let d = 0; d < 3; d++) size += Math.max(a[3 + d]!, b[3 + d]!) - Math.min(a[d]!, b[d]!)
  return size
}

function widen(box: Float64Array, other: Float64Array): void {
  for (let d = 0; d < 3; d++) {
    box[d] = Math.min(box[d]!, other[d]!)
    box[3 + d] = Math.max(box[3 + d]!, other[3 + d]!)
  }
}

/** Which half each box belongs to. */
function divide(boxes: readonly Float64Array[]): Uint8Array {
  const [first, second] = farthest(boxes)
  const side = new Uint8Array(boxes.length)
  side[second] = 1
  const covers = [Float64Array.from(boxes[first]!), Float64Array.from(boxes[second]!)] as const
  const counts = [1, 1]
  for (let i = 0; i < boxes.length; i++) {
    if (i === first || i === second) continue
    const left = boxes.length - counts[0]! - counts[1]!
    const growth = covers.map(cover => sizeTogether(cover, boxes[i]!) - sizeOf(cover))
    let half = growth[0]! < growth[1]! || (growth[0] === growth[1] && counts[0]! < counts[1]!) ? 0 : 1
    // The rest goes to a half that would otherwise stay too small.
    if (counts[0]! + left <= HALF_MIN) half = 0
    else if (counts[1]! + left <= HALF_MIN) half = 1
    side[i] = half
    counts[half]!++
    widen(covers[half]!, boxes[i]!)
  }
  return side
}

/** The two boxes that would waste the most room together. */
function farthest(boxes: readonly Float64Array[]): readonly [number, number] {
  let pair: readonly [number, number] = [0, 1]
  let most = -Infinity
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length; j++) {
      const waste = sizeTogether(boxes[i]!, boxes[j]!) - sizeOf(boxes[i]!) - sizeOf(boxes[j]!)
      if (waste <= most) continue
      most = waste
      pair = [i, j]
    }
  return pair
}
