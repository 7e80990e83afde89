import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import type { ReplyValue } from '../../core/index.ts'
import { Random } from '../support/random.ts'
import { serverForTest, type TestServer } from '../support/server.ts'
import { Twin } from '../support/twin.ts'
import { type Claim, type Entry, idText, StreamModel } from './stream-model.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const GROUPS = ['g', 'group two']
const CONSUMERS = ['ana', 'bob', 'cat']
const START_MS = 1_700_000_000_000

const entryReply = (entry: Entry): ReplyValue => [idText(entry.id), [...entry.fields]]
const listOf = (entries: readonly Entry[]): ReplyValue => entries.map(entryReply)

/** Does random things to a stream and to its model, and compares the answers. */
class Trial {
  readonly #server: TestServer
  readonly #clock: ReturnType<typeof testClock>
  readonly #random: Random
  readonly #model = new StreamModel()
  #clockMs = START_MS

  constructor(server: TestServer, clock: ReturnType<typeof testClock>, random: Random) {
    this.#server = server
    this.#clock = clock
    this.#random = random
  }

  /** Run a command and hold its answer against what the model gave. */
  async #expect(args: readonly (string | number)[], wanted: ReplyValue): Promise<void> {
    const answer = await this.#server.call(...args).catch(error => (error as Error).message)
    expect({ args, answer }).toEqual({ args, answer: wanted })
  }

  #someId(): number {
    const random = this.#random
    return Math.max(0, this.#model.last - random.below(60)) + random.below(4)
  }

  #count(): { words: string[]; count: number } {
    const count = this.#random.below(5)
    return { words: count === 0 ? [] : ['COUNT', String(count)], count }
  }

  async step(): Promise<void> {
    const random = this.#random
    this.#clock.advance(random.below(20))
    this.#clockMs = this.#clock.nowMs()
    const group = random.pick(GROUPS)
    const draw = random.below(100)
    if (draw < 35) return this.#add()
    if (draw < 40) return this.#delete()
    if (draw < 43) return this.#trim()
    if (draw < 50) return this.#look()
    if (!this.#model.groups.has(group)) return this.#create(group)
    if (draw < 65) return this.#read(group)
    if (draw < 72) return this.#history(group)
    if (draw < 80) return this.#acknowledge(group)
    if (draw < 88) return this.#claim(group)
    if (draw < 94) return this.#claimIdle(group)
    return this.#rarely(group)
  }

  async #add(): Promise<void> {
    const random = this.#random
    const model = this.#model
    const names = random.oneIn(4) ? ['x', 'y'] : ['a', 'b', 'c'].slice(0, 1 + random.below(3))
    const fields = names.flatMap(name => [name, 'v'.repeat(random.below(8)) + random.below(1000)])
    // Now and then an id that is too low.
    const id = random.oneIn(12) ? this.#someId() : model.last + 1 + random.below(random.oneIn(8) ? 3000 : 2)
    const length = random.oneIn(8) ? random.below(120) : null
    const options = length === null ? [] : ['MAXLEN', String(length)]
    if (id === 0) return
    if (id <= model.last) {
      const refusal = 'ERR The ID specified in XADD is equal or smaller than the target stream top item'
      return this.#expect(['XADD', 's', ...options, idText(id), ...fields], refusal)
    }
    model.add(id, fields)
    if (length !== null) model.trimToLength(length)
    await this.#expect(['XADD', 's', ...options, idText(id), ...fields], idText(id))
  }

  async #delete(): Promise<void> {
    const ids = [this.#someId(), this.#someId()]
    const deleted = ids.filter(id => this.#model.delete(id)).length
    await this.#expect(['XDEL', 's', ...ids.map(idText)], deleted)
  }

  async #trim(): Promise<void> {
    if (this.#random.oneIn(2)) {
      const id = this.#someId()
      await this.#expect(['XTRIM', 's', 'MINID', idText(id)], this.#model.trimToId(id))
    } else {
      const length = this.#random.below(200)
      await this.#expect(['XTRIM', 's', 'MAXLEN', '=', length], this.#model.trimToLength(length))
    }
  }

  async #look(): Promise<void> {
    const { words, count } = this.#count()
    const [from, to] = [this.#someId(), this.#someId()]
    await this.#expect(['XRANGE', 's', idText(from), idText(to), ...words], listOf(this.#model.range(from, to, count)))
    const back = this.#model.range(from, to, 0).reverse()
    await this.#expect(
      ['XREVRANGE', 's', idText(to), idText(from), ...words],
      listOf(count > 0 ? back.slice(0, count) : back),
    )
    await this.#expect(['XLEN', 's'], this.#model.entries.length)
    const found = this.#model.range(from + 1, Number.MAX_SAFE_INTEGER, count)
    await this.#expect(
      ['XREAD', ...words, 'STREAMS', 's', idText(from)],
      found.length === 0 ? null : new Map([['s', listOf(found)]]),
    )
  }

  async #create(group: string): Promise<void> {
    const id = this.#random.oneIn(2) ? 0 : this.#someId()
    this.#model.createGroup(group, id)
    await this.#expect(['XGROUP', 'CREATE', 's', group, idText(id), 'MKSTREAM'], 'OK')
  }

  async #read(group: string): Promise<void> {
    const consumer = this.#random.pick(CONSUMERS)
    const { words, count } = this.#count()
    const noAck = this.#random.oneIn(5)
    const found = this.#model.read(group, consumer, count, noAck, this.#clockMs)
    const options = noAck ? [...words, 'NOACK'] : words
    await this.#expect(
      ['XREADGROUP', 'GROUP', group, consumer, ...options, 'STREAMS', 's', '>'],
      found.length === 0 ? null : new Map([['s', listOf(found)]]),
    )
  }

  async #history(group: string): Promise<void> {
    const consumer = this.#random.pick(CONSUMERS)
    const { words, count } = this.#count()
    const after = this.#random.oneIn(2) ? 0 : this.#someId()
    const rows = this.#model.history(group, consumer, after, count, this.#clockMs)
    const wanted = rows.map(([id, entry]) => (entry === null ? [idText(id), null] : entryReply(entry)))
    await this.#expect(
      ['XREADGROUP', 'GROUP', group, consumer, ...words, 'STREAMS', 's', idText(after)],
      new Map<ReplyValue, ReplyValue>([['s', wanted]]),
    )
  }

  async #acknowledge(group: string): Promise<void> {
    const ids = [this.#someId(), this.#someId(), this.#someId()]
    const done = ids.filter(id => this.#model.acknowledge(group, id)).length
    await this.#expect(['XACK', 's', group, ...ids.map(idText)], done)
  }

  #howToClaim(): { how: Claim; words: string[] } {
    const random = this.#random
    const onlyIds = random.oneIn(3)
    const force = random.oneIn(3)
    const deliveries = random.oneIn(4) ? random.below(9) : null
    const words = [...(onlyIds ? ['JUSTID'] : []), ...(force ? ['FORCE'] : [])]
    if (deliveries !== null) words.push('RETRYCOUNT', String(deliveries))
    return { how: { nowMs: this.#clockMs, minIdleMs: random.below(60), onlyIds, force, deliveries }, words }
  }

  async #claim(group: string): Promise<void> {
    const consumer = this.#random.pick(CONSUMERS)
    const { how, words } = this.#howToClaim()
    const ids = [this.#someId(), this.#someId()]
    const claimed = ids.map(id => this.#model.claim(group, consumer, id, how)).filter(entry => entry !== null)
    await this.#expect(
      ['XCLAIM', 's', group, consumer, how.minIdleMs, ...ids.map(idText), ...words],
      how.onlyIds ? claimed.map(entry => idText(entry.id)) : listOf(claimed),
    )
  }

  async #claimIdle(group: string): Promise<void> {
    const consumer = this.#random.pick(CONSUMERS)
    const onlyIds = this.#random.oneIn(2)
    const count = 1 + this.#random.below(5)
    const from = this.#random.oneIn(2) ? 0 : this.#someId()
    const minIdleMs = this.#random.below(40)
    const how: Claim = { nowMs: this.#clockMs, minIdleMs, onlyIds, force: false, deliveries: null }
    const { next, claimed, deleted } = this.#model.claimIdle(group, consumer, from, count, how)
    const entries = claimed.map(id => this.#model.entries.find(entry => entry.id === id)!)
    await this.#expect(
      ['XAUTOCLAIM', 's', group, consumer, minIdleMs, idText(from), 'COUNT', count, ...(onlyIds ? ['JUSTID'] : [])],
      [idText(next), onlyIds ? claimed.map(idText) : listOf(entries), deleted.map(idText)],
    )
  }

  async #rarely(group: string): Promise<void> {
    const random = this.#random
    const consumer = random.pick(CONSUMERS)
    const model = this.#model
    const draw = random.below(9)
    if (draw < 3) {
      const id = this.#someId()
      model.groups.get(group)!.last = id
      await this.#expect(['XGROUP', 'SETID', 's', group, idText(id)], 'OK')
    } else if (draw < 6) {
      const pending = model.removeConsumer(group, consumer)
      await this.#expect(['XGROUP', 'DELCONSUMER', 's', group, consumer], pending)
    } else if (draw < 7) {
      model.groups.delete(group)
      await this.#expect(['XGROUP', 'DESTROY', 's', group], 1)
    } else {
      const isNew = !model.groups.get(group)!.consumers.has(consumer)
      model.groups.get(group)!.consumers.add(consumer)
      await this.#expect(['XGROUP', 'CREATECONSUMER', 's', group, consumer], isNew ? 1 : 0)
    }
  }

  /** Compare everything that there is. */
  async compare(): Promise<void> {
    const model = this.#model
    await this.#expect(['XRANGE', 's', '-', '+'], listOf(model.entries))
    await this.#expect(['XREVRANGE', 's', '+', '-'], listOf([...model.entries].reverse()))
    const info = (await this.#server.call('XINFO', 'STREAM', 's', 'FULL', 'COUNT', 0)) as Map<string, ReplyValue>
    expect(info.get('length')).toBe(model.entries.length)
    expect(info.get('last-generated-id')).toBe(idText(model.last))
    expect(info.get('max-deleted-entry-id')).toBe(idText(model.maxDeleted))
    expect(info.get('entries-added')).toBe(model.added)
    expect(info.get('recorded-first-entry-id')).toBe(idText(model.entries[0]?.id ?? 0))
    const groups = info.get('groups') as Map<string, ReplyValue>[]
    expect(groups.map(group => group.get('name'))).toEqual([...model.groups.keys()].sort())
    for (const group of groups) this.#compareGroup(group)
  }

  #compareGroup(info: Map<string, ReplyValue>): void {
    const group = this.#model.groups.get(info.get('name') as string)!
    expect(info.get('last-delivered-id')).toBe(idText(group.last))
    const rows = group.rows()
    expect(info.get('pel-count')).toBe(rows.length)
    expect(info.get('pending')).toEqual(
      rows.map(([id, { consumer, deliveredMs, deliveries }]) => [idText(id), consumer, deliveredMs, deliveries]),
    )
    const consumers = info.get('consumers') as Map<string, ReplyValue>[]
    expect(consumers.map(consumer => consumer.get('name'))).toEqual([...group.consumers].sort())
    for (const consumer of consumers) {
      const own = group.rows(consumer.get('name') as string)
      expect(consumer.get('pending')).toEqual(
        own.map(([id, { deliveredMs, deliveries }]) => [idText(id), deliveredMs, deliveries]),
      )
    }
    // A lag may be unknown, but not wrong.
    const lag = this.#model.entries.filter(({ id }) => id > group.last).length
    expect([null, lag]).toContain(info.get('lag'))
  }
}

async function trial(seed: number, steps: number, limits: Record<string, number>): Promise<void> {
  const clock = testClock(START_MS)
  const server = await serverForTest({ clock, port: null, config: limits })
  const twin = await Twin.of(server)
  const run = new Trial(server, clock, new Random(seed))
  await server.call('XGROUP', 'CREATE', 's', 'first', '0', 'MKSTREAM')
  await server.call('XGROUP', 'DESTROY', 's', 'first')
  for (let i = 0; i < steps; i++) {
    await run.step()
    if (i % 100 === 99) await run.compare()
  }
  await run.compare()
  expect(await twin.differences()).toEqual([])
  await twin.close()
}

describe('streams', () => {
  const rounds = Array.from({ length: long ? 40 : 3 }, (_, i) => i + 1)
  it.each(rounds)('do what a naive model does, and tell a twin of it (seed %i)', seed => trial(seed, 700, {}))

  it.each(rounds)('do so in blocks of a few entries (seed %i)', seed =>
    trial(seed + 100, 700, { 'stream-node-max-entries': 4, 'stream-node-max-bytes': 200 }),
  )
})
