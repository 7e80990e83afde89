/* SORT -- the elements of a list, set or sorted set in another order.
 *
 *      SORT ids BY weight_* GET name_* GET h_*->field          `*` stands for the element, `->` for a field of a hash
 *
 * The values are reached through their types' common shape, so this file knows no type by import. Elements are named where they
 * lie (structs/pieces.ts), and what is sorted are numbers: the weights, or the first bytes that tell texts apart. Numbers that are
 * equal are ordered by the elements' bytes, as in Redis; texts that are equal stay as they were. */

import { NO_BYTES, Range } from '../../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../../base/errors.ts'
import { parseDoubleAsC } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import { CLIENT_GATE } from '../../command/client.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import { orderOf } from '../../structs/order.ts'
import { Pieces } from '../../structs/pieces.ts'
import { Pattern } from './sort-pattern.ts'

const NOT_NUMBERS = new ReplyError("ERR One or more scores can't be converted into double")

interface Options {
  by: Pattern | null
  /** Do not sort: a BY without a star. */
  asIs: boolean
  /** Null stands for the element itself. */
  gets: (Pattern | null)[]
  offset: number
  count: number
  descending: boolean
  alpha: boolean
  store: Range | null
}

/** Keys that a pattern names cannot be known before: whoever may not read every key may not use one. */
function checkPattern({ client, engine, entry, args }: Context, option: string): void {
  if (!(client.gates & CLIENT_GATE.restricted) || engine.checks.allowsAnyKey(client, entry, args)) return
  throw replyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`)
}

function takeOptions(ctx: Context, args: Args, mayStore: boolean): Options {
  const found: Options = {
    by: null,
    asIs: false,
    gets: [],
    offset: 0,
    count: -1,
    descending: false,
    alpha: false,
    store: null,
  }
  while (args.left > 0) {
    if (args.word('asc')) found.descending = false
    else if (args.word('desc')) found.descending = true
    else if (args.word('alpha')) found.alpha = true
    else if (args.left > 2 && args.word('limit')) {
      found.offset = args.int()
      found.count = args.int()
    } else if (mayStore && args.left > 1 && args.word('store')) found.store = args.key()
    else if (args.left > 1 && args.word('by')) {
      found.by = new Pattern(args.bytes())
      if (found.by.hasStar) checkPattern(ctx, 'BY')
      else found.asIs = true
    } else if (args.left > 1 && args.word('get')) {
      checkPattern(ctx, 'GET')
      const pattern = args.bytes()
      const isSelf = pattern.length === 1 && pattern.buf[pattern.start] === HASH
      found.gets.push(isSelf ? null : new Pattern(pattern))
    } else throw ERR.syntax
  }
  return found
}

/** What a list, a set and a sorted set, each in its way, let one do with their elements. */
interface Walkable {
  readonly length: number
  readonly isIntset?: boolean
  at(index: number, out: Range): boolean
  each(visit: (element: Range) => void): void
  each(from: number, to: number, reverse: boolean, visit: (element: Range) => void): void
}

/** The elements of a key, and which of them are asked for: the places [from, to) of their order. */
interface Sorted {
  readonly elements: Pieces
  /** Null: as they stand. */
  readonly order: Int32Array | null
  readonly from: number
  readonly to: number
}

/** Where a LIMIT begins and ends. */
function windowOf({ offset, count }: Options, length: number): { from: number; to: number } {
  const from = Math.min(Math.max(0, offset), length)
  return { from, to: count < 0 ? length : Math.min(length, from + count) }
}

/** Name the element at a place of the order. */
function nameAt({ elements, order }: Sorted, place: number, out: Range): void {
  elements.name(order === null ? place : order[place]!, out)
}

/** The elements of a key in the order asked for. */
function elementsOf(ctx: Context, key: Range, options: Options): Sorted {
  const { db, client } = ctx
  const record = db.lookup(key)
  if (record === 0) return { elements: new Pieces(), order: null, from: 0, to: 0 }
  const type = db.keyspace.types[db.typeOf(record)]!
  const { name } = type
  if (name !== 'list' && name !== 'set' && name !== 'zset') throw ERR.wrongType
  const value = db.view(record, type) as unknown as Walkable
  const isSet = name === 'set'
  // What is stored, or goes to a script, must not depend on the order in which a set happens to lie.
  if (options.asIs && isSet && (options.store !== null || client.isInternal)) {
    options.asIs = false
    options.alpha = true
    options.by = null
  }
  const { from, to } = windowOf(options, value.length)
  const elements = new Pieces(options.asIs && !isSet ? to - from : value.length)
  // An intset writes each number anew.
  const add = isSet && value.isIntset === true ? elements.addCopy.bind(elements) : elements.add.bind(elements)
  if (name === 'zset') {
    if (options.asIs) eachRanked(value, from, to, options.descending, add)
    else value.each(0, value.length, false, add)
  } else if (name === 'list' && options.asIs) eachPlaced(value, from, to, options.descending, add)
  else value.each(add)
  // Only those asked for were taken if there was nothing to sort.
  if (options.asIs && !isSet) return { elements, order: null, from: 0, to: elements.length }
  return { elements, order: sorted(ctx, elements, options), from, to }
}

function eachRanked(
  value: Walkable,
  from: number,
  to: number,
  descending: boolean,
  visit: (element: Range) => void,
): void {
  const { length } = value
  if (descending) value.each(length - to, length - from, true, visit)
  else value.each(from, to, false, visit)
}

function eachPlaced(
  value: Walkable,
  from: number,
  to: number,
  descending: boolean,
  visit: (element: Range) => void,
): void {
  const element = new Range()
  for (let i = from; i < to; i++) if (value.at(descending ? value.length - 1 - i : i, element)) visit(element)
}

function sorted(ctx: Context, elements: Pieces, options: Options): Int32Array | null {
  if (options.asIs) return null
  const sign = options.descending ? -1 : 1
  if (!options.alpha) {
    const weights = weightsOf(ctx, elements, options)
    return orderOf(weights, elements.length, (a, b) => sign * elements.compare(a, b))
  }
  const texts = textsOf(ctx, elements, options)
  const keys = texts.prefixes()
  if (options.descending) for (let i = 0; i < keys.length; i++) keys[i] = -keys[i]!
  return orderOf(keys, keys.length, (a, b) => sign * texts.compare(a, b) || a - b)
}

/** What the elements are compared by as texts. */
function textsOf({ db }: Context, elements: Pieces, { by }: Options): Pieces {
  if (by === null) return elements
  const texts = new Pieces(elements.length)
  const element = new Range()
  const text = new Range()
  for (let i = 0; i < elements.length; i++) {
    elements.name(i, element)
    if (by.lookUp(db, element, text)) texts.addCopy(text)
    else texts.addNothing()
  }
  return texts
}

/** What the elements are compared by as numbers, turned over when the largest come first. */
function weightsOf({ db }: Context, elements: Pieces, { by, descending }: Options): Float64Array {
  const count = elements.length
  const weights = new Float64Array(count)
  const text = new Range()
  for (let i = 0; i < count; i++) {
    elements.name(i, text)
    if (by !== null && !by.lookUp(db, text, text)) continue
    const weight = parseDoubleAsC(text.buf, text.start, text.end, false)
    if (Number.isNaN(weight)) throw NOT_NUMBERS
    weights[i] = descending ? -weight : weight
  }
  return weights
}

const HASH = 35

function run(ctx: Context, args: Args, mayStore: boolean): void {
  const key = args.key()
  const options = takeOptions(ctx, args, mayStore)
  const found = elementsOf(ctx, key, options)
  if (options.store !== null) storeRows(ctx, options.store, rowsOf(ctx, found, options))
  else replyRows(ctx, found, options)
}

function replyRows({ db, reply }: Context, sorted: Sorted, { gets }: Options): void {
  const element = new Range()
  const found = new Range()
  reply.array((sorted.to - sorted.from) * Math.max(1, gets.length))
  for (let i = sorted.from; i < sorted.to; i++) {
    nameAt(sorted, i, element)
    if (gets.length === 0) reply.bulk(element)
    for (const get of gets) {
      if (get === null) reply.bulk(element)
      else if (get.lookUp(db, element, found)) reply.bulk(found)
      else reply.null()
    }
  }
}

/** All that is to be stored, copied: it may lie in the value that makes room. */
function rowsOf({ db }: Context, sorted: Sorted, { gets }: Options): Pieces {
  const rows = new Pieces((sorted.to - sorted.from) * Math.max(1, gets.length))
  const element = new Range()
  const found = new Range()
  for (let i = sorted.from; i < sorted.to; i++) {
    nameAt(sorted, i, element)
    if (gets.length === 0) rows.addCopy(element)
    for (const get of gets) {
      if (get === null) rows.addCopy(element)
      else if (get.lookUp(db, element, found)) rows.addCopy(found)
      else rows.addNothing()
    }
  }
  return rows
}

/** A list, as far as it is filled here. */
interface Fillable {
  push(value: Range, front: boolean): void
}

function storeRows({ db, reply }: Context, target: Range, rows: Pieces): void {
  const taken = db.find(target)
  if (taken !== 0) db.remove(taken)
  if (rows.length > 0) {
    const listType = db.keyspace.types.find(type => type?.name === 'list')!
    const list = db.create(target, listType) as unknown as Fillable
    const row = new Range()
    for (let i = 0; i < rows.length; i++) list.push(rows.name(i, row) ? row : row.set(NO_BYTES, 0, 0), false)
    db.changed(target, rows.length)
    db.notify(EVENT.list, 'sortstore', target)
  } else if (taken !== 0) {
    db.changed(target)
    db.notify(EVENT.generic, 'del', target)
  }
  reply.integer(rows.length)
}

export function sort(ctx: Context, args: Args): void {
  run(ctx, args, true)
}

export function sortRo(ctx: Context, args: Args): void {
  run(ctx, args, false)
}
