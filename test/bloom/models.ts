/* Models -- the hashes and filters once more, as plainly as big integers and sets allow, for the real ones to agree with. */

const MASK = (1n << 64n) - 1n
const M = 0xc6a4a7935bd1e995n

/** A 64-bit number of two halves, unsigned. */
export function bits64(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

export function murmur64Model(bytes: Buffer, seed: bigint): bigint {
  const mix = (k: bigint) => {
    const product = (k * M) & MASK
    return ((product ^ (product >> 47n)) * M) & MASK
  }
  let h = seed ^ ((BigInt(bytes.length) * M) & MASK)
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) h = ((h ^ mix(bytes.readBigUInt64LE(at))) * M) & MASK
  if (at < bytes.length) {
    const rest = Buffer.alloc(8)
    bytes.copy(rest, 0, at)
    h = ((h ^ rest.readBigUInt64LE()) * M) & MASK
  }
  h = ((h ^ (h >> 47n)) * M) & MASK
  return h ^ (h >> 47n)
}

export function murmur2Model(bytes: Buffer, seed: number): number {
  const m = 0x5bd1e995n
  const mask = 0xffffffffn
  let h = BigInt(seed >>> 0) ^ BigInt(bytes.length)
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    let k = (BigInt(bytes.readUInt32LE(at)) * m) & mask
    k = ((k ^ (k >> 24n)) * m) & mask
    h = ((h * m) & mask) ^ k
  }
  if (at < bytes.length) {
    const rest = Buffer.alloc(4)
    bytes.copy(rest, 0, at)
    h = ((h ^ BigInt(rest.readUInt32LE())) * m) & mask
  }
  h = ((h ^ (h >> 13n)) * m) & mask
  return Number(h ^ (h >> 15n))
}

/** The bits of an item in a Bloom filter of n bits and k hashes of 64 bits. */
export function bloomBits(a: bigint, b: bigint, k: number, n: bigint): number[] {
  return Array.from({ length: k }, (_, i) => Number(((a + BigInt(i) * b) & MASK) % n))
}

/** Hashes a and b of an item. */
export function bloomHashes(item: Buffer): [bigint, bigint] {
  const a = murmur64Model(item, M)
  return [a, murmur64Model(item, a)]
}
