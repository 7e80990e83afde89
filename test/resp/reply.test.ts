import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { replyError } from '../../core/base/errors.ts'
import { ErrorReply, PushReply, type ReplyValue, readReply, VerbatimString } from '../../core/resp/reader.ts'
import { Reply, SegmentPool } from '../../core/resp/reply.ts'
import { Random } from '../support/random.ts'

function writer(protocol: 2 | 3): Reply {
  const reply = new Reply(new SegmentPool())
  reply.protocol = protocol
  return reply
}

/** What a writer wrote, as text of one character a byte. */
function written(protocol: 2 | 3, write: (reply: Reply) => void): string {
  const reply = writer(protocol)
  write(reply)
  const text = reply.take().latin1Slice()
  expect(reply.length).toBe(0)
  return text
}

describe('the writer of replies', () => {
  it.each<[string, (reply: Reply) => void, string, string]>([
    ['a status', r => r.status('OK'), '+OK\r\n', '+OK\r\n'],
    ['an error', r => r.error(replyError('ERR no')), '-ERR no\r\n', '-ERR no\r\n'],
    [
      'an error that repeats bytes',
      r => r.error(replyError("ERR '\xff\xe9'")),
      "-ERR '\xff\xe9'\r\n",
      "-ERR '\xff\xe9'\r\n",
    ],
    ['an integer', r => r.integer(-9007199254740991), ':-9007199254740991\r\n', ':-9007199254740991\r\n'],
    ['a 64-bit integer', r => r.bigInteger(-(2n ** 63n)), ':-9223372036854775808\r\n', ':-9223372036854775808\r\n'],
    [
      'bytes',
      r => r.bulk(Range.of(Buffer.from('a\r\n\0\xff', 'latin1'))),
      '$5\r\na\r\n\0\xff\r\n',
      '$5\r\na\r\n\0\xff\r\n',
    ],
    ['text', r => r.text('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
    ['a number as a string', r => r.bulkInteger(-120), '$4\r\n-120\r\n', '$4\r\n-120\r\n'],
    ['no value', r => r.null(), '$-1\r\n', '_\r\n'],
    ['no list', r => r.nullArray(), '*-1\r\n', '_\r\n'],
    ['a double', r => r.double(0.1), '$3\r\n0.1\r\n', ',0.1\r\n'],
    ['an infinite double', r => r.double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['a boolean', r => r.bool(true), ':1\r\n', '#t\r\n'],
    ['a big number', r => r.bigNumber('123'), '$3\r\n123\r\n', '(123\r\n'],
    ['verbatim text', r => r.verbatim('txt', 'é'), '$2\r\n\xc3\xa9\r\n', '=6\r\ntxt:\xc3\xa9\r\n'],
    ['a map', r => r.map(7), '*14\r\n', '%7\r\n'],
    ['a set', r => r.set(12), '*12\r\n', '~12\r\n'],
    ['a push', r => r.push(2), '*2\r\n', '>2\r\n'],
    ['an empty array', r => r.array(0), '*0\r\n', '*0\r\n'],
  ])('writes %s in both protocols', (_, write, resp2, resp3) => {
    expect(written(2, write)).toBe(resp2)
    expect(written(3, write)).toBe(resp3)
  })

  it('closes the gap of a list whose length came last', () => {
    const list = (reply: Reply): void => {
      const outer = reply.deferred()
      reply.ok()
      const inner = reply.deferred()
      reply.integer(1)
      reply.fillMap(inner, 0)
      reply.fillSet(outer, 2)
    }
    expect(written(2, list)).toBe('*2\r\n+OK\r\n*0\r\n:1\r\n')
    expect(written(3, list)).toBe('~2\r\n+OK\r\n%0\r\n:1\r\n')
  })

  it('goes back to a mark over any number of segments', () => {
    const reply = writer(3)
    const value = Range.of(Buffer.alloc(50_000, 'x'))
    reply.ok()
    const mark = reply.length
    for (let i = 0; i < 10; i++) reply.bulk(value)
    reply.rewind(mark)
    expect(reply.length).toBe(mark)
    reply.integer(7)
    expect(reply.take().latin1Slice()).toBe('+OK\r\n:7\r\n')
  })
})

/** Write what `value` says, in one of the ways that there are. Bytes stand as text of one character each. */
function writeValue(reply: Reply, value: ReplyValue, random: Random): void {
  if (value === null) reply.null()
  else if (value instanceof ErrorReply) reply.error(replyError(value.message))
  else if (value instanceof VerbatimString) reply.verbatim(value.format, value.toString())
  else if (typeof value === 'number') Number.isInteger(value) ? reply.integer(value) : reply.double(value)
  else if (typeof value === 'string') writeBytes(reply, Buffer.from(value, 'latin1'), random)
  else writeList(reply, value as ReplyValue[] | PushReply | Set<ReplyValue> | Map<ReplyValue, ReplyValue>, random)
}

function writeBytes(reply: Reply, bytes: Buffer, random: Random): void {
  if (random.oneIn(3)) {
    const encoded = Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])
    reply.raw(encoded, 0, encoded.length)
  } else reply.bytes(bytes, 0, bytes.length)
}

type List = ReplyValue[] | PushReply | Set<ReplyValue> | Map<ReplyValue, ReplyValue>

function writeList(reply: Reply, list: List, random: Random): void {
  const items = list instanceof PushReply ? list.items : list instanceof Map ? [...list].flat() : [...list]
  const isLate = random.oneIn(2) && !(list instanceof PushReply)
  const mark = isLate ? reply.deferred() : 0
  if (list instanceof PushReply) reply.push(items.length)
  else if (!isLate && list instanceof Map) reply.map(list.size)
  else if (!isLate && list instanceof Set) reply.set(list.size)
  else if (!isLate) reply.array(items.length)
  for (const item of items) writeValue(reply, item, random)
  if (!isLate) return
  if (list instanceof Map) reply.fillMap(mark, list.size)
  else if (list instanceof Set) reply.fillSet(mark, list.size)
  else reply.fillArray(mark, items.length)
}

function randomValue(random: Random, depth: number): ReplyValue {
  const kind = random.below(depth > 3 ? 8 : 12)
  if (kind === 0) return new ErrorReply('ERR no')
  if (kind === 1) return random.below(2 ** 31) * (random.oneIn(2) ? 1 : -4096)
  if (kind === 2) return null
  if (kind === 3) return random.below(1000) + 0.25
  if (kind === 4) return new VerbatimString('txt', 'plain')
  if (kind < 8) return random.bytes(random.oneIn(30) ? random.below(150_000) : random.below(200)).latin1Slice()
  const count = random.below(depth === 0 && random.oneIn(5) ? 400 : 4)
  const items = Array.from({ length: count }, () => randomValue(random, depth + 1))
  if (kind === 8) return new PushReply(items)
  if (kind === 9) return new Set(items)
  if (kind === 10) return new Map(items.map((item, i) => [i, item]))
  return items
}

describe('any replies', () => {
  it('are read back as what was written, over segments of every length and after rewinding', () => {
    const random = new Random(11)
    const pool = new SegmentPool()
    for (let round = 0; round < 200; round++) {
      const reply = new Reply(pool)
      reply.protocol = 3
      const values: ReplyValue[] = []
      for (let n = random.below(6); n >= 0; n--) {
        const mark = reply.length
        const value = randomValue(random, 0)
        writeValue(reply, value, random)
        if (random.oneIn(4)) reply.rewind(mark)
        else values.push(value)
      }
      reply.array(0) // so that something is always there to be read
      const bytes = random.oneIn(2) ? reply.take() : Buffer.concat(reply.takeChain())
      const whole = Buffer.concat([Buffer.from(`*${values.length + 1}\r\n`), bytes])
      expect(readReply(whole, 0, whole.length, { strings: 'latin1' })).toEqual([...values, []])
    }
  })
})
