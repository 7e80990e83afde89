import Bull from 'bull'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serverForFile } from '../support/server.ts'

const server = await serverForFile()
const queues: Bull.Queue[] = []

function open(name: string, options: Bull.QueueOptions = {}): Bull.Queue {
  const queue = new Bull(name, { redis: { host: '127.0.0.1', port: server.port }, ...options })
  queues.push(queue)
  return queue
}

/** The results of the first `count` jobs. */
function results(queue: Bull.Queue, count: number): Promise<unknown[]> {
  const seen: unknown[] = []
  return new Promise((resolve, reject) => {
    queue.on('completed', (_job, result) => seen.push(result) === count && resolve(seen))
    queue.on('error', reject)
  })
}

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close()
})

afterAll(() => server.close())

describe('Bull', () => {
  it('works off a queue with results, retries and a delay', async () => {
    const queue = open('work')
    const done = results(queue, 3)
    void queue.process(async job => {
      if (job.data.fails && job.attemptsMade === 0) throw new Error('not yet')
      return job.data.name
    })
    await queue.add({ name: 'delayed' }, { delay: 200 })
    await queue.add({ name: 'fails once', fails: true }, { attempts: 2 })
    await queue.add({ name: 'plain' })
    expect((await done).sort()).toEqual(['delayed', 'fails once', 'plain'])
    expect(await queue.getCompletedCount()).toBe(3)
    expect(await queue.getFailedCount()).toBe(0)
  })

  it('repeats a job', async () => {
    const queue = open('repeat')
    const done = results(queue, 2)
    void queue.process(async job => job.data.n)
    await queue.add({ n: 7 }, { repeat: { every: 80 } })
    expect(await done).toEqual([7, 7])
    const [repeated] = await queue.getRepeatableJobs()
    await queue.removeRepeatableByKey(repeated!.key)
    expect(await queue.getRepeatableJobs()).toEqual([])
  })

  it('keeps to a rate limit', async () => {
    const queue = open('limited', { limiter: { max: 2, duration: 200 } })
    const times: number[] = []
    const done = results(queue, 5)
    void queue.process(async () => times.push(Date.now()))
    await queue.addBulk(Array.from({ length: 5 }, (_, i) => ({ data: { i } })))
    await done
    expect(times[4]! - times[0]!).toBeGreaterThanOrEqual(390)
  })
})
