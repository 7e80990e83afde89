/* CRC -- the two check sums that Redis defines formats with.
 *
 * crc16 (the XMODEM polynomial x^16 + x^12 + x^5 + 1) turns a key into one of 16384 cluster slots; only the part between
 * the first `{` and the next `}` counts, if there is any, so that related keys can be put into one slot:
 *
 *     user:1000                      all of it               {user:1000}.cart      user:1000
 *     {}{user:1000}                  all of it: the first braces hold nothing
 *
 * crc64 (the Jones polynomial 0xad93d23594c935a9, bits reflected, starting from 0) closes RDB files and DUMP payloads. It
 * is computed eight bytes at a time: table k answers what a byte contributes after k more bytes have passed, so eight
 * look-ups replace eight dependent steps. A 64-bit value is kept as two 32-bit words, for JavaScript has no faster form.
 *
 * What is long goes to the same loop in WebAssembly, where it is one word.
 *
 *   crc16 1 look-up per byte      crc64 2 look-ups (one for each word) per byte, 8 bytes independent of each other
 *
 * Sources: Redis cluster specification; M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High
 * Performance Software-based CRC Generators" (slicing). */

import { type LongCrc64, longCrc64 } from './crc64-wasm.ts'

const CRC16_POLYNOMIAL = 0x1021
const CRC16_TABLE = crc16Table()

function crc16Table(): Uint16Array {
  const table = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? CRC16_POLYNOMIAL : 0)
    table[byte] = crc
  }
  return table
}

/** The CRC-16/XMODEM of some bytes. */
export function crc16(buf: Buffer, start: number, end: number): number {
  let crc = 0
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ CRC16_TABLE[(crc >>> 8) ^ buf[i]!]!
  return crc
}

const OPEN = 0x7b
const CLOSE = 0x7d
/** Slots of a cluster. */
export const SLOT_COUNT = 16384

/** The cluster slot of a key: crc16 of its hash tag, or of all of it. */
export function keySlot(buf: Buffer, start: number, end: number): number {
  let open = start
  while (open < end && buf[open] !== OPEN) open++
  let close = open + 1
  while (close < end && buf[close] !== CLOSE) close++
  const tagged = close < end && close > open + 1
  return (tagged ? crc16(buf, open + 1, close) : crc16(buf, start, end)) & (SLOT_COUNT - 1)
}

/** The Jones polynomial with its bits reflected, in two words. */
const CRC64_HIGH = 0x95ac9329
const CRC64_LOW = 0xac4bc9b5
/** Low and high words of table k for byte b lie at k * 256 + b. */
const LOW = new Int32Array(8 * 256)
const HIGH = new Int32Array(8 * 256)
fillCrc64Tables()

function fillCrc64Tables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (odd) {
        low ^= CRC64_LOW
        high ^= CRC64_HIGH
      }
    }
    LOW[byte] = low
    HIGH[byte] = high
  }
  for (let i = 256; i < 8 * 256; i++) {
    const low = LOW[i - 256]!
    const high = HIGH[i - 256]!
    LOW[i] = LOW[low & 255]! ^ ((low >>> 8) | (high << 24))
    HIGH[i] = HIGH[low & 255]! ^ (high >>> 8)
  }
}

/** From so many bytes on the sum is taken by WebAssembly; that program is made when it is first needed. */
const LONG_MIN = 2048
const LONG: { update: LongCrc64 | null } = { update: null }

/** A CRC-64 that grows with the bytes given to it. `high` and `low` are its two words, signed. */
export class Crc64 {
  high = 0
  low = 0

  /** Back to no bytes. */
  reset(): void {
    this.high = 0
    this.low = 0
  }

  /** Take in more bytes. */
  update(buf: Buffer, start: number, end: number): void {
    if (end - start < LONG_MIN) this.#update(buf, start, end)
    else this.#update(buf, (LONG.update ??= longCrc64(LOW, HIGH))(this, buf, start, end), end)
  }

  #update(buf: Buffer, start: number, end: number): void {
    const lowTable = LOW
    const highTable = HIGH
    let low = this.low
    let high = this.high
    let i = start
    for (const wholeEnd = end - 7; i < wholeEnd; i += 8) {
      low ^= buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24)
      high ^= buf[i + 4]! | (buf[i + 5]! << 8) | (buf[i + 6]! << 16) | (buf[i + 7]! << 24)
      const a = 1792 | (low & 255)
      const b = 1536 | ((low >>> 8) & 255)
      const c = 1280 | ((low >>> 16) & 255)
      const d = 1024 | (low >>> 24)
      const e = 768 | (high & 255)
      const f = 512 | ((high >>> 8) & 255)
      const g = 256 | ((high >>> 16) & 255)
      const h = high >>> 24
      low =
        lowTable[a]! ^
        lowTable[b]! ^
        lowTable[c]! ^
        lowTable[d]! ^
        lowTable[e]! ^
        lowTable[f]! ^
        lowTable[g]! ^
        lowTable[h]!
      high =
        highTable[a]! ^
        highTable[b]! ^
        highTable[c]! ^
        highTable[d]! ^
        highTable[e]! ^
        highTable[f]! ^
        highTable[g]! ^
        highTable[h]!
    }
    for (; i < end; i++) {
      const index = (low ^ buf[i]!) & 255
      low = ((low >>> 8) | (high << 24)) ^ lowTable[index]!
      high = (high >>> 8) ^ highTable[index]!
    }
    this.low = low
    this.high = high
  }

  /** Write the sum as 8 bytes, little-endian, the form in which RDB files and DUMP payloads end. */
  write(buf: Buffer, at: number): void {
    buf.writeInt32LE(this.low, at)
    buf.writeInt32LE(this.high, at + 4)
  }

  /** Whether 8 bytes are this sum. */
  matches(buf: Buffer, at: number): boolean {
    return buf.readInt32LE(at) === this.low && buf.readInt32LE(at + 4) === this.high
  }
}
