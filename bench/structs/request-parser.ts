/* How fast are requests taken apart, beside redis-parser?
 *
 * Both are given pipelines of 64 commands in one buffer. redis-parser hands over a Buffer for each argument; ours
 * writes offsets. The row "offsets, 1460-byte pieces" cuts the same bytes as a network does.
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/request-parser.ts */

import RedisParser from 'redis-parser'
import { Bench } from 'tinybench'
import { defaultRequestLimits, PARSE, RequestFrame, RequestParser } from '../../core/resp/request.ts'

const PIPELINE = 64
const PIECE = 1460

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n` + words.map(word => `$${word.length}\r\n${word}\r\n`).join('')
}

const LOADS: Record<string, (i: number) => string[]> = {
  GET: i => ['GET', `key:${String(i).padStart(12, '0')}`],
  'SET 16 B': i => ['SET', `key:${String(i).padStart(12, '0')}`, 'x'.repeat(16)],
  'SET 1 KB': i => ['SET', `key:${String(i).padStart(12, '0')}`, 'x'.repeat(1024)],
  'MSET 10': i => ['MSET', ...Array.from({ length: 20 }, (_, k) => `key:${i}:${k}`)],
}

const parser = new RequestParser(defaultRequestLimits())
const frame = new RequestFrame()

function countOffsets(buf: Buffer): number {
  let commands = 0
  let at = 0
  while (parser.parse(buf, at, buf.length, frame) === PARSE.command) {
    at = parser.position
    commands++
  }
  return commands
}

function countPieces(buf: Buffer): number {
  let commands = 0
  let at = 0
  for (let end = PIECE; ; end += PIECE) {
    const stop = Math.min(end, buf.length)
    while (parser.parse(buf, at, stop, frame) === PARSE.command) {
      at = parser.position
      commands++
    }
    if (stop === buf.length) return commands
  }
}

for (const [name, command] of Object.entries(LOADS)) {
  const buf = Buffer.from(Array.from({ length: PIPELINE }, (_, i) => encode(command(i))).join(''))
  let peerCommands = 0
  const peer = new RedisParser({
    returnReply: () => void peerCommands++,
    returnError: () => undefined,
    returnBuffers: true,
  })
  if (countOffsets(buf) !== PIPELINE || countPieces(buf) !== PIPELINE) throw new Error('a command was lost')
  const bench = new Bench({ time: 500, warmupTime: 200 })
  bench.add('offsets', () => countOffsets(buf))
  bench.add('offsets, 1460-byte pieces', () => countPieces(buf))
  bench.add('redis-parser', () => peer.execute(buf))
  await bench.run()
  console.log(`\n${name}`)
  for (const task of bench.tasks) {
    const result = task.result
    if (result.state !== 'completed') throw new Error(`${task.name}: ${result.state}`)
    const perSecond = (1000 / result.latency.p50) * PIPELINE
    console.log(`  ${task.name.padEnd(28)} ${(perSecond / 1e6).toFixed(2).padStart(8)} M commands/s`)
  }
}
