/* Spaces -- the memories that vectors live in, and what fields build from them.
 *
 * A space is a region with the kernels that read it. Fields share one until a gigabyte is in it; later fields get
 * another, and each may grow until its region is full (4 GB). A space whose last field is gone is let go.
 *
 *      records   blocks of about 64 KB, each a power of two of records      place(n) = directory[n >> b] + (n & m) * stride
 *      words     one array of 32-bit words, copied when it doubles          i32[base + n]
 *
 * Places and bases are read anew after whatever may have allocated: see Region. */

import { ACCOUNT, ArenaFull, type Memory, type Place, PLACE_BITS, Region } from 'redstrata/module'
import { Kernels } from './kernel.ts'

const SHARED_BYTES = 2 ** 30
const BLOCK_BYTES = 65536
const WORDS_MIN = 1024
/** Numbers of records are kept below this, so that they can be summed with offsets. */
const RECORDS_MAX = 2 ** 28

/** A region and its kernels. */
export interface Space {
  readonly region: Region
  readonly kernels: Kernels
}

/** All spaces of a server. */
export class Spaces {
  readonly #memory: Memory
  readonly #wasm: boolean
  readonly #spaces: { readonly space: Space; users: number }[] = []

  /** @param wasm whether to use WebAssembly where there is some. */
  constructor(memory: Memory, wasm = true) {
    this.#memory = memory
    this.#wasm = wasm
  }

  /** A space with room for another field; to be given back. @throws ArenaFull. */
  take(): Space {
    let entry = this.#spaces.find(({ space }) => space.region.usedBytes < SHARED_BYTES)
    if (entry === undefined) {
      const region = new Region(this.#memory, { wasm: this.#wasm })
      entry = { space: { region, kernels: new Kernels(region, this.#wasm) }, users: 0 }
      this.#spaces.push(entry)
    }
    entry.users++
    return entry.space
  }

  /** A field is gone, and has freed all its runs. */
  give(space: Space): void {
    const at = this.#spaces.findIndex(entry => entry.space === space)
    const entry = this.#spaces[at]!
    if (--entry.users > 0) return
    this.#spaces.splice(at, 1)
    space.region.drop()
  }
}

/** Records of one size by number. */
export class Records {
  /** Place of each block. */
  directory: Int32Array = new Int32Array(8)
  /** A record's number: block by what is above these bits, place in it by what is below. */
  readonly shift: number
  readonly mask: number
  /** Size of a record in places. */
  readonly stride: number
  /** Numbers given so far. */
  count = 0
  readonly #region: Region
  #blocks = 0
  /** The record freed last, plus 1; its first word names the one before. */
  #free = 0
  #freeCount = 0

  /** @param bytes of a record, a multiple of 16. */
  constructor(region: Region, bytes: number) {
    this.#region = region
    this.stride = bytes >>> PLACE_BITS
    this.shift = Math.max(0, Math.floor(Math.log2(BLOCK_BYTES / bytes)))
    this.mask = (1 << this.shift) - 1
  }

  /** Where a record lies. */
  place(number: number): Place {
    return this.directory[number >>> this.shift]! + (number & this.mask) * this.stride
  }

  /** The number of a record that is not in use. @throws ArenaFull. */
  take(): number {
    if (this.#free !== 0) {
      const number = this.#free - 1
      this.#free = this.#region.i32[this.place(number) << (PLACE_BITS - 2)]!
      this.#freeCount--
      return number
    }
    if (this.count >>> this.shift === this.#blocks) this.#addBlock()
    return this.count++
  }

  #addBlock(): void {
    if (this.count >= RECORDS_MAX) throw new ArenaFull(0)
    if (this.#blocks === this.directory.length) {
      const longer = new Int32Array(this.#blocks * 2)
      longer.set(this.directory)
      this.directory = longer
    }
    const bytes = this.stride << (PLACE_BITS + this.shift)
    this.directory[this.#blocks] = this.#region.allocate(ACCOUNT.index, bytes)
    this.#blocks++
  }

  /** A record is not used any more; `take` gives it again. */
  give(number: number): void {
    this.#region.i32[this.place(number) << (PLACE_BITS - 2)] = this.#free
    this.#free = number + 1
    this.#freeCount++
  }

  /** Records in use. */
  get used(): number {
    return this.count - this.#freeCount
  }

  /** The last number is not used any more; not to be mixed with `give`. */
  pop(): void {
    this.count--
    const needed = (this.count + this.mask) >>> this.shift
    // One block in reserve, so that one record coming and going does not move blocks about.
    if (this.#blocks > needed + 1) this.#region.free(ACCOUNT.index, this.directory[--this.#blocks]!)
  }

  get sizeBytes(): number {
    let bytes = 0
    for (let i = 0; i < this.#blocks; i++) bytes += this.#region.sizeOf(this.directory[i]!)
    return bytes
  }

  /** Give everything back. */
  free(): void {
    for (let i = 0; i < this.#blocks; i++) this.#region.free(ACCOUNT.index, this.directory[i]!)
    this.#blocks = this.count = this.#free = this.#freeCount = 0
  }
}

/** A word for each number. */
export class Words {
  /** Where word 0 is in the region's i32. */
  base = 0
  readonly #region: Region
  #place: Place = 0
  #capacity = 0

  constructor(region: Region) {
    this.#region = region
  }

  /** Have words up to a number; new ones are 0. @throws ArenaFull. */
  ensure(number: number): void {
    if (number < this.#capacity) return
    const capacity = Math.max(WORDS_MIN, this.#capacity * 2, number + 1)
    const place = this.#region.allocate(ACCOUNT.index, capacity * 4)
    const base = place << (PLACE_BITS - 2)
    const { i32 } = this.#region
    i32.copyWithin(base, this.base, this.base + this.#capacity)
    i32.fill(0, base + this.#capacity, base + capacity)
    this.free()
    this.#place = place
    this.base = base
    this.#capacity = capacity
  }

  /** All words are 0 again. */
  clear(): void {
    this.#region.i32.fill(0, this.base, this.base + this.#capacity)
  }

  get sizeBytes(): number {
    return this.#place === 0 ? 0 : this.#region.sizeOf(this.#place)
  }

  /** Give everything back. */
  free(): void {
    if (this.#place !== 0) this.#region.free(ACCOUNT.index, this.#place)
    this.#place = this.base = this.#capacity = 0
  }
}
