/* Commands that tell of values without showing them: JSON.TYPE, the lengths, OBJKEYS, ARRINDEX, RESP and DEBUG.
 *
 * All follow one pattern. Today's paths are answered with a list, an answer or null for each match; legacy paths with
 * the answer for the first match, and each command has errors of its own for what is missing or of another type. */

import type { Args, Context, Range, ReplyError } from 'redstrata/module'
import { equalValues } from '../document/compare.ts'
import { findElement } from '../document/navigate.ts'
import {
  ARRAY,
  countOf,
  ESCAPED,
  firstChild,
  KIND_MASK,
  keyLength,
  OBJECT,
  Place,
  spanOf,
  STRING,
  textLength,
} from '../document/node.ts'
import { saidLength } from '../document/text.ts'
import type { Tree } from '../document/tree.ts'
import { JSON_ERROR, wrongNumber } from '../errors.ts'
import type { Matches } from '../path/eval.ts'
import type { Path, PathFault } from '../path/path.ts'
import { readable, type Workspace } from '../workspace.ts'
import { integerArgument } from './integer.ts'
import { replyKey, replyResp } from './value-reply.ts'

const TYPE_NAMES = ['null', 'boolean', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const
const HELP = ['MEMORY <key> [path] - reports memory usage', 'HELP                - this message'] as const

/** The path behind the key, or the root. */
function pathArgument(json: Workspace, args: Args): Path | PathFault {
  return args.left > 0 ? json.path(args.bytes()) : json.rootPath
}

/** JSON.TYPE key [path] */
export function type(json: Workspace, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const path = pathArgument(json, args)
  const listed = reply.protocol === 3
  if (json.read(db, key) === null) {
    if (listed) reply.array(1)
    reply.null()
    return
  }
  const matches = json.find(path)
  const { words } = json.doc
  if (listed) reply.array(1)
  if (path.legacy) {
    if (matches.count === 0) reply.null()
    else reply.text(TYPE_NAMES[words[matches.i[0]!]! & KIND_MASK]!)
    return
  }
  reply.array(matches.count)
  for (let n = 0; n < matches.count; n++) reply.text(TYPE_NAMES[words[matches.i[n]!]! & KIND_MASK]!)
}

/** How one of the length commands differs from the others. */
interface Measure {
  readonly kind: number
  /** Errors for a missing key with a path of today's kind, for a legacy path that leads nowhere, and to another type. */
  readonly noKey: ReplyError
  readonly noPath: ReplyError | null
  readonly otherType: ReplyError
  of(doc: Tree, i: number, t: number): number
}

const STRING_LENGTH: Measure = {
  kind: STRING,
  noKey: JSON_ERROR.noKey,
  noPath: JSON_ERROR.noPath,
  otherType: JSON_ERROR.expectedString,
  of({ words, text }, i, t) {
    const length = textLength(words, i) - 2
    return (words[i]! & ESCAPED) === 0 ? length : saidLength(text, t + 1, length)
  },
}
const ARRAY_LENGTH: Measure = {
  kind: ARRAY,
  noKey: JSON_ERROR.noKey,
  noPath: JSON_ERROR.noPath,
  otherType: JSON_ERROR.notArray,
  of: ({ words }, i) => countOf(words, i),
}
const OBJECT_LENGTH: Measure = {
  kind: OBJECT,
  noKey: JSON_ERROR.notObject,
  noPath: null,
  otherType: JSON_ERROR.expectedObject,
  of: ({ words }, i) => countOf(words, i),
}

function measure(json: Workspace, { db, reply }: Context, args: Args, by: Measure): void {
  const key = args.key()
  const path = pathArgument(json, args)
  if (json.read(db, key) === null) {
    if (!path.legacy) throw by.noKey
    reply.null()
    return
  }
  const matches = json.find(path)
  const { doc } = json
  if (path.legacy) {
    if (matches.count === 0) {
      if (by.noPath !== null) throw by.noPath
      reply.null()
      return
    }
    if ((doc.words[matches.i[0]!]! & KIND_MASK) !== by.kind) throw by.otherType
    reply.integer(by.of(doc, matches.i[0]!, matches.t[0]!))
    return
  }
  reply.array(matches.count)
  for (let n = 0; n < matches.count; n++) {
    const i = matches.i[n]!
    if ((doc.words[i]! & KIND_MASK) === by.kind) reply.integer(by.of(doc, i, matches.t[n]!))
    else reply.null()
  }
}

/** JSON.STRLEN key [path] */
export function strlen(json: Workspace, ctx: Context, args: Args): void {
  measure(json, ctx, args, STRING_LENGTH)
}

/** JSON.ARRLEN key [path] */
export function arrlen(json: Workspace, ctx: Context, args: Args): void {
  measure(json, ctx, args, ARRAY_LENGTH)
}

/** JSON.OBJLEN key [path] */
export function objlen(json: Workspace, ctx: Context, args: Args): void {
  measure(json, ctx, args, OBJECT_LENGTH)
}

/** JSON.OBJKEYS key [path] */
export function objkeys(json: Workspace, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const path = pathArgument(json, args)
  if (json.read(db, key) === null) {
    if (!path.legacy) throw JSON_ERROR.noKey
    reply.null()
    return
  }
  const matches = json.find(path)
  const { words } = json.doc
  if (!path.legacy) reply.array(matches.count)
  else if (matches.count === 0) reply.null()
  else if ((words[matches.i[0]!]! & KIND_MASK) !== OBJECT) throw JSON_ERROR.notObject
  const shown = path.legacy ? Math.min(matches.count, 1) : matches.count
  for (let n = 0; n < shown; n++) {
    if ((words[matches.i[n]!]! & KIND_MASK) === OBJECT) replyKeys(json, reply, matches.i[n]!, matches.t[n]!)
    else reply.null()
  }
}

function replyKeys(json: Workspace, reply: Context['reply'], i: number, t: number): void {
  const { words } = json.doc
  const count = countOf(words, i)
  reply.array(count)
  let child = firstChild(words, i)
  let at = t + 1
  for (let left = count; left > 0; left--) {
    at += keyLength(words, child) + 3
    replyKey(reply, json.doc, child, at, json.spare)
    at += textLength(words, child) + 1
    child += spanOf(words, child)
  }
}

/** JSON.ARRINDEX key path value [start [stop]] */
export function arrindex(json: Workspace, { db, reply }: Context, args: Args): void {
  if (args.argc > 6) throw wrongNumber('json.arrindex')
  const key = args.key()
  const path = json.path(args.bytes())
  json.values.clear()
  json.parse(args.bytes(), 'ERR ')
  const start = args.left > 0 ? integerArgument(args.bytes()) : 0
  const stop = args.left > 0 ? integerArgument(args.bytes()) : 0
  if (json.read(db, key) === null) throw JSON_ERROR.noPath
  const matches = json.find(path)
  const { words } = json.doc
  if (path.legacy) {
    if (matches.count === 0) throw JSON_ERROR.noPath
    if ((words[matches.i[0]!]! & KIND_MASK) !== ARRAY) throw JSON_ERROR.expectedArray
    reply.integer(indexOf(json, matches.i[0]!, matches.t[0]!, start, stop))
    return
  }
  reply.array(matches.count)
  for (let n = 0; n < matches.count; n++) {
    if ((words[matches.i[n]!]! & KIND_MASK) === ARRAY)
      reply.integer(indexOf(json, matches.i[n]!, matches.t[n]!, start, stop))
    else reply.null()
  }
}

/** The ordinal of the first element that equals the parsed value, or -1. A stop of 0 is the end. */
function indexOf(json: Workspace, i: number, t: number, start: number, stop: number): number {
  const { doc, values } = json
  const count = countOf(doc.words, i)
  if (count === 0) return -1
  const from = start < 0 ? Math.max(0, count + start) : Math.min(start, count - 1)
  const to = stop === 0 ? count : stop < 0 ? count + stop : Math.min(stop, count)
  if (from >= to) return -1
  const place = new Place()
  findElement(doc.words, i, t, from, place)
  for (let n = from; n < to; n++) {
    if (equalValues(doc.words, place.i, doc.text, place.t, values.words, values.first, values.text, values.start))
      return n
    place.t += textLength(doc.words, place.i) + 1
    place.i += spanOf(doc.words, place.i)
  }
  return -1
}

/** JSON.RESP key [path] */
export function resp(json: Workspace, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const path = pathArgument(json, args)
  if (json.read(db, key) === null) {
    reply.null()
    return
  }
  const matches = json.find(path)
  if (path.legacy && matches.count === 0) throw JSON_ERROR.noPath
  if (!path.legacy) reply.array(matches.count)
  const shown = path.legacy ? 1 : matches.count
  for (let n = 0; n < shown; n++) replyResp(reply, json.doc, matches.i[n]!, matches.t[n]!, json.spare)
}

/** JSON.DEBUG MEMORY key [path]; JSON.DEBUG HELP */
export function debug(json: Workspace, ctx: Context, args: Args): void {
  const { reply } = ctx
  if (args.word('help')) {
    reply.array(HELP.length)
    for (const line of HELP) reply.text(line)
    return
  }
  if (!args.word('memory')) throw JSON_ERROR.unknownDebug
  if (args.left === 0) throw wrongNumber('json.debug')
  debugMemory(json, ctx, args.key(), pathArgument(json, args))
}

function debugMemory(json: Workspace, { db, reply }: Context, key: Range, path: Path | PathFault): void {
  const view = json.read(db, key)
  if (view === null) {
    if (readable(path).legacy) reply.integer(0)
    else reply.array(0)
    return
  }
  const matches = json.find(path)
  if (path.legacy) {
    if (matches.count === 0) throw JSON_ERROR.noPath
    reply.integer(sizeOf(json, matches, 0))
    return
  }
  reply.array(matches.count)
  for (let n = 0; n < matches.count; n++) reply.integer(sizeOf(json, matches, n))
}

/** Bytes that a value takes: the whole block for the root, its words and its text for what is inside. */
function sizeOf({ doc }: Workspace, matches: Matches, n: number): number {
  const i = matches.i[n]!
  return i === doc.first ? doc.memory.sizeOf(doc.address) : spanOf(doc.words, i) * 4 + textLength(doc.words, i)
}
