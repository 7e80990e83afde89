import { describe, expect, it } from 'vitest'
import { type TestClock, testClock } from '../../core/base/clock.ts'
import type { ReplyValue } from '../../core/resp/reader.ts'
import { Random } from '../support/random.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

const steps = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 1200

interface Field {
  value: string
  deadline: number
}

/** Hashes as maps, and what each command must answer. */
class Model {
  readonly hashes = new Map<string, Map<string, Field>>()
  nowMs = 0

  hash(key: string): Map<string, Field> {
    const hash = this.hashes.get(key) ?? new Map<string, Field>()
    for (const [name, field] of hash) if (field.deadline <= this.nowMs) hash.delete(name)
    if (hash.size === 0) this.hashes.delete(key)
    return hash
  }

  set(key: string, name: string, value: string): number {
    const hash = this.hash(key)
    const isNew = !hash.has(name)
    hash.set(name, { value, deadline: Infinity })
    this.hashes.set(key, hash)
    return isNew ? 1 : 0
  }

  delete(key: string, name: string): number {
    const hash = this.hash(key)
    const deleted = hash.delete(name)
    if (hash.size === 0) this.hashes.delete(key)
    return deleted ? 1 : 0
  }

  expire(key: string, name: string, deadline: number): number {
    const field = this.hash(key).get(name)
    if (field === undefined) return -2
    if (deadline <= this.nowMs) {
      this.delete(key, name)
      return 2
    }
    field.deadline = deadline
    return 1
  }

  persist(key: string, name: string): number {
    const field = this.hash(key).get(name)
    if (field === undefined) return -2
    const before = field.deadline
    field.deadline = Infinity
    return before === Infinity ? -1 : 1
  }
}

class Trial {
  readonly model = new Model()
  readonly #server: TestServer
  readonly #clock: TestClock
  readonly #random: Random
  readonly #fields: number
  readonly #isActive: boolean

  constructor(server: TestServer, clock: TestClock, random: Random, fields: number, isActive: boolean) {
    this.#server = server
    this.#clock = clock
    this.#random = random
    this.#fields = fields
    this.#isActive = isActive
    this.model.nowMs = clock.nowMs()
  }

  async step(): Promise<void> {
    const random = this.#random
    const key = `h${random.below(3)}`
    const name = `f${random.below(this.#fields)}`
    const { model } = this
    const choice = random.below(100)
    if (choice < 35) {
      const value = random.oneIn(200) ? 'v'.repeat(random.oneIn(5) ? 70_000 : 100) : String(random.below(1000))
      await this.#same(['HSET', key, name, value], model.set(key, name, value))
    } else if (choice < 45) await this.#same(['HDEL', key, name], model.delete(key, name))
    else if (choice < 70) {
      const deadline = model.nowMs + random.below(20_000) - 500
      const outcome = model.expire(key, name, deadline)
      await this.#same(['HPEXPIREAT', key, deadline, 'FIELDS', 1, name], [outcome])
    } else if (choice < 76) await this.#same(['HPERSIST', key, 'FIELDS', 1, name], [model.persist(key, name)])
    else if (choice < 80) await this.#move(key, `h${random.below(3)}`)
    else if (choice < 84) this.#turn(random.below(3000))
    else await this.#look(key, name)
  }

  async #move(from: string, to: string): Promise<void> {
    const { model } = this
    const hash = model.hash(from)
    if (from === to || hash.size === 0 || model.hash(to).size > 0) return
    if (this.#random.oneIn(2)) {
      await this.#same(['RENAME', from, to], 'OK')
      model.hashes.delete(from)
      model.hashes.set(to, hash)
    } else {
      await this.#same(['COPY', from, to, 'REPLACE'], 1)
      model.hashes.set(to, new Map([...hash].map(([name, field]) => [name, { ...field }])))
    }
  }

  #turn(ms: number): void {
    this.#clock.advance(ms)
    this.model.nowMs = this.#clock.nowMs()
  }

  async #look(key: string, name: string): Promise<void> {
    const hash = this.model.hash(key)
    const field = hash.get(name)
    await this.#same(['HLEN', key], hash.size)
    await this.#same(['HGET', key, name], field?.value ?? null)
    const ttl = field === undefined ? -2 : field.deadline === Infinity ? -1 : field.deadline - this.model.nowMs
    await this.#same(['HPTTL', key, 'FIELDS', 1, name], [ttl])
    const all = (await this.#server.call('HGETALL', key)) as Map<ReplyValue, ReplyValue>
    expect(new Map([...all].map(([f, v]) => [String(f), String(v)]))).toEqual(
      new Map([...hash].map(([f, { value }]) => [f, value])),
    )
    const drawn = await this.#server.call('HRANDFIELD', key, 1000)
    expect(((drawn as ReplyValue[] | null) ?? []).map(String).sort()).toEqual([...hash.keys()].sort())
    // Only a server that takes them out knows that nothing but fields past their time is left.
    if (this.#isActive) await this.#same(['EXISTS', key], hash.size > 0 ? 1 : 0)
  }

  async #same(command: (string | number)[], expected: unknown): Promise<void> {
    const reply = await this.#server.call(...(command as [string]))
    expect(plain(reply), command.join(' ').slice(0, 200)).toEqual(expected)
  }
}

function plain(reply: ReplyValue): unknown {
  if (Array.isArray(reply)) return reply.map(plain)
  return Buffer.isBuffer(reply) ? reply.toString() : reply
}

describe('fields of hashes with deadlines', () => {
  for (const [title, fields, isActive] of [
    ['packed', 20, true],
    ['in a table', 600, true],
    ['packed, and never looked for', 20, false],
    ['in a table, and never looked for', 600, false],
  ] as const)
    it(`agree with maps: ${title}`, async () => {
      const clock = testClock()
      const server = await serverForTest({ clock })
      if (!isActive) await server.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0)
      const trial = new Trial(server, clock, new Random(fields), fields, isActive)
      if (fields > 128) for (let i = 0; i < fields; i++) await server.call('HSET', 'h0', `f${i}`, 'x')
      if (fields > 128) for (let i = 0; i < fields; i++) trial.model.set('h0', `f${i}`, 'x')
      for (let i = 0; i < steps; i++) await trial.step()
      await server.call('FLUSHALL')
      while (server.server.keyspace.hasBuried) server.server.keyspace.freeBuried(100)
      expect(server.server.keyspace.databases[0]!.parts).toBeNull()
    })

  it('are all gone after a great many expire at once', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const names = Array.from({ length: 20_000 }, (_, i) => `f${i}`)
    await server.call('HSET', 'h', ...names.flatMap(name => [name, 'v']), 'stays', 'v')
    await server.call('HPEXPIRE', 'h', 50, 'FIELDS', names.length, ...names)
    clock.advance(51)
    expect(await server.call('HLEN', 'h')).toBe(1)
    expect(await server.call('HKEYS', 'h')).toEqual(['stays'])
  })

  it('survive an exchange of databases, and go with their hash into another', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await server.call('HSET', 'h', 'a', '1', 'b', '2')
    await server.call('HPEXPIRE', 'h', 100, 'FIELDS', 1, 'a')
    await server.call('SWAPDB', 0, 1)
    await server.call('SELECT', 1)
    expect(await server.call('MOVE', 'h', 2)).toBe(1)
    await server.call('SELECT', 2)
    expect(await server.call('HPTTL', 'h', 'FIELDS', 2, 'a', 'b')).toEqual([100, -1])
    clock.advance(101)
    expect(await server.call('HKEYS', 'h')).toEqual(['b'])
  })
})
