/* What do the leaves cost? Numbers, check sums, hashes, patterns and bits beside what Node has for the same.
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/primitives.ts
 *
 * Times are CPU nanoseconds an operation, the best of several rounds. */

import { Range } from '../../core/base/bytes.ts'
import { Crc64 } from '../../core/base/crc.ts'
import { matchGlob } from '../../core/base/glob.ts'
import { compress, decompress } from '../../core/base/lzf.ts'
import { murmur64 } from '../../core/base/murmur.ts'
import { parseDouble, parseInteger, writeDouble, writeInteger } from '../../core/base/numbers.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { countBits } from '../../core/structs/bitmap.ts'
import { decodePlace, distance, encodePlace } from '../../core/structs/geohash.ts'
import { HllEditor } from '../../core/structs/hyperloglog.ts'

const ROUNDS = 7
const COUNT = 4096
const random = new SeededRandom(1)
const out = Buffer.alloc(64)
const lines: string[] = []

/** Run `each` for i in [0, COUNT) many times, and note what one run costs. */
function measure(name: string, times: number, each: (i: number) => number, bytes = 0): void {
  let best = Infinity
  let sum = 0
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage().user
    for (let k = 0; k < times; k++) for (let i = 0; i < COUNT; i++) sum += each(i)
    best = Math.min(best, ((process.cpuUsage().user - before) * 1000) / (times * COUNT))
  }
  const rate = bytes > 0 ? `${((bytes / best) * 1000).toFixed(0).padStart(7)} MB/s` : ''
  lines.push(`${name.padEnd(44)}${best.toFixed(1).padStart(10)} ns ${rate}${Number.isNaN(sum) ? ' ' : ''}`)
}

/** COUNT texts one behind the other, and where each begins. */
function texts(make: (i: number) => string): { buf: Buffer; starts: Int32Array } {
  const all = Array.from({ length: COUNT }, (_, i) => make(i))
  const starts = new Int32Array(COUNT + 1)
  all.forEach((text, i) => {
    starts[i + 1] = starts[i]! + text.length
  })
  return { buf: Buffer.from(all.join(''), 'latin1'), starts }
}

const integers = texts(() => String(Math.floor(random.next() ** 3 * 1e12)))
measure('parseInteger', 100, i => parseInteger(integers.buf, integers.starts[i]!, integers.starts[i + 1]!))
measure('Number(latin1Slice) of the same', 100, i =>
  Number(integers.buf.latin1Slice(integers.starts[i], integers.starts[i + 1])),
)
const values = Float64Array.from({ length: COUNT }, () => Math.floor(random.next() ** 3 * 1e12))
measure('writeInteger', 100, i => writeInteger(out, 0, values[i]!))
measure('latin1Write(String)', 100, i => out.latin1Write(String(values[i]! + 0.5), 0))

const decimals = texts(() => (random.below(1e6) / 100).toFixed(2))
measure('parseDouble of 2 decimals', 100, i => parseDouble(decimals.buf, decimals.starts[i]!, decimals.starts[i + 1]!))
const fractions = texts(() => String(random.next()))
measure('parseDouble of 17 digits', 30, i => parseDouble(fractions.buf, fractions.starts[i]!, fractions.starts[i + 1]!))
const prices = Float64Array.from({ length: COUNT }, () => random.below(1e6) / 100)
measure('writeDouble of 2 decimals', 100, i => writeDouble(out, 0, prices[i]!))
const scores = Float64Array.from({ length: COUNT }, () => random.next())
measure('writeDouble of 17 digits', 30, i => writeDouble(out, 0, scores[i]!))
measure('latin1Write(toExponential) of the same', 30, i => out.latin1Write(scores[i]!.toExponential(), 0))

const block = Buffer.alloc(1 << 16)
random.bytes(block)
const crc = new Crc64()
measure(
  'crc64, 4 KB',
  1,
  i => {
    crc.update(block, i & 0xff, (i & 0xff) + 4096)
    return crc.low
  },
  4096,
)
const hash = { high: 0, low: 0 }
const murmur = (bytes: number) => (i: number) => {
  murmur64(block, i, i + bytes, 0, 0xadc83b19, hash)
  return hash.low
}
measure('murmur64, 16 bytes', 100, murmur(16), 16)
measure('murmur64, 1 KB', 3, murmur(1024), 1024)
measure('countBits, 4 KB', 1, i => countBits(block, i & 0xff, (i & 0xff) + 4096), 4096)

const words = ['river', 'stone', 'lantern', 'harbour', '{"id":', 'true,', ' ']
const prose = Buffer.from(Array.from({ length: 3000 }, () => words[random.below(words.length)]).join(''))
const packed = Buffer.alloc(8192)
const length = compress(prose, 0, 8192, packed, 0, 8188)
measure('LZF compress, 8 KB of words', 1, () => compress(prose, 0, 8192, packed, 0, 8188), 8192)
measure('LZF compress, 8 KB that will not shrink', 1, i => compress(block, i, i + 8192, packed, 0, 8188), 8192)
compress(prose, 0, 8192, packed, 0, 8188)
const unpacked = Buffer.alloc(8192)
measure('LZF decompress to 8 KB', 1, () => (decompress(packed, 0, length, unpacked, 0, 8192) ? 1 : 0), 8192)

const keys = texts(i => `user:${String(i).padStart(6, '0')}:name`)
const key = new Range()
const pattern = Range.of('user:*9?:na*')
measure('matchGlob user:*9?:na*', 30, i => {
  key.set(keys.buf, keys.starts[i]!, keys.starts[i + 1]!)
  return matchGlob(pattern, key) ? 1 : 0
})

const place = { longitude: 0, latitude: 0 }
measure('encodePlace', 100, i => encodePlace(scores[i]! * 360 - 180, scores[COUNT - 1 - i]! * 170 - 85))
measure('decodePlace', 100, i => {
  decodePlace(scores[i]! * 2 ** 52, place)
  return place.longitude
})
measure('distance', 30, i => distance(scores[i]!, 1, 2, scores[COUNT - 1 - i]!))

const editor = new HllEditor()
editor.create()
for (let i = 0; i < COUNT; i++) editor.add(key.set(keys.buf, keys.starts[i]!, keys.starts[i + 1]!), 0)
const dense = editor.result(new Range())
measure('HyperLogLog add, dense', 30, i => editor.add(key.set(keys.buf, keys.starts[i]!, keys.starts[i + 1]!), 0))
const before = process.cpuUsage().user
for (let i = 0; i < 500; i++) editor.count(dense)
lines.push(
  `${'HyperLogLog count, dense'.padEnd(44)}${(((process.cpuUsage().user - before) * 1000) / 500).toFixed(0).padStart(10)} ns`,
)

process.stdout.write(`${lines.join('\n')}\n`)
