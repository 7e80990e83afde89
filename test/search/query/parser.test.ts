import { describe, expect, it } from 'vitest'
import { explain } from '../../../modules/search/query/explain.ts'
import { resolveParameters } from '../../../modules/search/query/parameters.ts'
import { type ParseContext, parseQuery } from '../../../modules/search/query/parser.ts'
import { DEFAULT_STOP_WORDS } from '../../../modules/search/text/stop-words.ts'
import { lowered } from '../../../modules/search/text/lower.ts'
import { seeded } from '../support/random.ts'

const TEXT_FIELDS = ['title', 'body', 'a', 'b']
const FIELDS = [...TEXT_FIELDS, 't', 'n', 'price', 'depot', 'vec', 'brand']

function context(dialect: number, parameters: Record<string, string> = {}): ParseContext {
  return {
    dialect,
    isStopWord: word => {
      const lower = lowered(word)
      return DEFAULT_STOP_WORDS.has(lower, 0, lower.length)
    },
    fieldBit: name => {
      const bit = TEXT_FIELDS.indexOf(name.toString())
      return bit < 0 ? 0n : 1n << BigInt(bit)
    },
    hasField: name => FIELDS.includes(name.toString()),
    parameters: new Map(Object.entries(parameters).map(([name, value]) => [name, Buffer.from(value)])),
  }
}

/** The tree on one line, or the error. */
function parse(query: string, dialect = 2, parameters: Record<string, string> = {}): string {
  const parsed = parseQuery(Buffer.from(query), context(dialect, parameters))
  if ('error' in parsed) return `! ${parsed.error}`
  const error = parsed.root === null ? null : resolveParameters(parsed.root, context(dialect, parameters).parameters)
  if (error !== null) return `! ${error}`
  return explain(parsed.root, TEXT_FIELDS).replaceAll(/\n */g, ' ').replaceAll('INTERSECT', 'AND').trim()
}

describe('queries', () => {
  it.each([
    ['', '<empty>'],
    ['  ', '<empty>'],
    ['the', '<empty>'],
    ['*', '<WILDCARD>'],
    [' * ', '<WILDCARD>'],
    ['(*)', '<WILDCARD>'],
    ['old bridge', 'AND { old bridge }'],
    ['the old bridge', 'AND { old bridge }'],
    ['Old BRIDGE', 'AND { old bridge }'],
    ['a1|b1|c1', 'UNION { a1 b1 c1 }'],
    ['red blue | green', 'UNION { AND { red blue } green }'],
    ['red (blue | green)', 'AND { red UNION { blue green } }'],
    ['-red blue', 'AND { NOT{ red } blue }'],
    ['-(-red)', 'NOT{ NOT{ red } }'],
    ['tea ~green', 'AND { tea OPTIONAL{ green } }'],
    ['-the', '<empty>'],
    ['"Old the town"', 'EXACT { old the town }'],
    ['"north-west"', 'EXACT { north west }'],
    ['north-west', 'AND { north NOT{ west } }'],
    ["don't", 'AND { don t }'],
    ['hello\\-world', 'hello-world'],
    ['@title:red blue', 'AND { @title:red blue }'],
    ['@title:(red blue)', '@title:AND { @title:red @title:blue }'],
    ['@title|body:red', '@title|body:red'],
    ['@title:red -@body:blue', 'AND { @title:red NOT{ @body:blue } }'],
    ['@nosuch:x', '@NULL:x'],
    ['@title:("old town"|new)', '@title:UNION { @title:EXACT { @title:old @title:town } @title:new }'],
    ['bak* *ing *ook*', 'AND { PREFIX{bak*} SUFFIX{*ing} INFIX{*ook*} }'],
    ['%bridge% %%town%%', 'AND { FUZZY{bridge} FUZZY{town} }'],
    ["w'b?e*d'", 'WILDCARD{b?e*d}'],
    ['1.5 66 -7', 'AND { 1.5 66 -7 }'],
    ['@n:[1 (5.5]', 'NUMERIC {1.000000 <= @n < 5.500000}'],
    ['@n:[-inf +inf]', 'NUMERIC {-inf <= @n <= inf}'],
    ['@n:[1,5]', 'NUMERIC {1.000000 <= @n <= 5.000000}'],
    ['@n:[-5 --5]', 'NUMERIC {-5.000000 <= @n <= 5.000000}'],
    ['@n:[54]', 'NUMERIC {54.000000 <= @n <= 54.000000}'],
    ['@n>=5 @n<7', 'AND { NUMERIC {5.000000 <= @n <= inf} NUMERIC {-inf <= @n < 7.000000} }'],
    ['@n!=5', 'NOT{ NUMERIC {5.000000 <= @n <= 5.000000} }'],
    ['@n == 5 | x1', 'UNION { NUMERIC {5.000000 <= @n <= 5.000000} x1 }'],
    ['@depot:[2.35 48.85 10 km]', 'GEO depot:{2.350000,48.850000 --> 10.000000 km}'],
    ["@t:{Red | new york | fl* | w'x?'}", 'TAG:@t { Red AND { new york } PREFIX{fl*} WILDCARD{x?} }'],
    ['@t:{"ab-12" | c\\+\\+}', 'TAG:@t { ab-12 c++ }'],
    ['@t:{the}', 'TAG:@t { the }'],
    ['@t:{a} | red', 'UNION { TAG:@t { a } red }'],
    ['ismissing(@t) | ismissing', 'UNION { ISMISSING{t} ! }'],
    ['as old as time', 'AND { old time }'],
    [
      '(red blue)=>{$slop: 2; $inorder: true; $weight: 3}',
      'AND { red blue } => { $weight: 3; $slop: 2; $inorder: true; }',
    ],
    ['red blue=>{$weight: 3}', 'AND { red blue => {$weight: 3;} }'],
    ['*=>[KNN 3 @vec $q]', '! No such parameter `q`'],
  ])('%s', (query, tree) => {
    if (query === 'ismissing(@t) | ismissing') expect(parse(query)).toMatch(/^! Syntax error at offset 16/)
    else expect(parse(query)).toBe(tree)
  })

  it.each([
    ['-red blue', 'NOT{ AND { red blue } }'],
    ['-(red blue) old', 'NOT{ AND { red blue old } }'],
    ['@title:red blue', '@title:AND { @title:red @title:blue }'],
    ['@title:red | blue', '@title:UNION { @title:red @title:blue }'],
    ['@title:red @body:blue', 'AND { @title:red @body:blue }'],
    ['red blue | green', 'UNION { AND { red blue } green }'],
    ['(red) (blue) | green', 'AND { red UNION { blue green } }'],
    ['the and of', '<empty>'],
    ['"old the town"', '! Syntax error at offset 5 near the'],
    ['"old town the hall"', 'EXACT { old town hall }'],
    ['"town"', 'town'],
    ["w'b?ead'", 'AND { w b ead }'],
    ['@t:{x', 'TAG:@t { x }'],
    ['@t:{x}}', 'TAG:@t { x }'],
    ['@t:{ab-12}', 'TAG:@t { AND { ab -12 } }'],
    ['@nosuch:{x} red', 'red'],
    ['@nosuch:[1 2] red', 'red'],
    ['%the%', 'FUZZY{the}'],
  ])('%s in dialect 1', (query, tree) => {
    expect(parse(query, 1)).toBe(tree)
  })

  it('take parameters anywhere', () => {
    const values = { w: 'Bridge', lo: '3', hi: '5', p: 'bak', u: 'KM', t: 'Red' }
    expect(parse('$w', 2, values)).toBe('bridge')
    expect(parse('@title:($w|$p*) *$p *$p* %$w%', 2, values)).toBe(
      '@title:AND { @title:UNION { @title:bridge @title:PREFIX{bak*} } @title:SUFFIX{*bak} @title:INFIX{*bak*} @title:FUZZY{bridge} }',
    )
    expect(parse("w'$p'", 2, values)).toBe('WILDCARD{bak}')
    expect(parse('w$p', 2, values)).toBe('AND { w bak }')
    expect(parse('@n:[$lo ($hi]', 2, values)).toBe('NUMERIC {3.000000 <= @n < 5.000000}')
    expect(parse('@n:[-$lo $lo]', 2, values)).toBe('NUMERIC {-3.000000 <= @n <= 3.000000}')
    expect(parse('@n>=$lo', 2, values)).toBe('NUMERIC {3.000000 <= @n <= inf}')
    expect(parse('@t:{$t}', 2, values)).toBe('TAG:@t { Red }')
    expect(parse('@depot:[$lo $lo $hi $u]', 2, values)).toBe('GEO depot:{3.000000,3.000000 --> 5.000000 km}')
    expect(parse('(red)=>{$weight: $hi}', 2, values)).toBe('red => {$weight: 5;}')
    expect(parse('@n:[$w 5]', 2, values)).toBe('! Bad lower range: Bridge')
    expect(parse('@n:[5 $w]', 2, values)).toBe('! Bad upper range: Bridge')
    expect(parse('$nope', 2, values)).toBe('! No such parameter `nope`')
  })

  it('hold vector clauses', () => {
    const values = { q: 'xx', r: '0.5', k: '7' }
    const where = 'in vector index associated with field @vec'
    expect(parse('*=>[KNN 3 @vec $q]', 2, values)).toBe(
      `VECTOR {K=3 nearest vectors to \`$q\` ${where}, yields distance as \`__vec_score\`}`,
    )
    expect(parse('@t:{a}=>[knn $k @vec $q EF_RUNTIME 20 AS d]', 2, values)).toBe(
      `VECTOR { TAG:@t { a } } => {K=7 nearest vectors to \`$q\` ${where}, EF_RUNTIME = 20, yields distance as \`d\`}`,
    )
    expect(parse('@vec:[VECTOR_RANGE $r $q]', 2, values)).toMatch(/^VECTOR \{Vectors that are within 0.5 /)
    expect(parse('@vec:[VECTOR_RANGE 0.5 $q]=>{$yield_distance_as: d; $epsilon: 0.1}', 2, values)).toMatch(/as `d`\}/)
    expect(parse('*=>[KNN -2 @vec $q]', 2, values)).toBe('! Syntax error at offset 8 near -2')
    expect(parse('*=>[KNN 2 @vec $q] | red', 2, values)).toBe('! Syntax error at offset 19 near q')
    expect(parse('*=>[KNN 2 @vec $q]', 1, values)).toBe('! Syntax error at offset 1 near >[')
    expect(parse('@vec:[VECTOR_RANGE far $q]', 2, values)).toBe('! Syntax error at offset 19 near far')
    expect(parse('red blue=>[KNN 2 @vec $q]', 2, values)).toMatch(/^! Syntax error at offset 10/)
    expect(parse('(red blue)=>[KNN 2 @vec $q]=>{$yield_distance_as: d}', 2, values)).toMatch(/as `d`/)
  })

  it.each([
    ['(bridge', 1, 'Syntax error at offset 1 near bridge'],
    ['bridge)', 1, 'Syntax error at offset 6 near bridge'],
    ['@title:', 1, 'Syntax error at offset 6 near title'],
    ['"bridge', 1, 'Syntax error at offset 1 near bridge'],
    ['bridge |', 2, 'Syntax error at offset 7 near bridge'],
    ['@day:[1', 1, 'Syntax error at offset 6 near 1'],
    ['bridge =>', 1, 'Syntax error at offset 7 near >'],
    ['%%%%bridge%%%%', 1, 'Syntax error at offset 3 near '],
    ['"will not"', 1, 'Syntax error at offset 1 near will'],
    ['"north-west"', 1, 'Syntax error at offset 6 near north'],
    ['@a:(lamp | @b:lamp)', 2, 'Syntax error at offset 11 near b'],
    ['@a|b:(@a:lamp)', 2, 'Syntax error at offset 6 near a'],
    ['@a|b:{x}', 2, 'Syntax error at offset 5 near b'],
    ['@price>=420', 1, 'Syntax error at offset 8 near 420'],
    ['@price:[a b]', 2, 'Syntax error at offset 10 near b'],
    ['@price:[]', 2, 'Syntax error at offset 8 near price'],
    ['@price:[1 2 3]', 2, 'Syntax error at offset 13 near 3'],
    ['@price:[1 2', 2, 'Syntax error at offset 10 near 2'],
    ['@depot:[2.35 48.85 10]', 2, 'Syntax error at offset 21 near 10'],
    ['@brand:{}', 2, 'Syntax error at offset 8 near brand'],
    ['@brand:{a|}', 2, 'Syntax error at offset 10 near a'],
    ['@brand:{a}}', 2, 'Syntax error at offset 10 near a'],
    ['@brand:{a', 2, 'Syntax error at offset 8 near a'],
    ['$w', 1, 'Syntax error at offset 0 near w'],
    ['(alpha) => {slop: 1}', 1, 'Syntax error at offset 12 near slop'],
    ['(alpha) => {$colour: 3}', 1, 'Invalid attribute colour'],
    ['(alpha) => {$slop: many}', 1, 'Invalid value (many) for `slop`'],
    ['(alpha) => {$weight: -1}', 1, 'Invalid value (-1) for `weight`'],
    ['(alpha) => {$inorder: maybe}', 1, 'Invalid value (maybe) for `inorder`'],
  ])('%s in dialect %i is refused', (query, dialect, error) => {
    expect(parse(query, dialect)).toBe(`! ${error}`)
  })

  it('nest only so deep', () => {
    const nested = (n: number) => '('.repeat(n) + 'x' + ')'.repeat(n)
    expect(parse(nested(200))).toBe('x')
    expect(parse(nested(1000))).toBe('! Parser stack overflow. Try moving nested parentheses more to the left')
    expect(parse('-'.repeat(1000) + 'x')).toBe(
      '! Parser stack overflow. Try moving nested parentheses more to the left',
    )
    expect(parse(Array.from({ length: 10_000 }, (_, i) => 'w' + i).join(' ')).length).toBeGreaterThan(50_000)
  })

  it('of any bytes are parsed or refused', () => {
    const random = seeded(11)
    const pieces = [
      '(',
      ')',
      '@',
      ':',
      '{',
      '}',
      '[',
      ']',
      '|',
      '-',
      '~',
      '*',
      '%',
      '"',
      "'",
      '$',
      '=>',
      '>',
      '=',
      '!',
      ';',
    ]
    const words = [
      'a',
      'title',
      'n',
      '5',
      '1.5',
      'inf',
      'the',
      'KNN',
      'as',
      "w'",
      '\\',
      '\xff',
      ' ',
      ' ',
      '@title:',
      '@n:[',
      '@t:{',
    ]
    for (let i = 0; i < 20_000; i++) {
      let query = ''
      for (let n = 1 + random.below(12); n > 0; n--) query += random.pick(random.next() < 0.5 ? pieces : words)
      for (const dialect of [1, 2]) expect(typeof parse(query, dialect)).toBe('string')
    }
  })
})
