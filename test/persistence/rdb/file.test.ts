import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../core/base/random.ts'
import { ArenaFull, Memory } from '../../../core/memory/arena.ts'
import {
  beginModuleAux,
  RdbFileReader,
  writeAux,
  writeDatabase,
  writeEnd,
  writeHeader,
  writeKey,
  writeLibrary,
} from '../../../core/persistence/rdb/file.ts'
import { OPCODE, RdbError, TYPE } from '../../../core/persistence/rdb/format.ts'
import { ModuleSink } from '../../../core/persistence/rdb/module-value.ts'
import type { RdbWriter } from '../../../core/persistence/rdb/writer.ts'
import { bytes, FileModel, long, range, readFile, type StreamModel, source, written } from './model.ts'

const FIXTURES = join(import.meta.dirname, '..', 'fixtures')
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, `${name}.rdb`))
const NONE = { expireMs: -1, exactMs: 0n, idleSeconds: -1, frequency: -1 }

describe('files saved by Redis 7.4', () => {
  const core = readFile(fixture('core'))
  const value = (key: string): unknown => core.keys.get(`0:${key}`)!.value

  test('aux fields, databases, functions and modules are found', () => {
    expect(core.aux_).toMatchObject({ 'redis-ver': '7.4.1', 'redis-bits': '64', 'aof-base': '0' })
    expect(core.sizes_).toEqual([
      [0, 28, 1],
      [3, 1, 1],
    ])
    expect(core.keys.size).toBe(29)
    expect(core.libraries).toHaveLength(1)
    expect(core.libraries[0]).toMatch(/^#!lua name=fixture\n/)
    expect(core.modules).toEqual([
      ['scdtype00', 1],
      ['ft_index0', 1],
      ['scdtype00', 2],
    ])
  })

  test('strings of every form are read', () => {
    expect(['int', 'neg', 'short', 'empty', 'int64', 'float'].map(name => value(`str:${name}`))).toEqual([
      '12345', '-7', 'hello', '', '9223372036854775807', '3.0e10',
    ]) // biome-ignore format: a row
    expect((value('str:lzf') as string).length).toBe(6000)
    expect((value('str:lzf') as string).slice(0, 31)).toBe('abcabcabd abcabcabd abcabcabd a')
    expect((value('str:big') as string).length).toBe(80_000)
    expect((value('str:big') as string).slice(-5)).toBe('9x9x9')
    expect((value('str:binary') as string).slice(0, 3)).toBe('\x03\n\x11')
    expect(core.keys.get('0:str:expiring')!.expire).toBe(4102444800000)
    expect(core.keys.get('3:in:three')).toMatchObject({ value: 'database three', expire: 4102444800000, db: 3 })
  })

  test('lists and sets are read', () => {
    expect(value('list:small')).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? String(i) : `item-${i}`)))
    const big = value('list:big') as string[]
    expect(big).toHaveLength(3000)
    expect(big.slice(1498, 1501)).toEqual([
      'element number 1498 river',
      'element number 1499 stone',
      'element number 1500 maple',
    ])
    expect((value('list:plain') as string[]).length).toBe(3)
    expect((value('list:plain') as string[])[2]).toBe('b')
    expect(value('set:ints')).toEqual(['-40000', '1', '2', '3', '70000', '5000000000'])
    expect(new Set(value('set:small') as string[]).size).toBe(14)
    expect(new Set(value('set:big') as string[]).size).toBe(900)
  })

  test('sorted sets are read', () => {
    expect(value('zset:small')).toEqual([
      ['low', -Infinity],
      ['zero', 0],
      ['one', 1],
      ['two and a half', 2.5],
      ['high', Infinity],
    ])
    const big = new Map(value('zset:big') as [string, number][])
    expect(big.size).toBe(700)
    expect([big.get('m240'), big.get('m244')]).toEqual([0, 5])
  })

  test('hashes and the times of their fields are read', () => {
    expect(value('hash:small')).toContainEqual(['name', 'Ada', 0])
    expect(value('hash:small')).toContainEqual(['age', '36', 0])
    const big = new Map((value('hash:big') as [string, string, number][]).map(([name, text]) => [name, text]))
    expect(big.size).toBe(800)
    expect([big.get('field:0'), big.get('field:799')]).toEqual(['river', 'stone'.repeat(5)])
    expect(value('hash:ttl')).toEqual([
      ['b', '2', 4102444800000],
      ['a', '1', 0],
      ['c', '3', 0],
    ])
    const timed = new Map(
      (value('hash:ttlbig') as [string, string, number][]).map(([name, , deadline]) => [name, deadline]),
    )
    expect(timed.size).toBe(300)
    expect([timed.get('f7'), timed.get('f8'), timed.get('f9')]).toEqual([4102444801000, 0, 4102444801000])
  })

  test('streams and their groups are read', () => {
    const log = value('stream:log') as StreamModel
    expect(log.entries).toHaveLength(248)
    expect(log.entries[0]).toEqual(['1700000000010-1', 'n', '1', 'word', 'stone'])
    expect(log.entries.at(-1)).toEqual(['1700000002500-1', 'n', '250', 'word', 'thunder', 'extra', 'yes'])
    expect(log.facts).toMatchObject({ length: 248, last: '1700000002500-1', first: '1700000000010-1', added: 250 })
    const [audit, workers] = [...log.groups].sort((a, b) => (a.name < b.name ? -1 : 1))
    expect(audit).toMatchObject({ name: 'audit', last: '1700000002500-1', pending: [], consumers: [] })
    expect(workers!.pending).toHaveLength(7)
    expect(workers!.consumers.map(consumer => [consumer.name, consumer.owns.length])).toEqual([
      ['w1', 4],
      ['w2', 3],
    ])
    expect(workers!.consumers.flatMap(consumer => consumer.owns).sort()).toEqual(
      workers!.pending.map(([id]) => id).sort(),
    )
    const empty = value('stream:empty') as StreamModel
    expect(empty).toMatchObject({ entries: [], facts: { length: 0, last: '5-1', added: 1 } })
  })

  test('values of modules are passed over by their parts', () => {
    const kinds = (name: string): string[] =>
      [
        ...new Set(
          [...readFile(fixture(name)).keys.values()].map(key => (key.value as { module?: string }).module ?? 'hash'),
        ),
      ].sort()
    expect(kinds('json')).toEqual(['ReJSON-RL'])
    expect(kinds('timeseries')).toEqual(['TSDB-TYPE'])
    expect(kinds('bloom')).toEqual(['CMSk-TYPE', 'MBbloom--', 'MBbloomCF', 'TDIS-TYPE', 'TopK-TYPE'])
    expect(kinds('search')).toEqual(['ReJSON-RL', 'hash', 'trietype0'])
  })

  test('a file read in small pieces is the same', () => {
    for (const name of ['core', 'search'])
      expect([...readFile(fixture(name), 11).keys]).toEqual([...readFile(fixture(name)).keys])
  })
})

/** A small file of everything. */
function sampleFile(withSum = true): Buffer {
  return written(w => {
    writeHeader(w)
    writeAux(w, 'redis-ver', '7.4.1')
    writeAux(w, 'redis-bits', '64')
    const sink = new ModuleSink(w)
    beginModuleAux(w, sink, 'test-type', 3, 1)
    sink.unsigned(7)
    sink.text('kept')
    sink.close()
    writeLibrary(w, range('#!lua name=x\n'))
    writeDatabase(w, 0, 3, 1)
    writeKey(w, range('plain'), TYPE.string, NONE)
    w.string(range('value'))
    writeKey(w, range('timed'), TYPE.string, { expireMs: 1700000000123, exactMs: 0n, idleSeconds: 90, frequency: -1 })
    w.string(range('12'))
    writeDatabase(w, 15, 1, 0)
    w.byte(OPCODE.slotInfo)
    for (const n of [5, 1, 0]) w.length(n)
    writeKey(w, range('list'), TYPE.list, { expireMs: -1, exactMs: 0n, idleSeconds: -1, frequency: 200 })
    w.length(2)
    w.string(range('a'))
    w.string(range('river and stone and river and stone'))
    writeEnd(w, withSum)
  })
}

describe('files written here', () => {
  test('what is written comes back', () => {
    const model = readFile(sampleFile(), 5)
    expect(model.aux_).toEqual({ 'redis-ver': '7.4.1', 'redis-bits': '64' })
    expect(model.modules).toEqual([['test-type', 1]])
    expect(model.libraries).toEqual(['#!lua name=x\n'])
    expect(model.sizes_).toEqual([
      [0, 3, 1],
      [15, 1, 0],
    ])
    expect(model.slots).toEqual([[5, 1, 0]])
    expect(Object.fromEntries(model.keys)).toEqual({
      '0:plain': { db: 0, type: 0, value: 'value', expire: -1, idle: -1, frequency: -1 },
      '0:timed': { db: 0, type: 0, value: '12', expire: 1700000000123, idle: 90, frequency: -1 },
      '15:list': {
        db: 15,
        type: 1,
        value: ['a', 'river and stone and river and stone'],
        expire: -1,
        idle: -1,
        frequency: 200,
      },
    })
  })

  test('a module may read its aux data itself', () => {
    const memory = new Memory()
    const file = new RdbFileReader(memory).open(source(sampleFile()))
    const model = new FileModel()
    let kept = ''
    model.moduleAux = (module, when) => {
      kept = `${module.name} ${module.version} ${when} ${module.unsigned()} ${module.text()}`
      return true
    }
    while (file.step(model));
    expect(kept).toBe('test-type 3 1 7 kept')
    file.release()
    expect(memory.usedBytes).toBe(0)
  })

  test('times in seconds of old files are read, and files older than sums have none', () => {
    const old = written(w => {
      writeHeader(w, 3)
      w.byte(OPCODE.selectDb)
      w.length(0)
      w.byte(OPCODE.expireSeconds)
      w.raw(Buffer.from('00000065', 'hex'), 0, 4)
      w.byte(TYPE.string)
      w.string(range('k'))
      w.string(range('v'))
      w.byte(OPCODE.eof)
    })
    expect(readFile(old).keys.get('0:k')).toMatchObject({ value: 'v', expire: 0x65000000 * 1000 })
  })

  test('a sum of zero is not checked and neither is any when so told', () => {
    expect(readFile(sampleFile(false)).keys.size).toBe(3)
    const wrong = sampleFile()
    wrong[wrong.length - 1]! ^= 1
    expect(() => readFile(wrong)).toThrow(`wrong check sum at offset ${wrong.length - 8}`)
    const file = new RdbFileReader(new Memory())
    file.checksSum = false
    file.open(source(wrong))
    const model = new FileModel()
    while (file.step(model));
    expect(model.keys.size).toBe(3)
    file.release()
  })
})

describe('files that are none', () => {
  test('header and opcodes are told apart', () => {
    const attempt = (text: string): string => {
      try {
        readFile(bytes(text))
        return 'read'
      } catch (error) {
        expect(error).toBeInstanceOf(RdbError)
        return (error as RdbError).message
      }
    }
    expect(attempt('')).toBe('unexpected end of file at offset 0')
    expect(attempt('REDIS001')).toBe('unexpected end of file at offset 8')
    expect(attempt('RUBIS0012')).toBe('no RDB file at offset 0')
    expect(attempt('REDIS00x2')).toBe('no RDB file at offset 0')
    expect(attempt('REDIS0013\xff')).toBe('RDB version 13 cannot be read at offset 5')
    expect(attempt('REDIS0000\xff')).toBe('RDB version 0 cannot be read at offset 5')
    expect(attempt('REDIS0004\xff')).toBe('read')
    expect(attempt('REDIS0012')).toBe('unexpected end of file at offset 9')
    expect(attempt('REDIS0012\x1a\x01k')).toBe('an unknown type of value (26) at offset 10')
    expect(attempt('REDIS0012\x06\x01k')).toBe('an unknown type of value (6) at offset 10')
    expect(attempt('REDIS0012\xf6\x01k')).toBe('what opcode 246 means was never released at offset 10')
    expect(attempt('REDIS0012\xf3\x01k')).toBe('an unknown type of value (243) at offset 10')
  })

  test('every truncation of a file is found', () => {
    const data = sampleFile()
    for (let length = 0; length < data.length; length++)
      expect(() => readFile(data.subarray(0, length))).toThrow(RdbError)
  })

  test('a changed byte is found by the sum if by nothing else', () => {
    const random = new SeededRandom(31)
    for (const name of ['core', 'json', 'timeseries', 'bloom', 'search']) {
      const data = fixture(name)
      for (let i = 0; i < (long ? 3_000 : 15); i++) {
        const damaged = Buffer.from(data)
        // Not in the header: a version that was changed to an early one says that there is no sum.
        damaged[9 + random.below(data.length - 9)]! ^= 1 << random.below(8)
        expect(() => readFile(damaged, 1 << 20)).toThrow(RdbError)
      }
    }
  })
})

describe('hostile files without a sum', () => {
  test('changed bytes are refused or read, and nothing else happens', () => {
    const random = new SeededRandom(32)
    const seeds = [sampleFile(false), ...smallFixtures()]
    const memory = new Memory({ limitBytes: 512 << 20 })
    const file = new RdbFileReader(memory)
    file.checksSum = false
    let refused = 0
    for (let i = 0; i < (long ? 100_000 : 3_000); i++) {
      const seed = seeds[i % seeds.length]!
      const damaged = Buffer.from(seed)
      for (let k = random.below(4); k >= 0; k--) damaged[9 + random.below(damaged.length - 9)] = random.u32()
      const cut = random.below(10) === 0 ? random.below(damaged.length) : damaged.length
      try {
        file.open(source(damaged.subarray(0, cut), 1 << 16))
        const model = new FileModel()
        while (file.step(model));
      } catch (error) {
        if (!(error instanceof RdbError) && !(error instanceof ArenaFull)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(1000)
    file.release()
    expect(memory.usedBytes).toBe(0)
  })
})

/** Files of a single value each, cut out of the fixtures, so that a change hits something that matters. */
function smallFixtures(): Buffer[] {
  const files: Buffer[] = []
  for (const name of ['core', 'json', 'timeseries', 'bloom', 'search']) {
    const data = fixture(name)
    const memory = new Memory()
    const file = new RdbFileReader(memory).open(source(data, 1 << 20))
    const model = new FileModel()
    for (let begin = file.reader.offset; file.step(model); begin = file.reader.offset) {
      const item = data.subarray(begin, file.reader.offset)
      if (item.length > 8 && item.length < 4000 && files.length < 60) files.push(written(w => wrap(w, item)))
    }
    file.release()
  }
  return files
}

function wrap(w: RdbWriter, item: Buffer): void {
  writeHeader(w)
  w.raw(item, 0, item.length)
  writeEnd(w, false)
}

test('the pieces cut out of the fixtures are whole files', () => {
  const files = smallFixtures()
  expect(files.length).toBeGreaterThan(40)
  for (const data of files) expect(readFile(data)).toBeInstanceOf(FileModel)
})
