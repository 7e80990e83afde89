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
 * 16-bit pieces (timesHigh), none of which overflows 32 bits.
 *
 * A sketch of many rows hashes an item with many seeds. How a piece of the item is mixed does not depend on the seed; so
 * `mixWords` does that once, and `murmur2Four` folds the mixed pieces into four seeds at a time. `murmur64Pair` does the same for the two hashes of a Bloom filter, the second of which is seeded with the first.
 * Pieces lie in a scratch array of the caller's; an item with more than fit is hashed from its bytes each time.
 *
 * All are O(length).
 *
 * Source: A. Appleby's description of MurmurHash2 and MurmurHash64A, which he gave to the public domain. */

import type { Range } from 'redstrata/module'

/** The multiplier of murmur2. */
const M32 = 0x5bd1e995
/** The multiplier of murmur64, low and high half: 0xc6a4a7935bd1e995. */
const M_LO = 0x5bd1e995
const M_HI = 0xc6a4a793 | 0
const M_LO_LOW = M_LO & 0xffff
const M_LO_HIGH = M_LO >>> 16

/** The high half of (hi, lo) times the 64-bit multiplier; the low half is Math.imul(lo, M_LO). */
function timesHigh(lo: number, hi: number): number {
  const low = lo & 0xffff
  const high = lo >>> 16
  const left = (Math.imul(high, M_LO_LOW) + (Math.imul(low, M_LO_LOW) >>> 16)) | 0
  const right = (Math.imul(low, M_LO_HIGH) + (left & 0xffff)) | 0
  const top = (Math.imul(high, M_LO_HIGH) + (left >>> 16) + (right >>> 16)) | 0
  return (top + Math.imul(lo, M_HI) + Math.imul(hi, M_LO)) | 0
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

/** Words of an item that `mixWords` can hold. */
const MIXED_MAX = 32
/** Length of the array that `mixWords` fills: the words, then how many they are, the last bytes, the length, 1 when all fit. */
export const MIXED_LENGTH = MIXED_MAX + 4

/** Mix the words of an item, for murmur2Four. */
export function mixWords(buf: Uint8Array, start: number, end: number, mixed: Int32Array): void {
  const length = end - start
  const words = length >>> 2
  if (words > MIXED_MAX) {
    mixed[MIXED_MAX + 3] = 0
    return
  }
  let at = start
  for (let i = 0; i < words; i++, at += 4) {
    const k = Math.imul(word(buf, at), M32)
    mixed[i] = Math.imul(k ^ (k >>> 24), M32)
  }
  let last = 0
  for (let shift = 0; at < end; at++, shift += 8) last ^= buf[at]! << shift
  mixed[MIXED_MAX] = words
  mixed[MIXED_MAX + 1] = last
  mixed[MIXED_MAX + 2] = length
  mixed[MIXED_MAX + 3] = 1
}

/**
 * MurmurHash2 of the item that was mixed last, which lies at start to end, by four seeds at once: left in `out`, signed. One
 * multiplication waits for the one before it; those of four hashes do not wait for each other.
 */
export function murmur2Four(
  mixed: Int32Array,
  item: Range,
  seed0: number,
  seed1: number,
  seed2: number,
  seed3: number,
  out: Int32Array,
): void {
  if (mixed[MIXED_MAX + 3] === 0) {
    const { buf, start, end } = item
    out[0] = murmur2(buf, start, end, seed0)
    out[1] = murmur2(buf, start, end, seed1)
    out[2] = murmur2(buf, start, end, seed2)
    out[3] = murmur2(buf, start, end, seed3)
    return
  }
  const words = mixed[MIXED_MAX]!
  const length = mixed[MIXED_MAX + 2]!
  let a = seed0 ^ length
  let b = seed1 ^ length
  let c = seed2 ^ length
  let d = seed3 ^ length
  for (let i = 0; i < words; i++) {
    const k = mixed[i]!
    a = Math.imul(a, M32) ^ k
    b = Math.imul(b, M32) ^ k
    c = Math.imul(c, M32) ^ k
    d = Math.imul(d, M32) ^ k
  }
  if ((length & 3) !== 0) {
    const last = mixed[MIXED_MAX + 1]!
    a = Math.imul(a ^ last, M32)
    b = Math.imul(b ^ last, M32)
    c = Math.imul(c ^ last, M32)
    d = Math.imul(d ^ last, M32)
  }
  a = Math.imul(a ^ (a >>> 13), M32)
  b = Math.imul(b ^ (b >>> 13), M32)
  c = Math.imul(c ^ (c >>> 13), M32)
  d = Math.imul(d ^ (d >>> 13), M32)
  out[0] = a ^ (a >>> 15)
  out[1] = b ^ (b >>> 15)
  out[2] = c ^ (c >>> 15)
  out[3] = d ^ (d >>> 15)
}

/** Which of `width` cells a hash names, for widths below 2^31. What is cut to 32 bits is divided as a whole number. */
export function cellOf(hash: number, width: number): number {
  return ((hash >>> 0) % (width >>> 0)) | 0
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

/** Pieces of 8 bytes that murmur64Pair can hold. */
const PIECES_MAX = 16
/** Length of the array that murmur64Pair fills: the two hashes, then the mixed pieces. */
export const PAIR_LENGTH = 4 + PIECES_MAX * 2

/**
 * Two hashes of some bytes, the first seeded with (seedLo, seedHi) and the second with the first, left in the first four
 * places of `out` as [first low, first high, second low, second high].
 */
export function murmur64Pair(
  buf: Uint8Array,
  start: number,
  end: number,
  seedLo: number,
  seedHi: number,
  out: Int32Array,
): void {
  const length = end - start
  if (length > PIECES_MAX * 8) {
    murmur64(buf, start, end, seedLo, seedHi, out)
    const firstLo = out[0]!
    const firstHi = out[1]!
    murmur64(buf, start, end, firstLo, firstHi, out)
    out[2] = out[0]!
    out[3] = out[1]!
    out[0] = firstLo
    out[1] = firstHi
    return
  }
  const pieces = mixPieces(buf, start, end, out)
  const saltLo = Math.imul(length, M_LO)
  const saltHi = timesHigh(length, 0)
  let lo = seedLo
  let hi = seedHi
  // One place in the text that multiplies, so that it is surely inlined: the last step of a hash is a piece of its own kind.
  for (let into = 0; into < 4; into += 2) {
    lo ^= saltLo
    hi ^= saltHi
    for (let i = 4; i <= pieces; i += 2) {
      lo ^= i < pieces ? out[i]! : hi >>> 15
      if (i < pieces) hi ^= out[i + 1]!
      hi = timesHigh(lo, hi)
      lo = Math.imul(lo, M_LO)
    }
    lo ^= hi >>> 15
    out[into] = lo
    out[into + 1] = hi
  }
}

/** Mix the pieces of an item into out[4], out[5], ...; returns where they end. The last bytes are a piece that is not mixed. */
function mixPieces(buf: Uint8Array, start: number, end: number, out: Int32Array): number {
  let at = start
  let i = 4
  for (; at + 8 <= end; at += 8, i += 2) {
    const lo = word(buf, at)
    const hi = timesHigh(lo, word(buf, at + 4))
    const mixed = Math.imul(lo, M_LO) ^ (hi >>> 15)
    out[i] = Math.imul(mixed, M_LO)
    out[i + 1] = timesHigh(mixed, hi)
  }
  if (at === end) return i
  let lo = 0
  let hi = 0
  for (let shift = 0; at < end; at++, shift += 8) {
    if (shift < 32) lo |= buf[at]! << shift
    else hi |= buf[at]! << (shift - 32)
  }
  out[i] = lo
  out[i + 1] = hi
  return i + 2
}
