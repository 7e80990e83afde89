/* The guides say what the server answers: every conversation in docs/guides, and in the README, is held again and compared with
 * what redis-cli would print. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
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
