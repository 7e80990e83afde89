/* Workspace -- what the JSON commands of one server work with.
 *
 * One parser, one evaluator, one open document and a few drafts serve all commands in turn, so that a command makes no
 * garbage. Whoever may run while a command is under way (a listener that reads documents) has a workspace of its own.
 *
 * A write goes through here:
 *
 *      write(db, key)        open the document            find(path)     what the path leads to
 *      update(matches, …)    change it all                done(…)        tell of it */

import {
  type Context,
  type Database,
  EVENT,
  type EventDetail,
  type Memory,
  Range,
  replyError,
  type ValueType,
} from 'redstrata/module'
import { locate } from './document/edit.ts'
import { Merger } from './document/merge.ts'
import { DOCUMENT_DEPTH_MAX } from './document/node.ts'
import { FAULT, Parser } from './document/parse.ts'
import { type Change, Rewriter } from './document/rewrite.ts'
import { Trail, Tree } from './document/tree.ts'
import { JSON_ERROR } from './errors.ts'
import { PathCache } from './path/cache.ts'
import { Evaluator, Matches } from './path/eval.ts'
import { readPath } from './path/legacy.ts'
import { type Path, PathFault } from './path/path.ts'
import type { JsonView } from './type.ts'

const ROOT: Buffer = Buffer.from('.')

export class Workspace {
  readonly type: ValueType<JsonView>
  readonly parser: Parser = new Parser()
  readonly merger: Merger = new Merger()
  readonly rewriter: Rewriter = new Rewriter()
  readonly trail: Trail = new Trail()
  /** The document that the command works on. */
  readonly doc: Tree
  /** Values that were parsed from the arguments, one behind the other. */
  readonly values: Tree
  /** Where documents are rewritten. */
  readonly draft: Tree
  /** Where text is put together, and members wait while a hole is filled. */
  readonly spare: Tree
  /** Those of the matches that a command changes. */
  readonly chosen: Matches = new Matches()
  /** The path of the whole document, in the legacy way: what commands mean that are given none. */
  readonly rootPath: Path = readPath(ROOT, 0, 1) as Path

  readonly #paths: PathCache = new PathCache()
  readonly #evaluator: Evaluator = new Evaluator(this.trail)
  #targets: Int32Array = new Int32Array(16)
  #numbers: Int32Array = new Int32Array(16)

  constructor(memory: Memory, type: ValueType<JsonView>) {
    this.type = type
    this.doc = Tree.forDocuments(memory)
    this.values = Tree.draft(memory)
    this.draft = Tree.draft(memory)
    this.spare = Tree.draft(memory)
  }

  /** Give all memory of the drafts back. */
  release(): void {
    for (const draft of [this.values, this.draft, this.spare]) draft.release()
  }

  /** After a command: what was large is not kept. */
  trim(): void {
    this.values.trim()
    this.draft.trim()
    this.spare.trim()
  }

  /** Open a key's document for reading; null when there is no such key. @throws the refusal of another type */
  read(db: Database, key: Range): JsonView | null {
    const view = db.read(key, this.type)
    if (view !== null) this.doc.open(view.address)
    return view
  }

  /** Open a key's document to change it. @throws the refusal of another type */
  write(db: Database, key: Range): JsonView | null {
    const view = db.open(key, this.type)
    if (view !== null) this.doc.open(view.address, view)
    return view
  }

  /** The path that an argument spells, or what is wrong with it. @throws when it is no text */
  path(argument: Range): Path | PathFault {
    const path = this.#paths.get(argument.buf, argument.start, argument.end)
    if (path instanceof PathFault && path.notText) throw JSON_ERROR.utf8
    return path
  }

  /** What a path leads to in the open document. @throws the real module's words for a path that cannot be read */
  find(path: Path | PathFault): Matches {
    if (path instanceof PathFault) throw replyError(path.message)
    const { doc } = this
    this.trail.clear()
    if (!this.#evaluator.run(path, doc.words, doc.first, doc.text, doc.start)) throw JSON_ERROR.tooCostly
    return this.#evaluator.matches
  }

  /** Parse an argument into `values`, behind what is there. @throws what is wrong with it, behind a prefix */
  parse(argument: Range, prefix = ''): void {
    if (this.parser.parse(argument.buf, argument.start, argument.end, this.values)) return
    throw replyError(
      (this.parser.fault === FAULT.utf8 ? '' : prefix) + this.parser.message(argument.buf, argument.start),
    )
  }

  /**
   * Change all matches of the open document: a single one where it stands, several by rewriting the document.
   * A change is told the number of the match. `nesting` is how deep what it adds nests, the match not counted.
   * @throws when the document would nest too deep; it is as it was then
   */
  update(matches: Matches, change: Change, nesting = 0): void {
    const { doc, trail } = this
    const { count } = matches
    if (count === 0) return
    if (count === 1 && !change.instead) {
      this.goTo(matches.i[0]!)
      this.checkNesting(nesting)
      change.apply(doc, trail, 0)
      return
    }
    this.#sortTargets(matches)
    const good = this.rewriter.rewrite(doc, this.draft.clear(), this.#targets, this.#numbers, count, change, nesting)
    if (!good) throw JSON_ERROR.depth
    this.doc.replace(this.draft, 0, 0)
  }

  /** Let the trail lead to a match. After a static path was followed it does already. */
  goTo(i: number): void {
    const { doc, trail } = this
    if (trail.depth === 0 || trail.i[trail.depth - 1] !== i - doc.first) locate(doc, trail, i - doc.first)
  }

  /** The open document was changed: tell everybody. */
  done(ctx: Context, key: Range, event: string, detail?: EventDetail): void {
    this.doc.settle()
    this.tell(ctx, key, event, detail)
  }

  /** State the open document as it is now: for a command that failed half way, which would fail again wherever it is told. */
  stateWhole(ctx: Context, key: Range): void {
    const { text, start, textEnd } = this.doc
    if (ctx.propagates) ctx.propagate('JSON.SET', key, '$', new Range().set(text, start, textEnd))
  }

  /** A key was changed. */
  tell(ctx: Context, key: Range, event: string, detail?: EventDetail): void {
    ctx.db.changed(key)
    ctx.db.notify(EVENT.module, event, key, detail)
  }

  /** A write changed nothing: no event, but as in the real module a transaction that watches the key is broken. */
  idle(ctx: Context, key: Range): void {
    const { keyspace } = ctx.db
    if (keyspace.armed !== 0) keyspace.touched(ctx.db, key)
  }

  /** What a change at a path tells of; undefined when nobody listens. */
  detail(ctx: Context, path: Path, ofArray = false): EventDetail | undefined {
    return ctx.db.keyspace.listens(EVENT.module) ? [ofArray ? path.arrayReach : path.reach] : undefined
  }

  /** @throws when something that nests so deep would lie too deep in place of the trail's last value */
  checkNesting(nesting: number): void {
    if (nesting > 0 && this.trail.depth - 1 + nesting > DOCUMENT_DEPTH_MAX) throw JSON_ERROR.depth
  }

  /** Put the matches in the order of the document, as the rewriter wants them. */
  #sortTargets(matches: Matches): void {
    const { count } = matches
    const { first } = this.doc
    if (count > this.#targets.length) {
      this.#targets = new Int32Array(count * 2)
      this.#numbers = new Int32Array(count * 2)
    }
    orderOf(matches, this.#numbers)
    for (let n = 0; n < count; n++) this.#targets[n] = matches.i[this.#numbers[n]!]! - first
  }
}

/** The numbers of the matches in the order in which they stand in the document. */
export function orderOf(matches: Matches, numbers: Int32Array): void {
  const { count, i } = matches
  let sorted = true
  for (let n = 0; n < count; n++) {
    numbers[n] = n
    if (n > 0 && i[n]! < i[n - 1]!) sorted = false
  }
  if (!sorted) numbers.subarray(0, count).sort((a, b) => i[a]! - i[b]! || a - b)
}

/** The path that was read, when it could be. @throws the real module's words otherwise */
export function readable(path: Path | PathFault): Path {
  if (path instanceof PathFault) throw replyError(path.message)
  return path
}
