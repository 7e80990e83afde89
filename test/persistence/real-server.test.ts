/* Files go to a real server, also one of an older version, and what it saves comes back. */

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createServer } from '../../core/index.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { temporaryFolder } from '../support/folder.ts'
import { hasRealServer, realServerVersion, startRealServer } from '../support/program.ts'
import { RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const WRITES: readonly (readonly (string | number)[])[] = [
  ['SET', 'string', 'text'],
  ['SET', 'int', -12345, 'PXAT', 4102444800000],
  ['SET', 'long', 'abcabcabd '.repeat(3000)],
  ['SET', 'binary', '\0\r\n\x7f'],
  ['RPUSH', 'list', 'a', '1', '', 'x'.repeat(300)],
  ['RPUSH', 'long-list', ...numbers(3000).map(i => `element ${i}`), 'y'.repeat(20_000)],
  ['SADD', 'ints', 1, -40000, 5000000000],
  ['SADD', 'words', 'x', 'y'],
  ['SADD', 'many', ...numbers(600).map(i => `m${i}`)],
  ['HSET', 'hash', 'f', 'v', 'n', 12],
  ['HSET', 'long-hash', ...numbers(700).flatMap(i => [`f${i}`, i])],
  ['ZADD', 'zset', 1, 'a', 2.5, 'b', '-inf', 'c', '1e300', 'd'],
  ['ZADD', 'long-zset', ...numbers(300).flatMap(i => [i / 7, `m${i}`])],
  ['XADD', 'stream', '5-1', 'f', 'v', 'g', '1'],
  ['XADD', 'stream', '6-1', 'f', 'w', 'g', '-70000'],
  ['XADD', 'stream', '7-1', 'other', 'names'],
  ['XDEL', 'stream', '6-1'],
  ['XGROUP', 'CREATE', 'stream', 'group', '0'],
  ['XREADGROUP', 'GROUP', 'group', 'ana', 'STREAMS', 'stream', '>'],
  ['XACK', 'stream', 'group', '5-1'],
  ...numbers(250).map(i => ['XADD', 'long-stream', `${i + 1}-1`, 'field', i]),
  ['PFADD', 'hll', ...numbers(50)],
  ['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 7 end)"],
]

/** What versions before 7.4 cannot read. */
const WRITES_SINCE_7_4: readonly (readonly (string | number)[])[] = [
  ['HSET', 'timed', 'a', 1, 'b', 2, 'c', 3],
  ['HPEXPIREAT', 'timed', 4102444800123, 'FIELDS', 2, 'a', 'b'],
  ['HSET', 'long-timed', ...numbers(700).flatMap(i => [`f${i}`, i])],
  ['HPEXPIREAT', 'long-timed', 4102444800123, 'FIELDS', 2, 'f1', 'f698'],
  ['HPEXPIREAT', 'long-timed', 4102444800999, 'FIELDS', 1, 'f2'],
]

const QUESTIONS_SINCE_7_4: readonly string[] = [
  'HPEXPIRETIME timed FIELDS 3 a b c',
  'HMGET timed a b c',
  'OBJECT ENCODING timed',
  'HPEXPIRETIME long-timed FIELDS 4 f0 f1 f2 f698',
  'HLEN long-timed',
  'DEBUG DIGEST',
]

const QUESTIONS: readonly string[] = [
  'DBSIZE',
  'GET string',
  'GET int',
  'PEXPIRETIME int',
  'GET long',
  'GET binary',
  'LRANGE list 0 -1',
  'LRANGE long-list 0 -1',
  'SORT ints',
  'SORT words ALPHA',
  'SORT many ALPHA',
  'HGET hash n',
  'HMGET long-hash f0 f699',
  'HLEN long-hash',
  'ZRANGE zset 0 -1 WITHSCORES',
  'ZRANGE long-zset 0 -1 WITHSCORES',
  'XRANGE stream - +',
  'XPENDING stream group - + 10 ana',
  'XINFO STREAM stream',
  'XLEN long-stream',
  'XRANGE long-stream 100 102',
  'PFCOUNT hll',
  'FCALL f 0',
]

const isNew = realServerVersion() >= 704

/** Answers as text; times that pass, digits of scores that older versions print otherwise, and how a structure looks inside, are no matter. */
async function answers(port: number): Promise<string[]> {
  const connection = await RawConnection.open(port)
  const told: string[] = []
  for (const question of isNew ? [...QUESTIONS, ...QUESTIONS_SINCE_7_4] : QUESTIONS) {
    const reply = printReply(await connection.call(...question.split(' ')))
    if (question.startsWith('XINFO')) told.push(reply.replace(/"radix-tree-(keys|nodes)" :\d+/g, ''))
    else if (question.startsWith('ZRANGE'))
      told.push(reply.replace(/"(-?[\d.]+(e[+-]\d+)?)"/g, (_, n) => String(Number(n))))
    else told.push(`${question}: ${reply.replace(/("6-1"|"7-1" "ana") :\d+/, '$1')}`)
  }
  connection.close()
  return told
}

it.skipIf(!hasRealServer())('a file with every core type is read by a real server, and its file by us', async () => {
  const dir = temporaryFolder()
  const ours = await createServer({ port: 0, config: { dir, 'enable-debug-command': 'yes' } })
  ours.server.engine.service(Persistence).settings.version = isNew ? 12 : 10
  for (const write of isNew ? [...WRITES, ...WRITES_SINCE_7_4] : WRITES) await ours.call(...write)
  await ours.call('SAVE')
  const want = await answers(ours.port)
  await ours.close()
  const real = await startRealServer(dir, ['--save', '', '--enable-debug-command', 'yes'])
  expect(await answers(real.port)).toEqual(want)
  const connection = await real.connect()
  await connection.call('SAVE')
  connection.close()
  await real.kill()
  const back = temporaryFolder()
  copyFileSync(join(dir, 'dump.rdb'), join(back, 'dump.rdb'))
  const again = await createServer({ port: 0, config: { dir: back, 'enable-debug-command': 'yes' } })
  expect(await answers(again.port)).toEqual(want)
  await again.close()
})
