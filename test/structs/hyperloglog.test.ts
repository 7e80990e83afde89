import { describe, expect, test } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import {
  addToDense,
  cacheCount,
  cachedCount,
  describeSparse,
  HLL,
  HLL_DENSE_BYTES,
  HLL_REGISTERS,
  HllEditor,
  isDense,
  isHyperLogLog,
} from '../../core/structs/hyperloglog.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const MAX = 3000

function made(items: readonly string[], sparseMax = MAX): Buffer {
  const editor = new HllEditor()
  editor.create()
  for (const item of items) editor.add(Range.of(Buffer.from(item, 'latin1')), sparseMax)
  return editor.result(new Range()).copy()
}

function count(bytes: Buffer): number {
  return new HllEditor().count(Range.of(bytes))
}

function registersOf(bytes: Buffer): number[] {
  const editor = new HllEditor()
  expect(editor.merge(Range.of(bytes))).toBe(true)
  return [...editor.registers]
}

const numbered = (prefix: string, to: number, from = 1): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => prefix + (from + i))

describe('bytes', () => {
  test('the sparse form is the one that the server stored', () => {
    const empty = made([])
    expect(empty.toString('latin1')).toBe('HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff')
    const one = made(['a'])
    expect(one.length).toBe(21)
    expect(describeSparse(Range.of(one))).toBe('Z:12711 v:2,1 Z:3672')
    cacheCount(Range.of(one), 1)
    expect(one.toString('latin1')).toBe('HYLL\x01\0\0\0\x01\0\0\0\0\0\0\0q\xa6\x84NW')
  })

  test('the stored count is stale after a change', () => {
    const bytes = made(['a'])
    const string = Range.of(bytes)
    expect(cachedCount(string)).toBe(-1)
    cacheCount(string, 2 ** 40 + 5)
    expect(cachedCount(string)).toBe(2 ** 40 + 5)
    const editor = new HllEditor()
    editor.load(string)
    expect(editor.add(Range.of('a'), MAX)).toBe(HLL.unchanged)
    expect(cachedCount(editor.result(new Range()))).toBe(2 ** 40 + 5)
    expect(editor.add(Range.of('b'), MAX)).toBe(HLL.changed)
    expect(cachedCount(editor.result(new Range()))).toBe(-1)
  })

  test('the string grows dense at its limit', () => {
    expect(made(numbered('i', 300)).length).toBeLessThan(MAX)
    expect(made(numbered('item:', 3000)).length).toBe(HLL_DENSE_BYTES)
    const small = made([...'abcdefghijkl'], 30)
    expect(isDense(Range.of(small))).toBe(true)
    expect(count(small)).toBe(12)
    expect(isDense(Range.of(made(['a'], 0)))).toBe(true)
  })

  test('sparse, dense and dense changed in place hold the same registers', () => {
    const items = numbered('x', 900)
    const sparse = made(items, 16_384)
    expect(isDense(Range.of(sparse))).toBe(false)
    const dense = made(items, 0)
    const editor = new HllEditor()
    editor.load(Range.of(made(items.slice(0, 100))))
    expect(editor.toDense()).toBe(true)
    const place = editor.result(new Range()).copy()
    for (const item of items) addToDense(Range.of(place), Range.of(item))
    expect(registersOf(sparse)).toEqual(registersOf(dense))
    expect(registersOf(place)).toEqual(registersOf(dense))
    expect(place.subarray(16)).toEqual(dense.subarray(16))
    expect(addToDense(Range.of(place), Range.of('x1'))).toBe(false)
  })

  test('random registers raised in random order are those of an array', () => {
    const random = new SeededRandom(11)
    for (let round = 0; round < (long ? 200 : 6); round++) {
      const editor = new HllEditor()
      const naive = new Uint8Array(HLL_REGISTERS)
      const span = [50, 300, HLL_REGISTERS][round % 3]!
      editor.create()
      for (let i = 0; i < 600; i++) {
        const register = random.below(span)
        const run = 1 + random.below(round % 2 === 0 ? 4 : 32)
        const outcome = editor.raise(register, run, 16_384)
        expect(outcome).toBe(run > naive[register]! ? HLL.changed : HLL.unchanged)
        naive[register] = Math.max(naive[register]!, run)
      }
      expect(editor.isDense).toBe(false)
      expect(registersOf(editor.result(new Range()).copy())).toEqual([...naive])
      expect(editor.raise(7, 33, 16_384)).toBe(HLL.changed)
      naive[7] = 33
      expect(editor.isDense).toBe(true)
      expect(registersOf(editor.result(new Range()).copy())).toEqual([...naive])
    }
  })
})

describe('counts', () => {
  test('counts are those that the server gave', () => {
    expect(count(made([]))).toBe(0)
    expect(count(made(['a', 'b', 'c', 'd']))).toBe(4)
    expect(count(made(numbered('', 20)))).toBe(20)
    expect(count(made([...numbered('', 20), '', ' ', '\0', '\xff']))).toBe(24)
    expect(count(made(numbered('item:', 1000)))).toBe(1002)
    expect(count(made(numbered('item:', 3000)))).toBe(3005)
    expect(count(made(numbered('user-', 20_100, 101)))).toBe(19_976)
    expect(count(made(['a', 'A', 'a ', '\0a', 'a\0', '1', '1.0', '01', '+1', '\xc3\xa9', 'e\xcc\x81']))).toBe(11)
  })

  test('the count of a union is that of both together', () => {
    const editor = new HllEditor()
    for (const size of [3, 800, 5000]) {
      const a = made(numbered('a', size))
      const b = made(numbered('a', size * 2, size / 2))
      editor.registers.fill(0)
      expect(editor.merge(Range.of(a)) && editor.merge(Range.of(b))).toBe(true)
      expect(editor.countRegisters()).toBe(
        count(made([...numbered('a', size), ...numbered('a', size * 2, size / 2)], 0)),
      )
    }
  })

  test('a merge stores the union in the form of its sources', () => {
    const editor = new HllEditor()
    const a = made(['1', '2', '3'])
    editor.registers.fill(0)
    editor.merge(Range.of(a))
    editor.merge(Range.of(made(['3', '4', '5'])))
    editor.create()
    expect(editor.raiseAll(MAX)).toBe(HLL.changed)
    expect(editor.isDense).toBe(false)
    const union = editor.result(new Range()).copy()
    expect(count(union)).toBe(5)
    expect(registersOf(union)).toEqual(registersOf(made(['1', '2', '3', '4', '5'])))
  })

  test('a merge that grows dense on the way loses no register', () => {
    const editor = new HllEditor()
    const items = numbered('m', 2500)
    editor.registers.fill(0)
    editor.merge(Range.of(made(items)))
    editor.load(Range.of(made(['other'])))
    expect(editor.raiseAll(MAX)).toBe(HLL.changed)
    expect(editor.isDense).toBe(true)
    expect(registersOf(editor.result(new Range()).copy())).toEqual(registersOf(made([...items, 'other'])))
  })
})

describe('strings that are none', () => {
  test('the header tells', () => {
    const header = (text: string): boolean => isHyperLogLog(Range.of(Buffer.from(text, 'latin1')))
    expect(header('')).toBe(false)
    expect(header('plain')).toBe(false)
    expect(header(`HYLL\x02${'\0'.repeat(11)}`)).toBe(false)
    expect(header(`HYLL\0${'\0'.repeat(11)}`)).toBe(false)
    expect(header(`HYLX\x01${'\0'.repeat(11)}`)).toBe(false)
    expect(header(`HYLL\x01${'\0'.repeat(11)}`)).toBe(true)
    expect(isHyperLogLog(Range.of(made([], 0)))).toBe(true)
  })

  test('registers that do not add up are corrupt wherever they are used', () => {
    const broken = ['', '\x7f', '\x7f\xfe', '\x7f\xff\0', '\x7f\xff\x7f\xff', '\x80'.repeat(16_385)]
    for (const opcodes of broken) {
      const bytes = Buffer.from(`HYLL\x01${'\0'.repeat(10)}\x80${opcodes}`, 'latin1')
      const string = Range.of(bytes)
      const editor = new HllEditor()
      expect(editor.count(string)).toBe(-1)
      expect(editor.merge(string)).toBe(false)
      expect(editor.load(string)).toBe(opcodes.length <= 16_384)
      if (opcodes.length > 16_384) continue
      expect(editor.toDense()).toBe(false)
      expect(editor.raise(16_383, 33, MAX)).toBe(HLL.corrupt)
      if (opcodes.length < 2) expect(editor.raise(16_383, 1, MAX)).toBe(HLL.corrupt)
      expect(editor.isDense).toBe(false)
    }
  })

  test('random bytes never break out of the room of the editor', () => {
    const random = new SeededRandom(21)
    const editor = new HllEditor()
    for (let i = 0; i < (long ? 100_000 : 2_000); i++) {
      const bytes = Buffer.alloc(16 + random.below(60))
      random.bytes(bytes)
      made([]).copy(bytes, 0, 0, 16)
      expect(editor.load(Range.of(bytes))).toBe(true)
      for (let k = 0; k < 5; k++) editor.raise(random.below(HLL_REGISTERS), 1 + random.below(34), MAX)
      editor.count(editor.result(new Range()))
      expect(describeSparse(Range.of(bytes)).length).toBeGreaterThanOrEqual(0)
      expect(editor.length).toBeLessThanOrEqual(HLL_DENSE_BYTES)
    }
  })
})
