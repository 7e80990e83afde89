import { expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

it('INFO latencystats tells percentiles of what was called', async () => {
  const server = await serverForTest()
  const client = await server.connect()
  const call = async (...args: string[]): Promise<string> => printReply(await client.call(...args))
  const info = async (): Promise<string> => String(await server.call('INFO', 'latencystats'))
  const name = 'latency-tracking-info-percentiles'
  await call('SET', 'key', 'value')
  expect(await call('CONFIG', 'GET', name)).toBe(`["${name}" "50 99 99.9"]`)
  expect(await info()).toMatch(/^# Latencystats\r\n/)
  expect(await info()).toMatch(/^latency_percentiles_usec_set:p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}\r$/m)
  expect(await info()).toMatch(/^latency_percentiles_usec_config\|get:/m)
  expect(await call('CONFIG', 'SET', name, '0 12.5')).toBe('+OK')
  expect(await info()).toMatch(/^latency_percentiles_usec_set:p0=\d+\.\d{3},p12\.5=\d+\.\d{3}\r$/m)
  expect(await call('CONFIG', 'SET', name, '')).toBe('+OK')
  expect(await info()).toMatch(/^latency_percentiles_usec_set:\r$/m)
  const failed = `-ERR CONFIG SET failed (possibly related to argument '${name}') - `
  expect(await call('CONFIG', 'SET', name, 'abc')).toBe(`${failed}Invalid latency-tracking-info-percentiles parameters`)
  expect(await call('CONFIG', 'SET', name, '101')).toBe(`${failed}${name} parameters should sit between [0.0,100.0]`)
  await call('CONFIG', 'RESETSTAT')
  expect(await info()).not.toContain('usec_set')
  await call('CONFIG', 'SET', 'latency-tracking', 'no')
  await call('SET', 'key', 'value')
  expect(await info()).toBe('# Latencystats\r\n')
})
