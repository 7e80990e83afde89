import { type Address, Memory, Range } from 'redstrata/module'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import {
  bloomHeaderBytes,
  loadBloom,
  readBloomHeader,
  saveBloom,
  writeBloomHeader,
} from '../../modules/bloom/bloom/persist.ts'
import { BloomFilter, layerFor, newBloomShape } from '../../modules/bloom/bloom/sketch.ts'
import { CHUNK, CHUNK_MAX, chunkAt, loadChunk, type Parts } from '../../modules/bloom/chunks.ts'
import { loadCms } from '../../modules/bloom/cms/persist.ts'
import { CountMin } from '../../modules/bloom/cms/sketch.ts'
import {
  CUCKOO_HEADER_BYTES,
  loadCuckoo,
  readCuckooHeader,
  saveCuckoo,
  writeCuckooHeader,
} from '../../modules/bloom/cuckoo/persist.ts'
import { CuckooFilter, newCuckooShape } from '../../modules/bloom/cuckoo/sketch.ts'
import { loadTDigest, TDIGEST_ENCODING } from '../../modules/bloom/tdigest/persist.ts'
import { capacityFor, TDigest } from '../../modules/bloom/tdigest/sketch.ts'
import { loadTopK, saveTopK } from '../../modules/bloom/topk/persist.ts'
import { TopK } from '../../modules/bloom/topk/sketch.ts'
import { type Field, FieldList, FieldReader, recordedValues } from './fields.ts'
import { type Kind, kindsOver } from './kinds.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const recorded = recordedValues()

function fieldsOf(kind: Kind, root: Address): Field[] {
  const sink = new FieldList()
  kind.save(root, sink)
  return sink.fields
}

/** Fields with their bytes as text, which is compared faster. */
function plain(fields: readonly Field[]): (bigint | number | string)[] {
  return fields.map(field => (Buffer.isBuffer(field) ? field.latin1Slice() : field))
}

/** The heap of a Top-K dump without the pointers and the padding, which mean nothing. */
function withoutPointers(fields: readonly Field[]): Field[] {
  const copy = [...fields]
  const heap = Buffer.from(copy[5] as Buffer)
  for (let at = 0; at < heap.length; at += 24) heap.fill(0, at + 8, at + 16).fill(0, at + 20, at + 24)
  copy[5] = heap
  return copy
}

describe('the values that the real module saved', () => {
  const memory = new Memory({ poison: true })
  const [bloom, cuckoo, cms, topk, tdigest] = kindsOver(memory) as [Kind, Kind, Kind, Kind, Kind]
  const kinds = new Map([
    ['bf:scaling', bloom],
    ['bf:fixed', bloom],
    ['cf', cuckoo],
    ['cms', cms],
    ['topk', topk],
    ['td', tdigest],
    ['td:empty', tdigest],
  ])

  it('are seven', () => {
    expect([...recorded.keys()].sort()).toEqual([...kinds.keys()].sort())
  })

  for (const [key, kind] of kinds)
    it(`come back field by field: ${key}`, () => {
      const { version, fields } = recorded.get(key)!
      const source = new FieldReader(fields)
      const root = kind.load(source, version)
      expect([root !== 0, source.done, version]).toEqual([true, true, kind.version])
      const saved = fieldsOf(kind, root)
      if (kind === topk) expect(plain(withoutPointers(saved))).toEqual(plain(withoutPointers(fields)))
      else expect(plain(saved)).toEqual(plain(fields))
    })

  it('answer as they did', () => {
    const open = (key: string) => new FieldReader(recorded.get(key)!.fields)
    const words = (...names: string[]) => names.map(name => Range.of(name))
    const scaling = new BloomFilter(memory)
    scaling.at(loadBloom(memory, scaling, open('bf:scaling'), 4))
    expect(words('item-0', 'item-199', 'item-399', 'item-400', 'item-401').map(w => scaling.has(w))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect([scaling.items, scaling.layers, scaling.add(Range.of('item-0'))]).toEqual([399, 4, 0])
    const fixed = new BloomFilter(memory)
    fixed.at(loadBloom(memory, fixed, open('bf:fixed'), 4))
    expect([fixed.items, fixed.has(Range.of('lantern')), fixed.scaling]).toEqual([14, true, false])
    const filter = new CuckooFilter(memory)
    filter.at(loadCuckoo(memory, filter, open('cf'), 4))
    expect(words('c-0', 'c-7', 'c-299', 'c-300').map(w => filter.has(w))).toEqual([true, false, true, false])
    expect(filter.count(Range.of('c-12'))).toBe(1)
    const sketch = new CountMin(memory)
    sketch.at(loadCms(memory, sketch, open('cms'), 0))
    expect(words('w0', 'w10', 'w49', 'w50').map(w => sketch.query(w))).toEqual([1, 11, 50, 0])
    const top = new TopK(memory, new SeededRandom(1))
    top.at(loadTopK(memory, top, open('topk'), 0))
    const out = new Range()
    expect(top.list().map(i => `${top.nameAt(i, out).latin1()} ${top.countAt(i)}`)).toEqual([
      'signal 29',
      'stone 29',
      'lantern 29',
      'harbour 28',
      'orchid 28',
    ])
    const digest = new TDigest(memory)
    digest.at(loadTDigest(digest, open('td'), 0))
    const quantiles = Float64Array.of(0, 0.1, 0.5, 0.99, 1)
    digest.quantiles(quantiles)
    expect([...quantiles]).toEqual([0, 9.964922365769823, 50.07596153846156, 98.95, 99.9])
    digest.at(loadTDigest(digest, open('td:empty'), 0))
    expect(digest.size).toBe(0)
  })
})

describe('a saved sketch', () => {
  const memory = new Memory({ poison: true })
  for (const kind of kindsOver(memory))
    it(`comes back the same, and leaves nothing behind: ${kind.name}`, () => {
      const random = new SeededRandom(51)
      for (let i = 0; i < (long ? 3000 : 50); i++) {
        const root = kind.make(random)
        const fields = fieldsOf(kind, root)
        const source = new FieldReader(fields)
        const copy = kind.load(source, kind.version)
        expect([copy !== 0, source.done]).toEqual([true, true])
        expect(plain(fieldsOf(kind, copy))).toEqual(plain(fields))
        kind.use(copy, random)
        kind.free(root)
        kind.free(copy)
      }
      expect(memory.usedBytes).toBe(0)
    })
})

const NUMBERS = [
  0n,
  1n,
  2n,
  255n,
  256n,
  65535n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 32n,
  1n << 53n,
  1n << 63n,
  (1n << 64n) - 1n,
]
const DOUBLES = [
  0,
  -0,
  1,
  2,
  0.5,
  -1,
  1e-320,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e18,
]

/** Fields with something wrong. */
function spoil(fields: readonly Field[], random: SeededRandom): Field[] {
  const copy = [...fields]
  for (let n = 1 + random.below(2); n > 0; n--) {
    // The first fields say how much there is: they deserve most of the mischief.
    const at = random.below(random.next() < 0.6 ? Math.min(10, copy.length) : copy.length)
    const roll = random.next()
    if (roll < 0.05) copy.splice(at, 1)
    else if (roll < 0.1) copy.length = at
    else if (roll < 0.15) copy.splice(at, 0, copy[random.below(copy.length)]!)
    else copy[at] = spoiled(copy[at], random)
  }
  return copy
}

function spoiled(field: Field | undefined, random: SeededRandom): Field {
  const roll = random.next()
  if (typeof field === 'bigint')
    return roll < 0.6
      ? NUMBERS[random.below(NUMBERS.length)]!
      : BigInt.asUintN(64, field + BigInt(random.below(5)) - 2n)
  if (typeof field === 'number')
    return roll < 0.7 ? DOUBLES[random.below(DOUBLES.length)]! : field * (random.next() * 4 - 2)
  const bytes = Buffer.from(field ?? Buffer.alloc(3))
  if (roll < 0.3) return bytes.subarray(0, random.below(bytes.length + 1))
  if (roll < 0.4) return Buffer.concat([bytes, bytes])
  for (let i = 0; i < 4 && bytes.length > 0; i++) bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

/** A sketch from fields, or 0 when they are refused in any way. */
function tryLoad(kind: Kind, fields: readonly Field[], version: number): Address {
  try {
    return kind.load(new FieldReader(fields), version)
  } catch {
    return 0 // The reader throws where a field is missing, as the host does.
  }
}

describe('a damaged sketch', () => {
  const memory = new Memory({ poison: true, limitBytes: 96 << 20 })
  for (const kind of kindsOver(memory))
    it(`is refused with nothing left behind, or is one that can be used: ${kind.name}`, () => {
      const random = new SeededRandom(52)
      let refused = 0
      const rounds = long ? 60_000 : 800
      for (let i = 0; i < rounds; i++) {
        const root = kind.make(random)
        const fields = spoil(fieldsOf(kind, root), random)
        kind.free(root)
        const copy = tryLoad(kind, fields, kind.version)
        if (copy === 0) refused++
        else {
          kind.use(copy, random)
          fieldsOf(kind, copy)
          kind.free(copy)
        }
        if (memory.usedBytes !== 0) throw new Error(`round ${i} left ${memory.usedBytes} bytes behind`)
      }
      expect(refused).toBeGreaterThan(rounds / 10)
    })

  it('is refused when it is a digest without room for another value', () => {
    const digest = new TDigest(memory)
    const capacity = capacityFor(3)
    const full = (count: number) => [
      ...[3, 0, 9, BigInt(capacity), BigInt(count), 0n, 1n, count, 0],
      ...Array.from({ length: count }, (_, i) => i / 10),
      ...Array.from({ length: count }, () => 1),
    ]
    expect(loadTDigest(digest, new FieldReader(full(capacity)), TDIGEST_ENCODING)).toBe(0)
    const root = loadTDigest(digest, new FieldReader(full(capacity - 1)), TDIGEST_ENCODING)
    digest.at(root)
    for (let i = 0; i < 3 * capacity; i++) expect(digest.add(i, 1)).toBe(true)
    expect(digest.size).toBe(4 * capacity - 1)
    digest.free(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('is refused in any later version', () => {
    for (const kind of kindsOver(memory)) {
      const root = kind.make(new SeededRandom(53))
      expect(tryLoad(kind, fieldsOf(kind, root), kind.version + 1)).toBe(0)
      kind.free(root)
    }
  })
})

describe('values of older versions', () => {
  const memory = new Memory({ poison: true })

  it('Bloom filters without growth, options, bits', () => {
    const filter = new BloomFilter(memory)
    filter.at(filter.create(newBloomShape(20, 0.01, 2, true)!))
    for (let i = 0; i < 20; i++) filter.add(Range.of(`item ${i}`))
    const sink = new FieldList()
    saveBloom(memory, filter, sink)
    const [items, layers, options, , ...layer] = sink.fields as [Field, Field, Field, Field, ...Field[]]
    const third = loadBloom(memory, filter, new FieldReader([items, layers, options, ...layer]), 3)
    expect([filter.at(third).growth, filter.layers, filter.has(Range.of('item 7'))]).toEqual([2, 1, true])
    // Version 1 had 32-bit hashes in 2^n2 bits.
    const bytes = Buffer.alloc(32)
    const first = loadBloom(memory, filter, new FieldReader([0n, 1n, 20n, 0.01, 3n, 9.6, 0n, 8n, bytes, 0n]), 1)
    filter.at(first)
    expect([filter.layer(0).bits, filter.options, filter.add(Range.of('a')), filter.has(Range.of('a'))]).toEqual([
      256,
      0,
      1,
      true,
    ])
    // Version 0 told neither bits nor n2: 20 · 9.6 of them.
    const oldest = loadBloom(memory, filter, new FieldReader([0n, 1n, 20n, 0.01, 3n, 9.6, bytes, 0n]), 0)
    expect(filter.at(oldest).layer(0).bits).toBe(192)
  })

  it('cuckoo filters without deletes and sizes', () => {
    const filter = new CuckooFilter(memory)
    filter.at(filter.create(newCuckooShape(16, 2, 20, 1)))
    for (let i = 0; i < 12; i++) filter.add(Range.of(`item ${i}`))
    const sink = new FieldList()
    saveCuckoo(memory, filter, sink)
    const { fields } = sink
    const slots = fields.filter(field => Buffer.isBuffer(field))
    const old = loadCuckoo(memory, filter, new FieldReader([...fields.slice(0, 3), ...slots]), 3)
    expect([filter.at(old).items, filter.has(Range.of('item 3')), filter.bucketSize]).toEqual([12, true, 2])
  })
})

describe('peculiar values', () => {
  const memory = new Memory({ poison: true })

  it('a digest of one value is known from its extremes where the real module left the value out', () => {
    const digest = new TDigest(memory)
    const root = loadTDigest(digest, new FieldReader([100, 7.5, 7.5, 610n, 0n, 1n, 0n, 0, 1]), 0)
    expect([digest.at(root).size, digest.meanAt(0), digest.waiting]).toEqual([1, 7.5, 1])
  })

  it('a Top-K list keeps an empty name and names with NUL', () => {
    const sketch = new TopK(memory, new SeededRandom(1))
    sketch.at(sketch.create(3, 50, 3, 0.9))
    sketch.add(Range.of(''), 4)
    sketch.add(Range.of('a\0b'), 3)
    const sink = new FieldList()
    saveTopK(memory, sketch, sink)
    sketch.at(loadTopK(memory, sketch, new FieldReader(sink.fields), 0))
    const out = new Range()
    expect(sketch.list().map(i => sketch.nameAt(i, out).latin1())).toEqual(['', 'a\0b'])
    expect([sketch.has(Range.of('')), sketch.has(Range.of('a\0b')), sketch.has(Range.of('a'))]).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('chunks', () => {
  const memory = new Memory({ poison: true })

  /** The chunks of a filter behind its header, each with the position behind it. */
  function chunksOf(value: Parts): [number, Buffer][] {
    const chunks: [number, Buffer][] = []
    const chunk = new Range()
    for (let next = chunkAt(memory, value, 1, chunk); next > 0; next = chunkAt(memory, value, next, chunk))
      chunks.push([next, chunk.copy()])
    return chunks
  }

  it('make a Bloom filter again, layer by layer', () => {
    const filter = new BloomFilter(memory)
    filter.at(filter.create(newBloomShape(5, 0.01, 2, true)!))
    for (let i = 0; i < 40; i++) filter.add(Range.of(`item ${i}`))
    const header = Buffer.alloc(bloomHeaderBytes(filter.layers) + 2)
    writeBloomHeader(filter.shape(), header, 1)
    const shape = readBloomHeader(new Range(header, 1, header.length - 1))!
    expect(shape).toEqual(filter.shape())
    const chunks = chunksOf(filter)
    expect(chunks.map(([, { length }]) => length)).toEqual(shape.layers.map(layer => layer.bytes))
    const copy = new BloomFilter(memory)
    copy.at(copy.create(shape))
    for (const [position, bytes] of chunks)
      expect(loadChunk(memory, copy, position, Range.of(bytes))).toBe(CHUNK.LOADED)
    expect(chunksOf(copy)).toEqual(chunks)
  })

  it('make a cuckoo filter again, sub-filter by sub-filter', () => {
    const filter = new CuckooFilter(memory)
    filter.at(filter.create(newCuckooShape(8, 2, 20, 2)))
    for (let i = 0; i < 40; i++) filter.add(Range.of(`item ${i}`))
    const header = Buffer.alloc(CUCKOO_HEADER_BYTES + 2)
    writeCuckooHeader(filter.shape(), header, 1)
    const shape = readCuckooHeader(new Range(header, 1, header.length - 1))!
    expect(shape).toEqual(filter.shape())
    const chunks = chunksOf(filter)
    const copy = new CuckooFilter(memory)
    copy.at(copy.create(shape))
    for (const [position, bytes] of chunks)
      expect(loadChunk(memory, copy, position, Range.of(bytes))).toBe(CHUNK.LOADED)
    expect(chunksOf(copy)).toEqual(chunks)
  })

  it('are cut at their largest size', () => {
    const filter = new BloomFilter(memory)
    const root = filter.create(newBloomShape(20_000_000, 0.01, 2, true)!)
    const bytes = filter.at(root).partBytes(0)
    const out = new Range()
    const steps: number[] = []
    for (let at = chunkAt(memory, filter, 1, out); at > 0; at = chunkAt(memory, filter, at, out)) steps.push(out.length)
    expect(steps).toEqual([CHUNK_MAX, bytes - CHUNK_MAX])
    filter.free(root)
  })

  it('are loaded only where they belong to one part', () => {
    const filter = new BloomFilter(memory)
    filter.at(
      filter.create({ ...newBloomShape(5, 0.01, 2, true)!, layers: [layerFor(5, 0.01)!, layerFor(100, 0.01)!] }),
    )
    const [first, second] = [filter.partBytes(0), filter.partBytes(1)]
    const load = (position: number, length: number) =>
      loadChunk(memory, filter, position, Range.of(Buffer.alloc(length, 0xff)))
    expect(load(1 + first, first)).toBe(CHUNK.LOADED)
    expect(load(1 + first + second, 1)).toBe(CHUNK.LOADED)
    expect(load(1 + first + 1, first)).toBe(CHUNK.TOO_LONG)
    expect(load(1 + first + second, first + second)).toBe(CHUNK.TOO_LONG)
    expect(load(2 + first + second, 1)).toBe(CHUNK.OUTSIDE)
    expect(load(5, 5)).toBe(CHUNK.OUTSIDE)
    expect([load(4, 5), load(0, 1), load(-5, 1), load(7, 0)]).toEqual(Array.from({ length: 4 }, () => CHUNK.MALFORMED))
    expect(load(922337203685477600, 1)).toBe(CHUNK.OUTSIDE)
    const out = new Range()
    expect([-1, 1 + first + second, 2 ** 60].map(position => chunkAt(memory, filter, position, out))).toEqual([0, 0, 0])
  })

  it('of damaged headers make no filter, or one that can be used', () => {
    const random = new SeededRandom(54)
    const small = new Memory({ poison: true, limitBytes: 96 << 20 })
    const bloom = new BloomFilter(small)
    const cuckoo = new CuckooFilter(small)
    let refused = 0
    for (let i = 0; i < (long ? 50_000 : 2000); i++) {
      const shape = newBloomShape(1 + random.below(50), 0.01, 2, true)!
      const other = newCuckooShape(4 + random.below(50), 2, 20, 2)
      const header = Buffer.alloc(bloomHeaderBytes(1))
      const otherHeader = Buffer.alloc(CUCKOO_HEADER_BYTES)
      writeBloomHeader(shape, header, 0)
      writeCuckooHeader(other, otherHeader, 0)
      for (const bytes of [header, otherHeader])
        for (let n = random.below(3); n >= 0; n--) bytes[random.below(bytes.length)] = random.below(256)
      const read = readBloomHeader(Range.of(header))
      const root = read === null ? 0 : bloom.create(read)
      if (root === 0) refused++
      else {
        for (let j = 0; j < 5; j++) bloom.at(root).add(Range.of(`item ${j}`))
        bloom.free(root)
      }
      const otherRead = readCuckooHeader(Range.of(otherHeader))
      const otherRoot = otherRead === null ? 0 : cuckoo.create(otherRead)
      if (otherRoot !== 0) {
        for (let j = 0; j < 5; j++) cuckoo.at(otherRoot).add(Range.of(`item ${j}`))
        cuckoo.free(otherRoot)
      }
    }
    expect(small.usedBytes).toBe(0)
    expect(refused).toBeGreaterThan(100)
  })
})
