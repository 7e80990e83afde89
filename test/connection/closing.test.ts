import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

describe('a client that is closed', () => {
  it('is gone for all others at once: by CLIENT KILL, by ACL, by QUIT', async () => {
    const { connect, call } = await serverForTest()
    const names = async (): Promise<string[]> =>
      [...String(await call('CLIENT', 'LIST')).matchAll(/ name=(\w+)/g)].map(([, name]) => name!)
    const named = async (name: string): ReturnType<typeof connect> => {
      const client = await connect()
      await client.call('CLIENT', 'SETNAME', name)
      return client
    }
    const killed = await named('killed')
    const other = await connect()
    // In one go, so that nothing happens in between.
    other.send(['CLIENT', 'KILL', 'ID', printReply(await killed.call('CLIENT', 'ID')).slice(1)])
    other.send(['CLIENT', 'LIST'])
    expect(printReply(await other.read())).toBe(':1')
    expect(printReply(await other.read())).not.toContain('name=killed')

    await call('ACL', 'SETUSER', 'bob', 'on', 'nopass', '+@all', '&news')
    const listener = await connect()
    await listener.call('AUTH', 'bob', 'x')
    await listener.call('CLIENT', 'SETNAME', 'listener')
    await listener.call('SUBSCRIBE', 'news')
    other.send(['ACL', 'SETUSER', 'bob', 'resetchannels'])
    other.send(['CLIENT', 'LIST'])
    await other.read()
    expect(printReply(await other.read())).not.toContain('name=listener')

    const leaving = await named('leaving')
    expect(await names()).toEqual(['leaving'])
    await leaving.call('QUIT')
    expect(await names()).toEqual([])
  })
})

describe('CLIENT PAUSE', () => {
  it('leaves RANDOMKEY an answer when all keys are past their time', async () => {
    const clock = testClock()
    const { connect } = await serverForTest({ clock })
    const client = await connect()
    await client.call('SET', 'k', 'v', 'PX', '10')
    await client.call('CLIENT', 'PAUSE', '1000', 'WRITE')
    clock.advance(11)
    expect(printReply(await client.call('RANDOMKEY'))).toBe('"k"')
    await client.call('CLIENT', 'UNPAUSE')
    expect(printReply(await client.call('RANDOMKEY'))).toBe('nil')
  })

  it('holds back scripts that may write, and counts who is held back as blocked', async () => {
    const { connect } = await serverForTest()
    const [operator, client] = [await connect(), await connect()]
    await client.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=l\nredis.register_function{function_name='f', callback=function() return 1 end, flags={'no-writes'}}",
    )
    await operator.call('CLIENT', 'PAUSE', '100000', 'WRITE')
    const free = [
      ['EVAL', '#!lua flags=no-writes\nreturn 1', '0'],
      ['EVAL_RO', 'return 1', '0'],
      ['FCALL', 'f', '0'],
    ]
    for (const words of free) expect(printReply(await client.call(...words)), words[0]).toBe(':1')
    for (const words of [
      ['EVAL', 'return 1', '0'],
      ['PFCOUNT', 'k'],
      ['EVALSHA', 'x'.repeat(40), '0'],
      ['FCALL', 'none', '0'],
    ]) {
      client.send(words)
      await blocked(operator, 1)
      await operator.call('CLIENT', 'UNPAUSE')
      await client.read()
      await operator.call('CLIENT', 'PAUSE', '100000', 'WRITE')
    }
    client.send(['MULTI'])
    await client.read()
    client.send(['EVAL', 'return 1', '0'])
    await blocked(operator, 1)
    await operator.call('CLIENT', 'UNPAUSE')
    expect(printReply(await client.read())).toBe('+QUEUED')
  })
})

/** Wait until so many clients are blocked. */
async function blocked(
  operator: Awaited<ReturnType<Awaited<ReturnType<typeof serverForTest>>['connect']>>,
  count: number,
): Promise<void> {
  while (!printReply(await operator.call('INFO', 'clients')).includes(`blocked_clients:${count}\\r\\n`)) {
    // until it is so
  }
}
