import { afterAll, describe, expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'
import { replayFolder } from '../support/transcript/suite.ts'
import { Twin } from '../support/twin.ts'

await replayFolder('twin', 'core', async server => {
  const twin = await Twin.of(server)
  afterAll(() => twin.close())
  return () => twin.differences()
})

describe('a twin', () => {
  it('agrees with a server whose every write it heard of', async () => {
    const server = await serverForTest()
    const twin = await Twin.of(server)
    await server.call('SET', 'a', '1')
    await server.call('INCR', 'a')
    await server.call('SET', 'b', '1', 'EX', '100')
    expect(await twin.differences()).toEqual([])
    expect(twin.units).toBe(3)
    await twin.close()
  })

  it('differs when it missed a write', async () => {
    const server = await serverForTest()
    const twin = await Twin.of(server)
    twin.listen(false)
    await server.call('SET', 'a', '1')
    twin.listen(true)
    expect(await twin.differences()).toHaveLength(1)
    await server.call('SET', 'a', '1')
    expect(await twin.differences()).toEqual([])
    twin.listen(false)
    await server.call('PEXPIRE', 'a', '100000')
    expect(await twin.differences()).toHaveLength(1)
    await twin.close()
  })

  it('tells what it refused', async () => {
    const server = await serverForTest()
    const twin = await Twin.of(server)
    server.server.engine.propagation.add(0, ['SET', 'a'])
    await server.call('SET', 'b', '1')
    const faults = await twin.differences()
    expect(faults.join()).toContain("wrong number of arguments for 'set' command")
    await twin.close()
  })
})
