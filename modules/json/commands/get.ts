/* JSON.GET and JSON.MGET. */

import { type Args, type Context, Range, type Reply } from 'redstrata/module'
import { Format, printValue } from '../document/print.ts'
import { ARRAY, KIND_MASK } from '../document/node.ts'
import { escapedLength, writeEscaped } from '../document/text.ts'
import type { Tree } from '../document/tree.ts'
import { JSON_ERROR, wrongNumber } from '../errors.ts'
import type { Matches } from '../path/eval.ts'
import { type Path, PathFault } from '../path/path.ts'
import type { Workspace } from '../workspace.ts'
import { replyList, replyText } from './text-reply.ts'
import { replyExpanded } from './value-reply.ts'

const COMMA = 0x2c
const QUOTE = 0x22
const COLON = 0x3a

/** What FORMAT may say. */
export type ReplyForm = 'text' | 'expand' | 'expand1'

/** JSON.GET key [INDENT indent] [NEWLINE newline] [SPACE space] [NOESCAPE] [FORMAT format] [path …] */
export function get(json: Workspace, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  if (args.argc === 2 || (args.argc === 3 && !isOption(args))) {
    getOne(json, ctx, key, args.argc === 2 ? json.rootPath : json.path(args.at(2)))
    return
  }
  const options = new GetOptions(args, reply.protocol)
  if (json.read(db, key) === null) {
    reply.null()
    return
  }
  const paths = options.paths.map(range => json.path(range))
  if (paths.length === 0) {
    options.paths.push(Range.of('.'))
    paths.push(json.rootPath)
  }
  if (options.form !== 'text') expand(json, ctx, paths, options.form)
  else if (paths.length === 1) printOne(json, ctx, paths[0]!, options.format)
  else printSeveral(json, ctx, options.paths, paths, options.format)
}

/** The usual case: one path and no options. */
function getOne(json: Workspace, { db, reply }: Context, key: Range, path: Path | PathFault): void {
  if (json.read(db, key) === null) {
    reply.null()
    return
  }
  const matches = json.find(path)
  if (!path.legacy) {
    replyList(reply, json.doc, matches)
    return
  }
  if (matches.count === 0) throw JSON_ERROR.noPath
  replyText(reply, json.doc, matches.i[0]!, matches.t[0]!)
}

/** Whether the next argument begins an option. */
function isOption(args: Args): boolean {
  const i = args.position
  return (
    args.is(i, 'indent') ||
    args.is(i, 'newline') ||
    args.is(i, 'space') ||
    args.is(i, 'noescape') ||
    args.is(i, 'format')
  )
}

class GetOptions {
  format: Format | null = null
  form: ReplyForm = 'text'
  readonly paths: Range[] = []

  constructor(args: Args, protocol: number) {
    let indent: Buffer | undefined
    let newline: Buffer | undefined
    let space: Buffer | undefined
    const value = (): Range => {
      if (args.left === 0) throw wrongNumber('json.get')
      return args.bytes()
    }
    while (args.left > 0) {
      if (args.word('indent')) indent = value().copy()
      else if (args.word('newline')) newline = value().copy()
      else if (args.word('space')) space = value().copy()
      else if (args.word('noescape')) continue
      else if (args.word('format')) {
        if (protocol === 2) throw JSON_ERROR.formatNeedsResp3
        this.form = formNamed(value().latin1(), 'STRING')
      } else this.paths.push(args.bytes())
    }
    if (indent !== undefined || newline !== undefined || space !== undefined)
      this.format = new Format(indent, newline, space)
  }
}

/** The form that a word of FORMAT names; `text` is the word for JSON text. @throws on another word */
export function formNamed(word: string, text: string): ReplyForm {
  if (word === text) return 'text'
  if (word === 'EXPAND') return 'expand'
  if (word === 'EXPAND1') return 'expand1'
  throw JSON_ERROR.replyFormat
}

function printOne(json: Workspace, { reply }: Context, path: Path | PathFault, format: Format | null): void {
  const matches = json.find(path)
  const { doc, spare: out } = json
  out.clear()
  if (path.legacy) {
    if (matches.count === 0) throw JSON_ERROR.noPath
    printValue(doc.words, matches.i[0]!, doc.text, matches.t[0]!, format, 0, out)
  } else printList(json, matches, format, 0)
  reply.bytes(out.text, out.start, out.textEnd)
}

/** Print matches as a list behind what is put together. */
function printList(json: Workspace, matches: Matches, format: Format | null, level: number): void {
  const { doc, spare: out } = json
  out.putText(BRACKETS, 0, 1)
  for (let n = 0; n < matches.count; n++) {
    if (n > 0) putByte(json, COMMA)
    format?.line(out, level + 1)
    printValue(doc.words, matches.i[n]!, doc.text, matches.t[n]!, format, level + 1, out)
  }
  if (matches.count > 0) format?.line(out, level)
  out.putText(BRACKETS, 1, 1)
}

const BRACKETS: Buffer = Buffer.from('[]')
const BRACES: Buffer = Buffer.from('{}')

/** Several paths give an object: lists when one path is of today's kind, else the first value of each. */
function printSeveral(
  json: Workspace,
  { reply }: Context,
  names: readonly Range[],
  paths: readonly (Path | PathFault)[],
  format: Format | null,
): void {
  const { doc, spare: out } = json
  const legacy = paths.every(path => path.legacy)
  const seen = new Set<Path | PathFault | string>()
  out.clear().putText(BRACES, 0, 1)
  let printed = 0
  for (let n = 0; n < paths.length; n++) {
    const path = paths[n]!
    const name = names[n]!
    // A path that cannot be read is left out.
    if (path instanceof PathFault || seen.has(name.latin1())) continue
    seen.add(name.latin1())
    const matches = json.find(path)
    if (printed++ > 0) putByte(json, COMMA)
    format?.line(out, 1)
    printName(json, name, format)
    if (!legacy) printList(json, matches, format, 1)
    else if (matches.count > 0) printValue(doc.words, matches.i[0]!, doc.text, matches.t[0]!, format, 1, out)
    else throw JSON_ERROR.noPath
  }
  if (printed > 0) format?.line(out, 0)
  out.putText(BRACES, 1, 1)
  reply.bytes(out.text, out.start, out.textEnd)
}

function printName(json: Workspace, name: Range, format: Format | null): void {
  const { spare: out } = json
  out.reserve(0, escapedLength(name.buf, name.start, name.end) + 3)
  out.putByte(QUOTE)
  out.textEnd = writeEscaped(name.buf, name.start, name.end, out.text, out.textEnd)
  out.putByte(QUOTE)
  out.putByte(COLON)
  if (format !== null) out.putText(format.space, 0, format.space.length)
}

function putByte(json: Workspace, byte: number): void {
  json.spare.reserve(0, 1)
  json.spare.putByte(byte)
}

/** FORMAT EXPAND: a list of matches for each path, legacy or not. */
function expand(json: Workspace, { reply }: Context, paths: readonly (Path | PathFault)[], form: ReplyForm): void {
  reply.array(paths.length)
  for (const path of paths) {
    const matches = json.find(path)
    reply.array(matches.count)
    for (let n = 0; n < matches.count; n++) replyInForm(json, json.doc, reply, matches.i[n]!, matches.t[n]!, form)
  }
}

/** One value of a tree in the form asked for. EXPAND1 leaves containers as text. */
export function replyInForm(json: Workspace, doc: Tree, reply: Reply, i: number, t: number, form: ReplyForm): void {
  if (form === 'text' || (form === 'expand1' && (doc.words[i]! & KIND_MASK) >= ARRAY)) replyText(reply, doc, i, t)
  else replyExpanded(reply, doc, i, t, json.spare)
}

/** JSON.MGET key [key …] path */
export function mget(json: Workspace, { db, reply }: Context, args: Args): void {
  const last = args.argc - 1
  const path = json.path(args.at(last))
  reply.array(last - 1)
  for (let k = 1; k < last; k++) {
    const record = path instanceof PathFault ? 0 : db.lookup(args.at(k))
    if (record === 0 || db.typeOf(record) !== json.type.id) {
      reply.null()
      continue
    }
    json.doc.open(db.wordOf(record))
    const matches = json.find(path)
    if (!path.legacy) replyList(reply, json.doc, matches)
    else if (matches.count > 0) replyText(reply, json.doc, matches.i[0]!, matches.t[0]!)
    else reply.null()
  }
}
