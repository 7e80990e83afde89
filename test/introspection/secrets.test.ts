import { describe, expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

const SECRETIVE: readonly (readonly [line: string, shown: string])[] = [
  ['AUTH nobody secret', 'AUTH (redacted) (redacted)'],
  ['AUTH secret', 'AUTH (redacted)'],
  ['HELLO 3 SETNAME me AUTH nobody secret', 'HELLO 3 SETNAME me AUTH (redacted) (redacted)'],
  ['CONFIG SET hz 10 RequirePass ""', 'CONFIG SET hz 10 RequirePass (redacted)'],
  ['ACL SETUSER bob >secret on', 'ACL SETUSER (redacted) (redacted) (redacted)'],
  ['MIGRATE h x "" 0 1 AUTH2 u secret KEYS auth k', 'MIGRATE h x  0 1 AUTH2 (redacted) (redacted) KEYS auth k'],
]

describe('secrets', () => {
  it('are not in the slow log', async () => {
    const { connect, call } = await serverForTest()
    const client = await connect()
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    for (const [line, shown] of SECRETIVE) {
      await client.call(...words(line))
      const [entry] = (await call('SLOWLOG', 'GET', '1')) as [[number, number, number, string[]]]
      expect(entry[3].join(' '), line).toBe(shown)
    }
  })

  it('are not shown by MONITOR, which shows commands of connections in the order in which they are done', async () => {
    const { connect } = await serverForTest()
    const [client, monitor] = [await connect(), await connect()]
    await monitor.call('MONITOR')
    const seen = async (...lines: string[]): Promise<string[]> => {
      for (const line of lines) await client.call(...words(line))
      await client.call('ECHO', 'end')
      const found: string[] = []
      for (;;) {
        const line = printReply(await monitor.read()).replace(/^\+[0-9.]+ \[(\d+) [^\]]*\] /, '$1 ')
        if (line.includes('"end"')) return found
        found.push(line)
      }
    }
    expect(await seen('AUTH nobody secret')).toEqual(['0 "AUTH" "(redacted)" "(redacted)"'])
    expect(await seen('MULTI', 'SET k v', 'SELECT 2', 'EXEC')).toEqual([
      '0 "MULTI"',
      '0 "SET" "k" "v"',
      '2 "SELECT" "2"',
      '2 "EXEC"',
    ])
  })
})

function words(line: string): string[] {
  return line.split(' ').map(word => (word === '""' ? '' : word))
}
