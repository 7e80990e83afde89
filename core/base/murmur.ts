/* Murmur -- the hashes by which HyperLogLogs and the sketches choose their registers, bits and cells.
 *
 * They are part of formats: a filter written by Redis answers alike here only if every bit of the hash is the same. They
 * are not keyed against attackers; tables use siphash.ts.
 *
 *     murmur64   MurmurHash64A: eight bytes a step; three multiplications modulo 2^64 each
 *     murmur32   MurmurHash2:   four bytes a step
 *
 * A 64-bit product is put together from 32-bit halves:
 *
 *     (high : low) * (MH : ML)   low word   low * ML                          Math.imul gives it
 *                                high word  carry of low * ML  +  low * MH  +  high * ML
 *
 * Results of 64 bits are left in a record of the caller, as two signed words: no object per hash.
 *
 * Source: Austin Appleby, MurmurHash2 (public domain), little-endian. */

/** A 64-bit value as two signed words. */
export interface Hash64 {
  high: number
  low: number
}

/** The multiplier 0xc6a4a7935bd1e995. */
const M_HIGH = 0xc6a4a793 | 0
const M_LOW = 0x5bd1e995
const M_LOW_UPPER = 0x5bd1
const M_LOW_LOWER = 0xe995

/** The upper word of the 64-bit product of an unsigned word and M_LOW. */
function carryOfProduct(word: number): number {
  const upper = word >>> 16
  const lower = word & 0xffff
  const middle = (Math.imul(upper, M_LOW_LOWER) >>> 0) + (Math.imul(lower, M_LOW_LOWER) >>> 16)
  const cross = (Math.imul(lower, M_LOW_UPPER) >>> 0) + (middle & 0xffff)
  return (Math.imul(upper, M_LOW_UPPER) + (middle >>> 16) + (cross >>> 16)) | 0
}

/** MurmurHash64A of some bytes under a 64-bit seed, into `out`. */
export function murmur64(
  buf: Buffer,
  start: number,
  end: number,
  seedHigh: number,
  seedLow: number,
  out: Hash64,
): void {
  const length = end - start
  // Lengths stay below 2^32, so only the low word of length * m carries into the high one.
  let high = seedHigh ^ (carryOfProduct(length) + Math.imul(length, M_HIGH))
  let low = seedLow ^ Math.imul(length, M_LOW)
  let i = start
  for (const wholeEnd = end - 7; i < wholeEnd; i += 8) {
    let kLow = buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24)
    let kHigh = buf[i + 4]! | (buf[i + 5]! << 8) | (buf[i + 6]! << 16) | (buf[i + 7]! << 24)
    kHigh = (carryOfProduct(kLow) + Math.imul(kLow, M_HIGH) + Math.imul(kHigh, M_LOW)) | 0
    kLow = Math.imul(kLow, M_LOW)
    kLow ^= kHigh >>> 15
    kHigh = (carryOfProduct(kLow) + Math.imul(kLow, M_HIGH) + Math.imul(kHigh, M_LOW)) | 0
    kLow = Math.imul(kLow, M_LOW)
    low ^= kLow
    high ^= kHigh
    high = (carryOfProduct(low) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0
    low = Math.imul(low, M_LOW)
  }
  if (i < end) {
    for (let k = end - 1; k >= i; k--) {
      const shift = (k - i) << 3
      if (shift < 32) low ^= buf[k]! << shift
      else high ^= buf[k]! << (shift - 32)
    }
    high = (carryOfProduct(low) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0
    low = Math.imul(low, M_LOW)
  }
  low ^= high >>> 15
  high = (carryOfProduct(low) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0
  low = Math.imul(low, M_LOW)
  out.low = low ^ (high >>> 15)
  out.high = high
}

/** MurmurHash2 of some bytes: an unsigned word. */
export function murmur32(buf: Buffer, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start)
  let i = start
  for (const wholeEnd = end - 3; i < wholeEnd; i += 4) {
    let k = Math.imul(buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24), M_LOW)
    k = Math.imul(k ^ (k >>> 24), M_LOW)
    hash = Math.imul(hash, M_LOW) ^ k
  }
  if (i < end) {
    for (let k = end - 1; k >= i; k--) hash ^= buf[k]! << ((k - i) << 3)
    hash = Math.imul(hash, M_LOW)
  }
  hash = Math.imul(hash ^ (hash >>> 13), M_LOW)
  return (hash ^ (hash >>> 15)) >>> 0
}
