/* Cases -- the recorded transcripts, read for tests that drive a sketch without a server.
 *
 * Only what the *-exact transcripts use is understood: commands with plain, "quoted" and 'literal' words, and replies of
 * integers, bulk strings, statuses, errors and flat arrays of them. Whoever replays a case skips commands that its
 * sketch does not have, such as scripts. */
import { readFileSync } from 'node:fs'
import { Range } from '../../core/base/bytes.ts'

/** A value of a reply: a number, a bulk string or status as text (one character a byte), or nil. */
export type Value = number | string | null

export interface Step {
  /** The command's name in capitals. */
  readonly name: string
  readonly words: readonly Range[]
  /** The recorded reply, as it stands in the file. */
  readonly text: string
  /** The recorded reply as a flat list; a single value is a list of one. */
  readonly reply: readonly Value[]
}

export interface Case {
  readonly title: string
  readonly steps: readonly Step[]
}

/** The cases of test/transcripts/bloom/NAME.txt. */
export function readCases(name: string): Case[] {
  const cases: { title: string; steps: Step[] }[] = []
  let command = ''
  for (const line of readFileSync(new URL(`../transcripts/bloom/${name}.txt`, import.meta.url), 'utf8').split('\n')) {
    if (line.startsWith('# ')) cases.push({ title: line.slice(2), steps: [] })
    else if (line.startsWith('> ')) command = line.slice(2)
    else if (line.startsWith('< ')) cases[cases.length - 1]!.steps.push(step(command, line.slice(2)))
  }
  return cases
}

function step(command: string, text: string): Step {
  const words = splitWords(command)
  return { name: words[0]!.latin1().toUpperCase(), words: words.slice(1), text, reply: replyValues(text) }
}

function splitWords(line: string): Range[] {
  const pattern = /"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g
  return [...line.matchAll(pattern)].map(match => {
    if (match[1] !== undefined) return Range.of(Buffer.from(unquote(match[1]), 'latin1'))
    return Range.of(Buffer.from(match[2] ?? match[3]!, 'utf8'))
  })
}

/** The bytes of a quoted string, one character each. */
function unquote(inner: string): string {
  const bytes = Buffer.from(inner, 'utf8').latin1Slice()
  return bytes.replace(/\\x([0-9a-f]{2})|\\(.)/gi, (_, hex: string | undefined, letter: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return { n: '\n', r: '\r', t: '\t' }[letter] ?? letter
  })
}

function replyValues(text: string): Value[] {
  const pattern = /:(-?\d+)|[+-]("(?:[^"\\]|\\.)*"|[^\s\]]+)|"((?:[^"\\]|\\.)*)"|(nil(?:-array)?)/g
  return [...text.matchAll(pattern)].map(match => {
    if (match[1] !== undefined) return Number(match[1])
    if (match[2] !== undefined) return match[2]
    return match[3] !== undefined ? unquote(match[3]) : null
  })
}
