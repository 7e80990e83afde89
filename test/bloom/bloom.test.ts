import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { Memory } from '../../core/memory/arena.ts'
import { setBits, setBits32, testBits, testBits32, wrapOf } from '../../modules/bloom/bloom/probe.ts'
import { BLOOM, BloomFilter, layerFor, newBloomShape } from '../../modules/bloom/bloom/sketch.ts'
import { bits64, bloomBits, bloomHashes } from './models.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const ITEMS = long ? 1_000_000 : 20_000

/** The bits that are set among n. */
function setIn(bytes: Buffer): number[] {
  const bits: number[] = []
  for (let at = 0; at < bytes.length; at++)
    for (let bit = 0; bit < 8; bit++) if ((bytes[at]! >> bit) & 1) bits.push(at * 8 + bit)
  return bits
}

const sorted = (bits: number[]) => [...new Set(bits)].sort((x, y) => x - y)

describe('probe', () => {
  it('sets the bits that big integers give, in filters of any size', () => {
    const random = new SeededRandom(3)
    const hash = new Int32Array(4)
    for (let i = 0; i < 300; i++) {
      const n = i < 100 ? 64 + i * 64 : 1 + random.below(i % 3 === 0 ? 1 << 20 : 10_000)
      const bytes = Buffer.alloc(Math.ceil(n / 8))
      for (let j = 0; j < 4; j++) hash[j] = random.u32()
      if (i % 10 === 0) hash.fill(-1)
      expect(setBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(true)
      const expected = bloomBits(bits64(hash[0]!, hash[1]!), bits64(hash[2]!, hash[3]!), 20, BigInt(n))
      expect(setIn(bytes)).toEqual(sorted(expected))
      expect(testBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(true)
      expect(setBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(false)
      bytes[expected[19]! >> 3]! &= ~(1 << (expected[19]! & 7))
      expect(testBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(false)
    }
  })

  it('finds its way in filters of more than 2^30 bits', () => {
    const random = new SeededRandom(4)
    const hash = new Int32Array(4)
    for (const n of [2 ** 30 - 64, 2 ** 30, 2 ** 31 + 64, 3_000_000_064]) {
      const bytes = Buffer.alloc(Math.ceil(n / 8))
      for (let j = 0; j < 4; j++) hash[j] = random.u32()
      expect(setBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(true)
      const expected = bloomBits(bits64(hash[0]!, hash[1]!), bits64(hash[2]!, hash[3]!), 20, BigInt(n))
      for (const bit of expected) expect((bytes[Math.floor(bit / 8)]! >> (bit % 8)) & 1).toBe(1)
      expect(testBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(true)
      bytes[Math.floor(expected[7]! / 8)] = 0
      expect(testBits(bytes, 0, n, wrapOf(n), 20, hash)).toBe(false)
    }
  })

  it('sets the bits of 32-bit hashes', () => {
    const random = new SeededRandom(5)
    const hash = new Int32Array(4)
    for (let i = 0; i < 50; i++) {
      const n = 1 + random.below(5000)
      const bytes = Buffer.alloc(Math.ceil(n / 8))
      for (let j = 0; j < 4; j++) hash[j] = random.u32()
      expect(setBits32(bytes, 0, n, 9, hash)).toBe(true)
      const at = (j: number) => ((hash[0]! + Math.imul(j, hash[2]!)) >>> 0) % n
      expect(setIn(bytes)).toEqual(sorted(Array.from({ length: 9 }, (_, j) => at(j))))
      expect(testBits32(bytes, 0, n, 9, hash)).toBe(true)
      expect(setBits32(bytes, 0, n, 9, hash)).toBe(false)
    }
  })
})

describe('Bloom filter', () => {
  it('agrees with a model of sets over chains of layers', () => {
    const memory = new Memory({ poison: true })
    const filter = new BloomFilter(memory)
    const random = new SeededRandom(6)
    filter.at(filter.create(newBloomShape(40, 0.2, 2, true)!))
    const layers: { layer: ReturnType<typeof layerFor> & object; bits: Set<number>; items: number }[] = []
    const grow = (capacity: number, error: number) =>
      layers.push({ layer: layerFor(capacity, error)!, bits: new Set(), items: 0 })
    grow(40, 0.1)
    for (let i = 0; i < 1500; i++) {
      const item = Buffer.from(`item ${random.below(900)}`)
      const [a, b] = bloomHashes(item)
      const bitsOf = ({ layer }: (typeof layers)[number]) => bloomBits(a, b, layer.hashes, BigInt(layer.bits))
      const present = layers.some(layer => bitsOf(layer).every(bit => layer.bits.has(bit)))
      expect(filter.has(Range.of(item))).toBe(present)
      expect(filter.add(Range.of(item))).toBe(present ? BLOOM.PRESENT : BLOOM.ADDED)
      if (present) continue
      const last = layers[layers.length - 1]!
      if (last.items >= last.layer.capacity) grow(last.layer.capacity * 2, last.layer.error / 2)
      const target = layers[layers.length - 1]!
      target.items++
      for (const bit of bitsOf(target)) target.bits.add(bit)
    }
    expect(filter.layers).toBe(layers.length)
    expect(layers.length).toBeGreaterThan(3)
    expect(filter.items).toBe(layers.reduce((sum, layer) => sum + layer.items, 0))
  })

  for (const [error, growth] of [
    [0.01, 2],
    [0.001, 4],
    [0.05, 1],
  ] as const)
    it(`never denies an item, and takes strangers for items no more often than ${error} in a chain that grows by ${growth}`, () => {
      const memory = new Memory()
      const filter = new BloomFilter(memory)
      const root = filter.create(newBloomShape(growth === 1 ? ITEMS / 4 : ITEMS / 10, error, growth, true)!)
      filter.at(root)
      let turnedAway = 0
      for (let i = 0; i < ITEMS; i++) if (filter.add(Range.of(`member:${i}`)) === BLOOM.PRESENT) turnedAway++
      let missing = 0
      for (let i = 0; i < ITEMS; i++) if (!filter.has(Range.of(`member:${i}`))) missing++
      let wrong = 0
      for (let i = 0; i < ITEMS; i++) if (filter.has(Range.of(`stranger:${i}`))) wrong++
      expect(missing).toBe(0)
      expect(wrong / ITEMS).toBeLessThanOrEqual(error)
      expect(turnedAway / ITEMS).toBeLessThanOrEqual(error)
      filter.free(root)
      expect(memory.usedBytes).toBe(0)
    })

  it('is full at its capacity when it may not scale', () => {
    const filter = new BloomFilter(new Memory({ poison: true }))
    filter.at(filter.create(newBloomShape(3, 1e-6, 2, false)!))
    expect(['a', 'b', 'c', 'd', 'a'].map(item => filter.add(Range.of(item)))).toEqual([1, 1, 1, BLOOM.FULL, 0])
    expect(filter.layer(0).error).toBe(1e-6)
  })

  it('does not begin what would not fit, and leaves nothing behind', () => {
    const memory = new Memory({ limitBytes: 64 << 20 })
    const filter = new BloomFilter(memory)
    expect(filter.create(newBloomShape(100_000_000, 0.01, 2, true)!)).toBe(0)
    expect(memory.usedBytes).toBe(0)
    expect(newBloomShape(1e12, 0.01, 2, true)).toBe(null)
    expect(newBloomShape(Number.MAX_SAFE_INTEGER, 0.5, 2, true)).toBe(null)
  })

  it('stays as it was when its next layer would not fit', () => {
    const memory = new Memory({ limitBytes: 32 << 20 })
    const filter = new BloomFilter(memory)
    filter.at(filter.create(newBloomShape(4, 0.01, 4_000_000_000, true)!))
    const outcomes = ['a', 'b', 'c', 'd', 'e', 'e', 'a'].map(item => filter.add(Range.of(item)))
    expect(outcomes).toEqual([1, 1, 1, 1, BLOOM.NO_ROOM, BLOOM.NO_ROOM, 0])
    expect([filter.layers, filter.items]).toEqual([1, 4])
  })

  it('ends its growth when the error rate comes to nothing', () => {
    const filter = new BloomFilter(new Memory({ poison: true }))
    filter.at(filter.create(newBloomShape(1, 1e-300, 1, true)!))
    let items = 0
    while (filter.add(Range.of(`item ${items}`)) !== BLOOM.NO_ROOM && items < 10_000) items++
    expect(items).toBeLessThan(10_000)
    expect(filter.layers).toBeLessThan(100)
    expect(filter.layer(filter.layers - 1).error).toBe(Number.MIN_VALUE)
  })
})
