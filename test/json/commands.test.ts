import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT } from '../../core/memory/arena.ts'
import { Random } from '../support/random.ts'
import { serverForFile, type TestServer } from '../support/server.ts'
import { print, randomModel } from './model.ts'

let server: TestServer

beforeAll(async () => {
  server = await serverForFile()
})

beforeEach(async () => {
  await server.call('FLUSHALL')
})

/** A reply as plain values, an error as its text. */
async function answer(...command: (string | Buffer | number)[]): Promise<unknown> {
  try {
    const reply = await server.call(...command)
    return Buffer.isBuffer(reply) ? reply.toString() : reply
  } catch (error) {
    return (error as Error).message
  }
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const inside = (depth: number) => `$${'[0]'.repeat(depth)}`

describe('a document that nests deep', () => {
  beforeEach(async () => {
    await answer('JSON.SET', 'd', '$', nested(120))
    // Each appends to the innermost array, which the path before it leads to.
    for (let depth = 120; depth < 960; depth += 120)
      expect(await answer('JSON.ARRAPPEND', 'd', inside(depth - 1), nested(120))).toEqual([1])
  })

  it('is refused what would nest beyond the limit, and stays as it was', async () => {
    const before = await answer('JSON.GET', 'd')
    const over = nested(65)
    expect(await answer('JSON.ARRAPPEND', 'd', inside(959), over)).toBe('recursion limit exceeded')
    expect(await answer('JSON.ARRINSERT', 'd', inside(959), 0, over)).toBe('recursion limit exceeded')
    expect(await answer('JSON.SET', 'd', inside(959), nested(66))).toBe('recursion limit exceeded')
    expect(await answer('JSON.MERGE', 'd', inside(959), nested(66))).toBe('recursion limit exceeded')
    expect(await answer('JSON.ARRAPPEND', 'd', `${inside(957)}..[*]`, over)).toBe('recursion limit exceeded')
    expect(await answer('JSON.GET', 'd')).toBe(before)
    expect(await answer('JSON.ARRAPPEND', 'd', inside(959), nested(64))).toEqual([1])
    expect(await answer('JSON.ARRAPPEND', 'd', inside(1023), nested(1))).toBe('recursion limit exceeded')
    expect(await answer('JSON.SET', 'd', inside(1023), '{"a":1}')).toBe('OK')
    expect(await answer('JSON.SET', 'd', `${inside(1023)}.b`, '{}')).toBe('recursion limit exceeded')
    expect(await answer('JSON.SET', 'd', `${inside(1023)}.b`, '2')).toBe('OK')
  })

  it('is read, laid out, copied and compared', async () => {
    const text = (await answer('JSON.GET', 'd')) as string
    expect(text).toBe(nested(960))
    expect(((await answer('JSON.GET', 'd', 'INDENT', ' ')) as string).replaceAll(' ', '')).toBe(text)
    expect(await answer('JSON.GET', 'd', '$..[?(@==$)]')).toBe('[]')
    expect(await answer('COPY', 'd', 'e')).toBe(1)
    expect(await answer('JSON.GET', 'e')).toBe(text)
  })
})

describe('commands', () => {
  it('refuse a path that costs too much, and change nothing', async () => {
    await answer('JSON.SET', 'd', '$', `${'{"a":'.repeat(120)}1${'}'.repeat(120)}`)
    const path = `$${'..a'.repeat(12)}`
    expect(await answer('JSON.GET', 'd', path)).toBe('ERR path matches too much')
    expect(await answer('JSON.SET', 'd', path, '1')).toBe('ERR path matches too much')
    expect(await answer('JSON.DEL', 'd', path)).toBe('ERR path matches too much')
    expect(await answer('JSON.ARRLEN', 'd', `$${'[0]'.repeat(120)}`)).toEqual([])
  })

  it('change thousands of values as fast as one', async () => {
    const rows = Array.from({ length: 5000 }, (_, n) => `{"n":${n},"l":[${n}],"s":"x","t":true}`)
    await answer('JSON.SET', 'd', '$', `[${rows}]`)
    await answer('JSON.NUMINCRBY', 'd', '$[*].n', '100000')
    await answer('JSON.ARRAPPEND', 'd', '$[*].l', '"y"')
    await answer('JSON.STRAPPEND', 'd', '$..s', '"z"')
    await answer('JSON.TOGGLE', 'd', '$..t')
    await answer('JSON.SET', 'd', '$[*].n', '[null]')
    expect(await answer('JSON.DEL', 'd', '$..n')).toBe(5000)
    const expected = rows.map((_, n) => `{"t":false,"l":[${n},"y"],"s":"xz"}`)
    expect(await answer('JSON.GET', 'd')).toBe(`[${expected}]`)
    expect(await answer('JSON.DEL', 'd', '$[*]')).toBe(5000)
    expect(await answer('JSON.GET', 'd')).toBe('[]')
  })

  it('give all memory back', async () => {
    const random = new Random(3)
    const { keyspace } = server.server.engine
    const settled = async () => {
      while (keyspace.hasBuried) await new Promise(resolve => setImmediate(resolve))
      return keyspace.memory.used[ACCOUNT.dataset]
    }
    const before = await settled()
    for (let n = 0; n < 300; n++) {
      const key = `k${random.below(20)}`
      await answer('JSON.SET', key, random.pick(['$', '$.a', '$..b', '$[0]']), print(randomModel(random, 30)))
      await answer('JSON.ARRAPPEND', key, '$..*', '1', '[2]')
      await answer('JSON.DEL', key, random.pick(['$.a', '$[1]', '$..cc', '$']))
    }
    await answer('FLUSHALL')
    expect(await settled()).toBe(before)
  })

  it('tell the size of a document', async () => {
    await answer('JSON.SET', 'd', '$', `{"a":"${'x'.repeat(1000)}"}`)
    const whole = (await answer('JSON.DEBUG', 'MEMORY', 'd')) as number
    expect(whole).toBeGreaterThan(1000)
    expect(whole).toBeLessThan(1300)
    expect(await answer('JSON.DEBUG', 'MEMORY', 'd', '$.a')).toEqual([1006])
    const [db] = server.server.engine.keyspace.databases
    expect(db!.sizeBytes(db!.find(Range.of('d')))).toBeGreaterThan(whole)
  })
})
