import { describe, expect, it } from 'vitest'
import { defaultRequestLimits, PARSE, RequestFrame, RequestParser } from '../../core/resp/request.ts'
import { Random } from '../support/random.ts'

type Outcome = string[] | string

/** Everything a stream of bytes says when it arrives in pieces cut at `cuts`: the commands, then the fault if any. */
function outcomes(bytes: Buffer, cuts: readonly number[], unauthenticated = false): Outcome[] {
  const parser = new RequestParser(defaultRequestLimits())
  parser.unauthenticated = unauthenticated
  const frame = new RequestFrame()
  const found: Outcome[] = []
  let start = 0
  for (const end of [...cuts, bytes.length]) {
    // The request lies at another place of another buffer each time, with strange bytes around it.
    const before = (end * 7) % 13
    const buf = Buffer.alloc(before + (end - start) + 9, '$')
    bytes.copy(buf, before, start, end)
    let at = before
    for (;;) {
      const outcome = parser.parse(buf, at, before + end - start, frame)
      if (outcome === PARSE.incomplete) {
        expect(parser.needed).toBeGreaterThan(0)
        break
      }
      if (outcome === PARSE.error) return [...found, parser.errorText ?? '']
      if (outcome === PARSE.command) found.push(args(frame))
      at = parser.position
    }
    start += at - before
  }
  return found
}

function args(frame: RequestFrame): string[] {
  return Array.from({ length: frame.argc }, (_, i) => frame.buf.latin1Slice(frame.starts[i], frame.ends[i]))
}

function parsed(text: string, unauthenticated = false): Outcome[] {
  const bytes = Buffer.from(text, 'latin1')
  const whole = outcomes(bytes, [], unauthenticated)
  const step = bytes.length > 1000 ? 977 : 1
  const cuts = Array.from({ length: Math.floor(bytes.length / step) }, (_, i) => i * step)
  const dripped = outcomes(bytes, cuts, unauthenticated)
  expect(dripped).toEqual(whole)
  return whole
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n` + words.map(word => `$${word.length}\r\n${word}\r\n`).join('')
}

describe('requests as arrays', () => {
  it('finds the arguments of commands sent one after the other', () => {
    expect(parsed(encode(['SET', 'k', 'v']) + encode(['GET', 'k']))).toEqual([
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ])
  })

  it('keeps any byte inside an argument, and empty arguments', () => {
    expect(parsed(encode(['', '\r\n\0\xff', '$3\r\n']))).toEqual([['', '\r\n\0\xff', '$3\r\n']])
  })

  it('skips empty and negative arrays', () => {
    expect(parsed('*0\r\n*-1\r\n*-100\r\n*-9223372036854775808\r\n' + encode(['PING']))).toEqual([['PING']])
  })

  it.each(['*abc', '*', '*01', '*+1', '*-0', '* 1', '*1 ', '*2147483648', '*-9223372036854775809', '*1.5', '*-'])(
    'refuses the array length %s',
    header => expect(parsed(header + '\r\n')).toEqual(['Protocol error: invalid multibulk length']),
  )

  it.each(['$abc', '$', '$04', '$-1', '$+1', '$536870913', '$1x', '$99999999999999999999'])(
    'refuses the bulk length %s',
    header => expect(parsed('*2\r\n$3\r\nGET\r\n' + header + '\r\n')).toEqual(['Protocol error: invalid bulk length']),
  )

  it('names the byte that stands where a bulk string should, line ends as blanks', () => {
    expect(parsed('*1\r\n:5\r\n')).toEqual(["Protocol error: expected '$', got ':'"])
    expect(parsed('*1\r\n\x01\r\n')).toEqual(["Protocol error: expected '$', got '\x01'"])
    expect(parsed('*1\r\n\r\n')).toEqual(["Protocol error: expected '$', got ' '"])
  })

  it('serves the commands before a fault', () => {
    expect(parsed(encode(['PING']) + encode(['SET', 'a', '1']) + '*x\r\n')).toEqual([
      ['PING'],
      ['SET', 'a', '1'],
      'Protocol error: invalid multibulk length',
    ])
  })

  it('waits for arguments that are announced by the thousand million, taking no memory for them', () => {
    const limits = defaultRequestLimits()
    const parser = new RequestParser(limits)
    const frame = new RequestFrame()
    const buf = Buffer.from('*2147483647\r\n$4\r\nPING\r\n')
    expect(parser.parse(buf, 0, buf.length, frame)).toBe(PARSE.incomplete)
    expect(parser.needed).toBe(1)
    expect(frame.starts.length).toBeLessThan(100)
  })

  it('says how many bytes of a long argument are missing', () => {
    const parser = new RequestParser(defaultRequestLimits())
    const buf = Buffer.from('*2\r\n$3\r\nGET\r\n$500000000\r\nabc')
    expect(parser.parse(buf, 0, buf.length, new RequestFrame())).toBe(PARSE.incomplete)
    expect(parser.needed).toBe(500_000_000 - 3 + 2)
    expect(parser.midRequest).toBe(true)
  })

  it('refuses a length line without an end', () => {
    const digits = '1'.repeat(65536)
    expect(parsed('*' + digits)).toEqual(['Protocol error: too big mbulk count string'])
    expect(parsed('*1\r\n$' + digits)).toEqual(['Protocol error: too big bulk count string'])
    expect(parsed('*' + digits.slice(1))).toEqual([])
  })

  it('never lets one request reach 2 GB, whatever the configured length', () => {
    const limits = { ...defaultRequestLimits(), bulkLengthMax: 2 ** 40 }
    const parser = new RequestParser(limits)
    const buf = Buffer.from('*2\r\n$3\r\nGET\r\n$2147483647\r\n')
    expect(parser.parse(buf, 0, buf.length, new RequestFrame())).toBe(PARSE.error)
    expect(parser.errorText).toBe('Protocol error: invalid bulk length')
  })

  it('obeys a limit that changes between two requests', () => {
    const limits = defaultRequestLimits()
    const parser = new RequestParser(limits)
    const frame = new RequestFrame()
    const buf = Buffer.from(encode(['ECHO', 'x'.repeat(100)]))
    expect(parser.parse(buf, 0, buf.length, frame)).toBe(PARSE.command)
    limits.bulkLengthMax = 99
    expect(parser.parse(buf, 0, buf.length, frame)).toBe(PARSE.error)
  })

  it('gives back the room of a long command', () => {
    const parser = new RequestParser(defaultRequestLimits())
    const frame = new RequestFrame()
    const long = Buffer.from(encode(Array.from({ length: 30_000 }, () => 'x')))
    expect(parser.parse(long, 0, long.length, frame)).toBe(PARSE.command)
    expect(frame.argc).toBe(30_000)
    const short = Buffer.from(encode(['PING']))
    expect(parser.parse(short, 0, short.length, frame)).toBe(PARSE.command)
    expect(frame.starts.length).toBeLessThan(100)
  })

  it('looks at no byte twice when 100,000 arguments arrive in small pieces', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `argument-${i}`)
    const bytes = Buffer.from(encode(words))
    const parser = new RequestParser(defaultRequestLimits())
    const frame = new RequestFrame()
    let reads = 0
    const counted = new Proxy(bytes, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    let outcome: number = PARSE.incomplete
    for (let end = 1460; outcome === PARSE.incomplete; end += 1460)
      outcome = parser.parse(counted, 0, Math.min(end, bytes.length), frame)
    expect(outcome).toBe(PARSE.command)
    frame.buf = bytes
    expect(args(frame)).toEqual(words)
    expect(reads).toBeLessThan(bytes.length * 2)
  })
})

describe('requests before authentication', () => {
  it('may have ten arguments and no more', () => {
    const ten = Array.from({ length: 10 }, () => 'x')
    expect(parsed(encode(ten), true)).toEqual([ten])
    expect(parsed('*11\r\n', true)).toEqual(['Protocol error: unauthenticated multibulk length'])
  })

  it('may have arguments of 16384 bytes and no longer', () => {
    const long = 'x'.repeat(16384)
    expect(parsed(encode(['AUTH', long]), true)).toEqual([['AUTH', long]])
    expect(parsed('*1\r\n$16385\r\n', true)).toEqual(['Protocol error: unauthenticated bulk length'])
  })
})

describe('requests as lines', () => {
  it('splits at blanks and skips empty lines', () => {
    expect(parsed('PING\r\n  GET \t k  \r\n\r\n\n \r\nget k\n')).toEqual([['PING'], ['GET', 'k'], ['get', 'k']])
  })

  it('takes off quotes and resolves escapes', () => {
    expect(parsed('SET k "a b"\r\n')).toEqual([['SET', 'k', 'a b']])
    expect(parsed('SET "\\x41\\n\\t\\r\\a\\b\\\\\\"z\\q\\xZZ\\x4"\r\n')).toEqual([['SET', 'A\n\t\r\x07\b\\"zqxZZx4']])
    expect(parsed("SET 'single \\' \\n quoted' \"\" ''\r\n")).toEqual([['SET', "single ' \\n quoted", '', '']])
    expect(parsed('ab"c d"\r\n')).toEqual([['abc d']])
    expect(parsed('"\\xff\\x00"\r\n')).toEqual([['\xff\0']])
  })

  it('keeps vertical tabs and form feeds inside a word and drops them before one', () => {
    expect(parsed('\v\fa\vb "c"\vd\r\n')).toEqual([['a\vb', 'c', 'd']])
    expect(parsed('a\vb\r\n')).toEqual([['a\vb']])
  })

  it.each(['SET k "open', 'SET k "a"b', "ECHO 'abc", 'ECHO ab"c', 'ECHO "abc\\', 'ECHO "abc\\"'])(
    'refuses the quotes of %s',
    line => expect(parsed(line + '\r\n')).toEqual(['Protocol error: unbalanced quotes in request']),
  )

  it('refuses a line without an end', () => {
    expect(parsed('x'.repeat(65537))).toEqual(['Protocol error: too big inline request'])
    expect(parsed('x'.repeat(65536))).toEqual([])
    expect(parsed('x'.repeat(65536) + '\n')).toEqual([['x'.repeat(65536)]])
  })

  it('finds no line end behind a NUL, as the real server does not', () => {
    expect(parsed('PING\0\r\nPING\r\n')).toEqual([])
    expect(parsed('PING\0\r\n' + 'x'.repeat(65536))).toEqual(['Protocol error: too big inline request'])
  })

  it('reads an HTTP request as the words it is made of', () => {
    expect(parsed('POST / HTTP/1.1\r\nHost: x\r\n')).toEqual([
      ['POST', '/', 'HTTP/1.1'],
      ['Host:', 'x'],
    ])
  })
})

/** A stream of commands, empty frames and garbage, as bytes one to a character. */
function randomStream(random: Random): string {
  const parts: string[] = []
  for (let n = random.below(6); n >= 0; n--) {
    if (random.oneIn(3)) parts.push(randomLine(random))
    else {
      const count = random.oneIn(10) ? random.below(60) : 1 + random.below(5)
      parts.push(encode(Array.from({ length: count }, () => random.bytes(random.below(40)).latin1Slice())))
    }
    if (random.oneIn(8)) parts.push(random.pick(['*0\r\n', '*-1\r\n', '\r\n', '*01\r\n', '$3\r\n', '*1\r\n$-1\r\n']))
  }
  const whole = parts.join('')
  if (!random.oneIn(4)) return whole
  const at = random.below(whole.length)
  return (
    whole.slice(0, at) + random.pick(['', '\r', '\n', '"', '*', '$', '\0', '9']) + whole.slice(at + random.below(3))
  )
}

function randomLine(random: Random): string {
  let line = ''
  for (let n = random.below(20); n >= 0; n--)
    line += random.pick(['a', 'B', ' ', '"', "'", '\\', 'x41', '\t', '\\"', "\\'", ' "w w" ', '\v', '\xe9', '"" '])
  return line + random.pick(['\r\n', '\n'])
}

describe('any stream', () => {
  it('gives the same commands and faults however it is cut', () => {
    const rounds = process.env['REDSTRATA_TEST'] === 'long' ? 200_000 : 3_000
    const random = new Random(20)
    for (let round = 0; round < rounds; round++) {
      const bytes = Buffer.from(randomStream(random), 'latin1')
      const unauthenticated = random.oneIn(5)
      const cuts = Array.from({ length: random.below(12) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
      expect(outcomes(bytes, cuts, unauthenticated)).toEqual(outcomes(bytes, [], unauthenticated))
    }
  })

  it('gives back every command that was encoded', () => {
    const random = new Random(21)
    for (let round = 0; round < 500; round++) {
      const commands = Array.from({ length: 1 + random.below(5) }, () =>
        Array.from({ length: 1 + random.below(40) }, () =>
          random.bytes(random.below(random.oneIn(9) ? 3000 : 30)).latin1Slice(),
        ),
      )
      expect(outcomes(Buffer.from(commands.map(encode).join(''), 'latin1'), [])).toEqual(commands)
    }
  })
})
