import { JSONPath } from 'jsonpath-plus'
import { describe, expect, it } from 'vitest'
import { textLength } from '../../modules/json/document/node.ts'
import { PathCache } from '../../modules/json/path/cache.ts'
import { Evaluator } from '../../modules/json/path/eval.ts'
import { readPath } from '../../modules/json/path/legacy.ts'
import { type Path, PathFault } from '../../modules/json/path/path.ts'
import { Random } from '../support/random.ts'
import { Desk } from './support.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 300

function read(text: string): Path {
  const bytes = Buffer.from(text)
  const path = readPath(bytes, 0, bytes.length)
  if (path instanceof PathFault) throw new Error(`${text}: ${path.message}`)
  return path
}

class Queries {
  readonly desk = new Desk()
  readonly evaluator = new Evaluator()

  /** The texts that a path leads to in the open document; null when that was too costly. */
  find(path: string): string[] | null {
    const { doc } = this.desk
    if (!this.evaluator.run(read(path), doc.words, doc.first, doc.text, doc.start)) return null
    const { count, i, t } = this.evaluator.matches
    return Array.from({ length: count }, (_, n) => doc.text.utf8Slice(t[n]!, t[n]! + textLength(doc.words, i[n]!)))
  }
}

type Value = null | boolean | number | string | Value[] | { [key: string]: Value }
const NAMES = ['a', 'b', 'c', 'd', 'n']

function randomValue(random: Random, depth: number): Value {
  const kind = random.below(depth > 0 ? 8 : 4)
  if (kind < 4) return [null, true, false, random.below(10)][kind]! // strings have indexes there
  if (kind < 6) return Array.from({ length: random.below(5) }, () => randomValue(random, depth - 1))
  const object: { [key: string]: Value } = { n: random.below(10) }
  for (let k = random.below(4); k > 0; k--) object[random.pick(NAMES.slice(0, 4))] = randomValue(random, depth - 1)
  return object
}

function randomPath(random: Random): string {
  let path = '$'
  for (let steps = 1 + random.below(4); steps > 0; steps--) {
    const name = random.pick(NAMES)
    const [from, to] = [random.below(5), 1 + random.below(5)]
    path += random.pick([
      `.${name}`,
      `['${name}']`,
      '.*',
      '[*]',
      `..${name}`,
      '..*',
      `[${from}]`,
      `[${from}:${to}]`,
      `[${from}:]`,
      `[:${to}]`,
      '[::2]',
      `[-${1 + from}:]`,
      `[?(@.n>${from})]`,
      `[?(@.n<=${from}&&@.n!=${to})]`,
      `[?(@.n==${from}||@.n==${to})]`,
    ])
  }
  return path
}

describe('paths', () => {
  it('lead to what jsonpath-plus finds', () => {
    const queries = new Queries()
    let found = 0
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = new Random(seed)
      const value = { root: randomValue(random, 5), b: randomValue(random, 4) }
      queries.desk.open(JSON.stringify(value))
      for (let n = 0; n < 5; n++) {
        const path = randomPath(random)
        const ours = queries.find(path)!.map(text => JSON.stringify(JSON.parse(text)))
        const theirs = JSONPath({
          path,
          json: value as object,
          wrap: true,
          eval: 'safe',
          ignoreEvalErrors: true,
        }) as Value[]
        expect([path, value, ours.sort()]).toEqual([path, value, theirs.map(one => JSON.stringify(one)).sort()])
        found += ours.length
      }
      queries.desk.close()
    }
    expect(found).toBeGreaterThan(ROUNDS)
  })

  it('find by string order, by pattern and by values elsewhere', () => {
    const queries = new Queries()
    queries.desk.open('{"min":2,"l":[{"k":"a\\"b","v":1},{"k":"é","v":2},{"k":"z","v":3.0},{"v":[3]}],"re":"^[é-ü]$"}')
    expect(queries.find('$.l[?(@.k>"a")].v')).toEqual(['1', '2', '3.0'])
    expect(queries.find('$.l[?(@.k>="a\\"b")].v')).toEqual(['2', '3.0'])
    expect(queries.find('$.l[?(@.k=~$.re)].v')).toEqual(['2'])
    expect(queries.find('$.l[?(@.v>=$.min)].v')).toEqual(['2', '3.0'])
    expect(queries.find('$.l[?(@.v==3)].k')).toEqual(['"z"'])
    expect(queries.find('$.l[?(@.v==$.l[3].v)]')).toEqual(['{"v":[3]}'])
    expect(queries.find('$.l[?(@..v==3)].v')).toEqual(['3.0'])
    expect(queries.find('$.l[?((@.v>1&&(@.v<3||@.k=="z")))].v')).toEqual(['2', '3.0'])
  })

  it('that would cost too much are refused in good time', () => {
    const queries = new Queries()
    queries.desk.open('{"a":'.repeat(120) + '1' + '}'.repeat(120))
    expect(queries.find('$..a..a')!.length).toBe((120 * 119) / 2)
    expect(queries.find('$' + '..a'.repeat(12))).toBe(null)
    expect(queries.find('$' + '..*'.repeat(12) + '.none')).toBe(null)
    expect(queries.find('$..[?(@..a' + '..a'.repeat(10) + '==2)]')).toBe(null)
    expect(queries.find('$..a')!.length).toBe(120)
  })

  it('follow a path from the root once, however often a filter asks', () => {
    const queries = new Queries()
    const rows = Array.from({ length: 2000 }, (_, n) => ({ n }))
    queries.desk.open(JSON.stringify({ rows }))
    expect(queries.find('$.rows[?(@.n>$.rows[-3].n)].n')).toEqual(['1998', '1999'])
    expect(queries.find('$.rows[?(@.n==$..rows[5].n)].n')).toEqual(['5'])
  })

  it('of any length and depth are read without exhausting the stack', () => {
    const bytes = (text: string) => Buffer.from(text)
    const fault = (text: string) => readPath(bytes(text), 0, Buffer.byteLength(text)) instanceof PathFault
    expect(read('$' + '.a'.repeat(50_000)).steps.length).toBe(50_000)
    expect(fault('$[?' + '('.repeat(100_000))).toBe(true)
    expect(fault('$' + '[?(@'.repeat(50_000))).toBe(true)
    expect(fault(`$[?${'('.repeat(60)}@.a==1${')'.repeat(60)}]`)).toBe(false)
    expect(fault(`$[?${'(@.a==1||'.repeat(60)}@.b${')'.repeat(60)}]`)).toBe(false)
    expect(fault('$[' + '1,'.repeat(100_000))).toBe(true)
  })

  it('come from the cache as they were read', () => {
    const cache = new PathCache()
    const texts = Array.from({ length: 3000 }, (_, n) => `$.a${n}`)
    const get = (text: string) => cache.get(Buffer.from(`..${text}..`), 2, text.length + 2) as Path
    for (const text of [...texts, ...texts]) expect(get(text).steps[0]!.name.latin1Slice()).toBe(text.slice(2))
    expect(get('$.same')).toBe(get('$.same'))
    expect(get(`$.${'x'.repeat(300)}`)).not.toBe(get(`$.${'x'.repeat(300)}`))
  })

  it('say how far they lead surely', () => {
    expect(read('$.a[0]["b c"]').reach).toBe('$["a"][0]["b c"]')
    expect(read('a[0]').arrayReach).toBe('$["a"]')
    expect(read('$.a').arrayReach).toBe('$["a"]')
    expect(read('$.a[-1].b').reach).toBe('$["a"]')
    expect(read('$.a..b').reach).toBe('$["a"]')
    expect(read('.').reach).toBe('$')
  })
})
