import { expect, it } from 'vitest'
import { deliveriesOf, duplicates } from '../../examples/duplicates.ts'
import { runExample } from './session.ts'

const ORDERS = 5000

it('the duplicates example counts every order at most once, and loses no more than it may', async () => {
  const { text, redis } = await runExample(session => duplicates(session, { orders: ORDERS, error: 0.01 }))
  const deliveries = deliveriesOf(ORDERS)
  const orders = new Set(deliveries.map(({ id }) => id))
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1]?.replaceAll(',', ''))

  expect(orders.size).toBe(ORDERS)
  expect(number(/^([\d,]+) deliveries of 5,000 orders$/m)).toBe(deliveries.length)
  const accepted = number(/^([\d,]+) accepted/m)
  const lost = number(/^(\d+) new ones taken for old/m)
  expect(accepted + lost).toBe(ORDERS)
  expect(number(/accepted, ([\d,]+) were there before/)).toBe(deliveries.length - accepted)
  // Three times what is allowed is beyond chance.
  expect(lost).toBeLessThan(ORDERS * 0.03)

  const kept = (await redis.xrange('accepted', '-', '+')).map(([, fields]) => fields[1]!)
  expect(kept.length).toBe(accepted)
  expect(new Set(kept).size).toBe(accepted)
  expect(kept.every(id => orders.has(id))).toBe(true)
  const byShop = await redis.hgetall('accepted:by-shop')
  expect(Object.values(byShop).reduce((total, count) => total + Number(count), 0)).toBe(accepted)
  for (const [shop, count] of Object.entries(byShop))
    expect(text).toMatch(new RegExp(`^ {2}${shop} +${grouped(count)} `, 'm'))

  const paid = accepted >>> 1
  expect(text).toContain(`${grouped(paid)} orders paid, ${grouped(accepted - paid)} are open`)
  expect(number(/^([\d,]+) of the paid ones look/m)).toBeLessThan(paid * 0.05)
  expect(await redis.xpending('orders', 'counting')).toEqual([0, null, null, null])
})

function grouped(count: string | number): string {
  return Number(count).toLocaleString('en-US')
}
