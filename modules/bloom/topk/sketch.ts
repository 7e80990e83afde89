/* Top-K -- the k items that came most often, found in one pass.
 *
 * HeavyKeeper (J. Gong et al., "HeavyKeeper: an accurate algorithm for finding top-k elephant flows", USENIX ATC 2018): `depth`
 * rows of `width` cells, each cell a fingerprint and a count. An item that meets its own fingerprint counts up; one that
 * meets a stranger wears it down, with a probability that falls exponentially with the stranger's count, and takes
 * over the cell when the count is zero:
 *
 *      cell        item comes     decay d            cell
 *      (fp a, 3)   a              count up           (fp a, 4)
 *      (fp a, 3)   b              with d^3, down     (fp a, 2), or still (fp a, 3)
 *      (fp a, 1)   b              with d^1, taken    (fp b, 1)
 *
 * So small items fade and heavy ones stay. The greatest count over the rows is the item's; those with the k greatest
 * are kept by name in a min-heap, whose least is at the front to be pushed out.
 *
 * Error bound: a count is never too high, but for items with equal 32-bit fingerprints; it is short of the truth n by
 * more than e·N (N: all counts) with probability at most 1 / (e · width · n · (1/d - 1)) a row.
 *
 *   add: O(depth · least of increment and count + k)    query, count: O(depth + k)    list: O(k log k)
 *
 * Layout: a root with the table of decay powers, a block of cells, a block of heap entries and one block a name.
 *
 *      root    k | width | depth | cells address | decay f64 | heap address | unused | decay^0 .. decay^255 (f64)
 *      cell    fingerprint | count                    entry    fingerprint | count | name address | name length
 *
 * Hashes (MurmurHash2: row i by seed i, fingerprints by seed 1919) and the order of the heap agree with RedisBloom. With a decay
 * of 1 nothing is left to chance.
 *
 * Invariant: an entry without a name has count 0. That no count is below its parent's holds only while no listed item is worn
 * down by strangers: its entry takes the lower count and stays, as in the real module, so the front may miss the least.
 *
 * Left out: an index over the names. k is small, and one pass over the fingerprints is cheaper than a table. */
import {
  ACCOUNT,
  type Address,
  ArenaFull,
  copyBytes,
  type Memory,
  type Range,
  sameBytes,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { cellOf, MIXED_LENGTH, mixWords, murmur2Four } from '../hash.ts'
import { RootLens } from '../lens.ts'

/** A source of uniform words, 0 to 2^32 - 1. */
export interface Chance {
  u32(): number
}

/** The most rows: an operation walks them all. */
export const DEPTH_MAX = 1024
/** The most bytes of cells or of heap entries: the largest buffer that every supported Node can address. */
const BLOCK_MAX = 2 ** 32 - 8
const COUNT_MAX = 0xffffffff
const TWO_32 = 4294967296

const DECAYS = 256
const ROOT_BYTES = 32 + DECAYS * 8
const CELL_BYTES = 8
const ENTRY_BYTES = 16
const FINGERPRINT_SEED = 1919
const NUL = Buffer.from([0])

/** Whether a sketch of that size can be. */
export function validTopK(k: number, width: number, depth: number): boolean {
  return k >= 1 && k * ENTRY_BYTES <= BLOCK_MAX && depth <= DEPTH_MAX && width * depth * CELL_BYTES <= BLOCK_MAX
}

/** What `add` found: nobody was pushed out, or somebody was, whose name is in `pushedOut`; or there was no room. */
export const TOPK = { NOBODY: 0, PUSHED_OUT: 1, NO_ROOM: -1 } as const
export type TopKOutcome = (typeof TOPK)[keyof typeof TOPK]

/** A view of one sketch at a time: `at` points it to another. One a server, kept by the module. */
export class TopK {
  readonly #memory: Memory
  readonly #root: RootLens
  readonly #chance: Chance
  readonly #mixed = new Int32Array(MIXED_LENGTH)
  /** Hashes of the item at hand: its fingerprint and those of its first rows, then four rows at a time. */
  readonly #hashes = new Int32Array(4)
  #pushedOut: Address = 0
  #pushedOutLength = 0

  constructor(memory: Memory, chance: Chance) {
    this.#memory = memory
    this.#root = new RootLens(memory)
    this.#chance = chance
  }

  /** Look at the sketch whose root is there. Returns itself. */
  at(root: Address): this {
    this.#root.at(root)
    return this
  }

  /** An empty sketch of a valid size: its address, or 0 when the memory cannot hold it. */
  create(k: number, width: number, depth: number, decay: number): Address {
    const memory = this.#memory
    const blocks: Address[] = []
    try {
      blocks.push(memory.block(ACCOUNT.dataset, ROOT_BYTES))
      blocks.push(memory.zeroed(ACCOUNT.dataset, width * depth * CELL_BYTES))
      blocks.push(memory.zeroed(ACCOUNT.dataset, k * ENTRY_BYTES))
    } catch (error) {
      // Nothing of a sketch that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      for (const address of blocks) memory.free(ACCOUNT.dataset, address)
      return 0
    }
    const [root, cells, heap] = blocks as [Address, Address, Address]
    this.at(root)
    this.#root.setWord(0, k)
    this.#root.setWord(1, width)
    this.#root.setWord(2, depth)
    this.#root.setWord(3, cells)
    this.#root.setWord(6, heap)
    this.#root.setWord(7, 0)
    const fields = memory.f64[root >>> SLAB_BITS]!
    const at = root & UNIT_MASK
    fields[at + 2] = decay
    for (let i = 0; i < DECAYS; i++) fields[at + 4 + i] = decay ** i
    return root
  }

  /** Give back all of a sketch. */
  free(root: Address): void {
    this.at(root)
    for (let i = this.k - 1; i >= 0; i--) this.#freeName(this.#entryWord(i, 2))
    this.#memory.free(ACCOUNT.dataset, this.heapAddress)
    this.#memory.free(ACCOUNT.dataset, this.cellsAddress)
    this.#memory.free(ACCOUNT.dataset, root)
  }

  get k(): number {
    return this.#root.word(0)
  }

  get width(): number {
    return this.#root.word(1)
  }

  get depth(): number {
    return this.#root.word(2)
  }

  get decay(): number {
    return this.#root.field(2)
  }

  /** Where the cells lie: width times depth pairs of 32-bit words, a fingerprint and a count. */
  get cellsAddress(): Address {
    return this.#root.word(3)
  }

  get cellBytes(): number {
    return this.width * this.depth * CELL_BYTES
  }

  get heapAddress(): Address {
    return this.#root.word(6)
  }

  /** Bytes that the sketch consists of. */
  get sizeBytes(): number {
    let sum = ROOT_BYTES + this.cellBytes + this.k * ENTRY_BYTES
    for (let i = this.k - 1; i >= 0; i--) if (this.#entryWord(i, 2) !== 0) sum += this.#entryWord(i, 3) + 1
    return sum
  }

  /** Whether the item is one of the k. */
  has(item: Range): boolean {
    return this.#find(item, this.#fingerprint(item)) >= 0
  }

  /** What the cells know of the item's count. What is on the list counts only where it is no less than the list's least. */
  count(item: Range): number {
    const hashes = this.#hashes
    const fp = this.#fingerprint(item)
    const least = this.#find(item, fp) >= 0 ? this.#entryWord(0, 1) >>> 0 : 0
    const cells = this.cellsAddress
    const words = this.#memory.i32[cells >>> SLAB_BITS]!
    const width = this.width
    const depth = this.depth
    let most = 0
    for (let row = 0, at = (cells & UNIT_MASK) * 2; row < depth; row++, at = (at + width * 2) | 0) {
      const lane = (row + 1) & 3
      if (lane === 0) murmur2Four(this.#mixed, item, row, row + 1, row + 2, row + 3, hashes)
      const cell = (at + cellOf(hashes[lane]!, width) * 2) | 0
      const count = words[cell + 1]! >>> 0
      if (words[cell] === fp && count >= least && count > most) most = count
    }
    return most
  }

  /** Count an item. On PUSHED_OUT, the name that left the list is there until `forgetPushedOut`, which the caller owes. */
  add(item: Range, increment: number): TopKOutcome {
    const fp = this.#fingerprint(item)
    const count = this.#countUp(item, fp, increment)
    if (count < this.#entryWord(0, 1) >>> 0) return TOPK.NOBODY
    const place = this.#find(item, fp)
    if (place >= 0) {
      this.#setEntryWord(place, 1, count | 0)
      this.#siftDown(place)
      return TOPK.NOBODY
    }
    return this.#enter(item, fp, count)
  }

  /** The name that the last `add` pushed out. */
  pushedOut(out: Range): Range {
    const name = this.#pushedOut
    const at = (name & UNIT_MASK) * 8
    return out.set(this.#memory.u8[name >>> SLAB_BITS]!, at, at + this.#pushedOutLength)
  }

  /** Give back the name that the last `add` pushed out. */
  forgetPushedOut(): void {
    this.#freeName(this.#pushedOut)
    this.#pushedOut = 0
  }

  /** The heap entries that are listed, the most frequent first; equal counts in the order of the heap. */
  list(): number[] {
    const entries: number[] = []
    for (let i = 0; i < this.k; i++) if (this.countAt(i) > 0) entries.push(i)
    return entries.sort((a, b) => this.countAt(b) - this.countAt(a))
  }

  /** Point `out` at a heap entry's name, empty when it has none; a NUL stands behind it. */
  nameAt(i: number, out: Range): Range {
    const name = this.#entryWord(i, 2)
    if (name === 0) return out.set(NUL, 0, 0)
    const at = (name & UNIT_MASK) * 8
    return out.set(this.#memory.u8[name >>> SLAB_BITS]!, at, at + this.#entryWord(i, 3))
  }

  /** A heap entry's fingerprint, unsigned. */
  fingerprintAt(i: number): number {
    return this.#entryWord(i, 0) >>> 0
  }

  /** A heap entry's count. */
  countAt(i: number): number {
    return this.#entryWord(i, 1) >>> 0
  }

  /** Fill a free heap entry from a dump. */
  setCount(i: number, fp: number, count: number): void {
    this.#setEntryWord(i, 0, fp | 0)
    this.#setEntryWord(i, 1, count | 0)
  }

  /** Name a heap entry of a dump that has no name yet. False when there is no room. */
  setName(i: number, name: Range): boolean {
    const address = this.#newName(name)
    this.#setEntryWord(i, 2, address)
    this.#setEntryWord(i, 3, name.end - name.start)
    return address !== 0
  }

  /** The item's fingerprint; from now on the item is the one that was mixed last, and its first three rows are hashed. */
  #fingerprint(item: Range): number {
    const hashes = this.#hashes
    mixWords(item.buf, item.start, item.end, this.#mixed)
    murmur2Four(this.#mixed, item, FINGERPRINT_SEED, 0, 1, 2, hashes)
    return hashes[0]!
  }

  /** Count the item in every row, wearing strangers down; returns its greatest count. */
  #countUp(item: Range, fp: number, increment: number): number {
    const cells = this.cellsAddress
    const words = this.#memory.i32[cells >>> SLAB_BITS]!
    const width = this.width
    const depth = this.depth
    const hashes = this.#hashes
    const { guard } = this.#memory
    const first = (cells & UNIT_MASK) * 2
    let most = 0
    for (let row = 0, at = first; row < depth; row++, at = (at + width * 2) | 0) {
      const lane = (row + 1) & 3
      if (lane === 0) murmur2Four(this.#mixed, item, row, row + 1, row + 2, row + 3, hashes)
      const cell = (at + cellOf(hashes[lane]!, width) * 2) | 0
      const count = words[cell + 1]! >>> 0
      if (guard !== null) guard.stretch(cells, (cell - first) * 4, (cell - first) * 4 + 8)
      let mine = 0
      if (count === 0) mine = increment
      else if (words[cell] === fp) mine = Math.min(count + increment, COUNT_MAX)
      else {
        const left = this.#wearDown(count, increment)
        if (left > 0) {
          words[cell + 1] = left
          continue
        }
        mine = -left
      }
      words[cell] = fp
      words[cell + 1] = mine
      if (mine > most) most = mine
    }
    return most
  }

  /**
   * Wear a stranger's count down, one chance for each of `increment`. Returns what is left of it, or the negative of what is
   * left of the increment, the one that brought it to zero included, when the cell is taken over.
   */
  #wearDown(count: number, increment: number): number {
    for (let left = increment; left > 0; ) {
      left -= left === 1 ? this.#oneChance(count) : this.#chancesAt(count, left)
      if (left < 0) return count
      if (--count === 0) return -left - 1
    }
    return count
  }

  /** 1 when the only chance that is left wears a count down, else more. */
  #oneChance(count: number): number {
    return this.#chance.u32() < this.#decayOf(count) * TWO_32 ? 1 : 2
  }

  /**
   * How many chances it takes to wear a count down by one, at least 1; more than `left` when those do not suffice. Chances
   * that come to nothing are not taken one by one: their number follows the geometric distribution.
   */
  #chancesAt(count: number, left: number): number {
    const share = this.#decayOf(count)
    if (share === 1) return 1
    const inVain = Math.log((this.#chance.u32() + 1) / TWO_32) / Math.log1p(-share)
    return inVain < left ? Math.floor(inVain) + 1 : left + 1
  }

  /** The decay to the power of a count, from the table. */
  #decayOf(count: number): number {
    if (count < DECAYS) return this.#root.field(4 + count)
    return (
      this.#root.field(4 + DECAYS - 1) ** Math.floor(count / (DECAYS - 1)) *
      this.#root.field(4 + (count % (DECAYS - 1)))
    )
  }

  /** The heap entry of an item, or -1. */
  #find(item: Range, fp: number): number {
    const heap = this.heapAddress
    const words = this.#memory.i32[heap >>> SLAB_BITS]!
    const length = item.end - item.start
    const base = (heap & UNIT_MASK) * 2
    for (let i = this.k - 1, at = base + i * 4; i >= 0; i--, at -= 4) {
      if (words[at] !== fp || words[at + 3] !== length) continue
      const name = words[at + 2]!
      if (name === 0) continue
      if (sameBytes(this.#memory.u8[name >>> SLAB_BITS]!, (name & UNIT_MASK) * 8, item.buf, item.start, length))
        return i
    }
    return -1
  }

  /** Put an item in the place of the least one. */
  #enter(item: Range, fp: number, count: number): TopKOutcome {
    const name = this.#newName(item)
    if (name === 0) return TOPK.NO_ROOM
    this.#pushedOut = this.#entryWord(0, 2)
    this.#pushedOutLength = this.#entryWord(0, 3)
    this.#setEntryWord(0, 0, fp)
    this.#setEntryWord(0, 1, count | 0)
    this.#setEntryWord(0, 2, name)
    this.#setEntryWord(0, 3, item.end - item.start)
    this.#siftDown(0)
    return this.#pushedOut === 0 ? TOPK.NOBODY : TOPK.PUSHED_OUT
  }

  /** Let an entry whose count grew sink below all smaller ones. Of two equal children the left one rises. */
  #siftDown(start: number): void {
    const heap = this.heapAddress
    const words = this.#memory.i32[heap >>> SLAB_BITS]!
    const base = (heap & UNIT_MASK) * 2
    const k = this.k
    const top = base + start * 4
    const fp = words[top]!
    const count = words[top + 1]!
    const name = words[top + 2]!
    const length = words[top + 3]!
    let at = start
    for (let child = at * 2 + 1; child < k; child = at * 2 + 1) {
      if (child + 1 < k && words[base + child * 4 + 1]! >>> 0 > words[base + child * 4 + 5]! >>> 0) child++
      const below = words[base + child * 4 + 1]! >>> 0
      // At first an equal child rises too, later only a smaller one: so the real module's heap moves, and LIST shows it.
      if (at === start ? below > count >>> 0 : below >= count >>> 0) break
      copyEntry(words, base + child * 4, base + at * 4)
      at = child
    }
    words[base + at * 4] = fp
    words[base + at * 4 + 1] = count
    words[base + at * 4 + 2] = name
    words[base + at * 4 + 3] = length
  }

  /** A block that holds a copy of a name and a NUL behind it; 0 when there is no room. */
  #newName(name: Range): Address {
    const length = name.end - name.start
    let address: Address
    try {
      address = this.#memory.block(ACCOUNT.dataset, length + 1)
    } catch (error) {
      // The item is then counted but not listed; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      return 0
    }
    const u8 = this.#memory.u8[address >>> SLAB_BITS]!
    const at = (address & UNIT_MASK) * 8
    copyBytes(name.buf, name.start, u8, at, length)
    u8[at + length] = 0
    return address
  }

  #freeName(name: Address): void {
    if (name !== 0) this.#memory.free(ACCOUNT.dataset, name)
  }

  #entryWord(entry: number, i: number): number {
    const heap = this.#root.word(6)
    return this.#memory.i32[heap >>> SLAB_BITS]![(heap & UNIT_MASK) * 2 + entry * 4 + i]!
  }

  #setEntryWord(entry: number, i: number, value: number): void {
    const heap = this.#root.word(6)
    this.#memory.i32[heap >>> SLAB_BITS]![(heap & UNIT_MASK) * 2 + entry * 4 + i] = value
  }
}

function copyEntry(words: Int32Array, from: number, to: number): void {
  words[to] = words[from]!
  words[to + 1] = words[from + 1]!
  words[to + 2] = words[from + 2]!
  words[to + 3] = words[from + 3]!
}
