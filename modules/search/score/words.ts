/* Scores in words -- what EXPLAINSCORE shows for parts of a query, in the real module's form. */

import type { Explanation, Ranking } from '../iterators/iterator.ts'
import { RANK } from '../iterators/iterator.ts'

/** Two decimals, as C prints a double. */
export function two(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan'
}

/** A word's part of a score. */
export function explainTerm(
  ranking: Ranking,
  text: string,
  value: number,
  weight: number,
  freq: number,
  idf: number,
): Explanation {
  return { text: termLine(ranking, text, value, weight, freq, idf), children: [] }
}

function termLine(ranking: Ranking, text: string, value: number, weight: number, freq: number, idf: number): string {
  switch (ranking.mode) {
    case RANK.tfidf:
      return `(TFIDF ${two(value)} = Weight ${two(weight)} * TF ${freq} * IDF ${two(idf)})`
    case RANK.bm25:
      return `(${two(value)} = Weight ${two(weight)} * IDF ${two(idf)} * F ${freq} / (F ${freq} + k1 1.2 * (1 - b 0.5 + b 0.5 * Average Len ${two(ranking.average)})))`
    case RANK.bm25std:
      return `${text}: (${two(value)} = Weight ${two(weight)} * IDF ${two(idf)} * (F ${two(freq)} * (k1 1.2 + 1)) / (F ${two(freq)} + k1 1.2 * (1 - b 0.5 + b 0.5 * Doc Len ${ranking.length} / Average Doc Len ${two(ranking.average)})))`
    case RANK.dismax:
      return `DISMAX ${two(value)} = Weight ${two(weight)} * Frequency ${freq}`
  }
  return ''
}

/** The part of something without words: a range, a wildcard. */
export function explainVirtual(ranking: Ranking, value: number, weight: number, freq: number): Explanation {
  const line = () => {
    switch (ranking.mode) {
      case RANK.tfidf:
        return `(TFIDF ${two(value)} = Weight ${two(weight)} * Frequency ${freq})`
      case RANK.bm25:
      case RANK.bm25std:
        return freq === 0 ? 'Frequency 0 -> value 0' : `(${two(value)} = Weight ${two(weight)} * F ${freq})`
      case RANK.dismax:
        return `DISMAX ${two(value)} = Weight ${two(weight)} * Frequency ${freq}`
    }
    return ''
  }
  return { text: line(), children: [] }
}

/** The part of several that matched together. */
export function explainAggregate(
  ranking: Ranking,
  weight: number,
  sum: number,
  children: readonly Explanation[],
): Explanation {
  const line = () => {
    switch (ranking.mode) {
      case RANK.tfidf:
        return `(Weight ${two(weight)} * total children TFIDF ${two(sum)})`
      case RANK.bm25:
      case RANK.bm25std:
        return `(Weight ${two(weight)} * children BM25 ${two(sum)})`
      case RANK.dismax:
        return `${two(weight * sum)} = Weight ${two(weight)} * children DISMAX ${two(sum)}`
    }
    return ''
  }
  return { text: line(), children }
}
