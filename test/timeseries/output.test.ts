import { describe, expect, it } from 'vitest'
import { Reply, SegmentPool } from '../../core/resp/reply.ts'
import { formatValue, replyRows, replyTime, SampleWriter } from '../../modules/timeseries/output.ts'
import { Rows } from '../../modules/timeseries/range/rows.ts'
import { randomOf, type Sample, scale } from './support.ts'

function written(protocol: 2 | 3, write: (reply: Reply) => void): string {
  const reply = new Reply(new SegmentPool())
  reply.protocol = protocol
  write(reply)
  return reply.take().latin1Slice()
}

/** Rows of RESP2, each by its own text. */
function plain(samples: Sample[]): string {
  const rows = samples.map(([time, value]) => `*2\r\n:${textOf(time)}\r\n+${formatValue(value)}\r\n`)
  return `*${samples.length}\r\n${rows.join('')}`
}

function textOf(time: number): string {
  return time >= 2 ** 63 ? '9223372036854775807' : BigInt(time).toString()
}

/** Times of every length in rising order, and values of many kinds. */
function samplesOf(next: () => number, count: number): Sample[] {
  const times = Array.from({ length: count }, () => Math.floor(next() * 10 ** Math.floor(next() * 20)))
  if (count > 2) times[0] = 2 ** 63
  const value = (): number => {
    const kind = next()
    const size =
      kind < 0.6 ? Math.round(next() * 1e6) / 10 ** Math.floor(next() * 6) : next() * 10 ** (next() * 40 - 20)
    return next() < 0.3 ? -size : size
  }
  return [...new Set(times)].sort((a, b) => a - b).map(time => [time, value()])
}

describe('samples in a reply', () => {
  it('are each what it is alone, whatever their number and direction', () => {
    for (let seed = 1; seed <= scale(60, 3000); seed++) {
      const next = randomOf(seed)
      const samples = samplesOf(next, Math.floor(next() * 300))
      const reverse = next() < 0.5
      const limit = next() < 0.5 ? Number.POSITIVE_INFINITY : 1 + Math.floor(next() * 200)
      const wanted = (reverse ? [...samples].reverse() : samples).slice(0, limit)
      const rows = new Rows()
      rows.take(
        Float64Array.from(samples, s => s[0]),
        0,
        Float64Array.from(samples, s => s[1]),
        0,
        samples.length,
      )
      expect(written(2, reply => replyRows(reply, rows, reverse, limit))).toBe(plain(wanted))
      const pieces = (reply: Reply): void => {
        const writer = new SampleWriter(reply, reverse, limit)
        // Pieces come in reading order, each in order of time.
        const size = 1 + Math.floor(next() * 130)
        const starts = Array.from({ length: Math.ceil(samples.length / size) }, (_, i) => i * size)
        for (const at of reverse ? starts.reverse() : starts)
          if (!writer.take(rows.times, at, rows.values, at, Math.min(size, samples.length - at))) break
        expect(writer.finish()).toBe(wanted.length)
      }
      expect(written(2, pieces)).toBe(plain(wanted))
    }
  })

  it('have doubles for values in RESP3', () => {
    const rows = new Rows()
    rows.take(Float64Array.of(1, 1700000000000), 0, Float64Array.of(0.5, 21), 0, 2)
    expect(written(3, reply => replyRows(reply, rows, true, 9))).toBe(
      '*2\r\n*2\r\n:1700000000000\r\n,21\r\n*2\r\n:1\r\n,0.5\r\n',
    )
  })

  it('have times of any length', () => {
    for (let digits = 1; digits <= 16; digits++)
      for (const time of [10 ** (digits - 1), 10 ** digits - 1])
        if (Number.isSafeInteger(time)) expect(written(2, reply => replyTime(reply, time))).toBe(`:${time}\r\n`)
  })
})
