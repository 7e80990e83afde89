import { describe, expect, it } from 'vitest'
import { storeDocument } from '../../modules/json/document/tree.ts'
import { Random } from '../support/random.ts'
import { type Model, print, randomModel } from './model.ts'
import { checkTree, Desk, textOf } from './support.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 400

/** Write a value with space, other escapes and other forms of numbers wherever there is a choice. */
function printLoosely(model: Model, random: Random): string {
  const space = () => (random.oneIn(3) ? random.pick([' ', '\n', '\t', '\r\n  ']) : '')
  const string = (text: string) =>
    `"${[...text.slice(1, -1).matchAll(/\\u.{4}|\\.|./gsu)].map(([c]) => looseCharacter(c, random)).join('')}"`
  const value = (one: Model): string => {
    if (typeof one === 'string')
      return one[0] === '"' ? string(one) : one === '1.5' ? random.pick(['1.5', '1.50', '15e-1']) : one
    const parts = Array.isArray(one)
      ? one.map(value)
      : one.members.map(([key, child]) => `${string(JSON.stringify(key))}${space()}:${space()}${value(child)}`)
    const inside = parts.map(part => `${space()}${part}${space()}`).join(',')
    return Array.isArray(one) ? `[${space()}${inside}]` : `{${space()}${inside}}`
  }
  return `${space()}${value(model)}${space()}`
}

function looseCharacter(c: string, random: Random): string {
  if (c[0] === '\\' || !random.oneIn(4)) return c
  return c === '/'
    ? '\\/'
    : Array.from({ length: c.length }, (_, k) => `\\u${c.charCodeAt(k).toString(16).padStart(4, '0')}`).join('')
}

describe('parsing', () => {
  it('gives the canonical text and matching words, however the text was written', () => {
    const desk = new Desk()
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = new Random(seed)
      const model = randomModel(random, 30)
      for (const text of [print(model), printLoosely(model, random)]) {
        desk.open(text)
        expect(textOf(desk.doc)).toBe(print(model))
        checkTree(desk.doc)
        desk.close()
      }
    }
  })

  it('accepts what JSON.parse accepts and nothing else', () => {
    const desk = new Desk()
    const random = new Random(5)
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b":',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'null',
      'fals',
      ' ',
      '\\',
      '\\u00',
      '\\n',
      '\n',
      'é',
      '\u0001',
      '12345678901234567890',
    ]
    for (let n = 0; n < ROUNDS * 20; n++) {
      const text = Array.from({ length: 1 + random.below(8) }, () => random.pick(pieces)).join('')
      let good = true
      try {
        JSON.parse(text)
      } catch {
        good = false
      }
      desk.values.clear()
      expect([text, desk.parse(text) === null]).toEqual([text, good])
    }
  })

  it('keeps the first place and the last value of a repeated key, in small and in large objects', () => {
    const desk = new Desk()
    for (const count of [2, 16, 17, 200]) {
      const members = Array.from({ length: count }, (_, n) => `"k${n % Math.ceil(count / 2)}":${n}`)
      const kept = new Map(members.map(member => member.split(':') as [string, string]))
      desk.open(`{"before":[1],"o":{${members.join(', ')}},"\\u006f":2,"o":{${members.join(', ')}}}`)
      expect(textOf(desk.doc)).toBe(`{"before":[1],"o":{${[...kept].map(pair => pair.join(':')).join(',')}}}`)
      checkTree(desk.doc)
    }
  })

  it('tells keys apart that were made to share a hash', () => {
    const desk = new Desk()
    // Of these 2^12 keys of equal length many share a slot of any table that hashes bytes in turn.
    const keys = Array.from({ length: 4096 }, (_, n) =>
      [...n.toString(2).padStart(12, '0')].map(bit => (bit === '0' ? 'Aa' : 'BB')).join(''),
    )
    desk.open(`{${keys.map((key, n) => `"${key}":${n}`).join(',')},"${keys[7]}":"again"}`)
    const text = textOf(desk.doc)
    expect(Object.keys(JSON.parse(text) as object)).toEqual(keys)
    expect(text).toContain(`"${keys[7]}":"again"`)
  })

  it('leaves a draft as it was when the text is at fault', () => {
    const desk = new Desk()
    desk.parse('[1,2]')
    const { wordEnd, textEnd } = desk.values
    expect(desk.parse(`{"a": [${'1, '.repeat(1000)}`)).toBe('EOF while parsing a value at line 1 column 3007')
    expect([desk.values.wordEnd - desk.values.first, desk.values.textEnd - desk.values.start]).toEqual([6, 5])
    expect(wordEnd).toBeGreaterThan(0)
    expect(textEnd).toBeGreaterThan(0)
  })

  it('nests as deep as it is told', () => {
    const desk = new Desk()
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(desk.parse(nested(127))).toBe(null)
    expect(desk.parser.depth).toBe(127)
    expect(desk.parse(nested(128))).toBe('recursion limit exceeded at line 1 column 128')
    expect(desk.parse(nested(1024), 1024)).toBe(null)
    expect(desk.parse(`[${nested(3)},{"a":[]}]`)).toBe(null)
    expect(desk.parser.depth).toBe(4)
  })

  it('holds keys and strings beyond the short forms of their lengths', () => {
    const desk = new Desk()
    const key = 'k'.repeat(70_000)
    const text = `{"${key}":"${'v'.repeat(600_000)}","${key}1":{"${key}":[]},"b":1}`
    desk.open(text)
    expect(textOf(desk.doc)).toBe(text)
    checkTree(desk.doc)
    expect(storeDocument(desk.memory, desk.doc, 0, 0)).not.toBe(0)
  })
})
