import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Fault,
  fileLength,
  functionLength,
  handlers,
  importCycles,
  importEdges,
  moduleState,
  names,
  offHeapMemory,
  RULES,
  seams,
  tests,
  types,
} from './support/tidy/rules.ts'
import { blank, functionsOf, importsOf, readSource, type Source } from './support/tidy/source.ts'

const TOP = join(import.meta.dirname, '..')

function sourcesUnder(folder: string): Source[] {
  let names: string[]
  try {
    names = readdirSync(join(TOP, folder), { recursive: true, encoding: 'utf8' })
  } catch {
    return [] // a folder of the layout that has yet to be filled
  }
  return names
    .filter(name => name.endsWith('.ts'))
    .sort()
    .map(name => readSource(`${folder}/${name}`, readFileSync(join(TOP, folder, name), 'utf8')))
}

const sources = ['core', 'modules', 'test', 'bench', 'examples'].flatMap(sourcesUnder)

function shown(faults: readonly Fault[]): string[] {
  return faults.map(fault => `${fault.path}:${fault.line} ${fault.what}`)
}

describe('the source tree', () => {
  it.each(RULES.map(rule => [rule.name, rule] as const))('obeys the rule of %s', (_, rule) => {
    expect(shown(sources.flatMap(source => rule(source)))).toEqual([])
  })

  it('imports only downwards', () => {
    expect(shown(sources.flatMap(source => importEdges(source)))).toEqual([])
  })

  it('has no circle of imports', () => {
    expect(importCycles(sources)).toEqual([])
  })
})

/** What a rule says about a sample, by line. */
function linesOf(rule: (source: Source) => Fault[], path: string, text: string): number[] {
  return rule(readSource(path, text)).map(fault => fault.line)
}

function edges(path: string, specifier: string): number {
  return importEdges(readSource(path, `import { x } from '${specifier}'\n`)).length
}

describe('the rule of imports', () => {
  it.each([
    ['core/base/x.ts', '../memory/arena.ts'],
    ['core/memory/x.ts', '../resp/reply.ts'],
    ['core/structs/x.ts', '../resp/reply.ts'],
    ['core/structs/x.ts', '../keyspace/keyspace.ts'],
    ['core/net/x.ts', '../memory/arena.ts'],
    ['core/keyspace/x.ts', '../command/args.ts'],
    ['core/types/list/x.ts', '../hash/value.ts'],
    ['core/types/zset/x.ts', '../geo/value.ts'],
    ['core/persistence/rdb/x.ts', '../../replication/log.ts'],
    ['core/command/x.ts', '../types/hash/value.ts'],
    ['core/command/x.ts', '../server.ts'],
    ['core/pubsub/x.ts', '../../modules/json/module.ts'],
    ['core/server.ts', '../modules/json/module.ts'],
    ['core/main.ts', '../modules/json/path/lexer.ts'],
    ['core/extra.ts', './base/bytes.ts'],
    ['core/unheard-of/x.ts', '../base/bytes.ts'],
    ['core/base/x.ts', 'lodash'],
    ['core/base/x.ts', '../../test/support/random.ts'],
    ['modules/json/x.ts', '../search/module.ts'],
    ['modules/json/x.ts', '../../core/base/bytes.ts'],
    ['modules/json/x.ts', 'jsonpath-plus'],
    ['modules/json/x.ts', '../../bench/x.ts'],
  ])('refuses %s importing %s', (path, specifier) => {
    expect(edges(path, specifier)).toBe(1)
  })

  it.each([
    ['core/structs/x.ts', '../memory/arena.ts'],
    ['core/types/geo/x.ts', '../zset/value.ts'],
    ['core/types/hash/x.ts', '../../command/args.ts'],
    ['core/replication/x.ts', '../persistence/rdb/writer.ts'],
    ['core/module/host.ts', '../persistence/rdb/writer.ts'],
    ['core/index.ts', '../modules/json/module.ts'],
    ['core/server.ts', './net/listener.ts'],
    ['core/net/x.ts', 'node:net'],
    ['modules/json/path/x.ts', '../document/tree.ts'],
    ['modules/json/x.ts', 'redstrata/module'],
    ['modules/search/x.ts', 'snowball-stemmers'],
    ['test/x.test.ts', '../core/server.ts'],
  ])('allows %s importing %s', (path, specifier) => {
    expect(edges(path, specifier)).toBe(0)
  })

  it('sees imports of every form', () => {
    const text = `import a from './a.ts'\nimport type { B } from './b.ts'\nexport * from './c.ts'\nimport './d.ts'
export {
  type E,
  type F,
} from './e.ts'
const g = await import('./g.ts')
// import h from './h.ts'
const i = "import i from './i.ts'"
`
    const found = importsOf(readSource('core/x.ts', text))
    expect(found.map(one => [one.specifier, one.typeOnly])).toEqual([
      ['./a.ts', false],
      ['./b.ts', true],
      ['./c.ts', false],
      ['./d.ts', false],
      ['./e.ts', true],
      ['./g.ts', false],
    ])
  })

  it('finds circles of values but not of types', () => {
    const a = readSource('core/base/a.ts', `import { b } from './b.ts'\n`)
    const b = readSource('core/base/b.ts', `import { c } from './c.ts'\n`)
    const back = readSource('core/base/c.ts', `import { a } from './a.ts'\n`)
    const typed = readSource('core/base/c.ts', `import type { A } from './a.ts'\n`)
    expect(importCycles([a, b, back])).toEqual(['core/base/a.ts -> core/base/b.ts -> core/base/c.ts -> core/base/a.ts'])
    expect(importCycles([a, b, typed])).toEqual([])
  })
})

describe('the rule of length', () => {
  it('refuses a file of 801 lines', () => {
    expect(linesOf(fileLength, 'core/x.ts', 'x\n'.repeat(800))).toEqual([])
    expect(linesOf(fileLength, 'core/x.ts', 'x\n'.repeat(801))).toEqual([801])
  })

  const body = (lines: number): string => `{\n${'  work()\n'.repeat(lines - 2)}}\n`

  it.each([
    ['a declaration', 'export function name(a: number): void '],
    ['a generic one', 'function name<T extends object>(a: T): Map<string, T> '],
    ['one that returns an object', 'function name(a: number): { a: number; b: string } '],
    ['an arrow', 'const name = (a: number): void => '],
    ['an arrow without brackets', 'const name = a => '],
  ])('refuses %s of 71 lines', (_, head) => {
    expect(linesOf(functionLength, 'core/x.ts', head + body(70))).toEqual([])
    expect(linesOf(functionLength, 'core/x.ts', `\n${head}${body(71)}`)).toEqual([2])
  })

  it('refuses a method of 71 lines and counts its parameters', () => {
    const method = `class A {\n  #name(\n    a: number,\n    b: number,\n  ): number ${body(68)}}\n`
    expect(linesOf(functionLength, 'core/x.ts', method)).toEqual([2])
  })

  it('takes what a describe holds for a list of tests, and each test for a function', () => {
    const long = `  it('b', () => ${body(71)}  )\n`
    expect(linesOf(functionLength, 'test/x.test.ts', `describe('a', () => {\n${long}})\n`)).toEqual([2])
  })

  it('does not mistake a long object, class or loop for a function', () => {
    for (const head of ['const table = ', 'class A ', 'for (const a of b) ', 'if (x) ', 'interface A '])
      expect(functionsOf(readSource('core/x.ts', head + body(100)))).toEqual([])
  })
})

describe('the rule of off-heap memory', () => {
  it.each(['new ArrayBuffer(8)', 'new SharedArrayBuffer(8)', 'Buffer.alloc(10)', 'Buffer.allocUnsafeSlow(n)'])(
    'refuses %s outside memory, net and resp',
    text => {
      expect(linesOf(offHeapMemory, 'core/types/list/x.ts', `\nconst x = ${text}\n`)).toEqual([2])
      expect(linesOf(offHeapMemory, 'modules/json/x.ts', text)).toEqual([1])
      for (const folder of ['memory', 'net', 'resp'])
        expect(linesOf(offHeapMemory, `core/${folder}/x.ts`, text)).toEqual([])
      expect(linesOf(offHeapMemory, 'test/x.test.ts', text)).toEqual([])
    },
  )

  it('allows an empty buffer, and words in a comment', () => {
    expect(linesOf(offHeapMemory, 'core/base/x.ts', 'const NONE = Buffer.alloc(0) // not Buffer.alloc(1)')).toEqual([])
  })
})

describe('the rule of module state', () => {
  it.each([
    'let count = 0',
    'export let count = 0',
    'var count',
    'const cache = new Map<string, number>()',
    'const seen: Set<number> = new Set()',
    'const list: string[] = []',
    'const scratch = new Uint8Array(64)',
    'const scratch = new Range()',
  ])('refuses %s', text => {
    expect(linesOf(moduleState, 'core/keyspace/x.ts', text)).toEqual([1])
  })

  it('refuses a static field that changes', () => {
    const text = 'class A {\n  static #count = 0\n  static readonly NAME = 1\n  static of(): A {}\n}\n'
    expect(linesOf(moduleState, 'core/keyspace/x.ts', text)).toEqual([2])
  })

  it.each([
    'const TABLE = makeTable()',
    'const WORDS = new Set(["a", "b"])',
    'const NONE = new Int32Array(0)',
    'const DIGITS = new Uint8Array([1, 2])',
    'const LIST = [1]',
    'function f() {\n  let count = 0\n  const seen = new Set()\n}',
  ])('allows %s', text => {
    expect(linesOf(moduleState, 'core/keyspace/x.ts', text)).toEqual([])
  })

  it('allows scratch areas in base', () => {
    expect(linesOf(moduleState, 'core/base/x.ts', 'const words = new Int32Array(4)')).toEqual([])
    expect(linesOf(moduleState, 'core/base/x.ts', 'let word = 0')).toEqual([1])
  })
})

describe('the rule of seams', () => {
  it.each([
    'const t = Date.now()',
    'const t = new Date()',
    'const t = performance.now()',
    'const r = Math.random()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'process.exit(1)',
    "import { readFileSync } from 'node:fs'",
    "import { readFile } from 'node:fs/promises'",
    "import { connect } from 'node:net'",
    "const fs = await import('node:fs')",
  ])('refuses %s', text => {
    expect(linesOf(seams, 'core/keyspace/x.ts', text)).toEqual([1])
    expect(linesOf(seams, 'modules/search/x.ts', text)).toEqual([1])
    expect(linesOf(seams, 'test/x.test.ts', text)).toEqual([])
  })

  it('allows each at its seam', () => {
    expect(linesOf(seams, 'core/base/clock.ts', 'const t = Date.now()\nsetTimeout(f, 1)\n')).toEqual([])
    expect(linesOf(seams, 'core/base/random.ts', "import { randomBytes } from 'node:crypto'\n")).toEqual([])
    expect(linesOf(seams, 'core/persistence/file.ts', "import { open } from 'node:fs/promises'\n")).toEqual([])
    expect(linesOf(seams, 'core/main.ts', 'process.exit(1)\n')).toEqual([])
    expect(linesOf(seams, 'core/net/x.ts', "import { connect } from 'node:net'\nsocket.setTimeout(0)\n")).toEqual([])
  })
})

describe('the rule of types', () => {
  it.each([
    'let a: any',
    'const a = b as any',
    'function f(a: any, b: number) {}',
    'const a: Map<string, any> = b',
    'const a: any[] = b',
    'type A = any',
    '// @ts-ignore',
    '/* @ts-expect-error */',
  ])('refuses %s', text => {
    expect(linesOf(types, 'core/x.ts', text)).toEqual([1])
  })

  it('allows the word where it is no type', () => {
    expect(
      linesOf(types, 'core/x.ts', "const any = 1 // any: as any\nconst s = ': any'\nconst o = { how: any.thing }"),
    ).toEqual([])
  })
})

describe('the rule of handlers', () => {
  it('refuses a Buffer made of an argument', () => {
    const text = 'const key = args.key()\nfind(key.buf.subarray(key.start, key.end))\n'
    expect(linesOf(handlers, 'core/types/list/commands.ts', text)).toEqual([2])
    expect(linesOf(handlers, 'modules/search/commands/search.ts', text)).toEqual([2])
    expect(linesOf(handlers, 'core/types/list/value.ts', text)).toEqual([])
  })
})

describe('the rules of names and tests', () => {
  it('refuse names that say nothing, and capitals', () => {
    for (const path of ['core/utils.ts', 'core/base/helpers.ts', 'core/common/x.ts', 'core/Big.ts', 'core/a_b.ts'])
      expect(linesOf(names, path, '')).toEqual([1])
    expect(linesOf(names, 'core/base/long-double.test.ts', '')).toEqual([])
  })

  it('refuse tests that do not run', () => {
    for (const word of ['only', 'skip', 'todo'])
      expect(linesOf(tests, 'test/x.test.ts', `it.${word}('x')`)).toEqual([1])
    expect(linesOf(tests, 'test/x.test.ts', `it('x.skip')`)).toEqual([])
  })
})

describe('the reading of source', () => {
  it('blanks comments, strings, templates and patterns, and nothing else', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is source text
    const text = 'a = "x{" + \'}\\\'\' /* { */ + `y${ {b: `${c}`} }z{` + /[/"]\\/{/.test(d) / 2 // }\ne'
    const { code, comments } = blank(text)
    expect(code.length).toBe(text.length)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is source text
    expect(code.replace(/ +/g, ' ')).toBe('a = " " + \' \' + ` ${ {b: `${c}`} } ` + / /.test(d) / 2 \ne')
    expect(comments.replace(/ +/g, ' ').trim()).toBe('/* { */ // }')
  })
})
