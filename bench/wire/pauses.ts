/* Pauses -- does the loop stand still while the table grows, or when somebody chooses keys that should collide?
 *
 * The second question puts 16,384 keys into a table which have the same MurmurHash64A under every seed. The hash takes a
 * key in blocks of eight bytes: each block is mixed, xored into the state, and the state is multiplied by an odd number.
 * A difference in the top bit alone survives that multiplication as it is, so a second difference in the top bit, one
 * block later, cancels it. Undoing the mixing gives two blocks that come out as 0 and as the top bit; a key made of
 * pairs, each one or the other twice, is one of 2^14 with the same hash (Aumasson and Bernstein, 2012). */

import { encode, Load } from './load.ts'
import type { ServerProcess } from './server-process.ts'

const MULTIPLIER = 0xc6a4a7935bd1e995n
const SHIFT = 47n
const WORD = (1n << 64n) - 1n

/** The block that the hash's mixing turns into `mixed`. */
function unmix(mixed: bigint): bigint {
  const inverse = inverseOf(MULTIPLIER)
  const shifted = (mixed * inverse) & WORD
  return ((shifted ^ (shifted >> SHIFT)) * inverse) & WORD
}

/** The inverse modulo 2^64, by Newton's iteration. */
function inverseOf(odd: bigint): bigint {
  let x = odd
  for (let i = 0; i < 6; i++) x = (x * (2n - odd * x)) & WORD
  return x
}

const PAIRS = 14

/** 2^14 keys with one Murmur hash, as text of one character a byte. */
export function collidingKeys(): string[] {
  const block = Buffer.alloc(8)
  const pairs = [0n, 1n << 63n].map(mixed => {
    block.writeBigUInt64LE(unmix(mixed))
    return block.latin1Slice().repeat(2)
  })
  return Array.from({ length: 1 << PAIRS }, (_, n) => {
    let key = ''
    for (let bit = 0; bit < PAIRS; bit++) key += pairs[(n >> bit) & 1]
    return key
  })
}

/** How much longer the colliding keys take than random ones of the same length: the median of a few trials. */
export async function floodRatio(server: ServerProcess): Promise<number> {
  const colliding = collidingKeys()
  const random = colliding.map((key, i) => String(i).padStart(key.length, '0'))
  const load = await Load.connect(server.port)
  const ratios: number[] = []
  for (let trial = 0; trial < 7; trial++) {
    const times: number[] = []
    for (const keys of trial % 2 === 0 ? [colliding, random] : [random, colliding]) {
      await load.batch(encode('FLUSHALL'), 1)
      const before = server.cpuMicros()
      for (let turn = 0; turn < 20; turn++) await load.fill(keys.length, i => latin1Set(keys[i]))
      times.push(server.cpuMicros() - before)
    }
    ratios.push(trial % 2 === 0 ? times[0] / times[1] : times[1] / times[0])
  }
  load.close()
  return ratios.sort((a, b) => a - b)[3]
}

function latin1Set(key: string): string {
  return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\nx\r\n`
}

/** Fill ten million keys and tell the longest time for which the loop stood still. */
export async function fillPauses(
  server: ServerProcess,
  count = 10_000_000,
): Promise<{ maxMs: number; p999Ms: number }> {
  const finish = await server.watchLoop()
  if (finish === null) throw new Error('only Redstrata has a loop to watch')
  const load = await Load.connect(server.port)
  await load.fill(count, i => encode('SET', `key:${String(i).padStart(12, '0')}`, 'v'.repeat(16)), 500)
  load.close()
  return finish()
}
