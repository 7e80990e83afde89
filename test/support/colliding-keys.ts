/* Colliding keys -- 16,384 of them that have the same MurmurHash64A under every seed.
 *
 * The hash takes a key in blocks of eight bytes: each block is mixed, xored into the state, and the state is multiplied
 * by an odd number. A difference in the top bit alone survives that multiplication as it is, so a second difference in
 * the top bit, one block later, cancels it. Undoing the mixing gives two blocks that come out as 0 and as the top bit;
 * a key made of pairs, each the one or the other twice, is one of 2^14 with the same hash:
 *
 *      state   h      h ^ top    (h ^ top) * m = h*m ^ top     ^ top again = h*m
 *
 * Source: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012). */

const MULTIPLIER = 0xc6a4a7935bd1e995n
const SHIFT = 47n
const WORD = (1n << 64n) - 1n

/** The block that the hash's mixing turns into `mixed`. */
function unmix(mixed: bigint): bigint {
  const inverse = inverseOf(MULTIPLIER)
  const shifted = (mixed * inverse) & WORD
  return ((shifted ^ (shifted >> SHIFT)) * inverse) & WORD
}

/** The inverse modulo 2^64, by Newton's iteration. */
function inverseOf(odd: bigint): bigint {
  let x = odd
  for (let i = 0; i < 6; i++) x = (x * (2n - odd * x)) & WORD
  return x
}

const PAIRS = 14

/** 2^14 keys with one Murmur hash, as text of one character a byte. */
export function collidingKeys(): string[] {
  const block = Buffer.alloc(8)
  const pairs = [0n, 1n << 63n].map(mixed => {
    block.writeBigUInt64LE(unmix(mixed))
    return block.latin1Slice().repeat(2)
  })
  return Array.from({ length: 1 << PAIRS }, (_, n) => {
    let key = ''
    for (let bit = 0; bit < PAIRS; bit++) key += pairs[(n >> bit) & 1]
    return key
  })
}
