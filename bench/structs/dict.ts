/* What does a million keys cost in a Dict, beside a Map of strings?
 *
 *   node --conditions=redstrata-source --expose-gc --import tsx bench/structs/dict.ts [keys]
 *
 * Keys of 16 bytes, values of 16 bytes. The Map is given what a server would have to give it: strings made from the
 * bytes that arrived. Times are CPU nanoseconds an operation, in random order; the longest pause is that of 64 inserts. */

import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { Dict } from '../../core/memory/dict.ts'
import { Random } from '../../test/support/random.ts'

const KEYS = Number(process.argv[2] ?? 1_000_000)
const VALUE = Buffer.from('0123456789abcdef')

interface Table {
  set(key: Buffer): void
  get(key: Buffer): number
  delete(key: Buffer): void
  pick(random: Random): number
}

function dictTable(): Table {
  const memory = new Memory()
  const dict = new Dict(memory, { k0: 1, k1: 2 }, 12, ACCOUNT.dataset)
  dict.create()
  const out = new Range()
  return {
    set(key) {
      const record = dict.find(key, 0, key.length) || dict.insert(key, 0, key.length, VALUE.length)
      VALUE.copy(memory.u8[record >>> SLAB_BITS]!, ((record & UNIT_MASK) << 3) + dict.tailAt(record))
    },
    get(key) {
      const record = dict.find(key, 0, key.length)
      return memory.u8[record >>> SLAB_BITS]![((record & UNIT_MASK) << 3) + dict.tailAt(record)]!
    },
    delete: key => dict.remove(dict.find(key, 0, key.length)),
    pick: random => dict.key(dict.at(random.below(dict.count)), out).length,
  }
}

function mapTable(): Table {
  const map = new Map<string, string>()
  return {
    set: key => void map.set(key.latin1Slice(), VALUE.latin1Slice()),
    get: key => map.get(key.latin1Slice())?.length ?? 0,
    delete: key => void map.delete(key.latin1Slice()),
    pick: () => Number.NaN,
  }
}

/** A key's bytes in place, as they lie in a receive buffer. */
function keyOf(buf: Buffer, n: number): Buffer {
  buf.latin1Write(String(n).padStart(12, '0'), 4)
  return buf
}

function cpu(count: number, work: (i: number) => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) work(i)
  const used = process.cpuUsage(before)
  return ((used.user + used.system) * 1000) / count
}

function measure(name: string, table: Table): void {
  globalThis.gc?.()
  const rss = process.memoryUsage().rss
  const random = new Random(1)
  const buf = Buffer.from('key:000000000000')
  let longest = 0
  let since = performance.now()
  const fill = cpu(KEYS, i => {
    table.set(keyOf(buf, i))
    if ((i & 63) !== 0) return
    const now = performance.now()
    longest = Math.max(longest, now - since)
    since = now
  })
  globalThis.gc?.()
  const grown = (process.memoryUsage().rss - rss) / 1048576
  const get = cpu(KEYS, () => void table.get(keyOf(buf, random.below(KEYS))))
  const overwrite = cpu(KEYS, () => table.set(keyOf(buf, random.below(KEYS))))
  const pick = cpu(KEYS, () => void table.pick(random))
  const remove = cpu(KEYS, i => table.delete(keyOf(buf, i)))
  const figures = { fill, get, overwrite, pick, remove }
  const text = Object.entries(figures).map(([what, ns]) => `${what} ${ns.toFixed(0)}`)
  console.log(
    `${name.padEnd(16)} ${text.join('  ')} ns;  ${grown.toFixed(0)} MB;  longest pause ${longest.toFixed(1)} ms`,
  )
}

measure('Dict', dictTable())
measure('Map of strings', mapTable())
