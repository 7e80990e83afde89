import { describe, expect, it } from 'vitest'
import { parseInteger, wideValue } from '../../core/base/numbers.ts'
import * as intset from '../../core/structs/intset.ts'
import { below, seeded, times } from './seeded.ts'

/** The number form of a bigint; beyond 2^53 an infinity, with the bits in `wide`. */
function told(value: bigint): number {
  const text = Buffer.from(String(value))
  return parseInteger(text, 0, text.length)
}

class Region {
  start = 5
  buf = Buffer.alloc(this.start + intset.HEADER_BYTES)

  constructor() {
    intset.init(this.buf, this.start)
  }

  add(value: bigint): boolean {
    const needed = intset.add(this.buf, this.start, this.buf.length, told(value))
    if (needed === 0) return false
    if (needed > this.buf.length - this.start) {
      const larger = Buffer.alloc(this.start + needed)
      this.buf.copy(larger)
      this.buf = larger
      expect(intset.add(this.buf, this.start, this.buf.length, told(value))).toBe(needed)
    }
    expect(intset.size(this.buf, this.start)).toBe(needed)
    return true
  }

  members(): bigint[] {
    return Array.from({ length: intset.count(this.buf, this.start) }, (_, i) => {
      const value = intset.at(this.buf, this.start, i)
      return Number.isFinite(value) ? BigInt(value) : wideValue()
    })
  }
}

const EDGES = [0n, 15n, 16n, 31n, 32n, 52n, 53n, 63n].flatMap(bit => {
  const power = 1n << bit
  return [power - 1n, power, power + 1n, -power - 1n, -power, -power + 1n]
})
const INT64 = EDGES.filter(value => value === BigInt.asIntN(64, value))

function someInteger(random: () => number): bigint {
  const kind = random()
  if (kind < 0.2) return INT64[below(random, INT64.length)]!
  const bits = [4, 8, 16, 32, 53][below(random, 5)]!
  return BigInt(Math.floor((random() - 0.5) * 2 ** bits))
}

describe('intset', () => {
  it('agrees with a set of bigints over random changes', () => {
    for (let seed = 1; seed <= times(15); seed++) {
      const random = seeded(seed)
      const region = new Region()
      const model = new Set<bigint>()
      for (let step = 0; step < 400; step++) {
        // Narrow members first, so that the widening happens with members inside.
        const value = step < 100 ? BigInt(below(random, 60) - 30) : someInteger(random)
        if (random() < 0.65) {
          expect(region.add(value)).toBe(!model.has(value))
          model.add(value)
        } else expect(intset.remove(region.buf, region.start, told(value))).toBe(model.delete(value))
        const probe = someInteger(random)
        expect(intset.find(region.buf, region.start, told(probe)) >= 0).toBe(model.has(probe))
      }
      const sorted = [...model].sort((a, b) => (a < b ? -1 : 1))
      expect(region.members()).toEqual(sorted)
      sorted.forEach((value, rank) => {
        expect(intset.find(region.buf, region.start, told(value))).toBe(rank)
      })
    }
  })

  it('holds every edge of every width', () => {
    const region = new Region()
    for (const value of INT64) region.add(value)
    expect(region.members()).toEqual([...new Set(INT64)].sort((a, b) => (a < b ? -1 : 1)))
    expect(intset.width(region.buf, region.start)).toBe(8)
  })

  it('takes the width that its widest member needs', () => {
    for (const [value, width] of [
      [32_767n, 2],
      [-32_768n, 2],
      [32_768n, 4],
      [-32_769n, 4],
      [2_147_483_647n, 4],
      [2_147_483_648n, 8],
      [-2_147_483_649n, 8],
    ] as const) {
      const region = new Region()
      region.add(1n)
      region.add(value)
      expect(intset.width(region.buf, region.start)).toBe(width)
      expect(intset.size(region.buf, region.start)).toBe(4 + 2 * width)
    }
  })

  it('removes by rank', () => {
    const region = new Region()
    for (const value of [5n, 1n, 9n, 70_000n]) region.add(value)
    intset.removeAt(region.buf, region.start, 1)
    expect(region.members()).toEqual([1n, 9n, 70_000n])
  })
})
