/* Flags of scripts, and the line `#!lua name=mylib flags=no-writes,allow-oom` that gives them.
 *
 * A script without such a line is in compatibility mode: it may do what scripts could before there were flags, and each
 * of its commands is checked when it runs. One with the line is checked as a whole before it starts. */

import type { Range } from '../base/bytes.ts'
import { ReplyError, replyError } from '../base/errors.ts'

/** Names in the order of their bits, which is also the machine's. */
export const FLAG_NAMES = ['no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys'] as const

export const SCRIPT_FLAG = { noWrites: 1, allowOom: 2, allowStale: 4, compatible: 32 } as const

/** The names of the flags that are set. */
export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0)
}

const NEWLINE = 10
const NO_LINE_END = new ReplyError('ERR Invalid script shebang')
const NO_METADATA = new ReplyError('ERR Missing library metadata')
const BAD_METADATA = new ReplyError('ERR Invalid library metadata')
const NAME_TWICE = new ReplyError('ERR Invalid metadata value, name argument was given multiple times')
const NO_NAME = new ReplyError('ERR Library name was not given')
/** Also what a bad name of a function is refused with. */
export const BAD_NAME = new ReplyError(
  'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
)

export function isName(name: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(name)
}

function hasShebang(text: Range): boolean {
  return text.length >= 2 && text.buf[text.start] === 35 && text.buf[text.start + 1] === 33
}

/** Where the first line ends, or -1. */
function lineEnd(text: Range): number {
  const at = text.buf.indexOf(NEWLINE, text.start)
  return at < 0 || at >= text.end ? -1 : at
}

function words(text: Range, end: number): string[] {
  return text.buf
    .latin1Slice(text.start, end)
    .split(/\s+/)
    .filter(word => word !== '')
}

/** What a script's first line says. The code begins with the line's end, so that lines keep their numbers. */
export interface ScriptHead {
  readonly flags: number
  readonly codeStart: number
}

/** Read the head of a script. @throws when it is wrong. */
export function scriptHead(text: Range): ScriptHead {
  if (!hasShebang(text)) return { flags: SCRIPT_FLAG.compatible, codeStart: text.start }
  const end = lineEnd(text)
  if (end < 0) throw NO_LINE_END
  const [engine, ...options] = words(text, end)
  if (engine !== '#!lua') throw replyError(`ERR Unexpected engine in script shebang: ${engine}`)
  let flags = 0
  for (const option of options) {
    if (!option.startsWith('flags=')) throw replyError(`ERR Unknown lua shebang option: ${option}`)
    for (const name of option.slice(6).split(',')) flags |= flagBit(name)
  }
  return { flags, codeStart: end }
}

function flagBit(name: string): number {
  if (name === '') return 0
  const bit = FLAG_NAMES.indexOf(name as (typeof FLAG_NAMES)[number])
  if (bit < 0) throw replyError(`ERR Unexpected flag in script shebang: ${name}`)
  return 1 << bit
}

export interface LibraryHead {
  readonly name: string
  readonly codeStart: number
}

/** Read the head of a library of functions. @throws when it is wrong. */
export function libraryHead(text: Range): LibraryHead {
  if (!hasShebang(text)) throw NO_METADATA
  const end = lineEnd(text)
  if (end < 0) throw BAD_METADATA
  const [engine, ...options] = words(text, end)
  let name: string | null = null
  for (const option of options) {
    if (!option.toLowerCase().startsWith('name=')) throw replyError(`ERR Invalid metadata value given: ${option}`)
    if (name !== null) throw NAME_TWICE
    name = option.slice(5)
  }
  if (name === null) throw NO_NAME
  if (!isName(name)) throw BAD_NAME
  const engineName = engine!.slice(2)
  if (engineName.toLowerCase() !== 'lua') throw replyError(`ERR Engine '${engineName}' not found`)
  return { name, codeStart: end }
}
