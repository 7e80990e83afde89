import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT, ArenaFull, Memory } from '../../core/memory/arena.ts'
import { compareIds, StreamId } from '../../core/structs/stream-id.ts'
import { StreamLog } from '../../core/structs/stream-log.ts'
import { below, seeded, someBytes, times } from './seeded.ts'

interface Entry {
  id: StreamId
  parts: Buffer[]
}

const MIN = new StreamId()
const MAX = new StreamId().setMax()
const show = (entry: Entry) => `${entry.id} ${entry.parts.map(part => part.latin1Slice()).join('|')}`

function append(log: StreamLog, entry: Entry): void {
  const parts = [new Range(), ...entry.parts.map(part => Range.of(part))]
  log.append(entry.id, parts, 1, entry.parts.length / 2)
}

function current(log: StreamLog): Entry {
  const name = new Range()
  const value = new Range()
  const parts: Buffer[] = []
  while (log.nextField(name, value)) parts.push(name.copy(), value.copy())
  expect(parts.length).toBe(log.fieldCount * 2)
  return { id: new StreamId().copyFrom(log.id), parts }
}

function read(log: StreamLog, from: StreamId, to: StreamId, backwards: boolean, most = Infinity): string[] {
  const all: string[] = []
  if (backwards) log.seekBack(from, to)
  else log.seek(from, to)
  while (all.length < most && log.next()) all.push(show(current(log)))
  return all
}

/** Steps an id by something small, something large, or over a carry. */
function stepId(random: () => number, id: StreamId): void {
  const before = new StreamId().copyFrom(id)
  const kind = random()
  if (kind < 0.4) id.increment()
  else if (kind < 0.75) {
    const ms = BigInt(id.msHigh) * 4294967296n + BigInt(id.msLow) + BigInt(1 + below(random, 10 ** below(random, 12)))
    id.setWords(Number(ms >> 32n), Number(ms & 0xffffffffn), 0, random() < 0.7 ? 0 : below(random, 4))
  } else if (kind < 0.9)
    id.setWords(id.msHigh, id.msLow, id.seqHigh, Math.min(0xfffffff0, id.seqLow + below(random, 1e6) + 1))
  else if (kind < 0.95) id.setWords(id.msHigh, id.msLow, id.seqHigh + 1, below(random, 2 ** 32))
  else id.setWords(id.msHigh, id.msLow + 1, 0xffffffff, 0xfffffff0)
  if (compareIds(id, before) <= 0) id.copyFrom(before).increment()
}

function someParts(random: () => number): Buffer[] {
  if (random() < 0.7)
    return ['temp', '', 'humidity', ''].map((name, i) => (i % 2 ? someBytes(random, 8) : Buffer.from(name)))
  const pairs = 1 + below(random, 4)
  return Array.from({ length: pairs * 2 }, () => someBytes(random, random() < 0.03 ? 6000 : random() < 0.1 ? 200 : 12))
}

function check(log: StreamLog, model: Entry[]): void {
  expect(log.length).toBe(model.length)
  expect(read(log, MIN, MAX, false)).toEqual(model.map(show))
  expect(read(log, MIN, MAX, true)).toEqual(model.map(show).reverse())
}

describe('stream log', () => {
  it('agrees with an array over random additions, deletions, trims and ranges', () => {
    for (let seed = 1; seed <= times(6); seed++) {
      const random = seeded(seed * 3)
      const memory = new Memory({ poison: true })
      const log = new StreamLog(memory)
      const root = log.create()
      if (seed % 3 === 0) log.nodeMaxEntries = 300
      let model: Entry[] = []
      const last = new StreamId()
      const maxDeleted = new StreamId()
      let added = 0
      const anyId = () => {
        const id = new StreamId().copyFrom(model.length > 0 ? model[below(random, model.length)]!.id : last)
        const turn = random()
        if (turn < 0.3) id.increment()
        else if (turn < 0.5) id.decrement()
        return id
      }
      for (let step = 0; step < 1500; step++) {
        const choice = random()
        if (choice < 0.7) {
          stepId(random, last)
          const entry = { id: new StreamId().copyFrom(last), parts: someParts(random) }
          append(log, entry)
          model.push(entry)
          added++
        } else if (choice < 0.85) {
          const id = anyId()
          const index = model.findIndex(entry => compareIds(entry.id, id) === 0)
          expect(log.delete(id)).toBe(index >= 0)
          if (index >= 0) {
            model.splice(index, 1)
            if (compareIds(id, maxDeleted) > 0) maxDeleted.copyFrom(id)
          }
        } else if (choice < 0.86) {
          const keep = below(random, model.length + 10)
          expect(log.trimToLength(keep, false, 0)).toBe(Math.max(0, model.length - keep))
          model = model.slice(Math.max(0, model.length - keep))
        } else if (choice < 0.87) {
          const id = anyId()
          const kept = model.filter(entry => compareIds(entry.id, id) >= 0)
          expect(log.trimToId(id, false, 0)).toBe(model.length - kept.length)
          model = kept
        } else {
          const [a, b] = [anyId(), anyId()]
          const wanted = model.filter(entry => compareIds(entry.id, a) >= 0 && compareIds(entry.id, b) <= 0).map(show)
          const most = random() < 0.5 ? Infinity : below(random, 20)
          expect(read(log, a, b, false, most)).toEqual(wanted.slice(0, most))
          expect(read(log, a, b, true, most)).toEqual(wanted.reverse().slice(0, most))
          expect(log.find(a)).toBe(model.some(entry => compareIds(entry.id, a) === 0))
        }
      }
      check(log, model)
      const id = new StreamId()
      expect(log.firstId(id) && id.toString()).toBe(model[0]!.id.toString())
      expect(log.lastEntryId(id) && id.toString()).toBe(model.at(-1)!.id.toString())
      log.readLastId(id)
      expect(id.toString()).toBe(last.toString())
      log.readMaxDeletedId(id)
      expect(id.toString()).toBe(maxDeleted.toString())
      expect(log.entriesAdded).toBe(added)
      expect(log.sizeBytes).toBe(memory.usedBytes)
      log.release(root)
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('cuts blocks at the configured entries and bytes', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    for (let i = 1; i <= 1000; i++)
      append(log, { id: new StreamId().set(i, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.blockCount).toBe(10)
    log.create()
    log.nodeMaxEntries = 0
    for (let i = 1; i <= 100; i++)
      append(log, { id: new StreamId().set(i, 0), parts: [Buffer.from('f'), Buffer.alloc(500)] })
    expect(log.blockCount).toBeGreaterThanOrEqual(12)
    expect(log.blockCount).toBeLessThanOrEqual(15)
    log.create()
    log.nodeMaxBytes = 0
    for (let i = 1; i <= 1000; i++)
      append(log, { id: new StreamId().set(i, 0), parts: [Buffer.from('f'), Buffer.alloc(50)] })
    expect(log.blockCount).toBe(1)
    expect(read(log, new StreamId().set(400, 0), new StreamId().set(402, 0), true).length).toBe(3)
  })

  it('trims whole blocks only when that is asked for, up to a limit of entries', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    for (let i = 1; i <= 1000; i++)
      append(log, { id: new StreamId().set(i, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.trimToLength(950, true, 0)).toBe(0)
    expect(log.trimToLength(899, true, 0)).toBe(100)
    expect(log.trimToLength(0, true, 250)).toBe(200)
    expect(log.length).toBe(700)
    expect(log.trimToId(new StreamId().set(401, 0), true, 0)).toBe(100)
    expect(log.trimToId(new StreamId().set(500, 0), true, 0)).toBe(0)
    expect(log.trimToId(new StreamId().set(501, 0), true, 99)).toBe(0)
    expect(log.trimToLength(0, false, 0)).toBe(600)
    expect(log.blockCount).toBe(0)
    append(log, { id: new StreamId().set(2000, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.length).toBe(1)
  })

  it('holds the least and the greatest ids', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    const ids = [new StreamId().set(0, 1), new StreamId().set(1, 0), new StreamId().setMax().setSeqMin(), MAX]
    const model = ids.map((id, i) => ({ id, parts: [Buffer.from('n'), Buffer.from(String(i))] }))
    for (const entry of model) append(log, entry)
    check(log, model)
    expect(log.delete(MAX)).toBe(true)
    check(log, model.slice(0, 3))
  })

  it('lets its own id be the begin of the next range', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    for (let i = 1; i <= 500; i++)
      append(log, { id: new StreamId().set(i, i), parts: [Buffer.from('f'), Buffer.from('v')] })
    let seen = 0
    log.seek(MIN, MAX)
    while (log.next()) {
      seen++
      expect(log.id.toString()).toBe(`${seen}-${seen}`)
      log.id.increment()
      log.seek(log.id, MAX)
    }
    expect(seen).toBe(500)
    expect(log.find(new StreamId().set(300, 300))).toBe(true)
    expect(log.delete(log.id)).toBe(true)
    expect(log.find(new StreamId().set(300, 300))).toBe(false)
    log.find(new StreamId().set(7, 7))
    const first = show(current(log))
    log.rewindFields()
    expect(show(current(log))).toBe(first)
  })

  it('counts what was added beyond 2^53', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    log.entriesAdded = Number.MAX_SAFE_INTEGER - 1
    append(log, { id: new StreamId().set(1, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.entriesAdded).toBe(Number.MAX_SAFE_INTEGER)
    append(log, { id: new StreamId().set(2, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.entriesAdded).toBe(Infinity)
    log.entriesAdded = Infinity
    append(log, { id: new StreamId().set(3, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.entriesAdded).toBe(Infinity)
    log.entriesAdded = 4294967295
    append(log, { id: new StreamId().set(4, 0), parts: [Buffer.from('f'), Buffer.from('v')] })
    expect(log.entriesAdded).toBe(4294967296)
  })

  it('copies, and frees in steps of a budget', () => {
    const random = seeded(4)
    const memory = new Memory({ poison: true })
    const log = new StreamLog(memory)
    const root = log.create()
    const model: Entry[] = []
    const last = new StreamId()
    for (let i = 0; i < 1000; i++) {
      stepId(random, last)
      model.push({ id: new StreamId().copyFrom(last), parts: someParts(random) })
      append(log, model.at(-1)!)
    }
    log.delete(model[10]!.id)
    model.splice(10, 1)
    const twin = log.copy(root)
    while (!log.releaseStep(root, 3));
    check(log.bind(twin), model)
    expect(log.entriesAdded).toBe(1000)
    expect(log.sizeBytes).toBe(memory.usedBytes)
    stepId(random, last)
    model.push({ id: new StreamId().copyFrom(last), parts: someParts(random) })
    append(log, model.at(-1)!)
    check(log, model)
    log.release(twin)
    expect(memory.usedBytes).toBe(0)
  })

  it('keeps its entries when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    for (let i = 0; i < 15; i++) memory.block(ACCOUNT.overhead, 1 << 20)
    const log = new StreamLog(memory)
    const root = log.create()
    const random = seeded(4)
    const model: Entry[] = []
    const last = new StreamId()
    expect(() => {
      for (;;) {
        stepId(random, last)
        const entry = { id: new StreamId().copyFrom(last), parts: someParts(random) }
        append(log, entry)
        model.push(entry)
      }
    }).toThrow(ArenaFull)
    check(log, model)
    expect(() => log.copy(root)).toThrow(ArenaFull)
    check(log.bind(root), model)
    log.release(root)
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })

  it('takes for an entry little more than its values', () => {
    const memory = new Memory()
    const log = new StreamLog(memory)
    log.create()
    let bytes = 0
    for (let i = 0; i < 50_000; i++) {
      const values = [String(20 + (i % 10)), String(i % 100), `sensor-${i % 1000}`]
      bytes += values.join('').length
      const parts = ['temp', values[0]!, 'humidity', values[1]!, 'sensor', values[2]!].map(part => Buffer.from(part))
      append(log, { id: new StreamId().set(1_700_000_000_000 + i * 20, 0), parts })
    }
    // Two bytes for the id and one a value, and a sixth of all for headers and size classes.
    expect(log.sizeBytes / 50_000).toBeLessThan((bytes / 50_000 + 5) * 1.17)
    expect(log.blockCount).toBe(500)
  })
})
