/* Bloom filter -- "have I seen this before?" in about ten bits an item, with no false "no".
 *
 * An item sets k bits of a row of n; it may be there when all of its k bits are set. With
 *
 *      n = items · ln(1/error) / ln(2)²        k = ceil(ln 2 · n / items)
 *
 * a filter that holds the items it was made for says "yes" to a stranger with probability `error` (B. Bloom, "Space/time
 * trade-offs in hash coding with allowable errors", 1970). A filter that outgrows its capacity becomes a chain
 * (Almeida, Baquero, Preguica, Hutchison, "Scalable Bloom filters", 2007):
 *
 *      layer 0    layer 1         layer 2               capacity c, c·g, c·g², ...
 *      error/2    error/4         error/8               halving: the chain as a whole stays below `error`
 *      [######]   [############]  [####......]          new items go to the last one, questions to all
 *
 * A chain that may not scale is one layer of the full error rate, and turns items away when it is full.
 *
 * Layout: a root block, a table of layers, and a block of bits for each layer; the value of a key is the root's address,
 * which never changes.
 *
 *      root   items f64 | layers i32 | options i32 | growth u32 | table address
 *      layer  items, capacity, error, bits per item, bits, wrap (f64) | hashes | n2 | bits address | bytes
 *
 *   add, has: O(k) in the last layer + O(k) or less in each older one    create: O(bytes)
 *
 * Bits are rounded up to 64, so that the sizes and with them every false positive agree with RedisBloom, as do the two
 * hashes (probe.ts). Old dumps may hold filters of 2^n2 bits or of 32-bit hashes; both are read and added to, never made.
 *
 * Invariants: 1 <= layers; root.items = sum of the layers' items; bits(layer) <= 8 · bytes(layer).
 *
 * Left out: deleting (a bit may belong to many items: use a cuckoo filter), and merging of chains. */
import { ACCOUNT, type Address, ArenaFull, type Memory, type Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { murmur2, murmur64Pair, PAIR_LENGTH } from '../hash.ts'
import { RootLens } from '../lens.ts'
import { BITS_MAX, eachBit, eachBit32, setBits, setBits32, testBits, testBits32, wrapOf } from './probe.ts'

/** Options of a chain as they stand in dumps. New chains have FORCE64 and NOROUND, and NO_SCALING if asked for. */
export const BLOOM_OPTION = { NOROUND: 1, ENTRIES_IS_BITS: 2, FORCE64: 4, NO_SCALING: 8 } as const
/** All the bits that options may have. */
export const BLOOM_OPTIONS_MASK = 15
/** The most layers of a chain. Halving brings every error rate to zero before this. */
export const LAYERS_MAX = 4096
/** The most hashes of a layer: more than the smallest error rate that a double can hold asks for. */
export const HASHES_MAX = 4096

/** What adding an item came to. */
export const BLOOM = { PRESENT: 0, ADDED: 1, FULL: -1, NO_ROOM: -2 } as const
export type BloomOutcome = (typeof BLOOM)[keyof typeof BLOOM]

const TIGHTENING = 0.5
/** ln 2 and its square as RedisBloom rounds them: at powers of two the last digits decide the number of hashes. */
// biome-ignore lint/suspicious/noApproximativeNumericConstant: its rounding is the point
const LN2 = 0.693147180559945
const LN2_SQUARED = 0.480453013918201

const SEED_32 = 0x9747b28c
const SEED_64_LO = 0x5bd1e995
const SEED_64_HI = 0xc6a4a793 | 0

const ROOT_BYTES = 24
const LAYER_BYTES = 64
/** Units of 8 bytes in a layer's record. */
const LAYER_UNITS = LAYER_BYTES / 8

/** All that a layer is described by; also what dumps carry. */
export interface BloomLayer {
  items: number
  capacity: number
  error: number
  bitsPerItem: number
  /** Bits that probes are taken modulo. */
  bits: number
  /** Their binary logarithm in filters of old dumps that were rounded up to a power of two, else 0. */
  n2: number
  hashes: number
  bytes: number
}

/** All that a chain is described by, without its bits. */
export interface BloomShape {
  items: number
  options: number
  growth: number
  layers: BloomLayer[]
}

/** The layer for `capacity` items at an error rate; null when it would be larger than one block, or makes no sense. */
export function layerFor(capacity: number, error: number): BloomLayer | null {
  if (!(capacity >= 1) || !(error > 0 && error < 1)) return null
  const bitsPerItem = -(Math.log(error) / LN2_SQUARED)
  const wanted = Math.max(1, Math.floor(capacity * bitsPerItem))
  if (!(wanted <= BITS_MAX)) return null
  const bytes = Math.ceil(wanted / 64) * 8
  const hashes = Math.max(1, Math.ceil(LN2 * bitsPerItem))
  return { items: 0, capacity, error, bitsPerItem, bits: bytes * 8, n2: 0, hashes, bytes }
}

/** The shape of a new chain, or null when its first layer is larger than one block. */
export function newBloomShape(capacity: number, error: number, growth: number, scaling: boolean): BloomShape | null {
  const layer = layerFor(capacity, scaling ? error * TIGHTENING : error)
  if (layer === null) return null
  const options = BLOOM_OPTION.FORCE64 | BLOOM_OPTION.NOROUND | (scaling ? 0 : BLOOM_OPTION.NO_SCALING)
  return { items: 0, options, growth, layers: [layer] }
}

/**
 * Whether a shape that came from outside can be a chain: every layer's bits lie within its bytes, counts add up, and
 * nothing is absurd. The bytes themselves need no check.
 */
export function validBloomShape(shape: BloomShape): boolean {
  if ((shape.options & ~BLOOM_OPTIONS_MASK) !== 0 || shape.layers.length < 1 || shape.layers.length > LAYERS_MAX)
    return false
  let items = 0
  for (const layer of shape.layers) {
    if (!(layer.error > 0 && layer.error < 1) || !(layer.bitsPerItem > 0 && layer.bitsPerItem < HASHES_MAX))
      return false
    if (!(layer.capacity >= 1 && layer.capacity <= Number.MAX_SAFE_INTEGER)) return false
    if (layer.hashes < 1 || layer.hashes > HASHES_MAX || layer.bits < 1) return false
    if (layer.n2 !== 0 && layer.bits !== 2 ** layer.n2) return false
    if (layer.bytes > BITS_MAX / 8 || layer.bits > layer.bytes * 8) return false
    items += layer.items
  }
  return items === shape.items && items <= Number.MAX_SAFE_INTEGER
}

/** A view of one chain at a time: `at` points it to another. One a server, kept by the module. */
export class BloomFilter {
  readonly #memory: Memory
  readonly #root: RootLens
  readonly #hash = new Int32Array(PAIR_LENGTH)
  /** The arrays over the table of layers, and the index of its first double. */
  #tableWords: Int32Array = NO_WORDS
  #tableFields: Float64Array = NO_FIELDS
  #table = 0

  constructor(memory: Memory) {
    this.#memory = memory
    this.#root = new RootLens(memory)
  }

  /** A chain of a valid shape, all bits clear: its address, or 0 when the memory cannot hold it. */
  create(shape: BloomShape): Address {
    const memory = this.#memory
    const bits: Address[] = []
    let root: Address = 0
    try {
      for (const layer of shape.layers) bits.push(memory.zeroed(ACCOUNT.dataset, layer.bytes))
      root = this.adopt(shape, bits)
    } catch (error) {
      // Nothing of a chain that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
    }
    if (root === 0) for (const address of bits) memory.free(ACCOUNT.dataset, address)
    return root
  }

  /** A chain of a valid shape over blocks that hold its bits. 0 when there is no room: the blocks stay the caller's. */
  adopt(shape: BloomShape, bits: readonly Address[]): Address {
    const memory = this.#memory
    let root: Address = 0
    try {
      root = memory.block(ACCOUNT.dataset, ROOT_BYTES)
      this.#setRoot(root, memory.block(ACCOUNT.dataset, bits.length * LAYER_BYTES), shape)
    } catch (error) {
      // Nothing of a chain that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      if (root !== 0) memory.free(ACCOUNT.dataset, root)
      return 0
    }
    for (let i = 0; i < bits.length; i++) this.#writeLayer(i, shape.layers[i]!, bits[i]!)
    return root
  }

  /** Give back all of a chain. */
  free(root: Address): void {
    this.at(root)
    for (let i = this.layers - 1; i >= 0; i--) this.#memory.free(ACCOUNT.dataset, this.partAddress(i))
    this.#memory.free(ACCOUNT.dataset, this.#root.word(5))
    this.#memory.free(ACCOUNT.dataset, root)
  }

  /** Look at the chain whose root is there. Returns itself. */
  at(root: Address): this {
    this.#root.at(root)
    this.#findTable()
    return this
  }

  /** The table of layers is a block of its own, and moves when it grows. */
  #findTable(): void {
    const table = this.#root.word(5)
    const words = this.#memory.i32[table >>> SLAB_BITS]!
    this.#table = table & UNIT_MASK
    if (this.#tableWords === words) return
    this.#tableWords = words
    this.#tableFields = this.#memory.f64[table >>> SLAB_BITS]!
  }

  /** Items added, over all layers. */
  get items(): number {
    return this.#root.field(0)
  }

  get layers(): number {
    return this.#root.word(2)
  }

  /** Layers, as parts of a dump. */
  get parts(): number {
    return this.#root.word(2)
  }

  get options(): number {
    return this.#root.word(3)
  }

  get growth(): number {
    return this.#root.word(4) >>> 0
  }

  get scaling(): boolean {
    return (this.options & BLOOM_OPTION.NO_SCALING) === 0
  }

  /** Items that all layers were made for. */
  get capacity(): number {
    let sum = 0
    for (let i = this.layers - 1; i >= 0; i--) sum += this.#layerField(i, 1)
    return sum
  }

  /** Bytes that the chain consists of. */
  get sizeBytes(): number {
    let sum = ROOT_BYTES
    for (let i = this.layers - 1; i >= 0; i--) sum += LAYER_BYTES + this.partBytes(i)
    return sum
  }

  /** The chain's description, for dumps. */
  shape(): BloomShape {
    const layers: BloomLayer[] = []
    for (let i = 0; i < this.layers; i++) layers.push(this.layer(i))
    return { items: this.items, options: this.options, growth: this.growth, layers }
  }

  /** One layer's description. */
  layer(i: number): BloomLayer {
    return {
      items: this.#layerField(i, 0),
      capacity: this.#layerField(i, 1),
      error: this.#layerField(i, 2),
      bitsPerItem: this.#layerField(i, 3),
      bits: this.#layerField(i, 4),
      n2: this.#layerWord(i, 13),
      hashes: this.#layerWord(i, 12),
      bytes: this.partBytes(i),
    }
  }

  /** Where a layer's bits lie. */
  partAddress(i: number): Address {
    return this.#layerWord(i, 14)
  }

  /** How many bytes of bits a layer has. */
  partBytes(i: number): number {
    return this.#layerWord(i, 15) >>> 0
  }

  /** Whether the item may have been added. */
  has(item: Range): boolean {
    this.#hashOf(item)
    for (let i = this.layers - 1; i >= 0; i--) if (this.#test(i)) return true
    return false
  }

  /** Add an item, which may make a new layer. */
  add(item: Range): BloomOutcome {
    this.#hashOf(item)
    let last = this.layers - 1
    for (let i = last - 1; i >= 0; i--) if (this.#test(i)) return BLOOM.PRESENT
    if (this.#layerField(last, 0) >= this.#layerField(last, 1)) {
      if (this.#test(last)) return BLOOM.PRESENT
      if (!this.scaling) return BLOOM.FULL
      if (!this.#grow(last)) return BLOOM.NO_ROOM
      last++
    }
    if (!this.#set(last)) return BLOOM.PRESENT
    this.#tableFields[this.#table + last * LAYER_UNITS]! += 1
    this.#root.setField(0, this.#root.field(0) + 1)
    return BLOOM.ADDED
  }

  #hashOf(item: Range): void {
    const hash = this.#hash
    if (this.#narrow()) {
      hash[0] = murmur2(item.buf, item.start, item.end, SEED_32)
      hash[2] = murmur2(item.buf, item.start, item.end, hash[0]!)
    } else murmur64Pair(item.buf, item.start, item.end, SEED_64_LO, SEED_64_HI, hash)
  }

  #test(i: number): boolean {
    const words = this.#tableWords
    const fields = this.#tableFields
    const field = this.#table + i * LAYER_UNITS
    const bits = words[field * 2 + 14]!
    const u8 = this.#memory.u8[bits >>> SLAB_BITS]!
    const base = (bits & UNIT_MASK) * 8
    const k = words[field * 2 + 12]!
    if (this.#narrow()) return testBits32(u8, base, fields[field + 4]!, k, this.#hash)
    return testBits(u8, base, fields[field + 4]!, fields[field + 5]!, k, this.#hash)
  }

  #set(i: number): boolean {
    const words = this.#tableWords
    const fields = this.#tableFields
    const field = this.#table + i * LAYER_UNITS
    const bits = words[field * 2 + 14]!
    const u8 = this.#memory.u8[bits >>> SLAB_BITS]!
    const base = (bits & UNIT_MASK) * 8
    const k = words[field * 2 + 12]!
    if (this.#memory.guard !== null) this.#tell(bits, fields[field + 4]!, fields[field + 5]!, k)
    if (this.#narrow()) return setBits32(u8, base, fields[field + 4]!, k, this.#hash)
    return setBits(u8, base, fields[field + 4]!, fields[field + 5]!, k, this.#hash)
  }

  /** The item's bits in a block are about to change. */
  #tell(block: Address, n: number, wrap: number, k: number): void {
    const guard = this.#memory.guard!
    const tell = (bit: number): void => {
      const byte = Math.floor(bit / 8)
      guard.stretch(block, byte, byte + 1)
    }
    if (this.#narrow()) eachBit32(n, k, this.#hash, tell)
    else eachBit(n, wrap, k, this.#hash, tell)
  }

  /** Whether the chain is an old one of 32-bit hashes. */
  #narrow(): boolean {
    return (this.#root.word(3) & BLOOM_OPTION.FORCE64) === 0
  }

  /** Add a layer after the last one. False, with nothing changed, when it would not fit. */
  #grow(last: number): boolean {
    const layer = layerFor(this.#layerField(last, 1) * this.growth, this.#layerField(last, 2) * TIGHTENING)
    if (layer === null || last + 1 >= LAYERS_MAX) return false
    const memory = this.#memory
    let bits: Address = 0
    try {
      bits = memory.zeroed(ACCOUNT.dataset, layer.bytes)
      this.#root.setWord(
        5,
        memory.resize(ACCOUNT.dataset, this.#root.word(5), (last + 1) * LAYER_BYTES, (last + 2) * LAYER_BYTES),
      )
    } catch (error) {
      // A layer that does not fit leaves the chain as it was.
      if (!(error instanceof ArenaFull)) throw error
      if (bits !== 0) memory.free(ACCOUNT.dataset, bits)
      return false
    }
    this.#root.setWord(2, last + 2)
    this.#findTable()
    this.#writeLayer(last + 1, layer, bits)
    return true
  }

  #setRoot(root: Address, table: Address, shape: BloomShape): void {
    this.#root.at(root)
    this.#root.setField(0, shape.items)
    this.#root.setWord(2, shape.layers.length)
    this.#root.setWord(3, shape.options)
    this.#root.setWord(4, shape.growth)
    this.#root.setWord(5, table)
    this.#findTable()
  }

  #writeLayer(i: number, layer: BloomLayer, bits: Address): void {
    const fields = this.#tableFields
    const words = this.#tableWords
    const field = this.#table + i * LAYER_UNITS
    fields[field] = layer.items
    fields[field + 1] = layer.capacity
    fields[field + 2] = layer.error
    fields[field + 3] = layer.bitsPerItem
    fields[field + 4] = layer.bits
    fields[field + 5] = wrapOf(layer.bits)
    words[field * 2 + 12] = layer.hashes
    words[field * 2 + 13] = layer.n2
    words[field * 2 + 14] = bits
    words[field * 2 + 15] = layer.bytes
  }

  #layerField(layer: number, i: number): number {
    return this.#tableFields[this.#table + layer * LAYER_UNITS + i]!
  }

  #layerWord(layer: number, i: number): number {
    return this.#tableWords[(this.#table + layer * LAYER_UNITS) * 2 + i]!
  }
}

const NO_WORDS = new Int32Array(0)
const NO_FIELDS = new Float64Array(0)
