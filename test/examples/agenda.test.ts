/* The module of the manual for authors does what the manual says. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import agenda from '../../examples/modules/agenda.ts'
import { createServer, testClock } from '../../core/index.ts'
import { serverForTest } from '../support/server.ts'

it('the agenda gives out the most urgent task, and its key goes with the last one', async () => {
  const server = await serverForTest({ modules: [agenda] })
  expect(await server.call('AGENDA.ADD', 'home', 2e12, 'water the plants')).toBe(1)
  expect(await server.call('AGENDA.ADD', 'home', 1.9e12, 'feed the cat')).toBe(2)
  expect(await server.call('TYPE', 'home')).toBe('agenda')
  expect(await server.call('COPY', 'home', 'copy')).toBe(1)
  expect(await server.call('AGENDA.NEXT', 'home')).toEqual([1.9e12, 'feed the cat'])
  expect(await server.call('AGENDA.NEXT', 'home')).toEqual([2e12, 'water the plants'])
  expect(await server.call('AGENDA.NEXT', 'home')).toBeNull()
  expect(await server.call('KEYS', '*')).toEqual(['copy'])
  await server.call('CONFIG', 'SET', 'agenda-tasks-max', 2)
  await expect(server.call('AGENDA.ADD', 'copy', 1, 'x')).rejects.toThrow('AGENDA has no room for more tasks')
  await server.call('SET', 'text', 'x')
  await expect(server.call('AGENDA.NEXT', 'text')).rejects.toThrow('WRONGTYPE')
})

it('the agenda lets a client wait, but not inside MULTI', async () => {
  const clock = testClock()
  const server = await serverForTest({ modules: [agenda], clock })
  const client = server.client()
  const events: unknown[] = []
  const listener = server.client()
  listener.onPush = ({ items }) => events.push(items.at(-1))
  await server.call('CONFIG', 'SET', 'notify-keyspace-events', 'KA')
  await listener.call('SUBSCRIBE', '__keyspace@0__:home')
  const waits = client.call('AGENDA.WAIT', 'home', 30)
  await server.call('AGENDA.ADD', 'home', 2e12, 'water the plants')
  expect(await waits).toEqual([2e12, 'water the plants'])
  const inVain = client.call('AGENDA.WAIT', 'home', 30)
  clock.advance(30_000)
  expect(await inVain).toBeNull()
  await client.call('MULTI')
  await client.call('AGENDA.WAIT', 'home', 0)
  expect(await client.call('EXEC')).toEqual([null])
  await expect(client.call('AGENDA.WAIT', 'home', -1)).rejects.toThrow('timeout is negative')
  await new Promise(setImmediate)
  expect(events).toEqual(['agenda.add', 'agenda.next', 'del'])
})

it('the agenda is swept once a second, and its users may do nothing else', async () => {
  const clock = testClock(1_700_000_000_000)
  const server = await serverForTest({ modules: [agenda], clock })
  await server.call('AGENDA.ADD', 'home', 1_700_000_000_500, 'soon')
  await server.call('AGENDA.ADD', 'home', 1_700_000_009_000, 'later')
  clock.advance(1000)
  expect(await server.call('INFO', 'agenda')).toMatchObject({ text: expect.stringContaining('overdue:1') })
  await server.call('ACL', 'SETUSER', 'ada', 'on', '+@agenda', '~*')
  expect(await server.call('ACL', 'DRYRUN', 'ada', 'AGENDA.NEXT', 'home')).toBe('OK')
  expect(String(await server.call('ACL', 'DRYRUN', 'ada', 'GET', 'home'))).toContain('no permissions')
  expect(await server.call('AGENDA.NEXT', 'home')).toEqual([1_700_000_009_000, 'later'])
})

it.each(['save', 'appendonly'])('the agenda is kept with %s', async name => {
  const dir = mkdtempSync(join(tmpdir(), 'redstrata-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const config = { dir, [name]: name === 'save' ? '3600 1' : 'yes' }
  const first = await createServer({ port: null, modules: [agenda], config })
  await first.call('AGENDA.ADD', 'home', 2e12, 'water the plants')
  await first.call('AGENDA.ADD', 'home', 2e12 + 1, 'feed the cat')
  await first.call('AGENDA.WAIT', 'home', 0)
  const digest = await first.call('DEBUG', 'DIGEST-VALUE', 'home')
  await first.close()
  const second = await createServer({ port: null, modules: [agenda], config })
  expect(await second.call('DEBUG', 'DIGEST-VALUE', 'home')).toEqual(digest)
  expect(await second.call('AGENDA.NEXT', 'home')).toEqual([2e12 + 1, 'feed the cat'])
  await second.close()
})

it('the manual shows it as it is', () => {
  const top = join(import.meta.dirname, '../..')
  const source = readFileSync(join(top, 'examples/modules/agenda.ts'), 'utf8')
  const manual = readFileSync(join(top, 'docs/modules/writing-a-module.md'), 'utf8')
  const plain = (code: string) => code.replaceAll(/ *\/\/ {4,}.*$/gm, '').trim()
  const pieces = [...manual.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => plain(code!))
  const shown = pieces.filter(code => !code.startsWith('import'))
  expect(shown.length).toBe(3)
  for (const code of shown) expect(source).toContain(code)
})
