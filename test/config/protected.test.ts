import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createServer } from '../../core/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { serverForTest } from '../support/server.ts'

const failed = (name: string, reason: string): string =>
  `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`

it('where files are written can be changed from this machine, if that is allowed', async () => {
  const folder = temporaryFolder()
  const local = await serverForTest({ config: { 'enable-protected-configs': 'local' } })
  expect(await local.call('CONFIG', 'SET', 'dir', folder)).toBe('OK')
})

it('the folder is one that is there, and shown whole', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'below'))
  writeFileSync(join(folder, 'file'), '')
  const server = await serverForTest({ config: { 'enable-protected-configs': 'yes' } })
  await server.call('CONFIG', 'SET', 'dir', folder)
  expect(await server.call('CONFIG', 'SET', 'dir', 'below')).toBe('OK')
  expect(server.server.config.find('dir')!.get()).toBe(join(folder, 'below'))
  for (const [path, reason] of [
    ['../missing', 'No such file or directory'],
    ['../file', 'Not a directory'],
  ] as const)
    await expect(server.call('CONFIG', 'SET', 'dir', path)).rejects.toThrow(failed('dir', reason))
  expect(server.server.config.find('dir')!.get()).toBe(join(folder, 'below'))
  await expect(createServer({ port: null, config: { dir: join(folder, 'missing') } })).rejects.toThrow(
    'dir: No such file or directory',
  )
})
