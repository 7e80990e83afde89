/* How many changes a command counts for: `rdb_changes_since_last_save`, by which save points go. As the real server counts, mostly one
 * an element. */

import { expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'

/** Commands in their order, and how many changes each is. */
const CASES: readonly (readonly [string, number])[] = [
  ['SET a 1', 1],
  ['GETEX a', 0],
  ['MSET x 1 y 2 w 3', 3],
  ['MSETNX p 1 q 2', 2],
  ['DEL x y none', 2],
  ['RENAME a b', 1],
  ['RENAMENX b c', 1],
  ['MOVE c 1', 1],
  ['RPUSH l a b c d', 4],
  ['RPUSHX none a b', 0],
  ['LTRIM l 0 2', 1],
  ['LTRIM l 0 100', 0],
  ['RPUSH l a a 1 2 3', 5],
  ['LREM l 0 a', 3],
  ['LPOP l', 1],
  ['RPOP l 2', 2],
  ['LMOVE l m LEFT RIGHT', 1],
  ['LMOVE l l LEFT RIGHT', 1],
  ['RPOPLPUSH m l', 1],
  ['BLMOVE l m LEFT RIGHT 1', 1],
  ['LMPOP 1 m LEFT COUNT 3', 1],
  ['SADD s 1 2 3 a b c', 6],
  ['SADD s 1 9', 1],
  ['SREM s 1 9 none', 2],
  ['SPOP s 2', 2],
  ['SPOP s', 1],
  ['HSET h a 1 b 2', 2],
  ['HMSET h a 1 b 2 c 3', 3],
  ['HDEL h a none', 1],
  ['HEXPIRE h 100 FIELDS 2 b c', 2],
  ['HEXPIRE h 0 FIELDS 1 c', 1],
  ['HPERSIST h FIELDS 1 b', 1],
  ['ZADD z 1 a 2 b 3 c', 3],
  ['ZADD z 1 a 5 b 6 d', 2],
  ['ZREM z a none', 1],
  ['ZREMRANGEBYRANK z 0 1', 2],
  ['ZADD z 1 a 2 b 3 c 4 e', 4],
  ['ZPOPMIN z 2', 2],
  ['ZMPOP 1 z MAX COUNT 2', 2],
  ['ZUNIONSTORE u 2 z z', 1],
  ['GEOADD g 1 1 a 2 2 b', 2],
  ['GEOSEARCHSTORE near g FROMLONLAT 1 1 BYRADIUS 1000 km', 2],
  ['PFADD hll a b c', 4],
  ['PFADD hll a', 0],
  ['BITFIELD bits SET u8 0 1 INCRBY u8 8 1', 2],
  ['BITFIELD bits SET u8 0 1 INCRBY u8 8 1', 1],
  ['SADD sorted 3 1 2', 3],
  ['SORT sorted STORE row', 3],
  ['XADD st 1-1 f v', 1],
  ['XADD st 2-1 f v', 1],
  ['XGROUP CREATE st gr 0', 1],
  ['XREADGROUP GROUP gr c STREAMS st >', 2],
  ['XREADGROUP GROUP gr c STREAMS st 0', 0],
  ['XREADGROUP GROUP gr new STREAMS st 0', 1],
  ['XACK st gr 1-1 2-1', 1],
]

it('commands count as many changes as in the real server', async () => {
  const server = await serverForTest()
  const changes = async (): Promise<number> =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec(String(await server.call('INFO', 'persistence')))![1])
  for (const [line, expected] of CASES) {
    const before = await changes()
    await server.call(...line.split(' '))
    expect([line, (await changes()) - before]).toEqual([line, expected])
  }
  for (const flush of ['FLUSHDB', 'FLUSHALL']) {
    const keys = Number(await server.call('DBSIZE')) + (flush === 'FLUSHALL' ? 1 : 0)
    const before = await changes()
    await server.call(flush)
    expect([flush, (await changes()) - before]).toEqual([flush, keys])
  }
  await server.close()
})
