/* CF.* -- commands of cuckoo filters. */
import {
  ACCOUNT,
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Range,
  type ReplyError,
  SLAB_BITS,
  UNIT_MASK,
  type ValueType,
} from 'redstrata/module'
import { CHUNK, chunkAt, loadChunk } from '../chunks.ts'
import { CF_ERR } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { goBehind, KEY, placeOf, wrongArity } from '../words.ts'
import {
  CUCKOO_ENCODING,
  CUCKOO_HEADER_BYTES,
  emitCuckoo,
  loadCuckoo,
  readCuckooHeader,
  saveCuckoo,
  writeCuckooHeader,
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

/** What the commands share: the type in this server, and the defaults. */
interface Cuckoo {
  readonly type: ValueType<SketchView<CuckooFilter>>
  readonly settings: Settings
}

/** The commands, over the type that the server knows. */
export function cuckooCommands(type: Cuckoo['type'], settings: Settings): Command[] {
  const cuckoo: Cuckoo = { type, settings }
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
  load: (db, filter, source, version) => loadCuckoo(db.memory, filter, source, version),
  rewrite: (db, filter, key, emit) => emitCuckoo(db.memory, filter, key, emit),
  digest(db, filter, sink) {
    sink.partText(JSON.stringify(filter.shape()))
    for (let i = 0; i < filter.parts; i++) {
      const address = filter.partAddress(i)
      const at = (address & UNIT_MASK) * 8
      sink.part(db.memory.u8[address >>> SLAB_BITS]!, at, at + filter.partBytes(i))
    }
    sink.end()
  },
}

export const cuckooType = sketchType(cuckooKind)

// ------------------------------------------------------------------ making and adding

function reserve({ type, settings }: Cuckoo, { db, reply }: Context, args: Args): void {
  if (args.argc % 2 === 0) throw wrongArity('cf.reserve')
  const key = args.key()
  const capacity = args.int(CF_ERR.badCapacity)
  const { cuckooMaxIterations, cuckooBucketSize, cuckooExpansion } = settings
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
  if (db.open(key, type) !== null) throw CF_ERR.exists
  make(db, key, type, newCuckooShape(capacity, bucketSize, iterations, expansion), CF_ERR.noMemory)
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

/** A key with a new filter. @throws when it does not fit, with nothing changed. */
function make(
  db: Database,
  key: Range,
  type: Cuckoo['type'],
  shape: CuckooShape,
  refusal: ReplyError,
): SketchView<CuckooFilter> {
  const filter = new CuckooFilter(db.memory)
  const root = validCuckooShape(shape) ? filter.create(shape) : 0
  if (root === 0) throw refusal
  return createHolding(db, key, type, filter, root)
}

/** The filter of a key that is to take items, made if there is none. */
function openOrMake({ type, settings }: Cuckoo, db: Database, key: Range, capacity: number): CuckooFilter {
  const value = db.open(key, type)
  if ((value?.sketch.subfilters ?? 1) >= settings.cuckooMaxExpansions) throw CF_ERR.tooManyExpansions
  return (value ?? makeDefault(type, settings, db, key, capacity)).sketch
}

function makeDefault(
  type: Cuckoo['type'],
  { cuckooBucketSize, cuckooMaxIterations, cuckooExpansion }: Settings,
  db: Database,
  key: Range,
  capacity: number,
): SketchView<CuckooFilter> {
  const shape = newCuckooShape(capacity, cuckooBucketSize, cuckooMaxIterations, cuckooExpansion)
  return make(db, key, type, shape, CF_ERR.noMemory)
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
  if (!create && db.open(key, cuckoo.type) === null) throw CF_ERR.notFound
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

function del({ type }: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const record = db.find(key)
  if (record === 0 || db.typeOf(record) !== type.id) throw CF_ERR.deleteNotFound
  const deleted = db.open(key, type)!.sketch.delete(args.bytes())
  db.changed(key)
  reply.bool(deleted)
}

function compact({ type }: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const record = db.find(key)
  if (record === 0 || db.typeOf(record) !== type.id) throw CF_ERR.compactNotFound
  db.open(key, type)!.sketch.compact(true)
  db.changed(key)
  reply.ok()
}

// ------------------------------------------------------------------ asking

/** The filter of a key; null when there is none, or something else. */
function peek({ type }: Cuckoo, db: Database, key: Range): CuckooFilter | null {
  const record = db.lookup(key)
  return record === 0 || db.typeOf(record) !== type.id ? null : db.view(record, type).sketch
}

/** The filter of a key. @throws when there is none */
function read({ type }: Cuckoo, db: Database, key: Range): CuckooFilter {
  const value = db.read(key, type)
  if (value === null) throw CF_ERR.notFound
  return value.sketch
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
  else {
    const block = db.memory.block(ACCOUNT.overhead, CUCKOO_HEADER_BYTES)
    const buf = db.memory.u8[block >>> SLAB_BITS]!
    const at = (block & UNIT_MASK) * 8
    writeCuckooHeader(filter.shape(), buf, at)
    reply.bytes(buf, at, at + CUCKOO_HEADER_BYTES)
    db.memory.free(ACCOUNT.overhead, block)
  }
}

function loadchunk({ type }: Cuckoo, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const value = db.open(key, type)
  const position = args.int(CF_ERR.badPosition)
  if (position === 0) throw CF_ERR.badPosition
  const chunk = args.bytes()
  if (position === 1) {
    if (value !== null) throw CF_ERR.exists
    if (chunk.length !== CUCKOO_HEADER_BYTES) throw CF_ERR.badHeader
    const shape = readCuckooHeader(chunk)
    if (shape === null) throw CF_ERR.createFailed
    make(db, key, type, shape, CF_ERR.createFailed)
  } else if (value === null) throw CF_ERR.notFound
  else if (loadChunk(db.memory, value.sketch, position, chunk) !== CHUNK.LOADED) throw CF_ERR.loadFailed
  db.changed(key)
  reply.ok()
}
