import { describe, expect, it } from 'vitest'
import { LatencyMonitor } from '../../core/introspection/latency.ts'
import { serverForTest } from '../support/server.ts'

describe('LATENCY', () => {
  it('keeps the worst spike of each second, the last 160 of them', () => {
    const monitor = new LatencyMonitor()
    monitor.note('command', 500, 1000)
    expect(monitor.events.size).toBe(0)
    monitor.settings.thresholdMs = 10
    monitor.note('command', 9, 1000)
    for (let second = 0; second < 200; second++)
      for (const ms of [10, 30, 20]) monitor.note('command', ms, second * 1000 + ms)
    const { spikes, maxMs } = monitor.events.get('command')!
    expect(spikes.length).toBe(160)
    expect(spikes[0]).toEqual({ seconds: 40, ms: 30 })
    expect(maxMs).toBe(30)
  })

  it('tells of a command that took long', async () => {
    const server = await serverForTest()
    await server.call('CONFIG', 'SET', 'latency-monitor-threshold', 5)
    await server.call('EVAL', 'for i=1,20000000 do end', 0)
    // On a busy machine other commands may take long too.
    const latest = (await server.call('LATENCY', 'LATEST')) as unknown[][]
    const spike = latest.find(event => event[0] === 'command')!
    expect(spike[3]).toBeGreaterThanOrEqual(5)
    const history = (await server.call('LATENCY', 'HISTORY', 'command')) as [number, number][]
    expect(history.map(([, ms]) => ms)).toContain(spike[3])
    expect(String(await server.call('LATENCY', 'GRAPH', 'command'))).toContain('command - high')
    expect(await server.call('LATENCY', 'RESET', 'command', 'nosuch')).toBe(1)
    await expect(server.call('LATENCY', 'GRAPH', 'command')).rejects.toThrow('No samples available')
  })

  it('accounts for calls that were not timed', async () => {
    const server = await serverForTest()
    for (let i = 0; i < 21; i++) await server.call('GET', 'a')
    const stats = String(await server.call('INFO', 'commandstats'))
    expect(stats).toMatch(/cmdstat_get:calls=21,usec=\d+,usec_per_call=\d+\.\d\d/)
    const histogram = (await server.call('LATENCY', 'HISTOGRAM', 'get')) as Map<string, Map<string, unknown>>
    const get = histogram.get('get')!
    expect([get.get('calls'), [...(get.get('histogram_usec') as Map<number, number>).values()].at(-1)]).toEqual([
      21, 21,
    ])
    await server.call('CONFIG', 'RESETSTAT')
    await server.call('GET', 'a')
    expect(String(await server.call('INFO', 'commandstats'))).toContain('cmdstat_get:calls=1,')
  })

  it('sees every fast command when the slow log asks for all', async () => {
    const server = await serverForTest()
    await server.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0)
    await server.call('SLOWLOG', 'RESET')
    for (let i = 0; i < 12; i++) await server.call('GET', 'a')
    const entries = (await server.call('SLOWLOG', 'GET', 100)) as [number, number, number, string[]][]
    expect(entries.filter(entry => entry[3][0] === 'GET').length).toBe(12)
  })

  it('counts calls by how long they took', async () => {
    const server = await serverForTest()
    for (let i = 0; i < 100; i++) await server.call('SET', `k${i}`, 'v')
    const all = (await server.call('LATENCY', 'HISTOGRAM', 'SET', 'config')) as Map<string, Map<string, unknown>>
    expect([...all.keys()].map(String)).toEqual(['set'])
    const [calls, buckets] = [...[...all.values()][0]!.values()] as [number, Map<number, number>]
    expect(calls).toBe(100)
    const counts = [...buckets.values()]
    expect(counts.at(-1)).toBe(100)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    await server.call('CONFIG', 'SET', 'latency-tracking', 'no')
    await server.call('SET', 'k', 'v')
    const again = (await server.call('LATENCY', 'HISTOGRAM', 'SET')) as Map<string, Map<string, unknown>>
    expect([...[...again.values()][0]!.values()][0]).toBe(100)
  })

  it('protects MODULE and DEBUG as the configuration says', async () => {
    const server = await serverForTest({ config: { 'enable-debug-command': 'no', 'enable-module-command': 'local' } })
    await expect(server.call('DEBUG', 'SLEEP', 0)).rejects.toThrow('DEBUG command not allowed')
    await expect(server.call('MODULE', 'UNLOAD', 'nosuch')).rejects.toThrow('no such module')
  })
})
