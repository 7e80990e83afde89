/* CF.* -- commands of cuckoo filters. */
import {
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Memory,
  type Range,
  type ReplyError,
  type ValueType,
} from 'redstrata/module'
import { CHUNK, chunkAt, digestParts, loadChunk, withHeader } from '../chunks.ts'
import { CF_ERR } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { goBehind, KEY, placeOf, wrongArity } from '../words.ts'
import {
  CUCKOO_ENCODING,
  CUCKOO_HEADER_BYTES,
  cuckooHeader,
  emitCuckoo,
  loadCuckoo,
  readCuckooHeader,
  saveCuckoo,
} from './persist.ts'
import {
  BUCKET_SIZE_MAX,
  CUCKOO,
  CuckooFilter,
  type CuckooOutcome,
  type CuckooShape,
  EXPANSION_MAX,
  ITERATIONS_MAX,
  newCuckooShape,
  validCuckooShape,
} from './sketch.ts'

/** What the commands share: the type in this server, the defaults, and the filter of the key that the command is about. */
interface Cuckoo {
  readonly type: ValueType<SketchView<CuckooFilter>>
  readonly settings: Settings
  readonly filter: CuckooFilter
}

/** The commands, over the type that the server knows. */
export function cuckooCommands(memory: Memory, type: Cuckoo['type'], settings: Settings): Command[] {
  const cuckoo: Cuckoo = { type, settings, filter: new CuckooFilter(memory) }
  return [
    cmd(
      'CF.RESERVE key capacity [BUCKETSIZE bucketsize] [MAXITERATIONS maxiterations] [EXPANSION expansion]',
      'write denyoom',
      KEY,
      (ctx, args) => reserve(cuckoo, ctx, args),
    ),
    cmd('CF.ADD key item', 'write denyoom brief', KEY, (ctx, args) => add(cuckoo, ctx, args)),
    cmd('CF.ADDNX key item', 'write denyoom brief', KEY, (ctx, args) => addnx(cuckoo, ctx, args)),
    cmd('CF.INSERT key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]', 'write denyoom', KEY, (ctx, args) =>
      insert(cuckoo, ctx, args),
    ),
    cmd('CF.INSERTNX key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]', 'write denyoom', KEY, (ctx, args) =>
      insertnx(cuckoo, ctx, args),
    ),
    cmd('CF.EXISTS key item', 'read fast', KEY, (ctx, args) => exists(cuckoo, ctx, args)),
    cmd('CF.MEXISTS key item [item ...]', 'read fast', KEY, (ctx, args) => mexists(cuckoo, ctx, args)),
    cmd('CF.COUNT key item', 'read fast', KEY, (ctx, args) => count(cuckoo, ctx, args)),
    cmd('CF.DEL key item', 'write fast', KEY, (ctx, args) => del(cuckoo, ctx, args)),
    cmd('CF.COMPACT key', 'read fast', KEY, (ctx, args) => compact(cuckoo, ctx, args)),
    cmd('CF.INFO key', 'read fast', KEY, (ctx, args) => info(cuckoo, ctx, args)),
    cmd('CF.DEBUG key', 'read fast', KEY, (ctx, args) => debug(cuckoo, ctx, args)),
    cmd('CF.SCANDUMP key iterator', 'read fast', KEY, (ctx, args) => scandump(cuckoo, ctx, args)),
    cmd('CF.LOADCHUNK key iterator data', 'write denyoom', KEY, (ctx, args) => loadchunk(cuckoo, ctx, args)),
  ]
}

/** How a cuckoo filter is held under a key. */
const cuckooKind: SketchKind<CuckooFilter> = {
  name: 'MBbloomCF',
  version: CUCKOO_ENCODING,
  lens: db => new CuckooFilter(db.memory),
  save: (db, filter, sink) => saveCuckoo(db.memory, filter, sink),
  inBlocks: true,
  load: (db, filter, source, version) => loadCuckoo(db.memory, filter, source, version),
  rewrite: (db, filter, key, emit) => emitCuckoo(db.memory, filter, key, emit),
  digest: (db, filter, sink) => digestParts(db.memory, filter, sink),
}

export const cuckooType = sketchType(cuckooKind)

// ------------------------------------------------------------------ making and adding

function reserve(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  if (args.argc % 2 === 0) throw wrongArity('cf.reserve')
  const key = args.key()
  const capacity = args.int(CF_ERR.badCapacity)
  const { cuckooMaxIterations, cuckooBucketSize, cuckooExpansion } = cuckoo.settings
  const iterations = option(args, 'maxiterations', cuckooMaxIterations, 1, ITERATIONS_MAX, [
    CF_ERR.parseMaxIterations,
    CF_ERR.maxIterationsRange,
  ])
  const bucketSize = option(args, 'bucketsize', cuckooBucketSize, 1, BUCKET_SIZE_MAX, [
    CF_ERR.parseBucketSize,
    CF_ERR.bucketSizeRange,
  ])
  const expansion = option(args, 'expansion', cuckooExpansion, 0, EXPANSION_MAX, [
    CF_ERR.parseExpansion,
    CF_ERR.expansionRange,
  ])
  if (capacity < bucketSize * 2) throw CF_ERR.capacityTooSmall
  if (db.openBlock(key, cuckoo.type) !== 0) throw CF_ERR.exists
  make(cuckoo, db, key, newCuckooShape(capacity, bucketSize, iterations, expansion), CF_ERR.noMemory)
  db.changed(key)
  reply.ok()
}

/** The number behind a word, within bounds; `otherwise` without the word. `errors`: not a number, out of bounds. */
function option(
  args: Args,
  word: string,
  otherwise: number,
  low: number,
  high: number,
  errors: readonly [ReplyError, ReplyError],
): number {
  const place = placeOf(args, word, 3)
  if (place < 0 || place + 1 >= args.argc) return otherwise
  goBehind(args, place)
  const value = args.int(errors[0])
  if (value < low || value > high) throw errors[1]
  return value
}

/** The filter of a new key. @throws when it does not fit, with nothing changed. */
function make(
  { filter, type }: Cuckoo,
  db: Database,
  key: Range,
  shape: CuckooShape,
  refusal: ReplyError,
): CuckooFilter {
  const root = validCuckooShape(shape) ? filter.create(shape) : 0
  if (root === 0) throw refusal
  createHolding(db, key, type, filter, root)
  return filter.at(root) // whoever heard of the new key may have used the lens
}

/** The filter of a key that is to take items, made if there is none. */
function openOrMake(cuckoo: Cuckoo, db: Database, key: Range, capacity: number): CuckooFilter {
  const { filter, settings } = cuckoo
  const root = db.openBlock(key, cuckoo.type)
  if ((root === 0 ? 1 : filter.at(root).subfilters) >= settings.cuckooMaxExpansions) throw CF_ERR.tooManyExpansions
  return root === 0 ? makeDefault(cuckoo, db, key, capacity) : filter
}

function makeDefault(cuckoo: Cuckoo, db: Database, key: Range, capacity: number): CuckooFilter {
  const { cuckooBucketSize, cuckooMaxIterations, cuckooExpansion } = cuckoo.settings
  const shape = newCuckooShape(capacity, cuckooBucketSize, cuckooMaxIterations, cuckooExpansion)
  return make(cuckoo, db, key, shape, CF_ERR.noMemory)
}

function add(cuckoo: Cuckoo, ctx: Context, args: Args): void {
  const key = args.key()
  const filter = openOrMake(cuckoo, ctx.db, key, cuckoo.settings.cuckooCapacity)
  answer(ctx, key, filter.add(args.bytes()))
}

function addnx(cuckoo: Cuckoo, ctx: Context, args: Args): void {
  const key = args.key()
  const filter = openOrMake(cuckoo, ctx.db, key, cuckoo.settings.cuckooCapacity)
  answer(ctx, key, filter.addNew(args.bytes()))
}

function answer({ db, reply }: Context, key: Range, outcome: CuckooOutcome): void {
  if (outcome < 0) throw outcome === CUCKOO.FULL ? CF_ERR.full : CF_ERR.insertFailed
  db.changed(key)
  reply.bool(outcome === CUCKOO.ADDED)
}

/** The options of CF.INSERT, known by their first letters only; the items are left. */
function takeOptions(settings: Settings, args: Args, name: string): { capacity: number; create: boolean } {
  let capacity = settings.cuckooCapacity
  let create = true
  for (;;) {
    if (args.left === 0) throw wrongArity(name)
    const letter = args.lower()[0]
    if (letter === 'i') break
    if (letter === 'n') create = false
    else if (letter !== 'c') throw CF_ERR.unknownArgument
    else {
      if (args.left === 0) throw wrongArity(name)
      capacity = args.int(CF_ERR.badCapacity)
      if (capacity < settings.cuckooBucketSize * 2) throw CF_ERR.capacityTooSmall
    }
  }
  if (args.left === 0) throw wrongArity(name)
  return { capacity, create }
}

function insert(cuckoo: Cuckoo, ctx: Context, args: Args): void {
  insertAll(cuckoo, ctx, args, 'cf.insert', false)
}

function insertnx(cuckoo: Cuckoo, ctx: Context, args: Args): void {
  insertAll(cuckoo, ctx, args, 'cf.insertnx', true)
}

/** INSERT answers with booleans, INSERTNX with numbers, for it has three answers. */
function insertAll(cuckoo: Cuckoo, { db, reply }: Context, args: Args, name: string, unique: boolean): void {
  const key = args.key()
  const { capacity, create } = takeOptions(cuckoo.settings, args, name)
  if (!create && db.openBlock(key, cuckoo.type) === 0) throw CF_ERR.notFound
  const filter = openOrMake(cuckoo, db, key, capacity)
  reply.array(args.left)
  while (args.left > 0) {
    const outcome = unique ? filter.addNew(args.bytes()) : filter.add(args.bytes())
    if (outcome === CUCKOO.NO_ROOM) reply.error(CF_ERR.insertFailed)
    else if (unique || reply.protocol === 2) reply.integer(outcome)
    else reply.bool(outcome === CUCKOO.ADDED)
  }
  db.changed(key)
}

// ------------------------------------------------------------------ deleting

function del(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const deleted = openExisting(cuckoo, db, key, CF_ERR.deleteNotFound).delete(args.bytes())
  db.changed(key)
  reply.bool(deleted)
}

function compact(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  openExisting(cuckoo, db, key, CF_ERR.compactNotFound).compact(true)
  db.changed(key)
  reply.ok()
}

/** The filter of a key that is to lose items. @throws the refusal also when the key holds something else. */
function openExisting({ filter, type }: Cuckoo, db: Database, key: Range, refusal: ReplyError): CuckooFilter {
  const record = db.find(key)
  if (record === 0 || db.typeOf(record) !== type.id) throw refusal
  return filter.at(db.openBlock(key, type))
}

// ------------------------------------------------------------------ asking

/** The filter of a key; null when there is none, or something else. */
function peek({ filter, type }: Cuckoo, db: Database, key: Range): CuckooFilter | null {
  const root = db.peekBlock(key, type)
  return root === 0 ? null : filter.at(root)
}

/** The filter of a key. @throws when there is none */
function read({ filter, type }: Cuckoo, db: Database, key: Range): CuckooFilter {
  const root = db.readBlock(key, type)
  if (root === 0) throw CF_ERR.notFound
  return filter.at(root)
}

function exists(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const filter = peek(cuckoo, db, args.key())
  reply.bool(filter !== null && filter.has(args.bytes()))
}

function mexists(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const filter = peek(cuckoo, db, args.key())
  reply.array(args.left)
  while (args.left > 0) {
    const item = args.bytes()
    reply.bool(filter !== null && filter.has(item))
  }
}

function count(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const filter = peek(cuckoo, db, args.key())
  reply.integer(filter === null ? 0 : filter.count(args.bytes()))
}

/** What the real module's structures take beside the slots. */
const FILTER_BYTES = 40
const SUBFILTER_BYTES = 16

function info(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const filter = read(cuckoo, db, args.key())
  let bytes = FILTER_BYTES
  for (let i = 0; i < filter.parts; i++) bytes += SUBFILTER_BYTES + filter.partBytes(i)
  const figures: [string, number][] = [
    ['Size', bytes],
    ['Number of buckets', filter.buckets],
    ['Number of filters', filter.subfilters],
    ['Number of items inserted', filter.items],
    ['Number of items deleted', filter.deletes],
    ['Bucket size', filter.bucketSize],
    ['Expansion rate', filter.expansion],
    ['Max iterations', filter.maxIterations],
  ]
  reply.map(figures.length)
  for (const [title, value] of figures) {
    reply.status(title)
    reply.integer(value)
  }
}

function debug(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const { bucketSize, buckets, items, deletes, subfilters, maxIterations, expansion } = read(cuckoo, db, args.key())
  reply.text(
    `bktsize:${bucketSize} buckets:${buckets} items:${items} deletes:${deletes} filters:${subfilters} ` +
      `max_iterations:${maxIterations} expansion:${expansion}`,
  )
}

// ------------------------------------------------------------------ chunks

function scandump(cuckoo: Cuckoo, { db, reply, out }: Context, args: Args): void {
  const key = args.key()
  const position = args.int(CF_ERR.badPosition)
  if (position < 0) throw CF_ERR.badPosition
  const filter = read(cuckoo, db, key)
  const next = filter.items === 0 ? 0 : position === 0 ? 1 : chunkAt(db.memory, filter, position, out)
  reply.array(2)
  reply.integer(next)
  if (next === 0) reply.null()
  else if (position > 0) reply.bulk(out)
  else withHeader(db.memory, cuckooHeader(filter.shape()), header => reply.bulk(header))
}

function loadchunk(cuckoo: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const root = db.openBlock(key, cuckoo.type)
  const position = args.int(CF_ERR.badPosition)
  if (position === 0) throw CF_ERR.badPosition
  const chunk = args.bytes()
  if (position === 1) {
    if (root !== 0) throw CF_ERR.exists
    if (chunk.length !== CUCKOO_HEADER_BYTES) throw CF_ERR.badHeader
    const shape = readCuckooHeader(chunk)
    if (shape === null) throw CF_ERR.createFailed
    make(cuckoo, db, key, shape, CF_ERR.createFailed)
  } else if (root === 0) throw CF_ERR.notFound
  else if (loadChunk(db.memory, cuckoo.filter.at(root), position, chunk) !== CHUNK.LOADED) throw CF_ERR.loadFailed
  db.changed(key)
  reply.ok()
}
