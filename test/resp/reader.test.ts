import { describe, expect, it } from 'vitest'
import {
  ErrorReply,
  PushReply,
  ReplyFault,
  ReplyReader,
  type ReplyValue,
  type ReplyVisitor,
  readReply,
  readTokens,
  type ValueOptions,
  VerbatimString,
} from '../../core/resp/reader.ts'
import { DEPTH_MAX, ReplyScanner } from '../../core/resp/tokens.ts'
import { Random } from '../support/random.ts'

function read(text: string, options: ValueOptions = {}): ReplyValue {
  const buf = Buffer.from(`~~${text}~~`, 'latin1')
  return readReply(buf, 2, buf.length - 2, options)
}

describe('a reply as a value', () => {
  it('is text for status and bulk strings', () => {
    expect(read('+OK\r\n')).toBe('OK')
    expect(read('$5\r\nh\xc3\xa9\r\n\r\n')).toBe('hé\r\n')
    expect(read('$0\r\n\r\n')).toBe('')
  })

  it('is a Buffer of its own for bulk strings where asked for', () => {
    const buf = Buffer.from('*2\r\n$2\r\n\xff\0\r\n+x\r\n', 'latin1')
    const value = readReply(buf, 0, buf.length, { strings: 'buffer' })
    buf.fill(0)
    expect(value).toEqual([Buffer.from([0xff, 0]), 'x'])
  })

  it('keeps any byte as one character where asked for', () => {
    expect(read('$3\r\n\xff\0\xe9\r\n', { strings: 'latin1' })).toBe('\xff\0\xe9')
  })

  it('is a number for integers up to 2^53 and a bigint beyond', () => {
    expect(read(':0\r\n')).toBe(0)
    expect(read(':-12\r\n')).toBe(-12)
    expect(read(':9007199254740991\r\n')).toBe(9007199254740991)
    expect(read(':9007199254740993\r\n')).toBe(9007199254740993n)
    expect(read(':-9223372036854775808\r\n')).toBe(-9223372036854775808n)
    expect(read('(3492890328409238509324850943850943825024385\r\n')).toBe(3492890328409238509324850943850943825024385n)
    expect(read('(-7\r\n')).toBe(-7n)
  })

  it('is null for nulls of every kind', () => {
    for (const text of ['$-1\r\n', '*-1\r\n', '_\r\n']) expect(read(text)).toBeNull()
  })

  it('is a number for doubles, the infinite and undefined ones too', () => {
    expect(read(',1.5\r\n')).toBe(1.5)
    expect(read(',-1e+20\r\n')).toBe(-1e20)
    expect(read(',inf\r\n')).toBe(Number.POSITIVE_INFINITY)
    expect(read(',-inf\r\n')).toBe(Number.NEGATIVE_INFINITY)
    expect(read(',nan\r\n')).toBeNaN()
  })

  it('is an ErrorReply for errors, with the first word as its code', () => {
    const error = read('-WRONGTYPE Operation against a key\r\n')
    expect(error).toBeInstanceOf(ErrorReply)
    expect(error).toMatchObject({ code: 'WRONGTYPE', message: 'WRONGTYPE Operation against a key' })
    expect(read('!6\r\nERR\r\nx\r\n')).toMatchObject({ message: 'ERR\r\nx' })
    expect(read('-EMPTY\r\n')).toMatchObject({ code: 'EMPTY' })
  })

  it('nests arrays, maps, sets and pushes', () => {
    expect(read('*3\r\n:1\r\n*0\r\n*2\r\n+a\r\n$-1\r\n')).toEqual([1, [], ['a', null]])
    expect(read('%2\r\n+a\r\n:1\r\n:2\r\n*1\r\n#t\r\n')).toEqual(
      new Map<ReplyValue, ReplyValue>([
        ['a', 1],
        [2, [true]],
      ]),
    )
    expect(read('~2\r\n+a\r\n+b\r\n')).toEqual(new Set(['a', 'b']))
    expect(read('>2\r\n+message\r\n#f\r\n')).toEqual(new PushReply(['message', false]))
  })

  it('is a plain object for maps where asked for, whatever the keys are called', () => {
    const value = read('%2\r\n+__proto__\r\n:1\r\n:2\r\n%0\r\n', { maps: 'object' })
    expect(Object.entries(value as object)).toEqual([
      ['2', {}],
      ['__proto__', 1],
    ])
  })

  it('tells the format of verbatim strings from their text', () => {
    const value = read('=8\r\ntxt:Some\r\n')
    expect(value).toEqual(new VerbatimString('txt', 'Some'))
    expect(String(value)).toBe('Some')
  })

  it('leaves attributes out', () => {
    expect(read('|1\r\n+ttl\r\n:3600\r\n*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n:5\r\n:6\r\n')).toEqual([5, 6])
  })
})

const FAULTS = [
  '@1\r\n',
  '$-2\r\n',
  '$?\r\n',
  '*?\r\n',
  '$3\r\nabcd\r\n',
  '$99999999999\r\n',
  ':\r\n',
  ':1x\r\n',
  ':-\r\n',
  ',\r\n',
  ', 1\r\n',
  ',1,5\r\n',
  '#x\r\n',
  '#\r\n',
  '%-1\r\n',
  '~-1\r\n',
  '=3\r\ntxt\r\n',
  '(1.5\r\n',
  '+a\rb\r\n',
  '+open',
  '*2\r\n:1\r\n',
  '$5\r\nabc\r\n',
]

describe('what is no reply', () => {
  it.each(FAULTS.map(text => JSON.stringify(text)))('%s raises a ReplyFault', quoted => {
    expect(() => read(JSON.parse(quoted) as string)).toThrow(ReplyFault)
  })

  it('is also what nests too deeply', () => {
    expect(read('*1\r\n'.repeat(DEPTH_MAX) + ':1\r\n')).toHaveLength(1)
    expect(() => read('*1\r\n'.repeat(DEPTH_MAX + 1) + ':1\r\n')).toThrow(ReplyFault)
    expect(() => read('|1\r\n'.repeat(100_000))).toThrow(ReplyFault)
  })

  it('is also what grows longer than the reader accepts', () => {
    const reader = new ReplyReader({}, 100)
    reader.feed(Buffer.from('$200\r\n'))
    expect(() => reader.next()).toThrow(ReplyFault)
  })
})

/** Writes down everything it is told. */
class Recorder implements ReplyVisitor {
  readonly told: unknown[] = []

  status(buf: Buffer, start: number, end: number): void {
    this.told.push('status', buf.latin1Slice(start, end))
  }
  error(buf: Buffer, start: number, end: number): void {
    this.told.push('error', buf.latin1Slice(start, end))
  }
  bulk(buf: Buffer, start: number, end: number): void {
    this.told.push('bulk', buf.latin1Slice(start, end))
  }
  integer(value: number, buf: Buffer, start: number, end: number): void {
    this.told.push('integer', value, buf.latin1Slice(start, end))
  }
  double(value: number, buf: Buffer, start: number, end: number): void {
    this.told.push('double', value, buf.latin1Slice(start, end))
  }
  boolean(value: boolean): void {
    this.told.push('boolean', value)
  }
  big(buf: Buffer, start: number, end: number): void {
    this.told.push('big', buf.latin1Slice(start, end))
  }
  verbatim(buf: Buffer, start: number, end: number): void {
    this.told.push('verbatim', buf.latin1Slice(start - 4, end))
  }
  null(type: number): void {
    this.told.push('null', String.fromCharCode(type))
  }
  array(count: number): void {
    this.told.push('array', count)
  }
  set(count: number): void {
    this.told.push('set', count)
  }
  push(count: number): void {
    this.told.push('push', count)
  }
  map(count: number): void {
    this.told.push('map', count)
  }
  close(): void {
    this.told.push('close')
  }
}

describe('the walk over tokens', () => {
  it('tells a visitor every token in order and where the reply ends', () => {
    const text =
      '*4\r\n%1\r\n+k\r\n$1\r\nv\r\n~1\r\n:9007199254740993\r\n>2\r\n_\r\n*-1\r\n*6\r\n-E x\r\n,0.50\r\n#t\r\n(12\r\n=5\r\ntxt:a\r\n$-1\r\n'
    const buf = Buffer.from(text + '+next\r\n')
    const recorder = new Recorder()
    expect(readTokens(buf, 0, buf.length, recorder)).toBe(text.length)
    const expected = `array 4 map 1 status k bulk v close set 1 integer 9007199254740992 9007199254740993 close
      push 2 null _ null * close array 6 error E/x double 0.5 0.50 boolean true big 12 verbatim txt:a null $ close close`
    expect(recorder.told.map(item => String(item).replace(' ', '/')).join(' ')).toBe(expected.replace(/\s+/g, ' '))
  })
})

/** A random reply of every kind, on the wire. */
function randomReply(random: Random, depth: number): string {
  const word = () =>
    random
      .bytes(random.below(12))
      .latin1Slice()
      .replace(/[\r\n]/g, '.')
  const items = (count: number) => Array.from({ length: count }, () => randomReply(random, depth + 1)).join('')
  const count = random.below(random.oneIn(20) ? 40 : 4)
  switch (random.below(depth > 4 ? 11 : 16)) {
    case 0:
      return `+${word()}\r\n`
    case 1:
      return `-${word()}\r\n`
    case 2:
      return `:${random.pick(['', '-'])}${random.bits()}${random.pick(['', '0000000000'])}\r\n`
    case 3:
      return random.pick(['$-1\r\n', '*-1\r\n', '_\r\n'])
    case 4:
      return `,${random.pick(['1.25', 'inf', '-inf', '3e-7'])}\r\n`
    case 5:
      return `#${random.pick(['t', 'f'])}\r\n`
    case 6:
      return `(${random.bits()}${random.bits()}\r\n`
    case 7: {
      const text = word()
      return `=${text.length + 4}\r\ntxt:${text}\r\n`
    }
    case 8: {
      const text = word()
      return `!${text.length}\r\n${text}\r\n`
    }
    case 9:
    case 10: {
      const bytes = random.bytes(random.below(random.oneIn(10) ? 5000 : 20)).latin1Slice()
      return `$${bytes.length}\r\n${bytes}\r\n`
    }
    case 11:
      return `%${count}\r\n${items(count * 2)}`
    case 12:
      return `~${count}\r\n${items(count)}`
    case 13:
      return `>${count}\r\n${items(count)}`
    case 14:
      return `|${count}\r\n${items(count * 2)}${randomReply(random, depth + 1)}`
    default:
      return `*${count}\r\n${items(count)}`
  }
}

/** Values that the reader gives when the bytes come in pieces, with a fault as the last one. */
function valuesOf(bytes: Buffer, cuts: readonly number[]): unknown[] {
  const reader = new ReplyReader({ strings: 'latin1' })
  const values: unknown[] = []
  let start = 0
  try {
    for (const end of [...cuts, bytes.length]) {
      const piece = Buffer.from(bytes.subarray(start, end))
      reader.feed(piece)
      for (let value = reader.next(); value !== undefined; value = reader.next()) values.push(value)
      piece.fill(0)
      start = end
    }
  } catch (error) {
    if (!(error instanceof ReplyFault)) throw error
    values.push('fault')
  }
  return values
}

describe('a stream of replies', () => {
  it('gives the same values however it is cut', () => {
    const rounds = process.env['REDSTRATA_TEST'] === 'long' ? 50_000 : 1_000
    const random = new Random(31)
    for (let round = 0; round < rounds; round++) {
      const replies = Array.from({ length: 1 + random.below(4) }, () => randomReply(random, 0))
      const bytes = Buffer.from(replies.join(''), 'latin1')
      const whole = replies.map(reply => read(reply, { strings: 'latin1' }))
      const cuts = Array.from({ length: random.below(15) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
      expect(valuesOf(bytes, cuts)).toEqual(whole)
      if (bytes.length < 400) expect(valuesOf(bytes, [...bytes.keys()])).toEqual(whole)
    }
  })

  it('ends in a value, a fault or a wait when bytes were spoilt', () => {
    const random = new Random(32)
    const seen = new Set<string>()
    for (let round = 0; round < 2_000; round++) {
      const bytes = Buffer.from(randomReply(random, 0), 'latin1')
      bytes[random.below(bytes.length)] = random.pick(Buffer.from('\r\n$*:+-%~>|,#_=(!0129x'))
      const values = valuesOf(bytes, [])
      seen.add(values.length === 0 ? 'wait' : values.at(-1) === 'fault' ? 'fault' : 'value')
    }
    expect([...seen].sort()).toEqual(['fault', 'value', 'wait'])
  })

  it('knows how much of a long string is missing', () => {
    const scanner = new ReplyScanner()
    const buf = Buffer.from('*2\r\n:1\r\n$1000\r\nabc')
    expect(scanner.scan(buf, 0, buf.length)).toBe(-1)
    expect(scanner.needed).toBe(1000 - 3 + 2)
  })

  it('copies a reply of many pieces only a few times over', () => {
    const items = Array.from({ length: 50_000 }, (_, i) => `$${String(i).length}\r\n${i}\r\n`)
    const bytes = Buffer.from(`*${items.length}\r\n${items.join('')}`)
    const reader = new ReplyReader()
    let value: ReplyValue | undefined
    const copied = countCopiedBytes(() => {
      for (let at = 0; at < bytes.length; at += 100) {
        reader.feed(bytes.subarray(at, at + 100))
        value = reader.next()
      }
    })
    expect(value).toHaveLength(50_000)
    expect(copied).toBeLessThan(bytes.length * 4)
  })
})

/** Bytes that Buffer.copy moves while `work` runs. */
function countCopiedBytes(work: () => void): number {
  const copy = Buffer.prototype.copy
  let bytes = 0
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>): number {
    const moved = copy.apply(this, args)
    bytes += moved
    return moved
  }
  try {
    work()
  } finally {
    Buffer.prototype.copy = copy
  }
  return bytes
}
