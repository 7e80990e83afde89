/* Commands that put a value at a path: JSON.SET, JSON.MSET and JSON.MERGE.
 *
 * A path that leads somewhere: all matches get the value. One that leads nowhere may name a place that could be: a
 * static path whose last step is a name, below an object that is there, makes a new member. Everything else is an
 * error or a null, see `vacancy`. */

import { type Args, type Context, type Database, ERR, type EventDetail, type Range } from 'redstrata/module'
import { addMember, replaceValue } from '../document/edit.ts'
import {
  countOf,
  DOCUMENT_DEPTH_MAX,
  firstChild,
  KIND_MASK,
  keyLength,
  kindOf,
  OBJECT,
  spanOf,
  textLength,
} from '../document/node.ts'
import type { Change } from '../document/rewrite.ts'
import { storeDocument } from '../document/tree.ts'
import { JSON_ERROR, wrongNumber } from '../errors.ts'
import type { Matches } from '../path/eval.ts'
import { Path, type PathFault, STEP } from '../path/path.ts'
import { readable, type Workspace } from '../workspace.ts'

/** JSON.SET key path value [NX|XX] [FORMAT format] */
export function set(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = json.path(args.bytes())
  const value = args.bytes()
  const condition = args.left > 0 ? setOptions(args) : ANY
  const isNew = json.write(ctx.db, key) === null
  json.values.clear()
  json.parse(value)
  const done = isNew ? setNew(json, ctx, key, path, condition) : setInside(json, ctx, key, path, condition)
  if (done) ctx.reply.ok()
  else {
    json.idle(ctx, key)
    ctx.reply.null()
  }
}

/** Members of a patch beyond which they are not named one by one. */
const NAMED_MAX = 64

const ANY = 0
const ABSENT = 1
const PRESENT = 2

function setOptions(args: Args): number {
  let condition = ANY
  while (args.left > 0) {
    if (args.word('format')) {
      if (args.left === 0) throw wrongNumber('json.set')
      if (args.bytes().latin1() !== 'JSON') throw JSON_ERROR.setFormat
      continue
    }
    const chosen = args.word('nx') ? ABSENT : args.word('xx') ? PRESENT : ANY
    if (chosen === ANY || condition !== ANY) throw ERR.syntax
    condition = chosen
  }
  return condition
}

function isRoot(path: Path | PathFault): path is Path {
  return path instanceof Path && path.isRoot
}

function setNew(json: Workspace, ctx: Context, key: Range, path: Path | PathFault, condition: number): boolean {
  if (condition === PRESENT) return false
  if (!isRoot(path)) throw JSON_ERROR.newAtRoot
  create(json, ctx.db, key)
  json.tell(ctx, key, 'json.set', json.detail(ctx, path))
  return true
}

/** Make a key of the first parsed value. */
function create(json: Workspace, db: Database, key: Range, i = 0, t = 0): void {
  const { values } = json
  const address = storeDocument(values.memory, values, i, t)
  try {
    db.create(key, json.type).address = address
  } catch (error) {
    values.memory.free(json.doc.account, address)
    throw error
  }
}

function setInside(json: Workspace, ctx: Context, key: Range, path: Path | PathFault, condition: number): boolean {
  if (isRoot(path)) {
    if (condition === ABSENT) return false
    json.doc.replace(json.values, 0, 0)
  } else if (!put(json, path, condition, 0, 0, json.parser.depth)) return false
  json.done(ctx, key, 'json.set', json.detail(ctx, readable(path)))
  return true
}

/** Put a parsed value at a path of the open document. False when the condition or the document says no. */
function put(
  json: Workspace,
  path: Path | PathFault,
  condition: number,
  fi: number,
  ft: number,
  nesting: number,
): boolean {
  const matches = json.find(path)
  if (matches.count > 0) {
    if (condition === ABSENT) return false
    if (matches.count === 1) {
      json.goTo(matches.i[0]!)
      json.checkNesting(nesting)
      replaceValue(json.doc, json.trail, json.values, fi, ft)
    } else json.update(matches, { instead: true, apply: () => json.rewriter.putValue(json.values, fi, ft) }, nesting)
    return true
  }
  if (condition === PRESENT) return false
  return add(json, readable(path), fi, ft, nesting)
}

/** The object that a path which leads nowhere would make a member of: its place is left in the trail. @throws when never */
function vacancy(json: Workspace, path: Path): boolean {
  if (!path.isStatic) throw JSON_ERROR.notStatic
  const last = path.steps[path.steps.length - 1]!
  if (last.kind !== STEP.name) throw JSON_ERROR.indexRange
  const parents = json.find(new Path(path.steps.slice(0, -1), path.legacy, 0))
  const { doc } = json
  if (parents.count === 0 || (doc.words[parents.i[0]!]! & KIND_MASK) !== OBJECT) return false
  json.goTo(parents.i[0]!)
  return true
}

function add(json: Workspace, path: Path, fi: number, ft: number, nesting: number): boolean {
  if (!vacancy(json, path)) return false
  const { name } = path.steps[path.steps.length - 1]!
  if (json.trail.depth + nesting > DOCUMENT_DEPTH_MAX) throw JSON_ERROR.depth
  addMember(json.doc, json.trail, name, 0, name.length, json.values, fi, ft)
  return true
}

interface Triple {
  readonly key: Range
  readonly path: Path | PathFault
  readonly i: number
  readonly t: number
  readonly nesting: number
}

/** JSON.MSET key path value [key path value …] */
export function mset(json: Workspace, ctx: Context, args: Args): void {
  if ((args.argc - 1) % 3 !== 0) throw wrongNumber('json.mset')
  const { values } = json
  const triples: Triple[] = []
  values.clear()
  while (args.left > 0) {
    const key = args.key()
    const path = json.path(args.bytes())
    const i = values.wordEnd - values.first
    const t = values.textEnd - values.start
    const view = json.write(ctx.db, key)
    json.parse(args.bytes())
    triples.push({ key, path, i, t, nesting: json.parser.depth })
    if (view === null) {
      if (!isRoot(path)) throw JSON_ERROR.newAtRoot
    } else if (!isRoot(path) && json.find(path).count === 0) vacancy(json, readable(path))
  }
  const changed = triples.filter(triple => setTriple(json, ctx, triple))
  for (const { key, path } of changed) json.tell(ctx, key, 'json.mset', json.detail(ctx, readable(path)))
  ctx.reply.ok()
}

/** The checks were made for all before the first is set; a path that fails now, because of an earlier one, is passed over. */
function setTriple(json: Workspace, ctx: Context, { key, path, i, t, nesting }: Triple): boolean {
  if (json.write(ctx.db, key) === null) {
    create(json, ctx.db, key, i, t)
    return true
  }
  if (isRoot(path)) json.doc.replace(json.values, i, t)
  else if (!putIfPossible(json, path, i, t, nesting)) {
    json.idle(ctx, key)
    return false
  }
  json.doc.settle()
  return true
}

function putIfPossible(json: Workspace, path: Path | PathFault, i: number, t: number, nesting: number): boolean {
  try {
    return put(json, path, ANY, i, t, nesting)
  } catch (refusal) {
    if (refusal === JSON_ERROR.notStatic || refusal === JSON_ERROR.indexRange || refusal === JSON_ERROR.depth)
      return false
    throw refusal
  }
}

/** JSON.MERGE key path value */
export function merge(json: Workspace, ctx: Context, args: Args): void {
  if (args.argc > 4) throw ERR.syntax
  const key = args.key()
  const path = json.path(args.bytes())
  const view = json.write(ctx.db, key)
  json.values.clear()
  json.parse(args.bytes())
  if (view === null) {
    if (!isRoot(path)) throw JSON_ERROR.newAtRoot
    create(json, ctx.db, key)
    json.tell(ctx, key, 'json.merge', json.detail(ctx, path))
    ctx.reply.ok()
    return
  }
  const matches = json.find(path)
  const detail = mergeDetail(json, ctx, readable(path), matches)
  const nesting = json.parser.depth
  if (matches.count > 0) json.update(matches, new Merge(json), nesting)
  else if (!add(json, readable(path), 0, 0, nesting)) {
    json.idle(ctx, key)
    ctx.reply.null()
    return
  }
  json.done(ctx, key, 'json.merge', detail)
  ctx.reply.ok()
}

/** A patch of an object changes only the members it names. */
function mergeDetail(json: Workspace, ctx: Context, path: Path, matches: Matches): EventDetail | undefined {
  const detail = json.detail(ctx, path)
  const { doc, values } = json
  const { words } = values
  if (detail === undefined || !path.isStatic || matches.count !== 1) return detail
  if (kindOf(doc.words, matches.i[0]!) !== OBJECT || kindOf(words, values.first) !== OBJECT) return detail
  if (countOf(words, values.first) > NAMED_MAX) return detail
  const named: string[] = []
  let child = firstChild(words, values.first)
  let at = values.start + 2
  for (let left = countOf(words, values.first); left > 0; left--) {
    const key = keyLength(words, child)
    named.push(`${path.reach}["${values.text.utf8Slice(at, at + key)}"]`)
    at += key + 4 + textLength(words, child)
    child += spanOf(words, child)
  }
  return named
}

class Merge implements Change {
  readonly instead = false
  readonly #json: Workspace

  constructor(json: Workspace) {
    this.#json = json
  }

  apply: Change['apply'] = (tree, trail) => {
    const { values, spare, merger } = this.#json
    const last = trail.depth - 1
    merger.merge(
      tree,
      tree.first + trail.i[last]!,
      tree.start + trail.t[last]!,
      values,
      values.first,
      values.start,
      spare.clear(),
    )
    replaceValue(tree, trail, spare, 0, 0)
  }
}
