/* Spec -- the line is the command.
 *
 * A command is declared by the synopsis that the manual would print, its flags, and how it uses its keys. Everything
 * that COMMAND tells is worked out from that line:
 *
 *      cmd('LPUSH key element [element ...]', 'write denyoom fast', 'RW insert', lpush)
 *           |     |                            |                     |
 *           name  arity -3, key at 1           flags, categories     one key specification
 *
 * Flags are Redis's words (`read` is short for readonly), `@name` adds an ACL category, `~text` a tip. Key
 * specifications are separated by `;`. Each is its flags and, where the synopsis does not tell, a place behind `@`:
 *
 *      @1            the argument 1                          @2..-1      arguments 2 to the last
 *      @1..-1/2      every second one                        @1#         a count at 1, keys behind it
 *      @STORE:6      behind the word, sought from 6 on       @STREAMS:1..-1%2   the first half of the rest
 *      @?            somewhere that only the handler knows
 *
 * The records are frozen and shared by all servers of a process; what a server counts lies in its own table. */

import type { ReplyError } from '../base/errors.ts'
import type { Args } from './args.ts'
import type { Context } from './context.ts'
import type { Suspended } from './suspend.ts'
import type { Entry } from './table.ts'

/** What a command does. Refusals are thrown; a returned Suspended says that the reply comes later. */
// biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing at all, and say so
export type Handler = (ctx: Context, args: Args) => void | Suspended

/** Where keys stand among the arguments, in the terms of COMMAND INFO. */
export interface KeySpec {
  readonly flags: readonly string[]
  readonly begin:
    | { readonly type: 'index'; readonly index: number }
    | { readonly type: 'keyword'; readonly keyword: string; readonly from: number }
    | { readonly type: 'unknown' }
  readonly find:
    | { readonly type: 'range'; readonly last: number; readonly step: number; readonly limit: number }
    | { readonly type: 'keynum'; readonly at: number; readonly first: number; readonly step: number }
    | { readonly type: 'unknown' }
}

/** Command flags, in the order in which COMMAND INFO names them. */
export const FLAG = {
  write: 1,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  module: 1 << 3,
  admin: 1 << 4,
  pubsub: 1 << 5,
  noscript: 1 << 6,
  blocking: 1 << 7,
  loading: 1 << 8,
  stale: 1 << 9,
  skip_monitor: 1 << 10,
  skip_slowlog: 1 << 11,
  asking: 1 << 12,
  fast: 1 << 13,
  no_auth: 1 << 14,
  may_replicate: 1 << 15,
  no_mandatory_keys: 1 << 16,
  protected: 1 << 17,
  no_async_loading: 1 << 18,
  no_multi: 1 << 19,
  allow_busy: 1 << 20,
  movablekeys: 1 << 21,
  /** As quick as a command with the flag `fast`, though Redis does not call it so; told to nobody. */
  brief: 1 << 22,
} as const

/** ACL categories in the order in which they are listed. */
export const CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const

/** A declared command. */
export interface Command {
  /** Upper case; a subcommand is `CONFIG|GET`. */
  readonly name: string
  /** Name of the container, or null. */
  readonly parent: string | null
  /** The line that a manual would print. */
  readonly synopsis: string
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number
  /** Bits of FLAG. */
  readonly flags: number
  /** Where its keys stand, and what is done with them. */
  readonly keySpecs: readonly KeySpec[]
  /** Explicit ACL categories, besides those that follow from the flags and the group. */
  readonly categories: readonly string[]
  /** Hints for clients, such as `nondeterministic_output`. */
  readonly tips: readonly string[]
  readonly handler: Handler
  /** A number of arguments that is only checked when the command runs, as `arity` is before; absent for none. */
  readonly lateArity?: LateArity
}

/** What a module's command asks for. */
export interface LateArity {
  readonly arity: number
  readonly error: (entry: Entry) => ReplyError
}

/**
 * Declare a command. The header of this file explains the notation.
 * @param synopsis its name and arguments as a manual would print them: optional parts in [], alternatives in <a|b>, `...`
 * @param flags words of FLAG (`read` is short for readonly), `@category`, `~tip`
 * @param keys what is done with its keys: one specification each, separated by `;`, '' for none
 * @throws Error when one of them cannot be read
 */
export function cmd(synopsis: string, flags: string, keys: string, handler: Handler): Command {
  const space = synopsis.indexOf(' ')
  const name = space < 0 ? synopsis : synopsis.slice(0, space)
  return declare(name, null, synopsis, space < 0 ? '' : synopsis.slice(space + 1), 1, flags, keys, handler)
}

/** Declare a subcommand, as `cmd` does: the first two words of the synopsis are its name. */
export function sub(synopsis: string, flags: string, keys: string, handler: Handler): Command {
  const words = synopsis.split(' ')
  const rest = words.slice(2).join(' ')
  return declare(`${words[0]}|${words[1]}`, words[0]!, synopsis, rest, 2, flags, keys, handler)
}

function declare(
  name: string,
  parent: string | null,
  synopsis: string,
  rest: string,
  nameWords: number,
  flagText: string,
  keyText: string,
  handler: Handler,
): Command {
  const words = flagText.split(' ').filter(word => word !== '')
  let flags = 0
  for (const word of words) {
    if (word[0] === '@' || word[0] === '~') continue
    const bit = FLAG[(word === 'read' ? 'readonly' : word) as keyof typeof FLAG]
    if (bit === undefined) throw new Error(`${name}: unknown flag ${word}`)
    flags |= bit
  }
  const keySpecs = parseKeySpecs(keyText, rest, nameWords)
  if (keySpecs.some(isMovable)) flags |= FLAG.movablekeys
  return Object.freeze({
    name,
    parent,
    synopsis,
    arity: arityOf(rest, nameWords),
    flags,
    keySpecs,
    categories: words.filter(word => word[0] === '@').map(word => word.slice(1)),
    tips: words.filter(word => word[0] === '~').map(word => word.slice(1)),
    handler,
  })
}

function isMovable(spec: KeySpec): boolean {
  return spec.find.type !== 'range' || spec.begin.type !== 'index'
}

// ------------------------------------------------------------------ arity from a synopsis

interface Extent {
  min: number
  open: boolean
}

/** Arity of what follows the name: optional parts in [], alternatives in <a|b>, `...` for repetition. */
function arityOf(rest: string, nameWords: number): number {
  const { min, open } = extent(tokens(rest))
  return open ? -(min + nameWords) : min + nameWords
}

function tokens(text: string): string[] {
  return text.match(/[[\]<>|]|[^\s[\]<>|]+/g) ?? []
}

/** Fewest arguments of a token list, and whether there may be more. */
function extent(list: string[]): Extent {
  const total: Extent = { min: 0, open: false }
  for (let i = 0; i < list.length; i++) {
    const token = list[i]!
    if (token === '[') {
      i = closing(list, i)
      total.open = true
    } else if (token === '<') {
      const end = closing(list, i)
      const options = alternatives(list.slice(i + 1, end)).map(extent)
      total.min += Math.min(...options.map(option => option.min))
      if (options.some(option => option.open || option.min !== options[0]!.min)) total.open = true
      i = end
    } else if (token === '...') total.open = true
    else total.min++
  }
  return total
}

function closing(list: string[], open: number): number {
  let depth = 0
  for (let i = open; i < list.length; i++) {
    if (list[i] === '[' || list[i] === '<') depth++
    else if ((list[i] === ']' || list[i] === '>') && --depth === 0) return i
  }
  throw new Error('synopsis: a bracket is not closed')
}

function alternatives(list: string[]): string[][] {
  const options: string[][] = [[]]
  let depth = 0
  for (const token of list) {
    if (token === '[' || token === '<') depth++
    else if (token === ']' || token === '>') depth--
    if (token === '|' && depth === 0) options.push([])
    else options[options.length - 1]!.push(token)
  }
  return options
}

// ------------------------------------------------------------------ key specifications

const KEY_WORDS = /^(key\d*|source|destination|destkey|sourcekey|newkey|src|dst)$/

function parseKeySpecs(text: string, rest: string, nameWords: number): readonly KeySpec[] {
  if (text === '') return []
  const places = keyPlaces(rest, nameWords)
  return text.split(';').map((part, number) => {
    const [flagText, place] = part.trim().split('@')
    const flags = flagText!.trim().split(' ')
    return Object.freeze({ flags, ...parsePlace(place?.trim() ?? places[number] ?? `${nameWords}`) })
  })
}

/** Places of the keys that a synopsis names, in the notation above. */
function keyPlaces(rest: string, nameWords: number): string[] {
  const words = rest.split(' ')
  const places: string[] = []
  for (let i = 0; i < words.length; i++) {
    const at = i + nameWords
    if (words[i] === 'numkeys') {
      places.push(`${at}#`)
      return places
    }
    if (words[i]!.startsWith('[')) return places
    if (!KEY_WORDS.test(words[i]!)) continue
    const repeated = words.findIndex((word, j) => j > i && word === `[${words[i]}`)
    if (repeated < 0) {
      places.push(`${at}`)
      continue
    }
    const close = words.findIndex((word, j) => j > i && word.endsWith('...]'))
    const after = words.length - 1 - close
    places.push(`${at}..${-1 - after}/${repeated - i}`)
    i = close
  }
  return places
}

function parsePlace(place: string): Pick<KeySpec, 'begin' | 'find'> {
  if (place === '?') return { begin: { type: 'unknown' }, find: { type: 'unknown' } }
  const match = /^(?:([A-Z]+):)?(-?\d+)(#)?(?:\.\.(-?\d+))?(?:\/(\d+))?(?:%(\d+))?$/.exec(place)
  if (match === null) throw new Error(`key specification: cannot read ${place}`)
  const [, keyword, from, count, last, step, limit] = match
  const begin =
    keyword === undefined
      ? { type: 'index' as const, index: Number(from) }
      : { type: 'keyword' as const, keyword, from: Number(from) }
  if (count === '#') return { begin, find: { type: 'keynum', at: 0, first: 1, step: 1 } }
  return {
    begin,
    find: { type: 'range', last: Number(last ?? 0), step: Number(step ?? 1), limit: Number(limit ?? 0) },
  }
}
