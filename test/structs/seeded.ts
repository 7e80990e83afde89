/* Chance that can be repeated, and the sizes of the tests of this folder. */

/** Numbers in [0, 1) that depend on the seed alone. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** An integer in [0, below). */
export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit)
}

/** Bytes of a length in [0, longest], short ones more often, from a small alphabet so that prefixes and doubles happen. */
export function someBytes(random: () => number, longest: number): Buffer {
  const length = below(random, random() < 0.7 ? Math.min(longest, 6) + 1 : longest + 1)
  const bytes = Buffer.alloc(length)
  if (length > 100) bytes.fill(below(random, 256))
  for (let i = 0; i < Math.min(length, 100); i++) bytes[i] = random() < 0.8 ? 97 + below(random, 4) : below(random, 256)
  return bytes
}

const long = process.env['REDSTRATA_TEST'] === 'long'

/** `few` in a normal run, twenty times as many in a long one. */
export function times(few: number): number {
  return long ? few * 20 : few
}
