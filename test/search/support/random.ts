/** A seeded generator: the same numbers on every run. */
export function seeded(seed: number): { next(): number; below(n: number): number; pick<T>(from: readonly T[]): T } {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number) => Math.floor(next() * n)
  return { next, below, pick: from => from[below(from.length)]! }
}

/** How many times a seeded test runs: more when the long tests are asked for. */
export const ROUNDS: number = process.env['REDSTRATA_TEST'] === 'long' ? 50 : 1

/** A key for hash tables in tests. */
export const TEST_KEY: { k0: number; k1: number } = { k0: 0x1234567, k1: 0x89abcdef | 0 }
