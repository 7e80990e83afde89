import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/index.ts'
import { serverForTest } from '../support/server.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { parseCommand } from '../support/transcript/notation.ts'
import { printReply } from '../support/transcript/reply.ts'

/** A conversation on a server of its own; it stands as text, in the notation of transcripts. */
async function talk(...lines: (readonly [command: string, reply: string])[]): Promise<void> {
  const server = await serverForTest()
  await say(await server.connect(), ...lines)
}

async function say(connection: RawConnection, ...lines: (readonly [command: string, reply: string])[]): Promise<void> {
  for (const [command, reply] of lines) {
    const got = printReply(await connection.call(...parseCommand(command)))
    expect(got, command).toBe(reply)
  }
}

const SAMPLES: (readonly [string, string])[] = [
  ['TS.CREATE a LABELS room study', '+OK'],
  ['TS.CREATE b LABELS room kitchen', '+OK'],
  ['TS.CREATE c LABELS room kitchen', '+OK'],
  ['TS.MADD a 1000 10 a 2000 12 a 2500 13 b 1000 20 b 3000 25', '[:1000 :2000 :2500 :1000 :3000]'],
]

describe('TS.RANGE with several aggregators', () => {
  it('gives a value for each, in the order asked', () =>
    talk(
      ...SAMPLES,
      ['TS.RANGE a - + AGGREGATION min,max,count 2000', '[[:0 +10 +10 +1] [:2000 +12 +13 +2]]'],
      ['TS.REVRANGE a - + AGGREGATION first,last 2000', '[[:2000 +13 +12] [:0 +10 +10]]'],
      [
        'TS.RANGE a - + AGGREGATION sum,max 500 EMPTY',
        '[[:1000 +10 +10] [:1500 +0 +NaN] [:2000 +12 +12] [:2500 +13 +13]]',
      ],
      ['TS.RANGE a - + AGGREGATION avg,sum,avg 9000 COUNT 1', '[[:0 +11.666666666666666 +35 +11.666666666666666]]'],
      ['TS.MRANGE - + AGGREGATION min,max 5000 FILTER room=study', '[["a" [] [[:0 +10 +13]]]]'],
      ['TS.RANGE a - + AGGREGATION min,,max 10', '-ERR TSDB: Empty aggregation type in list'],
      ['TS.RANGE a - + AGGREGATION min,no 10', '-ERR TSDB: Unknown aggregation type'],
      [`TS.RANGE a - + AGGREGATION ${Array(17).fill('min').join(',')} 10`, '-ERR TSDB: Too many aggregation types'],
      [
        'TS.MRANGE - + AGGREGATION min,max 10 FILTER room=study GROUPBY room REDUCE sum',
        '-ERR TSDB: GROUPBY is not allowed with multiple aggregators',
      ],
    ))
})

describe('an answer of very many values', () => {
  it('is refused, however many series and aggregators they come from', () =>
    talk(
      ['TS.CREATE a LABELS all 1', '+OK'],
      ['TS.CREATE b LABELS all 1', '+OK'],
      ['TS.MADD a 0 1 a 1000000000 2 b 0 1 b 1000000000 2', '[:0 :1000000000 :0 :1000000000]'],
      ['TS.RANGE a - + AGGREGATION sum 10 EMPTY', '-ERR TSDB: the reply would have too many rows'],
      ['TS.RANGE a - + AGGREGATION sum,min,max 100 EMPTY', '-ERR TSDB: the reply would have too many rows'],
      [
        `TS.MRANGE - + AGGREGATION ${Array(16).fill('sum').join(',')} 1700 EMPTY FILTER all=1`,
        '-ERR TSDB: the reply would have too many rows',
      ],
      [
        'TS.MREVRANGE - + COUNT 2 AGGREGATION sum 10 EMPTY FILTER all=1',
        '[["a" [] [[:1000000000 +2] [:999999990 +0]]] ["b" [] [[:1000000000 +2] [:999999990 +0]]]]',
      ],
    ))
})

describe('a query with several faults', () => {
  it('is refused for the one that is looked at first', () =>
    talk(
      ...SAMPLES,
      ['TS.RANGE a x + COUNT 0', '-ERR TSDB: wrong fromTimestamp'],
      ['TS.RANGE a - + AGGREGATION no 0 COUNT x', "-ERR TSDB: Couldn't parse COUNT"],
      ['TS.RANGE a - + FILTER_BY_TS AGGREGATION no 0', '-ERR TSDB: Unknown aggregation type'],
      ['TS.RANGE a - + FILTER_BY_VALUE x y ALIGN 5', '-ERR TSDB: ALIGN parameter can only be used with AGGREGATION'],
      ['TS.RANGE a - + ALIGN soon', '-ERR TSDB: unknown ALIGN parameter'],
      ['TS.RANGE a - + FILTER_BY_TS FILTER_BY_VALUE x y', "-ERR TSDB: Couldn't parse MIN"],
      [
        'TS.RANGE a - + ALIGN soon EMPTY AGGREGATION avg 10',
        '-ERR TSDB: EMPTY flag should be the 3rd or 5th flag after AGGREGATION flag',
      ],
      [
        'TS.MRANGE - + FILTER_BY_VALUE 1 AGGREGATION avg 0 FILTER room=study',
        '-ERR TSDB: bucketDuration must be greater than zero',
      ],
    ))
})

describe('TS.INCRBY', () => {
  it('takes what stands behind LABELS for labels', () =>
    talk(
      ['TS.INCRBY n 2 TIMESTAMP 5 LABELS TIMESTAMP 9', ':5'],
      ['TS.MGET WITHLABELS FILTER TIMESTAMP=9', '[["n" [["TIMESTAMP" "9"]] [:5 +2]]]'],
    ))
})

describe('series by their labels', () => {
  const refused =
    "-NOPERM TSDB: current user doesn't have read permission to one or more keys that match the specified filter"

  it('are read by those only who may read all of them', () =>
    talk(
      ...SAMPLES,
      ['ACL SETUSER ana on nopass ~a %W~b +@all', '+OK'],
      ['AUTH ana any', '+OK'],
      ['TS.MGET FILTER room=study', '[["a" [] [:2500 +13]]]'],
      ['TS.MRANGE - + COUNT 1 FILTER room=study', '[["a" [] [[:1000 +10]]]]'],
      ['TS.MGET FILTER room=kitchen', refused],
      ['TS.MRANGE - + FILTER room=(study,kitchen)', refused],
      ['TS.MREVRANGE - + FILTER room=kitchen GROUPBY room REDUCE sum', refused],
      ['TS.QUERYINDEX room=kitchen', refused],
      ['TS.QUERYINDEX room=study', '["a"]'],
      // Labels are told as far as the client may read.
      ['TS.QUERYLABELS LABELS', '["room"]'],
      ['TS.QUERYLABELS VALUES room', '["study"]'],
      ['TS.QUERYLABELS VALUES room FILTER room=(study,kitchen)', '["study"]'],
      ['TS.QUERYLABELS LABELS FILTER room=kitchen', '[]'],
    ))
})

describe('TS.NRANGE', () => {
  it('puts series side by side', () =>
    talk(
      ...SAMPLES,
      ['TS.NRANGE 2 a b - +', '[[:1000 [+10 +20]] [:2000 [+12 +NaN]] [:2500 [+13 +NaN]] [:3000 [+NaN +25]]]'],
      ['TS.NREVRANGE 2 a b - +', '[[:3000 [+NaN +25]] [:2500 [+13 +NaN]] [:2000 [+12 +NaN]] [:1000 [+10 +20]]]'],
      ['TS.NRANGE 2 a b 1500 2600', '[[:2000 [+12 +NaN]] [:2500 [+13 +NaN]]]'],
      ['TS.NRANGE 1 a 2000 1000', '[]'],
      ['TS.NRANGE 1 c - +', '[]'],
      ['TS.NRANGE 2 a a - + COUNT 2', '[[:1000 [+10 +10]] [:2000 [+12 +12]]]'],
      ['TS.NREVRANGE 2 a b - + COUNT 2', '[[:3000 [+NaN +25]] [:2500 [+13 +NaN]]]'],
      ['TS.NRANGE 2 a b - + FILTER_BY_VALUE 11 21', '[[:1000 [+NaN +20]] [:2000 [+12 +NaN]] [:2500 [+13 +NaN]]]'],
      ['TS.NRANGE 2 a b - + FILTER_BY_TS 1000 3000', '[[:1000 [+10 +20]] [:3000 [+NaN +25]]]'],
    ))

  it('takes aggregators for each key', () =>
    talk(
      ...SAMPLES,
      ['TS.NRANGE 2 a b - + AGGREGATION avg sum 1000', '[[:1000 [+10 +20]] [:2000 [+12.5 +NaN]] [:3000 [+NaN +25]]]'],
      [
        'TS.NRANGE 2 a b - + AGGREGATION avg,max count 1000',
        '[[:1000 [+10 +10 +1]] [:2000 [+12.5 +13 +NaN]] [:3000 [+NaN +NaN +1]]]',
      ],
      [
        'TS.NREVRANGE 2 a b - + AGGREGATION sum sum 1000 EMPTY',
        '[[:3000 [+NaN +25]] [:2000 [+25 +0]] [:1000 [+10 +20]]]',
      ],
      ['TS.NRANGE 1 a - + AGGREGATION sum 1000 BUCKETTIMESTAMP +', '[[:2000 [+10]] [:3000 [+25]]]'],
      ['TS.NRANGE 1 a - + ALIGN 500 AGGREGATION sum 1000', '[[:500 [+10]] [:1500 [+12]] [:2500 [+13]]]'],
      ['TS.NRANGE 2 a b - + AGGREGATION count count 1000 COUNT 1', '[[:1000 [+1 +1]]]'],
    ))

  it('says what is wrong', () =>
    talk(
      ...SAMPLES,
      ['SET str x', '+OK'],
      ['TS.NRANGE 0 - +', "-ERR wrong number of arguments for 'ts.nrange' command"],
      ['TS.NRANGE 3 a b - +', "-ERR wrong number of arguments for 'ts.nrange' command"],
      ['TS.NRANGE x a - +', '-ERR TSDB: numkeys must be a positive integer'],
      ['TS.NRANGE -1 a - +', '-ERR TSDB: numkeys must be a positive integer'],
      ['TS.NRANGE 1 a x +', '-ERR TSDB: wrong fromTimestamp'],
      ['TS.NRANGE 1 a - + COUNT 0', '-ERR TSDB: Invalid COUNT value'],
      ['TS.NRANGE 1 a - + AGGREGATION sum', "-ERR TSDB: Couldn't parse AGGREGATION"],
      ['TS.NRANGE 2 a b - + AGGREGATION avg 1000', '-ERR TSDB: the number of aggregators must be equal to numkeys'],
      ['TS.NRANGE 2 a b - + AGGREGATION avg foo 1000', '-ERR TSDB: Unknown aggregation type'],
      ['TS.NRANGE 2 a b - + AGGREGATION sum sum 0', '-ERR TSDB: bucketDuration must be greater than zero'],
      ['TS.NRANGE 1 a - + FILTER_BY_TS', '-ERR TSDB: FILTER_BY_TS one or more arguments are missing'],
      ['TS.NRANGE 2 a missing - +', '-ERR TSDB: the key does not exist'],
      ['TS.NRANGE 2 missing str - +', '-ERR TSDB: the key does not exist'],
      ['TS.NRANGE 2 str missing - +', '-ERR WRONGTYPE Operation against a key holding the wrong kind of value'],
    ))
})

describe('TS.MRANGE EXCLUDEEMPTY', () => {
  it('leaves series out that have no rows', () =>
    talk(
      ...SAMPLES,
      [
        'TS.MRANGE 2000 2600 FILTER room=(study,kitchen)',
        '[["a" [] [[:2000 +12] [:2500 +13]]] ["b" [] []] ["c" [] []]]',
      ],
      ['TS.MRANGE 2000 2600 EXCLUDEEMPTY FILTER room=(study,kitchen)', '[["a" [] [[:2000 +12] [:2500 +13]]]]'],
      [
        'TS.MREVRANGE 2000 2600 excludeempty AGGREGATION sum 1000 FILTER room=(study,kitchen)',
        '[["a" [] [[:2000 +25]]]]',
      ],
      [
        'TS.MRANGE - + EXCLUDEEMPTY FILTER room=study GROUPBY room REDUCE sum',
        '-ERR TSDB: EXCLUDEEMPTY is not allowed with GROUPBY',
      ],
      ['TS.MRANGE - + FILTER room=study EXCLUDEEMPTY', '-ERR TSDB: failed parsing labels'],
    ))
})

describe('TS.QUERYLABELS', () => {
  it('tells labels and values of all series, or of those that filters select', () =>
    talk(
      ['TS.CREATE st LABELS room study type temperature', '+OK'],
      ['TS.CREATE kt LABELS room kitchen type temperature floor 1', '+OK'],
      ['TS.CREATE none', '+OK'],
      ['TS.QUERYLABELS LABELS', '["room" "type" "floor"]'],
      ['TS.QUERYLABELS labels FILTER room=study', '["room" "type"]'],
      ['TS.QUERYLABELS VALUES room', '["study" "kitchen"]'],
      ['TS.QUERYLABELS VALUES room FILTER type=temperature floor=', '["study"]'],
      ['TS.QUERYLABELS VALUES missing', '[]'],
      ['TS.QUERYLABELS VALUES room FILTER room=cellar', '[]'],
      ['TS.QUERYLABELS VALUES', "-ERR wrong number of arguments for 'ts.querylabels' command"],
      ['TS.QUERYLABELS FOO', '-ERR TSDB: unknown subtype, must be one of LABELS|VALUES'],
      ['TS.QUERYLABELS LABELS extra', '-ERR TSDB: unknown argument, expected FILTER'],
      ['TS.QUERYLABELS LABELS FILTER', '-ERR TSDB: FILTER given with no filter expressions'],
      ['TS.QUERYLABELS LABELS FILTER bad', '-ERR TSDB: failed parsing labels'],
      ['TS.QUERYLABELS LABELS FILTER room!=study', '-ERR TSDB: please provide at least one matcher'],
    ))
})

describe('TS.READ', () => {
  it('reads from a time on', () =>
    talk(
      ...SAMPLES,
      ['TS.READ a 0', '[[:1000 +10] [:2000 +12] [:2500 +13]]'],
      ['TS.READ a 1001', '[[:2000 +12] [:2500 +13]]'],
      ['TS.READ a - MAX_COUNT 2', '[[:1000 +10] [:2000 +12]]'],
      ['TS.READ a +', '[[:2500 +13]]'],
      ['TS.READ a $', '[]'],
      ['TS.READ missing 0', '[]'],
      ['TS.READ c -', '[]'],
      ['TS.READ a 0 max_count 1 block 10 1', '[[:1000 +10]]'],
      ['TS.READ a 0 BLOCK 0 2', '[[:1000 +10] [:2000 +12] [:2500 +13]]'],
      ['TS.READ a 1500 BLOCK 30 5', '[[:2000 +12] [:2500 +13]]'],
      ['TS.READ missing 0 BLOCK 30 1', '[]'],
      ['MULTI', '+OK'],
      ['TS.READ a $ BLOCK 0 1', '+QUEUED'],
      [
        'EXEC',
        '[-"ERR TSDB: blocking TS.READ (with BLOCK) is not allowed inside MULTI, EVAL, or a deny-blocking context"]',
      ],
    ))

  it('says what is wrong', () =>
    talk(
      ...SAMPLES,
      ['SET str x', '+OK'],
      ['TS.READ a 0 FOO', "-ERR wrong number of arguments for 'ts.read' command"],
      ['TS.READ a 0 MAX_COUNT', "-ERR wrong number of arguments for 'ts.read' command"],
      ['TS.READ a 0 BLOCK 10', "-ERR wrong number of arguments for 'ts.read' command"],
      ['TS.READ a 0 MAX_COUNT 1 MAX_COUNT 2', "-ERR wrong number of arguments for 'ts.read' command"],
      ['TS.READ a -1', '-ERR TSDB: invalid timestamp'],
      ['TS.READ a x MAX_COUNT 0', '-ERR TSDB: MAX_COUNT must be a positive integer'],
      ['TS.READ a 0 BLOCK -1 1', '-ERR TSDB: BLOCK milliseconds must be a non-negative integer'],
      ['TS.READ a 0 BLOCK 10 x', '-ERR TSDB: BLOCK milliseconds must be a non-negative integer'],
      ['TS.READ a 0 BLOCK 10 0', '-ERR TSDB: BLOCK min_count must be a positive integer'],
      ['TS.READ a 0 BLOCK 10 3 MAX_COUNT 2', '-ERR TSDB: BLOCK min_count must be <= MAX_COUNT'],
      ['TS.READ str x', '-ERR TSDB: invalid timestamp'],
      ['TS.READ str 0', '-ERR WRONGTYPE Operation against a key holding the wrong kind of value'],
    ))

  it('waits until there are enough samples', async () => {
    const server = await serverForTest()
    const [reader, writer] = [await server.connect(), await server.connect()]
    await say(writer, ...SAMPLES)
    reader.send(['TS.READ', 'a', '$', 'BLOCK', '0', '2'])
    await say(writer, ['TS.ADD a 4000 1', ':4000'])
    expect(await reader.readWithin(50)).toBeNull()
    await say(writer, ['TS.ADD a 5000 2', ':5000'])
    expect(printReply(await reader.read())).toBe('[[:4000 +1] [:5000 +2]]')
  })

  it('ends with nothing when the key goes away', async () => {
    const server = await serverForTest()
    const [reader, writer] = [await server.connect(), await server.connect()]
    await say(writer, ...SAMPLES)
    reader.send(['TS.READ', 'a', '$', 'BLOCK', '0', '1'])
    await say(writer, ['DEL a', ':1'])
    expect(printReply(await reader.read())).toBe('[]')
    reader.send(['TS.READ', 'a', '$', 'BLOCK', '0', '1'])
    await say(writer, ['TS.ADD a 5 1', ':5'])
    expect(printReply(await reader.read())).toBe('[[:5 +1]]')
  })

  it('hears of samples that rules write', async () => {
    const server = await serverForTest()
    const [reader, writer] = [await server.connect(), await server.connect()]
    await say(writer, ['TS.CREATE s', '+OK'], ['TS.CREATE d', '+OK'], ['TS.CREATERULE s d AGGREGATION sum 10', '+OK'])
    reader.send(['TS.READ', 'd', '-', 'BLOCK', '0', '1'])
    await say(writer, ['TS.MADD s 1 5 s 11 6', '[:1 :11]'])
    expect(printReply(await reader.read())).toBe('[[:0 +5]]')
  })
})

describe('the configuration', () => {
  it('has the defaults of new series', () =>
    talk(
      ['CONFIG GET ts-duplicate-policy', '["ts-duplicate-policy" "block"]'],
      ['CONFIG SET ts-retention-policy 5000 ts-chunk-size-bytes 128 ts-encoding uncompressed', '+OK'],
      ['CONFIG SET ts-ignore-max-time-diff 7 ts-ignore-max-val-diff 0.5 ts-duplicate-policy SUM', '+OK'],
      ['CONFIG GET ts-ignore-max-val-diff', '["ts-ignore-max-val-diff" "0.500000"]'],
      ['TS.ADD k 1 1', ':1'],
      ['TS.ADD k 1 2', ':1'],
      ['TS.GET k', '[:1 +3]'],
    ))

  it.each([
    ['ts-retention-policy', '-1'],
    ['ts-chunk-size-bytes', '100'],
    ['ts-chunk-size-bytes', '40'],
    ['ts-chunk-size-bytes', 'many'],
    ['ts-encoding', 'bogus'],
    ['ts-duplicate-policy', 'bogus'],
    ['ts-compaction-policy', 'max:1m'],
    ['ts-ignore-max-val-diff', '-1'],
    ['ts-num-threads', '4'],
  ])('refuses %s %s', async (name, value) => {
    const server = await serverForTest()
    await expect(server.call('CONFIG', 'SET', name, value)).rejects.toThrow(name)
  })

  it('makes rules for every series that a sample makes', () =>
    talk(
      ['CONFIG SET ts-compaction-policy avg:10m:1h;max:20m:0:5m ts-encoding uncompressed', '+OK'],
      ['CONFIG GET ts-compaction-policy', '["ts-compaction-policy" "avg:10m:1h;max:20m:0d:5m"]'],
      ['TS.CREATE bare LABELS room attic', '+OK'],
      ['TS.ADD bare 1 1', ':1'],
      ['TS.QUERYINDEX room=attic', '["bare"]'],
      ['TS.ADD temp 1 4 LABELS room study', ':1'],
      ['TS.MADD temp 5 6 temp 12 8 temp 40 1', '[:5 :12 :40]'],
      ['TS.RANGE temp_AVG_10 - +', '[[:0 +5] [:10 +8]]'],
      ['TS.RANGE temp_MAX_20_5 - +', '[[:0 +4] [:5 +8]]'],
      ['TS.QUERYINDEX room=study', '["temp" "temp_AVG_10" "temp_MAX_20_5"]'],
      ['TS.QUERYINDEX time_bucket=20 aggregation=MAX', '["temp_MAX_20_5"]'],
      ['TS.INCRBY sum 2 TIMESTAMP 3', ':3'],
      ['EXISTS sum sum_AVG_10 sum_MAX_20_5', ':3'],
    ))

  it('has an encoding for the series of its rules, and for no others', async () => {
    const server = await serverForTest()
    await server.call('CONFIG', 'SET', 'ts-compaction-policy', 'avg:10s:1h', 'ts-encoding', 'uncompressed')
    await server.call('TS.ADD', 'temp', 1, 4)
    const types = ['temp', 'temp_AVG_10000'].map(async key =>
      ((await server.call('TS.INFO', key)) as Map<string, string>).get('chunkType'),
    )
    expect(await Promise.all(types)).toEqual(['compressed', 'uncompressed'])
  })

  it('lets near samples be ignored, but not in compactions', () =>
    talk(
      ['CONFIG SET ts-ignore-max-time-diff 100 ts-ignore-max-val-diff 5 ts-duplicate-policy last', '+OK'],
      ['TS.CREATE s', '+OK'],
      ['TS.CREATE d', '+OK'],
      ['TS.CREATERULE s d AGGREGATION avg 1000', '+OK'],
      ['TS.MADD s 1 1 s 2 2 d 1 1 d 2 2', '[:1 :1 :1 :2]'],
    ))
})

describe('series as keys', () => {
  it('move to another database without their rules', () =>
    talk(
      ['TS.CREATE s LABELS a 1', '+OK'],
      ['TS.CREATE d LABELS a 1', '+OK'],
      ['TS.CREATERULE s d AGGREGATION sum 10', '+OK'],
      ['MOVE d 1', ':1'],
      ['TS.QUERYINDEX a=1', '["s"]'],
      ['TS.MADD s 1 1 s 11 1', '[:1 :11]'],
      ['SELECT 1', '+OK'],
      ['TS.QUERYINDEX a=1', '["d"]'],
      ['TS.RANGE d - +', '[]'],
      ['SWAPDB 0 1', '+OK'],
      ['TS.QUERYINDEX a=1', '["s"]'],
      ['FLUSHDB', '+OK'],
      ['TS.QUERYINDEX a=1', '[]'],
      ['SELECT 0', '+OK'],
      ['TS.QUERYINDEX a=1', '["d"]'],
    ))

  it('expire with their labels and rules', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const connection = await server.connect()
    await say(
      connection,
      ['TS.CREATE s LABELS a 1', '+OK'],
      ['TS.CREATE d LABELS a 1', '+OK'],
      ['TS.CREATERULE s d AGGREGATION sum 10', '+OK'],
      ['EXPIRE d 10', ':1'],
    )
    clock.advance(11_000)
    await say(
      connection,
      ['TS.MADD s 1 1 s 11 1', '[:1 :11]'],
      ['EXISTS d', ':0'],
      ['TS.QUERYINDEX a=1', '["s"]'],
      ['TS.CREATE d', '+OK'],
      ['TS.DELETERULE s d', '-ERR TSDB: compaction rule does not exist'],
    )
  })

  it('of many chunks are freed between commands', async () => {
    const server = await serverForTest()
    const { memory } = server.server.engine.keyspace
    await server.call('TS.CREATE', 'k', 'CHUNK_SIZE', '48', 'ENCODING', 'UNCOMPRESSED')
    const before = memory.usedBytes
    for (let i = 0; i < 900; i += 100)
      await server.call('TS.MADD', ...Array.from({ length: 100 }, (_, n) => ['k', String(i + n), '1']).flat())
    expect(await server.call('DEL', 'k')).toBe(1)
    expect(memory.usedBytes).toBeGreaterThan(before)
    for (let turns = 0; memory.usedBytes > before && turns < 1000; turns++) await new Promise(setImmediate)
    expect(memory.usedBytes).toBeLessThanOrEqual(before)
  })
})
