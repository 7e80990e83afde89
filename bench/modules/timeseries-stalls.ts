/* Does the server stand still while samples pour in, or while labels of many series are asked for?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/timeseries-stalls.ts
 *
 * A million samples over ten thousand series, a hundred commands at a time as a connection would hand them over; the
 * longest turn is what a client would wait. Then a hundred thousand series with five labels each, and queries that match
 * fifty of them. Times are those of the main thread's own work, as the kernel counts them, beside the clock's: other
 * work on the machine only makes the latter longer. */
import { readFileSync } from 'node:fs'
import { createServer } from '../../core/index.ts'
import { PARSE, RequestParser } from '../../core/resp/request.ts'

const SERIES = 10_000
const SAMPLES = 1_000_000
const TURN = 100

const server = await createServer({ port: null })
const { engine, limits } = server.server
const client = engine.addClient(null)
const parser = new RequestParser(limits)

/** Milliseconds that the main thread has worked; the clock's where the kernel does not tell. */
function workedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

function run(requests: Buffer): void {
  for (let at = 0; at < requests.length; at = parser.position)
    if (parser.parse(requests, at, requests.length, engine.outermost.args) === PARSE.command) engine.execute(client)
  client.reply.rewind(0)
}

function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** Run commands by turns; prints how long the longest turns took. */
function measure(title: string, count: number, words: (i: number) => readonly string[], turn = TURN): void {
  const worked: number[] = []
  const waited: number[] = []
  for (let i = 0; i < count; i += turn) {
    const requests = Buffer.from(
      Array.from({ length: Math.min(turn, count - i) }, (_, n) => request(words(i + n))).join(''),
    )
    const [work, clock] = [workedMs(), performance.now()]
    run(requests)
    worked.push(workedMs() - work)
    waited.push(performance.now() - clock)
  }
  const say = (times: number[]): string => {
    times.sort((a, b) => a - b)
    const share = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(2)
    return `median ${share(0.5)}  99.9 % ${share(0.999)}  longest ${share(1)} ms`
  }
  console.log(`${title.padEnd(44)} work ${say(worked)}\n${''.padEnd(44)} wait ${say(waited)}`)
}

const values = Array.from({ length: SERIES }, () => 20)
measure('TS.ADD, a million over 10,000 series', SAMPLES, i => {
  const series = i % SERIES
  values[series]! += ((i * 7919) % 21) / 10 - 1
  return ['TS.ADD', `s:${series}`, String(1700000000000 + Math.floor(i / SERIES) * 60000), values[series]!.toFixed(1)]
})
await server.call('FLUSHALL')

const COLOURS = 2000
measure('TS.CREATE, 100,000 series with five labels', 100_000, i => [
  ...['TS.CREATE', `t:${i}`, 'LABELS', 'site', `s${i % 100}`, 'kind', `k${i % 7}`, 'room', `r${i % COLOURS}`],
  ...['unit', 'degrees', 'id', String(i)],
])
measure('TS.QUERYINDEX that matches 50 of them, first', 1, () => ['TS.QUERYINDEX', 'room=r77', 'unit=degrees'], 1)
measure(
  'TS.QUERYINDEX that matches 50 of them',
  2000,
  i => ['TS.QUERYINDEX', `room=r${i % COLOURS}`, 'unit=degrees', 'kind!=k9'],
  1,
)
measure('TS.QUERYINDEX of one, by two labels', 2000, i => ['TS.QUERYINDEX', 'unit=degrees', `id=${i}`], 1)
measure('DEL of all, in an order of its own', 100_000, i => ['DEL', `t:${(i * 61) % 100_000}`])
await server.close()
