import { describe, expect, it } from 'vitest'
import { applyDirectives } from '../../core/config/apply.ts'
import { ConfigFault, parseConfig, parseOptions } from '../../core/config/file.ts'
import { serverForTest } from '../support/server.ts'

describe('the configuration file', () => {
  it('reads names and values, quoted or bare, and passes over comments', () => {
    expect(parseConfig("# c\n\nPort 7000\n save 900 1\ndir \"/a b/\\x41\"\nx 'it\\'s'\n")).toEqual([
      { name: 'port', values: ['7000'], where: 'line 3' },
      { name: 'save', values: ['900', '1'], where: 'line 4' },
      { name: 'dir', values: ['/a b/A'], where: 'line 5' },
      { name: 'x', values: ["it's"], where: 'line 6' },
    ])
  })

  it('names the line with a quote that is not closed', () => {
    expect(() => parseConfig('port 1\ndir "x')).toThrow(ConfigFault)
    expect(() => parseConfig('port 1\ndir "x')).toThrow('line 2')
  })

  it('reads options of the command line, empty values too', () => {
    expect(parseOptions(['--port', '7000', '--save', '', '--save', '900', '1'])).toEqual([
      { name: 'port', values: ['7000'], where: 'option --port' },
      { name: 'save', values: [''], where: 'option --save' },
      { name: 'save', values: ['900', '1'], where: 'option --save' },
    ])
  })

  it('reads options as Redis does: values that look like names, values in the same word, a first name without dashes', () => {
    const read = (...words: string[]): unknown => parseOptions(words).map(({ name, values }) => [name, ...values])
    expect(read('--logfile', '--x', '--port', '1')).toEqual([
      ['logfile', '--x'],
      ['port', '1'],
    ])
    expect(read('--save', '--port', '1')).toEqual([['save'], ['port', '1']])
    expect(read('--port', '--logfile', 'x')).toEqual([['port', '--logfile', 'x']])
    expect(read('--maxmemory 1gb', "--logfile 'a b'")).toEqual([
      ['maxmemory', '1gb'],
      ['logfile', 'a b'],
    ])
    expect(read('loglevel', 'verbose', '--port', '1')).toEqual([
      ['loglevel', 'verbose'],
      ['port', '1'],
    ])
    expect(() => parseOptions(['--dir "x'])).toThrow(ConfigFault)
  })

  it('takes a line of `save` alone for no save points, and refuses other names alone', async () => {
    const { server, call } = await serverForTest()
    applyDirectives(server, parseConfig('save 900 1\nsave \n'))
    expect(await call('CONFIG', 'GET', 'save')).toEqual(new Map([['save', '']]))
    expect(() => applyDirectives(server, parseConfig('maxmemory \n'))).toThrow('line 1: maxmemory wants a value')
  })
})
