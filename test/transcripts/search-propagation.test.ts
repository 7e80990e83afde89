import { afterAll } from 'vitest'
import { replayFolder } from '../support/transcript/suite.ts'
import { Twin } from '../support/twin.ts'

await replayFolder('twin', 'search', async server => {
  const twin = await Twin.of(server)
  afterAll(() => twin.close())
  return () => twin.differences()
})
