import { describe, expect, it } from 'vitest'
import { Matcher } from '../../modules/json/path/matcher.ts'
import { compilePattern } from '../../modules/json/path/pattern-parser.ts'
import { Random } from '../support/random.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 100_000 : 400

function matcherOf(pattern: string): Matcher | null {
  const program = compilePattern(pattern)
  return program === null ? null : new Matcher(program)
}

function matches(matcher: Matcher | null, text: string): boolean | null {
  const bytes = Buffer.from(`..${text}..`)
  return matcher === null ? null : matcher.matches(bytes, 2, bytes.length - 2)
}

function randomPattern(random: Random, depth: number): string {
  const kind = random.below(depth > 0 ? 12 : 6)
  if (kind < 4) return random.pick(['a', 'b', 'c', 'é', '.', '[ab]', '[^a]', '[a-c]', '\\w', '\\W', '\\d', '\\s', '😀'])
  if (kind < 6) return random.pick(['^', '$', '\\b', '\\B', 'ab', ''])
  const inside = randomPattern(random, depth - 1)
  if (kind < 8) return `(${inside}|${randomPattern(random, depth - 1)})`
  if (kind < 10) return `(?:${inside})${random.pick(['*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?'])}`
  return inside + randomPattern(random, depth - 1)
}

describe('patterns', () => {
  it('match where JavaScript matches', () => {
    const random = new Random(1)
    let hits = 0
    for (let n = 0; n < ROUNDS; n++) {
      const pattern = randomPattern(random, 3)
      // Rust's \w knows letters beyond ASCII; JavaScript's does not.
      const theirs = new RegExp(
        pattern
          .replaceAll('\\w', '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]')
          .replaceAll('\\W', '[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]'),
        'u',
      )
      const alphabet = /\\[bB]/.test(pattern) ? ['a', 'b', ' ', '1'] : ['a', 'b', 'c', 'é', ' ', '1', '\n', '😀']
      const matcher = matcherOf(pattern)
      for (let k = 0; k < 5; k++) {
        const text = Array.from({ length: random.below(7) }, () => random.pick(alphabet)).join('')
        const expected = theirs.test(text)
        expect([pattern, text, matches(matcher, text)]).toEqual([pattern, text, expected])
        if (expected) hits++
      }
    }
    expect(hits).toBeGreaterThan(ROUNDS)
  })

  it.each([
    ['(?i)straße', 'STRAßE', true],
    ['(?i)É', 'é', true],
    ['(?i:a)b', 'Ab', true],
    ['(?i:a)b', 'AB', false],
    ['(?i)[a-c]+$', 'xABC', true],
    ['(?i)[^a]', 'A', false],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\nb', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^b$', 'a\nb\nc', false],
    ['(?x) a b # c', 'ab', true],
    ['\\Aab\\z', 'ab', true],
    ['[[:alpha:]]+[[:^digit:]]', 'ab', true],
    ['\\p{Greek}', 'λ', true],
    ['\\pL\\PL', 'a1', true],
    ['\\x41\\x{1F600}\\u0042', 'A😀B', true],
    ['(?P<name>a)(?<other>b)', 'ab', true],
    ['[a\\-z]', '-', true],
    ['[]a]', ']', true],
    ['a{,2}', 'a{,2}', null],
    ['(?i)k', '\u212a', true],
  ])('%s on %j gives %s', (pattern, text, expected) => {
    expect(matches(matcherOf(pattern), text)).toBe(expected)
  })

  it.each([
    '(',
    ')',
    '[',
    'a{2',
    'a{3,2}',
    '*',
    'a**b(',
    '\\',
    '(?=a)',
    '(?<!a)',
    '\\1',
    '(?z)',
    '[b-a]',
    '\\p{Nonsense}',
    '(?P<>a)',
    'a{99999}{99999}',
    '((a{0}){9999}){9999}',
    '\\xZZ',
    '(((((a{50}){50}){50}',
  ])('refuses %s', pattern => {
    expect(compilePattern(pattern)).toBe(null)
  })

  it('costs the length of the text times that of the pattern, whatever the pattern', () => {
    const matcher = new Matcher(compilePattern('(a+)+(a|a)*(a*)*c$')!)
    const text = Buffer.from(`${'a'.repeat(20_000)}b`)
    expect(matcher.matches(text, 0, text.length)).toBe(false)
    expect(matcher.steps).toBeLessThan(text.length * 30)
  })

  it('nests no deeper than it can', () => {
    expect(compilePattern('('.repeat(100_000))).toBe(null)
    expect(compilePattern('['.repeat(100_000))).toBe(null)
    expect(compilePattern(`${'('.repeat(90)}a${')'.repeat(90)}`)).not.toBe(null)
  })
})
