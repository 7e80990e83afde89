import { Random } from '../support/random.ts'

/** A time and a value. */
export type Sample = [time: number, value: number]

/** The usual count, or the larger one when long tests are asked for. */
export function scale(usual: number, long: number): number {
  return process.env['REDSTRATA_TEST'] === 'long' ? long : usual
}

/** Uniform numbers from 0 to below 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  const random = new Random(seed)
  return () => random.unit()
}
