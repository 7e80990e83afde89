import { expect, it } from 'vitest'
import { commandsPage } from '../support/commands-page.ts'
import { serverForTest } from '../support/server.ts'

// `npx vitest run test/conformance/commands-page.test.ts -u` writes the page anew.
it('docs/commands.md lists the commands as they are declared', async () => {
  const { server } = await serverForTest()
  await expect(commandsPage(server.engine.table)).toMatchFileSnapshot('../../docs/commands.md')
})
