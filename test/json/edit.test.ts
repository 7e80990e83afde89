import { describe, expect, it } from 'vitest'
import { ArenaFull, Memory } from '../../core/memory/arena.ts'
import {
  addMember,
  appendText,
  emptyContainer,
  insertElements,
  locate,
  removeElements,
  removeMember,
  replaceScalar,
  replaceValue,
} from '../../modules/json/document/edit.ts'
import { findElement } from '../../modules/json/document/navigate.ts'
import {
  ARRAY,
  countOf,
  ESCAPED,
  firstChild,
  INTEGER,
  KIND_MASK,
  keyLength,
  OBJECT,
  Place,
  spanOf,
  textLength,
} from '../../modules/json/document/node.ts'
import { Parser } from '../../modules/json/document/parse.ts'
import { Rewriter } from '../../modules/json/document/rewrite.ts'
import { storeDocument, Trail, Tree } from '../../modules/json/document/tree.ts'
import { Random } from '../support/random.ts'
import { copyOf, type Model, places, print, randomModel, setAt, valueAt } from './model.ts'
import { checkTree, Desk, textOf } from './support.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 5000 : 120

/** The first word of the value at the end of a way. */
function wordAt(tree: Tree, way: readonly number[]): number {
  let i = tree.first
  for (const n of way) {
    let child = firstChild(tree.words, i)
    for (let k = 0; k < n; k++) child += spanOf(tree.words, child)
    i = child
  }
  return i - tree.first
}

/** Find the n-th member of the trail's last value. */
function memberPlace(tree: Tree, trail: Trail, n: number): Place {
  const place = new Place()
  let child = tree.first + trail.i[trail.depth - 1]!
  let t = tree.start + trail.t[trail.depth - 1]! + 1
  child = firstChild(tree.words, child)
  for (let k = 0; ; k++) {
    t += keyLength(tree.words, child) + 3
    if (k === n) break
    t += textLength(tree.words, child) + 1
    child += spanOf(tree.words, child)
  }
  place.i = child - tree.first
  place.t = t - tree.start
  return place
}

class Bench {
  readonly desk = new Desk()
  readonly trail = new Trail()
  readonly random: Random
  model: Model
  log: string[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
    this.model = randomModel(this.random, 40)
    this.desk.open(print(this.model))
  }

  value(size: number): Model {
    const value = randomModel(this.random, size)
    this.desk.parse(print(value))
    return value
  }

  /** One random edit of the value at a random place, in the model and in the tree that the trail leads through. */
  edit(tree: Tree, trail: Trail, model: Model): Model {
    const { random, desk } = this
    desk.values.clear()
    if (random.oneIn(3)) {
      const value = this.value(10)
      replaceValue(tree, trail, desk.values, 0, 0)
      return value
    }
    if (typeof model === 'string') {
      if (model[0] === '"' && random.oneIn(2)) {
        const more = random.pick(['x', '\\n', 'y'.repeat(50)])
        appendText(tree, trail, more.includes('\\') ? ESCAPED : 0, Buffer.from(more), 0, more.length)
        return `${model.slice(0, -1)}${more}"`
      }
      replaceScalar(tree, trail, INTEGER, Buffer.from('..12345'), 2, 5)
      return '12345'
    }
    if (random.oneIn(12)) {
      emptyContainer(tree, trail)
      return Array.isArray(model) ? [] : { members: [] }
    }
    return Array.isArray(model) ? this.editArray(tree, trail, model) : this.editObject(tree, trail, model)
  }

  editArray(tree: Tree, trail: Trail, model: Model[]): Model {
    const { random, desk } = this
    if (random.oneIn(2) || model.length === 0) {
      const count = random.oneIn(6) ? 100 : 1 + random.below(3)
      const at = random.oneIn(2) ? model.length : random.below(model.length + 1)
      const values = Array.from({ length: count }, () => this.value(3))
      insertElements(tree, trail, at, desk.values, count)
      model.splice(at, 0, ...values)
      return model
    }
    const from = random.below(model.length + 1)
    const to = random.oneIn(2) ? model.length : from + random.below(model.length + 1 - from)
    removeElements(tree, trail, from, to)
    model.splice(from, to - from)
    return model
  }

  editObject(tree: Tree, trail: Trail, model: { members: [string, Model][] }): Model {
    const { random, desk } = this
    if (random.oneIn(2) || model.members.length === 0) {
      const key = random.oneIn(5) ? `${'long'.repeat(100)}${random.below(1e6)}` : `new${random.below(1e6)}`
      if (model.members.some(([other]) => other === key)) return model
      const value = this.value(4)
      const name = Buffer.from(`"${key}"`)
      addMember(tree, trail, name, 1, name.length - 2, desk.values, 0, 0)
      model.members.push([key, value])
      return model
    }
    const n = random.below(model.members.length)
    const place = memberPlace(tree, trail, n)
    removeMember(tree, trail, place.i, place.t, desk.draft)
    const last = model.members.pop()!
    if (n < model.members.length) model.members[n] = last
    return model
  }
}

describe('editing a document', () => {
  it('gives what the same edits of a naive document give', () => {
    for (let seed = 1; seed <= ROUNDS / 10; seed++) {
      const bench = new Bench(seed)
      const { desk, random, trail } = bench
      for (let step = 0; step < 60; step++) {
        const ways = places(bench.model)
        const way = random.pick(ways)
        locate(desk.doc, trail, wordAt(desk.doc, way))
        expect(trail.depth).toBe(way.length + 1)
        bench.model = setAt(bench.model, way, bench.edit(desk.doc, trail, valueAt(bench.model, way)))
        desk.doc.settle()
        expect(textOf(desk.doc)).toBe(print(bench.model))
        checkTree(desk.doc)
      }
      desk.close()
      desk.values.release()
      desk.draft.release()
      expect(desk.memory.usedBytes).toBe(0)
    }
  })

  it('finds every element of a long array through its directory after edits', () => {
    const bench = new Bench(7)
    const { desk, random, trail } = bench
    const model = Array.from({ length: 3000 }, (_, n) => String(n))
    bench.model = model
    desk.open(`[${model.join(',')}]`)
    const place = new Place()
    for (let step = 0; step < 300; step++) {
      locate(desk.doc, trail, 0)
      desk.values.clear()
      bench.editArray(desk.doc, trail, model)
      if (model.length < 1000) {
        desk.values.clear()
        for (let n = 0; n < 500; n++) desk.parse(String(n))
        insertElements(desk.doc, trail, 0, desk.values, 500)
        model.splice(0, 0, ...Array.from({ length: 500 }, (_, n) => String(n)))
      }
      for (const n of [0, model.length - 1, random.below(model.length)]) {
        findElement(desk.doc.words, desk.doc.first, desk.doc.start, n, place)
        const length = textLength(desk.doc.words, place.i)
        expect(desk.doc.text.utf8Slice(place.t, place.t + length)).toBe(print(model[n]!))
      }
    }
    checkTree(desk.doc)
  })

  it('moves no text behind a number that keeps its width', () => {
    const desk = new Desk()
    const doc = desk.open(`[100,${'1,'.repeat(5000)}2]`)
    const trail = new Trail()
    const address = doc.address
    locate(doc, trail, 4)
    replaceScalar(doc, trail, INTEGER, Buffer.from('101'), 0, 3)
    expect(doc.address).toBe(address)
    expect(textOf(doc).slice(0, 8)).toBe('[101,1,1')
  })
})

describe('a document for which there is no more memory', () => {
  it('stays whole, and its keeper knows where it is', () => {
    const memory = new Memory({ poison: true, limitBytes: 48 << 20 })
    const parser = new Parser()
    const values = Tree.draft(memory)
    const row = Buffer.from(`{"text":"${'x'.repeat(60_000)}","list":[1,2,3]}`)
    parser.parse(Buffer.from('{"rows":[],"last":[0]}'), 0, 22, values)
    const keeper = { address: storeDocument(memory, values, 0, 0) }
    const trail = new Trail()
    parser.parse(row, 0, row.length, values.clear())
    let refused = 0
    for (let n = 0; n < 3000; n++) {
      const doc = Tree.forDocuments(memory).open(keeper.address, keeper)
      try {
        locate(doc, trail, 4)
        insertElements(doc, trail, n % 5 === 0 ? 0 : countOf(doc.words, doc.first + 4), values, 1)
        if (n % 7 === 0) removeElements(doc, trail, 0, 1)
        locate(doc, trail, 0)
        if (n % 3 === 0) addMember(doc, trail, row, 9, 4 + n, values, 0, 0)
      } catch (error) {
        if (!(error instanceof ArenaFull)) throw error
        refused++
        const checked = Tree.forDocuments(memory).open(keeper.address)
        checkTree(checked)
        if (refused > 5) break
      }
    }
    expect(refused).toBeGreaterThan(5)
  })
})

describe('rewriting a document', () => {
  it('changes many values as if one by one, inner ones first', () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const bench = new Bench(seed + 1000)
      const { desk, random } = bench
      const ways = places(bench.model).filter(() => random.oneIn(3))
      // Pre-order of the ways is the order of the words; changes run in post-order.
      const targets = Int32Array.from(ways, way => wordAt(desk.doc, way))
      const numbers = Int32Array.from(ways, (_, n) => n)
      const draft = desk.draft
      const seeds = ways.map(() => random.bits())
      new Rewriter().rewrite(desk.doc, draft, targets, numbers, ways.length, {
        instead: false,
        apply: (tree, trail, n) => applySeeded(bench, tree, trail, seeds[n]!),
      })
      let model = copyOf(bench.model)
      for (const n of [...numbers].sort((a, b) => isInside(ways[a]!, ways[b]!) || a - b))
        model = setAt(model, ways[n]!, seededModel(valueAt(model, ways[n]!), seeds[n]!))
      expect(textOf(draft)).toBe(print(model))
      desk.doc.open(storeDocument(desk.memory, draft, 0, 0))
      checkTree(desk.doc)
    }
  })

  it('puts values in place of others and does not look inside those', () => {
    const desk = new Desk()
    const doc = desk.open('{"a":{"a":{"a":1}},"b":[1,{"a":2}]}')
    const rewriter = new Rewriter()
    desk.values.clear()
    desk.parse('"x"')
    const targets = Int32Array.from([[0], [0, 0], [1, 1, 0]], way => wordAt(doc, way))
    rewriter.rewrite(doc, desk.draft, targets, Int32Array.of(0, 1, 2), 3, {
      instead: true,
      apply: () => rewriter.putValue(desk.values, 0, 0),
    })
    expect(textOf(desk.draft)).toBe('{"a":"x","b":[1,{"a":"x"}]}')
    checkTree(desk.draft)
  })
})

/** Negative when way `a` leads into what way `b` leads to. */
function isInside(a: readonly number[], b: readonly number[]): number {
  if (a.length > b.length && b.every((n, k) => a[k] === n)) return -1
  return b.length > a.length && a.every((n, k) => b[k] === n) ? 1 : 0
}

/** An edit that needs nothing but the value: drop the last element, empty an object, double a string, else 7. */
function applySeeded(bench: Bench, tree: Tree, trail: Trail, seed: number): void {
  const i = tree.first + trail.i[trail.depth - 1]!
  const kind = tree.words[i]! & KIND_MASK
  if (kind === ARRAY) {
    const count = countOf(tree.words, i)
    bench.desk.values.clear()
    bench.desk.parse('[null]')
    if (seed % 2 === 0) removeElements(tree, trail, Math.max(0, count - 1), count)
    else insertElements(tree, trail, 0, bench.desk.values, 1)
  } else if (kind === OBJECT) emptyContainer(tree, trail)
  else replaceScalar(tree, trail, INTEGER, Buffer.from('7777777'), 0, 1 + (seed % 7))
}

function seededModel(model: Model, seed: number): Model {
  if (typeof model === 'string') return '7'.repeat(1 + (seed % 7))
  if (!Array.isArray(model)) return { members: [] }
  return seed % 2 === 0 ? model.slice(0, -1) : [['null'], ...model]
}
