/* Duplicates -- a filter over a stream of events that are delivered at least once.
 *
 *      npm run example:duplicates
 *
 * Shops send orders to a stream; what is not confirmed in time they send again, so some orders come twice or more, often
 * much later. Two workers share the stream as a consumer group and must count each order once:
 *
 *      shops ──XADD──> orders ──XREADGROUP──> workers ──BF.MADD──> new?    yes: count it, XADD to accepted
 *                                                                          no:  it came before
 *
 * A Bloom filter remembers a million orders in about two bytes each. It never forgets an order, so none is counted
 * twice; it takes a few new ones for old, as many as it was told to (ERROR), and the example counts how many that were.
 *
 * Open orders are in a cuckoo filter, which can also forget: an order enters it when it is accepted, and leaves it when it
 * is paid. Only what is known to be in it may be taken out, or another order's trace would go; so payments are taken from
 * the list of accepted orders, and asking for paid ones shows how often the filter errs. */

import type { Redis } from 'ioredis'
import { bar, grouped, row } from './support/chart.ts'
import { chance, isProgram, type Session, settled, timed, withServer } from './support/session.ts'

/** How much happens. */
export interface DuplicatesSize {
  readonly orders: number
  /** Share of orders that the Bloom filter may take for old though they are new. */
  readonly error: number
}

const SHOPS = ['amber', 'birch', 'cedar', 'delta', 'ember'] as const
/** Share of their orders that the shops send again. */
const AGAIN = [0.02, 0.05, 0.1, 0.01, 0.2] as const
const BATCH = 500

/** One delivery of an order. */
interface Delivery {
  readonly id: string
  readonly shop: string
}

/** Orders with repetitions, some right behind the first, some up to ten thousand deliveries later. */
export function deliveriesOf(orders: number): Delivery[] {
  const next = chance(3)
  const later = new Map<number, Delivery[]>()
  const deliveries: Delivery[] = []
  const send = (delivery: Delivery): void => {
    deliveries.push(delivery)
    for (const again of later.get(deliveries.length) ?? []) send(again)
  }
  for (let n = 0; n < orders; n++) {
    const shop = Math.floor(next() * SHOPS.length)
    const delivery = { id: `order:${SHOPS[shop]}:${n}`, shop: SHOPS[shop]! }
    send(delivery)
    while (next() < AGAIN[shop]!) {
      const at = deliveries.length + 1 + Math.floor(next() ** 3 * 10_000)
      later.set(at, [...(later.get(at) ?? []), delivery])
    }
  }
  return deliveries
}

// ------------------------------------------------------------------ shops and workers

async function publish(redis: Redis, deliveries: readonly Delivery[]): Promise<void> {
  for (let i = 0; i < deliveries.length; i += BATCH) {
    const pipeline = redis.pipeline()
    for (const { id, shop } of deliveries.slice(i, i + BATCH)) pipeline.xadd('orders', '*', 'id', id, 'shop', shop)
    await settled(pipeline.exec())
  }
}

type Entry = [entryId: string, fields: string[]]

/** What the workers made of the stream. */
interface Tally {
  accepted: number
  repeated: number
  readonly byWorker: number[]
}

/** One turn of a worker: read, ask the filter, write down, confirm. Returns false when nothing is left. */
async function work(redis: Redis, worker: number, tally: Tally): Promise<boolean> {
  const name = `worker-${worker}`
  const read = (await redis.xreadgroup('GROUP', 'counting', name, 'COUNT', BATCH, 'STREAMS', 'orders', '>')) as
    | [string, Entry[]][]
    | null
  if (read === null) return false
  const entries = read[0]![1].map(([entryId, fields]) => ({ entryId, id: fields[1]!, shop: fields[3]! }))
  const isNew = (await redis.call('BF.MADD', 'seen', ...entries.map(({ id }) => id))) as number[]
  const pipeline = redis.pipeline()
  for (const [i, { id, shop }] of entries.entries()) {
    if (isNew[i] === 1) {
      pipeline.xadd('accepted', '*', 'id', id)
      pipeline.hincrby('accepted:by-shop', shop, 1)
      pipeline.call('CF.ADD', 'open', id)
    } else pipeline.hincrby('repeated:by-shop', shop, 1)
  }
  pipeline.xack('orders', 'counting', ...entries.map(({ entryId }) => entryId))
  await settled(pipeline.exec())
  const accepted = isNew.filter(flag => flag === 1).length
  tally.accepted += accepted
  tally.repeated += entries.length - accepted
  tally.byWorker[worker]! += entries.length
  return true
}

/** Run a command of the cuckoo filter for each order. Returns how many were answered with 1. */
async function countOpen(redis: Redis, command: 'CF.DEL' | 'CF.EXISTS', ids: readonly string[]): Promise<number> {
  let count = 0
  for (let i = 0; i < ids.length; i += BATCH) {
    const pipeline = redis.pipeline()
    for (const id of ids.slice(i, i + BATCH)) pipeline.call(command, 'open', id)
    count += (await settled(pipeline.exec())).filter(answer => answer === 1).length
  }
  return count
}

// ------------------------------------------------------------------ the report

async function reportShops({ redis, print }: Session): Promise<void> {
  const accepted = await redis.hgetall('accepted:by-shop')
  const repeated = await redis.hgetall('repeated:by-shop')
  print(`\n  ${row(['shop', 'accepted', 'repeated', 'share'], [8, 9, 9, 7])}`)
  const most = Math.max(...Object.values(repeated).map(Number))
  for (const shop of SHOPS) {
    const [good, again] = [Number(accepted[shop] ?? 0), Number(repeated[shop] ?? 0)]
    const share = `${((100 * again) / (good + again || 1)).toFixed(1)} %`
    print(`  ${row([shop, grouped(good), grouped(again), share], [8, 9, 9, 7])}  ${bar(again, most, 20)}`)
  }
}

async function reportMemory({ redis, print }: Session, orders: readonly string[]): Promise<void> {
  const filter = Number(await redis.call('MEMORY', 'USAGE', 'seen'))
  for (let i = 0; i < orders.length; i += 10_000) await redis.sadd('exact', ...orders.slice(i, i + 10_000))
  const exact = Number(await redis.call('MEMORY', 'USAGE', 'exact'))
  print('\nMemory for what was seen')
  for (const [name, bytes] of [
    ['filter', filter],
    ['set', exact],
  ] as const)
    print(
      `  ${row([name, grouped(bytes), `${(bytes / orders.length).toFixed(1)} B`], [8, 12, 8])}  ${bar(bytes, exact)}`,
    )
}

/** Send, filter, pay, and tell. */
export async function duplicates(session: Session, { orders, error }: DuplicatesSize): Promise<void> {
  const { redis, print } = session
  const deliveries = deliveriesOf(orders)
  const ids = [...new Set(deliveries.map(({ id }) => id))]
  await redis.call('BF.RESERVE', 'seen', error, orders)
  await redis.call('CF.RESERVE', 'open', orders * 2)
  await redis.xgroup('CREATE', 'orders', 'counting', '$', 'MKSTREAM')
  await publish(redis, deliveries)
  print(`${grouped(deliveries.length)} deliveries of ${grouped(ids.length)} orders`)

  const tally: Tally = { accepted: 0, repeated: 0, byWorker: [0, 0] }
  const { ms } = await timed(async () => {
    const run = async (worker: number): Promise<void> => {
      while (await work(redis, worker, tally));
    }
    await Promise.all([run(0), run(1)])
  })
  const [first, second] = tally.byWorker
  print(
    `filtered by two workers (${grouped(first!)} and ${grouped(second!)}), ${grouped((1000 * deliveries.length) / ms)} a second`,
  )
  const lost = ids.length - tally.accepted
  print(`${grouped(tally.accepted)} accepted, ${grouped(tally.repeated)} were there before`)
  print(`${lost} new ones taken for old: ${((100 * lost) / ids.length).toFixed(3)} %, ${100 * error} % allowed`)

  await reportShops(session)
  await reportMemory(session, ids)

  const accepted = (await redis.xrange('accepted', '-', '+')).map(([, fields]) => fields[1]!)
  const paid = await countOpen(redis, 'CF.DEL', accepted.slice(0, accepted.length >>> 1))
  const stillOpen = await countOpen(redis, 'CF.EXISTS', accepted.slice(0, accepted.length >>> 1))
  const info = (await redis.call('CF.INFO', 'open')) as (string | number)[]
  const open = Number(info[info.indexOf('Number of items inserted') + 1])
  print(`\n${grouped(paid)} orders paid, ${grouped(open)} are open`)
  print(`${grouped(stillOpen)} of the paid ones look as if they were open: ${((100 * stillOpen) / paid).toFixed(2)} %`)
}

if (isProgram(import.meta.url))
  await withServer(
    session => duplicates(session, { orders: 200_000, error: 0.001 }),
    (line = '') => console.log(line),
  )
