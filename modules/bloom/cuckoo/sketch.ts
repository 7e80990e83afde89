/* Cuckoo filter -- a set of fingerprints that also forgets.
 *
 * Each item is one byte, its fingerprint, kept in one of two buckets of a few slots (B. Fan, D. Andersen, M. Kaminsky,
 * M. Mitzenmacher, "Cuckoo filter: practically better than Bloom", 2014). The second bucket follows from the first and the
 * fingerprint alone, so a fingerprint can be moved without knowing its item:
 *
 *      f  = hash mod 255 + 1               0 marks a free slot
 *      i1 = hash mod buckets
 *      i2 = (i1 xor f · 0x5bd1e995) mod buckets          and the same step leads back to i1
 *
 *      bucket   0         1         2         3             adding "d": buckets 1 and 3 are full, so "d" takes
 *             [a .]     [b c]     [. .]     [e g]           the place of b, and b goes to its other bucket, 2
 *                        ^d                  ^d
 *
 * A displaced fingerprint may displace another one, up to `maxIterations` times; if no slot is found, every move is undone
 * and a new sub-filter, `expansion` times as large, is added. With expansion 0 the filter is then full. Many items that come
 * together share what displacing in vain may cost (LOOKS_MAX).
 *
 *   has, count, add without displacement, delete: O(sub-filters · bucket size)    add: O(maxIterations) more
 *   compact: O(slots · sub-filters)
 *
 * Error bound: a stranger meets 2·b·s fingerprints (b slots a bucket, s sub-filters), each equal to its own with
 * probability 1/255: at most 2·b·s/255, less in proportion to the load. Never a false "no", unless something was deleted that
 * had not been added. `count` may exceed the truth for the same reason, and counts twice where i1 = i2.
 *
 * Layout: a root, a table of sub-filters, a block of slots for each; the value of a key is the root's address.
 *
 *      root    items f64 | deletes f64 | buckets f64 | bucket size | max iterations | expansion | sub-filters | table
 *      entry   buckets f64 | slots address | unused
 *
 * Hash, order of slots and of displacement agree with RedisBloom, so that the slots agree byte by byte.
 *
 * Invariants: buckets is a power of two in every sub-filter, and no sub-filter has fewer than an older one; hence the index
 * in a new one, cut off, is the index in an old one, which is what compaction moves fingerprints by. */
import { ACCOUNT, type Address, ArenaFull, type Memory, type Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { murmur64 } from '../hash.ts'
import { RootLens } from '../lens.ts'

/** What adding an item came to. */
export const CUCKOO = { PRESENT: 0, ADDED: 1, FULL: -1, NO_ROOM: -2 } as const
export type CuckooOutcome = (typeof CUCKOO)[keyof typeof CUCKOO]

/** The most slots of one sub-filter: the largest buffer that every supported Node can address. */
export const SLOTS_MAX = 2 ** 32 - 8
export const BUCKET_SIZE_MAX = 255
export const ITERATIONS_MAX = 65535
export const EXPANSION_MAX = 32768
export const SUBFILTERS_MAX = 65535

const ROOT_BYTES = 48
const ENTRY_BYTES = 16
const STEP = 0x5bd1e995
/**
 * Slots that displacing looks at for one command. One item may look at twice as many; a command that brings thousands to a
 * filter that is full would take minutes.
 */
const LOOKS_MAX = 1 << 24
/** Deleted items, as a share of those that are left, at which a filter with several sub-filters compacts itself. */
const COMPACT_SHARE = 0.1

/** All that a filter is described by, without its slots; also what dumps carry. */
export interface CuckooShape {
  items: number
  deletes: number
  /** Buckets of the first sub-filter. */
  buckets: number
  bucketSize: number
  maxIterations: number
  expansion: number
  /** Buckets of each sub-filter. */
  subfilters: number[]
}

/** The shape of a new filter; not yet checked against validCuckooShape. */
export function newCuckooShape(
  capacity: number,
  bucketSize: number,
  maxIterations: number,
  expansion: number,
): CuckooShape {
  const buckets = powerOfTwo(Math.floor(capacity / bucketSize))
  const grown = expansion === 0 ? 0 : powerOfTwo(expansion)
  return { items: 0, deletes: 0, buckets, bucketSize, maxIterations, expansion: grown, subfilters: [buckets] }
}

/** Whether a shape can be a filter: within all limits, and sub-filters that never shrink. */
export function validCuckooShape(shape: CuckooShape): boolean {
  const { bucketSize, maxIterations, expansion, subfilters } = shape
  if (bucketSize < 1 || bucketSize > BUCKET_SIZE_MAX || maxIterations < 1 || maxIterations > ITERATIONS_MAX)
    return false
  if (expansion > EXPANSION_MAX || (expansion !== 0 && expansion !== powerOfTwo(expansion))) return false
  if (subfilters.length < 1 || subfilters.length > SUBFILTERS_MAX || subfilters[0] !== shape.buckets) return false
  let slots = 0
  let before = 1
  for (const buckets of subfilters) {
    if (!(buckets >= before && buckets * bucketSize <= SLOTS_MAX) || buckets !== powerOfTwo(buckets)) return false
    slots += buckets * bucketSize
    before = buckets
  }
  return shape.items <= slots && shape.deletes <= Number.MAX_SAFE_INTEGER
}

/** The smallest power of two that is not less. */
function powerOfTwo(n: number): number {
  let power = 1
  while (power < n) power *= 2
  return power
}

/** The first slot of a bucket that holds `value`, or -1. */
function slotOf(u8: Uint8Array, bucket: number, size: number, value: number): number {
  for (let at = bucket, end = bucket + size; at < end; at++) if (u8[at] === value) return at
  return -1
}

/** How many slots of a bucket hold `value`. */
function countOf(u8: Uint8Array, bucket: number, size: number, value: number): number {
  let count = 0
  for (let at = bucket, end = bucket + size; at < end; at++) if (u8[at] === value) count++
  return count
}

/** A slot, by its index into the slab, is about to change: a snapshot may need what it holds. */
function tell(memory: Memory, slots: Address, at: number): void {
  const slot = at - (slots & UNIT_MASK) * 8
  if (memory.guard !== null) memory.guard.stretch(slots, slot, slot + 1)
}

/**
 * Put a fingerprint into a full bucket and move what it displaces, from bucket to bucket. False when no free slot was
 * met in time; then every move has been undone.
 */
function displace(
  memory: Memory,
  slots: Address,
  mask: number,
  size: number,
  index: number,
  fp: number,
  limit: number,
): boolean {
  const u8 = memory.u8[slots >>> SLAB_BITS]!
  const base = (slots & UNIT_MASK) * 8
  let victim = 0
  for (let moves = 0; moves < limit; moves++) {
    const at = base + index * size + victim
    const out = u8[at]!
    tell(memory, slots, at)
    u8[at] = fp
    fp = out
    index = ((index ^ Math.imul(fp, STEP)) & mask) >>> 0
    const free = slotOf(u8, base + index * size, size, 0)
    if (free >= 0) {
      tell(memory, slots, free)
      u8[free] = fp
      return true
    }
    victim = (victim + 1) % size
  }
  for (let moves = 0; moves < limit; moves++) {
    victim = (victim + size - 1) % size
    index = ((index ^ Math.imul(fp, STEP)) & mask) >>> 0
    const at = base + index * size + victim
    const out = u8[at]!
    u8[at] = fp
    fp = out
  }
  return false
}

/** A view of one filter at a time: `at` points it to another. One a server, kept by the module. */
export class CuckooFilter {
  readonly #memory: Memory
  readonly #root: RootLens
  readonly #hash = new Int32Array(2)
  /** The item at hand: its fingerprint, and the low halves of the hashes that give its two buckets. */
  #fp = 0
  #h1 = 0
  #h2 = 0
  /** Slots that displacing has looked at since the last `at`. */
  #looks = 0

  constructor(memory: Memory) {
    this.#memory = memory
    this.#root = new RootLens(memory)
  }

  /** Look at the sketch whose root is there. Returns itself. */
  at(root: Address): this {
    this.#root.at(root)
    this.#looks = 0
    return this
  }

  /** An empty filter of a valid shape: its address, or 0 when the memory cannot hold it. */
  create(shape: CuckooShape): Address {
    const memory = this.#memory
    const slots: Address[] = []
    let root: Address = 0
    try {
      for (const buckets of shape.subfilters) slots.push(memory.zeroed(ACCOUNT.dataset, buckets * shape.bucketSize))
      root = this.adopt(shape, slots)
    } catch (error) {
      // Nothing of a filter that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
    }
    if (root === 0) for (const address of slots) memory.free(ACCOUNT.dataset, address)
    return root
  }

  /** A filter of a valid shape over blocks that hold its slots. 0 when there is no room: the blocks stay the caller's. */
  adopt(shape: CuckooShape, slots: readonly Address[]): Address {
    const memory = this.#memory
    let root: Address = 0
    let table: Address = 0
    try {
      root = memory.block(ACCOUNT.dataset, ROOT_BYTES)
      table = memory.block(ACCOUNT.dataset, slots.length * ENTRY_BYTES)
    } catch (error) {
      // Nothing of a filter that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      if (root !== 0) memory.free(ACCOUNT.dataset, root)
      return 0
    }
    this.at(root)
    this.#root.setField(0, shape.items)
    this.#root.setField(1, shape.deletes)
    this.#root.setField(2, shape.buckets)
    this.#root.setWord(6, shape.bucketSize)
    this.#root.setWord(7, shape.maxIterations)
    this.#root.setWord(8, shape.expansion)
    this.#root.setWord(9, slots.length)
    this.#root.setWord(10, table)
    for (let i = 0; i < slots.length; i++) this.#writeEntry(i, shape.subfilters[i]!, slots[i]!)
    return root
  }

  /** Give back all of a filter. */
  free(root: Address): void {
    this.at(root)
    for (let i = this.subfilters - 1; i >= 0; i--) this.#memory.free(ACCOUNT.dataset, this.partAddress(i))
    this.#memory.free(ACCOUNT.dataset, this.#root.word(10))
    this.#memory.free(ACCOUNT.dataset, root)
  }

  get items(): number {
    return this.#root.field(0)
  }

  /** Items deleted since the last compaction. */
  get deletes(): number {
    return this.#root.field(1)
  }

  /** Buckets of the first sub-filter. */
  get buckets(): number {
    return this.#root.field(2)
  }

  get bucketSize(): number {
    return this.#root.word(6)
  }

  get maxIterations(): number {
    return this.#root.word(7)
  }

  get expansion(): number {
    return this.#root.word(8)
  }

  get subfilters(): number {
    return this.#root.word(9)
  }

  /** Sub-filters, as parts of a dump. */
  get parts(): number {
    return this.#root.word(9)
  }

  /** Bytes that the filter consists of. */
  get sizeBytes(): number {
    let sum = ROOT_BYTES
    for (let i = this.subfilters - 1; i >= 0; i--) sum += ENTRY_BYTES + this.partBytes(i)
    return sum
  }

  /** Buckets of one sub-filter. */
  subfilterBuckets(i: number): number {
    const table = this.#root.word(10)
    return this.#memory.f64[table >>> SLAB_BITS]![(table & UNIT_MASK) + i * 2]!
  }

  /** Bytes of one sub-filter's slots. */
  partBytes(i: number): number {
    return this.subfilterBuckets(i) * this.bucketSize
  }

  /** Where a sub-filter's slots lie. */
  partAddress(i: number): Address {
    const table = this.#root.word(10)
    return this.#memory.i32[table >>> SLAB_BITS]![((table & UNIT_MASK) + i * 2) * 2 + 2]!
  }

  /** The filter's description, for dumps. */
  shape(): CuckooShape {
    return {
      items: this.items,
      deletes: this.deletes,
      buckets: this.buckets,
      bucketSize: this.bucketSize,
      maxIterations: this.maxIterations,
      expansion: this.expansion,
      subfilters: Array.from({ length: this.subfilters }, (_, i) => this.subfilterBuckets(i)),
    }
  }

  /** Whether the item may be there. */
  has(item: Range): boolean {
    this.#hashOf(item)
    return this.#present()
  }

  /** How often the item may be there. */
  count(item: Range): number {
    this.#hashOf(item)
    const size = this.bucketSize
    let count = 0
    for (let i = this.subfilters - 1; i >= 0; i--) {
      const slots = this.partAddress(i)
      const u8 = this.#memory.u8[slots >>> SLAB_BITS]!
      const base = (slots & UNIT_MASK) * 8
      const mask = this.subfilterBuckets(i) - 1
      count += countOf(u8, base + ((this.#h1 & mask) >>> 0) * size, size, this.#fp)
      count += countOf(u8, base + ((this.#h2 & mask) >>> 0) * size, size, this.#fp)
    }
    return count
  }

  /** Add an item once more, whether it is there or not. */
  add(item: Range): CuckooOutcome {
    this.#hashOf(item)
    return this.#insert()
  }

  /** Add an item unless it may be there already. */
  addNew(item: Range): CuckooOutcome {
    this.#hashOf(item)
    return this.#present() ? CUCKOO.PRESENT : this.#insert()
  }

  /** Take an item away once. False when it is not there. */
  delete(item: Range): boolean {
    this.#hashOf(item)
    for (let i = this.subfilters - 1; i >= 0; i--) {
      const slot = this.#slot(i, this.#fp)
      if (slot < 0) continue
      tell(this.#memory, this.partAddress(i), slot)
      this.#memory.u8[this.partAddress(i) >>> SLAB_BITS]![slot] = 0
      this.#root.setField(0, this.items - 1)
      this.#root.setField(1, this.deletes + 1)
      if (this.subfilters > 1 && this.deletes > this.items * COMPACT_SHARE) this.compact(false)
      return true
    }
    return false
  }

  /**
   * Move fingerprints from new sub-filters to free slots of older ones, and give back the newest while it is empty.
   * Unless `all`, stop at the first sub-filter that keeps something.
   */
  compact(all: boolean): void {
    for (let i = this.subfilters - 1; i > 0; i--) {
      const emptied = this.#moveDown(i)
      if (emptied && i === this.subfilters - 1) {
        this.#memory.free(ACCOUNT.dataset, this.partAddress(i))
        this.#root.setWord(9, i)
      } else if (!emptied && !all) break
    }
    this.#root.setField(1, 0)
  }

  /** Take the item's hash apart. 256 = 1 modulo 255, so the hash modulo 255 is that of the sum of its bytes. */
  #hashOf(item: Range): void {
    const hash = this.#hash
    murmur64(item.buf, item.start, item.end, 0, 0, hash)
    const lo = hash[0]!
    const hi = hash[1]!
    const pairs = (lo & 0xff00ff) + ((lo >>> 8) & 0xff00ff) + (hi & 0xff00ff) + ((hi >>> 8) & 0xff00ff)
    this.#fp = (((pairs & 0xffff) + (pairs >>> 16)) % 255) + 1
    this.#h1 = lo
    this.#h2 = lo ^ Math.imul(this.#fp, STEP)
  }

  #present(): boolean {
    for (let i = this.subfilters - 1; i >= 0; i--) if (this.#slot(i, this.#fp) >= 0) return true
    return false
  }

  /** The first slot of the item's two buckets in a sub-filter that holds `value`, as an index into the slab; or -1. */
  #slot(i: number, value: number): number {
    const slots = this.partAddress(i)
    const u8 = this.#memory.u8[slots >>> SLAB_BITS]!
    const base = (slots & UNIT_MASK) * 8
    const mask = (this.subfilterBuckets(i) - 1) | 0
    const size = this.bucketSize
    const slot = slotOf(u8, base + ((this.#h1 & mask) >>> 0) * size, size, value)
    return slot >= 0 ? slot : slotOf(u8, base + ((this.#h2 & mask) >>> 0) * size, size, value)
  }

  #insert(): CuckooOutcome {
    const newest = this.subfilters - 1
    for (let i = newest; i >= 0; i--) if (this.#place(i, this.#fp)) return this.#added()
    const slots = this.partAddress(newest)
    const mask = this.subfilterBuckets(newest) - 1
    const index = (this.#h1 & mask) >>> 0
    const limit = this.#looks < LOOKS_MAX ? this.maxIterations : 0
    if (displace(this.#memory, slots, mask, this.bucketSize, index, this.#fp, limit)) return this.#added()
    this.#looks += limit * this.bucketSize
    if (this.expansion === 0) return CUCKOO.FULL
    if (!this.#grow()) return CUCKOO.NO_ROOM
    this.#place(newest + 1, this.#fp)
    return this.#added()
  }

  #added(): CuckooOutcome {
    this.#root.setField(0, this.items + 1)
    return CUCKOO.ADDED
  }

  /** Put a fingerprint into a free slot of the item's two buckets, if there is one. */
  #place(i: number, fp: number): boolean {
    const slot = this.#slot(i, 0)
    if (slot < 0) return false
    tell(this.#memory, this.partAddress(i), slot)
    this.#memory.u8[this.partAddress(i) >>> SLAB_BITS]![slot] = fp
    return true
  }

  /** Add an empty sub-filter. False, with nothing changed, when it would not fit. */
  #grow(): boolean {
    const memory = this.#memory
    const count = this.subfilters
    const buckets = this.buckets * this.expansion ** count
    if (!(buckets * this.bucketSize <= SLOTS_MAX) || count >= SUBFILTERS_MAX) return false
    let slots: Address = 0
    try {
      slots = memory.zeroed(ACCOUNT.dataset, buckets * this.bucketSize)
      const table = memory.resize(ACCOUNT.dataset, this.#root.word(10), count * ENTRY_BYTES, (count + 1) * ENTRY_BYTES)
      this.#root.setWord(10, table)
    } catch (error) {
      // A sub-filter that does not fit leaves the filter as it was.
      if (!(error instanceof ArenaFull)) throw error
      if (slots !== 0) memory.free(ACCOUNT.dataset, slots)
      return false
    }
    this.#writeEntry(count, buckets, slots)
    this.#root.setWord(9, count + 1)
    return true
  }

  /** Move what can be moved out of one sub-filter into older ones. True when nothing was left. */
  #moveDown(from: number): boolean {
    const slots = this.partAddress(from)
    const u8 = this.#memory.u8[slots >>> SLAB_BITS]!
    const base = (slots & UNIT_MASK) * 8
    const size = this.bucketSize
    const end = this.partBytes(from)
    let emptied = true
    for (let slot = 0; slot < end; slot++) {
      const fp = u8[base + slot]!
      if (fp === 0) continue
      this.#h1 = Math.floor(slot / size) | 0
      this.#h2 = this.#h1 ^ Math.imul(fp, STEP)
      let to = 0
      while (to < from && !this.#place(to, fp)) to++
      if (to < from) {
        tell(this.#memory, slots, base + slot)
        u8[base + slot] = 0
      } else emptied = false
    }
    return emptied
  }

  #writeEntry(i: number, buckets: number, slots: Address): void {
    const table = this.#root.word(10)
    this.#memory.f64[table >>> SLAB_BITS]![(table & UNIT_MASK) + i * 2] = buckets
    this.#memory.i32[table >>> SLAB_BITS]![((table & UNIT_MASK) + i * 2) * 2 + 2] = slots
  }
}
