/* Random commands beside the real server: both are sent the same, and must answer the same and hold the same after it. */

import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { hasRealServer, realServerVersion, startRealServer } from '../support/program.ts'
import { Random } from '../support/random.ts'
import { serverForTest } from '../support/server.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { printReply, type Reply } from '../support/transcript/reply.ts'
import { KEYS, LEX_KEYS, PATTERNS, PATTERNS_SINCE_7_4, POOLS } from './real/commands.ts'
import { agree, type Versions } from './real/compare.ts'
import { Pattern, spoil } from './real/grammar.ts'

const LONG = process.env.REDSTRATA_TEST === 'long'
const STEPS = LONG ? 200_000 : 1500
/** After so many commands both begin anew. */
const STEPS_A_LIFE = 3000
/** One command in so many is spoiled. */
const SPOILED = 15

/** Limits so low that small values leave their packed layouts. */
const SMALL: readonly (readonly [string, string])[] = [
  ['list-max-listpack-size', '4'],
  ['hash-max-listpack-entries', '4'],
  ['hash-max-listpack-value', '8'],
  ['zset-max-listpack-entries', '4'],
  ['zset-max-listpack-value', '8'],
  ['set-max-intset-entries', '4'],
  ['hll-sparse-max-bytes', '100'],
  ['stream-node-max-entries', '3'],
]

/** How to see all that a key of a type holds. */
const READS: Readonly<Record<string, (key: string) => readonly (readonly string[])[]>> = {
  string: key => [['GET', key]],
  list: key => [['LRANGE', key, '0', '-1']],
  hash: key => [
    ['HGETALL', key],
    ['OBJECT', 'ENCODING', key],
  ],
  set: key => [['SMEMBERS', key]],
  zset: key => [['ZRANGE', key, '0', '-1', 'WITHSCORES']],
  stream: key => [
    ['XRANGE', key, '-', '+'],
    ['XINFO', 'STREAM', key],
    ['XINFO', 'GROUPS', key],
  ],
}

const VERSIONS: Versions = { has72: realServerVersion() >= 702, is74: realServerVersion() >= 704 }

class Pair {
  readonly #ours: RawConnection
  readonly #theirs: RawConnection
  readonly versions: Versions

  constructor(ours: RawConnection, theirs: RawConnection, versions: Versions) {
    this.versions = versions
    this.#ours = ours
    this.#theirs = theirs
  }

  async call(...args: readonly string[]): Promise<[Reply, Reply]> {
    const bytes = args.map(arg => Buffer.from(arg, 'latin1'))
    return Promise.all([this.#ours.call(...bytes), this.#theirs.call(...bytes)])
  }

  /** What they say differently, or null. */
  async difference(...args: readonly string[]): Promise<string | null> {
    const [ours, theirs] = await this.call(...args)
    if (agree(args, ours, theirs, this.versions)) return null
    return `${JSON.stringify(args)}: ${printReply(ours)} and not ${printReply(theirs)}`
  }

  /** What the keys that a command names hold differently after it, or null. */
  async differenceOfKeys(args: readonly string[]): Promise<string | null> {
    for (const key of new Set(args.filter(arg => KEYS.includes(arg) || LEX_KEYS.includes(arg)))) {
      const [, type] = await this.call('TYPE', key)
      const reads = READS['text' in type ? type.text : '']?.(key) ?? []
      for (const read of [['TYPE', key], ['TTL', key], ...reads]) {
        const found = await this.difference(...read)
        if (found !== null) return `after ${JSON.stringify(args)} ${found}`
      }
    }
    return null
  }
}

async function compare(pair: Pair, seed: number): Promise<string[]> {
  const random = new Random(seed)
  const known = pair.versions.is74 ? [...PATTERNS, ...PATTERNS_SINCE_7_4] : PATTERNS
  const patterns = known.map(pattern => new Pattern(pattern))
  const differences: string[] = []
  for (let step = 0; step < STEPS && differences.length < 10; step++) {
    if (step % STEPS_A_LIFE === 0) await pair.call('FLUSHALL')
    let args = random.pick(patterns).draw(random, POOLS)
    // A short time to live would pass at another moment on each.
    const isTimed = /EX|EXPIRE/i.test(args.join(' '))
    const isChance = /SPOP|RAND/i.test(args[0]!)
    if (!isChance && random.oneIn(SPOILED)) args = spoil(args, random, isTimed ? 'abc' : POOLS.any!(random))
    const found = (await pair.difference(...args)) ?? (await pair.differenceOfKeys(args))
    if (found === null) continue
    differences.push(`step ${step}: ${found}`)
    await pair.call('FLUSHALL')
  }
  return differences
}

async function pairForTest(): Promise<Pair> {
  const server = await serverForTest()
  const real = await startRealServer(temporaryFolder(), ['--save', ''])
  onTestFinished(() => real.kill())
  return new Pair(await server.connect(), await real.connect(), VERSIONS)
}

describe.runIf(hasRealServer())('random commands beside the real server', () => {
  it('have the same answers', async () => {
    expect(await compare(await pairForTest(), 1)).toEqual([])
  })

  it('have the same answers when values outgrow their packed layouts, in RESP3', async () => {
    const pair = await pairForTest()
    await pair.call('HELLO', '3')
    for (const [name, value] of SMALL) await pair.call('CONFIG', 'SET', name, value)
    expect(await compare(pair, 2)).toEqual([])
  })
})
