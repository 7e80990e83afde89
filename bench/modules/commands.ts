/* What do commands cost inside the server? -- shared by the benches of the modules' commands.
 *
 * Requests as redis-benchmark sends them, 16 in a buffer, are parsed, run and answered; only the sockets are left out.
 * Shows the least of many short runs, in nanoseconds a command: other work on the machine makes runs longer, never
 * shorter. */
import { createServer } from '../../core/index.ts'
import { PARSE, RequestParser } from '../../core/resp/request.ts'

const PIPELINE = 16
/** Time spent on a line of the table. */
const BUDGET_NS = 1.5e9

/** A command, how many numbers `__rand_int__` stands for, and how many items one command has. */
export interface Line {
  readonly title: string
  readonly keys: number
  readonly words: readonly string[]
  readonly items?: number
}

let state = 1
/** A number from 0 to 1, the same sequence on every run. */
export function next(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 4294967296
}

/** A buffer of requests, `__rand_int__` standing for a number below `keys`. */
function requests(keys: number, words: readonly string[]): Buffer {
  const one = (): string => {
    const filled = words.map(word => word.replace('__rand_int__', String(Math.floor(next() * keys)).padStart(12, '0')))
    return `*${filled.length}\r\n${filled.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  }
  return Buffer.from(Array.from({ length: PIPELINE }, one).join(''))
}

/** Print a line for each command, after `prepare`; words behind the script's name choose lines by their titles. */
export async function measureCommands(
  prepare: (call: (...words: string[]) => Promise<unknown>) => Promise<void>,
  lines: readonly Line[],
): Promise<void> {
  const server = await createServer({ port: null })
  const { engine, limits } = server.server
  const client = engine.addClient(null)
  const parser = new RequestParser(limits)
  await prepare((...words) => server.call(...(words as [string, ...string[]])))
  const run = (buffer: Buffer): void => {
    for (let at = 0; at < buffer.length; at = parser.position)
      if (parser.parse(buffer, at, buffer.length, engine.outermost.args) === PARSE.command) engine.execute(client)
    client.reply.rewind(0)
  }
  const chosen = process.argv.slice(2)
  for (const { title, keys, words, items = 1 } of lines) {
    if (chosen.length > 0 && !chosen.some(part => title.includes(part))) continue
    let least = Number.POSITIVE_INFINITY
    const end = process.hrtime.bigint() + BigInt(BUDGET_NS)
    const buffers = Array.from({ length: 64 }, () => requests(keys, words))
    for (let i = 0; process.hrtime.bigint() < end; i++) {
      // About a millisecond at a time, at least one buffer.
      const count = Math.max(1, Math.min(buffers.length, Math.floor(1e6 / (least * PIPELINE)) || 1))
      const start = process.hrtime.bigint()
      for (let n = 0; n < count; n++) run(buffers[(i + n) % buffers.length]!)
      least = Math.min(least, Number(process.hrtime.bigint() - start) / (PIPELINE * count))
    }
    console.log(`${title.padEnd(30)} ${(least / items).toFixed(0).padStart(9)} ns`)
  }
  await server.close()
}
