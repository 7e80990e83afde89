/* What a module registers is its own, and gone when it fails to load. */

import { describe, expect, it } from 'vitest'
import { cmd, EVENT, type Host, type Module, numberParameter, type TypeDeclaration } from 'redstrata/module'
import { createServer, testClock } from '../../core/index.ts'
import { loadModule } from '../../core/module/hosting.ts'
import { serverForTest } from '../support/server.ts'

class Notes {
  lines: string[] = []
}

const notes: TypeDeclaration<Notes> = {
  name: 'notes----',
  form: 'object',
  module: { name: 'notes----', version: 1 },
  create: () => new Notes(),
  release: () => {},
  sizeBytes: () => 0,
  encoding: () => 'raw',
  copy: (from, to) => void (to.lines = [...from.lines]),
  save: ({ lines }, sink) => {
    sink.unsigned(lines.length)
    for (const line of lines) sink.text(line)
  },
  load: (value, source) => {
    for (let left = source.unsigned(); left > 0; left--) value.lines.push(source.text())
  },
  digest: () => {},
}

function moduleOf(load: (host: Host) => void): Module {
  return { name: 'notes', version: 1, load }
}

describe('a module that fails to load', () => {
  it('leaves nothing behind, and may try again', async () => {
    const clock = testClock()
    const told: string[] = []
    let isHopeless = true
    const module = moduleOf(host => {
      host.type(notes)
      host.category('notes')
      host.commands([cmd('NOTES.COUNT', 'read @notes', '', ({ reply }) => reply.integer(1))])
      host.config([numberParameter('notes-max', { max: 1 }, 'max')])
      host.info('stats', () => [['notes', 1]])
      host.onKey(EVENT.string, () => told.push('event'))
      host.onFlush(() => told.push('flush'))
      host.onStart(() => told.push('start'))
      host.onStop(() => void told.push('stop'))
      host.timer(1, () => told.push('timer'))
      host.soon(() => told.push('soon'))
      host.provide('notes', {})
      if (isHopeless) throw new Error('no notes today')
    })
    const server = await createServer({ port: null, clock })
    const { engine, log } = server.server
    const count = await server.call('COMMAND', 'COUNT')
    await expect(loadModule(engine, log, module, '', [])).rejects.toThrow('no notes today')
    expect(await server.call('COMMAND', 'COUNT')).toBe(count)
    await expect(server.call('NOTES.COUNT')).rejects.toThrow('unknown command')
    expect(await server.call('CONFIG', 'GET', 'notes-*')).toEqual(new Map())
    expect(await server.call('ACL', 'CAT')).not.toContain('notes')
    expect(String(await server.call('INFO', 'everything'))).not.toContain('notes_stats')
    await server.call('SET', 'k', 'v')
    await server.call('FLUSHALL')
    clock.advance(10)
    await new Promise(setImmediate)
    expect(told).toEqual([])

    isHopeless = false
    await loadModule(engine, log, module, '', [])
    expect(await server.call('NOTES.COUNT')).toBe(1)
    expect(await server.call('ACL', 'CAT', 'notes')).toEqual(['notes.count'])
    await server.call('SET', 'k', 'v')
    clock.advance(10)
    await server.close()
    expect(told).toEqual(['start', 'event', 'timer', 'stop'])
  })
})

describe('what is refused', () => {
  const typeNamed = (name: string, version = 1) =>
    moduleOf(host => void host.type({ ...notes, module: { name, version } }))
  const { module: _, ...nameless } = notes
  it.each([
    [
      'a command of the core',
      moduleOf(host => host.commands([cmd('get key', 'read', 'RO access', () => {})])),
      'command get is',
    ],
    [
      'a subcommand of the core',
      moduleOf(host => host.commands([cmd('CONFIG', 'read', '', () => {})])),
      'command config is',
    ],
    [
      'a command of another module',
      moduleOf(host => host.commands([cmd('JSON.GET key', 'read', '', () => {})])),
      'json.get is',
    ],
    [
      'a parameter of the core',
      moduleOf(host => host.config([numberParameter('hz', { n: 1 }, 'n')])),
      'parameter hz is',
    ],
    ['a type of another module', typeNamed('TSDB-TYPE'), 'type TSDB-TYPE is there already'],
    ['a type that no file can name', typeNamed('notes'), 'module.name must be nine of'],
    ['a version that no file can say', typeNamed('notes----', 1024), 'module.version must be between 0 and 1023'],
    ['a type that says nothing of files', moduleOf(host => void host.type(nameless)), 'module.name must be nine of'],
  ])('%s', async (_what, module, text) => {
    await expect(createServer({ port: null, modules: [module] })).rejects.toThrow(text)
  })
})

describe('work of a module', () => {
  it('that fails in a timer or a slice is logged, and the server goes on', async () => {
    const clock = testClock()
    const lines: string[] = []
    const module = moduleOf(host => {
      const fail = () => {
        host.call(host.databases[0]!, 'INCR', 'tries')
        throw new Error('no ink')
      }
      host.timer(5, fail)
      host.soon(fail)
    })
    const server = await createServer({ port: null, clock, modules: [module], log: line => lines.push(line) })
    await new Promise(setImmediate)
    clock.advance(5)
    expect(await server.call('GET', 'tries')).toBe('2')
    expect(lines.filter(line => line.includes('no ink'))).toHaveLength(2)
    await server.close()
  })

  it('that calls a command while one of its calls is told of gets the replies apart', async () => {
    let inner: unknown = null
    const module = moduleOf(host => {
      host.onKey(EVENT.set, db => void (inner = host.call(db, 'ECHO', 'heard')))
      host.commands([
        cmd('NOTES.POP key', 'write', 'RW access delete', ({ db, reply }, args) => {
          reply.text(String(host.call(db, 'SPOP', args.key().copy(), 2)))
        }),
      ])
    })
    const server = await serverForTest({ modules: [module] })
    await server.call('SADD', 's', 1, 2, 3)
    const popped = String(await server.call('NOTES.POP', 's'))
    expect(popped.split(',')).toHaveLength(2)
    expect(inner).toBe('heard')
  })
})
