import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import type { ReplyValue } from '../../core/index.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

const quiet = (): Promise<TestServer> => serverForTest({ port: null })

/** What a promise has come to by now. */
async function soFar(promise: Promise<ReplyValue>): Promise<ReplyValue | 'waiting'> {
  const shown = promise.catch(error => `refused: ${(error as Error).message}`)
  return Promise.race([shown, new Promise<'waiting'>(resolve => setImmediate(() => resolve('waiting')))])
}

const one = (key: string, id: string, ...fields: string[]): ReplyValue => new Map([[key, [[id, fields]]]])
const NOGROUP = "refused: NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"

describe('a reader that waits', () => {
  it('is served by whichever stream comes first, with what came to all of them', async () => {
    const server = await quiet()
    const reader = server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', 't', '$', '5-0')
    expect(await soFar(reader)).toBe('waiting')
    await server.call('XADD', 't', '4-0', 'too', 'low')
    expect(await soFar(reader)).toBe('waiting')
    await server.call('MULTI')
    await server.call('XADD', 't', '5-1', 'a', '1')
    await server.call('XADD', 's', '1-1', 'b', '2')
    await server.call('EXEC')
    const served = new Map([
      ['s', [['1-1', ['b', '2']]]],
      ['t', [['5-1', ['a', '1']]]],
    ])
    expect(await soFar(reader)).toEqual(served)
  })

  it('keeps the last id that $ stood for, whatever becomes of the stream meanwhile', async () => {
    const server = await quiet()
    await server.call('XADD', 's', '3-0', 'a', '1')
    const reader = server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$')
    await server.call('DEL', 's')
    await server.call('RPUSH', 's', 'a list')
    await server.call('DEL', 's')
    await server.call('XADD', 's', '2-0', 'a', '2')
    expect(await soFar(reader)).toBe('waiting')
    await server.call('XADD', 's', '4-0', 'a', '3')
    expect(await soFar(reader)).toEqual(one('s', '4-0', 'a', '3'))
  })

  it('of the last entry of an empty stream gets the first one that comes', async () => {
    const server = await quiet()
    await server.call('XADD', 's', '3-0', 'a', '1')
    await server.call('XDEL', 's', '3-0')
    const reader = server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '+')
    expect(await soFar(reader)).toBe('waiting')
    await server.call('XADD', 's', '4-0', 'a', '2')
    expect(await soFar(reader)).toEqual(one('s', '4-0', 'a', '2'))
  })

  it('is served by RENAME, COPY and SWAPDB as by XADD', async () => {
    const server = await quiet()
    await server.call('XADD', 'other', '1-1', 'a', '1')
    const first = server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '0')
    await server.call('COPY', 'other', 's')
    expect(await soFar(first)).toEqual(one('s', '1-1', 'a', '1'))
    await server.call('DEL', 's')
    const second = server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '0')
    await server.call('RENAME', 'other', 's')
    expect(await soFar(second)).toEqual(one('s', '1-1', 'a', '1'))
    const third = server.client()
    await third.call('SELECT', 1)
    const waiting = third.call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '0')
    await server.call('SWAPDB', 0, 1)
    expect(await soFar(waiting)).toEqual(one('s', '1-1', 'a', '1'))
  })

  it('gives up when its time is over', async () => {
    const clock = testClock()
    const server = await serverForTest({ port: null, clock })
    const reader = server.client().call('XREAD', 'BLOCK', 500, 'STREAMS', 's', '$')
    clock.advance(499)
    expect(await soFar(reader)).toBe('waiting')
    clock.advance(1)
    expect(await soFar(reader)).toBe(null)
    await server.call('XADD', 's', '1-1', 'a', '1')
  })

  it('does not wait in a transaction', async () => {
    const server = await quiet()
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    await server.call('MULTI')
    await server.call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$')
    await server.call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')
    expect(await server.call('EXEC')).toEqual([null, null])
  })
})

describe('a consumer that waits', () => {
  it('gets the next entry in its turn', async () => {
    const server = await quiet()
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    const waiting = ['ana', 'bob', 'cat'].map(name =>
      server.client().call('XREADGROUP', 'GROUP', 'g', name, 'BLOCK', 0, 'COUNT', 1, 'STREAMS', 's', '>'),
    )
    await server.call('MULTI')
    await server.call('XADD', 's', '1-1', 'a', '1')
    await server.call('XADD', 's', '1-2', 'a', '2')
    await server.call('EXEC')
    expect(await soFar(waiting[0]!)).toEqual(one('s', '1-1', 'a', '1'))
    expect(await soFar(waiting[1]!)).toEqual(one('s', '1-2', 'a', '2'))
    expect(await soFar(waiting[2]!)).toBe('waiting')
    expect(await server.call('XPENDING', 's', 'g')).toEqual([
      2,
      '1-1',
      '1-2',
      [
        ['ana', '1'],
        ['bob', '1'],
      ],
    ])
  })

  it.each([['DEL', 's'], ['FLUSHALL'], ['XGROUP', 'DESTROY', 's', 'g'], ['RENAME', 's', 't'], ['SWAPDB', '0', '1']])(
    'is told when its group is gone: %s',
    async (...command) => {
      const server = await quiet()
      await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
      const reader = server.client().call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')
      expect(await soFar(reader)).toBe('waiting')
      await server.call(...command)
      expect(await soFar(reader)).toBe(NOGROUP)
    },
  )

  it('is told when its key expires', async () => {
    const clock = testClock()
    const server = await serverForTest({ port: null, clock })
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    await server.call('PEXPIRE', 's', 100)
    const reader = server.client().call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')
    clock.advance(101)
    await server.call('EXISTS', 's')
    expect(await soFar(reader)).toBe(NOGROUP)
  })

  it('is not woken for an entry that is deleted in the same transaction', async () => {
    const server = await quiet()
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    const reader = server.client().call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')
    await server.call('MULTI')
    await server.call('XADD', 's', '1-1', 'a', '1')
    await server.call('XDEL', 's', '1-1')
    await server.call('EXEC')
    expect(await soFar(reader)).toBe('waiting')
    await server.call('XADD', 's', '1-2', 'a', '2')
    expect(await soFar(reader)).toEqual(one('s', '1-2', 'a', '2'))
  })

  it('that leaves is passed over', async () => {
    const server = await quiet()
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    const leaving = server.client()
    const lost = leaving.call('XREADGROUP', 'GROUP', 'g', 'ana', 'BLOCK', 0, 'STREAMS', 's', '>')
    const staying = server.client().call('XREADGROUP', 'GROUP', 'g', 'bob', 'BLOCK', 0, 'STREAMS', 's', '>')
    leaving.close()
    expect(await soFar(lost)).toBe('refused: the client was closed')
    await server.call('XADD', 's', '1-1', 'a', '1')
    expect(await soFar(staying)).toEqual(one('s', '1-1', 'a', '1'))
  })
})
