import { describe, expect, it } from 'vitest'
import { type DocumentIterator, END } from '../../modules/search/iterators/iterator.ts'
import { Intersection } from '../../modules/search/iterators/intersection.ts'
import { TermIterator } from '../../modules/search/iterators/term.ts'
import { PlainRun, RankedRun } from '../../modules/search/plan/collect.ts'
import { Scorer, type ScorerName } from '../../modules/search/score/scorer.ts'
import { Top } from '../../modules/search/score/top.ts'
import { TestIndex } from './support/index.ts'
import { ROUNDS, seeded } from './support/random.ts'

/* Words of very different frequency: some in every second document, some in one of a thousand, so that blocks overlap in
 * every way and stretches are dense and wide. */

const WORDS: readonly (readonly [word: string, share: number])[] = [
  ['often', 0.5],
  ['also', 0.3],
  ['some', 0.08],
  ['few', 0.01],
  ['rare', 0.002],
  ['late', 0],
]
const DOCUMENTS = ROUNDS > 1 ? 60_000 : 12_000

function filled(withDead: boolean): TestIndex {
  const random = seeded(withDead ? 3 : 4)
  const test = new TestIndex([
    { name: 'a', kind: 'text', noStem: true, weight: 3 },
    { name: 'b', kind: 'text', noStem: true },
  ])
  for (let i = 0; i < DOCUMENTS; i++) {
    const words = (): string => {
      const list = WORDS.filter(([word, share]) => random.next() < (word === 'late' && i > DOCUMENTS / 2 ? 0.9 : share))
      const texts = list.map(([word]) => (random.next() < 0.2 ? `${word} filler ${word}` : word))
      return texts.sort(() => random.next() - 0.5).join(' ')
    }
    test.put('d' + i, { a: random.next() < 0.3 ? words() : 'x', b: words() })
  }
  if (withDead) for (let i = 0; i < DOCUMENTS / 20; i++) test.remove('d' + random.below(DOCUMENTS))
  return test
}

const QUERIES: readonly (readonly string[])[] = [
  ['often', 'also'],
  ['some', 'often'],
  ['rare', 'often'],
  ['few', 'rare'],
  ['late', 'also'],
  ['often', 'also', 'some'],
  ['late', 'some', 'often', 'also'],
  ['also', 'also'],
]

describe.each([false, true])('words of which all must be there (some documents are dead: %s)', withDead => {
  const test = filled(withDead)
  const { documents, terms, fieldSets } = test.index

  const join = (words: readonly string[], inB: boolean, watch = { tick() {} }): DocumentIterator => {
    const parts = words.map((word, i) => {
      const text = Buffer.from(word)
      const record = terms.find(text, 0, text.length)
      const allowed = inB ? fieldSets.allowed(2n) : null
      return new TermIterator(terms.postings, record, text, allowed, 1 + i / 4, documents.count)
    })
    return new Intersection(parts, 2, null, watch)
  }

  /** One document after the other. */
  const scanned = (words: readonly string[], inB: boolean, name: ScorerName): [number, number][] => {
    const root = join(words, inB)
    const scorer = new Scorer(name, documents, Buffer.from(''))
    const found: [score: number, document: number][] = []
    while (root.next() !== END)
      if (documents.lives(root.document)) found.push([scorer.score(root, -Infinity), root.document])
    return found
  }

  it('are found and ranked in stretches as they are one by one', () => {
    for (const words of QUERIES)
      for (const inB of [false, true])
        for (const name of ['TFIDF', 'BM25STD'] as const) {
          const wanted = scanned(words, inB, name).sort((a, b) => b[0] - a[0] || a[1] - b[1])
          const top = new Top(10)
          const run = new RankedRun(
            join(words, inB),
            documents,
            { tick() {} },
            new Scorer(name, documents, Buffer.from('')),
            top,
          )
          run.run()
          const best = wanted.slice(0, 10)
          expect({ words, inB, name, total: run.total }).toEqual({ words, inB, name, total: wanted.length })
          expect(top.take(0)).toEqual({ documents: best.map(([, d]) => d), keys: best.map(([score]) => score) })
        }
  })

  it('are told in batches, and go on behind a pause', () => {
    for (const words of QUERIES)
      for (const inB of [false, true])
        for (const ticks of [1, 5, 7]) {
          const wanted = scanned(words, inB, 'DOCSCORE').map(([, document]) => document)
          let left = ticks
          const watch = {
            tick() {
              if (--left >= 0) return
              // After a pause in which the index changed, places are looked up anew.
              documents.changes += ticks & 2
              throw 'pause'
            },
          }
          const found: number[] = []
          const run = new PlainRun(join(words, inB, watch), documents, watch, { take: d => found.push(d) })
          for (let slices = 0; ; slices++) {
            left = ticks
            try {
              run.run()
              break
            } catch (thrown) {
              if (thrown !== 'pause' || slices > 1e5) throw thrown
            }
          }
          expect({ words, found }).toEqual({ words, found: wanted })
        }
  })
})

describe('arrays that are given back', () => {
  it('serve the next query', () => {
    const { terms } = filled(false).index
    const find = (word: string) => {
      const text = Buffer.from(word)
      return new TermIterator(terms.postings, terms.find(text, 0, text.length), text, null, 1, 1)
    }
    const first = find('often')
    first.next()
    const block = first.rowsAhead
    first.release()
    first.release()
    expect([first.next(), first.skipTo(5)]).toEqual([END, END])
    const second = find('also')
    expect(second.rowsAhead).toBe(block)
    expect(find('also').rowsAhead).not.toBe(block)
    expect(second.next()).toBeGreaterThan(0)
    expect(terms.postings.spareBlocks.take()).not.toBe(block)
  })
})
