/* Hash -- the two Murmur hashes that the sketches of RedisBloom are built on.
 *
 * Which items a filter reports, and which cells they share, follows from the hash alone, so these two give the bits of
 * Austin Appleby's MurmurHash2 family exactly:
 *
 *   murmur2    32 bits from 4 bytes at a time         Count-Min, Top-K, Bloom filters of very old dumps
 *   murmur64   64 bits from 8 bytes at a time (64A)   Bloom and cuckoo filters
 *
 * A 64-bit number is two 32-bit halves, and a result is left in the caller's Int32Array as [low, high]: no BigInt, no
 * object, nothing allocated. A product of two 64-bit numbers modulo 2^64 is one full product of the low halves and
 * two truncated ones:
 *
 *      (aHi·2^32 + aLo) · (mHi·2^32 + mLo)  =  aLo·mLo  +  (aLo·mHi + aHi·mLo) · 2^32      modulo 2^64
 *
 * Math.imul keeps only the low half of a 32-bit product; the high half of aLo·mLo is put together from products of
 * 16-bit pieces (highHalf), none of which overflows 32 bits.
 *
 * All are O(length).
 *
 * Source: A. Appleby's description of MurmurHash2 and MurmurHash64A, which he gave to the public domain. */

/** The multiplier of murmur2. */
const M32 = 0x5bd1e995
/** The multiplier of murmur64, low and high half: 0xc6a4a7935bd1e995. */
const M_LO = 0x5bd1e995
const M_HI = 0xc6a4a793 | 0
const M_LO_LOW = M_LO & 0xffff
const M_LO_HIGH = M_LO >>> 16

/** The high 32 bits of an unsigned product of 32 bits with the low half of the 64-bit multiplier. */
function highHalf(a: number): number {
  const low = a & 0xffff
  const high = a >>> 16
  const bottom = Math.imul(low, M_LO_LOW) >>> 16
  const left = (Math.imul(high, M_LO_LOW) + bottom) | 0
  const right = (Math.imul(low, M_LO_HIGH) + (left & 0xffff)) | 0
  return (Math.imul(high, M_LO_HIGH) + (left >>> 16) + (right >>> 16)) | 0
}

/** The high half of (hi, lo) times the 64-bit multiplier; the low half is Math.imul(lo, M_LO). */
function timesHigh(lo: number, hi: number): number {
  return (highHalf(lo) + Math.imul(lo, M_HI) + Math.imul(hi, M_LO)) | 0
}

/** Four bytes, the least significant first. */
function word(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)
}

/** MurmurHash2 of some bytes: 32 bits, as an unsigned number. */
export function murmur2(buf: Uint8Array, start: number, end: number, seed: number): number {
  let h = seed ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    let k = Math.imul(word(buf, at), M32)
    k = Math.imul(k ^ (k >>> 24), M32)
    h = Math.imul(h, M32) ^ k
  }
  if (at < end) {
    for (let shift = 0; at < end; at++, shift += 8) h ^= buf[at]! << shift
    h = Math.imul(h, M32)
  }
  h = Math.imul(h ^ (h >>> 13), M32)
  return (h ^ (h >>> 15)) >>> 0
}

/** MurmurHash64A of some bytes, left in `out` as [low, high]. */
export function murmur64(
  buf: Uint8Array,
  start: number,
  end: number,
  seedLo: number,
  seedHi: number,
  out: Int32Array,
): void {
  const length = end - start
  let lo = seedLo ^ Math.imul(length, M_LO)
  let hi = seedHi ^ timesHigh(length, 0)
  let at = start
  for (; at + 8 <= end; at += 8) {
    let kHi = word(buf, at + 4)
    let kLo = word(buf, at)
    kHi = timesHigh(kLo, kHi)
    kLo = Math.imul(kLo, M_LO) ^ (kHi >>> 15)
    lo ^= Math.imul(kLo, M_LO)
    hi ^= timesHigh(kLo, kHi)
    hi = timesHigh(lo, hi)
    lo = Math.imul(lo, M_LO)
  }
  if (at < end) {
    for (let shift = 0; at < end; at++, shift += 8) {
      if (shift < 32) lo ^= buf[at]! << shift
      else hi ^= buf[at]! << (shift - 32)
    }
    hi = timesHigh(lo, hi)
    lo = Math.imul(lo, M_LO)
  }
  lo ^= hi >>> 15
  hi = timesHigh(lo, hi)
  lo = Math.imul(lo, M_LO)
  out[0] = lo ^ (hi >>> 15)
  out[1] = hi
}
