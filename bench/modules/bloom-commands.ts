/* What does a command of a sketch cost inside the server, beside SET and GET?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/bloom-commands.ts
 *
 * Requests as redis-benchmark sends them, 16 in a buffer, are parsed, run and answered; only the sockets are left out.
 * Keys and sizes are those of the wire benchmark. Shows the least of many short runs, in nanoseconds a command: other
 * work on the machine makes runs longer, never shorter. */
import { createServer } from '../../core/index.ts'
import { PARSE, RequestParser } from '../../core/resp/request.ts'

const PIPELINE = 16
const BATCHES = 64
const RUNS = 400

const server = await createServer({ port: null })
const { engine, limits } = server.server
const client = engine.addClient(null)
const parser = new RequestParser(limits)

/** A buffer of requests, `__rand_int__` standing for a number below `keys`. */
function requests(keys: number, words: readonly string[]): Buffer {
  const one = (): string => {
    const filled = words.map(word => word.replace('__rand_int__', String(Math.floor(next() * keys)).padStart(12, '0')))
    return `*${filled.length}\r\n${filled.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
  }
  return Buffer.from(Array.from({ length: PIPELINE }, one).join(''))
}

let state = 1
function next(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 4294967296
}

function run(buffer: Buffer): void {
  for (let at = 0; at < buffer.length; at = parser.position)
    if (parser.parse(buffer, at, buffer.length, engine.outermost.args) === PARSE.command) engine.execute(client)
  client.reply.rewind(0)
}

function measure(keys: number, words: readonly string[], batches: number): number {
  const buffers = Array.from({ length: batches }, () => requests(keys, words))
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < RUNS; i++) {
    const start = process.hrtime.bigint()
    for (const buffer of buffers) run(buffer)
    least = Math.min(least, Number(process.hrtime.bigint() - start))
  }
  return least / (PIPELINE * batches)
}

await server.call('BF.RESERVE', 'bf', '0.01', '1000000')
await server.call('CF.RESERVE', 'cf', '2000000')
await server.call('CMS.INITBYDIM', 'cms', '20000', '5')
await server.call('TOPK.RESERVE', 'topk', '50', '2000', '7', '0.9')
await server.call('TDIGEST.CREATE', 'td', 'COMPRESSION', '100')
const hundred = (command: string) => [command, 'bf', ...Array.from({ length: 100 }, () => 'item:__rand_int__')]
const lines: [string, number, string[], number?][] = [
  ['PING', 1, ['PING']],
  ['SET', 100_000, ['SET', 'yard:__rand_int__', 'sixteen-byte-val']],
  ['GET', 100_000, ['GET', 'yard:__rand_int__']],
  ['BF.ADD', 1e6, ['BF.ADD', 'bf', 'item:__rand_int__']],
  ['BF.EXISTS', 1e6, ['BF.EXISTS', 'bf', 'item:__rand_int__']],
  ['BF.MADD, an item of 100', 1e6, hundred('BF.MADD'), 100],
  ['BF.MEXISTS, an item of 100', 1e6, hundred('BF.MEXISTS'), 100],
  ['CF.ADDNX', 1e6, ['CF.ADDNX', 'cf', 'item:__rand_int__']],
  ['CF.EXISTS', 1e6, ['CF.EXISTS', 'cf', 'item:__rand_int__']],
  ['CMS.INCRBY', 100_000, ['CMS.INCRBY', 'cms', 'item:__rand_int__', '1']],
  ['TOPK.ADD', 10_000, ['TOPK.ADD', 'topk', 'item:__rand_int__']],
  ['TDIGEST.ADD', 100_000, ['TDIGEST.ADD', 'td', '__rand_int__']],
]
for (const [title, keys, words, items = 1] of lines)
  console.log(
    `${title.padEnd(28)} ${(measure(keys, words, BATCHES / (items > 1 ? 32 : 1)) / items).toFixed(0).padStart(6)} ns`,
  )
await server.close()
