/* HalfSipHash-1-3 -- a keyed hash of 32 bits for hash tables whose keys come from strangers.
 *
 * Murmur and its kin can be made to collide at will, whatever their seed, so one client could turn every lookup into a
 * walk. HalfSipHash takes a secret 64-bit key; without it nobody can tell which keys meet. One round a word and three
 * at the end is the variant meant for tables (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF",
 * 2012, and the HalfSipHash reference by the same authors). */

/** The secret key: two 32-bit words. */
export interface HashKey {
  readonly k0: number
  readonly k1: number
}

/**
 * Hash of the bytes `buf[start..end)` under a key, as a signed 32-bit integer.
 * The rounds are written out, because calling a function per round costs more than the round.
 */
export function sipHash(buf: Buffer, start: number, end: number, k0: number, k1: number): number {
  let v0 = k0
  let v1 = k1
  let v2 = k0 ^ 0x6c796765
  let v3 = k1 ^ 0x74656462
  const length = end - start
  const whole = start + (length & ~3)
  let at = start
  let word: number
  for (let last = false; ; ) {
    if (at < whole) {
      word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)
      at += 4
    } else {
      last = true
      word = length << 24
      const rest = end - whole
      if (rest > 2) word |= buf[whole + 2]! << 16
      if (rest > 1) word |= buf[whole + 1]! << 8
      if (rest > 0) word |= buf[whole]!
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
    if (last) break
  }
  v2 ^= 0xff
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return v1 ^ v3
}
