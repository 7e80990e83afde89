/* Commands that change arrays: JSON.ARRAPPEND, ARRINSERT, ARRPOP and ARRTRIM.
 *
 * A match of another type is a null in the reply. Where matches lie inside each other the inner ones change first. A
 * legacy path is answered with one match's result: ARRAPPEND with the last in the order of the path, the others with
 * the last in the order in which the real module works (`workOrder`). */

import type { Args, Context, Range } from 'redstrata/module'
import { insertElements, locate, removeElements } from '../document/edit.ts'
import { findElement, ordinalAt } from '../document/navigate.ts'
import { ARRAY, countOf, KIND_MASK, keyLength, OBJECT, Place, spanOf, textLength } from '../document/node.ts'
import type { Trail, Tree } from '../document/tree.ts'
import { JSON_ERROR, wrongNumber } from '../errors.ts'
import { Matches } from '../path/eval.ts'
import { readable, type Workspace } from '../workspace.ts'
import { formNamed, type ReplyForm, replyInForm } from './get.ts'
import { integerArgument } from './integer.ts'

type Results = (number | null)[]

/** The matches that are arrays, and for each match its number among them, or -1. */
function arraysOf({ doc, chosen }: Workspace, matches: Matches): { arrays: Matches; numbers: number[] } {
  const arrays = chosen.clear()
  const numbers: number[] = []
  for (let n = 0; n < matches.count; n++) {
    const isArray = (doc.words[matches.i[n]!]! & KIND_MASK) === ARRAY
    numbers.push(isArray ? arrays.count : -1)
    if (isArray) arrays.push(matches.i[n]!, matches.t[n]!, matches.parent[n]!)
  }
  return { arrays, numbers }
}

/** Elements of the trail's last value. */
function countAt(tree: Tree, trail: Trail): number {
  return countOf(tree.words, tree.first + trail.i[trail.depth - 1]!)
}

/** JSON.ARRAPPEND key path value [value …] */
export function arrappend(json: Workspace, ctx: Context, args: Args): void {
  if (args.argc < 4) throw wrongNumber('json.arrappend')
  const key = args.key()
  const path = json.path(args.bytes())
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const nesting = parseValues(json, args)
  const count = args.argc - 3
  const { arrays, numbers } = arraysOf(json, json.find(path))
  const lengths: number[] = []
  if (arrays.count > 0) {
    json.update(
      arrays,
      {
        instead: false,
        apply(tree, trail, n) {
          insertElements(tree, trail, countAt(tree, trail), json.values, count)
          lengths[n] = countAt(tree, trail)
        },
      },
      nesting,
    )
    json.done(ctx, key, 'json.arrappend', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  const results = numbers.map(n => (n < 0 ? null : lengths[n]!))
  replyResults(
    ctx,
    path.legacy,
    results,
    results.findLast(result => result !== null),
  )
}

/** Parse all arguments that are left. Returns how deep an element would nest in an array. */
function parseValues(json: Workspace, args: Args): number {
  let nesting = 0
  json.values.clear()
  while (args.left > 0) {
    json.parse(args.bytes())
    nesting = Math.max(nesting, json.parser.depth)
  }
  return nesting + 1
}

function replyResults(
  { reply }: Context,
  legacy: boolean,
  results: Results,
  legacyResult: number | null | undefined,
): void {
  if (legacy) {
    if (legacyResult === undefined || legacyResult === null) throw JSON_ERROR.notArray
    reply.integer(legacyResult)
    return
  }
  reply.array(results.length)
  for (const result of results) {
    if (result === null) reply.null()
    else reply.integer(result)
  }
}

/** JSON.ARRINSERT key path index value [value …] */
export function arrinsert(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = json.path(args.bytes())
  const index = integerArgument(args.bytes())
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const nesting = parseValues(json, args)
  const count = args.argc - 4
  const { arrays, numbers } = arraysOf(json, json.find(path))
  const order = workOrder(json, arrays)
  // Those before the first that is too short are changed all the same.
  const wrong = order.findIndex(n => !isPlace(countOf(json.doc.words, arrays.i[n]!), index))
  const chosen = wrong < 0 ? arrays : choose(arrays, order.slice(0, wrong))
  const lengths: number[] = []
  if (chosen.count > 0) {
    json.update(
      chosen,
      {
        instead: false,
        apply(tree, trail, n) {
          const had = countAt(tree, trail)
          insertElements(tree, trail, index < 0 ? had + index : index, json.values, count)
          lengths[n] = had + count
        },
      },
      nesting,
    )
    json.done(ctx, key, 'json.arrinsert', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  if (wrong > 0) json.stateWhole(ctx, key)
  if (wrong >= 0) throw JSON_ERROR.indexBounds
  const results = numbers.map(n => (n < 0 ? null : lengths[n]!))
  replyResults(ctx, path.legacy, results, lengths[order[order.length - 1]!])
}

/** Whether elements can be put at an index of an array of `count`. */
function isPlace(count: number, index: number): boolean {
  return index < 0 ? count + index >= 0 : index <= count
}

function choose(matches: Matches, numbers: readonly number[]): Matches {
  const chosen = new Matches()
  for (const n of numbers) chosen.push(matches.i[n]!, matches.t[n]!, matches.parent[n]!)
  return chosen
}

/** JSON.ARRTRIM key path start stop */
export function arrtrim(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = json.path(args.bytes())
  const start = integerArgument(args.bytes())
  const stop = integerArgument(args.bytes())
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const { arrays, numbers } = arraysOf(json, json.find(path))
  const order = path.legacy ? workOrder(json, arrays) : []
  const lengths: number[] = []
  if (arrays.count > 0) {
    json.update(arrays, {
      instead: false,
      apply(tree, trail, n) {
        lengths[n] = trim(tree, trail, start, stop)
      },
    })
    json.done(ctx, key, 'json.arrtrim', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  const results = numbers.map(n => (n < 0 ? null : lengths[n]!))
  replyResults(ctx, path.legacy, results, lengths[order[order.length - 1]!])
}

/** Keep the elements from one index to another, both included. Returns how many are left. */
function trim(tree: Tree, trail: Trail, start: number, stop: number): number {
  const count = countAt(tree, trail)
  const from = start < 0 ? Math.max(0, count + start) : start
  const to = stop < 0 ? Math.max(0, count + stop) : Math.min(stop, count - 1)
  if (from >= count || from > to) {
    removeElements(tree, trail, 0, count)
    return 0
  }
  removeElements(tree, trail, to + 1, count)
  removeElements(tree, trail, 0, from)
  return to + 1 - from
}

/** JSON.ARRPOP key [FORMAT format] [path [index]] */
export function arrpop(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const form = popForm(ctx, args)
  const path = args.left > 0 ? json.path(args.bytes()) : json.rootPath
  const index = args.left > 0 ? popIndex(args.bytes()) : -1
  if (form !== null && form !== 'text' && path.legacy) throw JSON_ERROR.legacyFormat
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const { arrays, numbers } = arraysOf(json, json.find(path))
  const order = path.legacy ? workOrder(json, arrays) : []
  const popped = new Popped(json, index)
  if (arrays.count > 0) {
    json.update(arrays, popped)
    json.doc.settle()
  }
  if (path.legacy) {
    if (arrays.count === 0) throw JSON_ERROR.notArray
    popped.reply(ctx, order[order.length - 1]!, 'text')
  } else {
    ctx.reply.array(numbers.length)
    for (const n of numbers) {
      if (n < 0) ctx.reply.null()
      else popped.reply(ctx, n, form ?? 'text')
    }
  }
  // Who reads the effects speaks RESP2, where FORMAT is refused.
  if (form !== null && popped.count > 0) statePlain(ctx, args)
  // Told last: a listener may use the workspace that the reply is made from.
  if (popped.count > 0) json.tell(ctx, key, 'json.arrpop', json.detail(ctx, readable(path)))
  else json.idle(ctx, key)
}

/** State JSON.ARRPOP without its FORMAT. */
function statePlain(ctx: Context, args: Args): void {
  const words = Array.from({ length: args.argc }, (_, i) => args.at(i))
  if (ctx.propagates) ctx.propagate(...words.slice(0, 2), ...words.slice(4))
}

/** What FORMAT says, or null when it is not given; a path may be called `FORMAT` when nothing follows. */
function popForm({ reply }: Context, args: Args): ReplyForm | null {
  if (args.left < 2 || !args.word('format')) return null
  if (reply.protocol === 2) throw JSON_ERROR.formatNeedsResp3
  return formNamed(args.bytes().latin1(), 'STRINGS')
}

/** An index that cannot be read counts as the last. */
function popIndex(argument: Range): number {
  try {
    return integerArgument(argument)
  } catch (refusal) {
    if (refusal === JSON_ERROR.notInteger) return -1
    throw refusal
  }
}

/** Takes an element from each array, and keeps it: the popped values lie one behind the other in `values`. */
class Popped {
  readonly instead = false
  count = 0
  readonly #json: Workspace
  readonly #index: number
  /** For each array where its popped value lies, relative; -1 for an empty one. */
  readonly #i: number[] = []
  readonly #t: number[] = []

  constructor(json: Workspace, index: number) {
    this.#json = json
    this.#index = index
    json.values.clear()
  }

  apply(tree: Tree, trail: Trail, n: number): void {
    const { values } = this.#json
    const count = countAt(tree, trail)
    this.#i[n] = count === 0 ? -1 : values.wordEnd - values.first
    this.#t[n] = values.textEnd - values.start
    if (count === 0) return
    const ordinal = this.#index < 0 ? Math.max(0, count + this.#index) : Math.min(this.#index, count - 1)
    const place = new Place()
    const last = trail.depth - 1
    findElement(tree.words, tree.first + trail.i[last]!, tree.start + trail.t[last]!, ordinal, place)
    values.putWords(tree.words, place.i, spanOf(tree.words, place.i))
    values.putText(tree.text, place.t, textLength(tree.words, place.i))
    removeElements(tree, trail, ordinal, ordinal + 1)
    this.count++
  }

  /** Reply with what came from an array. */
  reply({ reply }: Context, n: number, form: ReplyForm): void {
    const { values } = this.#json
    if (this.#i[n]! < 0) reply.null()
    else replyInForm(this.#json, values, reply, values.first + this.#i[n]!, values.start + this.#t[n]!, form)
  }
}

/**
 * The order in which the real module works on matches that may lie inside each other: deeper ones before those around
 * them, names by their bytes before numbers, higher numbers before lower ones. Gives the numbers of the matches.
 */
function workOrder(json: Workspace, matches: Matches): number[] {
  const numbers = Array.from({ length: matches.count }, (_, n) => n)
  if (matches.count < 2) return numbers
  const ways = numbers.map(n => wayTo(json, matches.i[n]!))
  return numbers.sort((a, b) => compareWays(ways[a]!, ways[b]!) || a - b)
}

type Way = readonly (string | number)[]

/** The names and indexes that lead to a value. */
function wayTo({ doc, trail }: Workspace, i: number): Way {
  const { words, text, first, start } = doc
  locate(doc, trail, i - first)
  const way: (string | number)[] = []
  for (let k = 1; k < trail.depth; k++) {
    const parent = first + trail.i[k - 1]!
    const child = first + trail.i[k]!
    if ((words[parent]! & KIND_MASK) !== OBJECT) way.push(ordinalAt(words, parent, child))
    else {
      const end = start + trail.t[k]! - 2
      way.push(text.latin1Slice(end - keyLength(words, child), end))
    }
  }
  return way
}

function compareWays(a: Way, b: Way): number {
  const shorter = Math.min(a.length, b.length)
  for (let k = 0; k < shorter; k++) {
    const x = a[k]!
    const y = b[k]!
    if (x === y) continue
    if (typeof x === 'number') return typeof y === 'number' ? y - x : 1
    return typeof y === 'number' || x < y ? -1 : 1
  }
  return b.length - a.length
}
