/* Fusion -- two rankings of documents made into one: what matches words, and what is near to a vector.
 *
 *      text     d4  d1  d7            RRF       d1: 1/(60+2) + 1/(60+1)     counts places only
 *      vector   d1  d9  d4            LINEAR    d1: 0.3 * 2.1 + 0.7 * 0.9   counts the scores themselves
 *
 * Only the first `window` of each are looked at; a document that is in one only gets that one's share. Reciprocal rank
 * fusion is from Cormack, Clarke and Buettcher (2009). Distances become scores between 0 and 1 first, 1 being nearest. */

import type { Metric } from '../vector/kernel.ts'

/** How rankings are combined. */
export type Fusion =
  | { readonly kind: 'rrf'; readonly constant: number }
  | { readonly kind: 'linear'; readonly alpha: number; readonly beta: number }

/** Documents, best first, with their scores. */
export interface Ranked {
  readonly documents: readonly number[]
  readonly scores: readonly number[]
}

/** What fusion knows of a document; NaN where it was not found. */
export interface Fused {
  text: number
  vector: number
  score: number
}

/** The score of a distance. L2 is squared and without an end; the others lie between 0 and 2. */
export function similarity(metric: Metric, distance: number): number {
  return metric === 'L2' ? 1 / (1 + distance) : 1 - distance / 2
}

/** All documents of both rankings. */
export function fuse(text: Ranked, vector: Ranked, by: Fusion): Map<number, Fused> {
  const fused = new Map<number, Fused>()
  const add = (ranked: Ranked, which: 'text' | 'vector', weight: number): void => {
    for (const [i, document] of ranked.documents.entries()) {
      let entry = fused.get(document)
      if (entry === undefined) {
        entry = { text: Number.NaN, vector: Number.NaN, score: 0 }
        fused.set(document, entry)
      }
      entry[which] = ranked.scores[i]!
      entry.score += by.kind === 'rrf' ? 1 / (by.constant + i + 1) : weight * ranked.scores[i]!
    }
  }
  add(text, 'text', by.kind === 'linear' ? by.alpha : 1)
  add(vector, 'vector', by.kind === 'linear' ? by.beta : 1)
  return fused
}
