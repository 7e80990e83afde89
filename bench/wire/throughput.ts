/* Throughput -- the default tests of redis-benchmark, on each server in turn.
 *
 * Every round runs each test on one server and then on the other, so that whatever else the machine does meets both.
 * What counts is the median over rounds of the ratio within a round. Processor time is the kernel's count for the whole
 * process, divided by the commands of the run. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { encode, Load } from './load.ts'
import type { ServerProcess } from './server-process.ts'

const run = promisify(execFile)

/** What a test needs to be there. It is made once for each group of neighbouring tests that share it. */
export interface Data {
  fill(load: Load): Promise<void>
}

export interface Test {
  readonly name: string
  /** How many times longer than SET a command of it takes: such tests send fewer. */
  readonly weight: number
  /** Arguments of redis-benchmark that choose it. */
  readonly args: readonly string[]
  readonly data: Data | null
  /** Random numbers in keys and members are below this. */
  readonly range?: number
  /** Sent by us instead of redis-benchmark, where commands depend on each other: `commands` of them, 16 in flight. */
  readonly drive?: (load: Load, commands: number) => Promise<void>
}

/** A run that takes longer hangs: the server never ends a reply, or never gives one. */
const RUN_MS_MAX = 120_000
const LIST = 'mylist'

/** The list that LRANGE reads, as redis-benchmark would make it. */
const list: Data = {
  async fill(load) {
    await load.batch(encode('DEL', LIST), 1)
    await load.fill(20_000, () => encode('LPUSH', LIST, 'x'.repeat(16)))
  },
}

function listed(name: string, weight = 1): Test {
  return { name, weight, args: ['-t', name.toLowerCase()], data: null }
}

function range(count: number): Test {
  return { name: `LRANGE_${count}`, weight: 5 + count / 20, args: ['LRANGE', LIST, '0', String(count - 1)], data: list }
}

/** The default list in its order, in which a test finds what those before it left. */
export const TESTS: readonly Test[] = [
  ...['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'LPUSH', 'RPUSH', 'LPOP', 'RPOP', 'SADD', 'HSET'].map(name =>
    listed(name),
  ),
  ...['SPOP', 'ZADD', 'ZPOPMIN'].map(name => listed(name)),
  ...[100, 300, 500, 600].map(range),
  listed('MSET', 5),
]

export interface Sample {
  readonly perSecond: number
  readonly cpuMicros: number
}

export interface Result {
  readonly test: string
  /** By server, one for each round. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

export interface ThroughputOptions {
  readonly tests: readonly Test[]
  readonly pipeline: number
  readonly rounds: number
  /** Commands of a test at pipeline 1; deeper pipelines send more. */
  readonly requests: number
}

export async function measure(servers: readonly ServerProcess[], options: ThroughputOptions): Promise<Result[]> {
  const { tests, pipeline, rounds } = options
  const samples = new Map(tests.map(test => [test.name, new Map<string, Sample[]>()]))
  // One short round beforehand lets the compiler and the caches settle, and does not count.
  for (let round = -1; round < rounds; round++) {
    for (const server of servers) await empty(server)
    let data: Data | null = null
    for (const test of tests) {
      const { data: wanted } = test
      if (wanted !== null && wanted !== data) for (const server of servers) await fill(server, wanted)
      data = wanted
      for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
        const requests = requestsOf(test, pipeline, options.requests) / (round < 0 ? 4 : 1)
        const sample = await runTest(server, test, pipeline, Math.ceil(requests))
        if (round >= 0) push(samples.get(test.name), server.name, sample)
      }
      process.stderr.write('.')
    }
  }
  process.stderr.write('\n')
  return [...samples].map(([test, byServer]) => ({ test, samples: byServer }))
}

function push(byServer: Map<string, Sample[]> | undefined, name: string, sample: Sample): void {
  byServer?.set(name, [...(byServer.get(name) ?? []), sample])
}

function requestsOf(test: Test, pipeline: number, requests: number): number {
  return (requests * Math.min(pipeline, 16) ** 0.75) / test.weight
}

async function empty(server: ServerProcess): Promise<void> {
  const load = await Load.connect(server.port)
  await load.batch(encode('FLUSHALL'), 1)
  load.close()
}

async function fill(server: ServerProcess, data: Data): Promise<void> {
  const load = await Load.connect(server.port)
  await data.fill(load)
  load.close()
}

async function runTest(server: ServerProcess, test: Test, pipeline: number, requests: number): Promise<Sample> {
  if (test.drive !== undefined) return driveTest(server, test.drive, requests)
  const common = ['-p', String(server.port), '-c', '50', '-d', '16', '-r', String(test.range ?? 100_000), '--csv']
  const cpuBefore = server.cpuMicros()
  const args = [...common, '-n', String(requests), '-P', String(pipeline), ...test.args]
  const { stdout } = await run('redis-benchmark', args, { timeout: RUN_MS_MAX, killSignal: 'SIGKILL' })
  const cpu = server.cpuMicros() - cpuBefore
  const row = stdout.trim().split('\n').at(-1) ?? ''
  return { perSecond: Number(/^"[^"]*","([\d.]+)"/.exec(row)?.[1]), cpuMicros: cpu / requests }
}

async function driveTest(server: ServerProcess, drive: NonNullable<Test['drive']>, commands: number): Promise<Sample> {
  const load = await Load.connect(server.port)
  const cpuBefore = server.cpuMicros()
  const start = performance.now()
  await drive(load, commands)
  const seconds = (performance.now() - start) / 1000
  const cpu = server.cpuMicros() - cpuBefore
  load.close()
  return { perSecond: commands / seconds, cpuMicros: cpu / commands }
}
