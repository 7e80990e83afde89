import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { SeededRandom } from '../../../core/base/random.ts'
import { Memory } from '../../../core/memory/arena.ts'
import type { ElementCursor } from '../../../core/persistence/rdb/elements.ts'
import { RdbError } from '../../../core/persistence/rdb/format.ts'
import { IntsetBuilder, IntsetCursor } from '../../../core/persistence/rdb/intset.ts'
import { ListpackBuilder, ListpackCursor } from '../../../core/persistence/rdb/listpack.ts'
import { RdbReader } from '../../../core/persistence/rdb/reader.ts'
import { ZiplistCursor, ZipmapCursor } from '../../../core/persistence/rdb/ziplist.ts'
import { ziplist, zipmap } from './legacy.ts'
import { long, range } from './model.ts'

const runs = long ? 20_000 : 400
const memory = new Memory()
const reader = new RdbReader(memory)
const builder = new ListpackBuilder(memory)

function listpack(elements: readonly string[]): Buffer {
  builder.begin()
  for (const element of elements) builder.bytes(range(element))
  const size = builder.size
  const result = builder.finish(new Range()).copy()
  expect(result.length).toBe(size)
  return result
}

function elementsOf(cursor: ElementCursor, packed: Buffer): string[] {
  const found: string[] = []
  cursor.open(range(packed))
  while (cursor.next()) found.push(cursor.bytes(new Range()).latin1())
  return found
}

const EDGES = [
  '', '0', '-1', '12', '13', '127', '128', '-128', '-129', '4095', '4096', '-4096', '-4097', '32767', '32768', '-32768', '-32769',
  '8388607', '8388608', '-8388608', '-8388609', '2147483647', '2147483648', '-2147483648', '-2147483649', '9007199254740991',
  '9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '-0', '01', '+1',
  'a'.repeat(63), 'b'.repeat(64), 'c'.repeat(4095), 'd'.repeat(4096), 'e'.repeat(16383), 'f'.repeat(16384), 'g'.repeat(70_000),
] // biome-ignore format: a table

const element = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.integer({ min: -70_000, max: 70_000 }).map(String),
  fc.uint8Array({ maxLength: 90 }).map(b => Buffer.from(b).latin1Slice()),
)
const elements = fc.array(element, { maxLength: 20 })

describe('listpacks', () => {
  test('elements have the forms of the format', () => {
    const body = (text: string): string => listpack([text]).subarray(6, -1).toString('hex')
    expect(body('a')).toBe('816102')
    expect(body('1')).toBe('0101')
    expect(body('127')).toBe('7f01')
    expect(body('1024')).toBe('c40002')
    expect(body('-1')).toBe('dfff02')
    expect(body('-4096')).toBe('d00002')
    expect(body('4096')).toBe('f1001003')
    expect(body('-40000')).toBe('f2c063ff04')
    expect(body('70000000')).toBe('f3801d2c0405')
    expect(body('5000000000')).toBe('f400f2052a0100000009')
    expect(body('x'.repeat(64)).slice(0, 4)).toBe('e040')
    expect(body('x'.repeat(64)).slice(-2)).toBe('42')
    expect(body('x'.repeat(5000)).slice(0, 10)).toBe('f088130000')
    expect(body('x'.repeat(5000)).slice(-4)).toBe('278d')
    expect(listpack([]).toString('hex')).toBe('070000000000ff')
    expect(listpack(['a', 'b']).toString('hex')).toBe('0d0000000200816102816202ff')
  })

  test('any elements come back', () => {
    const cursor = new ListpackCursor(reader)
    fc.assert(
      fc.property(elements, list => {
        expect(elementsOf(cursor, listpack(list))).toEqual(list)
        expect(cursor.count).toBe(list.length)
      }),
      { numRuns: runs, seed: 1 },
    )
  })

  test('more elements than the header can count come back', () => {
    const list = Array.from({ length: 70_000 }, (_, i) => String(i))
    const cursor = new ListpackCursor(reader)
    expect(elementsOf(cursor, listpack(list))).toEqual(list)
    expect(cursor.count).toBe(-1)
  })

  test('elements show themselves as numbers', () => {
    const cursor = new ListpackCursor(reader).open(
      range(listpack(['7', '-2.5', '9223372036854775807', 'x', '1e3', 'inf', '00'])),
    )
    const numbers: number[] = []
    const integers: (bigint | null)[] = []
    while (cursor.next()) {
      numbers.push(cursor.number())
      integers.push(cursor.integer() ? (BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0) : null)
    }
    expect(numbers).toEqual([7, -2.5, 2 ** 63, NaN, 1000, Infinity, 0])
    expect(integers).toEqual([7n, null, 2n ** 63n - 1n, null, null, null, null])
  })

  test('memory is used again and given back', () => {
    const own = new Memory()
    const once = new ListpackBuilder(own)
    for (let i = 0; i < 50; i++) {
      once.begin()
      for (let k = 0; k < 100; k++) once.bytes(range(`element ${k}`))
      once.finish(new Range())
    }
    expect(own.usedBytes).toBeLessThan(8192)
    once.release()
    expect(own.usedBytes).toBeLessThan(64)
  })
})

describe('ziplists and zipmaps', () => {
  test('any elements of a ziplist come back', () => {
    const cursor = new ZiplistCursor(reader)
    fc.assert(
      fc.property(elements, list => {
        expect(elementsOf(cursor, ziplist(list))).toEqual(list)
      }),
      { numRuns: runs, seed: 2 },
    )
  })

  test('a ziplist written out by hand is read', () => {
    const packed = Buffer.from('0f0000000c0000000200' + '00f3' + '02f6' + 'ff', 'hex')
    expect(elementsOf(new ZiplistCursor(reader), packed)).toEqual(['2', '5'])
  })

  test('any names and values of a zipmap come back', () => {
    const cursor = new ZipmapCursor(reader)
    const text = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 9 }),
      fc.constantFrom('v'.repeat(253), 'w'.repeat(254), 'x'.repeat(999)),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 300 }), fc.nat(9), (pairs, free) => {
        expect(elementsOf(cursor, zipmap(pairs.flat(), free))).toEqual(pairs.flat())
      }),
      { numRuns: runs / 4, seed: 3 },
    )
  })

  test('a zipmap written out by hand is read', () => {
    const packed = Buffer.from('\x02\x03foo\x03\x00bar\x05hello\x05\x00world\xff', 'latin1')
    expect(elementsOf(new ZipmapCursor(reader), packed)).toEqual(['foo', 'bar', 'hello', 'world'])
  })
})

describe('intsets', () => {
  const intset = (values: readonly bigint[]): Buffer => {
    const fits = (bits: number): boolean => values.every(value => BigInt.asIntN(bits, value) === value)
    const width = fits(16) ? 2 : fits(32) ? 4 : 8
    const bytes = Buffer.alloc(values.length * width)
    values.forEach((value, i) => {
      if (width === 8) bytes.writeBigInt64LE(value, i * 8)
      else bytes.writeIntLE(Number(value), i * width, width)
    })
    return new IntsetBuilder(memory).pack(Range.of(bytes), width, new Range()).copy()
  }

  test('an intset tells the width and the number of its integers', () => {
    expect(intset([1n, 2n]).toString('hex')).toBe('020000000200000001000200')
    expect(intset([-40000n, 1n]).subarray(0, 4).toString('hex')).toBe('04000000')
    expect(
      intset([1n, 2n ** 31n])
        .subarray(0, 4)
        .toString('hex'),
    ).toBe('08000000')
    expect(intset([]).toString('hex')).toBe('0200000000000000')
  })

  test('any integers in order come back', () => {
    const value = fc.oneof(
      fc.integer({ min: -40_000, max: 40_000 }).map(BigInt),
      fc.integer().map(BigInt),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    )
    fc.assert(
      fc.property(fc.uniqueArray(value, { maxLength: 20 }), list => {
        const sorted = [...list].sort((a, b) => (a < b ? -1 : 1))
        expect(elementsOf(new IntsetCursor(reader), intset(sorted))).toEqual(sorted.map(String))
      }),
      { numRuns: runs, seed: 4 },
    )
  })

  test('integers out of order or twice are refused', () => {
    for (const list of [
      [2n, 1n],
      [1n, 1n],
      [1n, 2n ** 40n, 2n ** 39n],
      [0n, -1n],
    ])
      expect(() => elementsOf(new IntsetCursor(reader), intset(list))).toThrow('an intset is damaged')
  })
})

describe('damage', () => {
  const list = ['river', '7', '-300', '70000', '9223372036854775807', 'x'.repeat(100), 'y'.repeat(5000), '', '12']
  const cases: [string, Buffer, () => ElementCursor][] = [
    ['listpack', listpack(list), () => new ListpackCursor(reader)],
    ['ziplist', ziplist(list), () => new ZiplistCursor(reader)],
    ['zipmap', zipmap([...list, 'odd']), () => new ZipmapCursor(reader)],
    ['intset', Buffer.from('0200000003000000010002000300', 'hex'), () => new IntsetCursor(reader)],
  ]

  /** The elements, or null when the cursor refused them; anything else that is thrown is a fault. */
  function attempt(cursor: ElementCursor, packed: Buffer): string[] | null {
    try {
      return elementsOf(cursor, packed)
    } catch (error) {
      if (!(error instanceof RdbError)) throw error
      return null
    }
  }

  test.each(cases)('every truncation of a %s is refused', (_, packed, cursor) => {
    for (let length = 0; length < packed.length; length++)
      expect(attempt(cursor(), packed.subarray(0, length))).toBe(null)
  })

  test.each(cases)('changed bytes of a %s are refused or read inside its bounds', (_, packed, cursor) => {
    const random = new SeededRandom(6)
    let refused = 0
    for (let i = 0; i < (long ? 200_000 : 3_000); i++) {
      const damaged = Buffer.from(packed)
      for (let k = random.below(3); k >= 0; k--) damaged[random.below(Math.min(damaged.length, 200))] = random.u32()
      const found = attempt(cursor(), damaged)
      if (found === null) refused++
      else expect(found.join('').length).toBeLessThanOrEqual(packed.length * 20)
    }
    expect(refused).toBeGreaterThan(0)
  })

  test.each(cases)('random bytes in place of a %s are refused or read inside their bounds', (_, packed, cursor) => {
    const random = new SeededRandom(7)
    for (let i = 0; i < (long ? 100_000 : 2_000); i++) {
      const damaged = Buffer.alloc(12 + random.below(30))
      random.bytes(damaged)
      packed.copy(damaged, 0, 0, 10)
      damaged.writeUInt32LE(damaged.length, 0)
      damaged[damaged.length - 1] = 0xff
      const found = attempt(cursor(), damaged)
      expect(found === null || found.length <= damaged.length).toBe(true)
    }
  })
})
