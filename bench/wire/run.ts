/* Redstrata beside the real redis-server, over the wire, in one run.
 *
 *   npm run bench                                     everything; about a quarter of an hour on two cores
 *   npm run bench -- --only throughput --tests set,get --pipeline 16 --rounds 5
 *   npm run bench -- --only types --rounds 3          commands that redis-benchmark does not know, at pipeline 16
 *   npm run bench -- --only memory --shapes sets,1M
 *
 * Without a redis-server and redis-benchmark on PATH, what can be measured alone is. Ratios are ours to theirs: above 1
 * is faster; for CPU, theirs to ours: above 1 is cheaper. */

import { parseArgs } from 'node:util'
import { measureInProcess } from './in-process.ts'
import { type MemoryGrowth, measureMemory, SHAPES, type Shape } from './memory.ts'
import { fillPauses, floodRatio } from './pauses.ts'
import { build, type ServerProcess, startRedis, startRedstrata, versionOf } from './server-process.ts'
import { geometricMean, median, megabytes, printTable } from './table.ts'
import { measure, type Result, type Sample, type Test, TESTS } from './throughput.ts'
import { TYPE_TESTS } from './type-tests.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'throughput,types,memory,process,pauses' },
    tests: { type: 'string', default: '' },
    pipeline: { type: 'string', default: '1,16,64' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '50000' },
    shapes: { type: 'string', default: '' },
    keys: { type: 'string', default: '10000000' },
  },
})
const parts = values.only.split(',')
const hasRedis = versionOf('redis-server') !== null

async function main(): Promise<void> {
  console.log(`node ${process.version}; ${versionOf('redis-server') ?? 'no redis-server on PATH'}`)
  build()
  if (parts.includes('throughput')) await throughput(TESTS, values.pipeline.split(',').map(Number))
  if (parts.includes('types')) await throughput(TYPE_TESTS, [16])
  if (parts.includes('memory')) await memory()
  if (parts.includes('process')) await inProcess()
  if (parts.includes('pauses')) await pauses()
}

async function throughput(all: readonly Test[], pipelines: readonly number[]): Promise<void> {
  if (versionOf('redis-benchmark') === null) {
    console.log('\nno redis-benchmark on PATH: throughput is not measured')
    return
  }
  const tests = chosen(all, values.tests)
  const servers: ServerProcess[] = [await startRedstrata()]
  if (hasRedis) servers.push(await startRedis())
  for (const pipeline of pipelines) {
    const options = { tests, pipeline, rounds: Number(values.rounds), requests: Number(values.requests) }
    printThroughput(pipeline, await measure(servers, options))
  }
  for (const server of servers) await server.stop()
}

/** Those whose names hold one of the words, or all when there are none. */
function chosen<T extends { readonly name: string }>(all: readonly T[], words: string): readonly T[] {
  const wanted = words.toUpperCase().split(',')
  return all.filter(({ name }) => wanted.some(word => name.toUpperCase().includes(word)))
}

function printThroughput(pipeline: number, results: readonly Result[]): void {
  console.log(`\nPipeline ${pipeline}, -d 16 -c 50`)
  const ratios: number[] = []
  const cpuRatios: number[] = []
  const rows = results.map(({ test, samples }) => {
    const ours = samples.get('redstrata') ?? []
    const theirs = samples.get('redis') ?? []
    const ratio = median(ours.map((sample, round) => sample.perSecond / (theirs[round]?.perSecond ?? Number.NaN)))
    const cpuRatio = cpuOf(theirs) / cpuOf(ours)
    ratios.push(ratio)
    cpuRatios.push(cpuRatio)
    const thousands = (of: readonly Sample[]): string => (median(of.map(sample => sample.perSecond)) / 1000).toFixed(0)
    return [
      test,
      thousands(ours),
      theirs.length > 0 ? thousands(theirs) : '-',
      ratio.toFixed(2),
      cpuOf(ours).toFixed(2),
      cpuOf(theirs).toFixed(2),
      cpuRatio.toFixed(2),
    ]
  })
  const worst = Math.min(...ratios).toFixed(2)
  rows.push(['geometric mean', '', '', geometricMean(ratios).toFixed(2), '', '', geometricMean(cpuRatios).toFixed(2)])
  printTable(['test', 'krps', 'redis krps', 'ratio', 'µs CPU', 'redis µs', 'CPU ratio'], rows)
  console.log(`lowest ratio ${worst}`)
}

function cpuOf(samples: readonly Sample[]): number {
  return samples.length === 0 ? Number.NaN : median(samples.map(sample => sample.cpuMicros))
}

async function memory(): Promise<void> {
  const shapes = chosen(SHAPES, values.shapes)
  const starts = [() => startRedstrata(), ...(hasRedis ? [() => startRedis()] : [])]
  const growths = await measureMemory(starts, shapes)
  const rows = shapes.map(shape => memoryRow(shape, growths))
  console.log('\nMemory that came with the data (resident, after a collection)')
  printTable(['data', 'RSS', 'redis RSS', 'ratio', 'at most', 'used_memory', 'used/RSS'], rows)
}

function memoryRow(shape: Shape, growths: readonly MemoryGrowth[]): string[] {
  const ours = growths.find(growth => growth.shape === shape.name && growth.server === 'redstrata')
  const theirs = growths.find(growth => growth.shape === shape.name && growth.server === 'redis')
  if (ours === undefined) throw new Error(`${shape.name} was not measured`)
  const allowed = theirs === undefined ? Number.NaN : shape.ratioMax * theirs.rssBytes + (shape.extraBytes ?? 0)
  return [
    shape.name,
    megabytes(ours.rssBytes),
    theirs === undefined ? '-' : megabytes(theirs.rssBytes),
    theirs === undefined ? '-' : (ours.rssBytes / theirs.rssBytes).toFixed(2),
    theirs === undefined ? '-' : `${megabytes(allowed)}${ours.rssBytes > allowed ? ' !' : ''}`,
    megabytes(ours.usedBytes),
    (ours.usedBytes / ours.rssBytes).toFixed(2),
  ]
}

async function inProcess(): Promise<void> {
  const { callPerSecond, ioredisPerSecond } = await measureInProcess()
  const ratio = (callPerSecond / ioredisPerSecond).toFixed(1)
  console.log('\nAwaiting each GET, one after the other')
  console.log(
    `server.call ${callPerSecond.toFixed(0)}/s, ioredis over loopback ${ioredisPerSecond.toFixed(0)}/s: ${ratio} times`,
  )
}

async function pauses(): Promise<void> {
  const server = await startRedstrata()
  const flood = await floodRatio(server)
  console.log(
    `\n16,384 keys that collide under any seeded Murmur take ${flood.toFixed(2)} times as long as random ones`,
  )
  const { maxMs, p999Ms } = await fillPauses(server, Number(values.keys))
  console.log(
    `filling ${values.keys} keys: the loop stood still for ${maxMs.toFixed(1)} ms at most (99.9 %: ${p999Ms.toFixed(1)} ms)`,
  )
  await server.stop()
}

await main()
