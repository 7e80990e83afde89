import { describe, expect, it } from 'vitest'
import { Random } from '../support/random.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

const LONG = process.env.REDSTRATA_TEST === 'long'

/** LRANGE of an array: both indexes may count from the end and may be outside. */
function range(model: readonly string[], start: number, stop: number): string[] {
  const from = start < 0 ? Math.max(0, start + model.length) : start
  const to = stop < 0 ? stop + model.length : stop
  return model.slice(from, Math.max(from, to + 1))
}

describe('a long list', () => {
  it('answers LRANGE up to its last element and ends there', async () => {
    const server = await serverForTest()
    const elements = Array.from({ length: 3000 }, (_, i) => `element ${i}`)
    await server.call('RPUSH', 'list', ...elements)
    expect(await server.call('OBJECT', 'ENCODING', 'list')).toBe('quicklist')
    expect(await server.call('LRANGE', 'list', 0, 99)).toEqual(elements.slice(0, 100))
    expect(await server.call('LRANGE', 'list', 0, 0)).toEqual(['element 0'])
    expect(await server.call('LRANGE', 'list', 0, -1)).toEqual(elements)
    expect(await server.call('LRANGE', 'list', 2999, 2999)).toEqual(['element 2999'])
    expect(await server.call('LRANGE', 'list', 3000, 4000)).toEqual([])
  })
})

describe('a list agrees with an array', () => {
  const smallLimit = 8
  for (const limit of [smallLimit, -2])
    it(`with list-max-listpack-size ${limit}`, async () => {
      const server = await serverForTest()
      await server.call('CONFIG', 'SET', 'list-max-listpack-size', limit)
      await compare(server, new Random(limit + 100), LONG ? 20_000 : 1500)
    })
})

/** A value of a size that lists meet: small ones, some that fill nodes, a few that have one of their own. */
function elementOf(random: Random): string {
  if (random.oneIn(40)) return 'L'.repeat(5000 + random.below(9000))
  if (random.oneIn(3)) return String(random.below(30))
  return `value ${random.below(1000)} `.repeat(1 + random.below(8))
}

async function compare(server: TestServer, random: Random, steps: number): Promise<void> {
  let model: string[] = []
  for (let step = 0; step < steps; step++) {
    // Grows for a while, then shrinks, so that both forms and the way between them are met.
    const grows = Math.floor(step / 250) % 2 === 0
    if (random.oneIn(grows ? 4 : 2)) await shrink(server, random, model)
    else if (random.oneIn(3)) await edit(server, random, model)
    else await push(server, random, model)
    if (random.oneIn(50)) {
      const [from, to] = [random.below(20), -1 - random.below(20)]
      await server.call('LTRIM', 'list', from, to)
      model = range(model, from, to)
    }
    const [start, stop] = [random.below(2 * model.length + 4), random.below(2 * model.length + 4)]
    const bounds = [start - model.length - 2, stop - model.length - 2] as const
    expect(await server.call('LRANGE', 'list', ...bounds)).toEqual(range(model, ...bounds))
    expect(await server.call('LLEN', 'list')).toBe(model.length)
    expect(await server.call('LINDEX', 'list', bounds[0])).toBe(model.at(bounds[0]) ?? null)
  }
}

async function push(server: TestServer, random: Random, model: string[]): Promise<void> {
  const values = Array.from({ length: 1 + random.below(6) }, () => elementOf(random))
  if (random.oneIn(2)) {
    await server.call('RPUSH', 'list', ...values)
    model.push(...values)
  } else {
    await server.call('LPUSH', 'list', ...values)
    model.unshift(...values.reverse())
  }
}

async function shrink(server: TestServer, random: Random, model: string[]): Promise<void> {
  const count = 1 + random.below(12)
  const expected = (taken: string[]): string[] | null => (taken.length === 0 ? null : taken)
  if (random.oneIn(2)) expect(await server.call('LPOP', 'list', count)).toEqual(expected(model.splice(0, count)))
  else
    expect(await server.call('RPOP', 'list', count)).toEqual(
      expected(model.splice(Math.max(0, model.length - count)).reverse()),
    )
}

async function edit(server: TestServer, random: Random, model: string[]): Promise<void> {
  if (model.length === 0) return
  const index = random.below(model.length)
  const value = elementOf(random)
  switch (random.below(4)) {
    case 0:
      await server.call('LSET', 'list', index, value)
      model[index] = value
      return
    case 1: {
      const pivot = model[index]
      await server.call('LINSERT', 'list', 'BEFORE', pivot, value)
      model.splice(model.indexOf(pivot), 0, value)
      return
    }
    case 2: {
      const pivot = model[index]
      expect(await server.call('LPOS', 'list', pivot)).toBe(model.indexOf(pivot))
      expect(await server.call('LREM', 'list', 1, pivot)).toBe(1)
      model.splice(model.indexOf(pivot), 1)
      return
    }
    default:
      expect(await server.call('LMOVE', 'list', 'list', 'LEFT', 'RIGHT')).toBe(model[0])
      model.push(model.shift()!)
  }
}
