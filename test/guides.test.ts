/* The guides say what the server answers: every conversation in docs/guides is held again and compared with what redis-cli would
 * print. Programs in the README and in the guide for tests are run, and must print what their comments say. */

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.ts'
import { serverForTest } from './support/server.ts'
import { isAggregate, isNil, type Reply } from './support/transcript/reply.ts'

const TOP = join(import.meta.dirname, '..')
const PROMPT = /^127\.0\.0\.1:\d+> /
const GUIDES = readdirSync(join(TOP, 'docs/guides')).map(name => `docs/guides/${name}`)

interface Exchange {
  readonly command: string
  readonly printed: string
}

/** The commands of a page and what stands under each, up to the next prompt or the end of the block. */
function exchangesOf(page: string): Exchange[] {
  const found: Exchange[] = []
  for (const [, block] of page.matchAll(/^```\w*\n([\s\S]*?)^```/gm)) {
    const pieces = block!.split(/^(?=127\.0\.0\.1:\d+> )/m).filter(piece => PROMPT.test(piece))
    for (const piece of pieces) {
      const [first, ...rest] = piece.trimEnd().split('\n')
      found.push({ command: first!.replace(PROMPT, ''), printed: rest.join('\n') })
    }
  }
  return found
}

/** The words of a line: bare, in double quotes with escapes, or in single quotes as they stand. */
function wordsOf(line: string): string[] {
  const words = line.match(/"(?:\\.|[^"\\])*"|'[^']*'|\S+/g) ?? []
  return words.map(word => {
    if (word.startsWith("'")) return word.slice(1, -1)
    return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word
  })
}

/** A reply as redis-cli prints it. */
function printed(reply: Reply, indent = ''): string {
  if (isNil(reply)) return '(nil)'
  if (!isAggregate(reply)) {
    if (reply.kind === ':') return `(integer) ${reply.text}`
    if (reply.kind === '-') return `(error) ${reply.text}`
    return reply.kind === '$' ? JSON.stringify(reply.text) : reply.text
  }
  if (reply.items.length === 0) return '(empty array)'
  const width = String(reply.items.length).length
  const lines = reply.items.map((item, i) => {
    const label = `${String(i + 1).padStart(width)}) `
    return (i === 0 ? '' : indent) + label + printed(item, indent + ' '.repeat(label.length))
  })
  return lines.join('\n')
}

/** Run a program in a folder in which Redstrata is installed: what it prints, on both channels. */
async function outputOf(code: string): Promise<string> {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(TOP, join(folder, 'node_modules/redstrata'))
  writeFileSync(join(folder, 'package.json'), '{}')
  writeFileSync(join(folder, 'program.mjs'), code)
  const source = ['--conditions=redstrata-source', '--import', join(TOP, 'node_modules/tsx/dist/loader.mjs')]
  const child = spawn(process.execPath, [...source, 'program.mjs'], { cwd: folder })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise(done => child.once('close', done))
  return output
}

/** The programs of a page, each with calls whose line ends in a comment made to print. */
function programsOf(path: string): { readonly code: string; readonly said: readonly string[] }[] {
  const page = readFileSync(join(TOP, path), 'utf8')
  return [...page.matchAll(/^```[jt]s\n([\s\S]*?)^```/gm)].map(([, block]) => {
    const said: string[] = []
    const code = block!.replace(
      /^await (server\.call\(.*\)) +\/\/ ('.*'|null)$/gm,
      (_, call: string, comment: string) => {
        said.push(comment)
        return `console.log(await ${call})`
      },
    )
    return { code, said: said.map(text => text.replace(/^'(.*)'$/, '$1')) }
  })
}

describe('programs', () => {
  it('of the README print what their comments say', async () => {
    const programs = programsOf('README.md')
    expect(programs.map(({ said }) => said)).toEqual([['v'], ['null']])
    for (const { code, said } of programs) {
      const lines = (await outputOf(`${code}\nawait server.close()`)).trim().split('\n')
      expect(lines[0]).toBe(said[0])
    }
  })

  it('of the guide for tests pass, and hear what they say', async () => {
    const [test, listening] = programsOf('docs/guides/in-tests.md')
    expect(await outputOf(test!.code)).toMatch(/pass 1\n(?:.*\n)*?.*fail 0\n/)
    const begin = "import { createServer } from 'redstrata'\nconst server = await createServer({ port: null })\n"
    const output = await outputOf(`${begin}${listening!.code}\nsetTimeout(() => server.close(), 10)`)
    expect(output).toBe("[ 'message', 'news', 'hello' ]\n")
  })
})

describe('the guides', () => {
  it.each(GUIDES)('%s tells the truth', async path => {
    const exchanges = exchangesOf(readFileSync(join(TOP, path), 'utf8'))
    const { connect } = await serverForTest()
    const client = await connect()
    for (const { command, printed: expected } of exchanges)
      expect(`${command}\n${printed(await client.call(...wordsOf(command)))}`).toBe(`${command}\n${expected}`)
  })

  it('are found to hold conversations', () => {
    const all = GUIDES.flatMap(path => exchangesOf(readFileSync(join(TOP, path), 'utf8')))
    expect(all.length).toBeGreaterThan(50)
  })

  it('are named in the README', () => {
    const readme = readFileSync(join(TOP, 'README.md'), 'utf8')
    for (const path of GUIDES) expect(readme).toContain(path)
  })

  it('know words and replies as redis-cli does', () => {
    expect(wordsOf(`SET "a \\"b\\"" '{"c":1}' d`)).toEqual(['SET', 'a "b"', '{"c":1}', 'd'])
    const nested: Reply = {
      kind: '*',
      items: [
        { kind: ':', text: '1' },
        { kind: '*', items: [{ kind: '$', text: 'a' }, { kind: 'nil' }] },
      ],
    }
    expect(printed(nested)).toBe('1) (integer) 1\n2) 1) "a"\n   2) (nil)')
  })
})
