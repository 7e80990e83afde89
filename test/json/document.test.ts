import { describe, expect, it } from 'vitest'
import { equalValues, INCOMPARABLE, order } from '../../modules/json/document/compare.ts'
import { Merger } from '../../modules/json/document/merge.ts'
import { Format, printValue } from '../../modules/json/document/print.ts'
import { keepChildren, withoutElements, withoutMembers } from '../../modules/json/document/select.ts'
import { Trail } from '../../modules/json/document/tree.ts'
import { Random } from '../support/random.ts'
import { copyOf, type Model, print, randomModel } from './model.ts'
import { checkTree, Desk, textOf } from './support.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 400

describe('printing', () => {
  it('lays a value out as JSON.stringify does', () => {
    const desk = new Desk()
    const format = new Format(Buffer.from('  '), Buffer.from('\n'), Buffer.from(' '))
    for (let seed = 1; seed <= ROUNDS; seed++) {
      // Numbers in one form both ways.
      const text = print(randomModel(new Random(seed), 30)).replace(/-0\.0|1e300|\d{16,}/g, '1')
      desk.open(text)
      const { doc, draft } = desk
      printValue(doc.words, doc.first, doc.text, doc.start, format, 0, draft.clear())
      expect(draft.text.utf8Slice(draft.start, draft.textEnd)).toBe(JSON.stringify(JSON.parse(text), null, 2))
      desk.close()
    }
  })
})

/** What merging does, on naive documents: a removed member's place goes to the last. */
function merged(target: Model | null, patch: Model): Model {
  if (typeof patch === 'string' || Array.isArray(patch)) return copyOf(patch)
  const members: [string, Model][] =
    target === null || typeof target === 'string' || Array.isArray(target) ? [] : [...target.members]
  for (const [key, value] of patch.members) {
    const at = members.findIndex(([other]) => other === key)
    if (value !== 'null') {
      const result = merged(at < 0 ? null : members[at]![1], value)
      if (at < 0) members.push([key, result])
      else members[at] = [key, result]
    } else if (at >= 0) {
      const last = members.pop()!
      if (at < members.length) members[at] = last
    }
  }
  return { members }
}

/** A patch that names many members of the target, some of them to remove. */
function patchFor(target: Model, random: Random): Model {
  if (typeof target === 'string' || Array.isArray(target) || random.oneIn(6)) return randomModel(random, 8)
  const members: [string, Model][] = []
  for (const [key, value] of target.members) {
    if (random.oneIn(3)) members.push([key, 'null'])
    else if (random.oneIn(2)) members.push([key, patchFor(value, random)])
  }
  for (let n = random.below(3); n > 0; n--) members.push([`fresh${n}`, randomModel(random, 4)])
  return { members }
}

describe('merging', () => {
  it('gives what merging naive documents gives', () => {
    const desk = new Desk()
    const merger = new Merger()
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = new Random(seed)
      const count = random.oneIn(5) ? 60 : 5
      const target: Model = { members: Array.from({ length: count }, (_, n) => [`k${n}`, randomModel(random, 10)]) }
      const patch = patchFor(target, random)
      desk.open(print(target))
      desk.values.clear()
      desk.parse(print(patch))
      const { doc, values, draft } = desk
      merger.merge(doc, doc.first, doc.start, values, values.first, values.start, draft.clear())
      expect(textOf(draft)).toBe(print(merged(target, patch)))
      checkTree(draft)
      desk.close()
    }
  })
})

describe('taking children out', () => {
  it('of an array takes those behind when one is named again', () => {
    expect(withoutElements(7, [1, 2, 3])).toEqual([0, 4, 5, 6])
    expect(withoutElements(2, [0, 0])).toEqual([])
    expect(withoutElements(4, [0, 0, 3])).toEqual([2])
    expect(withoutElements(1, [0, 0, 0])).toEqual([])
  })

  it('of an object fills each hole with the last', () => {
    expect(withoutMembers(6, [1])).toEqual([0, 5, 2, 3, 4])
    expect(withoutMembers(6, [0, 1])).toEqual([5, 4, 2, 3])
    expect(withoutMembers(6, [1, 0])).toEqual([4, 5, 2, 3])
    expect(withoutMembers(3, [2, 1, 0])).toEqual([])
  })

  it('puts a container together in the order asked for', () => {
    const desk = new Desk()
    const trail = new Trail()
    trail.push(0, 0)
    desk.open('{"a":1,"b":[2],"c":"three"}')
    keepChildren(desk.doc, trail, [2, 0], desk.draft)
    expect(textOf(desk.doc)).toBe('{"c":"three","a":1}')
    checkTree(desk.doc)
    desk.open(`[${Array.from({ length: 200 }, (_, n) => n)}]`)
    keepChildren(
      desk.doc,
      trail,
      Array.from({ length: 100 }, (_, n) => n * 2),
      desk.draft,
    )
    expect(textOf(desk.doc)).toBe(`[${Array.from({ length: 100 }, (_, n) => n * 2)}]`)
    checkTree(desk.doc)
  })
})

describe('comparing', () => {
  const desk = new Desk()

  function both(a: string, b: string): [boolean, number] {
    desk.open(a)
    desk.values.clear()
    desk.parse(b)
    const { doc, values } = desk
    return [
      equalValues(doc.words, doc.first, doc.text, doc.start, values.words, values.first, values.text, values.start),
      order(doc.words, doc.first, doc.text, doc.start, values.words, values.first, values.text, values.start),
    ]
  }

  it.each([
    ['1', '1.0', false, 0],
    ['9007199254740993', '9007199254740992', false, 1],
    ['-5', '3', false, -1],
    ['-10', '-9', false, -1],
    ['1.5', '2', false, -1],
    ['"a"', '"b"', false, -1],
    ['"a"', '"a\\n"', false, -1],
    ['"a\\n"', '"a "', false, -1],
    ['"\\""', '"!"', false, 1],
    ['true', 'false', false, 1],
    ['null', 'null', true, 0],
    ['null', '0', false, INCOMPARABLE],
    ['"1"', '1', false, INCOMPARABLE],
    ['[1,{"a":1,"b":[2]}]', '[1,{"b":[2],"a":1}]', true, 0],
    ['[1,2]', '[2,1]', false, INCOMPARABLE],
    ['{"a":1}', '{"b":1}', false, INCOMPARABLE],
    ['[]', '{}', false, INCOMPARABLE],
  ])('%s with %s', (a, b, equal, sign) => {
    expect(both(a, b)).toEqual([equal, sign])
  })

  it('finds large objects equal whatever the order of their members', () => {
    const members = Array.from({ length: 500 }, (_, n) => `"key${n}":${n}`)
    expect(both(`{${members}}`, `{${[...members].reverse()}}`)[0]).toBe(true)
    expect(both(`{${members}}`, `{${members.slice(1)},"kez0":0}`)[0]).toBe(false)
  })
})
