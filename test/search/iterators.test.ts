import { describe, expect, it } from 'vitest'
import { above, ColumnRange } from '../../modules/search/iterators/column-range.ts'
import { FirstOf } from '../../modules/search/iterators/first-of.ts'
import { Intersection } from '../../modules/search/iterators/intersection.ts'
import { Batch, type DocumentIterator, END, type MatchedTerm, RANK } from '../../modules/search/iterators/iterator.ts'
import { AllDocuments, DocumentBits, DocumentList, Nothing } from '../../modules/search/iterators/leaf.ts'
import { Not, Optional } from '../../modules/search/iterators/not.ts'
import { TermIterator } from '../../modules/search/iterators/term.ts'
import { unionOf } from '../../modules/search/iterators/union.ts'
import { TestIndex } from './support/index.ts'
import { ROUNDS, seeded } from './support/random.ts'

type Doc = { a: string; b: string; tag: string[]; n: number }

const watch = { tick() {} }
const ranking = { mode: RANK.tfidf, k: 0, length: 0, average: 0 }

/** An index of random documents, some of them dead, and what is in each by its number. */
class Fixture {
  readonly test = new TestIndex([
    { name: 'a', kind: 'text', noStem: true },
    { name: 'b', kind: 'text', noStem: true },
    { name: 'tag', kind: 'tag' },
    { name: 'n', kind: 'numeric', sortable: true },
  ])
  readonly living = new Map<number, Doc>()
  readonly all = new Map<number, Doc>()

  constructor(seed: number, count: number) {
    const random = seeded(seed)
    const words = () =>
      Array.from({ length: 1 + random.below(5) }, () => 'w' + Math.floor(30 * random.next() ** 2)).join(' ')
    for (let i = 0; i < count; i++) {
      const key = 'd' + random.below(Math.floor(count * 0.8))
      const doc: Doc = { a: words(), b: words(), tag: ['t' + random.below(5)], n: random.below(100) }
      this.test.put(key, doc)
      for (const [number] of this.living) if (this.test.key(number) === '') this.living.delete(number)
      const number = this.test.index.documents.last
      this.living.set(number, doc)
      this.all.set(number, doc)
    }
  }

  term(word: string, allowed: Uint8Array | null = null): DocumentIterator {
    const { terms, documents } = this.test.index
    const text = Buffer.from(word)
    const record = terms.find(text, 0, text.length)
    return record === 0 ? new Nothing() : new TermIterator(terms.postings, record, text, allowed, 1, documents.count)
  }

  /** Documents, dead ones too where postings may have them, for which something holds. */
  matching(among: Map<number, Doc>, holds: (doc: Doc) => boolean): number[] {
    return [...among].filter(([, doc]) => holds(doc)).map(([number]) => number)
  }
}

const has = (doc: Doc, word: string) => `${doc.a} ${doc.b}`.split(' ').includes(word)

/** Each engine: how it is made, and what it must give. */
const ENGINES: readonly [name: string, make: (f: Fixture) => { iterator: DocumentIterator; wanted: number[] }][] = [
  ['nothing', () => ({ iterator: new Nothing(), wanted: [] })],
  ['all documents', f => ({ iterator: new AllDocuments(f.test.index.documents, 1), wanted: [...f.living.keys()] })],
  [
    'a list',
    f => {
      const wanted = f.matching(f.all, doc => doc.n < 40)
      return { iterator: new DocumentList(Int32Array.from(wanted), wanted.length, 1), wanted }
    },
  ],
  [
    'bits',
    f => {
      const wanted = f.matching(f.all, doc => doc.n < 40)
      const words = new Int32Array(f.test.index.documents.last / 32 + 1)
      for (const document of wanted) words[document >>> 5]! |= 1 << (document & 31)
      return { iterator: new DocumentBits(words, 0, wanted.length, 1), wanted }
    },
  ],
  [
    'a column range',
    f => {
      const { column } = f.test.index.fields[3]!.numbers!
      const iterator = new ColumnRange(column, above(20), 60, f.test.index.documents.last, 100, 1, watch)
      return { iterator, wanted: f.matching(f.living, doc => doc.n > 20 && doc.n <= 60) }
    },
  ],
  ['a common word', f => ({ iterator: f.term('w0'), wanted: f.matching(f.all, doc => has(doc, 'w0')) })],
  ['a rare word', f => ({ iterator: f.term('w29'), wanted: f.matching(f.all, doc => has(doc, 'w29')) })],
  [
    'a word in one field',
    f => ({
      iterator: f.term('w1', f.test.index.fieldSets.allowed(2n)),
      wanted: f.matching(f.all, doc => doc.b.split(' ').includes('w1')),
    }),
  ],
  [
    'a tag',
    f => {
      const { values } = f.test.index.fields[2]!.tags!
      const text = Buffer.from('t2')
      const record = values.find(text, 0, 2)
      const iterator = new TermIterator(values.postings, record, text, null, 1, f.test.index.documents.count)
      return { iterator, wanted: f.matching(f.all, doc => doc.tag.includes('t2')) }
    },
  ],
  ...[true, false].map((isRanked): (typeof ENGINES)[number] => [
    `the first of many words, ${isRanked ? 'ranked' : 'counted'}`,
    f => {
      const { terms, documents, fieldSets } = f.test.index
      const words = ['w2', 'w20', 'w21', 'w22', 'w5']
      const records = words.map(word => terms.find(Buffer.from(word), 0, word.length)).filter(record => record !== 0)
      const allowed = isRanked ? null : fieldSets.allowed(1n)
      const textOf = () => Buffer.from('')
      const iterator = new FirstOf(
        terms.postings,
        records,
        textOf,
        allowed,
        1,
        documents.count,
        documents.last,
        isRanked,
        watch,
      )
      const wanted = f.matching(f.all, doc =>
        words.some(word => (isRanked ? has(doc, word) : doc.a.split(' ').includes(word))),
      )
      return { iterator, wanted }
    },
  ]),
  ...[3, 25].map((parts): (typeof ENGINES)[number] => [
    `a union of ${parts}`,
    f => {
      const words = Array.from({ length: parts }, (_, i) => 'w' + (5 + i))
      const iterator = unionOf(
        words.map(word => f.term(word)),
        1,
      )
      return { iterator, wanted: f.matching(f.all, doc => words.some(word => has(doc, word))) }
    },
  ]),
  [
    'an intersection',
    f => ({
      iterator: new Intersection(
        ['w3', 'w0', 'w1'].map(word => f.term(word)),
        1,
        null,
        watch,
      ),
      wanted: f.matching(f.all, doc => ['w0', 'w1', 'w3'].every(word => has(doc, word))),
    }),
  ],
  [
    'a phrase',
    f => ({
      iterator: new Intersection([f.term('w1'), f.term('w0')], 1, { slop: 0, inOrder: true }, watch),
      wanted: f.matching(f.all, doc => ` ${doc.a} ${doc.b} `.includes(' w1 w0 ')),
    }),
  ],
  [
    'an intersection of unions',
    f => ({
      iterator: new Intersection(
        [unionOf([f.term('w0'), f.term('w9')], 1), unionOf([f.term('w1'), f.term('w4')], 1)],
        1,
        null,
        watch,
      ),
      wanted: f.matching(f.all, doc => (has(doc, 'w0') || has(doc, 'w9')) && (has(doc, 'w1') || has(doc, 'w4'))),
    }),
  ],
  [
    'a negation',
    f => ({
      iterator: new Not(f.test.index.documents, f.term('w0'), watch),
      wanted: f.matching(f.living, doc => !has(doc, 'w0')),
    }),
  ],
  [
    'an option',
    f => ({
      iterator: new Optional(f.test.index.documents, f.term('w0'), 1),
      wanted: [...f.living.keys()],
    }),
  ],
]

describe.each(ENGINES)('%s', (_, make) => {
  const fixtures = [
    new Fixture(1, 60),
    new Fixture(2, 900),
    ...Array.from({ length: ROUNDS - 1 }, (_, i) => new Fixture(i + 3, 4000)),
  ]

  it('names its documents in order, again after a rewind', () => {
    for (const fixture of fixtures) {
      const { iterator, wanted } = make(fixture)
      for (let round = 0; round < 2; round++) {
        expect(iterator.document).toBe(0)
        const seen: number[] = []
        for (let d = iterator.next(); d !== END; d = iterator.next()) {
          if (iterator.document !== d || !(iterator.score(ranking) >= 0)) seen.push(-1)
          seen.push(d)
        }
        expect(seen).toEqual(wanted)
        expect(iterator.next()).toBe(END)
        expect(iterator.skipTo(1)).toBe(END)
        iterator.rewind()
      }
    }
  })

  it('skips to documents and goes on from there', () => {
    for (const fixture of fixtures) {
      const { iterator, wanted } = make(fixture)
      const random = seeded(5)
      const wrong: string[] = []
      for (let round = 0; round < 20; round++) {
        iterator.rewind()
        while (iterator.document !== END) {
          const before = iterator.document
          const bySkip = random.next() < 0.6
          const target = bySkip ? before + random.below(random.pick([2, 10, 300])) : before + 1
          const reached = bySkip ? iterator.skipTo(target) : iterator.next()
          const expected = bySkip && target <= before ? before : (wanted.find(d => d >= target) ?? END)
          if (reached !== expected) wrong.push(`${before} to ${target}: ${reached} instead of ${expected}`)
        }
      }
      expect(wrong).toEqual([])
    }
  })

  it('tells batches as it tells documents, from anywhere', () => {
    for (const fixture of fixtures) {
      const { iterator, wanted } = make(fixture)
      if (!iterator.isSingle) continue
      const one = make(fixture).iterator
      const batch = new Batch()
      for (const start of [0, wanted[Math.floor(wanted.length / 2)] ?? 0]) {
        iterator.rewind()
        one.rewind()
        if (start > 0) for (const each of [iterator, one]) each.skipTo(start)
        const seen: [number, number][] = []
        for (iterator.nextBatch(batch, ranking); batch.count > 0; iterator.nextBatch(batch, ranking))
          for (let i = 0; i < batch.count; i++) seen.push([batch.documents[i]!, batch.scores[i]!])
        const each: [number, number][] = []
        for (let d = one.next(); d !== END; d = one.next()) each.push([d, one.score(ranking)])
        expect(seen).toEqual(each)
        expect(iterator.document).toBe(END)
      }
    }
  })

  it('estimates no fewer than it has', () => {
    for (const fixture of fixtures) {
      const { iterator, wanted } = make(fixture)
      const lives = wanted.filter(d => fixture.living.has(d)).length
      expect(iterator.estimate).toBeGreaterThanOrEqual(Math.min(lives, iterator instanceof ColumnRange ? 100 : lives))
    }
  })
})

it('a union of many parts tells of each document what its parts do', () => {
  for (let seed = 1; seed <= 3 * ROUNDS; seed++) {
    const f = new Fixture(seed, 300)
    const words = Array.from({ length: 25 }, (_, i) => `w${i}`)
    const union = unionOf(
      words.map(word => f.term(word)),
      2,
    )
    let from = 1
    for (
      let document = union.next();
      document !== END;
      document = from % 3 === 0 ? union.skipTo(document + from) : union.next()
    ) {
      from++
      const parts = words.map(word => f.term(word)).filter(part => part.skipTo(document) === document)
      const terms: MatchedTerm[] = []
      union.addTerms(terms)
      const wanted: MatchedTerm[] = []
      for (const part of parts) part.addTerms(wanted)
      expect(terms).toEqual(wanted)
      const pair = unionOf(parts, 2)
      pair.next()
      expect([union.score(ranking), union.distance()]).toEqual([pair.score(ranking), pair.distance()])
      expect(union.explain(ranking)).toEqual(pair.explain(ranking))
    }
  }
})

describe('the first of many words', () => {
  it('is found behind windows without any', () => {
    const { index } = new TestIndex([{ name: 'a', kind: 'text' }])
    const { postings } = index.terms
    const records = ['x', 'y'].map(word => index.terms.intern(Buffer.from(word), 0, 1))
    for (const document of [10, 100_001, 300_007])
      for (const record of records) postings.append(record, document, 1, 0, new Int32Array(0), 0, 0, 1)
    const iterator = new FirstOf(postings, records, () => Buffer.from(''), null, 1, 3, 300_007, true, watch)
    expect([iterator.next(), iterator.skipTo(20_000), iterator.next(), iterator.next()]).toEqual([
      10,
      100_001,
      300_007,
      END,
    ])
  })
})
