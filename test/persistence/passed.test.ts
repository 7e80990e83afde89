import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { createServer } from '../../core/index.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a time to live that passed while the server was down', () => {
  it('ends all that its key became, not only what it was when the time was set', async () => {
    const clock = testClock()
    const dir = temporaryFolder()
    const start = () => createServer({ port: null, poison: true, clock, config: { dir, appendonly: 'yes' } })
    const before = await start()
    for (const line of [
      'RPUSH list a',
      'PEXPIRE list 1000',
      'RPUSH list b',
      'SET text a',
      'GETEX text PX 1000',
      'APPEND text b',
      'HSET hash passes 1 stays 1',
      'HPEXPIRE hash 1000 FIELDS 1 passes',
      'HINCRBY hash passes 1',
    ])
      await before.call(...line.split(' '))
    await before.close()
    clock.advance(5000)
    const after = await start()
    expect(await after.call('EXISTS', 'list', 'text')).toBe(0)
    expect(await after.call('HGETALL', 'hash')).toEqual(new Map([['stays', '1']]))
    await after.close()
  })
})
