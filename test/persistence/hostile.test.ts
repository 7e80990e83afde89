/* Payloads that somebody changed, with a sum that fits: they are refused or make a value that can be used, and nothing else. */

import { expect, it } from 'vitest'
import { Crc64 } from '../../core/base/crc.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { ErrorReply, type InProcessClient, type RunningServer } from '../../core/index.ts'
import { serverForTest } from '../support/server.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 5000 : 150
const FOOTER_BYTES = 10

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const WRITES: readonly (readonly (string | number)[])[] = [
  ['SET', 'string', 'abcabcabdabcabcabd'.repeat(4)],
  ['RPUSH', 'list', 'a', 1, '', 'x'.repeat(70)],
  ['RPUSH', 'long-list', ...numbers(900)],
  ['SADD', 'ints', 1, -40000, 5000000000],
  ['SADD', 'words', 'x', 'y', 12],
  ['SADD', 'many', ...numbers(200).map(i => `m${i}`)],
  ['HSET', 'hash', 'f', 'v', 'n', 12],
  ['HSET', 'timed', 'f', 'v', 'n', 12],
  ['HPEXPIREAT', 'timed', 4102444800000, 'FIELDS', 1, 'f'],
  ['HSET', 'long-hash', ...numbers(600).flatMap(i => [`f${i}`, i])],
  ['HPEXPIREAT', 'long-hash', 4102444800000, 'FIELDS', 1, 'f7'],
  ['ZADD', 'zset', 1, 'a', 2.5, 'b'],
  ['ZADD', 'long-zset', ...numbers(200).flatMap(i => [i / 7, `m${i}`])],
  ['XADD', 'stream', '5-1', 'f', 'v', 'g', 1],
  ['XADD', 'stream', '6-1', 'other', 'names'],
  ['XGROUP', 'CREATE', 'stream', 'group', '0'],
  ['XREADGROUP', 'GROUP', 'group', 'ana', 'STREAMS', 'stream', '>'],
  ['JSON.SET', 'json', '$', '{"a":[1,2.5,"x",null],"b":{"c":true}}'],
  ['TS.CREATE', 'series', 'LABELS', 'a', 'b'],
  ...numbers(20).map(i => ['TS.ADD', 'series', 1000 + i * 7, i / 3]),
  ['BF.ADD', 'bloom', 'x'],
  ['CF.ADD', 'cuckoo', 'x'],
  ['CMS.INITBYDIM', 'cms', 20, 3],
  ['TOPK.RESERVE', 'topk', 3],
  ['TOPK.ADD', 'topk', 'x', 'y'],
  ['TDIGEST.CREATE', 'tdigest'],
  ['TDIGEST.ADD', 'tdigest', 1, 2, 3],
]

/** The payload of a key, as DUMP gives it: bytes, which the decoding of strings would spoil. */
function dump(server: RunningServer, key: string): Buffer {
  const { engine } = server.server
  const client = engine.addClient(null, true)
  engine.call(client, ['DUMP', key])
  const reply = client.reply.take()
  engine.dropClient(client)
  return reply.subarray(reply.indexOf(10) + 1, reply.length - 2)
}

function changed(payload: Buffer, random: SeededRandom): Buffer {
  const body = Buffer.from(payload.subarray(0, payload.length - FOOTER_BYTES))
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(body.length)
    const choice = random.below(4)
    body[at] =
      choice === 0 ? 0xff : choice === 1 ? 0 : choice === 2 ? random.below(256) : body[at]! ^ (1 << random.below(8))
  }
  const cut = random.below(6) === 0 ? body.subarray(0, 1 + random.below(body.length)) : body
  const whole = Buffer.concat([cut, payload.subarray(payload.length - FOOTER_BYTES)])
  const sum = new Crc64()
  sum.update(whole, 0, whole.length - 8)
  sum.write(whole, whole.length - 8)
  return whole
}

const refused = (error: unknown): string => {
  if (!(error instanceof ErrorReply)) throw error
  return error.message
}

/** Use a value that was accepted: whatever is wrong inside shows now. */
async function use(client: InProcessClient): Promise<void> {
  await client.call('DEBUG', 'DIGEST-VALUE', 'victim')
  await client.call('COPY', 'victim', 'copy', 'REPLACE').catch(refused)
  await client.call('DUMP', 'victim').catch(refused)
  await client.call('MEMORY', 'USAGE', 'victim')
  const type = await client.call('TYPE', 'victim')
  if (type === 'stream') await client.call('XINFO', 'STREAM', 'victim', 'FULL')
  if (type === 'zset') await client.call('ZADD', 'victim', 1, 'new')
  if (type === 'hash') await client.call('HSET', 'victim', 'new', 'field')
  if (type === 'list') await client.call('RPUSH', 'victim', 'new')
  if (type === 'set') await client.call('SADD', 'victim', 'new')
  await client.call('DEL', 'victim', 'copy')
}

it('hostile payloads do no harm', async () => {
  const server = await serverForTest({ port: null })
  for (const write of WRITES) await server.call(...write)
  const client = server.client()
  const random = new SeededRandom(3)
  const keys = [
    ...new Set(
      WRITES.map(write => String(write[0]!.toString().startsWith('X') && write[1] === 'CREATE' ? 'stream' : write[1])),
    ),
  ]
  let accepted = 0
  for (const key of keys.filter(name => name !== 'GROUP')) {
    const payload = dump(server, key)
    expect(await client.call('RESTORE', 'victim', 0, payload)).toBe('OK')
    await use(client)
    for (let round = 0; round < ROUNDS; round++) {
      const answer = await client.call('RESTORE', 'victim', 0, changed(payload, random)).catch(refused)
      if (answer === 'OK') {
        accepted++
        if ((await client.call('EXISTS', 'victim')) === 1) await use(client)
      } else expect(answer).toMatch(/^ERR Bad data format|^ERR DUMP payload version/)
    }
  }
  expect(accepted).toBeGreaterThan(0)
  client.close()
})
