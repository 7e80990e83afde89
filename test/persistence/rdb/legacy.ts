/* Encoders of the forms that Redis no longer writes, so that reading them can be tested. They follow the format's
 * description and are kept as plain as possible. */

import { bytes } from './model.ts'

const INT_64 = [-(2n ** 63n), 2n ** 63n - 1n] as const

function integerIn(text: string): bigint | null {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return null
  const value = BigInt(text)
  return value >= INT_64[0] && value <= INT_64[1] ? value : null
}

function little(value: bigint, size: number): Buffer {
  const buf = Buffer.alloc(8)
  buf.writeBigInt64LE(value)
  return buf.subarray(0, size)
}

function ziplistBody(text: string): Buffer {
  const n = integerIn(text)
  if (n !== null) {
    const fits = (bits: bigint): boolean => n >= -(1n << (bits - 1n)) && n < 1n << (bits - 1n)
    if (n >= 0n && n <= 12n) return Buffer.from([0xf1 + Number(n)])
    if (fits(8n)) return Buffer.concat([Buffer.from([0xfe]), little(n, 1)])
    if (fits(16n)) return Buffer.concat([Buffer.from([0xc0]), little(n, 2)])
    if (fits(24n)) return Buffer.concat([Buffer.from([0xf0]), little(n, 3)])
    if (fits(32n)) return Buffer.concat([Buffer.from([0xd0]), little(n, 4)])
    return Buffer.concat([Buffer.from([0xe0]), little(n, 8)])
  }
  const content = bytes(text)
  const length = content.length
  if (length < 64) return Buffer.concat([Buffer.from([length]), content])
  if (length < 16384) return Buffer.concat([Buffer.from([0x40 | (length >> 8), length & 255]), content])
  const head = Buffer.from([0x80, 0, 0, 0, 0])
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, content])
}

/** A ziplist of these elements. */
export function ziplist(elements: readonly string[]): Buffer {
  const entries: Buffer[] = []
  let before = 0
  for (const element of elements) {
    const previous = before < 254 ? Buffer.from([before]) : Buffer.from([254, 0, 0, 0, 0])
    if (before >= 254) previous.writeUInt32LE(before, 1)
    const entry = Buffer.concat([previous, ziplistBody(element)])
    entries.push(entry)
    before = entry.length
  }
  const body = Buffer.concat(entries)
  const header = Buffer.alloc(10)
  header.writeUInt32LE(body.length + 11, 0)
  header.writeUInt32LE(10 + body.length - before, 4)
  header.writeUInt16LE(Math.min(elements.length, 65535), 8)
  return Buffer.concat([header, body, Buffer.from([255])])
}

/** A zipmap of these names and values in turn, with `free` unused bytes behind each value. */
export function zipmap(parts: readonly string[], free = 0): Buffer {
  const length = (text: string): Buffer => {
    if (text.length < 254) return Buffer.from([text.length])
    const long = Buffer.from([254, 0, 0, 0, 0])
    long.writeUInt32LE(text.length, 1)
    return long
  }
  const pieces: Buffer[] = [Buffer.from([Math.min(parts.length / 2, 254)])]
  parts.forEach((part, i) => {
    const isValue = i % 2 === 1
    pieces.push(length(part), isValue ? Buffer.from([free]) : bytes(''), bytes(part))
    if (isValue) pieces.push(Buffer.alloc(free, 0xee))
  })
  pieces.push(Buffer.from([255]))
  return Buffer.concat(pieces)
}
