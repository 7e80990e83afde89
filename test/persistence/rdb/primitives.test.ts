import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { SeededRandom } from '../../../core/base/random.ts'
import { Memory } from '../../../core/memory/arena.ts'
import { moduleId, moduleOf, RdbError } from '../../../core/persistence/rdb/format.ts'
import { ModuleSink, ModuleSource } from '../../../core/persistence/rdb/module-value.ts'
import { closePayload, openPayload } from '../../../core/persistence/rdb/payload.ts'
import { RdbReader } from '../../../core/persistence/rdb/reader.ts'
import { RdbWriter } from '../../../core/persistence/rdb/writer.ts'
import { bytes, long, range, readerOf, source, written } from './model.ts'

const runs = long ? 5_000 : 200

function hex(write: (writer: RdbWriter) => void): string {
  return written(write).toString('hex')
}

describe('lengths', () => {
  test('lengths have the forms of the format', () => {
    expect(hex(w => w.length(0))).toBe('00')
    expect(hex(w => w.length(63))).toBe('3f')
    expect(hex(w => w.length(64))).toBe('4040')
    expect(hex(w => w.length(16383))).toBe('7fff')
    expect(hex(w => w.length(16384))).toBe('8000004000')
    expect(hex(w => w.length(0xffffffff))).toBe('80ffffffff')
    expect(hex(w => w.length(2 ** 32))).toBe('810000000100000000')
    expect(hex(w => w.bigint(-1n))).toBe('81ffffffffffffffff')
    expect(hex(w => w.bigint(5n))).toBe('05')
  })

  test('any length reads back, in memory and through a narrow source', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat(), { maxLength: 20 }), fc.integer({ min: 0, max: 9 }), (values, piece) => {
        const data = written(w => {
          for (const value of values) w.length(value)
        })
        const reader = readerOf(data, piece)
        for (const value of values) expect(reader.length()).toBe(value)
        expect(reader.isAtEnd).toBe(true)
        expect(reader.offset).toBe(data.length)
        reader.release()
      }),
      { numRuns: runs, seed: 1 },
    )
  })

  test('what is no length is refused', () => {
    for (const text of ['\xc0\x01', '\x82\0\0\0\0', '\x81\xff\xff\xff\xff\0\0\0\0', '', '\x40', '\x80\0\0', '\xff'])
      expect(() => readerOf(bytes(text)).length()).toThrow(RdbError)
  })
})

describe('strings', () => {
  test('small integers are stored as such and others as they are', () => {
    expect(hex(w => w.string(range('0')))).toBe('c000')
    expect(hex(w => w.string(range('-128')))).toBe('c080')
    expect(hex(w => w.string(range('128')))).toBe('c18000')
    expect(hex(w => w.string(range('-32769')))).toBe('c2ff7fffff')
    expect(hex(w => w.string(range('2147483648')))).toBe('0a32313437343833363438')
    expect(hex(w => w.string(range('01')))).toBe('023031')
    expect(hex(w => w.string(range('')))).toBe('00')
    expect(hex(w => w.string(range('aaaaaaaaaaaaaaaaaaaaa')))).toMatch(/^c3..15/)
    expect(written(w => w.string(range('a'.repeat(21))), false).length).toBe(22)
  })

  test('any strings read back, in memory and through a narrow source', () => {
    const text = fc.oneof(
      fc.integer().map(String),
      fc.bigInt(-(2n ** 63n), 2n ** 63n).map(String),
      fc.uint8Array({ maxLength: 40 }).map(b => Buffer.from(b).latin1Slice()),
      fc.tuple(fc.constantFrom('ab', 'x', 'river '), fc.nat(400)).map(([word, times]) => word.repeat(times)),
    )
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), fc.constantFrom(0, 1, 2, 5, 100, 1 << 20), (texts, piece) => {
        const data = written(w => {
          for (const one of texts) w.string(range(one))
        })
        const reader = readerOf(data, piece)
        const out = new Range()
        for (const one of texts) expect(reader.string(out).latin1()).toBe(one)
        expect(reader.isAtEnd).toBe(true)
        reader.release()
      }),
      { numRuns: runs, seed: 2 },
    )
  })

  test('both strings of a pair are valid wherever the window ends', () => {
    const random = new SeededRandom(5)
    const word = (): string => {
      const form = random.below(4)
      if (form === 0) return String(random.below(100_000))
      if (form === 1) return 'ab'.repeat(20 + random.below(300))
      return Array.from({ length: random.below(form === 2 ? 10 : 3000) }, () =>
        String.fromCharCode(random.below(256)),
      ).join('')
    }
    const pairs = Array.from({ length: long ? 20_000 : 600 }, () => [word(), word()] as const)
    const data = written(w => {
      for (const pair of pairs) for (const one of pair) w.string(range(one))
    })
    for (const piece of [3, 1000, 1 << 20]) {
      const reader = readerOf(data, piece)
      const first = new Range()
      const second = new Range()
      for (const pair of pairs) {
        reader.pair(first, second)
        if (first.latin1() !== pair[0] || second.latin1() !== pair[1])
          expect([first.latin1(), second.latin1()]).toEqual(pair)
        reader.trim()
      }
      expect(reader.isAtEnd).toBe(true)
    }
  })

  test('a string larger than any buffer passes through and comes back', () => {
    const big = Buffer.alloc(3_000_000)
    new SeededRandom(8).bytes(big)
    const parts: Buffer[] = []
    const memory = new Memory()
    const sink = (buf: Buffer, start: number, end: number): void => {
      parts.push(Buffer.from(buf.subarray(start, end)))
    }
    const writer = new RdbWriter(memory, { sink })
    writer.text('before')
    writer.string(range(big))
    writer.text('after')
    expect(writer.offset).toBe(7 + 5 + big.length + 6)
    writer.sum()
    writer.flush()
    const data = Buffer.concat(parts)
    expect(writer.offset).toBe(data.length)
    const reader = new RdbReader(memory).open(source(data, 50_000))
    const out = new Range()
    expect(reader.string(out).text()).toBe('before')
    expect(reader.string(out).copy().equals(big)).toBe(true)
    reader.trim()
    expect(reader.string(out).text()).toBe('after')
    reader.checkSum()
    expect(reader.isAtEnd).toBe(true)
    writer.release()
    reader.release()
    expect(memory.usedBytes).toBe(0)
  })

  test('a string kept outlives the reading of numbers behind it', () => {
    const data = written(w => {
      w.string(range('name'))
      w.double(0.5)
      w.milliseconds(1700000000123)
    })
    const reader = readerOf(data, 1)
    const name = reader.string(new Range())
    reader.keep(name)
    expect([reader.double(), reader.milliseconds(), name.latin1()]).toEqual([0.5, 1700000000123, 'name'])
    reader.letGo()
  })
})

describe('claims that are not true', () => {
  test('a length of gigabytes in a short file costs no memory', () => {
    for (const claim of [
      '\x80\x7f\xff\xff\xff',
      '\x80\xff\xff\xff\xff',
      '\x81\0\x10\0\0\0\0\0\0',
      '\xc3\x80\x7f\0\0\0\x80\x7f\0\0\0',
      '\xc3\x02\x80\x7f\xff\xff\xff',
    ]) {
      const memory = new Memory()
      const reader = new RdbReader(memory).open(source(bytes(`${claim}abc`)))
      expect(() => reader.string(new Range())).toThrow(RdbError)
      expect(memory.slabBytes).toBeLessThan(64 << 20)
      expect(memory.usedBytes).toBeLessThan(1 << 20)
    }
  })

  test('a failure tells where it was found', () => {
    const data = Buffer.concat([written(w => w.text('fine')), bytes('\xc3\x03\x14\x05ab')])
    const failure = (piece: number): RdbError => {
      const reader = readerOf(data, piece)
      reader.string(new Range())
      try {
        reader.string(new Range())
      } catch (error) {
        return error as RdbError
      }
      throw new Error('no failure')
    }
    for (const piece of [0, 2]) {
      expect(failure(piece).offset).toBe(8)
      expect(failure(piece).message).toBe('a compressed string is damaged at offset 8')
    }
  })

  test('every truncation of a string is found', () => {
    const data = written(w => w.string(range('the river and the river and the river and the river')))
    for (let length = 0; length < data.length; length++)
      expect(() => readerOf(data.subarray(0, length), length % 5).string(new Range())).toThrow(RdbError)
  })
})

describe('numbers', () => {
  test('doubles, floats and times read back', () => {
    const doubles = [0, -0, 1.5, -1e300, Infinity, -Infinity, NaN, 5e-324]
    const times = [0, 1, 1700000000123, -1, -(2 ** 40), 2 ** 52, 4102444800000]
    const data = written(w => {
      for (const d of doubles) w.double(d)
      for (const d of doubles) w.float(Math.fround(d))
      for (const time of times) w.milliseconds(time)
    })
    const reader = readerOf(data, 3)
    expect(doubles.map(() => reader.double())).toEqual(doubles)
    expect(doubles.map(() => reader.float())).toEqual(doubles.map(Math.fround))
    expect(times.map(() => reader.milliseconds())).toEqual(times)
  })

  test('doubles of the oldest files are text', () => {
    const reader = readerOf(bytes('\x03-17\x041e-3\xff\xfe\xfd\x031.5'))
    const read = Array.from({ length: 6 }, () => reader.doubleText())
    expect(read).toEqual([-17, 0.001, -Infinity, Infinity, NaN, 1.5])
    expect(() => readerOf(bytes('\x021x')).doubleText()).toThrow(RdbError)
    expect(() => readerOf(bytes('\0')).doubleText()).toThrow(RdbError)
  })
})

describe('modules', () => {
  test('the id of a module holds its name and version', () => {
    expect(moduleOf(moduleId('ReJSON-RL', 3))).toEqual({ name: 'ReJSON-RL', version: 3 })
    expect(moduleOf(moduleId('TSDB-TYPE', 8))).toEqual({ name: 'TSDB-TYPE', version: 8 })
    expect(moduleId('ReJSON-RL', 3).toString(16)).toBe('45e25238df912c03')
    for (const [name, version] of [
      ['short', 1],
      ['has space', 1],
      ['ReJSON-RL', 1024],
    ] as const)
      expect(() => moduleId(name, version)).toThrow(RangeError)
  })

  test('parts read back in their order and by their kind', () => {
    const data = written(w => {
      const sink = new ModuleSink(w).open('test-type', 7)
      sink.unsigned(5)
      sink.unsigned(2n ** 64n - 1n)
      sink.signed(-5)
      sink.signed(-(2n ** 63n))
      sink.double(1.25)
      sink.float(0.5)
      sink.text('na\u00efve')
      sink.string(bytes('xabcx'), 1, 4)
      sink.unsigned(2 ** 40)
      sink.close()
    })
    const open = (): ModuleSource => new ModuleSource(readerOf(data, 2)).open()
    const module = open()
    expect([module.name, module.version]).toEqual(['test-type', 7])
    expect([module.unsigned(), module.unsigned64(), module.signed(), module.signed64()]).toEqual([
      5,
      2n ** 64n - 1n,
      -5,
      -(2n ** 63n),
    ])
    expect([module.double(), module.float(), module.text(), module.string(new Range()).latin1()]).toEqual([
      1.25,
      0.5,
      'na\u00efve',
      'abc',
    ])
    expect(module.unsigned()).toBe(2 ** 40)
    module.close()
    expect(() => open().text()).toThrow('no string where one belongs')
    expect(() => open().close()).toThrow(RdbError)
    const other = open()
    other.unsigned()
    expect(() => other.unsigned()).toThrow('beyond all bounds')
    const reader = readerOf(data)
    new ModuleSource(reader).open().skip()
    expect(reader.isAtEnd).toBe(true)
  })
})

describe('payloads', () => {
  const payload = written(w => {
    w.byte(0)
    w.string(range('hello'))
    closePayload(w)
  })

  test('a payload opens if nothing in it was changed', () => {
    const good = range(payload)
    expect(openPayload(good)).toBe(true)
    expect(good.latin1()).toBe('\0\x05hello')
    for (let i = 0; i < payload.length; i++) {
      const damaged = Buffer.from(payload)
      damaged[i]! ^= 1 << (i % 8)
      expect(openPayload(range(damaged))).toBe(false)
    }
  })

  test('a payload of a later version or none at all does not open', () => {
    const later = written(w => {
      w.byte(0)
      w.string(range('hello'))
      closePayload(w, 13)
    })
    expect(openPayload(range(later))).toBe(false)
    expect(openPayload(range(''))).toBe(false)
    expect(openPayload(range('123456789'))).toBe(false)
  })

  test('a sum can be left unchecked', () => {
    const damaged = Buffer.from(payload)
    damaged[damaged.length - 1]! ^= 1
    expect(openPayload(range(damaged))).toBe(false)
    expect(openPayload(range(damaged), false)).toBe(true)
  })
})
