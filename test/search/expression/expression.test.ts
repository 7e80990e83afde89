import { describe, expect, test } from 'vitest'
import { propertiesOf } from '../../../modules/search/expression/ast.ts'
import { compileExpression } from '../../../modules/search/expression/evaluate.ts'
import { parseExpression } from '../../../modules/search/expression/parser.ts'
import { type Cell, formatNumber, parseNumber, type Value } from '../../../modules/search/expression/value.ts'
import { QueryFailure } from '../../../modules/search/query/failure.ts'
import { ROUNDS, seeded } from '../support/random.ts'

/** What an expression is for a row of named cells; a failure as its text. */
function evaluate(text: string, row: Record<string, Cell> = {}, unstable = false): Value | { failure: string } {
  try {
    const names = Object.keys(row)
    const expression = parseExpression(text, unstable)
    const run = compileExpression(expression, {
      slotOf: name => names.indexOf(name),
      termsSlot: names.indexOf('terms'),
    })
    return run({ cell: slot => row[names[slot] ?? ''] })
  } catch (thrown) {
    if (thrown instanceof QueryFailure) return { failure: thrown.text }
    throw thrown
  }
}

const failure = (text: string) => ({ failure: text })

describe('precedence', () => {
  test.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 64],
    ['2 * 3 ^ 2', 36],
    ['10 - 4 - 3', 3],
    ['7 % 4 * 2', 6],
    ['-2 + 5', 3],
    ['2 ^ -1', 0.5],
    ['1 < 2 == 1', 1],
    ['1 || 0 && 0', 0],
    ['0 && 1 || 1', 1],
    ['!0 && 0', 0],
    ['!1 > 2', 1],
    ['1 + !1 > 2', 2],
    ['3 > 2 && 2 > 3 || 1', 1],
  ])('%s is %s', (text, value) => {
    expect(evaluate(text)).toBe(value)
  })
})

describe('what is no expression', () => {
  test.each([
    ['@n +', "Syntax error at offset 3 near 'n'"],
    ['(@n', "Syntax error at offset 1 near 'n'"],
    ['', "Syntax error at offset 0 near ''"],
    ['1 2', "Syntax error at offset 2 near '2'"],
    ['-@n', "Syntax error at offset 1 near 'n'"],
    ['nosuch(@n)', "Unknown function name 'nosuch'"],
    ['word', "Unknown symbol 'word'"],
    ['upper()', "Invalid arguments for function 'upper'"],
    ['substr("a")', "Invalid arguments for function 'substr'"],
  ])('%s', (text, message) => {
    expect(evaluate(text, { n: 1 })).toEqual(failure(message))
  })

  test('nesting and length have limits', () => {
    expect(evaluate('('.repeat(99) + '1' + ')'.repeat(99))).toBe(1)
    for (const text of ['('.repeat(5000) + '1', '!'.repeat(5000) + '1', '1+'.repeat(5000) + '1'])
      expect(evaluate(text)).toHaveProperty('failure')
  })

  test('characters without a meaning are passed over', () => {
    expect(evaluate('1 # + = 2 & "')).toBe(3)
  })
})

describe('values', () => {
  test.each([
    ['@n == "7"', 1],
    ['"10" > 9', 1],
    ['"abc" < "abd"', 1],
    ['@n == NULL', 0],
    ['NULL == NULL', 1],
    ['@n != NULL', 1],
    ['1/0', NaN],
    ['5 % 0', NaN],
    ['7.9 % 4.2', 3],
    ['0/0 == 0/0', 0],
    ['0/0 <= 1', 1],
    ['"" + 1', 1],
    [' " 5" + 1', 6],
    ['"0x10" + 1', 17],
    ['"abc" > 1', failure("Error converting string 'abc' to number")],
    ['@s + 1', failure('Could not convert value to a number')],
    ['"inf" > 1e300', 1],
    ["'with \\'quotes\\''", "with 'quotes'"],
    ['"with \\\\"two\\\\""', 'with "two"'],
    ['"a\\"', 'a\\'],
    ['!"x"', 0],
    ['!""', 1],
  ])('%s', (text, value) => {
    expect(evaluate(text, { n: 7, s: 'red' })).toEqual(value)
  })

  test('a missing property ends the query, unless exists asks for it or && does not', () => {
    const row = { n: 1, gone: undefined, empty: null }
    const gone = failure('Could not find the value for a parameter name, consider using EXISTS if applicable for gone')
    expect(evaluate('@gone + 1', row)).toEqual(gone)
    expect(evaluate('exists(@gone)', row)).toBe(0)
    expect(evaluate('exists(@empty)', row)).toBe(0)
    expect(evaluate('exists(upper(@gone))', row)).toBe(0)
    expect(evaluate('exists(@gone) && @gone > 1', row)).toBe(0)
    expect(evaluate('@n || @gone', row)).toBe(1)
    expect(evaluate('@n && @gone', row)).toEqual(gone)
  })

  test('case needs the unstable features', () => {
    expect(evaluate('case(1, "a", "b")')).toHaveProperty('failure')
    expect(evaluate('case(@n > 5, "a", @gone)', { n: 7, gone: undefined }, true)).toBe('a')
    expect(evaluate('case(@n > 5, "a", "b")', { n: 1 }, true)).toBe('b')
  })

  test('the properties that an expression reads are told once, in order', () => {
    expect(propertiesOf(parseExpression('upper(@b) == @a && !exists(@b) || @c_1'))).toEqual(['b', 'a', 'c_1'])
  })
})

describe('functions', () => {
  test.each([
    ['upper(@s)', 'QUICK BROWN FOX'],
    ['upper(7)', null],
    ['lower("\xc3\x80B")', '\xc3\x80b'],
    ['substr(@s,0,5)', 'Quick'],
    ['substr(@s,6,-1)', 'Brown Fo'],
    ['substr(@s,-3,3)', 'Fox'],
    ['substr(@s,6,-4)', 'Brown'],
    ['substr(@s,50,2)', ''],
    ['substr(@s,0,-99)', ''],
    ['contains(@s,"o")', 2],
    ['contains("aaa","aa")', 2],
    ['contains(@s,"")', 16],
    ['startswith(@s,"Quick")', 1],
    ['strlen("")', 0],
    ['format("%s has %s, %%", @s, 1.5)', 'Quick Brown Fox has 1.5, %'],
    ['format("%s", NULL)', '(null)'],
    ['format("%s")', failure('Not enough arguments for format')],
    ['format("%d", 1)', failure('Unknown format specifier passed')],
    ['format("a%")', failure('Bad format string!')],
    ['split("a;b, c", ";,")', ['a', 'b', 'c']],
    ['split("--x--,-y-,", ",", "-")', ['x', 'y']],
    ['split("")', []],
    ['to_number("12.50") + 1', 13.5],
    ['to_number("abc")', failure("to_number: cannot convert string 'abc'")],
    ['to_str(125)', '125'],
    ['floor(-3.75)', -4],
    ['abs("x")', NaN],
    ['matched_terms()', ['quick', 'fox']],
    ['matched_terms(1)', ['quick']],
    ['geodistance("0,0","1,0")', 111226.3],
    ['geodistance(0,0,"1,0")', 111226.3],
    ['geodistance("0,0",1,0)', 111226.3],
    ['geodistance("x",1,0)', NaN],
    ['geodistance("0,0")', failure("Invalid arguments for function 'geodistance'")],
    [
      'substr(@s,"a",2)',
      failure("Invalid type (3) for argument 1 in function 'substr'. VALIDATE_ARG__TYPE(v, RSValue_Number) was false."),
    ],
  ])('%s', (text, value) => {
    expect(evaluate(text, { s: 'Quick Brown Fox', terms: ['quick', 'fox'] })).toEqual(value)
  })
})

describe('functions over long texts', () => {
  const long = 'a'.repeat(1 << 20)
  const half = 'a'.repeat(1 << 19)

  // Where each place were looked at with all of the part, these would not end.
  test('take time by their lengths added up, not multiplied', () => {
    expect(evaluate('contains(@a, @b)', { a: long, b: half })).toBe((1 << 19) + 1)
    expect(evaluate('contains(@a, @b)', { a: long, b: half + 'b' })).toBe(0)
    expect(evaluate('split(@a, @b, @b)', { a: long, b: 'b'.repeat(1 << 20) })).toEqual([long])
    expect(evaluate('abs(@a)', { a: '1'.repeat(1 << 20) + 'x' })).toBe(NaN)
    expect(evaluate('#'.repeat(1 << 20) + '1')).toBe(1)
  })

  test('contains counts long parts as it counts short ones', () => {
    const random = seeded(8)
    for (let i = 0; i < 300 * ROUNDS; i++) {
      const letters = i % 2 === 0 ? 'ab' : 'aab'
      const text = Array.from({ length: random.below(200) }, () => random.pick([...letters])).join('')
      const unit = Array.from({ length: 1 + random.below(4) }, () => random.pick([...letters])).join('')
      const part = unit.repeat(1 + random.below(30)).slice(0, 17 + random.below(40))
      const whole = text + part.repeat(random.below(4)) + text + part.slice(1)
      let count = 0
      for (let at = 0; at <= whole.length; at++) if (whole.startsWith(part, at)) count++
      expect(evaluate('contains(@a, @b)', { a: whole, b: part })).toBe(count)
    }
  })

  test('parts of long texts are the same bytes', () => {
    const text = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(i % 256)).join('')
    expect(evaluate('substr(@s, 200, 100)', { s: text })).toBe(text.slice(200, 300))
    expect(evaluate('split(@s, ",", "")', { s: text })).toEqual(text.split(','))
  })
})

describe('dates', () => {
  test.each([
    ['timefmt(1709294409)', '2024-03-01T12:00:09Z'],
    ['timefmt(1709294409,"%H:%M:%S %j")', '12:00:09 061'],
    ['timefmt(1709294409,"%a %b %e %I %p %U %V %G %u %y")', 'Fri Mar  1 12 PM 08 09 2024 5 24'],
    ['timefmt(1709294409,"")', null],
    ['timefmt("x")', null],
    ['timefmt(-1)', '1969-12-31T23:59:59Z'],
    ['timefmt(1e30)', null],
    ['parsetime("2024-03-01T12:00:09Z","%Y-%m-%dT%H:%M:%SZ")', 1709294409],
    ['parsetime("1 Jan 2000","%d %b %Y")', 946684800],
    ['parsetime("3:05 PM 5/6/21","%I:%M %p %d/%m/%y")', 1622905500],
    ['parsetime("yesterday","%Y")', null],
    ['year(-1)', null],
    ['year("x")', null],
    ['month(1709294409)', 1709251200],
    ['day(4123456789)', 4123440000],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual(value)
  })

  test('parts and formats agree with Date on random moments', () => {
    const random = seeded(20260)
    for (let i = 0; i < 300 * ROUNDS; i++) {
      const seconds = Math.floor(random.next() * 8e9)
      const date = new Date(seconds * 1000)
      expect(evaluate(`timefmt(${seconds})`)).toBe(date.toISOString().slice(0, 19) + 'Z')
      expect(evaluate(`year(${seconds})`)).toBe(date.getUTCFullYear())
      expect(evaluate(`monthofyear(${seconds})`)).toBe(date.getUTCMonth())
      expect(evaluate(`dayofmonth(${seconds})`)).toBe(date.getUTCDate())
      expect(evaluate(`dayofweek(${seconds})`)).toBe(date.getUTCDay())
      const first = Date.UTC(date.getUTCFullYear(), 0, 1)
      expect(evaluate(`dayofyear(${seconds})`)).toBe(Math.floor((date.getTime() - first) / 86400000))
      expect(evaluate(`hour(${seconds})`)).toBe(seconds - (seconds % 3600))
      expect(evaluate(`parsetime(timefmt(${seconds}), "%Y-%m-%dT%H:%M:%SZ")`)).toBe(seconds)
    }
  })
})

describe('numbers', () => {
  test.each([
    [1 / 3, '0.333333333333'],
    [100000 * 1000000, '100000000000'],
    [2 ** 60, '1152921504606846976'],
    [1e22, '1e+22'],
    [0.1 + 0.2, '0.3'],
    [1e-7, '1e-07'],
    [0.0001234, '0.0001234'],
    [123456789012.5, '123456789012'],
    [123456789013.5, '123456789014'],
    [0.1234567890125, '0.123456789012'],
    [1234567890123.5, '1.23456789012e+12'],
    [-0, '0'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [-3.75, '-3.75'],
  ])('%s is shown as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  test.each([
    ['', 0],
    ['5.', 5],
    ['.5', 0.5],
    ['+5e2', 500],
    ['5 ', null],
    ['0b1', null],
    ['1e999', null],
    ['Infinity', Infinity],
    ['nan', NaN],
    ['\t-inf', -Infinity],
    [' ', null],
  ])('the text %j reads as %s', (text, value) => {
    expect(parseNumber(text)).toEqual(value)
  })
})

test('random expressions over numbers agree with a naive evaluation', () => {
  const random = seeded(7)
  const row = { a: 3, b: -2.5, c: 0, d: 10 }
  const operators: Record<string, (x: number, y: number) => number> = {
    '+': (x, y) => x + y,
    '-': (x, y) => x - y,
    '*': (x, y) => x * y,
    '/': (x, y) => (y === 0 ? NaN : x / y),
    '%': (x, y) =>
      Math.trunc(x) % Math.trunc(y) ||
      (Math.trunc(y) === 0 || Number.isNaN(x) || Number.isNaN(y) || Math.abs(x) === Infinity ? NaN : 0),
    '<': (x, y) => (x < y ? 1 : 0),
    '>=': (x, y) => (x < y ? 0 : 1),
    '==': (x, y) => (x === y ? 1 : 0),
    '&&': (x, y) => (x !== 0 && y !== 0 ? 1 : 0),
    '||': (x, y) => (x !== 0 || y !== 0 ? 1 : 0),
  }
  const make = (depth: number): { text: string; value: number } => {
    if (depth === 0 || random.below(4) === 0) {
      const name = random.pick(['a', 'b', 'c', 'd'] as const)
      if (random.below(2) === 0) return { text: `@${name}`, value: row[name] }
      const value = random.below(20) - 5
      return { text: String(value), value }
    }
    if (random.below(5) === 0) {
      const inner = make(depth - 1)
      return { text: `!(${inner.text})`, value: inner.value === 0 ? 1 : 0 }
    }
    const sign = random.pick(Object.keys(operators))
    const left = make(depth - 1)
    const right = make(depth - 1)
    return { text: `((${left.text}) ${sign} ${right.text})`, value: operators[sign]!(left.value, right.value) + 0 }
  }
  for (let i = 0; i < 2000 * ROUNDS; i++) {
    const { text, value } = make(4)
    // Zero has a sign that no row shows.
    expect([text, Number(evaluate(text, row)) + 0]).toEqual([text, value + 0])
  }
})
