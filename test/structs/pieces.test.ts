import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { orderOf } from '../../core/structs/order.ts'
import { Pieces } from '../../core/structs/pieces.ts'
import { Random } from '../support/random.ts'

const LONG = process.env.REDSTRATA_TEST === 'long'

function text(pieces: Pieces, i: number): string | null {
  const out = new Range()
  return pieces.name(i, out) ? out.latin1() : null
}

describe('pieces', () => {
  it('names bytes where they lie, and copies those that will not stay', () => {
    const pieces = new Pieces()
    const shared = Buffer.from('abcdef')
    pieces.add(new Range(shared, 1, 3))
    pieces.addCopy(new Range(shared, 3, 6))
    pieces.addNothing()
    shared.fill(120)
    expect([0, 1, 2].map(i => text(pieces, i))).toEqual(['xx', 'def', null])
  })

  it('keeps copies larger than a chunk, and very many', () => {
    const pieces = new Pieces()
    const expected = Array.from({ length: 3000 }, (_, i) => (i % 500 === 7 ? 'l'.repeat(70_000) : `piece ${i}`))
    for (const piece of expected) pieces.addCopy(Range.of(piece))
    expect(expected.every((piece, i) => text(pieces, i) === piece)).toBe(true)
  })

  it('are ordered as their bytes, nothing first, by prefixes and comparison', () => {
    const random = new Random(5)
    for (let trial = 0; trial < (LONG ? 3000 : 150); trial++) {
      const begin = random.pick(['', '', 'member:', 'x'.repeat(60)])
      const values = Array.from({ length: random.below(40) }, () =>
        random.oneIn(12)
          ? null
          : begin + Array.from({ length: random.below(9) }, () => random.pick(['a', 'b', '\0', '\xff'])).join(''),
      )
      const pieces = new Pieces()
      for (const value of values) {
        if (value === null) pieces.addNothing()
        else pieces.addCopy(Range.of(Buffer.from(value, 'latin1')))
      }
      const order = orderOf(pieces.prefixes(), values.length, (a, b) => pieces.compare(a, b) || a - b)
      const rank = (i: number): string => (values[i] === null ? '' : `+${values[i]}`)
      const expected = [...values.keys()].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : a - b))
      expect([...order]).toEqual(expected)
    }
  })
})
