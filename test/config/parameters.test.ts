import { describe, expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

const refused = (name: string, why: string): string =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`

/** A server's CONFIG; refusals are given as their texts. */
async function configForTest() {
  const { call: plain } = await serverForTest()
  const call = (...words: string[]): Promise<unknown> => plain(...words).catch((error: Error) => error.message)
  return {
    call,
    set: (name: string, text: string) => call('CONFIG', 'SET', name, text),
    get: async (name: string) => ((await call('CONFIG', 'GET', name)) as Map<string, string>).get(name),
  }
}

describe('parameters', () => {
  it('read whole numbers of 64 bits as they are written elsewhere, and print them back', async () => {
    const { set, get } = await configForTest()
    const notInteger = refused('slowlog-max-len', "argument couldn't be parsed into an integer")
    for (const text of ['01', '-0', '+1', ' 1', '9223372036854775808', '']) {
      expect(await set('slowlog-max-len', text), text).toBe(notInteger)
    }
    expect(await set('slowlog-max-len', '9223372036854775807')).toBe('OK')
    expect(await get('slowlog-max-len')).toBe('9223372036854775807')
    expect(await set('maxmemory', '18446744073709551615')).toBe('OK')
    expect(await get('maxmemory')).toBe('18446744073709551615')
    await set('maxmemory', '0')
  })

  it('keep words in the spelling of their list, and percentiles with six decimals', async () => {
    const { set, get } = await configForTest()
    await set('appendfsync', 'ALWAYS')
    expect(await get('appendfsync')).toBe('always')
    await set('latency-tracking-info-percentiles', '1e1 99.9999995 33.3333333 0x10')
    expect(await get('latency-tracking-info-percentiles')).toBe('10 100 33.333333 16')
    await set('shutdown-on-sigint', 'NOW force nosave')
    expect(await get('shutdown-on-sigint')).toBe('nosave now force')
  })

  it('of what is absent here have bounds all the same', async () => {
    const { set } = await configForTest()
    expect(await set('repl-timeout', '0')).toBe(
      refused('repl-timeout', 'argument must be between 1 and 2147483647 inclusive'),
    )
    expect(await set('oom-score-adj-values', '1 2')).toBe(refused('oom-score-adj-values', 'wrong number of arguments'))
    expect(await set('proc-title-template', '{nobody}')).toBe(
      refused('proc-title-template', 'template format is invalid or contains unknown variables'),
    )
    expect(await set('cluster-announce-hostname', 'a_b')).toMatch('Hostnames may only contain')
  })

  it('that say where files go are protected, but not from the process itself', async () => {
    const { connect, call, dir } = await serverForTest()
    const client = await connect()
    const said = async (...words: string[]): Promise<string> => printReply(await client.call('CONFIG', 'SET', ...words))
    const why = "can't set protected config"
    expect(await said('dir', '/nowhere')).toBe(`-${refused('dir', why)}`)
    // In the order of the arguments, before anything is changed.
    expect(await said('hz', '20', 'dbfilename', 'x', 'nobody', '1')).toBe(`-${refused('dbfilename', why)}`)
    expect(await call('CONFIG', 'SET', 'dir', dir)).toBe('OK')
  })

  it('of where it listens cannot be changed while it does, and are not said to be', async () => {
    const { set, get } = await configForTest()
    const port = (await get('port'))!
    expect(await set('port', port)).toBe('OK')
    expect(await set('port', '1')).toMatch('Unable to listen on this port')
    expect(await set('bind', '127.0.0.2')).toMatch('Failed to bind to specified addresses')
    expect(await get('port')).toBe(port)
  })

  it('for tests of Redis itself are found by name alone', async () => {
    const { get, call } = await configForTest()
    expect(await get('use-exit-on-panic')).toBe('no')
    expect(await call('CONFIG', 'GET', '*-panic')).toEqual(new Map())
  })

  it('can be given by their old and new names at once: the last one holds', async () => {
    const { get, call } = await configForTest()
    expect(await call('CONFIG', 'SET', 'hash-max-ziplist-entries', '1', 'hash-max-listpack-entries', '2')).toBe('OK')
    expect(await get('hash-max-ziplist-entries')).toBe('2')
    expect(await call('CONFIG', 'SET', 'hz', '1', 'HZ', '2')).toBe(refused('HZ', 'duplicate parameter'))
  })
})
