/* How fast are dump files written and read? Codecs only: no keyspace, no disk.
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/rdb.ts [keys]
 *
 * String keys of 16 bytes with values of 16 and 100 bytes, and hashes of 5 short fields. Times are CPU nanoseconds a key. */

import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { Memory } from '../../core/memory/arena.ts'
import {
  RdbFileReader,
  type RdbVisitor,
  writeDatabase,
  writeEnd,
  writeHeader,
  writeKey,
} from '../../core/persistence/rdb/file.ts'
import { TYPE } from '../../core/persistence/rdb/format.ts'
import { ListpackBuilder } from '../../core/persistence/rdb/listpack.ts'
import { RdbWriter } from '../../core/persistence/rdb/writer.ts'

const count = Number(process.argv[2] ?? 500_000)
const facts = { expireMs: -1, exactMs: 0n, idleSeconds: -1, frequency: -1 }
const memory = new Memory()
const random = new SeededRandom(3)
const noise = Buffer.alloc(1 << 16)
random.bytes(noise)

type Put = (writer: RdbWriter, i: number) => void

function write(type: number, compress: boolean, put: Put): { parts: Buffer[]; ns: number } {
  const parts: Buffer[] = []
  const sink = (buf: Buffer, start: number, end: number): void => void parts.push(Buffer.from(buf.subarray(start, end)))
  const writer = new RdbWriter(memory, { sink, compress })
  const key = Buffer.from('key:000000000000')
  const range = Range.of(key)
  const before = process.cpuUsage().user
  writeHeader(writer)
  writeDatabase(writer, 0, count, 0)
  for (let i = 0; i < count; i++) {
    for (let digit = 15, rest = i; digit > 9; digit--, rest = (rest / 10) | 0) key[digit] = 48 + (rest % 10)
    writeKey(writer, range, type, facts)
    put(writer, i)
  }
  writeEnd(writer, true)
  const ns = ((process.cpuUsage().user - before) * 1000) / count
  writer.release()
  return { parts, ns }
}

function read(parts: readonly Buffer[]): number {
  let part = 0
  let at = 0
  const file = new RdbFileReader(memory)
  const before = process.cpuUsage().user
  file.open({
    read(buf, to, length) {
      if (part === parts.length) return 0
      const from = parts[part]!
      const bytes = from.copy(buf, to, at, Math.min(from.length, at + length))
      at += bytes
      if (at === from.length) {
        part++
        at = 0
      }
      return bytes
    },
  })
  const nothing = (): void => {}
  const visitor: RdbVisitor = {
    aux: nothing,
    database: nothing,
    sizes: nothing,
    slot: nothing,
    library: nothing,
    moduleAux: () => false,
    key: (_, type, __, values) => values.skip(type),
  }
  while (file.step(visitor));
  const ns = ((process.cpuUsage().user - before) * 1000) / count
  file.release()
  return ns
}

const listpack = new ListpackBuilder(memory)
const scratch = new Range()
const words = ['name', 'Ada', 'born', '1815', 'city', 'London', 'score', '12.5', 'note', 'first of all'].map(Range.of)
const hash: Put = writer => {
  listpack.begin()
  for (const word of words) listpack.bytes(word)
  writer.string(listpack.finish(scratch))
}
const prose = Buffer.from('the river and the stone and the lantern of the harbour '.repeat(1200))
const kinds: [string, number, boolean, Put][] = [
  ['16 bytes', TYPE.string, true, (w, i) => w.slice(noise, i & 0x7fff, (i & 0x7fff) + 16)],
  ['100 bytes of noise', TYPE.string, true, (w, i) => w.slice(noise, i & 0x7fff, (i & 0x7fff) + 100)],
  ['100 bytes of words', TYPE.string, true, (w, i) => w.slice(prose, i & 0x7fff, (i & 0x7fff) + 100)],
  [
    '100 bytes of words, rdbcompression no',
    TYPE.string,
    false,
    (w, i) => w.slice(prose, i & 0x7fff, (i & 0x7fff) + 100),
  ],
  ['a hash of 5 fields', TYPE.hashListpack, true, hash],
]

for (const [name, type, compress, put] of kinds) {
  write(type, compress, put)
  const { parts, ns } = write(type, compress, put)
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  read(parts)
  const readNs = read(parts)
  process.stdout.write(
    `${name.padEnd(40)} write ${ns.toFixed(0).padStart(6)} ns   read ${readNs.toFixed(0).padStart(6)} ns   ${(bytes / count).toFixed(1)} bytes a key\n`,
  )
}
