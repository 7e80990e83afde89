import { describe, expect, it } from 'vitest'
import { DIGITS_BELOW, DIGITS_LEAST, writeDigits } from '../../modules/timeseries/digits.ts'
import { formatValue, writeValue } from '../../modules/timeseries/output.ts'
import { randomOf, scale } from './support.ts'

const buf = Buffer.alloc(64)
const view = new DataView(buf.buffer, buf.byteOffset, buf.length)

/** What writeDigits makes of a number; null when it cannot tell. */
function digitsOf(size: number): string | null {
  const end = writeDigits(buf, view, 0, size)
  return end === 0 ? null : buf.latin1Slice(0, end)
}

function written(value: number): string {
  return buf.latin1Slice(0, writeValue(buf, view, 0, value))
}

describe('digits', () => {
  it('are the shortest that read back, for numbers of every size', () => {
    const next = randomOf(1)
    let undecided = 0
    const count = scale(100_000, 5_000_000)
    for (let i = 0; i < count; i++) {
      const size = next() * 10 ** Math.floor(next() * 20 - 4)
      if (!(size >= DIGITS_LEAST && size < DIGITS_BELOW)) continue
      const text = digitsOf(size)
      if (text === null) undecided++
      else if (text !== formatValue(size)) expect(text).toBe(formatValue(size))
    }
    // From 10^13 on, many numbers lie just between two decimals.
    expect(undecided).toBeLessThan(count / 50)
  })

  it('are those of averages', () => {
    const next = randomOf(2)
    for (let i = 0; i < scale(50_000, 2_000_000); i++) {
      const mean = Math.floor(next() * 100_000) / 10 / Math.ceil(next() * 100)
      if (mean < DIGITS_LEAST) continue
      const text = digitsOf(mean)
      if (text !== null && text !== formatValue(mean)) expect(text).toBe(formatValue(mean))
    }
  })

  it('end where the number ends', () => {
    expect(digitsOf(21.937000000000005)).toBe('21.937000000000005')
    expect(digitsOf(1234567.25)).toBe('1234567.25')
    expect(digitsOf(3)).toBe('3')
    expect(digitsOf(1230000000000)).toBe('1230000000000')
    expect(digitsOf(0.3)).toBe('3E-1')
    expect(digitsOf(0.000123)).toBe('1.23E-4')
  })

  it('are not told of powers of two', () => {
    expect(digitsOf(0.25)).toBeNull()
    expect(digitsOf(1024)).toBeNull()
  })

  it('keep their sign, also where they cannot be told', () => {
    for (const value of [-1 / 3, -100 / 3, -0.25, -5e-324, -1e300, -123456.789012345]) {
      expect(written(value)).toBe(formatValue(value))
      expect(written(-value)).toBe(formatValue(-value))
    }
  })
})
