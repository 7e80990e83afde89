import { describe, expect, it } from 'vitest'
import { type DocumentIterator, END } from '../../modules/search/iterators/iterator.ts'
import { build, type BuildOptions, builder } from '../../modules/search/plan/build.ts'
import { PlainRun, RankedRun } from '../../modules/search/plan/collect.ts'
import { ALL_FIELDS } from '../../modules/search/query/ast.ts'
import { Scorer, SCORERS } from '../../modules/search/score/scorer.ts'
import { Top } from '../../modules/search/score/top.ts'
import type { TestIndex } from './support/index.ts'
import { matches, type NaiveDocument } from './support/naive.ts'
import { ROUNDS, seeded } from './support/random.ts'
import { newIndex, parse, put, randomDocument, randomQuery } from './support/random-queries.ts'

const watch = { tick() {} }

function options(test: TestIndex, isRanked: boolean): BuildOptions {
  return {
    index: test.index,
    fields: ALL_FIELDS,
    slop: -1,
    inOrder: false,
    isRanked,
    prefixMin: 2,
    expansionsMax: 200,
    watch,
  }
}

/** Documents change, go and come back; then all sorts of queries are asked. */
function checkSeed(seed: number): void {
  const random = seeded(seed)
  const test = newIndex()
  const model = new Map<string, NaiveDocument>()
  for (let step = 0; step < 400; step++) {
    const key = 'd' + random.below(150)
    if (random.next() < 0.15) {
      expect(test.remove(key)).toBe(model.delete(key))
      continue
    }
    // Some changes leave the text alone, and so the document its number.
    const document = randomDocument(random)
    const old = model.get(key)
    const changed = old !== undefined && random.next() < 0.5 ? { ...document, texts: old.texts } : document
    put(test, key, changed)
    model.set(key, changed)
    if (random.next() < 0.02) {
      test.index.beginSweep()
      while (test.index.sweep(3)) {}
    }
  }
  for (let i = 0; i < 100; i++) {
    const query = randomQuery(random, 2)
    checkQuery(test, model, query)
  }
  const held = test.index.sizeBytes
  expect(held).toBeLessThan(3e6)
  test.index.free()
}

function checkQuery(test: TestIndex, model: Map<string, NaiveDocument>, query: string): void {
  const node = parse(query)
  const wanted = [...model].filter(([, document]) => matches(node, document)).map(([key]) => key)
  const found: string[] = []
  const run = new PlainRun(build(parse(query), options(test, false)), test.index.documents, watch, {
    take: document => found.push(test.key(document)),
  })
  run.run()
  expect(found.sort(), query).toEqual(wanted.sort())
  expect(run.total).toBe(wanted.length)
  const scorer = new Scorer('TFIDF', test.index.documents, Buffer.from(''))
  const top = new Top(5)
  const ranked = new RankedRun(build(parse(query), options(test, true)), test.index.documents, watch, scorer, top)
  ranked.run()
  expect({ query, total: ranked.total }).toEqual({ query, total: wanted.length })
}

describe('queries', () => {
  it('find what a scan of all documents finds', () => {
    for (let seed = 1; seed <= 2 * ROUNDS; seed++) checkSeed(seed)
  })

  it('rank as sorting all scores would, with every scorer', () => {
    const random = seeded(77)
    const test = newIndex()
    for (let i = 0; i < 400; i++) put(test, 'd' + random.below(350), randomDocument(random))
    for (const name of SCORERS)
      for (const query of [
        'cat',
        'be*',
        'cat dog',
        'cat | dog | cow',
        '%bat%',
        '@price:[3 20]',
        '-cat',
        'cat ~dog',
        '*',
      ]) {
        const { documents } = test.index
        const scorer = new Scorer(name, documents, Buffer.from(''))
        const all: [number, number][] = []
        const root = query === '*' ? '-nosuchword' : query
        const iterator = build(parse(root), options(test, true))
        while (iterator.next() !== END)
          if (documents.lives(iterator.document)) all.push([scorer.score(iterator, -Infinity), iterator.document])
        all.sort((a, b) => b[0] - a[0] || a[1] - b[1])
        const top = new Top(12)
        new RankedRun(build(parse(root), options(test, true)), documents, watch, scorer, top).run()
        const { documents: best, keys } = top.take(0)
        expect(best).toEqual(all.slice(0, 12).map(([, document]) => document))
        expect(keys.filter((key, i) => Math.abs(key - all[i]![0]) > 1e-9)).toEqual([])
      }
  })

  it('rank many words list by list as they rank them document by document', () => {
    const random = seeded(79)
    const test = newIndex()
    // No document dies here; the long test has more of them than fit into one window.
    const count = ROUNDS > 1 ? 70_000 : 1500
    for (let i = 0; i < count; i++) put(test, 'd' + i, randomDocument(random))
    const { documents } = test.index
    for (const query of ['be*', 'c*', '*at*', '%%bat%%', '@title:c*', "w'?a*'", '(ca*)=>{$weight: 3}']) {
      const scorer = new Scorer('TFIDF', documents, Buffer.from(''))
      const all: [score: number, document: number][] = []
      const iterator = build(parse(query), options(test, true))
      while (iterator.next() !== END) all.push([scorer.score(iterator, -Infinity), iterator.document])
      all.sort((a, b) => b[0] - a[0] || a[1] - b[1])
      for (const keep of [1, 12, 200]) {
        const watch = new Slices(1)
        const top = new Top(keep)
        const root = watch.steady(() => build(parse(query), { ...options(test, true), watch }))
        const run = new RankedRun(root, documents, watch, scorer, top)
        watch.run(run, () => {})
        expect({ query, total: run.total }).toEqual({ query, total: all.length })
        expect(top.take(0).documents).toEqual(all.slice(0, keep).map(([, document]) => document))
      }
    }
  })

  it('go on where they were paused, wherever that was', () => {
    const random = seeded(78)
    const test = newIndex()
    for (let i = 0; i < 600; i++) put(test, 'd' + i, randomDocument(random))
    const queries = ['cat', 'be*', 'cat dog', '-cat -dog', '@price:[3 20]', '(cat | dog) -cow']
    for (let i = 0; i < 40 * ROUNDS; i++) queries.push(randomQuery(random, 2))
    for (const query of queries) {
      const wanted = documentsOf(test, query)
      for (const ticks of [1, 2, 5]) {
        const watch = new Slices(ticks)
        const found: number[] = []
        const { documents } = test.index
        const making = builder(parse(query), { ...options(test, false), watch })
        let root: DocumentIterator | null = null
        watch.run({ run: () => (root = making()) }, () => {})
        const plain = new PlainRun(root!, documents, watch, { take: document => found.push(document) })
        // Documents that come in while a query is paused are not in it.
        watch.run(plain, () => put(test, 'late', randomDocument(random)))
        test.remove('late')
        expect({ query, ticks, total: plain.total, found }).toEqual({
          query,
          ticks,
          total: wanted.length,
          found: wanted,
        })
        const ranked = watch.steady(() => build(parse(query), { ...options(test, true), watch }))
        const top = new Top(wanted.length + 1)
        const run = new RankedRun(ranked, documents, watch, new Scorer('TFIDF', documents, Buffer.from('')), top)
        watch.run(run, () => {})
        expect({ query, found: top.take(0).documents.sort((a, b) => a - b) }).toEqual({ query, found: wanted })
      }
    }
  })
})

const PAUSED = { name: 'paused' }

/** Lets so many ticks pass in a slice, and pauses at the next. */
class Slices {
  readonly #ticks: number
  #left = 0
  #steady = 0

  constructor(ticks: number) {
    this.#ticks = ticks
  }

  readonly tick = (): void => {
    if (--this.#left < 0 && this.#steady === 0) throw PAUSED
  }

  steady<T>(work: () => T): T {
    this.#steady++
    const result = work()
    this.#steady--
    return result
  }

  /** Run to the end in slices. */
  run(run: { run(): void }, between: () => void): void {
    for (let slices = 0; slices < 20_000; slices++) {
      this.#left = this.#ticks
      try {
        run.run()
        return
      } catch (thrown) {
        if (thrown !== PAUSED) throw thrown
        if (slices % 8 === 0) between()
      }
    }
    throw new Error('the query does not end')
  }
}

/** The documents that a query finds in one go. */
function documentsOf(test: TestIndex, query: string): number[] {
  const found: number[] = []
  const root = build(parse(query), options(test, false))
  new PlainRun(root, test.index.documents, watch, { take: document => found.push(document) }).run()
  return found
}
