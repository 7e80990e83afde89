import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  fitsValue,
  plainForms,
  plainly,
  projects,
  sameReply,
  sameThroughScript,
  sameUnblocked,
} from '../support/transcript/compare.ts'
import { type Comparison, parseCommand, parseReply, parseTranscript } from '../support/transcript/notation.ts'
import { decodeReply, printReply } from '../support/transcript/reply.ts'
import { suits } from '../support/transcript/replay.ts'
import { ErrorReply, PushReply, type ReplyValue, readReply, VerbatimString } from '../../core/resp/reader.ts'

const HERE = import.meta.dirname

/** The replies of the recordings, each as its line. */
function recordedReplies(): string[] {
  const names = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.txt'))
  return names.flatMap(name =>
    parseTranscript(readFileSync(join(HERE, name), 'utf8')).flatMap(one =>
      one.steps.flatMap(step => (step.kind === 'expect' ? [step.text] : [])),
    ),
  )
}

describe('the notation', () => {
  it('reads every recorded reply and prints it as it was', () => {
    const replies = recordedReplies()
    expect(replies.length).toBeGreaterThan(3000)
    expect(replies.map(text => printReply(parseReply(text)))).toEqual(replies)
  })

  it('reads commands with quotes of both kinds and bytes of every kind', () => {
    const words = parseCommand(`SET "a b\\x00\\n" 'c "d\\' é x"y z"w`).map(word => word.toString('latin1'))
    expect(words).toEqual(['SET', 'a b\0\n', 'c "d\\', '\xc3\xa9', 'xy zw'])
  })

  it('reads cases, directives, connections and comparisons', () => {
    const [one, two] = parseTranscript(
      `; about\n# one\n! resp3 sleep=20\n> GET k\n< unordered pairs ["a" :1]\nB>& BLPOP q 0\nB< silent\n# two\n! keep\n>raw "PI\\u0000"\n< match ^x y\n< any\n`,
    )
    expect(one).toMatchObject({ title: 'one', line: 2, resp3: true, keep: false })
    expect(one.steps.map(step => step.kind)).toEqual(['sleep', 'send', 'expect', 'send', 'silent'])
    expect(one.steps[2]).toMatchObject({ how: { unordered: true, pairs: true, approx: false }, line: 5 })
    expect(one.steps[3]).toMatchObject({ connection: 'B', text: 'BLPOP q 0' })
    expect(two).toMatchObject({ resp3: false, keep: true })
    expect(two.steps[0]).toMatchObject({ bytes: Buffer.from('PI\0') })
    expect(two.steps[1]).toMatchObject({ pattern: /^x y/ })
  })

  it.each(['> GET k', '# a\n! nonsense', '# a\nGET k', '# a\n< [:1', '# a\n< "x', '# a\n< :1 :2', '# a\n< what'])(
    'refuses %j',
    text => expect(() => parseTranscript(text)).toThrow(),
  )

  it('prints a reply as it stood on the wire', () => {
    const wire = '*7\r\n$-1\r\n*-1\r\n_\r\n+a b\r\n-E]\r\n,1.50\r\n%1\r\n$2\r\n\xff"\r\n=5\r\ntxt:x\r\n'
    const buf = Buffer.from(wire, 'latin1')
    expect(printReply(decodeReply(buf, 0, buf.length))).toBe(
      '[nil nil-array _ +"a b" -"E]" ,1.50 {"\\xff\\"" ="txt:x"}]',
    )
  })
})

const UNORDERED: Comparison = { unordered: true, pairs: false, approx: false }
const PAIRS: Comparison = { unordered: true, pairs: true, approx: false }
const APPROX: Comparison = { unordered: false, pairs: false, approx: true }

function same(want: string, got: string, how?: Comparison): boolean {
  return sameReply(parseReply(want), parseReply(got), how)
}

describe('an exact comparison', () => {
  it.each([
    ['+OK', '"OK"'],
    ['nil', 'nil-array'],
    ['nil', '_'],
    [':1', ',1'],
    [',1.5', ',1.50'],
    ['-ERR a', '-ERR b'],
    ['[:1 :2]', '[:2 :1]'],
    ['[:1 :2]', '[:1]'],
    ['[:1]', '[:1 :2]'],
    ['[:1]', '~[:1]'],
    ['{"a" :1}', '["a" :1]'],
    ['{"a" :1 "b" :2}', '{"a" :2 "b" :1}'],
    ['~["a" "b"]', '~["a" "a"]'],
    ['="txt:a"', '="mkd:a"'],
  ])('tells %s from %s', (want, got) => {
    expect(same(want, got)).toBe(false)
    expect(same(want, want)).toBe(true)
  })

  it('gives maps and sets no order, and lists none where the recording says so', () => {
    expect(same('{"a" :1 "b" :2}', '{"b" :2 "a" :1}')).toBe(true)
    expect(same('~["a" "b"]', '~["b" "a"]')).toBe(true)
    expect(same('[["a" "b"] "c"]', '["c" ["b" "a"]]', UNORDERED)).toBe(true)
    expect(same('["a" "a" "b"]', '["a" "b" "b"]', UNORDERED)).toBe(false)
    expect(same('["a" "1" "b" "2"]', '["b" "2" "a" "1"]', PAIRS)).toBe(true)
    expect(same('["a" "1" "b" "2"]', '["b" "1" "a" "2"]', PAIRS)).toBe(false)
  })

  it('lets numbers differ by a millionth where the recording says so', () => {
    expect(same('"100"', '"100.00005"', APPROX)).toBe(true)
    expect(same('"100"', '"100.001"', APPROX)).toBe(false)
    expect(same('"x"', '"y"', APPROX)).toBe(false)
    expect(same('[,inf]', '[,-inf]', APPROX)).toBe(false)
  })
})

function projected(want: string, got: string, how?: Comparison): boolean {
  return projects(parseReply(want), parseReply(got), how)
}

describe('the comparison of blocking commands in a transaction', () => {
  it('takes a null for the null array of a time that is up, and nothing else', () => {
    const agree = (want: string, got: string) => sameUnblocked(parseReply(want), parseReply(got))
    expect(agree('nil-array', 'nil')).toBe(true)
    expect(agree('nil-array', 'nil-array')).toBe(true)
    expect(agree('nil', 'nil-array')).toBe(false)
    expect(agree('nil-array', '[]')).toBe(false)
    expect(agree('["q" "a"]', 'nil')).toBe(false)
  })
})

describe('the comparison of what went through a script', () => {
  it('takes one null for the other and doubles for integers, and nothing else', () => {
    const agree = (want: string, got: string) => sameThroughScript(parseReply(want), parseReply(got))
    expect(agree('[:1 nil-array ["x" nil]]', '[:1 nil ["x" nil]]')).toBe(true)
    expect(agree(':9007199254740993', ':9007199254740992')).toBe(true)
    expect(agree(':9223372036854775807', ':-9223372036854775808')).toBe(true)
    expect(agree(':3', ':4')).toBe(false)
    expect(agree('nil', 'nil-array')).toBe(false)
    expect(agree('nil', '[]')).toBe(false)
    expect(agree('["x" nil]', '["x"]')).toBe(false)
    expect(agree('+OK', '"OK"')).toBe(false)
    expect(agree('-ERR a', '-ERR b')).toBe(false)
  })
})

describe('the projection to RESP3', () => {
  it.each([
    ['nil', '_'],
    ['nil-array', '_'],
    ['"1.5"', ',1.5'],
    ['+1E-1', ',0.1'],
    [':1', '#t'],
    [':0', '#f'],
    [':-1', '#f'],
    ['[:3]', '{+items :3}'],
    ['["a" "1" "b" "2"]', '{"b" "2" "a" "1"}'],
    ['[["s" [["1-1" ["f" "v"]]]]]', '{"s" [["1-1" ["f" "v"]]]}'],
    ['["a" "1" "b" "2.5"]', '[["a" ,1] ["b" ,2.5]]'],
    ['["x" "y"]', '~["y" "x"]'],
    ['["message" "c" "m"]', '>["message" "c" "m"]'],
    ['"text"', '="txt:text"'],
    ['[]', '{}'],
    ['-ERR x', '-ERR x'],
  ])('takes for %s what became %s', (want, got) => {
    expect(projected(want, got)).toBe(true)
  })

  it.each([
    ['"x"', '_'],
    ['[]', '_'],
    ['nil', '"x"'],
    ['nil', '[]'],
    ['"1.5"', ',1.50'],
    ['"1.5"', ',1.6'],
    [':1', ',1'],
    ['+OK', '"OK"'],
    ['"OK"', '+OK'],
    [':1', '#f'],
    [':2', '#t'],
    [':-1', '#t'],
    [':-2', '#f'],
    ['[:3]', '{+items :4}'],
    ['[:3 :4]', '{+items :4}'],
    ['"1"', '#t'],
    ['["a" "1" "b" "2"]', '{"a" "2" "b" "1"}'],
    ['["a" "1" "b" "2"]', '{"a" "1"}'],
    ['["a" "1" "b" "2"]', '[["a" "1"] ["b" "3"]]'],
    ['["a" "1" "b" "2"]', '[["b" "2"] ["a" "1"]]'],
    ['["x" "y"]', '["y" "x"]'],
    ['["x" "y"]', '~["x" "z"]'],
    ['["x" "y"]', '~["x"]'],
    ['"text"', '="txt:test"'],
    ['-ERR x', '-ERR y'],
    ['"ERR x"', '-ERR x'],
    [':1', ':2'],
  ])('does not take for %s what is %s', (want, got) => {
    expect(projected(want, got)).toBe(false)
  })

  it('says plainly what patterns are held against', () => {
    const plain = plainly(parseReply('{"a" ,1.5 "b" [#t _ ~["c" (12 ="txt:d"]]}'))
    expect(printReply(plain)).toBe('["a" "1.5" "b" [:1 nil ["c" "12" "d"]]]')
  })

  it('also says a single figure without its name', () => {
    const forms = (text: string): string[] => plainForms(parseReply(text)).map(reply => printReply(reply))
    expect(forms('{+Size :240}')).toEqual(['[+Size :240]', '[:240]'])
    expect(forms('{+Size :240 +Items :3}')).toEqual(['[+Size :240 +Items :3]'])
    expect(forms('[+Size :240]')).toEqual(['[+Size :240]'])
  })

  it('keeps to the comparison of the recording', () => {
    expect(projected('["a" "b"]', '["b" "a"]', UNORDERED)).toBe(true)
    expect(projected('["a" "1" "b" "2"]', '[["b" ,2] ["a" ,1]]', PAIRS)).toBe(true)
    expect(projected('["a" "1" "b" "2"]', '[["b" ,1] ["a" ,2]]', PAIRS)).toBe(false)
    expect(projected('"0.1"', ',0.1000000001', APPROX)).toBe(true)
    expect(projected('"0.1"', ',0.1000000001')).toBe(false)
  })
})

const VALUES: readonly [string, ReplyValue][] = [
  ['nil', null],
  ['nil-array', null],
  ['+OK', 'OK'],
  ['"\\xc3\\xa9"', 'é'],
  ['"\\xff"', Buffer.from([0xff])],
  [':12', 12],
  [':9223372036854775807', 9223372036854775807n],
  ['"1.5"', 1.5],
  ['"1e+20"', 1e20],
  ['"inf"', Number.POSITIVE_INFINITY],
  ['"nan"', Number.NaN],
  [':1', true],
  [':-1', false],
  ['[:3]', { items: 3 }],
  ['-ERR no', new ErrorReply('ERR no')],
  [
    '["a" "1" "b" "2"]',
    new Map([
      ['b', '2'],
      ['a', '1'],
    ]),
  ],
  ['["a" "1" "b" "2"]', { b: '2', a: '1' }],
  [
    '["a" "1" "b" "2"]',
    [
      ['a', 1],
      ['b', 2],
    ],
  ],
  ['["x" "y"]', new Set(['y', 'x'])],
  ['["message" "c"]', new PushReply(['message', 'c'])],
  ['"text"', new VerbatimString('txt', 'text')],
]
const OTHERS: readonly [string, ReplyValue][] = [
  ['nil', 0],
  ['nil', ''],
  ['"x"', null],
  ['+OK', 'ok'],
  [':12', '12'],
  [':12', 12.5],
  [':12', 13n],
  ['"1.5"', 1.6],
  ['"nan"', 1],
  [':0', true],
  [':-1', true],
  ['[:3]', { items: 4 }],
  ['-ERR no', 'ERR no'],
  ['-ERR no', new ErrorReply('ERR yes')],
  ['-1', -1],
  ['"ERR no"', new ErrorReply('ERR no')],
  ['["a" "1"]', new Map([['a', '2']])],
  ['["a" "1"]', { b: '1' }],
  [
    '["a" "1" "b" "2"]',
    [
      ['b', 2],
      ['a', 1],
    ],
  ],
  ['["x"]', new Set(['x', 'y'])],
  ['"x"', ['x']],
  ['"text"', new VerbatimString('txt', 'test')],
]

describe('the projection to values', () => {
  it.each(VALUES)('takes for %s the value %o', (want, value) => {
    expect(fitsValue(parseReply(want), value)).toBe(true)
  })

  it.each(OTHERS)('does not take for %s the value %o', (want, value) => {
    expect(fitsValue(parseReply(want), value)).toBe(false)
  })

  it('takes every recorded RESP2 reply for the value that our reader makes of it', () => {
    for (const text of recordedReplies().filter(line => !/(^|[ [{])([~>{_,#(=]|\+"|-")/.test(line))) {
      const reply = parseReply(text)
      const wire = wireOf(reply)
      expect([text, fitsValue(reply, readReply(wire, 0, wire.length, { strings: 'buffer' }))]).toEqual([text, true])
    }
  })
})

/** A RESP2 reply's bytes. */
function wireOf(reply: ReturnType<typeof parseReply>): Buffer {
  if ('items' in reply) return Buffer.concat([Buffer.from(`*${reply.items.length}\r\n`), ...reply.items.map(wireOf)])
  if (!('text' in reply)) return Buffer.from(reply.kind === 'nil' ? '$-1\r\n' : '*-1\r\n')
  if (reply.kind !== '$') return Buffer.from(`${reply.kind}${reply.text}\r\n`, 'latin1')
  return Buffer.from(`$${reply.text.length}\r\n${reply.text}\r\n`, 'latin1')
}

describe('the choice of modes', () => {
  const [plain, stateful, transaction, pubsub, pipelined, resp3] = parseTranscript(`# plain
> SET k v
< +OK
# stateful
> SELECT 1
< +OK
# transaction
> MULTI
< +OK
# pubsub
> SUBSCRIBE c
< ["subscribe" "c" :1]
# pipelined
>& BLPOP q 0
B> LPUSH q a
B< :1
< ["q" "a"]
# resp3
! resp3
> GET k
< _
`)

  it('runs a case only where the mode changes nothing else', () => {
    const modes = ['exact', 'resp3', 'inMulti', 'inProcess'] as const
    const chosen = [plain, stateful, transaction, pubsub, pipelined, resp3].map(one =>
      modes.filter(mode => suits(mode, one)),
    )
    expect(chosen).toEqual([
      ['exact', 'resp3', 'inMulti', 'inProcess'],
      ['exact', 'resp3', 'inMulti'],
      ['exact', 'resp3'],
      ['exact'],
      ['exact', 'resp3'],
      ['exact'],
    ])
  })
})
