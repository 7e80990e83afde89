import { expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { serverForTest } from '../support/server.ts'

it('RANDOMKEY ends while nothing may expire and every key is past its time', async () => {
  const clock = testClock()
  const { call, connect } = await serverForTest({ clock })
  for (const key of ['a', 'b', 'c']) await call('SET', key, 'x', 'PX', '10')
  await call('CLIENT', 'PAUSE', '100000', 'WRITE')
  clock.advance(20)
  const client = await connect()
  expect(await client.call('RANDOMKEY')).toMatchObject({ kind: '$' })
  await call('CLIENT', 'UNPAUSE')
  expect(await client.call('RANDOMKEY')).toEqual({ kind: 'nil' })
})
