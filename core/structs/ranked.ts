/* Ranked -- the order of a sorted set: who is 17th, and who scores between 10 and 20?
 *
 * A tree of chunks. The leaves hold the entries in order, up to 255 in each: their scores side by side, and beside
 * those the addresses of the members' records (the members themselves live in the Dict of the sorted set). Inner nodes know,
 * for each child, its lowest entry and how many entries lie below it:
 *
 *                         child   A     B     C
 *                         low    1.0   4.5   9.0
 *                         count    3     2     3                   rank of (9.5, fay): 3 + 2 + 1 = 6
 *                        /             |             \
 *      1.0  2.0  3.0           4.5  6.0           9.0  9.5  9.5
 *      ada  bob  cy            dan  eve           fay  fay' gus     9.5 twice: the members' bytes decide
 *
 * Finding an entry is a binary search per level; summing the counts to the left of the path gives its rank, and
 * subtracting them from a rank leads to its entry. With 255 entries in a leaf and 127 children in a node, a million members
 * are three levels and ten million four.
 *
 *   insert, remove, rank, at, bounds  O(log n)      next, previous  O(1), O(log n) at the end of a leaf
 *   append  O(levels)     fill  O(1) an entry        removeRange     O(k/255 log n)
 *
 * One object serves every sorted set of a server in turn: `bind(root)` points it at one. The root is a block that does not
 * move, 16 bytes: the top node, the number of entries, the height with the snapshot epoch, and the bytes of all nodes.
 *
 * Invariants: entries ascend by (score, member bytes) from left to right; `low` of a child is exactly its first entry and
 * `count` exactly the entries below it; no node is empty (an empty tree has no node); every write that throws ArenaFull
 * leaves the entries as they were.
 *
 * Full nodes are split on the way down, so a split never climbs. At either end of the tree the split leaves the old leaf
 * full: loading in order packs the leaves. A leaf less than a quarter full is merged with a neighbour if that leaves room.
 *
 * Left out: links between leaves (the cursor descends again each 255 entries instead, and a node has one owner, which is what
 * copying nodes during a snapshot asks for), and bytes of members in the nodes (ties cost a look at the record).
 *
 * Source: counted B+ trees, as in Tatham, "Counted B-Trees"; measured against a skip list of objects in bench/structs. */

import { NO_BYTES, type Range } from '../base/bytes.ts'
import { ACCOUNT, type Account, type Address, ArenaFull, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import {
  addCount,
  capacity,
  childAt,
  compareMember,
  copyChildren,
  copyEntries,
  countAt,
  INNER_MAX,
  initNode,
  innerBytes,
  innerSlot,
  insertChild,
  insertEntry,
  LEAF_MAX,
  leafBytes,
  leafSlot,
  lowRecordAt,
  recordAt,
  removeChild,
  removeEntries,
  scoreAt,
  setChild,
  setLow,
  setRecord,
  setScore,
  setUsed,
  slotOfMember,
  slotOfRank,
  slotOfScore,
  sumCounts,
  used,
  writeEntries,
} from './ranked-node.ts'

const ROOT_BYTES = 16
/** More levels than 127-way nodes can have in 32-bit counts. */
const LEVELS_MAX = 12
const FIRST_CAPACITY = 8

/** A flyweight over the sorted-set trees of one memory. Its cursor is valid until the next write to the tree. */
export class Ranked {
  /** Written into the header of every node made from now on. */
  epoch = 0
  /** Score of the entry under the cursor. */
  score = 0
  /** Record of the entry under the cursor. */
  record: Address = 0
  /** Rank of the entry under the cursor. */
  position = 0

  readonly #memory: Memory
  readonly #account: Account
  #root: Address = 0
  #cursorLeaf: Address = 0
  #cursorSlot = 0
  #cursorUsed = 0
  /** The way from the top to a leaf: nodes, and the slot taken in each. */
  readonly #pathNode = new Int32Array(LEVELS_MAX)
  readonly #pathSlot = new Int32Array(LEVELS_MAX)
  /** Bytes of the record that is being sought; set by #aim. */
  #memberBuf: Buffer
  #memberFrom = 0
  #memberTo = 0

  constructor(memory: Memory, account: Account = ACCOUNT.dataset) {
    this.#memory = memory
    this.#account = account
    this.#memberBuf = NO_BYTES
  }

  /** Turn to the tree at `root`. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    return this
  }

  /** Make an empty tree and turn to it. */
  create(): Address {
    const root = this.#memory.block(this.#account, ROOT_BYTES)
    const words = this.#memory.i32[root >>> SLAB_BITS]!
    const at = (root & UNIT_MASK) << 1
    words[at] = words[at + 1] = words[at + 3] = 0
    words[at + 2] = this.epoch << 24
    this.#root = root
    return root
  }

  /** How many entries there are. */
  get length(): number {
    return this.#word(1)
  }

  /** Bytes that the tree holds, without the members' records. */
  get sizeBytes(): number {
    return ROOT_BYTES + (this.#word(3) >>> 0)
  }

  /** Add an entry that is not there yet. */
  insert(score: number, record: Address): void {
    this.#aim(record)
    this.#add(score, record, false)
  }

  /** Add an entry that comes after all others: cheaper than insert, and leaves full leaves behind. */
  append(score: number, record: Address): void {
    this.#add(score, record, true)
  }

  /**
   * Fill an empty tree with entries that are in order already: their leaves are packed full, then the nodes above them.
   * @throws ArenaFull with the tree empty.
   */
  fill(scores: Float64Array, records: Int32Array, count: number): void {
    const made: Address[] = []
    try {
      for (let at = 0; at < count; at += LEAF_MAX) {
        const n = Math.min(LEAF_MAX, count - at)
        const leaf = this.#newNode(leafBytes(n), 0)
        made.push(leaf)
        writeEntries(this.#memory, leaf, scores, records, at, n)
      }
      this.#raiseLevels(made)
    } catch (error) {
      for (const node of made) this.#freeNode(node)
      throw error
    }
    this.#setWord(1, count)
  }

  /** Put levels of inner nodes above nodes that lie side by side, up to the top; they are added to `made`. */
  #raiseLevels(made: Address[]): void {
    const memory = this.#memory
    let from = 0
    let height = 0
    for (let to = made.length; to - from > 1; to = made.length) {
      height++
      for (let at = from; at < to; at += INNER_MAX) {
        const n = Math.min(INNER_MAX, to - at)
        const inner = this.#newNode(innerBytes(grownCapacity(n, INNER_MAX)), height)
        made.push(inner)
        for (let i = 0; i < n; i++) {
          const child = made[at + i]!
          const isLeaf = height === 1
          const entries = isLeaf ? used(memory, child) : sumCounts(memory, child, 0, used(memory, child))
          const low = isLeaf ? recordAt(memory, child, 0) : lowRecordAt(memory, child, 0)
          insertChild(memory, inner, i, child, entries, scoreAt(memory, child, 0), low)
        }
      }
      from = to
    }
    this.#setWord(0, made.at(-1) ?? 0)
    this.#setHeight(height)
  }

  /** Take an entry out. False when it is not there. Never fails for want of memory. */
  remove(score: number, record: Address): boolean {
    this.#aim(record)
    const slot = this.#find(score, record)
    if (slot < 0) return false
    this.#removeAt(slot, 1)
    return true
  }

  /** Take the entries of the ranks in [from, to) out. */
  removeRange(from: number, to: number): void {
    for (let left = to - from; left > 0; ) {
      const slot = this.#descend(from)
      const k = Math.min(left, used(this.#memory, this.#pathNode[this.#height]!) - slot)
      this.#removeAt(slot, k)
      left -= k
    }
  }

  /**
   * Give an entry another score.
   * @throws ArenaFull with the old score in place.
   */
  rescore(oldScore: number, record: Address, score: number): boolean {
    this.#aim(record)
    const slot = this.#find(oldScore, record)
    if (slot < 0) return false
    if (score === oldScore) return true
    const leaf = this.#pathNode[this.#height]!
    if (this.#fitsBetween(leaf, slot, score)) {
      setScore(this.#memory, leaf, slot, score)
      return true
    }
    this.#add(score, record, false)
    this.#removeAt(this.#find(oldScore, record), 1)
    return true
  }

  /** Rank of an entry, or -1. */
  rank(score: number, record: Address): number {
    this.#aim(record)
    const slot = this.#find(score, record)
    if (slot < 0) return -1
    let rank = slot
    for (let depth = this.#height - 1; depth >= 0; depth--)
      rank += sumCounts(this.#memory, this.#pathNode[depth]!, 0, this.#pathSlot[depth]!)
    return rank
  }

  /** How many entries score less than `score`; also those at it, when `after`. So the rank where such a range begins. */
  scoreBound(score: number, after: boolean): number {
    const memory = this.#memory
    let node = this.#word(0)
    if (node === 0) return 0
    let rank = 0
    for (let level = this.#height; level > 0; level--) {
      const slot = slotOfScore(memory, node, 1, score, after) - 1
      rank += sumCounts(memory, node, 0, slot)
      node = childAt(memory, node, slot)
    }
    const slot = slotOfScore(memory, node, 0, score, after)
    this.#point(node, slot, rank + slot)
    return rank + slot
  }

  /** As scoreBound by the members' bytes, for a set whose scores are all equal. */
  memberBound(member: Range, after: boolean): number {
    const memory = this.#memory
    let node = this.#word(0)
    if (node === 0) return 0
    let rank = 0
    for (let level = this.#height; level > 0; level--) {
      const slot = slotOfMember(memory, node, 1, member.buf, member.start, member.end, after) - 1
      rank += sumCounts(memory, node, 0, slot)
      node = childAt(memory, node, slot)
    }
    const slot = slotOfMember(memory, node, 0, member.buf, member.start, member.end, after)
    this.#point(node, slot, rank + slot)
    return rank + slot
  }

  /** Put the cursor on the first entry that scores `score` or more (more, when `after`). False when there is none. */
  seekScore(score: number, after: boolean): boolean {
    return this.#settle(this.scoreBound(score, after))
  }

  /** As seekScore by the members' bytes, for a set whose scores are all equal. */
  seekMember(member: Range, after: boolean): boolean {
    return this.#settle(this.memberBound(member, after))
  }

  /** Put the cursor on the entry of a rank. False when there is none. */
  at(rank: number): boolean {
    if (rank < 0 || rank >= this.length) return false
    const memory = this.#memory
    let node = this.#word(0)
    let rest = rank
    for (let level = this.#height; level > 0; level--) {
      const slot = slotOfRank(memory, node, rest)
      rest -= sumCounts(memory, node, 0, slot)
      node = childAt(memory, node, slot)
    }
    this.#point(node, rest, rank)
    this.#load()
    return true
  }

  /** Move the cursor to the next higher entry. False at the end, with the cursor left there. */
  next(): boolean {
    if (this.#cursorSlot + 1 >= this.#cursorUsed) return this.at(this.position + 1)
    this.#cursorSlot++
    this.position++
    this.#load()
    return true
  }

  /** Move the cursor to the next lower entry. False at the beginning, with the cursor left there. */
  previous(): boolean {
    if (this.#cursorSlot === 0) return this.at(this.position - 1)
    this.#cursorSlot--
    this.position--
    this.#load()
    return true
  }

  /** A record has moved: name its new address, which holds the same member. The old one is not read. False if not found. */
  updateRecordAddress(score: number, old: Address, record: Address): boolean {
    this.#aim(record)
    const slot = this.#find(score, old)
    if (slot < 0) return false
    const height = this.#height
    setRecord(this.#memory, this.#pathNode[height]!, slot, record)
    if (slot === 0) this.#lower(height)
    return true
  }

  /**
   * Make a copy of the tree at `root`, leaves packed full, and turn to it; `moved` gives the address of each record's copy.
   * @throws ArenaFull with nothing left behind.
   */
  copy(root: Address, moved: (record: Address) => Address = same): Address {
    const fresh = this.create()
    try {
      let more = this.bind(root).at(0)
      while (more) {
        this.bind(fresh).append(this.score, moved(this.record))
        more = this.bind(root).next()
      }
    } catch (error) {
      this.release(fresh)
      throw error
    }
    this.#root = fresh
    return fresh
  }

  /** Free the whole tree. The members' records are the caller's. */
  release(root: Address): void {
    while (!this.releaseStep(root, 1 << 20));
  }

  /** Free up to `budget` nodes of a tree that nobody uses any more. True when all is gone. */
  releaseStep(root: Address, budget: number): boolean {
    const memory = this.#memory
    this.#root = root
    for (; budget > 0; budget--) {
      let node = this.#word(0)
      if (node === 0) {
        memory.free(this.#account, root)
        this.#root = 0
        return true
      }
      let parent: Address = 0
      for (let level = this.#height; level > 0 && used(memory, node) > 0; level--) {
        parent = node
        node = childAt(memory, node, used(memory, node) - 1)
      }
      if (parent === 0) this.#setWord(0, 0)
      else setUsed(memory, parent, used(memory, parent) - 1)
      this.#freeNode(node)
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

  get #height(): number {
    return this.#word(2) & 0xff
  }

  #setHeight(height: number): void {
    this.#setWord(2, (this.#word(2) & ~0xff) | height)
  }

  #point(leaf: Address, slot: number, rank: number): void {
    this.#cursorLeaf = leaf
    this.#cursorSlot = slot
    this.#cursorUsed = used(this.#memory, leaf)
    this.position = rank
  }

  /** Read the entry that a search pointed at; it may be the first one of the next leaf. */
  #settle(rank: number): boolean {
    if (rank >= this.length) return false
    if (this.#cursorSlot >= this.#cursorUsed) return this.at(rank)
    this.#load()
    return true
  }

  #load(): void {
    this.score = scoreAt(this.#memory, this.#cursorLeaf, this.#cursorSlot)
    this.record = recordAt(this.#memory, this.#cursorLeaf, this.#cursorSlot)
  }

  // ---- Finding.

  /** Remember where the member's bytes lie. */
  #aim(record: Address): void {
    const slab = this.#memory.u8[record >>> SLAB_BITS]!
    let from = ((record & UNIT_MASK) << 3) + 16
    let length = slab[from - 12]!
    if (length === 255) {
      length = this.#memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + 4]!
      from += 4
    }
    this.#memberBuf = slab
    this.#memberFrom = from
    this.#memberTo = from + length
  }

  /** Note the way to an entry and return its slot in the leaf, or -1. */
  #find(score: number, record: Address): number {
    const memory = this.#memory
    const buf = this.#memberBuf
    const from = this.#memberFrom
    const to = this.#memberTo
    const height = this.#height
    let node = this.#word(0)
    if (node === 0) return -1
    for (let depth = 0; depth < height; depth++) {
      const slot = innerSlot(memory, node, score, buf, from, to, record)
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      node = childAt(memory, node, slot)
    }
    this.#pathNode[height] = node
    const slot = leafSlot(memory, node, score, buf, from, to, record)
    return slot < used(memory, node) && recordAt(memory, node, slot) === record ? slot : -1
  }

  /** Note the way to a rank, which exists, and return its slot in the leaf. */
  #descend(rank: number): number {
    const memory = this.#memory
    const height = this.#height
    let node = this.#word(0)
    for (let depth = 0; depth < height; depth++) {
      const slot = slotOfRank(memory, node, rank)
      rank -= sumCounts(memory, node, 0, slot)
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      node = childAt(memory, node, slot)
    }
    this.#pathNode[height] = node
    return rank
  }

  /** Whether the entry may take this score and stay in its slot. The ends of a leaf answer no: their neighbours are elsewhere. */
  #fitsBetween(leaf: Address, slot: number, score: number): boolean {
    const memory = this.#memory
    if (slot === 0 || slot + 1 >= used(memory, leaf)) return false
    const before = scoreAt(memory, leaf, slot - 1)
    const after = scoreAt(memory, leaf, slot + 1)
    if (before < score && score < after) return true
    return (
      (before < score || (before === score && this.#compare(recordAt(memory, leaf, slot - 1)) < 0)) &&
      (after > score || (after === score && this.#compare(recordAt(memory, leaf, slot + 1)) > 0))
    )
  }

  #compare(record: Address): number {
    return compareMember(this.#memory, record, this.#memberBuf, this.#memberFrom, this.#memberTo)
  }

  // ---- Adding.

  #add(score: number, record: Address, last: boolean): void {
    const memory = this.#memory
    const buf = this.#memberBuf
    const from = this.#memberFrom
    const to = this.#memberTo
    let node = this.#openTop()
    const height = this.#height
    let leftmost = true
    let rightmost = true
    for (let depth = 0; depth < height; depth++) {
      let slot = last ? used(memory, node) - 1 : innerSlot(memory, node, score, buf, from, to, 0)
      this.#pathNode[depth] = node
      this.#pathSlot[depth] = slot
      leftmost = leftmost && slot === 0
      rightmost = rightmost && slot === used(memory, node) - 1
      if (depth + 1 < height && used(memory, childAt(memory, node, slot)) === INNER_MAX) {
        node = this.#splitInner(depth, rightmost ? INNER_MAX - 1 : leftmost ? 1 : INNER_MAX >> 1)
        slot = last ? used(memory, node) - 1 : innerSlot(memory, node, score, buf, from, to, 0)
        this.#pathSlot[depth] = slot
        leftmost = leftmost && slot === 0
        rightmost = rightmost && slot === used(memory, node) - 1
      }
      node = childAt(memory, node, slot)
    }
    this.#pathNode[height] = node
    const n = used(memory, node)
    let slot = last ? n : leafSlot(memory, node, score, buf, from, to, 0)
    if (n === LEAF_MAX)
      slot = this.#splitLeaf(height, slot, rightmost && slot === n ? n : leftmost && slot === 0 ? 0 : n >> 1)
    const leaf = this.#roomInLeaf(height)
    insertEntry(memory, leaf, slot, score, record)
    for (let depth = 0; depth < height; depth++) addCount(memory, this.#pathNode[depth]!, this.#pathSlot[depth]!, 1)
    if (slot === 0) this.#lower(height)
    this.#setWord(1, this.#word(1) + 1)
  }

  /** The top node, made if there is none, and with a parent if it is full: then every split has a place to go. */
  #openTop(): Address {
    const memory = this.#memory
    const top = this.#word(0)
    if (top === 0) {
      const leaf = this.#newNode(leafBytes(FIRST_CAPACITY), 0)
      this.#setWord(0, leaf)
      return leaf
    }
    const height = this.#height
    if (used(memory, top) < (height === 0 ? LEAF_MAX : INNER_MAX)) return top
    const lowRecord = height === 0 ? recordAt(memory, top, 0) : lowRecordAt(memory, top, 0)
    const parent = this.#newNode(innerBytes(FIRST_CAPACITY), height + 1)
    insertChild(memory, parent, 0, top, this.#word(1), scoreAt(memory, top, 0), lowRecord)
    this.#setWord(0, parent)
    this.#setHeight(height + 1)
    return parent
  }

  /** Split the full inner node that the path enters below `depth`, keeping `keep` children. Returns the node at `depth`. */
  #splitInner(depth: number, keep: number): Address {
    const memory = this.#memory
    const parent = this.#roomInInner(depth)
    const slot = this.#pathSlot[depth]!
    const child = childAt(memory, parent, slot)
    const n = used(memory, child)
    const right = this.#newNode(innerBytes(grownCapacity(n - keep, INNER_MAX)), this.#height - depth - 1)
    copyChildren(memory, child, keep, n - keep, right, 0)
    const moved = sumCounts(memory, child, keep, n)
    setUsed(memory, child, keep)
    addCount(memory, parent, slot, -moved)
    insertChild(memory, parent, slot + 1, right, moved, scoreAt(memory, right, 0), lowRecordAt(memory, right, 0))
    return parent
  }

  /**
   * Split the full leaf of the path, keeping `keep` entries, and let the path lead to the half where `slot` now is.
   * Returns the slot there. The half that takes the new entry may be empty for the moment.
   */
  #splitLeaf(depth: number, slot: number, keep: number): number {
    const memory = this.#memory
    const parent = this.#roomInInner(depth - 1)
    const parentSlot = this.#pathSlot[depth - 1]!
    const leaf = this.#pathNode[depth]!
    const n = used(memory, leaf)
    const right = this.#newNode(leafBytes(grownCapacity(n - keep, LEAF_MAX)), 0)
    copyEntries(memory, leaf, keep, n - keep, right, 0)
    setUsed(memory, leaf, keep)
    addCount(memory, parent, parentSlot, keep - n)
    // An empty half borrows the low of its neighbour until #lower writes its own.
    const low = keep < n ? right : leaf
    const lowSlot = keep < n ? 0 : n - 1
    insertChild(
      memory,
      parent,
      parentSlot + 1,
      right,
      n - keep,
      scoreAt(memory, low, lowSlot),
      recordAt(memory, low, lowSlot),
    )
    if (keep < n) this.#shrinkLeaf(depth)
    if (slot < keep || keep === 0 || (slot === keep && keep < n)) return slot
    this.#pathSlot[depth - 1] = parentSlot + 1
    this.#pathNode[depth] = right
    return slot - keep
  }

  /** Make sure that the inner node at `depth` can take a child more. Returns it: it may have moved. */
  #roomInInner(depth: number): Address {
    const memory = this.#memory
    const inner = this.#pathNode[depth]!
    const n = used(memory, inner)
    if (n < capacity(memory, inner)) return inner
    const larger = this.#newNode(innerBytes(grownCapacity(n, INNER_MAX)), this.#height - depth)
    copyChildren(memory, inner, 0, n, larger, 0)
    this.#replace(depth, larger)
    return larger
  }

  #roomInLeaf(depth: number): Address {
    const memory = this.#memory
    const leaf = this.#pathNode[depth]!
    const n = used(memory, leaf)
    if (n < capacity(memory, leaf)) return leaf
    const larger = this.#newNode(leafBytes(grownCapacity(n, LEAF_MAX)), 0)
    copyEntries(memory, leaf, 0, n, larger, 0)
    this.#replace(depth, larger)
    return larger
  }

  // ---- Removing.

  /** Take `k` entries out of the leaf of the path. */
  #removeAt(slot: number, k: number): void {
    const memory = this.#memory
    const height = this.#height
    const leaf = this.#pathNode[height]!
    removeEntries(memory, leaf, slot, k)
    for (let depth = 0; depth < height; depth++) addCount(memory, this.#pathNode[depth]!, this.#pathSlot[depth]!, -k)
    this.#setWord(1, this.#word(1) - k)
    const n = used(memory, leaf)
    if (n === 0) {
      this.#dropNode(height)
      return
    }
    if (slot === 0) this.#lower(height)
    if (n * 4 > LEAF_MAX || !this.#mergeLeaf(height)) if (n * 2 < capacity(memory, leaf)) this.#shrinkLeaf(height)
  }

  /** Free the empty node at `depth`, and the parents that are left without a child. */
  #dropNode(depth: number): void {
    this.#freeNode(this.#pathNode[depth]!)
    if (depth > 0) this.#dropChild(depth - 1)
    else {
      this.#setWord(0, 0)
      this.#setHeight(0)
    }
  }

  /** Take the child of the path out of the inner node at `depth`, and see that this node stays in shape. */
  #dropChild(depth: number): void {
    const memory = this.#memory
    const inner = this.#pathNode[depth]!
    const slot = this.#pathSlot[depth]!
    removeChild(memory, inner, slot)
    const n = used(memory, inner)
    if (n === 0) {
      this.#dropNode(depth)
      return
    }
    if (slot === 0) this.#lower(depth)
    if (depth > 0) {
      if (n * 4 <= INNER_MAX) this.#mergeInner(depth)
      return
    }
    // A top with one child is a level too many.
    for (let height = this.#height; height > 0; height--) {
      const top = this.#word(0)
      if (used(memory, top) > 1) break
      this.#setWord(0, childAt(memory, top, 0))
      this.#setHeight(height - 1)
      this.#freeNode(top)
    }
  }

  /** Join the leaf of the path with a neighbour if both fill at most three quarters. Returns whether it did. */
  #mergeLeaf(depth: number): boolean {
    if (depth === 0) return false
    const memory = this.#memory
    const parent = this.#pathNode[depth - 1]!
    const slot = this.#pathSlot[depth - 1]!
    const rightSlot = slot + 1 < used(memory, parent) ? slot + 1 : slot
    if (rightSlot === 0) return false
    let left = childAt(memory, parent, rightSlot - 1)
    const right = childAt(memory, parent, rightSlot)
    const n = used(memory, left)
    const sum = n + used(memory, right)
    if (sum * 4 > LEAF_MAX * 3) return false
    this.#pathSlot[depth - 1] = rightSlot - 1
    this.#pathNode[depth] = left
    if (sum > capacity(memory, left)) {
      const larger = this.#tryNode(leafBytes(sum), 0)
      if (larger === 0) return false
      copyEntries(memory, left, 0, n, larger, 0)
      this.#replace(depth, larger)
      left = larger
    }
    copyEntries(memory, right, 0, sum - n, left, n)
    addCount(memory, parent, rightSlot - 1, sum - n)
    this.#freeNode(right)
    this.#pathSlot[depth - 1] = rightSlot
    this.#dropChild(depth - 1)
    return true
  }

  #mergeInner(depth: number): void {
    const memory = this.#memory
    const parent = this.#pathNode[depth - 1]!
    const slot = this.#pathSlot[depth - 1]!
    const rightSlot = slot + 1 < used(memory, parent) ? slot + 1 : slot
    if (rightSlot === 0) return
    let left = childAt(memory, parent, rightSlot - 1)
    const right = childAt(memory, parent, rightSlot)
    const n = used(memory, left)
    const sum = n + used(memory, right)
    if (sum * 4 > INNER_MAX * 3) return
    this.#pathSlot[depth - 1] = rightSlot - 1
    this.#pathNode[depth] = left
    if (sum > capacity(memory, left)) {
      const larger = this.#tryNode(innerBytes(sum), this.#height - depth)
      if (larger === 0) return
      copyChildren(memory, left, 0, n, larger, 0)
      this.#replace(depth, larger)
      left = larger
    }
    copyChildren(memory, right, 0, sum - n, left, n)
    addCount(memory, parent, rightSlot - 1, countAt(memory, parent, rightSlot))
    this.#freeNode(right)
    this.#pathSlot[depth - 1] = rightSlot
    this.#dropChild(depth - 1)
  }

  /** Give the leaf of the path a block that fits it, if there is memory for one. */
  #shrinkLeaf(depth: number): void {
    const memory = this.#memory
    const leaf = this.#pathNode[depth]!
    const n = used(memory, leaf)
    const wanted = grownCapacity(n, LEAF_MAX)
    if (wanted * 5 > capacity(memory, leaf) * 4) return
    const smaller = this.#tryNode(leafBytes(wanted), 0)
    if (smaller === 0) return
    copyEntries(memory, leaf, 0, n, smaller, 0)
    this.#replace(depth, smaller)
  }

  // ---- Nodes.

  /** The first entry of the path's node at `depth` is another now: tell the nodes above that name it. */
  #lower(depth: number): void {
    const memory = this.#memory
    const node = this.#pathNode[depth]!
    const score = scoreAt(memory, node, 0)
    const record = depth === this.#height ? recordAt(memory, node, 0) : lowRecordAt(memory, node, 0)
    for (let d = depth - 1; d >= 0; d--) {
      setLow(memory, this.#pathNode[d]!, this.#pathSlot[d]!, score, record)
      if (this.#pathSlot[d] !== 0) break
    }
  }

  /** Put another block in the place of the path's node at `depth`, and free the old one. */
  #replace(depth: number, node: Address): void {
    this.#freeNode(this.#pathNode[depth]!)
    this.#pathNode[depth] = node
    if (depth === 0) this.#setWord(0, node)
    else setChild(this.#memory, this.#pathNode[depth - 1]!, this.#pathSlot[depth - 1]!, node)
  }

  #newNode(bytes: number, level: number): Address {
    const node = this.#memory.block(this.#account, bytes)
    initNode(this.#memory, node, bytes, level, this.epoch)
    this.#setWord(3, this.#word(3) + this.#memory.sizeOf(node))
    return node
  }

  /** A node, or 0 when memory is short: what only saves room must not fail for want of it. */
  #tryNode(bytes: number, level: number): Address {
    try {
      return this.#newNode(bytes, level)
    } catch (error) {
      if (error instanceof ArenaFull) return 0
      throw error
    }
  }

  #freeNode(node: Address): void {
    this.#setWord(3, this.#word(3) - this.#memory.sizeOf(node))
    this.#memory.free(this.#account, node)
  }
}

/** Capacity to ask for when `n` must fit with room to grow: about a quarter, as size classes are spaced. */
function grownCapacity(n: number, most: number): number {
  return Math.min(most, n + Math.max(FIRST_CAPACITY, n >> 2))
}

function same(record: Address): Address {
  return record
}
