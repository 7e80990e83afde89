import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Crc64, crc16, keySlot } from '../../core/base/crc.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

function slot(key: string): number {
  const buf = bytes(`{${key}}`)
  return keySlot(buf, 1, buf.length - 1)
}

test('the check values of both sums are right', () => {
  const check = bytes('123456789')
  expect(crc16(check, 0, 9)).toBe(0x31c3)
  const crc = new Crc64()
  crc.update(check, 0, 9)
  expect([crc.high >>> 0, crc.low >>> 0]).toEqual([0xe9c6d914, 0xc4b8d9ca])
})

test('only a hash tag that holds something chooses the slot', () => {
  expect(slot('somekey')).toBe(11058)
  expect(slot('foo{hash_tag}')).toBe(2515)
  expect(slot('bar{hash_tag}')).toBe(2515)
  expect(slot('hash_tag')).toBe(2515)
  expect(slot('{}{x}')).toBe(3257)
  expect(slot('foo{{bar}}zap')).toBe(slot('{bar'))
  expect(slot('foo{bar}{zap}')).toBe(slot('bar'))
  expect(slot('foo{bar')).not.toBe(slot('bar'))
  expect(slot('')).toBe(0)
})

/** The definition, a bit at a time. */
function naiveCrc64(buf: Buffer): bigint {
  let crc = 0n
  for (const byte of buf) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  return crc
}

test('crc64 of any bytes in any pieces is that of the definition', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), (data, cut) => {
      const buf = Buffer.from(data)
      const middle = Math.min(cut, buf.length)
      const crc = new Crc64()
      crc.update(buf, 0, middle)
      crc.update(buf, middle, buf.length)
      const sum = Buffer.alloc(8)
      crc.write(sum, 0)
      return sum.readBigUInt64LE() === naiveCrc64(buf) && crc.matches(sum, 0)
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('crc64 of many bytes, which takes another way, is that of few at a time', () => {
  const buf = Buffer.alloc(200_000)
  for (let i = 0; i < buf.length; i++) buf[i] = (i * 2654435761) >>> 11
  for (const [start, end] of [
    [0, 200_000],
    [3, 2051],
    [5, 65_541],
    [1, 131_090],
    [7, 150_000],
  ] as const) {
    const long = new Crc64()
    const short = new Crc64()
    for (const crc of [long, short]) crc.update(buf, 0, 9)
    long.update(buf, start, end)
    for (let at = start; at < end; at += 1000) short.update(buf, at, Math.min(end, at + 1000))
    expect([long.high, long.low]).toEqual([short.high, short.low])
  }
})
