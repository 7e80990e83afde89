/* What does a command cost between the read and the write, without the system's share?
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/command-path.ts [TEST ...]
 *
 * The commands of redis-benchmark's list, 64 in a read, are handed to a connection whose socket takes everything and does
 * nothing. Keys and fields are drawn from 100,000. */

import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { createServer } from '../../core/index.ts'
import { SocketConnection } from '../../core/net/connection.ts'
import { encode } from '../wire/load.ts'

const PIPELINE = 64
const READS = 2000
const ROUNDS = Number(process.env.ROUNDS ?? 15)
const KEYS = 100_000

class SilentSocket extends EventEmitter {
  readonly writableLength = 0
  _write(_bytes: Buffer, _encoding: string, done: () => void): void {
    done()
  }
  pause(): void {}
  resume(): void {}
}

const random = (): string => String(Math.floor(Math.random() * KEYS)).padStart(12, '0')
const VALUE = 'x'.repeat(16)

const COMMANDS: Readonly<Record<string, () => string[]>> = {
  PING: () => ['PING'],
  SET: () => ['SET', `key:${random()}`, VALUE],
  GET: () => ['GET', `key:${random()}`],
  INCR: () => ['INCR', `counter:${random()}`],
  LPUSH: () => ['LPUSH', 'mylist', VALUE],
  RPUSH: () => ['RPUSH', 'mylist', VALUE],
  LPOP: () => ['LPOP', 'mylist'],
  RPOP: () => ['RPOP', 'mylist'],
  SADD: () => ['SADD', 'myset', `element:${random()}`],
  HSET: () => ['HSET', 'myhash', `element:${random()}`, VALUE],
  SPOP: () => ['SPOP', 'myset'],
  ZADD: () => ['ZADD', 'myzset', String(Number(random())), `element:${random()}`],
  ZPOPMIN: () => ['ZPOPMIN', 'myzset'],
  LRANGE_100: () => ['LRANGE', 'mylist', '0', '99'],
  MSET: () => ['MSET', ...Array.from({ length: 10 }, () => [`key:${random()}`, VALUE]).flat()],
}

const COUNT = READS * PIPELINE

/** What a test needs to be there: as much to take as it takes, room where it adds. */
async function before(test: string): Promise<void> {
  const fill = async (...command: string[]): Promise<void> => {
    for (let i = 0; i < COUNT; i += 1000)
      await call(...command, ...Array.from({ length: 1000 }, (_, k) => elements(command[0], i + k)).flat())
  }
  if (test.endsWith('PUSH')) await call('DEL', 'mylist')
  else if (test.endsWith('POP') && test.length === 4 && test !== 'SPOP') await fill('RPUSH', 'mylist')
  else if (test === 'SPOP') await fill('SADD', 'myset')
  else if (test === 'ZPOPMIN') await fill('ZADD', 'myzset')
  else if (test === 'LRANGE_100') await call('RPUSH', 'mylist', ...Array.from({ length: 600 }, () => VALUE))
}

function elements(command: string, i: number): string[] {
  if (command === 'RPUSH') return [VALUE]
  return command === 'SADD' ? [`element:${i}`] : [String(i), `element:${i}`]
}

const wanted = process.argv.slice(2).map(name => name.toUpperCase())
const { server, call, close } = await createServer({ port: null })
const connection = new SocketConnection(new SilentSocket() as unknown as Socket, server, -1, '')

for (const [name, command] of Object.entries(COMMANDS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const reads = Array.from({ length: READS }, () =>
    Buffer.from(Array.from({ length: PIPELINE }, () => encode(...command())).join('')),
  )
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await before(name)
    const start = process.cpuUsage()
    for (const read of reads) connection.receive(read, read.length)
    const { user, system } = process.cpuUsage(start)
    times.push(((user + system) * 1000) / COUNT)
  }
  console.log(
    `${name.padEnd(12)} ${Math.min(...times)
      .toFixed(0)
      .padStart(6)} ns`,
  )
}
await close()
