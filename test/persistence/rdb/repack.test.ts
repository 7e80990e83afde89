/* Listpacks and regions, made of each other: the same as element by element, or refused. */

import { expect, it } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { SeededRandom } from '../../../core/base/random.ts'
import { Memory } from '../../../core/memory/arena.ts'
import { IntsetBuilder } from '../../../core/persistence/rdb/intset.ts'
import { ListpackBuilder } from '../../../core/persistence/rdb/listpack.ts'
import { LAYOUT, type Layout, ListpackMaker, Repacker } from '../../../core/persistence/rdb/repack.ts'
import * as intset from '../../../core/structs/intset.ts'
import * as packed from '../../../core/structs/packed.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 1500
const memory = new Memory()
const builder = new ListpackBuilder(memory)
const repacker = new Repacker()
const maker = new ListpackMaker()

const NUMBERS = [0, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, -32768, 32768, 8388607, -8388609, 2147483646]

/** Bytes of all lengths, integers of all widths, and what only looks like one. */
function element(random: SeededRandom): string {
  const choice = random.below(8)
  if (choice === 0) return String(NUMBERS[random.below(NUMBERS.length)]! + random.below(3) - 1)
  if (choice === 1) return String(random.below(2 ** 31) - 2 ** 30)
  if (choice === 2) return ['', '-', '007', '-0', '1.5', '+1', '--1', '12 '][random.below(8)]!
  if (choice === 3) return 'x'.repeat(random.below(224))
  return `element ${random.below(1000)}`
}

function listpackOf(elements: readonly string[]): Range {
  builder.begin()
  for (const one of elements) builder.bytes(Range.of(Buffer.from(one, 'latin1')))
  const out = builder.finish(new Range())
  return Range.of(out.copy())
}

/** The region of some elements, made one by one; scores where they belong. */
function regionOf(elements: readonly string[], layout: Layout): Buffer {
  const buf = Buffer.from(new Uint8Array(40_000))
  packed.init(buf, 0)
  const step = layout >= LAYOUT.hash ? 2 : 1
  for (let i = 0; i < elements.length; i += step) {
    const one = Range.of(Buffer.from(elements[i]!, 'latin1'))
    if (layout === LAYOUT.zset) packed.appendScored(buf, 0, buf.length, one, Number(elements[i + 1]))
    else if (step === 1) packed.append(buf, 0, buf.length, one)
    else packed.appendPair(buf, 0, buf.length, one, Range.of(Buffer.from(elements[i + 1]!, 'latin1')))
  }
  return buf.subarray(0, packed.size(buf, 0))
}

function taken(size: number): Buffer {
  return Buffer.from(repacker.region.subarray(0, size))
}

/** Random elements for a layout: keys are unlike each other, pairs of sorted sets ascend. */
function elementsFor(random: SeededRandom, layout: Layout): string[] {
  const keys = new Set(Array.from({ length: 1 + random.below(40) }, () => element(random)))
  if (layout === LAYOUT.list) return Array.from({ length: 1 + random.below(40) }, () => element(random))
  if (layout === LAYOUT.set) return [...keys]
  if (layout === LAYOUT.hash) return [...keys].flatMap(key => [key, element(random)])
  const scores = [-1e300, -70_000, -1.5, -1, 0, 3, 3, 200, 40_000, 1e6 + 0.5, 2e9]
  const pairs = [...keys].map(key => ({ key, score: scores[random.below(scores.length)]! }))
  pairs.sort((a, b) => a.score - b.score || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  return pairs.flatMap(({ key, score }) => [key, String(score)])
}

it('a listpack becomes the region that its elements would have made, and back', () => {
  const random = new SeededRandom(1)
  let made = 0
  for (let round = 0; round < ROUNDS; round++) {
    const layout = random.below(4) as Layout
    const elements = elementsFor(random, layout)
    const listpack = listpackOf(elements)
    const size = repacker.take(listpack, layout, 1 << 20, 1 << 20)
    const region = regionOf(elements, layout)
    expect(taken(size).equals(region)).toBe(true)
    const out = new Range()
    if (!maker.make(region, 0, layout === LAYOUT.zset, out)) continue
    made++
    expect(out.copy().equals(listpack.copy())).toBe(true)
  }
  expect(made).toBeGreaterThan(ROUNDS / 2)
})

it('what is damaged, out of order, twice, too long or too much is refused', () => {
  const refused = (elements: readonly string[], layout: Layout, bytes = 64, count = 100): void => {
    expect(repacker.take(listpackOf(elements), layout, bytes, count)).toBe(0)
  }
  refused([], LAYOUT.list)
  refused(['a', 'b', 'a'], LAYOUT.set)
  refused(['a', '1', 'b', '2', 'a', '3'], LAYOUT.hash)
  refused(['a', '1', 'b'], LAYOUT.hash)
  refused(['b', '1', 'a', '1'], LAYOUT.zset)
  refused(['a', '1', 'a', '1'], LAYOUT.zset)
  refused(['a', '1', 'b', '3', 'c', '2'], LAYOUT.zset)
  refused(['a', '1', 'b', '2', 'a', '3'], LAYOUT.zset)
  refused(['a', 'no score'], LAYOUT.zset)
  refused(['x'.repeat(65)], LAYOUT.set)
  refused(['x'.repeat(224)], LAYOUT.list, 1000)
  refused(['1', '2', '3'], LAYOUT.list, 64, 2)
  refused(['123456789012'], LAYOUT.list)
  expect(repacker.take(listpackOf(['1', '1']), LAYOUT.list, 64, 2)).toBeGreaterThan(0)
})

it('a listpack with any byte changed is refused, or is one that the careful way takes as well', () => {
  const elements = ['name', 'Ada', 'born', '1815', 'x'.repeat(150), '-5000']
  const whole = listpackOf(elements).copy()
  for (let at = 0; at < whole.length; at++)
    for (const flip of [1, 0x80, 0xff]) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= flip
      const size = repacker.take(Range.of(bytes), LAYOUT.list, 1 << 20, 100)
      if (size === 0) continue
      // It was another element; what was made of it is a sound region with as many.
      expect(packed.size(repacker.region, 0)).toBe(size)
      expect(packed.count(repacker.region, 0)).toBe(elements.length)
      expect(packed.skip(repacker.region, packed.first(0), elements.length)).toBe(size)
    }
})

it('an intset is taken when its members ascend', () => {
  const source = Buffer.from(new Uint8Array(64))
  for (const [i, value] of [-40_000, 1, 70_000].entries()) source.writeInt32LE(value, i * 4)
  const set = new IntsetBuilder(memory).pack(new Range(source, 0, 12), 4, new Range())
  const size = repacker.takeIntegers(set, 512)
  expect(size).toBe(intset.HEADER_BYTES + 12)
  expect([0, 1, 2].map(i => intset.at(repacker.region, 0, i))).toEqual([-40_000, 1, 70_000])
  expect(repacker.takeIntegers(set, 2)).toBe(0)
  source.writeInt32LE(1, 8)
  expect(repacker.takeIntegers(new IntsetBuilder(memory).pack(new Range(source, 0, 12), 4, new Range()), 512)).toBe(0)
})
