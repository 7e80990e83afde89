import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { Rates } from '../../core/introspection/rates.ts'
import { serverForTest } from '../support/server.ts'

/** The lines of INFO, by name. */
function linesOf(text: unknown): Map<string, string> {
  const lines = String(text).split('\r\n')
  return new Map(
    lines.filter(line => line.includes(':')).map(line => [line.split(':')[0]!, line.slice(line.indexOf(':') + 1)]),
  )
}

describe('INFO', () => {
  it("shows sections in Redis's order, those of modules behind them", async () => {
    const { call } = await serverForTest()
    const names = [...String(await call('INFO', 'everything')).matchAll(/^# (\w+)/gm)].map(found => found[1])
    const core = ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU', 'Modules']
    const rest = ['Commandstats', 'Errorstats', 'Latencystats', 'Cluster', 'Keyspace']
    expect(names.slice(0, core.length + rest.length)).toEqual([...core, ...rest])
  })

  it('says what the process is', async () => {
    const { call } = await serverForTest()
    const lines = linesOf(await call('INFO', 'server'))
    expect(lines.get('process_id')).toBe(String(process.pid))
    expect(lines.get('config_file')).toBe('')
    expect(lines.get('os')).toMatch(/^\S+ \S+ \S+$/)
  })

  it('counts what comes and goes on sockets, and RESETSTAT counts anew', async () => {
    const { call, connect, port } = await serverForTest()
    const before = linesOf(await call('INFO', 'stats'))
    const client = await connect()
    await client.call('SET', 'k', 'v')
    await client.call('GET', 'k')
    const after = linesOf(await call('INFO', 'stats'))
    const grown = (name: string): number => Number(after.get(name)) - Number(before.get(name))
    expect(grown('total_net_input_bytes')).toBe(
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'.length + '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'.length,
    )
    expect(grown('total_net_output_bytes')).toBe('+OK\r\n'.length + '$1\r\nv\r\n'.length)
    expect(grown('total_reads_processed')).toBe(2)
    expect(grown('total_writes_processed')).toBe(2)
    expect(linesOf(await call('INFO', 'server')).get('listener0')).toBe(`name=tcp,bind=127.0.0.1,port=${port}`)
    await call('CONFIG', 'RESETSTAT')
    expect(linesOf(await call('INFO', 'stats')).get('total_net_input_bytes')).toBe('0')
  })

  it('counts channels, patterns, and what is kept for clients', async () => {
    const { call, connect } = await serverForTest()
    const before = linesOf(await call('INFO'))
    const client = await connect()
    for (const command of ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']) await client.call(command, 'news')
    const other = await connect()
    await other.call('SSUBSCRIBE', 'more')
    const lines = linesOf(await call('INFO'))
    const counts = ['pubsub_channels', 'pubsub_patterns', 'pubsubshard_channels', 'pubsub_clients']
    expect(counts.map(name => before.get(name))).toEqual(['0', '0', '0', '0'])
    expect(counts.map(name => lines.get(name))).toEqual(['1', '1', '2', '2'])
    // The beginning of a value waits in a buffer of its own until the rest comes.
    other.write(Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9000\r\n${'x'.repeat(5000)}`))
    while (Number(linesOf(await call('INFO')).get('mem_clients_normal')) < 5000) await new Promise(setImmediate)
  })

  it('tells sizes for people too', async () => {
    const { call } = await serverForTest()
    await call('CONFIG', 'SET', 'maxmemory', '1572864')
    await call('SET', 'k', 'x'.repeat(100_000))
    const full = linesOf(await call('INFO', 'memory'))
    expect(full.get('maxmemory_human')).toBe('1.50M')
    await call('DEL', 'k')
    const percent = Number.parseFloat(linesOf(await call('INFO', 'memory')).get('used_memory_peak_perc') ?? '')
    expect(percent).toBeGreaterThan(0)
    expect(percent).toBeLessThanOrEqual(100)
  })
})

describe('rates', () => {
  it('are the mean of the last readings, and survive counters that are set back', () => {
    const clock = testClock()
    const rates = new Rates(clock.nowMs())
    const counters = { commands: 0, networkInBytes: 0, networkOutBytes: 0 }
    for (let i = 0; i < 16; i++) {
      clock.advance(100)
      counters.commands += 50
      counters.networkInBytes += 1024
      rates.sample(counters, clock.nowMs())
    }
    expect(rates.of('commands')).toBeCloseTo(500)
    expect(rates.of('networkInBytes')).toBeCloseTo(10240)
    expect(rates.of('networkOutBytes')).toBe(0)
    counters.commands = 0
    for (let i = 0; i < 8; i++) {
      clock.advance(100)
      rates.sample(counters, clock.nowMs())
    }
    expect(rates.of('commands')).toBeCloseTo(250)
  })
})
