/* Scorers -- a document's score out of what its words add up to (iterators), its own score, its length and its payload.
 *
 *      TFIDF           score * words / greatest frequency / distance        words: weight * frequency * idf
 *      TFIDF.DOCNORM   score * words / length / distance
 *      BM25            score * words / distance                             words: idf * f / (f + 1.2 (½ + ½ average length))
 *      BM25STD         score * words                                        words: weight * idf * 2.2 f / (f + 1.2 (½ + ½ length / average))
 *      BM25STD.TANH    tanh(BM25STD / 4)
 *      DISMAX          words                                                words: weight * frequency, of a union the best
 *      DOCSCORE        score
 *      HAMMING         1 / (1 + differing bits of the two payloads)
 *
 * Parameters of BM25 are single precision in the real module's older formula, and kept so. */

import { Range } from 'redstrata/module'
import type { Documents } from '../index/documents.ts'
import { type DocumentIterator, type Explanation, RANK, type Ranking } from '../iterators/iterator.ts'
import { two } from './words.ts'

/** The names that SCORER takes. */
export const SCORERS = [
  'TFIDF',
  'TFIDF.DOCNORM',
  'BM25',
  'BM25STD',
  'BM25STD.TANH',
  'DISMAX',
  'DOCSCORE',
  'HAMMING',
] as const
export type ScorerName = (typeof SCORERS)[number]

const K1 = Math.fround(1.2)
const HALF = 0.5
/** What BM25STD.TANH divides by. */
const TANH_FACTOR = 4

const MODES: Readonly<Record<ScorerName, number>> = {
  TFIDF: RANK.tfidf,
  'TFIDF.DOCNORM': RANK.tfidf,
  BM25: RANK.bm25,
  BM25STD: RANK.bm25std,
  'BM25STD.TANH': RANK.bm25std,
  DISMAX: RANK.dismax,
  DOCSCORE: RANK.none,
  HAMMING: RANK.none,
}

/** Scores the documents of one query. */
export class Scorer {
  readonly name: ScorerName
  readonly ranking: Ranking
  readonly #documents: Documents
  readonly #payload: Buffer
  readonly #average: number
  readonly #range = new Range()

  /** @param payload what HAMMING compares with. */
  constructor(name: ScorerName, documents: Documents, payload: Buffer) {
    this.name = name
    this.#documents = documents
    this.#payload = payload
    this.#average = documents.count === 0 ? 0 : documents.totalLength / documents.count
    this.ranking = {
      mode: MODES[name],
      k: K1 * (1 - HALF + HALF * this.#average),
      length: 0,
      average: this.#average,
    }
  }

  /** The score of the document that `root` stands on. Below `least` it may be 0 instead. */
  score(root: DocumentIterator, least: number): number {
    const document = root.document
    const own = this.#documents.score(document)
    switch (this.name) {
      case 'TFIDF':
      case 'TFIDF.DOCNORM': {
        if (own === 0) return 0
        const score = (own * root.score(this.ranking)) / this.#norm(document)
        return score < least ? 0 : score / root.distance()
      }
      case 'BM25': {
        const score = own * root.score(this.ranking)
        return score < least ? 0 : score / root.distance()
      }
      case 'BM25STD':
        this.#setLength(document)
        return own * root.score(this.ranking)
      case 'BM25STD.TANH':
        this.#setLength(document)
        return Math.tanh((own * root.score(this.ranking)) / TANH_FACTOR)
      case 'DISMAX':
        return root.score(this.ranking)
      case 'DOCSCORE':
        return own
      case 'HAMMING':
        return this.#hamming(document)
    }
  }

  #norm(document: number): number {
    if (this.name === 'TFIDF') return this.#documents.norm(document)
    return this.#documents.lengthOf(document) || 1
  }

  #setLength(document: number): void {
    const length = this.#documents.lengthOf(document)
    const share = this.#average === 0 ? 0 : length / this.#average
    this.ranking.length = length
    this.ranking.k = 1.2 * (1 - HALF + HALF * share)
  }

  #hamming(document: number): number {
    const range = this.#range
    const payload = this.#payload
    if (!this.#documents.payload(document, range)) return 0
    if (range.length === 0 || range.length !== payload.length) return 0
    let bits = 0
    for (let i = 0; i < payload.length; i++) {
      let differing = payload[i]! ^ range.buf[range.start + i]!
      for (; differing !== 0; differing &= differing - 1) bits++
    }
    return 1 / (bits + 1)
  }

  /** The score of the document that `root` stands on, in words. */
  explain(root: DocumentIterator): Explanation {
    const document = root.document
    const own = this.#documents.score(document)
    if (this.name === 'DOCSCORE') return { text: `Document's score is ${two(own)}`, children: [] }
    if (this.name === 'HAMMING') return { text: this.#explainHamming(document), children: [] }
    const isStandard = this.name.startsWith('BM25STD')
    if (isStandard) this.#setLength(document)
    if (this.name.startsWith('TFIDF') && own === 0) return { text: 'Document score is 0', children: [] }
    const words = root.explain(this.ranking)
    if (this.name === 'DISMAX') return words
    const sum = two(root.score(this.ranking))
    const norm = this.name === 'BM25' || isStandard ? '' : ` / norm ${this.#norm(document)}`
    const kind = this.name.startsWith('TFIDF') ? 'TFIDF' : 'BM25'
    const slop = isStandard ? '' : ` / slop ${root.distance()}`
    const whole = {
      text: `Final ${kind} : words ${kind} ${sum} * document score ${two(own)}${norm}${slop}`,
      children: [words],
    }
    if (this.name !== 'BM25STD.TANH') return whole
    const score = two(own * root.score(this.ranking))
    const text = `Final Normalized BM25 : tanh(stretch factor 1/${TANH_FACTOR} * Final BM25 ${score})`
    return { text, children: [whole] }
  }

  #explainHamming(document: number): string {
    const result = this.#hamming(document)
    if (result === 0) return 'Payloads provided to scorer vary in length'
    const length = this.#payload.length
    return `String length is ${length}. Bit count is ${1 / result - 1}. Result is (1 / count + 1) = ${two(result)}`
  }
}
