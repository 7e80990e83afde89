import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { matchGlob } from '../../core/base/glob.ts'

const runs = process.env['REDSTRATA_TEST'] === 'long' ? 100_000 : 4_000

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const around = (s: string): Range => {
    const buf = Buffer.from(`*${s}*`, 'latin1')
    return new Range(buf, 1, buf.length - 1)
  }
  return matchGlob(around(pattern), around(text), ignoreCase)
}

test('wildcards, classes and escapes match as in Redis', () => {
  const table: [string, string, boolean][] = [
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'hllo', true],
    ['h*llo', 'heeello', true],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-b]llo', 'hbllo', true],
    ['h[b-a]llo', 'hallo', true],
    ['h[a-b]llo', 'hcllo', false],
    ['h\\?llo', 'h?llo', true],
    ['h\\?llo', 'hello', false],
    ['[\\]]', ']', true],
    ['[a-]', '-', false],
    ['[a-]', '_', true],
    ['a***', 'a', true],
    ['*', 'anything', true],
    ['*b*', 'abc', true],
    ['*c', 'abc', true],
    ['*d', 'abc', false],
    ['**a**b**', 'xaybz', true],
    ['ab[c', 'abc', true],
    ['ab[', 'abc', false],
    ['ab[^', 'abc', true],
    ['ab[\\', 'ab\\', true],
    ['abc\\', 'abc', false],
    ['abc\\', 'abc\\', true],
    ['', '', true],
    ['', 'a', false],
    ['*', '', false],
    ['**', '', false],
    ['?', '', false],
    ['abc', 'ab', false],
    ['ab', 'abc', false],
    ['[]', 'a', false],
    ['[^]', 'a', true],
  ]
  for (const [pattern, text, expected] of table)
    expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, expected])
})

test('letters of either case are alike when asked for', () => {
  expect(matches('HeL*', 'hElLO')).toBe(false)
  expect(matches('HeL*', 'hElLO', true)).toBe(true)
  expect(matches('[A-C]x', 'bX', true)).toBe(true)
  expect(matches('[abc]', 'B', true)).toBe(true)
  expect(matches('\xc4', '\xe4', true)).toBe(false)
})

test('ranges compare bytes as signed', () => {
  expect(matches('[\x80-\x90]', '\x85')).toBe(true)
  expect(matches('[a-\xff]', 'b')).toBe(false)
  expect(matches('[a-\xff]', 'A')).toBe(true)
})

/** The rules written down recursively, a case a line. */
function naive(p: string, t: string, top = true): boolean {
  if (t === '') return top ? p === '' : /^\**$/.test(p)
  if (p === '') return false
  if (p[0] === '*') {
    if (/^\*+$/.test(p)) return true
    for (let i = 0; i < t.length; i++) if (naive(p.slice(1), t.slice(i), false)) return true
    return false
  }
  if (p[0] === '?') return naive(p.slice(1), t.slice(1), false)
  if (p[0] === '[') {
    const [found, rest] = naiveClass(p.slice(1), t[0]!)
    return found && naive(rest, t.slice(1), false)
  }
  const literal = p[0] === '\\' && p.length > 1 ? 1 : 0
  return p[literal] === t[0] && naive(p.slice(literal + 1), t.slice(1), false)
}

function naiveClass(p: string, c: string): [boolean, string] {
  const negated = p[0] === '^'
  let rest = negated ? p.slice(1) : p
  let found = false
  while (rest !== '' && rest[0] !== ']') {
    if (rest[0] === '\\' && rest.length > 1) {
      found ||= rest[1] === c
      rest = rest.slice(2)
    } else if (rest.length > 2 && rest[1] === '-') {
      const [a, b] = [rest[0]!, rest[2]!].sort() as [string, string]
      found ||= c >= a && c <= b
      rest = rest.slice(3)
    } else {
      found ||= rest[0] === c
      rest = rest.slice(1)
    }
  }
  return [found !== negated, rest.slice(1)]
}

test('any pattern matches what the recursive rules match', () => {
  const pattern = fc.string({ unit: fc.constantFrom(...'ab*?[]^-\\'), maxLength: 9 })
  const text = fc.string({ unit: fc.constantFrom(...'aab-]^\\'), maxLength: 9 })
  fc.assert(
    fc.property(pattern, text, (p, t) => matches(p, t) === naive(p, t)),
    { numRuns: runs, seed: 1 },
  )
})

test('many stars against a text that never fits take no exponential time', () => {
  expect(matches('*a'.repeat(50) + 'b', 'a'.repeat(20_000))).toBe(false)
  expect(matches('a*'.repeat(200) + 'c', 'ab'.repeat(200))).toBe(false)
})
