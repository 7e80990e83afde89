/* Region -- memory that grows in place, for what code in WebAssembly has to read.
 *
 * Such code sees one memory that begins at 0, not the slabs of the arena. A region is that memory: up to 4 GB, of which
 * only what was grown to is real, cut into pages of 4 KB that are handed out in runs.
 *
 *      page    0     1  2  3  4     5  6     7  8  9 ...
 *            +-----+-------------+-------+-------------
 *            | no- |  a run of 4 | free  |  another        A run is named by its place: units of 16 bytes from the
 *            | body|             |       |                 beginning, so that a place fits 28 bits. 0 names nothing.
 *            +-----+-------------+-------+-------------
 *
 * Growing makes new views over the same bytes and empties the old ones, so whoever allocates reads `u8`, `i32` and the
 * others anew afterwards. What is grown counts against the arena's limit, what is handed out is in its accounts. A
 * region never shrinks; when its last run was freed, its owner lets go of it.
 *
 *   allocate: a search for free pages, from the lowest that may be free      free, sizeOf O(1)
 *
 * Where the runtime has no WebAssembly, or no room for so large a span of addresses, a region is a plain buffer that is
 * copied when it grows, and `hasWasm` is false. */

import { type Account, ArenaFull, type Memory } from './arena.ts'

/** Where a run begins: units of 16 bytes, 0 for none. */
export type Place = number

/** Bits by which a place is shifted to be an offset in bytes. */
export const PLACE_BITS = 4

const PAGE_BYTES = 4096
const PAGE_PLACES = PAGE_BYTES >>> PLACE_BITS
const WASM_PAGE_BYTES = 65536
const WASM_PAGES_MAX = 65536
const GROWTH_MIN_BYTES = 1 << 20
const GROWTH_SHARE = 8

/** The part of WebAssembly that is used here; the types that we compile with leave it out. */
interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

interface Runtime {
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, object>>,
  ) => { readonly exports: Record<string, unknown> }
}

export interface RegionOptions {
  /** Whether the runtime's WebAssembly may be used; as if it had none otherwise. */
  wasm?: boolean
}

/** One growing memory with runs of pages. */
export class Region {
  u8!: Uint8Array
  u16!: Uint16Array
  i32!: Int32Array
  f32!: Float32Array
  f64!: Float64Array
  /** Bytes of all runs. */
  usedBytes = 0
  readonly #memory: Memory
  readonly #wasm: WasmMemory | null
  #bytes = 0
  /** By page: the pages of the run that begins there, -1 inside a run, 0 when free. */
  #runs = new Int32Array(WASM_PAGE_BYTES / PAGE_BYTES)
  #pages = 0
  /** No page below is free. */
  #lowest = 1

  /** @throws ArenaFull when not even the first pages are there. */
  constructor(memory: Memory, options: RegionOptions = {}) {
    this.#memory = memory
    memory.reserve(WASM_PAGE_BYTES)
    this.#wasm = options.wasm === false ? null : makeWasmMemory()
    this.#view(this.#wasm?.buffer ?? new ArrayBuffer(WASM_PAGE_BYTES))
    this.#runs[0] = 1
  }

  /** Bytes that the region may have at most. */
  static get bytesMax(): number {
    return WASM_PAGES_MAX * WASM_PAGE_BYTES
  }

  /**
   * A run of at least `bytes` bytes, whose contents are whatever was there before.
   * @throws ArenaFull with nothing changed.
   */
  allocate(account: Account, bytes: number): Place {
    const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES))
    let first = this.#find(pages)
    if (first < 0) {
      this.#grow(pages)
      first = this.#find(pages)
    }
    this.#runs.fill(-1, first, first + pages)
    this.#runs[first] = pages
    if (first === this.#lowest) this.#lowest = first + pages
    this.usedBytes += pages * PAGE_BYTES
    this.#memory.used[account]! += pages * PAGE_BYTES
    return first * PAGE_PLACES
  }

  /** Give a run back to its account. */
  free(account: Account, place: Place): void {
    const first = place / PAGE_PLACES
    const pages = this.#runs[first]!
    this.#runs.fill(0, first, first + pages)
    if (first < this.#lowest) this.#lowest = first
    this.usedBytes -= pages * PAGE_BYTES
    this.#memory.used[account]! -= pages * PAGE_BYTES
  }

  /** Whether code in WebAssembly can read this memory. */
  get hasWasm(): boolean {
    return this.#wasm !== null
  }

  /**
   * What a module in WebAssembly exports that imports this memory as `region.memory`. Only where `hasWasm`.
   * @throws when the runtime cannot compile it, for lack of SIMD for one.
   */
  instantiate(code: Uint8Array): Record<string, unknown> {
    const { Module, Instance } = runtime()!
    return new Instance(new Module(code), { region: { memory: this.#wasm! } }).exports
  }

  /** Bytes that a run really has. */
  sizeOf(place: Place): number {
    return this.#runs[place / PAGE_PLACES]! * PAGE_BYTES
  }

  /** Nothing of it is used any more: its bytes no longer count against the limit. */
  drop(): void {
    this.#memory.unreserve(this.#bytes)
    this.#bytes = this.#pages = 0
    this.#view(new ArrayBuffer(0))
  }

  #view(buffer: ArrayBuffer): void {
    this.u8 = new Uint8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.f32 = new Float32Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.#bytes = buffer.byteLength
    this.#pages = buffer.byteLength / PAGE_BYTES
  }

  /** The first page of a free run, or -1. */
  #find(pages: number): number {
    const runs = this.#runs
    for (let page = this.#lowest; page + pages <= this.#pages; ) {
      let free = 0
      while (free < pages && runs[page + free] === 0) free++
      if (free === pages) return page
      page += free
      // What stands in the way is the beginning of a run, since a run is only ever met at its first page.
      if (free === 0 && page === this.#lowest) this.#lowest = page + runs[page]!
      page += runs[page]!
    }
    return -1
  }

  #grow(pages: number): void {
    const asked = pages * PAGE_BYTES
    const wanted = Math.max(asked, GROWTH_MIN_BYTES, this.#bytes / GROWTH_SHARE)
    const room = Region.bytesMax - this.#bytes
    const more = Math.min(Math.ceil(wanted / WASM_PAGE_BYTES) * WASM_PAGE_BYTES, room)
    if (more < asked) throw new ArenaFull(asked)
    this.#memory.reserve(more)
    try {
      this.#view(this.#wasm === null ? this.#copied(more) : grownWasm(this.#wasm, more))
    } catch (error) {
      this.#memory.unreserve(more)
      // The system refused: for the caller that is the same as a full arena.
      throw error instanceof RangeError ? new ArenaFull(asked) : error
    }
    if (this.#pages <= this.#runs.length) return
    const longer = new Int32Array(Math.max(this.#pages, this.#runs.length * 2))
    longer.set(this.#runs)
    this.#runs = longer
  }

  #copied(more: number): ArrayBuffer {
    const buffer = new ArrayBuffer(this.#bytes + more)
    new Uint8Array(buffer).set(this.u8)
    return buffer
  }
}

function grownWasm(memory: WasmMemory, more: number): ArrayBuffer {
  memory.grow(more / WASM_PAGE_BYTES)
  return memory.buffer
}

function makeWasmMemory(): WasmMemory | null {
  const wasm = runtime()
  if (wasm === undefined) return null
  try {
    return new wasm.Memory({ initial: 1, maximum: WASM_PAGES_MAX })
  } catch {
    // A process may have used up, or may not have, such spans of addresses.
    return null
  }
}

function runtime(): Runtime | undefined {
  return (globalThis as unknown as { WebAssembly?: Runtime }).WebAssembly
}
