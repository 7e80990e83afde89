/* What do lists, streams and small collections cost? Time and bytes an element, beside plain JavaScript.
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/sequences.ts [elements]
 *
 * Times are CPU nanoseconds an operation. The peers are what one would write first: an array of Buffers for the list, an array
 * of objects for the stream, a Map for the small hash. */

import { Range } from '../../core/base/bytes.ts'
import { Memory } from '../../core/memory/arena.ts'
import { List } from '../../core/structs/list.ts'
import * as packed from '../../core/structs/packed.ts'
import { StreamId } from '../../core/structs/stream-id.ts'
import { StreamLog } from '../../core/structs/stream-log.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const reply = Buffer.alloc(1 << 20)

function measure(name: string, operations: number, act: () => void): void {
  const begin = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(begin)
  console.log(`${name.padEnd(52)} ${(((user + system) * 1000) / operations).toFixed(1).padStart(9)} ns`)
}

function bytes(name: string, each: number): void {
  console.log(`${name.padEnd(52)} ${each.toFixed(1).padStart(9)} bytes`)
}

function lists(): void {
  const out = new Range()
  for (const [kind, value] of [
    ['16 bytes', Range.of('sixteen-bytes-ok')],
    ['100 bytes', Range.of('x'.repeat(100))],
  ] as const) {
    const list = new List(new Memory())
    list.create()
    measure(`list, ${kind}: push`, count, () => {
      for (let i = 0; i < count; i++) list.pushBack(value)
    })
    bytes(`list, ${kind}`, list.sizeBytes / count)
    measure(`list, ${kind}: LRANGE of 100, copied, an element`, 100 * 20_000, () => {
      for (let k = 0; k < 20_000; k++)
        for (let i = 0, at = 0; i < 100; ) {
          i += list.run(i, 100, out)
          out.buf.copy(reply, at, out.start, out.end)
          at += out.end - out.start
        }
    })
    measure(`list, ${kind}: pop at the front`, count >> 1, () => {
      for (let i = 0; i < count >> 1; i++) {
        list.at(0, out)
        list.dropFront(1)
      }
    })
    measure(`list, ${kind}: pop at the back`, count - (count >> 1), () => {
      for (let i = count >> 1; i < count; i++) {
        list.at(-1, out)
        list.dropBack(1)
      }
    })
  }
  const array: Buffer[] = []
  const value = Buffer.from('sixteen-bytes-ok')
  measure('array of Buffers, 16 bytes: push', count, () => {
    for (let i = 0; i < count; i++) array.push(Buffer.from(value))
  })
}

function streams(): void {
  const log = new StreamLog(new Memory())
  log.create()
  const id = new StreamId()
  const values = Array.from({ length: 1000 }, (_, i) => [String(20 + (i % 15)), String(i % 100), `sensor-${i}`])
  const parts = values.map(([a, b, c]) => ['temperature', a!, 'humidity', b!, 'name', c!].map(text => Range.of(text)))
  measure('stream, 3 fields: append', count, () => {
    for (let i = 0; i < count; i++) log.append(id.set(1_700_000_000_000 + i * 3, 0), parts[i % 1000]!, 0, 3)
  })
  bytes('stream, 3 fields', log.sizeBytes / count)
  const to = new StreamId().setMax()
  const name = new Range()
  const value = new Range()
  let read = 0
  for (const backwards of [false, true])
    measure(`stream: range of 100 ${backwards ? 'backwards' : 'forwards'}, an entry`, 2000 * 100, () => {
      for (let k = 0; k < 2000; k++) {
        const at = 1_700_000_000_000 + Math.floor((k / 2000) * count) * 3
        if (backwards) log.seekBack(new StreamId(), id.set(at + 400, 0))
        else log.seek(id.set(at, 0), to)
        for (let i = 0; i < 100 && log.next(); i++) while (log.nextField(name, value)) read += value.end - value.start
      }
    })
  measure('stream: find one entry', 100_000, () => {
    for (let k = 0; k < 100_000; k++)
      if (log.find(id.set(1_700_000_000_000 + ((k * 7919) % count) * 3, 0))) read += log.fieldCount
  })
  const objects: unknown[] = []
  measure('array of objects: append', count, () => {
    for (let i = 0; i < count; i++) {
      const [a, b, c] = values[i % 1000]!
      objects.push({ id: `${1_700_000_000_000 + i * 3}-0`, fields: ['temperature', a, 'humidity', b, 'name', c] })
    }
  })
  console.log(`(${read > 0})`)
}

function small(): void {
  const buf = Buffer.alloc(16_384)
  for (const fields of [10, 128]) {
    packed.init(buf, 0)
    const names = Array.from({ length: fields }, (_, i) => Range.of(`field:${i}`))
    const map = new Map<string, Buffer>()
    for (const name of names) {
      packed.appendPair(buf, 0, buf.length, name, Range.of('some value of 22 bytes'))
      map.set(name.latin1(), Buffer.from('some value of 22 bytes'))
    }
    bytes(`packed hash of ${fields}, a field`, packed.size(buf, 0) / fields)
    let found = 0
    measure(`packed hash of ${fields}: find`, 2_000_000, () => {
      for (let i = 0; i < 2_000_000; i++) found += packed.find(buf, 0, names[i % fields]!, 2)
    })
    measure(`Map of ${fields} by latin1 text: find`, 2_000_000, () => {
      for (let i = 0; i < 2_000_000; i++) found += map.get(names[i % fields]!.latin1())!.length
    })
    if (found === 0) throw new Error('nothing was found')
  }
}

lists()
streams()
small()
