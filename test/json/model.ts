/* A naive document: what the packed one is compared with. Scalars are their text, objects lists of pairs. */

import type { Random } from '../support/random.ts'

export type Model = string | Model[] | { members: [string, Model][] }

export function print(model: Model): string {
  if (typeof model === 'string') return model
  if (Array.isArray(model)) return `[${model.map(print).join(',')}]`
  return `{${model.members.map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`).join(',')}}`
}

const KEYS = ['a', 'b', 'cc', 'k1', 'k2', 'name', 'ключ', 'quo"te', 'new\nline', '', 'x'.repeat(300)]
const SCALARS = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '42',
  '9007199254740993',
  '18446744073709551615',
  '1.5',
  '-0.0',
  '1e300',
  '""',
  '"text"',
  '"é€😀"',
  '"a\\"b\\n\\u0001"',
  `"${'long '.repeat(40)}"`,
]

/** A random value; `size` bounds how much is in it. */
export function randomModel(random: Random, size: number): Model {
  const kind = random.below(size > 1 ? 5 : 2)
  if (kind < 2) return SCALARS[random.below(SCALARS.length)]!
  const count = random.below(12) === 0 ? random.below(150) : random.below(6)
  const part = Math.floor(size / Math.max(count, 1))
  if (kind < 4) return Array.from({ length: count }, () => randomModel(random, part))
  const members: [string, Model][] = []
  for (let n = 0; n < count; n++) {
    const key = random.below(4) === 0 ? KEYS[random.below(KEYS.length)]! : `key${random.below(1000)}`
    if (!members.some(([other]) => other === key)) members.push([key, randomModel(random, part)])
  }
  return { members }
}

export function copyOf(model: Model): Model {
  if (typeof model === 'string') return model
  if (Array.isArray(model)) return model.map(copyOf)
  return { members: model.members.map(([key, value]) => [key, copyOf(value)]) }
}

/** The ways to all values: member numbers and element numbers from the root. */
export function places(model: Model, way: number[] = [], all: number[][] = []): number[][] {
  all.push(way)
  if (typeof model === 'string') return all
  const children = Array.isArray(model) ? model : model.members.map(([, value]) => value)
  for (const [n, child] of children.entries()) places(child, [...way, n], all)
  return all
}

export function valueAt(model: Model, way: readonly number[]): Model {
  let value = model
  for (const n of way)
    value = Array.isArray(value) ? value[n]! : (value as { members: [string, Model][] }).members[n]![1]
  return value
}

export function setAt(model: Model, way: readonly number[], value: Model): Model {
  if (way.length === 0) return value
  const parent = valueAt(model, way.slice(0, -1))
  const n = way[way.length - 1]!
  if (Array.isArray(parent)) parent[n] = value
  else (parent as { members: [string, Model][] }).members[n]![1] = value
  return model
}
