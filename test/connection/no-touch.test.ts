import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { printReply } from '../support/transcript/reply.ts'
import { serverForTest } from '../support/server.ts'

describe('CLIENT NO-TOUCH', () => {
  it('leaves the idle time of keys alone, TOUCH and other clients aside', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const [quiet, other] = [await server.connect(), await server.connect()]
    const idle = async (): Promise<string> => printReply(await other.call('OBJECT', 'IDLETIME', 'k'))
    await quiet.call('SET', 'k', 'v')
    await quiet.call('CLIENT', 'NO-TOUCH', 'ON')
    clock.advance(10_000)
    await quiet.call('GET', 'k')
    expect(await idle()).toBe(':10')
    await other.call('EXISTS', 'k')
    expect(await idle()).toBe(':10')
    await other.call('GET', 'k')
    expect(await idle()).toBe(':0')
    clock.advance(5000)
    await quiet.call('TOUCH', 'k')
    expect(await idle()).toBe(':0')
    clock.advance(5000)
    await quiet.call('CLIENT', 'NO-TOUCH', 'OFF')
    await quiet.call('GET', 'k')
    expect(await idle()).toBe(':0')
  })
})
