/* List -- a deque whose elements lie in memory as they go over the wire.
 *
 * LRANGE is what lists are read with, and its reply is nothing but the elements in their frames. So the frames are stored:
 *
 *      head                                                                 tail
 *      | $5 hello | $3 bar |  <->  | $1 x | $1 y | ... |  <->  | $7 goodbye | room ... |
 *
 * A run of elements is then one copy per node of 8 KB, however many elements it has; LPOP copies one frame. The price is 4
 * bytes an element more than a length prefix would take. Small numbers, which would pay most, lie as one or two bytes and are
 * put into their frames when they are read. What a node looks like inside, and how an element in its
 * middle is found, stands in list-node.ts.
 *
 * Nodes start small, grow by doubling while elements are pushed, and give back what is left over when the next node is
 * begun. An element too large for a node of 8 KB has one of its own.
 *
 *   push, pop O(1)   at, run O(nodes) to the nearer end, O(1) for the run after   insert, set in the middle: the same + one node
 *   remove, find O(n)   trim O(nodes dropped)   copy O(bytes)
 *
 * One object serves every list of a server in turn: `bind(root)` points it at one. The root block of 32 bytes does not move:
 * head, tail, length, snapshot epoch, bytes of all nodes (a double).
 *
 * Ranges that are handed out point into nodes: they are valid until the list is changed. A value that is handed in must not
 * lie in the same list (`rotate` is there for that).
 *
 * Invariants: no node is empty; lengths of the nodes add up to the length; a write that throws ArenaFull leaves the
 * elements as they were.
 *
 * Left out: an index over the nodes. Redis walks them too, and lists are used at their ends; a million elements of
 * 100 bytes are 14,000 nodes, half a millisecond to the middle. */

import type { Range } from '../base/bytes.ts'
import { ACCOUNT, type Account, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import {
  appendElement,
  blockBytes,
  capacityOf,
  copyElements,
  countMatches,
  countOf,
  cutLast,
  elementEnd,
  elementIs,
  encodedBytes,
  expandElements,
  firstOf,
  gapOf,
  hasRoomBefore,
  hasRoomBehind,
  initNode,
  insertElement,
  isCounted,
  isWire,
  joinNodes,
  lastOf,
  NODE_BYTES,
  nextOf,
  offsetOf,
  prependElement,
  previousOf,
  readElement,
  removeElements,
  removeMatches,
  rewriteElement,
  roomOf,
  setNext,
  setPrevious,
  shiftNode,
  splitNode,
  usedOf,
} from './list-node.ts'

const ROOT_BYTES = 32
const FIRST_NODE_BYTES = 512
/** A run of frames that are put together. */
const FRAMES_BYTES = 8192
/** Elements of a node whose offsets are noted for walking backwards. */
const GROUP = 16

/** A flyweight over the lists of one memory. */
export class List {
  /** Written into the header of every node made from now on. */
  epoch = 0

  readonly #memory: Memory
  readonly #account: Account
  #root: Address = 0
  /** The node that was found last and the index of its first element; 0 when a write may have changed that. */
  #foundNode: Address = 0
  #foundStart = 0
  /** Where `next` reads: a node, how many elements are left in it, and the next one's index of the slab. */
  #cursorNode: Address = 0
  #cursorLeft = 0
  #cursorAt = 0
  readonly #group = new Int32Array(GROUP)
  /** Frames of elements that do not lie as they go over the wire. Made when first needed. */
  #frames: Buffer | null = null

  constructor(memory: Memory, account: Account = ACCOUNT.dataset) {
    this.#memory = memory
    this.#account = account
  }

  /** Turn to the list at `root`. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    this.#foundNode = 0
    return this
  }

  /** Make an empty list and turn to it. */
  create(): Address {
    const root = this.#memory.block(this.#account, ROOT_BYTES)
    const words = this.#memory.i32[root >>> SLAB_BITS]!
    const at = (root & UNIT_MASK) << 1
    for (let i = 0; i < ROOT_BYTES / 4; i++) words[at + i] = 0
    words[at + 3] = this.epoch << 24
    this.bind(root)
    return root
  }

  /** How many elements there are. */
  get length(): number {
    return this.#word(2)
  }

  /** Bytes that the list holds. */
  get sizeBytes(): number {
    return ROOT_BYTES + this.#memory.f64[this.#root >>> SLAB_BITS]![(this.#root & UNIT_MASK) + 2]!
  }

  // ---- Reading.

  /** Fill `out` with the element at an index, counted from the tail if negative. False when there is none. */
  at(index: number, out: Range): boolean {
    if (!this.#locate(index < 0 ? index + this.length : index)) return false
    const node = this.#cursorNode
    readElement(this.#memory.u8[node >>> SLAB_BITS]!, this.#cursorAt, out)
    return true
  }

  /**
   * Fill `out` with the frames of some elements from index `from` on, up to `to` at most. Returns how many these are; 0 when
   * `from` is no element.
   */
  run(from: number, to: number, out: Range): number {
    if (from >= to || !this.#locate(from)) return 0
    const node = this.#cursorNode
    const left = this.#cursorLeft
    const n = Math.min(left, to - from)
    if (!isWire(this.#memory, node)) {
      this.#frames ??= Buffer.from(new Uint8Array(FRAMES_BYTES).buffer)
      return expandElements(this.#memory.u8[node >>> SLAB_BITS]!, this.#cursorAt, n, this.#frames, out)
    }
    const block = (node & UNIT_MASK) << 3
    out.buf = this.#memory.u8[node >>> SLAB_BITS]!
    out.start = this.#cursorAt
    out.end =
      block + (n === left ? lastOf(this.#memory, node) : offsetOf(this.#memory, node, from + n - this.#foundStart))
    return n
  }

  /** Let `next` begin at an index. False when there is no such element. */
  seek(index: number): boolean {
    return this.#locate(index)
  }

  /** Fill `out` with the next element. False after the last. */
  next(out: Range): boolean {
    if (this.#cursorLeft === 0) {
      const node = this.#cursorNode === 0 ? 0 : nextOf(this.#memory, this.#cursorNode)
      if (node === 0) return false
      this.#enter(node)
    }
    const slab = this.#memory.u8[this.#cursorNode >>> SLAB_BITS]!
    this.#cursorAt = readElement(slab, this.#cursorAt, out)
    this.#cursorLeft--
    return true
  }

  /**
   * Index of the first element that holds `value`, from index `from` towards the tail (towards the head if `backwards`), of
   * the `most` elements that come first. -1 when there is none.
   */
  find(value: Range, from: number, backwards: boolean, most: number): number {
    if (!this.#locate(from)) return -1
    return backwards ? this.#findBackwards(value, from, most) : this.#findForwards(value, from, most)
  }

  // ---- Writing at the ends.

  pushBack(value: Range): void {
    this.#placeBetween(this.#word(1), 0, value)
  }

  pushFront(value: Range): void {
    this.#placeBetween(0, this.#word(0), value)
  }

  /** Drop the first `n` elements, or all. */
  dropFront(n: number): void {
    const memory = this.#memory
    this.#foundNode = 0
    for (let node = this.#word(0); n > 0 && node !== 0; node = this.#word(0)) {
      const count = countOf(memory, node)
      if (count > n) {
        removeElements(memory, node, 0, n)
        this.#addLength(-n)
        return
      }
      this.#unlink(node)
      this.#addLength(-count)
      n -= count
    }
  }

  /** Drop the last `n` elements, or all. */
  dropBack(n: number): void {
    const memory = this.#memory
    const tail = this.#word(1)
    // RPOP has just read the last element, so its place is known.
    const isKnown = tail !== 0 && this.#foundNode === tail && this.#cursorNode === tail && this.#cursorLeft === 1
    this.#foundNode = 0
    if (n === 1 && isKnown && countOf(memory, tail) > 1) {
      cutLast(memory, tail, this.#cursorAt)
      this.#addLength(-1)
      return
    }
    for (let node = tail; n > 0 && node !== 0; node = this.#word(1)) {
      const count = countOf(memory, node)
      if (count > n) {
        removeElements(memory, node, count - n, n)
        this.#addLength(-n)
        return
      }
      this.#unlink(node)
      this.#addLength(-count)
      n -= count
    }
  }

  /** Keep the elements with indexes in [from, to). */
  trim(from: number, to: number): void {
    this.dropBack(this.length - to)
    this.dropFront(from)
  }

  /** Move the last element to the front, or the first to the back, and fill `out` with it where it lies then. */
  rotate(fromBack: boolean, out: Range): boolean {
    if (!this.at(fromBack ? -1 : 0, out)) return false
    if (this.length > 1) {
      const memory = this.#memory
      const bytes = out.end - out.start
      // A copy aside, since pushing may move the node that the element is in.
      const aside = memory.block(ACCOUNT.overhead, bytes)
      try {
        const at = (aside & UNIT_MASK) << 3
        const slab = memory.u8[aside >>> SLAB_BITS]!
        out.buf.copy(slab, at, out.start, out.end)
        out.set(slab, at, at + bytes)
        if (fromBack) this.pushFront(out)
        else this.pushBack(out)
      } finally {
        memory.free(ACCOUNT.overhead, aside)
      }
      if (fromBack) this.dropBack(1)
      else this.dropFront(1)
    }
    return this.at(fromBack ? 0 : -1, out)
  }

  // ---- Writing in the middle.

  /** Put a value before the element at `index`, or at the end when index is the length. */
  insert(index: number, value: Range): void {
    if (index >= this.length) this.pushBack(value)
    else if (index <= 0) this.pushFront(value)
    else {
      this.#locate(index)
      this.#insertIn(this.#cursorNode, index - this.#foundStart, value)
    }
  }

  /** Put another value in the place of the element at `index`, which exists. */
  set(index: number, value: Range): void {
    this.#locate(index)
    const memory = this.#memory
    const node = this.#cursorNode
    const slab = memory.u8[node >>> SLAB_BITS]!
    const bytes = encodedBytes(value)
    const change = bytes - (elementEnd(slab, this.#cursorAt) - this.#cursorAt)
    const capacity = capacityOf(memory, node)
    // A large element that becomes small does not keep its large block.
    const stays = capacity <= NODE_BYTES || Memory.sizeFor(blockBytes(bytes, 1)) === capacity
    if (stays && change <= capacity - lastOf(memory, node)) {
      rewriteElement(memory, node, index - this.#foundStart, value, bytes, change)
      return
    }
    this.insert(index, value)
    this.removeRange(index + 1, index + 2)
  }

  /** Take out the elements with indexes in [from, to). */
  removeRange(from: number, to: number): void {
    for (let left = Math.min(to, this.length) - from; left > 0; ) {
      this.#locate(from)
      const node = this.#cursorNode
      const n = Math.min(left, this.#cursorLeft)
      const i = from - this.#foundStart
      if (n === countOf(this.#memory, node)) this.#unlink(node)
      else {
        removeElements(this.#memory, node, i, n)
        this.#tidy(node)
      }
      this.#addLength(-n)
      this.#foundNode = 0
      left -= n
    }
  }

  /** Take out the first `most` elements that hold `value`; the last ones if `backwards`. Returns how many. */
  remove(value: Range, most: number, backwards: boolean): number {
    const memory = this.#memory
    let removed = 0
    this.#foundNode = 0
    for (let node = this.#word(backwards ? 1 : 0); node !== 0 && removed < most; ) {
      const following = backwards ? previousOf(memory, node) : nextOf(memory, node)
      const spare = backwards ? Math.max(0, countMatches(memory, node, value) - (most - removed)) : 0
      const n = removeMatches(memory, node, value, spare, most - removed)
      if (n > 0) {
        removed += n
        this.#addLength(-n)
        if (countOf(memory, node) === 0) this.#unlink(node)
        // Joined with what was visited already, so that the walk need not look again.
        else this.#joinWith(node, backwards ? nextOf(memory, node) : previousOf(memory, node))
      }
      node = following
    }
    return removed
  }

  // ---- Whole lists.

  /**
   * Make a copy of the list at `root` and turn to it.
   * @throws ArenaFull with nothing left behind.
   */
  copy(root: Address): Address {
    const memory = this.#memory
    let node = this.bind(root).#word(0)
    const length = this.length
    const fresh = this.create()
    try {
      for (; node !== 0; node = nextOf(memory, node)) {
        const count = countOf(memory, node)
        const twin = this.#newNode(blockBytes(usedOf(memory, node), count), false, count)
        copyElements(memory, node, twin, 0)
        this.#link(twin, this.#word(1), 0)
      }
    } catch (error) {
      this.release(fresh)
      throw error
    }
    this.#setWord(2, length)
    return fresh
  }

  /** Free the whole list. */
  release(root: Address): void {
    while (!this.releaseStep(root, 1 << 20));
  }

  /** Free up to `budget` nodes of a list that nobody uses any more. True when all is gone. */
  releaseStep(root: Address, budget: number): boolean {
    this.bind(root)
    for (; budget > 0; budget--) {
      const node = this.#word(0)
      if (node === 0) {
        this.#memory.free(this.#account, root)
        this.#root = 0
        return true
      }
      this.#unlink(node)
    }
    return false
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

  #addLength(change: number): void {
    this.#setWord(2, this.#word(2) + change)
  }

  #addBytes(change: number): void {
    this.#memory.f64[this.#root >>> SLAB_BITS]![(this.#root & UNIT_MASK) + 2]! += change
  }

  // ---- Finding.

  /** Put the cursor on an element, coming from the head, the tail or the node found last, whichever is nearest. */
  #locate(index: number): boolean {
    const length = this.length
    if (index < 0 || index >= length) return false
    const memory = this.#memory
    let node = this.#foundNode
    let start = this.#foundStart
    const away = node === 0 ? length : Math.abs(index - start)
    if (Math.min(index, length - index) < away)
      if (index * 2 < length) {
        node = this.#word(0)
        start = 0
      } else {
        node = this.#word(1)
        start = length - countOf(memory, node)
      }
    while (index < start) {
      node = previousOf(memory, node)
      start -= countOf(memory, node)
    }
    let count = countOf(memory, node)
    while (index >= start + count) {
      start += count
      node = nextOf(memory, node)
      count = countOf(memory, node)
    }
    this.#foundNode = this.#cursorNode = node
    this.#foundStart = start
    this.#cursorLeft = start + count - index
    this.#cursorAt = ((node & UNIT_MASK) << 3) + offsetOf(memory, node, index - start)
    return true
  }

  /** Put the cursor before the first element of a node. */
  #enter(node: Address): void {
    this.#cursorNode = node
    this.#cursorLeft = countOf(this.#memory, node)
    this.#cursorAt = ((node & UNIT_MASK) << 3) + firstOf(this.#memory, node)
  }

  #findForwards(value: Range, from: number, most: number): number {
    const memory = this.#memory
    const end = Math.min(this.length, from + most)
    for (let index = from; ; ) {
      const slab = memory.u8[this.#cursorNode >>> SLAB_BITS]!
      const stop = Math.min(end, index + this.#cursorLeft)
      for (let at = this.#cursorAt; index < stop; index++) {
        if (elementIs(slab, at, value)) return index
        at = elementEnd(slab, at)
      }
      if (index >= end) return -1
      this.#enter(nextOf(memory, this.#cursorNode))
    }
  }

  #findBackwards(value: Range, from: number, most: number): number {
    const memory = this.#memory
    const group = this.#group
    const stop = Math.max(0, from + 1 - most)
    let node = this.#foundNode
    let start = this.#foundStart
    for (let index = from; ; ) {
      const slab = memory.u8[node >>> SLAB_BITS]!
      // Frames can only be read forwards, so the offsets of a few are noted and then taken from the last.
      while (index >= start && index >= stop) {
        const begin = Math.max(start, index - GROUP + 1)
        let at = ((node & UNIT_MASK) << 3) + offsetOf(memory, node, begin - start)
        for (let i = 0; i <= index - begin; i++) {
          group[i] = at
          at = elementEnd(slab, at)
        }
        for (; index >= begin && index >= stop; index--) if (elementIs(slab, group[index - begin]!, value)) return index
      }
      if (index < stop) return -1
      node = previousOf(memory, node)
      start -= countOf(memory, node)
    }
  }

  // ---- Placing.

  /** Put a value between two neighbouring nodes (0: the end of the list): into one of them, or into a new one. */
  #placeBetween(left: Address, right: Address, value: Range): void {
    const memory = this.#memory
    const bytes = encodedBytes(value)
    this.#foundNode = 0
    if (left !== 0) {
      const node = this.#roomBehind(left, bytes)
      if (node !== 0) {
        appendElement(memory, node, value, bytes)
        this.#addLength(1)
        return
      }
    }
    if (right !== 0) {
      const node = this.#roomBefore(right, bytes)
      if (node !== 0) {
        prependElement(memory, node, value, bytes)
        this.#addLength(1)
        return
      }
    }
    const fromEnd = left === 0 && right !== 0
    const node = this.#newNode(Math.max(blockBytes(bytes, 1), this.#newNodeBytes()), fromEnd, 1)
    if (fromEnd && capacityOf(memory, node) <= NODE_BYTES) prependElement(memory, node, value, bytes)
    else appendElement(memory, node, value, bytes)
    this.#link(node, left, right)
    this.#addLength(1)
    if (left !== 0) this.#fit(left)
    if (right !== 0) this.#fit(right)
  }

  /** The node with room for so many bytes behind its last element: this one, or the larger one that took its place; or 0. */
  #roomBehind(node: Address, bytes: number): Address {
    const memory = this.#memory
    const capacity = capacityOf(memory, node)
    if (capacity > NODE_BYTES) return 0
    if (hasRoomBehind(memory, node, bytes)) return node
    return this.#makeRoom(node, capacity, bytes, capacity - lastOf(memory, node) >= bytes, false)
  }

  /** The same before its first element. */
  #roomBefore(node: Address, bytes: number): Address {
    const memory = this.#memory
    const capacity = capacityOf(memory, node)
    if (capacity > NODE_BYTES) return 0
    if (hasRoomBefore(memory, node, bytes)) return node
    return this.#makeRoom(node, capacity, bytes, gapOf(memory, node) >= bytes, true)
  }

  /** Lay a node out again with room at one end. `enough` says that only the numbers of that end are used up. */
  #makeRoom(node: Address, capacity: number, bytes: number, enough: boolean, inFront: boolean): Address {
    const memory = this.#memory
    const used = usedOf(memory, node)
    if (!isCounted(memory, node)) {
      const spare = roomOf(memory, node) - used
      if (enough) {
        shiftNode(memory, node, gapOf(memory, node), inFront)
        return node
      }
      // A quarter of the block must be won, or else a queue at its brim would be moved at every push.
      if (spare >= bytes && spare * 4 >= capacity) {
        shiftNode(memory, node, inFront ? spare : 0, inFront)
        return node
      }
    }
    const wanted = blockBytes(used + bytes, countOf(memory, node) + 1)
    if (wanted > NODE_BYTES || capacity === NODE_BYTES) return 0
    return this.#relay(node, Math.min(NODE_BYTES, Math.max(wanted, capacity * 2)), inFront, 1)
  }

  /** Put the elements of a node into another block, at its begin or at its end, with numbers for `more`. Returns it. */
  #relay(node: Address, bytes: number, atEnd: boolean, more = 0): Address {
    const memory = this.#memory
    const fresh = this.#newNode(bytes, false, countOf(memory, node) + more)
    const spare = roomOf(memory, fresh) - usedOf(memory, node)
    copyElements(memory, node, fresh, atEnd ? spare : 0)
    const left = previousOf(memory, node)
    const right = nextOf(memory, node)
    this.#unlink(node)
    this.#link(fresh, left, right)
    return fresh
  }

  /** Put a value before element `i` of a node; `i` may be 0. */
  #insertIn(node: Address, i: number, value: Range): void {
    const memory = this.#memory
    if (i === 0) {
      this.#placeBetween(previousOf(memory, node), node, value)
      return
    }
    const bytes = encodedBytes(value)
    const used = usedOf(memory, node)
    this.#foundNode = 0
    const count = countOf(memory, node)
    if (blockBytes(used + bytes, count + 1) <= NODE_BYTES) {
      let target = node
      if (!hasRoomBehind(memory, node, bytes)) {
        if (roomOf(memory, node) >= used + bytes && !isCounted(memory, node)) shiftNode(memory, node, 0, false)
        else {
          const more = 1 + (count >> 2)
          const wanted = blockBytes(used + bytes + (used >> 2), count + more)
          if (wanted <= NODE_BYTES) target = this.#relay(node, wanted, false, more)
          else target = this.#relay(node, NODE_BYTES, false, 1)
        }
      }
      insertElement(memory, target, i, value, bytes)
      this.#addLength(1)
      return
    }
    const right = this.#newNode(blockBytes(usedBehind(memory, node, i), count - i), false, count - i)
    splitNode(memory, node, i, right)
    this.#link(right, node, nextOf(memory, node))
    this.#placeBetween(node, right, value)
  }

  // ---- Nodes.

  /** A short list's node grows by doubling; that of a long list is whole at once, which is at most a sixteenth more. */
  #newNodeBytes(): number {
    return Math.min(NODE_BYTES, Math.max(FIRST_NODE_BYTES, this.sizeBytes >>> 4))
  }

  /** A node in a block of so many bytes, which has numbers for `count` elements at least. */
  #newNode(bytes: number, fromEnd: boolean, count: number): Address {
    const node = this.#memory.block(this.#account, bytes)
    const capacity = Memory.sizeFor(bytes)
    initNode(this.#memory, node, capacity, this.epoch, fromEnd, count)
    this.#addBytes(capacity)
    return node
  }

  #link(node: Address, left: Address, right: Address): void {
    const memory = this.#memory
    setPrevious(memory, node, left)
    setNext(memory, node, right)
    if (left === 0) this.#setWord(0, node)
    else setNext(memory, left, node)
    if (right === 0) this.#setWord(1, node)
    else setPrevious(memory, right, node)
  }

  /** Take a node out of the chain and free it. */
  #unlink(node: Address): void {
    const memory = this.#memory
    const left = previousOf(memory, node)
    const right = nextOf(memory, node)
    if (left === 0) this.#setWord(0, right)
    else setNext(memory, left, right)
    if (right === 0) this.#setWord(1, left)
    else setPrevious(memory, right, left)
    this.#addBytes(-capacityOf(memory, node))
    if (memory.guard !== null) memory.guard.block(node)
    memory.free(this.#account, node)
  }

  /** Give back what a node has left over, if that is a class of size and there is memory to do it. */
  #fit(node: Address): void {
    const memory = this.#memory
    const bytes = blockBytes(usedOf(memory, node), countOf(memory, node))
    if (Memory.sizeFor(bytes) >= capacityOf(memory, node)) return
    this.#unlessFull(() => this.#relay(node, bytes, false))
  }

  /** A node has lost elements: join it with a neighbour if both are sparse. */
  #tidy(node: Address): void {
    const memory = this.#memory
    if (usedOf(memory, node) * 4 > NODE_BYTES) return
    if (!this.#joinWith(node, nextOf(memory, node))) this.#joinWith(node, previousOf(memory, node))
  }

  /** Join two neighbours if both are well below one node. Returns whether it did. */
  #joinWith(node: Address, other: Address): boolean {
    const memory = this.#memory
    if (other === 0) return false
    const bytes = usedOf(memory, node) + usedOf(memory, other)
    const count = countOf(memory, node) + countOf(memory, other)
    const wanted = blockBytes(bytes, count)
    if (bytes * 4 > NODE_BYTES * 3 || wanted > NODE_BYTES) return false
    const otherIsLeft = previousOf(memory, node) === other
    const left = otherIsLeft ? other : node
    const right = otherIsLeft ? node : other
    return this.#unlessFull(() => {
      const joined = this.#relay(left, wanted, false, countOf(memory, right))
      joinNodes(memory, joined, right)
      this.#unlink(right)
    })
  }

  /** Do what only saves room; without memory for it, leave things as they are. */
  #unlessFull(act: () => void): boolean {
    try {
      act()
      return true
    } catch (error) {
      if (error instanceof ArenaFull) return false
      throw error
    }
  }
}

/** Bytes of a node's elements from `i` on. */
function usedBehind(memory: Memory, node: Address, i: number): number {
  return lastOf(memory, node) - offsetOf(memory, node, i)
}
