import { FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serverForFile } from '../support/server.ts'

/* BullMQ keeps a queue in some ten keys and moves jobs between them with scripts: lists, sorted sets, hashes, streams, blocking
 * pops and cmsgpack in one place. Each test is a small workload as its manual describes it. */

const server = await serverForFile()
const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
const open: { close(): Promise<unknown> }[] = []

function keep<T extends { close(): Promise<unknown> }>(thing: T): T {
  open.push(thing)
  return thing
}

/** A worker, and a promise of the first `count` results in the order in which they came. */
function collect<T>(name: string, count: number, work: (job: Job) => Promise<T>, options = {}) {
  const results: T[] = []
  const worker = keep(new Worker(name, work, { connection, ...options }))
  const done = new Promise<T[]>((resolve, reject) => {
    worker.on('completed', (_job, result: T) => {
      results.push(result)
      if (results.length === count) resolve(results)
    })
    worker.on('error', reject)
  })
  return { worker, done }
}

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

afterAll(() => server.close())

describe('BullMQ', () => {
  it('works off a queue in order, and keeps what was returned', async () => {
    const queue = keep(new Queue('plain', { connection }))
    const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, i) => ({ name: 'double', data: { i } })))
    const { done } = collect('plain', 50, async job => job.data.i * 2)
    expect(await done).toEqual(Array.from({ length: 50 }, (_, i) => i * 2))
    expect(await queue.getJobCounts('completed', 'wait', 'active')).toEqual({ completed: 50, wait: 0, active: 0 })
    expect((await queue.getJob(jobs[7]!.id!))?.returnvalue).toBe(14)
  })

  it('takes jobs of a higher priority first, and the last one first when asked', async () => {
    const queue = keep(new Queue('ordered', { connection }))
    await queue.add('job', { name: 'low' }, { priority: 10 })
    await queue.add('job', { name: 'high' }, { priority: 1 })
    await queue.add('job', { name: 'none' })
    await queue.add('job', { name: 'lifo' }, { lifo: true })
    const { done } = collect('ordered', 4, async job => job.data.name as string)
    expect(await done).toEqual(['lifo', 'none', 'high', 'low'])
  })

  it('holds a delayed job back until its time', async () => {
    const queue = keep(new Queue('delayed', { connection }))
    const { done, worker } = collect('delayed', 2, async job => [job.name, Date.now() - job.timestamp] as const)
    await worker.waitUntilReady()
    await queue.add('later', {}, { delay: 250 })
    await queue.add('now', {})
    const [first, second] = await done
    expect(first![0]).toBe('now')
    expect(second![0]).toBe('later')
    expect(second![1]).toBeGreaterThanOrEqual(250)
  })

  it('repeats a job by a scheduler until that is removed', async () => {
    const queue = keep(new Queue('repeated', { connection }))
    await queue.upsertJobScheduler('tick', { every: 60 }, { name: 'tick', data: { n: 1 } })
    const { done } = collect('repeated', 3, async job => job.name)
    expect(await done).toEqual(['tick', 'tick', 'tick'])
    expect((await queue.getJobSchedulers()).map(scheduler => scheduler.key)).toEqual(['tick'])
    expect(await queue.removeJobScheduler('tick')).toBe(true)
    expect(await queue.getJobSchedulers()).toEqual([])
  })

  it('runs the children of a flow before their parent', async () => {
    const flow = keep(new FlowProducer({ connection }))
    const { done } = collect('flow', 4, async job => {
      if (job.name !== 'sum') return job.data.value as number
      const values = Object.values(await job.getChildrenValues<number>())
      return values.reduce((sum, value) => sum + value, 0)
    })
    const child = (value: number) => ({ name: 'part', queueName: 'flow', data: { value } })
    await flow.add({ name: 'sum', queueName: 'flow', children: [child(1), child(20), child(300)] })
    const results = await done
    expect(results.at(-1)).toBe(321)
    expect(results.slice(0, 3).sort((a, b) => a - b)).toEqual([1, 20, 300])
  })

  it('tries a failed job again, and tells of it through the stream of events', async () => {
    const queue = keep(new Queue('retried', { connection }))
    const events = keep(new QueueEvents('retried', { connection }))
    await events.waitUntilReady()
    const { done } = collect('retried', 1, async job => {
      if (job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`)
      return 'at last'
    })
    const job = await queue.add('job', {}, { attempts: 3, backoff: { type: 'fixed', delay: 20 } })
    expect(await job.waitUntilFinished(events)).toBe('at last')
    expect(await done).toEqual(['at last'])
    const failing = await queue.add('job', {}, { attempts: 1 })
    await expect(failing.waitUntilFinished(events)).rejects.toThrow('attempt 0')
    expect(await failing.getState()).toBe('failed')
  })

  it('keeps to a rate limit', async () => {
    const queue = keep(new Queue('limited', { connection }))
    await queue.addBulk(Array.from({ length: 6 }, (_, i) => ({ name: 'job', data: { i } })))
    const times: number[] = []
    const { done } = collect('limited', 6, async () => times.push(Date.now()), { limiter: { max: 2, duration: 200 } })
    await done
    // Two in each window: the third pair cannot start before two windows have passed.
    expect(times[4]! - times[0]!).toBeGreaterThanOrEqual(390)
  })

  it('takes the jobs of a worker that is gone for stalled', async () => {
    const queue = keep(new Queue('stalled', { connection }))
    const job = await queue.add('job', {})
    const dead = new Worker('stalled', null, { connection, lockDuration: 100, skipLockRenewal: true })
    expect((await dead.getNextJob('token'))?.id).toBe(job.id)
    await dead.close(true)
    const { done } = collect('stalled', 1, async () => 'rescued', { stalledInterval: 50, lockDuration: 100 })
    expect(await done).toEqual(['rescued'])
  })

  it('pauses, drains and obliterates a queue', async () => {
    const queue = keep(new Queue('paused', { connection }))
    await queue.pause()
    await queue.add('job', {})
    expect(await queue.isPaused()).toBe(true)
    expect(await queue.count()).toBe(1)
    await queue.drain()
    await queue.resume()
    expect(await queue.count()).toBe(0)
    await queue.obliterate({ force: true })
    expect(await server.call('KEYS', 'bull:paused:*')).toEqual([])
  })
})
