/* Durability -- what it costs to keep data: saving and loading a million keys, and the append-only file under SET.
 *
 *      node --conditions=redstrata-source --import tsx bench/wire/durability.ts [keys]
 *
 * Beside redis-server in one run. Wall time is what a user waits; processor time is what another program on the machine
 * cannot take away from the figure. */

import { encode, Load } from './load.ts'
import { build, type ServerProcess, startRedis, startRedstrata } from './server-process.ts'
import { median, megabytes, printTable } from './table.ts'

const KEYS = Number(process.argv[2] ?? 1_000_000)
const ROUNDS = 3
const SETS = 200_000
const PIPELINE = 16

interface Spent {
  readonly wallMs: number
  readonly cpuMs: number
}

async function spent(server: ServerProcess, run: () => Promise<unknown>): Promise<Spent> {
  const cpu = server.cpuMicros()
  const begin = performance.now()
  await run()
  return { wallMs: performance.now() - begin, cpuMs: (server.cpuMicros() - cpu) / 1000 }
}

const shown = ({ wallMs, cpuMs }: Spent): string => `${wallMs.toFixed(0)} ms (${cpuMs.toFixed(0)} ms)`

function middle(all: readonly Spent[]): Spent {
  return { wallMs: median(all.map(one => one.wallMs)), cpuMs: median(all.map(one => one.cpuMs)) }
}

/** Save, and save and load, a million strings; memory and pauses while a background save runs. */
async function files(start: (options: readonly string[]) => Promise<ServerProcess>): Promise<string[]> {
  const server = await start(['--enable-debug-command', 'yes'])
  const load = await Load.connect(server.port)
  await load.fill(KEYS, i => encode('SET', `key:${i}`, `value ${i} of some length`))
  const before = await server.settledRssBytes()
  const saves: Spent[] = []
  const reloads: Spent[] = []
  for (let round = 0; round < ROUNDS; round++) {
    saves.push(await spent(server, () => load.text('SAVE').catch(() => '')))
    reloads.push(await spent(server, () => load.text('DEBUG', 'RELOAD').catch(() => '')))
  }
  const watch = await server.watchLoop()
  await load.text('BGSAVE').catch(() => '')
  let peak = 0
  while (/rdb_bgsave_in_progress:1/.test(await load.text('INFO', 'persistence'))) {
    peak = Math.max(peak, server.rssBytes())
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const pause = watch === null ? '-' : `${(await watch()).maxMs.toFixed(1)} ms`
  load.close()
  await server.stop()
  const grown = peak === 0 ? '-' : megabytes(peak - before)
  return [server.name, shown(middle(saves)), shown(middle(reloads)), grown, pause]
}

/** Processor time of a SET, without the append-only file and with it. */
async function log(start: (options: readonly string[]) => Promise<ServerProcess>): Promise<string[]> {
  const cells: string[] = []
  let name = ''
  const costs: number[] = []
  for (const options of [
    ['--appendonly', 'no'],
    ['--appendonly', 'yes'],
  ]) {
    const server = await start(options)
    name = server.name
    const load = await Load.connect(server.port)
    const rounds: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const { cpuMs } = await spent(server, () =>
        load.fill(SETS, i => encode('SET', `key:${i % 50_000}`, `value ${i}`), PIPELINE),
      )
      if (round > 0) rounds.push((cpuMs * 1000) / SETS)
    }
    costs.push(median(rounds))
    load.close()
    await server.stop()
  }
  for (const cost of costs) cells.push(`${cost.toFixed(2)} us`)
  cells.push(`${((100 * (costs[1]! - costs[0]!)) / costs[0]!).toFixed(0)} %`)
  return [name, ...cells]
}

build()
const servers = [startRedstrata, startRedis]
console.log(`${KEYS} strings: wall time (processor time)`)
const rows: string[][] = []
for (const start of servers) rows.push(await files(start))
printTable(['server', 'SAVE', 'DEBUG RELOAD', 'memory of BGSAVE', 'longest pause'], rows)
console.log('processor time of a SET, pipeline 16')
const costs: string[][] = []
for (const start of servers) costs.push(await log(start))
printTable(['server', 'appendonly no', 'appendonly yes', 'more'], costs)
