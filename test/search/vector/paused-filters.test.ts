import { expect, it } from 'vitest'
import { Memory } from '../../../core/memory/arena.ts'
import type { FieldIndex } from '../../../modules/search/index/field-index.ts'
import { END, type Watch } from '../../../modules/search/iterators/iterator.ts'
import { Leaf } from '../../../modules/search/iterators/leaf.ts'
import { common, type VectorNode } from '../../../modules/search/query/ast.ts'
import { vectorIterator } from '../../../modules/search/vector/clause.ts'
import { makeVectorIndex } from '../../../modules/search/vector/make.ts'
import { Spaces } from '../../../modules/search/vector/space.ts'
import { TestIndex } from '../support/index.ts'
import { blob, SMALL } from './support.ts'

const DOCUMENTS = 3000
const STRIDE = 1000

/** Lets every thousandth document through, and looks at each in between. */
class SlowFilter extends Leaf {
  readonly estimate: number
  readonly #watch: Watch
  #reached = 1
  looks = 0

  constructor(watch: Watch, estimate: number) {
    super(1)
    this.#watch = watch
    this.estimate = estimate
  }

  next(): number {
    return this.skipTo(this.document + 1)
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    this.#reached = Math.max(this.#reached, target)
    while (this.#reached <= DOCUMENTS) {
      const at = this.#reached++
      if (at % STRIDE === 0) return (this.document = at)
      this.looks++
      this.#watch.tick()
    }
    return (this.document = END)
  }

  rewind(): void {
    this.document = 0
    this.#reached = 1
  }

  override refresh(): void {}
}

const number = (value: number) => ({ value, parameter: null, negative: false, role: 'plain' }) as const
const text = (bytes: Buffer) => ({ text: bytes, parameter: false })

it.each([
  ['ADHOC_BF', 3],
  ['BATCHES', DOCUMENTS],
])('a filter that goes far without a match goes on where a pause cut it short (%s)', (policy, estimate) => {
  const memory = new Memory()
  const options = { ...SMALL, algorithm: 'FLAT', dimensions: 1 } as const
  const index = makeVectorIndex(memory, new Spaces(memory), options)
  for (let i = 1; i <= DOCUMENTS; i++) index.set(i, { bytes: blob(options, [i]), count: 1 })
  let left = 0
  const watch = {
    tick(): void {
      if (--left < 0) throw new Error('pause')
    },
  }
  const filter = new SlowFilter(watch, estimate)
  const node: VectorNode = {
    ...common(),
    kind: 'vector',
    field: Buffer.from('v'),
    mode: 'knn',
    size: number(2),
    blob: text(blob(options, [2500]).buf),
    blobName: Buffer.from('q'),
    scoreName: null,
    parameters: policy === 'BATCHES' ? [[Buffer.from('HYBRID_POLICY'), text(Buffer.from(policy))]] : [],
    children: [],
  }
  const { index: structures } = new TestIndex([])
  const field = { own: index } as unknown as FieldIndex
  const root = vectorIterator(node, field, filter, structures, watch, undefined)
  const found: number[] = []
  let slices = 0
  for (; slices < 10_000 && root.document !== END; slices++) {
    left = 50
    try {
      root.refresh()
      for (let document = root.skipTo((found.at(-1) ?? 0) + 1); document !== END; document = root.next())
        found.push(document)
    } catch (error) {
      if ((error as Error).message !== 'pause') throw error
    }
  }
  expect(found).toEqual([2000, 3000])
  // Once through all documents for each time that the nearest were asked for.
  expect(filter.looks).toBeLessThan(policy === 'BATCHES' ? 40 * DOCUMENTS : 2 * DOCUMENTS)
  expect(slices).toBeLessThan(policy === 'BATCHES' ? 40 * (DOCUMENTS / 50) : 2 * (DOCUMENTS / 50))
})
