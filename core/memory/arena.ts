/* Arena -- memory that the garbage collector does not see.
 *
 * Everything that grows with the user's data lives here. An address is an opaque 32-bit integer that counts units of
 * 8 bytes, so 32 GB can be named; 0 names nothing. The upper bits choose a slab, the lower ones the place in it:
 *
 *      31                    21 20                                   0
 *      +-----------------------+-------------------------------------+
 *      |  slab (2048 of 16 MB) |  unit of 8 bytes inside the slab    |
 *      +-----------------------+-------------------------------------+
 *
 *      bytes   memory.u8[a >>> 21]    at byte    (a & UNIT_MASK) << 3
 *      words   memory.i32[a >>> 21]   at index   (a & UNIT_MASK) << 1
 *      doubles memory.f64[a >>> 21]   at index   (a & UNIT_MASK)
 *
 * Addresses may print as negative numbers: they are compared with === only, shifted with >>> and never ordered.
 *
 * A slab is cut into 2048 pages of 8 KB. A span is a run of pages that holds blocks of one size class:
 *
 *      slab   | page | page | page | page | ...            classes: every 8 bytes up to 128,
 *             \____ span of 40-byte blocks ___/            then four per doubling up to 64 KB
 *
 * A span knows how many of its blocks live, hands out freed blocks before fresh ones, and gives its pages back when the
 * last one dies; a batch of slabs that is empty goes back to the system. Blocks above 64 KB are page runs of their own,
 * and those above 8 MB get slabs of their own, seen through one view as long as the block.
 *
 *   block O(1)   free O(1)   sizeOf O(1)   a new span: a search for free pages in slabs known to have some
 *
 * Invariants: live <= capacity of the span; a span is in its class's partial list exactly while it has a free block;
 * used[account] is the sum of the class sizes of the blocks that account holds.
 *
 * Left out: moving blocks (their owners would have to know of it) and returning single pages to the system
 * (a process cannot unmap parts of an ArrayBuffer). Size classes follow the spacing of jemalloc. */

/** Where a block lies: units of 8 bytes, 0 for none. Opaque; see the header for how to reach its bytes. */
export type Address = number

/** Bits of an address that count units inside a slab. */
export const SLAB_BITS = 21
/** Masks the unit inside the slab out of an address. */
export const UNIT_MASK = (1 << SLAB_BITS) - 1

/** What memory is held for; INFO and MEMORY STATS report each. */
export const ACCOUNT = { dataset: 0, clients: 1, index: 2, script: 3, aof: 4, overhead: 5 } as const
/** One of ACCOUNT. */
export type Account = (typeof ACCOUNT)[keyof typeof ACCOUNT]
const ACCOUNTS = 6

const SLAB_BYTES = 16 << 20
const SLAB_COUNT_MAX = 2048
const PAGE_BITS = 10
const PAGE_BYTES = 8 << PAGE_BITS
const SLAB_PAGES = SLAB_BYTES / PAGE_BYTES
const SMALL_MAX = 64 << 10
const RUN_PAGES_MAX = SLAB_PAGES / 2
/** The class number of a span that is one block of whole pages. */
const WHOLE = 255
const POISON = 0xdd

/** Sizes in bytes of the classes, smallest first. */
const CLASS_SIZES: readonly number[] = sizeClasses()
const CLASS_COUNT = CLASS_SIZES.length
/** Class of a request, by its size in units rounded up. */
const CLASS_OF = classTable()
const CLASS_UNITS = Int32Array.from(CLASS_SIZES, size => size >>> 3)
const CLASS_PAGES = Int32Array.from(CLASS_SIZES, spanPages)
const CLASS_CAPACITY = Int32Array.from(CLASS_SIZES, (size, c) => Math.floor((CLASS_PAGES[c]! * PAGE_BYTES) / size))

function sizeClasses(): number[] {
  const sizes: number[] = []
  for (let size = 8; size <= 128; size += 8) sizes.push(size)
  for (let step = 32; sizes[sizes.length - 1]! < SMALL_MAX; step *= 2)
    for (let i = 0; i < 4; i++) sizes.push(sizes[sizes.length - 1]! + step)
  return sizes
}

function classTable(): Uint8Array {
  const table = new Uint8Array((SMALL_MAX >>> 3) + 1)
  let c = 0
  for (let units = 0; units < table.length; units++) {
    while (CLASS_SIZES[c]! < units * 8) c++
    table[units] = c
  }
  return table
}

/** Pages of a span: few enough that a small server stays small, enough that at most a sixteenth is lost at its end. */
function spanPages(size: number): number {
  for (let pages = 1; ; pages++) {
    const bytes = pages * PAGE_BYTES
    if (bytes >= size * 4 && bytes % size <= bytes / 16) return pages
    if (bytes >= size && bytes % size === 0 && size > 16384) return pages
  }
}

/** Raised when the arena may not or cannot grow. The dispatcher turns it into the OOM reply. */
export class ArenaFull extends Error {
  constructor(bytes: number) {
    super(`arena is full: ${bytes} bytes were asked for`)
    this.name = 'ArenaFull'
  }
}

export interface ArenaOptions {
  /** Fill freed blocks with 0xDD and hold them back before they are used again, so that a stale address shows. */
  poison?: boolean
  /** The most bytes of slabs, 32 GB when left out. */
  limitBytes?: number
}

interface Batch {
  readonly firstSlab: number
  readonly slabs: number
  readonly bytes: number
  usedPages: number
}

/** Hears of changes before they happen, while a snapshot is being written. */
export interface Guard {
  /** A block (a node of a list or of a tree, a block of a stream) is about to change, to move, or to be freed. */
  block(address: Address): void
  /** Bytes of a block, counted from its beginning, are about to change. */
  stretch(address: Address, from: number, to: number): void
  /** A block is about to be freed. True when it is still needed: the guard frees it then, from ACCOUNT.overhead. */
  keeps(address: Address): boolean
  /** The part with this name of the value at `root` is about to change, to come, or to go. */
  part(root: Address, name: Buffer): void
  /** A record of the Dict at `root` is about to change in place. */
  change(root: Address, record: Address): void
  /** A record is about to be taken out. */
  removal(root: Address, record: Address): void
  /** A record has moved. */
  moved(root: Address, from: Address, to: Address): void
}

/** The memory of one server. Views are replaced only when slabs come or go, never while a block in them lives. */
export class Memory {
  /** Bytes of each slab. */
  readonly u8: Buffer[] = []
  /** The same slabs as 32-bit words. */
  readonly i32: Int32Array[] = []
  /** The same slabs as doubles. */
  readonly f64: Float64Array[] = []
  /** Bytes held by each account, as class sizes. */
  readonly used: Float64Array = new Float64Array(ACCOUNTS)
  /** Bytes of all slabs, and of regions. */
  slabBytes = 0
  /** Whom structures tell before they change; null while nobody wants to know. */
  guard: Guard | null = null

  /** Slabs that become empty stay, for what is about to come; `trim` gives back what did not need them. */
  keepsEmpty = false

  readonly #limitBytes: number
  readonly #quarantine: Address[] | null
  #outsideBytes = 0
  #batches: (Batch | null)[] = []
  #slabBatch: Int32Array = new Int32Array(SLAB_COUNT_MAX)
  #slabFreePages: Int32Array = new Int32Array(SLAB_COUNT_MAX)
  /** No run longer than this is free in the slab: an upper bound that saves searches. */
  #slabLongestRun: Int32Array = new Int32Array(SLAB_COUNT_MAX)
  #slabHint = 0

  #pageSpan: Int32Array = new Int32Array(SLAB_PAGES)
  #spanClass: Uint8Array = new Uint8Array(1024)
  #spanPage: Int32Array = new Int32Array(1024)
  #spanPages: Int32Array = new Int32Array(1024)
  #spanFree: Int32Array = new Int32Array(1024)
  #spanFresh: Int32Array = new Int32Array(1024)
  #spanLive: Int32Array = new Int32Array(1024)
  #spanNext: Int32Array = new Int32Array(1024)
  #spanPrevious: Int32Array = new Int32Array(1024)
  #spanCount = 1
  #spanPool: number[] = []
  #partial: Int32Array = new Int32Array(CLASS_COUNT)

  constructor(options: ArenaOptions = {}) {
    this.#limitBytes = options.limitBytes ?? SLAB_COUNT_MAX * SLAB_BYTES
    this.#quarantine = options.poison === true ? [] : null
  }

  /** Bytes held by all accounts. */
  get usedBytes(): number {
    let sum = 0
    for (let i = 0; i < ACCOUNTS; i++) sum += this.used[i]!
    return sum
  }

  /**
   * A block of at least `bytes` bytes; its contents are whatever was there before.
   * @throws ArenaFull when the memory may not grow; nothing has changed then.
   */
  block(account: Account, bytes: number): Address {
    if (bytes > SMALL_MAX) return this.#wholePages(account, bytes)
    const c = CLASS_OF[(bytes + 7) >>> 3]!
    let span = this.#partial[c]!
    if (span === 0) span = this.#newSpan(c)
    let address = this.#spanFree[span]!
    if (address !== 0) this.#spanFree[span] = this.i32[address >>> SLAB_BITS]![(address & UNIT_MASK) << 1]!
    else {
      address = this.#spanFresh[span]!
      this.#spanFresh[span] = address + CLASS_UNITS[c]!
    }
    if (++this.#spanLive[span]! === CLASS_CAPACITY[c]) this.#unlink(span, c)
    this.used[account]! += CLASS_SIZES[c]!
    return address
  }

  /**
   * A block whose first `bytes` bytes are zero. Above 8 MB it costs nothing to clear: such a block is fresh from the
   * system, which also gives it real pages only as they are written.
   * @throws ArenaFull as `block` does.
   */
  zeroed(account: Account, bytes: number): Address {
    const address = this.block(account, bytes)
    if (bytes <= RUN_PAGES_MAX * PAGE_BYTES) {
      const at = (address & UNIT_MASK) << 3
      this.u8[address >>> SLAB_BITS]!.fill(0, at, at + bytes)
    }
    return address
  }

  /** Give a block back to its account. */
  free(account: Account, address: Address): void {
    if (this.guard !== null && this.guard.keeps(address)) {
      const size = this.sizeOf(address)
      this.used[account]! -= size
      this.used[ACCOUNT.overhead]! += size
    } else if (this.#quarantine === null) this.used[account]! -= this.#release(address)
    else this.#putAside(this.#quarantine, account, address)
  }

  /** Overwrite a freed block, and hold it back. */
  #putAside(quarantine: Address[], account: Account, address: Address): void {
    const slab = this.u8[address >>> SLAB_BITS]!
    const at = (address & UNIT_MASK) << 3
    const size = this.sizeOf(address)
    slab.fill(POISON, at, at + size)
    this.used[account]! -= size
    quarantine.push(address)
    if (quarantine.length > 4096) for (const held of quarantine.splice(0, 2048)) this.#release(held)
  }

  /** The bytes that a block really has: its class size. */
  sizeOf(address: Address): number {
    const span = this.#pageSpan[address >>> PAGE_BITS]!
    const c = this.#spanClass[span]!
    return c === WHOLE ? this.#spanPages[span]! * PAGE_BYTES : CLASS_SIZES[c]!
  }

  /** The bytes that a request for `bytes` would be given. */
  static sizeFor(bytes: number): number {
    return bytes > SMALL_MAX ? Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES : CLASS_SIZES[CLASS_OF[(bytes + 7) >>> 3]!]!
  }

  /**
   * A block of at least `bytes` bytes whose first `keep` bytes are those of `address`. The same block when its size
   * class fits already; otherwise the old one is freed, and the caller forgets its address.
   * @throws ArenaFull with the old block untouched.
   */
  resize(account: Account, address: Address, keep: number, bytes: number): Address {
    if (Memory.sizeFor(bytes) === this.sizeOf(address)) return address
    const fresh = this.block(account, bytes)
    const from = (address & UNIT_MASK) << 3
    this.u8[address >>> SLAB_BITS]!.copy(this.u8[fresh >>> SLAB_BITS]!, (fresh & UNIT_MASK) << 3, from, from + keep)
    this.free(account, address)
    return fresh
  }

  /**
   * Count memory that lies outside the slabs (see region.ts) against the limit.
   * @throws ArenaFull with nothing counted.
   */
  reserve(bytes: number): void {
    if (this.slabBytes + bytes > this.#limitBytes) throw new ArenaFull(bytes)
    this.slabBytes += bytes
    this.#outsideBytes += bytes
  }

  /** Memory outside the slabs is gone. */
  unreserve(bytes: number): void {
    this.slabBytes -= bytes
    this.#outsideBytes -= bytes
  }

  /** Give back slabs that were kept though they are empty. */
  trim(): void {
    this.keepsEmpty = false
    for (let number = 1; number < this.#batches.length; number++) {
      const batch = this.#batches[number]!
      if (batch !== null && batch.usedPages === 0) this.#dropBatch(number, batch)
    }
  }

  /** Drop every slab at once: for a server that closes. No address is valid afterwards. */
  drop(): void {
    this.u8.length = this.i32.length = this.f64.length = 0
    this.#batches = []
    this.slabBytes = this.#outsideBytes = 0
    this.used.fill(0)
  }

  #release(address: Address): number {
    const span = this.#pageSpan[address >>> PAGE_BITS]!
    const c = this.#spanClass[span]!
    if (c === WHOLE) {
      const bytes = this.#spanPages[span]! * PAGE_BYTES
      this.#freeSpan(span)
      return bytes
    }
    this.i32[address >>> SLAB_BITS]![(address & UNIT_MASK) << 1] = this.#spanFree[span]!
    this.#spanFree[span] = address
    const live = --this.#spanLive[span]!
    if (live === CLASS_CAPACITY[c]! - 1) this.#link(span, c)
    // The last partial span of a class stays, so that one block coming and going does not move pages about.
    else if (live === 0 && (this.#spanNext[span] !== 0 || this.#partial[c] !== span)) {
      this.#unlink(span, c)
      this.#freeSpan(span)
    }
    return CLASS_SIZES[c]!
  }

  #link(span: number, c: number): void {
    const head = this.#partial[c]!
    this.#spanNext[span] = head
    this.#spanPrevious[span] = 0
    if (head !== 0) this.#spanPrevious[head] = span
    this.#partial[c] = span
  }

  #unlink(span: number, c: number): void {
    const next = this.#spanNext[span]!
    const previous = this.#spanPrevious[span]!
    if (next !== 0) this.#spanPrevious[next] = previous
    if (previous !== 0) this.#spanNext[previous] = next
    else this.#partial[c] = next
    this.#spanNext[span] = this.#spanPrevious[span] = 0
  }

  #newSpan(c: number): number {
    const span = this.#takePages(CLASS_PAGES[c]!, c)
    this.#spanLive[span] = 0
    if (CLASS_CAPACITY[c]! > 0) this.#link(span, c)
    return span
  }

  #wholePages(account: Account, bytes: number): Address {
    const pages = Math.ceil(bytes / PAGE_BYTES)
    const span = pages > RUN_PAGES_MAX ? this.#ownSlabs(pages, bytes) : this.#takePages(pages, WHOLE)
    this.#spanLive[span] = 1
    this.used[account]! += pages * PAGE_BYTES
    return this.#spanPage[span]! << PAGE_BITS
  }

  /** A block above 8 MB: a batch of slabs of its own, whose first view reaches over all of it. */
  #ownSlabs(pages: number, bytes: number): number {
    if (this.u8.length === 0) this.#addBatch(1, 0, bytes) // slab 0 has the page that nobody gets
    const batch = this.#addBatch(Math.ceil(pages / SLAB_PAGES), pages * PAGE_BYTES, bytes)
    for (let i = 0; i < batch.slabs; i++) {
      this.#slabFreePages[batch.firstSlab + i] = 0
      this.#slabLongestRun[batch.firstSlab + i] = 0
    }
    batch.usedPages = pages
    const span = this.#spanNumber()
    this.#spanClass[span] = WHOLE
    this.#spanPage[span] = batch.firstSlab * SLAB_PAGES
    this.#spanPages[span] = pages
    this.#pageSpan[batch.firstSlab * SLAB_PAGES] = span
    return span
  }

  #takePages(pages: number, c: number): number {
    let slab = this.#findSlab(pages)
    let first = slab < 0 ? -1 : this.#findRun(slab, pages)
    while (first < 0) {
      if (slab >= 0) slab = this.#findSlab(pages)
      if (slab < 0) slab = this.#addBatch(this.#batchSlabs(), 0, pages * PAGE_BYTES).firstSlab
      first = this.#findRun(slab, pages)
    }
    const span = this.#spanNumber()
    this.#spanClass[span] = c
    this.#spanPage[span] = first
    this.#spanPages[span] = pages
    this.#spanFree[span] = 0
    this.#spanFresh[span] = first << PAGE_BITS
    this.#pageSpan.fill(span, first, first + pages)
    this.#slabFreePages[slab]! -= pages
    this.#batches[this.#slabBatch[slab]!]!.usedPages += pages
    this.#slabHint = slab
    return span
  }

  #findSlab(pages: number): number {
    const slabs = this.u8.length
    for (let i = 0; i < slabs; i++) {
      const slab = (this.#slabHint + i) % slabs
      if (this.#slabFreePages[slab]! >= pages && this.#slabLongestRun[slab]! >= pages) return slab
    }
    return -1
  }

  /** The first page of a free run in a slab, or -1; then the slab's bound is lowered to what was seen. */
  #findRun(slab: number, pages: number): number {
    const begin = slab * SLAB_PAGES
    const end = begin + SLAB_PAGES
    let run = 0
    let longest = 0
    for (let page = begin; page < end; page++) {
      if (this.#pageSpan[page] !== 0) run = 0
      else if (++run > longest) {
        longest = run
        if (run === pages) return page - pages + 1
      }
    }
    this.#slabLongestRun[slab] = longest
    return -1
  }

  #freeSpan(span: number): void {
    const first = this.#spanPage[span]!
    const pages = this.#spanPages[span]!
    const slab = Math.floor(first / SLAB_PAGES)
    const batchNumber = this.#slabBatch[slab]!
    const batch = this.#batches[batchNumber]!
    if (pages > RUN_PAGES_MAX) this.#pageSpan[first] = 0
    else {
      this.#pageSpan.fill(0, first, first + pages)
      this.#slabFreePages[slab]! += pages
      this.#slabLongestRun[slab] = SLAB_PAGES
    }
    this.#spanPool.push(span)
    batch.usedPages -= pages
    // What comes is to lie where pages are real already.
    if (this.keepsEmpty && slab < this.#slabHint) this.#slabHint = slab
    if (batch.usedPages === 0 && batchNumber !== 0 && !this.keepsEmpty) this.#dropBatch(batchNumber, batch)
  }

  /** Slabs in the next batch: larger ones as the arena grows, since each new ArrayBuffer can start a collection. */
  #batchSlabs(): number {
    const slabs = (this.slabBytes - this.#outsideBytes) / SLAB_BYTES
    return slabs < 4 ? 1 : slabs < 32 ? 4 : 16
  }

  #addBatch(slabs: number, ownBytes: number, asked: number): Batch {
    const bytes = ownBytes > 0 ? ownBytes : slabs * SLAB_BYTES
    const firstSlab = this.#freeSlabNumbers(slabs)
    if (firstSlab < 0 || this.slabBytes + bytes > this.#limitBytes) throw new ArenaFull(asked)
    const memory = allocate(bytes, asked)
    const batch: Batch = { firstSlab, slabs, bytes, usedPages: 0 }
    let number = this.#batches.indexOf(null)
    if (number < 0) number = this.#batches.length
    this.#batches[number] = batch
    this.slabBytes += bytes
    for (let i = 0; i < slabs; i++) {
      const from = i * SLAB_BYTES
      const length = ownBytes > 0 ? bytes - from : SLAB_BYTES
      const slab = firstSlab + i
      this.u8[slab] = Buffer.from(memory, from, length)
      this.i32[slab] = new Int32Array(memory, from, length / 4)
      this.f64[slab] = new Float64Array(memory, from, length / 8)
      this.#slabBatch[slab] = number
      this.#slabFreePages[slab] = SLAB_PAGES
      this.#slabLongestRun[slab] = SLAB_PAGES
    }
    this.#growPages((firstSlab + slabs) * SLAB_PAGES)
    if (firstSlab === 0) this.#reserveZero()
    return batch
  }

  /** Address 0 means "none", so the first page of the first slab is never handed out. */
  #reserveZero(): void {
    this.#pageSpan[0] = -1
    this.#slabFreePages[0]! -= 1
  }

  /** The first of `slabs` neighbouring numbers that no batch uses, or -1 when the address space is used up. */
  #freeSlabNumbers(slabs: number): number {
    let run = 0
    for (let slab = 0; slab < SLAB_COUNT_MAX; slab++) {
      run = this.u8[slab] === undefined || this.u8[slab] === EMPTY_BYTES ? run + 1 : 0
      if (run === slabs) return slab - slabs + 1
    }
    return -1
  }

  #dropBatch(number: number, batch: Batch): void {
    for (let i = 0; i < batch.slabs; i++) {
      const slab = batch.firstSlab + i
      this.u8[slab] = EMPTY_BYTES
      this.i32[slab] = EMPTY_WORDS
      this.f64[slab] = EMPTY_DOUBLES
      this.#slabFreePages[slab] = 0
      this.#slabLongestRun[slab] = 0
    }
    this.slabBytes -= batch.bytes
    this.#batches[number] = null
  }

  #growPages(pages: number): void {
    if (pages <= this.#pageSpan.length) return
    this.#pageSpan = grown(this.#pageSpan, Math.max(pages, this.#pageSpan.length * 2))
  }

  #spanNumber(): number {
    const pooled = this.#spanPool.pop()
    if (pooled !== undefined) return pooled
    if (this.#spanCount === this.#spanPage.length) this.#growSpans(this.#spanCount * 2)
    return this.#spanCount++
  }

  #growSpans(length: number): void {
    const classes = new Uint8Array(length)
    classes.set(this.#spanClass)
    this.#spanClass = classes
    this.#spanPage = grown(this.#spanPage, length)
    this.#spanPages = grown(this.#spanPages, length)
    this.#spanFree = grown(this.#spanFree, length)
    this.#spanFresh = grown(this.#spanFresh, length)
    this.#spanLive = grown(this.#spanLive, length)
    this.#spanNext = grown(this.#spanNext, length)
    this.#spanPrevious = grown(this.#spanPrevious, length)
  }
}

const EMPTY_BYTES = Buffer.alloc(0)
const EMPTY_WORDS = new Int32Array(0)
const EMPTY_DOUBLES = new Float64Array(0)

function grown(array: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length)
  longer.set(array)
  return longer
}

function allocate(bytes: number, asked: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes)
  } catch {
    // The system refused: for the caller that is the same as a full arena.
    throw new ArenaFull(asked)
  }
}
