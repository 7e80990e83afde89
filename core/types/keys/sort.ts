/* SORT -- the elements of a list, set or sorted set in another order.
 *
 *      SORT ids BY weight_* GET name_* GET h_*->field          `*` stands for the element, `->` for a field of a hash
 *
 * The values are reached through their types' common shape, so this file knows no type by import. Numbers that are equal are
 * ordered by the elements' bytes, as in Redis; texts that are equal stay as they were. */

import { compareRanges, Range } from '../../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../../base/errors.ts'
import { parseDouble } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import { CLIENT_GATE } from '../../command/client.ts'
import type { Context } from '../../command/context.ts'
import type { Database } from '../../keyspace/database.ts'
import { EVENT } from '../../keyspace/event.ts'
import { orderOf } from '../../structs/order.ts'

const NOT_NUMBERS = new ReplyError("ERR One or more scores can't be converted into double")
const STAR = 42

interface Options {
  by: Pattern | null
  /** Do not sort: a BY without a star. */
  asIs: boolean
  gets: (Pattern | null)[]
  offset: number
  count: number
  descending: boolean
  alpha: boolean
  store: Range | null
}

/** A pattern such as `h_*->field`: what stands before and behind the star, and the field, if any. */
interface Pattern {
  readonly before: Buffer
  readonly behind: Buffer
  readonly field: Buffer | null
  readonly hasStar: boolean
}

function parsePattern(range: Range): Pattern {
  const bytes = range.copy()
  const star = bytes.indexOf(STAR)
  if (star < 0) return { before: bytes, behind: Buffer.from(''), field: null, hasStar: false }
  const arrow = bytes.indexOf('->', star)
  const hasField = arrow >= 0 && arrow + 2 < bytes.length
  return {
    before: bytes.subarray(0, star),
    behind: bytes.subarray(star + 1, hasField ? arrow : bytes.length),
    field: hasField ? bytes.subarray(arrow + 2) : null,
    hasStar: true,
  }
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
      found.by = parsePattern(args.bytes())
      found.asIs = !found.by.hasStar
      if (!found.asIs) checkPattern(ctx, 'BY')
    } else if (args.left > 1 && args.word('get')) {
      checkPattern(ctx, 'GET')
      const pattern = args.bytes()
      const isSelf = pattern.length === 1 && pattern.buf[pattern.start] === 35
      found.gets.push(isSelf ? null : parsePattern(pattern))
    } else throw ERR.syntax
  }
  return found
}

/** What lists and sets, and in another form sorted sets, let one do with their elements. */
interface Walkable {
  readonly length: number
  each(visit: (element: Range) => void): void
  each(from: number, to: number, reverse: boolean, visit: (element: Range) => void): void
}

/** The elements of a key, copied; null when it does not exist. */
function elementsOf(db: Database, key: Range): Buffer[] | null {
  const record = db.lookup(key)
  if (record === 0) return null
  const type = db.keyspace.types[db.typeOf(record)]!
  if (type.name !== 'list' && type.name !== 'set' && type.name !== 'zset') throw ERR.wrongType
  const value = db.view(record, type) as unknown as Walkable
  const elements: Buffer[] = []
  const add = (element: Range): void => void elements.push(element.copy())
  if (type.name === 'zset') value.each(0, value.length, false, add)
  else value.each(add)
  return elements
}

/** What strings and hashes let one read. */
interface Readable {
  range(out: Range): Range
  get(field: Range, out: Range): boolean
}

/** The value that a pattern names for an element, or null. */
function lookUp(db: Database, pattern: Pattern, element: Buffer): Buffer | null {
  if (!pattern.hasStar) return null
  const record = db.lookup(Range.of(Buffer.concat([pattern.before, element, pattern.behind])))
  if (record === 0) return null
  const type = db.keyspace.types[db.typeOf(record)]!
  if (type.name !== (pattern.field === null ? 'string' : 'hash')) return null
  const pool = db.keyspace.pools[type.id]!
  const mark = pool.mark(db.keyspace.sequence)
  const value = db.view(record, type) as unknown as Readable
  const out = new Range()
  pool.reset(mark) // one lens serves every look-up: there may be any number of elements
  if (pattern.field === null) return value.range(out).copy()
  return value.get(Range.of(pattern.field), out) ? out.copy() : null
}

/** An element, and the text that it is compared by. */
interface Item {
  readonly element: Buffer
  readonly text: Buffer | null
}

function compareItems(a: Item, b: Item): number {
  if (a.text === null || b.text === null) return (a.text === null ? 0 : 1) - (b.text === null ? 0 : 1)
  return compareBuffers(a.text, b.text)
}

function compareBuffers(a: Buffer, b: Buffer): number {
  return compareRanges(Range.of(a), Range.of(b))
}

function sorted(db: Database, elements: Buffer[], options: Options): Buffer[] {
  const { by } = options
  if (options.asIs) return options.descending ? elements.reverse() : elements
  if (!options.alpha) return sortedByNumber(db, elements, options)
  const sign = options.descending ? -1 : 1
  return elements
    .map((element): Item => ({ element, text: by === null ? element : lookUp(db, by, element) }))
    .sort((a, b) => sign * compareItems(a, b))
    .map(item => item.element)
}

function sortedByNumber(db: Database, elements: readonly Buffer[], { by, descending }: Options): Buffer[] {
  const count = elements.length
  const weights = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const text = by === null ? elements[i]! : lookUp(db, by, elements[i]!)
    if (text === null || text.length === 0) continue
    const weight = parseDouble(text, 0, text.length)
    if (Number.isNaN(weight)) throw NOT_NUMBERS
    weights[i] = descending ? -weight : weight
  }
  const sign = descending ? -1 : 1
  const places = orderOf(weights, count, (a, b) => sign * compareBuffers(elements[a]!, elements[b]!))
  return Array.from(places, place => elements[place]!)
}

function run(ctx: Context, args: Args, mayStore: boolean): void {
  const { db } = ctx
  const key = args.key()
  const options = takeOptions(ctx, args, mayStore)
  const elements = sorted(db, elementsOf(db, key) ?? [], options)
  const from = Math.max(0, options.offset)
  const shown = elements.slice(from, options.count < 0 ? undefined : from + options.count)
  const rows = shown.flatMap(element =>
    options.gets.length === 0
      ? [element]
      : options.gets.map(pattern => (pattern === null ? element : lookUp(db, pattern, element))),
  )
  if (options.store !== null) storeRows(ctx, options.store, rows)
  else replyRows(ctx, rows)
}

function replyRows({ reply }: Context, rows: readonly (Buffer | null)[]): void {
  reply.array(rows.length)
  for (const row of rows) {
    if (row === null) reply.null()
    else reply.bytes(row, 0, row.length)
  }
}

/** A list, as far as it is filled here. */
interface Fillable {
  push(value: Range, front: boolean): void
}

function storeRows({ db, reply }: Context, target: Range, rows: readonly (Buffer | null)[]): void {
  const taken = db.find(target)
  if (taken !== 0) db.remove(taken)
  if (rows.length > 0) {
    const listType = db.keyspace.types.find(type => type?.name === 'list')!
    const list = db.create(target, listType) as unknown as Fillable
    for (const row of rows) list.push(Range.of(row ?? ''), false)
    db.changed(target)
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
