import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Random } from '../support/random.ts'
import { serverForTest, type TestServer } from '../support/server.ts'
import { encodeCommand, RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'

const INPUTS = process.env['REDSTRATA_TEST'] === 'long' ? 250_000 : 20_000
/** Well-formed requests that go over one connection. Garbage ends a connection soon, so fewer share one. */
const GOOD_INPUTS = 200
const BAD_INPUTS = 3

const NAMES =
  `GET SET DEL INCR APPEND STRLEN GETRANGE SETRANGE MSET MGET EXPIRE TTL PERSIST TYPE KEYS SCAN EXISTS RENAME
  LPUSH RPUSH LPOP LRANGE LINDEX LSET HSET HGET HGETALL HINCRBY SADD SREM SMEMBERS SPOP SINTER ZADD ZRANGE ZSCORE ZREM
  HPEXPIRE HEXPIREAT HTTL HPERSIST HRANDFIELD HSCAN LATENCY CLUSTER MEMORY SLOWLOG SMOVE LMOVE ZRANGESTORE XCLAIM
  SETBIT GETBIT BITCOUNT BITFIELD PFADD PFCOUNT XADD XRANGE GEOADD GEOPOS MULTI EXEC DISCARD WATCH SELECT PING ECHO HELLO
  OBJECT COMMAND CONFIG CLIENT INFO DBSIZE SUBSCRIBE PUBLISH UNSUBSCRIBE RESET SORT DUMP RESTORE COPY LCS GETEX
  JSON.SET JSON.GET FT.CREATE FT.SEARCH TS.ADD TS.RANGE BF.ADD BF.EXISTS CMS.INCRBY TOPK.ADD TDIGEST.ADD`.split(/\s+/)
const ARGUMENTS = ['a', 'b', '0', '1', '-1', '9223372036854775807', '-9223372036854775808', '1e400', 'nan', 'inf', '*']
  .concat(['$', '$.a', '[', '(', '', 'NX', 'XX', 'EX', 'PX', 'COUNT', 'MATCH', 'LIMIT', 'WITHSCORES', 'GET', '\xff\0'])
  .concat(['"', "'", '{}', '[1,2', '@t:{', 'ON', 'HASH', 'PREFIX', 'SCHEMA', 'TEXT', '18446744073709551616', '0x10'])

/** A well-formed command of likely words. */
function command(random: Random): Buffer {
  const args = Array.from({ length: random.below(8) }, () => {
    return Buffer.from(
      random.oneIn(12) ? random.bytes(random.below(300)) : Buffer.from(random.pick(ARGUMENTS), 'latin1'),
    )
  })
  return encodeCommand([random.pick(NAMES), ...args])
}

/** A line as a person might type it, or something like it. */
function line(random: Random): Buffer {
  const words = Array.from({ length: random.below(6) }, () => random.pick(random.oneIn(3) ? NAMES : ARGUMENTS))
  return Buffer.from(`${words.join(random.pick([' ', '  ', '\t']))}${random.pick(['\r\n', '\n', ''])}`, 'latin1')
}

const HEADERS = [
  '*',
  '*0\r\n',
  '*-1\r\n',
  '*1\r\n',
  '*3\r\n',
  '*2147483647\r\n',
  '*2147483648\r\n',
  '*99999999999\r\n',
].concat([
  '$',
  '$0\r\n\r\n',
  '$-1\r\n',
  '$536870913\r\n',
  '$536870912\r\n',
  '$5\r\nhello\r\n',
  ':1\r\n',
  '\r\n',
  '\0',
  '%1\r\n',
])

/** Pieces of protocol in no good order. */
function pieces(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(6) }, () => random.pick(HEADERS)).join(''), 'latin1')
}

/** Bytes of a good command with a few spoilt, cut off, or doubled. */
function spoilt(random: Random): Buffer {
  const bytes = Buffer.concat([command(random), command(random)])
  for (let n = random.below(4); n >= 0; n--) bytes[random.below(bytes.length)] = random.bits() & 0xff
  return random.oneIn(3) ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

/** What may keep a connection open. */
function good(random: Random): Buffer {
  return random.oneIn(3) ? line(random) : command(random)
}

/** What may end one. */
function bad(random: Random): Buffer {
  const kind = random.below(4)
  return kind === 0 ? pieces(random) : kind < 3 ? spoilt(random) : random.bytes(random.below(200))
}

/** Send inputs over a connection of their own, and wait until the server has read them all or closed it. */
function sendRun(port: number, inputs: readonly Buffer[]): Promise<void> {
  return new Promise(resolve => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}) // the server may reset what it refused
    socket.on('close', () => resolve())
    socket.resume()
    const write = (i: number): void => {
      if (i === inputs.length) socket.end()
      else if (!socket.destroyed) socket.write(inputs[i], () => write(i + 1))
    }
    socket.on('connect', () => write(0))
  })
}

/** Inputs of a run: many good ones or a few bad ones. */
function runOf(random: Random): Buffer[] {
  const isGood = random.oneIn(40)
  return Array.from({ length: isGood ? GOOD_INPUTS : BAD_INPUTS }, () => (isGood ? good(random) : bad(random)))
}

async function answers(server: TestServer): Promise<string> {
  const connection = await RawConnection.open(server.port)
  await connection.call('SET', 'still', 'there')
  const reply = printReply(await connection.call('GET', 'still'))
  connection.close()
  return reply
}

describe('a server that is sent garbage', () => {
  it(`still answers after ${INPUTS} inputs of all kinds`, async () => {
    const server = await serverForTest()
    const random = new Random(7)
    for (let sent = 0, turn = 0; sent < INPUTS; turn++) {
      const runs = Array.from({ length: 4 }, () => runOf(random))
      await Promise.all(runs.map(inputs => sendRun(server.port, inputs)))
      sent += runs.flat().length
      if (turn % 100 === 0) await server.call('FLUSHALL')
    }
    expect(await answers(server)).toBe('"there"')
    expect(server.server.engine.stats.unexpectedErrors).toBe(0)
  })

  it('keeps serving others while a connection announces two thousand million arguments', async () => {
    const server = await serverForTest()
    const greedy = await server.connect()
    greedy.write(Buffer.from('*2147483647\r\n$4\r\nPING\r\n'))
    expect(await greedy.readWithin(50)).toBeNull()
    expect(await answers(server)).toBe('"there"')
  })

  it('keeps serving others while a connection announces a value of 512 MB and sends a little of it', async () => {
    const server = await serverForTest()
    const before = process.memoryUsage().rss
    const slow = await server.connect()
    slow.write(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\nabc'))
    expect(await slow.readWithin(50)).toBeNull()
    expect(await answers(server)).toBe('"there"')
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20)
  })

  it('closes a connection that asks for much and reads nothing, and others notice nothing', async () => {
    const server = await serverForTest({ config: { 'client-output-buffer-limit': 'normal 8388608 0 0' } })
    await server.call('SET', 'big', 'x'.repeat(1 << 20))
    const deaf = connect(server.port, '127.0.0.1')
    const closed = new Promise<void>(resolve => deaf.once('close', () => resolve()))
    deaf.on('error', () => {}) // a reset is what it gets
    deaf.pause()
    const get = encodeCommand(['GET', 'big'])
    deaf.write(Buffer.concat(Array.from({ length: 200 }, () => get)))
    while (server.server.engine.stats.outputLimitDisconnections === 0) expect(await answers(server)).toBe('"there"')
    deaf.resume()
    await closed
    expect(await answers(server)).toBe('"there"')
  })

  it('closes a connection whose unfinished request outgrows the query buffer', async () => {
    const server = await serverForTest({ config: { 'client-query-buffer-limit': '1mb' } })
    const greedy = await server.connect()
    greedy.write(Buffer.concat([Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5000000\r\n'), Buffer.alloc(3 << 20, 'x')]))
    await greedy.whenClosed()
    expect(await answers(server)).toBe('"there"')
  })

  it('takes a value of a few megabytes in pieces of one byte to 64 KB', async () => {
    const server = await serverForTest()
    const random = new Random(9)
    const value = random.bytes(3_000_000)
    const connection = await server.connect()
    const bytes = encodeCommand(['SET', 'big', value])
    for (let at = 0; at < bytes.length; ) {
      const length = random.oneIn(3) ? 1 : random.below(65536)
      connection.write(bytes.subarray(at, at + length))
      at += length
      if (random.oneIn(8)) await new Promise(resolve => setImmediate(resolve))
    }
    expect(printReply(await connection.read())).toBe('+OK')
    expect(await connection.call('GET', 'big')).toEqual({ kind: '$', text: value.latin1Slice() })
  })
})
