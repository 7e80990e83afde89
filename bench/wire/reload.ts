/* Reload -- how long are data saved and loaded, beside redis-server?
 *
 *      node --conditions=redstrata-source --import tsx bench/wire/reload.ts [rounds] [kind ...]
 *
 * A million short strings, and a hundred thousand small collections of ten elements of each kind. For each: SAVE of what clients
 * have just written, loading it (DEBUG RELOAD NOSAVE), and SAVE of what was loaded. Times are processor time of the server, the
 * best of some rounds; beside them the ratio to Redis's. */

import { encode, Load } from './load.ts'
import { build, type ServerProcess, startRedis, startRedstrata } from './server-process.ts'
import { printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 3)
const COLLECTIONS = 100_000

const ten = (word: (i: number) => string[]): string[] => Array.from({ length: 10 }, (_, i) => word(i)).flat()

const KINDS: Readonly<Record<string, (load: Load) => Promise<void>>> = {
  strings: load => load.fill(1_000_000, n => encode('SET', `key:${n}`, `value ${n} of some length`)),
  hashes: load =>
    load.fill(COLLECTIONS, n => encode('HSET', `hash:${n}`, ...ten(i => [`field${i}`, `value ${n + i}`])), 200),
  lists: load => load.fill(COLLECTIONS, n => encode('RPUSH', `list:${n}`, ...ten(i => [`element ${n + i}`])), 200),
  sets: load => load.fill(COLLECTIONS, n => encode('SADD', `set:${n}`, ...ten(i => [`member ${n + i}`])), 200),
  'sets of integers': load =>
    load.fill(COLLECTIONS, n => encode('SADD', `ints:${n}`, ...ten(i => [String(n + i)])), 200),
  'sorted sets': load =>
    load.fill(COLLECTIONS, n => encode('ZADD', `zset:${n}`, ...ten(i => [String(n + i * 7), `member ${i}`])), 200),
}

/** Milliseconds of SAVE, loading, and SAVE again. */
async function measure(start: typeof startRedstrata, fill: (load: Load) => Promise<void>): Promise<number[]> {
  const server: ServerProcess = await start(['--enable-debug-command', 'yes'])
  const load = await Load.connect(server.port)
  await fill(load)
  const best = [Infinity, Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, command] of [['SAVE'], ['DEBUG', 'RELOAD', 'NOSAVE'], ['SAVE']].entries()) {
      if (i === 0 && round > 0) continue // it is no longer what clients have written
      const before = server.cpuMicros()
      await load.text(...command)
      best[i] = Math.min(best[i]!, (server.cpuMicros() - before) / 1000)
    }
  }
  load.close()
  await server.stop()
  return best
}

build()
const wanted = process.argv.slice(3)
const rows: string[][] = []
for (const [kind, fill] of Object.entries(KINDS)) {
  if (wanted.length > 0 && !wanted.includes(kind)) continue
  const ours = await measure(startRedstrata, fill)
  const peer = await measure(startRedis, fill)
  rows.push([kind, ...ours.map((ms, i) => `${ms.toFixed(0)} ms (x ${(ms / peer[i]!).toFixed(2)})`)])
}
printTable(['data', 'SAVE', 'load', 'SAVE again'], rows)
