import { expect, it } from 'vitest'
import { testClock } from '../../../core/index.ts'
import { serverForTest } from '../../support/server.ts'

/** A clock on which every look takes so long. */
function slowClock(micros: number) {
  let now = 0
  return { ...testClock(), microseconds: () => (now += micros) }
}

const word = (i: number) => `w${(i * 7919).toString(36)}`

async function filled(micros: number) {
  const server = await serverForTest({ clock: slowClock(micros) })
  const call = (...words: string[]): Promise<unknown> => server.call(...(words as [string]))
  await call('FT.CREATE', 'idx', 'SCHEMA', 't', 'TEXT')
  for (let i = 0; i < 2000; i++) await call('HSET', `d${i}`, 't', `${word(i)} ${word(i * 3)}`)
  await call('FT.DICTADD', 'own', ...Array.from({ length: 3000 }, (_, i) => word(i * 5 + 1)))
  return { server, call }
}

const QUERY = 'wabc wxyz1 w12 nothing w7 wabc'

it('a check that is paused proposes what one that is not does, and others are served meanwhile', async () => {
  const replies: unknown[] = []
  for (const micros of [0, 1500]) {
    const { server, call } = await filled(micros)
    const order: string[] = []
    const client = await server.connect()
    const long = client
      .call('FT.SPELLCHECK', 'idx', QUERY, 'DISTANCE', '2', 'TERMS', 'INCLUDE', 'own', 'TERMS', 'INCLUDE', 'own')
      .then(reply => {
        order.push('long')
        replies.push(reply)
      })
    const other = await server.connect()
    for (let i = 0; i < 5; i++) {
      await other.call('SET', 'k', `q${i}`)
      order.push('other')
    }
    await long
    if (micros > 0) expect(order.indexOf('long')).toBeGreaterThan(0)
    expect(await call('PING')).toBe('PONG')
  }
  expect(replies[0]).toEqual(replies[1])
  expect(JSON.stringify(replies[0]).length).toBeGreaterThan(1000)
})
