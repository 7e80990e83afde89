/* Probe -- which bits of a Bloom filter an item stands for, and whether they are set.
 *
 * Double hashing (Kirsch and Mitzenmacher, "Less hashing, same performance", 2006): two hashes a and b give all k
 * bits. Bit i of a filter of n bits is
 *
 *      ((a + i·b) mod 2^64) mod n        i = 0 .. k-1
 *
 * We never divide per bit. With r = a mod n and s = b mod n, each step adds s to r and takes n away if need be;
 * only when the 64-bit sum itself passes 2^64 has the step lost 2^64, so that `wrap` = 2^64 mod n is taken away too:
 *
 *      n = 10, wrap = 6:   sum 2^64-3 -> r = 3;   b = 5, s = 5: the sum wraps to 2;   3 + 5 - 6 = 2
 *
 * So a probe costs two divisions and k steps of additions. Below 2^30 bits the steps are 32-bit integers without a branch,
 * since whether a sum wraps is as good as random: its carry is (a and b) or ((a or b) and not sum), by its top bit. The two things that a
 * step may add, s and s - wrap, are brought below zero before, so that r needs one correction and not two. Larger filters take
 * the same steps in doubles, which are exact up to the 2^35 bits that one block can have (BITS_MAX).
 *
 * Very old dumps hold filters of 32-bit hashes, ((a + i·b) mod 2^32) mod n, which keep a loop of their own.
 *
 * Bit x is bit x & 7, the least significant first, of byte x >> 3. Hashes lie as [a low, a high, b low, b high]. */

/** The most bits of one layer: the largest buffer that every supported Node can address. */
export const BITS_MAX = 2 ** 35 - 64

const TWO_32 = 4294967296
/** Filters below this many bits are probed with 32-bit integers. */
const SMALL_MAX = 2 ** 30
/** From this size on, the quotient of a 64-bit number fits a double closely enough to be corrected by one step. */
const DIRECT_MIN = 4096

/** A 64-bit number modulo n, for n below 2^30. */
function remainderSmall(lo: number, hi: number, n: number): number {
  const high = n < DIRECT_MIN ? (hi >>> 0) % n : hi >>> 0
  const quotient = Math.floor((high * TWO_32 + (lo >>> 0)) / n)
  const r = (lo - Math.imul(quotient | 0, n)) | 0
  return r < 0 ? (r + n) | 0 : r >= n ? (r - n) | 0 : r
}

/** A 64-bit number modulo n, for n up to BITS_MAX: 16 bits at a time, so that no product leaves 2^53. */
function remainderLarge(lo: number, hi: number, n: number): number {
  const r = (((hi >>> 0) % n) * 65536 + (lo >>> 16)) % n
  return (r * 65536 + (lo & 0xffff)) % n
}

/** 2^64 mod n: what a step loses when its sum passes 64 bits. Kept with each layer. */
export function wrapOf(n: number): number {
  return (remainderLarge(-1, -1, n) + 1) % n
}

/** Whether all k bits of an item are set in the n bits that begin at byte `base`. */
export function testBits(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  if (n >= SMALL_MAX) return testLarge(u8, base, n, wrap, k, hash)
  return testSmall(u8, base, n | 0, wrap | 0, k, hash)
}

/** What a step whose sum wraps adds beyond s - n, so that it adds s - wrap, modulo n and below zero. */
function moreWhenWrapped(s: number, wrap: number, n: number): number {
  const step = (s - wrap) | 0
  return (step - (n & ~(step >> 31)) - (s - n)) | 0
}

function testSmall(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  const bLo = hash[2]!
  const bHi = hash[3]!
  let lo = hash[0]!
  let hi = hash[1]!
  let r = remainderSmall(lo, hi, n)
  if ((u8[base + (r >>> 3)]! & (1 << (r & 7))) === 0) return false
  const s = remainderSmall(bLo, bHi, n)
  const step = (s - n) | 0
  const more = moreWhenWrapped(s, wrap, n)
  for (let i = 1; i < k; i++) {
    const sumLo = (lo + bLo) | 0
    const carry = ((lo & bLo) | ((lo | bLo) & ~sumLo)) >>> 31
    const sumHi = (hi + bHi + carry) | 0
    const wrapped = ((hi & bHi) | ((hi | bHi) & ~sumHi)) >> 31
    lo = sumLo
    hi = sumHi
    r = (r + step + (more & wrapped)) | 0
    r = (r + (n & (r >> 31))) | 0
    if ((u8[base + (r >>> 3)]! & (1 << (r & 7))) === 0) return false
  }
  return true
}

/** Set all k bits of an item. True when one of them was clear, that is when the item was not there. */
export function setBits(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  if (n >= SMALL_MAX) return setLarge(u8, base, n, wrap, k, hash)
  return setSmall(u8, base, n | 0, wrap | 0, k, hash)
}

function setSmall(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  const bLo = hash[2]!
  const bHi = hash[3]!
  let lo = hash[0]!
  let hi = hash[1]!
  let r = remainderSmall(lo, hi, n)
  const s = remainderSmall(bLo, bHi, n)
  const step = (s - n) | 0
  const more = moreWhenWrapped(s, wrap, n)
  let clear = 0
  for (let i = 0; ; ) {
    const at = base + (r >>> 3)
    const byte = u8[at]!
    const bit = 1 << (r & 7)
    clear |= ~byte & bit
    u8[at] = byte | bit
    if (++i >= k) return clear !== 0
    const sumLo = (lo + bLo) | 0
    const carry = ((lo & bLo) | ((lo | bLo) & ~sumLo)) >>> 31
    const sumHi = (hi + bHi + carry) | 0
    const wrapped = ((hi & bHi) | ((hi | bHi) & ~sumHi)) >> 31
    lo = sumLo
    hi = sumHi
    r = (r + step + (more & wrapped)) | 0
    r = (r + (n & (r >> 31))) | 0
  }
}

function testLarge(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  const sumLow = hash[2]! >>> 0
  const sumHigh = hash[3]! >>> 0
  let lo = hash[0]! >>> 0
  let hi = hash[1]! >>> 0
  let r = remainderLarge(lo, hi, n)
  const s = remainderLarge(sumLow, sumHigh, n)
  for (let i = 0; ; ) {
    if ((u8[base + Math.floor(r / 8)]! & (1 << (r % 8))) === 0) return false
    if (++i >= k) return true
    lo += sumLow
    hi += sumHigh
    r += s
    if (lo >= TWO_32) {
      lo -= TWO_32
      hi++
    }
    if (hi >= TWO_32) {
      hi -= TWO_32
      r -= wrap
    }
    if (r >= n) r -= n
    else if (r < 0) r += n
  }
}

function setLarge(u8: Uint8Array, base: number, n: number, wrap: number, k: number, hash: Int32Array): boolean {
  const sumLow = hash[2]! >>> 0
  const sumHigh = hash[3]! >>> 0
  let lo = hash[0]! >>> 0
  let hi = hash[1]! >>> 0
  let r = remainderLarge(lo, hi, n)
  const s = remainderLarge(sumLow, sumHigh, n)
  let clear = 0
  for (let i = 0; ; ) {
    const at = base + Math.floor(r / 8)
    const byte = u8[at]!
    const bit = 1 << (r % 8)
    clear |= ~byte & bit
    u8[at] = byte | bit
    if (++i >= k) return clear !== 0
    lo += sumLow
    hi += sumHigh
    r += s
    if (lo >= TWO_32) {
      lo -= TWO_32
      hi++
    }
    if (hi >= TWO_32) {
      hi -= TWO_32
      r -= wrap
    }
    if (r >= n) r -= n
    else if (r < 0) r += n
  }
}

/** Tell which bits an item stands for, as setBits would set them: for whoever must know before. */
export function eachBit(n: number, wrap: number, k: number, hash: Int32Array, visit: (bit: number) => void): void {
  const sumLow = hash[2]! >>> 0
  const sumHigh = hash[3]! >>> 0
  let lo = hash[0]! >>> 0
  let hi = hash[1]! >>> 0
  let r = remainderLarge(lo, hi, n)
  const s = remainderLarge(sumLow, sumHigh, n)
  for (let i = 0; ; ) {
    visit(r)
    if (++i >= k) return
    lo += sumLow
    hi += sumHigh
    r += s
    if (lo >= TWO_32) {
      lo -= TWO_32
      hi++
    }
    if (hi >= TWO_32) {
      hi -= TWO_32
      r -= wrap
    }
    if (r >= n) r -= n
    else if (r < 0) r += n
  }
}

/** The same for the 32-bit hashes of old dumps. */
export function eachBit32(n: number, k: number, hash: Int32Array, visit: (bit: number) => void): void {
  for (let i = 0, x = hash[0]!; i < k; i++, x += hash[2]!) visit((x >>> 0) % n)
}

/** testBits for the 32-bit hashes of old dumps, which lie in hash[0] and hash[2]. */
export function testBits32(u8: Uint8Array, base: number, n: number, k: number, hash: Int32Array): boolean {
  for (let i = 0, x = hash[0]!; i < k; i++, x += hash[2]!) {
    const r = (x >>> 0) % n
    if ((u8[base + Math.floor(r / 8)]! & (1 << (r % 8))) === 0) return false
  }
  return true
}

/** setBits for the 32-bit hashes of old dumps. */
export function setBits32(u8: Uint8Array, base: number, n: number, k: number, hash: Int32Array): boolean {
  let clear = 0
  for (let i = 0, x = hash[0]!; i < k; i++, x += hash[2]!) {
    const r = (x >>> 0) % n
    const at = base + Math.floor(r / 8)
    const bit = 1 << (r % 8)
    clear |= ~u8[at]! & bit
    u8[at]! |= bit
  }
  return clear !== 0
}
