/* Notation -- the text of a transcript and what it means. The README in test/transcripts explains it to readers. */

import type { Aggregate, Reply, Scalar } from './reply.ts'

/** How an expected reply is to be compared. */
export interface Comparison {
  /** Any order, at every level. */
  readonly unordered: boolean
  /** With unordered: items belong together two by two. */
  readonly pairs: boolean
  /** Numbers within a millionth. */
  readonly approx: boolean
}

export type Step =
  | { readonly kind: 'sleep'; readonly ms: number; readonly line: number }
  | { readonly kind: 'raw'; readonly connection: string; readonly bytes: Buffer; readonly line: number }
  | {
      readonly kind: 'send'
      readonly connection: string
      readonly args: readonly Buffer[]
      readonly text: string
      readonly line: number
    }
  | { readonly kind: 'silent'; readonly connection: string; readonly line: number }
  | { readonly kind: 'any'; readonly connection: string; readonly line: number }
  | { readonly kind: 'match'; readonly connection: string; readonly pattern: RegExp; readonly line: number }
  | {
      readonly kind: 'expect'
      readonly connection: string
      readonly reply: Reply
      readonly how: Comparison
      readonly text: string
      readonly line: number
    }

/** One case: a conversation that starts on an empty server. */
export interface Case {
  readonly title: string
  readonly line: number
  readonly resp3: boolean
  /** The data that is there stays. */
  readonly keep: boolean
  readonly steps: readonly Step[]
}

class NotationFault extends Error {
  constructor(what: string, text: string) {
    super(`${what}: ${text}`)
    this.name = 'NotationFault'
  }
}

const ESCAPED: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

/** Text between double quotes, from behind the first: its bytes as characters, and where it ends. */
function unquote(text: string, at: number): { value: string; next: number } {
  let value = ''
  for (let i = at; i < text.length; i++) {
    if (text[i] === '"') return { value, next: i + 1 }
    if (text[i] !== '\\') {
      const character = String.fromCodePoint(text.codePointAt(i) ?? 0)
      value += Buffer.from(character).latin1Slice()
      i += character.length - 1
    } else if (text[++i] === 'x') {
      value += String.fromCharCode(Number.parseInt(text.slice(i + 1, i + 3), 16))
      i += 2
    } else value += ESCAPED[text[i]] ?? text[i]
  }
  throw new NotationFault('an unclosed quote', text)
}

/** Reads one expected reply. */
class ReplyParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Reply {
    const reply = this.#value(true)
    this.#blanks()
    if (this.#at < this.#text.length) throw new NotationFault('more than one reply', this.#text)
    return reply
  }

  #blanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #value(outermost: boolean): Reply {
    this.#blanks()
    const c = this.#text[this.#at]
    const next = this.#text[this.#at + 1]
    if (c === '"') return { kind: '$', text: this.#quoted() }
    if (c === '[') return this.#list('*', ']')
    if (c === '{') return this.#list('%', '}')
    if ((c === '~' || c === '>') && next === '[') {
      this.#at++
      return this.#list(c, ']')
    }
    if (c === '+' || c === '-' || (c === '=' && next === '"')) {
      this.#at++
      return { kind: c, text: next === '"' ? this.#quoted() : outermost ? this.#rest() : this.#word() }
    }
    return this.#plain()
  }

  #plain(): Reply {
    const word = this.#word()
    if (word === 'nil' || word === 'nil-array' || word === '_') return { kind: word }
    const kind = word[0]
    if (kind === ':' || kind === ',' || kind === '#' || kind === '(') return { kind, text: word.slice(1) }
    throw new NotationFault('no reply', this.#text)
  }

  #list(kind: Aggregate['kind'], close: string): Reply {
    const items: Reply[] = []
    this.#at++
    for (;;) {
      this.#blanks()
      if (this.#at >= this.#text.length) throw new NotationFault('an unclosed list', this.#text)
      if (this.#text[this.#at] === close) break
      items.push(this.#value(false))
    }
    this.#at++
    return { kind, items }
  }

  #quoted(): string {
    const { value, next } = unquote(this.#text, this.#at + 1)
    this.#at = next
    return value
  }

  #word(): string {
    const start = this.#at
    while (this.#at < this.#text.length && !/[\s\]}]/.test(this.#text[this.#at])) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #rest(): string {
    const rest = this.#text.slice(this.#at)
    this.#at = this.#text.length
    return rest
  }
}

/** An expected reply, as its line says. */
export function parseReply(text: string): Reply {
  return new ReplyParser(text).whole()
}

/** A command's arguments. Words may be quoted: "…" with escapes, '…' as it stands. */
export function parseCommand(text: string): Buffer[] {
  const args: Buffer[] = []
  let word: string | null = null
  for (let i = 0; i < text.length; ) {
    const c = text[i]
    if (c === ' ') {
      if (word !== null) args.push(Buffer.from(word, 'latin1'))
      word = null
      i++
    } else if (c === '"') {
      const { value, next } = unquote(text, i + 1)
      word = (word ?? '') + value
      i = next
    } else if (c === "'") {
      const end = text.indexOf("'", i + 1)
      if (end < 0) throw new NotationFault('an unclosed quote', text)
      word = (word ?? '') + Buffer.from(text.slice(i + 1, end)).latin1Slice()
      i = end + 1
    } else {
      const character = String.fromCodePoint(text.codePointAt(i) ?? 0)
      word = (word ?? '') + Buffer.from(character).latin1Slice()
      i += character.length
    }
  }
  if (word !== null) args.push(Buffer.from(word, 'latin1'))
  return args
}

interface OpenCase {
  title: string
  line: number
  resp3: boolean
  keep: boolean
  steps: Step[]
}

/** The cases of a transcript. */
export function parseTranscript(text: string): Case[] {
  const cases: OpenCase[] = []
  let n = 0
  for (const line of text.split('\n')) {
    n++
    if (/^\s*$|^;|^##|^---/.test(line)) continue
    if (line.startsWith('# ')) {
      cases.push({ title: line.slice(2).trim(), line: n, resp3: false, keep: false, steps: [] })
      continue
    }
    const current = cases.at(-1)
    if (current === undefined) throw new NotationFault(`line ${n} stands before the first title`, line)
    if (line.startsWith('! ')) directives(current, line, n)
    else current.steps.push(parseStep(line, n))
  }
  return cases
}

function directives(current: OpenCase, text: string, line: number): void {
  for (const word of text.slice(2).trim().split(/\s+/)) {
    const sleep = /^sleep=(\d+)$/.exec(word)
    if (word === 'resp3') current.resp3 = true
    else if (word === 'keep') current.keep = true
    else if (sleep !== null) current.steps.push({ kind: 'sleep', ms: Number(sleep[1]), line })
    else throw new NotationFault(`line ${line} has an unknown directive`, text)
  }
}

function parseStep(text: string, line: number): Step {
  const found = /^([A-Z]?)(>raw |>& ?|> ?|< ?)(.*)$/.exec(text)
  if (found === null) throw new NotationFault(`line ${line} is no step`, text)
  const [, connection, arrow, rest] = found
  if (arrow === '>raw ') {
    return { kind: 'raw', connection, bytes: Buffer.from(JSON.parse(rest) as string, 'latin1'), line }
  }
  if (arrow[0] === '>') return { kind: 'send', connection, args: parseCommand(rest), text: rest, line }
  return parseExpectation(connection, rest, line)
}

function parseExpectation(connection: string, text: string, line: number): Step {
  const how = { unordered: false, pairs: false, approx: false }
  let rest = text
  for (;;) {
    const word = /^(unordered|pairs|approx|any|silent|match)(?: |$)/.exec(rest)
    if (word === null) break
    rest = rest.slice(word[0].length)
    if (word[1] === 'any' || word[1] === 'silent') return { kind: word[1], connection, line }
    if (word[1] === 'match') return { kind: 'match', connection, pattern: new RegExp(rest), line }
    how[word[1] as keyof typeof how] = true
  }
  return { kind: 'expect', connection, reply: parseReply(rest), how, text: rest, line }
}

/** A scalar's text as a number, or NaN. */
export function numberOf(scalar: Scalar): number {
  if (scalar.text === 'inf' || scalar.text === '-inf') return scalar.text === 'inf' ? Infinity : -Infinity
  return scalar.text.trim() === '' ? Number.NaN : Number(scalar.text)
}
