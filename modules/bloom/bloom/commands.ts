/* BF.* -- commands of Bloom filters. */
import {
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Memory,
  type Range,
  type ValueType,
} from 'redstrata/module'
import { CHUNK, chunkAt, digestParts, loadChunk, withHeader } from '../chunks.ts'
import { BF_ERR } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { goBehind, KEY, placeOf, wrongArity } from '../words.ts'
import { emitBloom, loadBloom, readBloomHeader, saveBloom, BLOOM_ENCODING, bloomHeader } from './persist.ts'
import { BLOOM, BloomFilter, type BloomShape, newBloomShape } from './sketch.ts'

/** What the commands share: the type in this server, the defaults, and the filter of the key that the command is about. */
interface Bloom {
  readonly type: ValueType<SketchView<BloomFilter>>
  readonly settings: Settings
  readonly filter: BloomFilter
}

/** The commands, over the type that the server knows. */
export function bloomCommands(memory: Memory, type: Bloom['type'], settings: Settings): Command[] {
  const bloom: Bloom = { type, settings, filter: new BloomFilter(memory) }
  return [
    cmd('BF.RESERVE key error_rate capacity [EXPANSION expansion] [NONSCALING]', 'write denyoom', KEY, (ctx, args) =>
      reserve(bloom, ctx, args),
    ),
    cmd('BF.ADD key item', 'write denyoom brief', KEY, (ctx, args) => add(bloom, ctx, args)),
    cmd('BF.MADD key item [item ...]', 'write denyoom', KEY, (ctx, args) => madd(bloom, ctx, args)),
    cmd(
      'BF.INSERT key [CAPACITY capacity] [ERROR error] [EXPANSION expansion] [NOCREATE] [NONSCALING] ITEMS item [item ...]',
      'write denyoom',
      KEY,
      (ctx, args) => insert(bloom, ctx, args),
    ),
    cmd('BF.EXISTS key item', 'read fast', KEY, (ctx, args) => exists(bloom, ctx, args)),
    cmd('BF.MEXISTS key item [item ...]', 'read fast', KEY, (ctx, args) => mexists(bloom, ctx, args)),
    cmd('BF.CARD key', 'read fast', KEY, (ctx, args) => card(bloom, ctx, args)),
    cmd('BF.INFO key [CAPACITY|SIZE|FILTERS|ITEMS|EXPANSION]', 'read fast', KEY, (ctx, args) => info(bloom, ctx, args)),
    cmd('BF.DEBUG key', 'read fast', KEY, (ctx, args) => debug(bloom, ctx, args)),
    cmd('BF.SCANDUMP key iterator', 'read fast', KEY, (ctx, args) => scandump(bloom, ctx, args)),
    cmd('BF.LOADCHUNK key iterator data', 'write denyoom', KEY, (ctx, args) => loadchunk(bloom, ctx, args)),
  ]
}

/** How a Bloom filter is held under a key. */
export const bloomKind: SketchKind<BloomFilter> = {
  name: 'MBbloom--',
  version: BLOOM_ENCODING,
  lens: db => new BloomFilter(db.memory),
  save: (db, filter, sink) => saveBloom(db.memory, filter, sink),
  inBlocks: true,
  load: (db, filter, source, version) => loadBloom(db.memory, filter, source, version),
  rewrite: (db, filter, key, emit) => emitBloom(db.memory, filter, key, emit),
  digest: (db, filter, sink) => digestParts(db.memory, filter, sink),
}

export const bloomType = sketchType(bloomKind)

// ------------------------------------------------------------------ making and adding

function reserve(bloom: Bloom, { db, reply }: Context, args: Args): void {
  if (args.argc > 7) throw wrongArity('bf.reserve')
  const key = args.key()
  const error = args.double(BF_ERR.badErrorRate)
  if (!(error > 0 && error < 1)) throw BF_ERR.errorRateRange
  const capacity = args.int(BF_ERR.badCapacity)
  if (capacity <= 0) throw BF_ERR.capacityRange
  const nonscaling = placeOf(args, 'nonscaling', 4)
  const word = placeOf(args, 'expansion', 4)
  let expansion = 2
  if (word > 0) {
    if (word + 1 === args.argc) throw BF_ERR.noExpansion
    if (nonscaling > 0) throw BF_ERR.nonscalingExpansion
    goBehind(args, word)
    expansion = args.int(BF_ERR.badExpansion)
    if (expansion < 1) throw BF_ERR.expansionRange
  }
  if (db.openBlock(key, bloom.type) !== 0) throw BF_ERR.exists
  make(bloom, db, key, newBloomShape(capacity, error, growthOf(expansion), nonscaling < 0))
  db.changed(key)
  reply.ok()
}

/** An expansion as a layer's growth, which has 32 bits. */
function growthOf(expansion: number): number {
  return Math.min(expansion, 0xffffffff)
}

/** The filter of a new key. @throws when it does not fit, with nothing changed. */
function make({ filter, type }: Bloom, db: Database, key: Range, shape: BloomShape | null): BloomFilter {
  const root = shape === null ? 0 : filter.create(shape)
  if (root === 0) throw BF_ERR.noMemory
  createHolding(db, key, type, filter, root)
  return filter.at(root) // whoever heard of the new key may have used the lens
}

/** The filter of a key, made with the defaults if there is none. */
function openOrMake(bloom: Bloom, db: Database, key: Range): BloomFilter {
  const root = db.openBlock(key, bloom.type)
  return root === 0 ? makeDefault(bloom, db, key) : bloom.filter.at(root)
}

function makeDefault(bloom: Bloom, db: Database, key: Range): BloomFilter {
  const { bloomCapacity, bloomErrorRate, bloomExpansion } = bloom.settings
  const shape = newBloomShape(bloomCapacity, bloomErrorRate, Math.max(bloomExpansion, 1), bloomExpansion > 0)
  return make(bloom, db, key, shape)
}

function add(bloom: Bloom, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const outcome = openOrMake(bloom, db, key).add(args.bytes())
  if (outcome < 0) throw outcome === BLOOM.FULL ? BF_ERR.full : BF_ERR.insertFailed
  db.changed(key)
  reply.bool(outcome === BLOOM.ADDED)
}

function madd(bloom: Bloom, ctx: Context, args: Args): void {
  const key = args.key()
  addAll(openOrMake(bloom, ctx.db, key), key, ctx, args)
}

/** Add all items that are left. At the first that cannot be added the reply ends. */
function addAll(filter: BloomFilter, key: Range, { db, reply }: Context, args: Args): void {
  const mark = reply.deferred()
  let count = 0
  for (let stopped = false; args.left > 0 && !stopped; count++) {
    const outcome = filter.add(args.bytes())
    stopped = outcome < 0
    if (stopped) reply.error(outcome === BLOOM.FULL ? BF_ERR.full : BF_ERR.insertFailed)
    else reply.bool(outcome === BLOOM.ADDED)
  }
  reply.fillArray(mark, count)
  db.changed(key)
}

interface InsertOptions {
  capacity: number
  error: number
  expansion: number
  create: boolean
  scaling: boolean
}

/** BF.INSERT knows its options by their first letters only. */
function takeOptions(settings: Settings, args: Args): InsertOptions {
  const options: InsertOptions = {
    capacity: settings.bloomCapacity,
    error: settings.bloomErrorRate,
    expansion: Math.max(settings.bloomExpansion, 1),
    create: true,
    scaling: settings.bloomExpansion > 0,
  }
  for (;;) {
    if (args.left === 0) throw wrongArity('bf.insert')
    const word = args.lower()
    if (word[0] === 'i') break
    if (word[0] === 'n') {
      if (word[2] === 'c') options.create = false
      else options.scaling = false
      continue
    }
    if (word[0] !== 'e' && word[0] !== 'c') throw BF_ERR.insertUnknown
    if (args.left === 0) throw wrongArity('bf.insert')
    if (word[0] === 'c') options.capacity = args.int(BF_ERR.insertCapacity)
    else if (word[1] === 'r') options.error = args.double(BF_ERR.insertErrorRate)
    else options.expansion = args.int(BF_ERR.insertExpansion)
  }
  if (args.left === 0) throw wrongArity('bf.insert')
  const { capacity, error, expansion } = options
  if (!(error > 0 && error < 1) || capacity < 1 || expansion < 1) throw BF_ERR.insertArgument
  return options
}

function insert(bloom: Bloom, ctx: Context, args: Args): void {
  const { db } = ctx
  const key = args.key()
  const options = takeOptions(bloom.settings, args)
  const root = db.openBlock(key, bloom.type)
  if (root === 0) {
    if (!options.create) throw BF_ERR.notFound
    const { capacity, error, expansion, scaling } = options
    make(bloom, db, key, newBloomShape(capacity, error, growthOf(expansion), scaling))
  } else bloom.filter.at(root)
  addAll(bloom.filter, key, ctx, args)
}

// ------------------------------------------------------------------ asking

/** The filter of a key; null when there is none, or something else. */
function peek({ filter, type }: Bloom, db: Database, key: Range): BloomFilter | null {
  const root = db.peekBlock(key, type)
  return root === 0 ? null : filter.at(root)
}

/** The filter of a key. @throws when there is none */
function read({ filter, type }: Bloom, db: Database, key: Range): BloomFilter {
  const root = db.readBlock(key, type)
  if (root === 0) throw BF_ERR.notFound
  return filter.at(root)
}

function exists(bloom: Bloom, { db, reply }: Context, args: Args): void {
  const filter = peek(bloom, db, args.key())
  reply.bool(filter !== null && filter.has(args.bytes()))
}

function mexists(bloom: Bloom, { db, reply }: Context, args: Args): void {
  const filter = peek(bloom, db, args.key())
  reply.array(args.left)
  while (args.left > 0) {
    const item = args.bytes()
    reply.bool(filter !== null && filter.has(item))
  }
}

function card({ filter, type }: Bloom, { db, reply }: Context, args: Args): void {
  const root = db.readBlock(args.key(), type)
  reply.integer(root === 0 ? 0 : filter.at(root).items)
}

/** What the real module's structures take beside the bits. */
const CHAIN_BYTES = 32
const LINK_BYTES = 64

function sizeOf(filter: BloomFilter): number {
  let bytes = CHAIN_BYTES
  for (let i = 0; i < filter.parts; i++) bytes += LINK_BYTES + filter.partBytes(i)
  return bytes
}

const INFO: readonly (readonly [word: string, title: string, value: (filter: BloomFilter) => number | null])[] = [
  ['capacity', 'Capacity', filter => filter.capacity],
  ['size', 'Size', sizeOf],
  ['filters', 'Number of filters', filter => filter.layers],
  ['items', 'Number of items inserted', filter => filter.items],
  ['expansion', 'Expansion rate', filter => (filter.scaling ? filter.growth : null)],
]

function info(bloom: Bloom, { db, reply }: Context, args: Args): void {
  if (args.argc > 3) throw wrongArity('bf.info')
  const filter = read(bloom, db, args.key())
  const shown = args.left === 0 ? INFO : INFO.filter(([word]) => args.is(2, word))
  if (shown.length === 0) throw BF_ERR.badInfo
  const titled = args.left === 0 || reply.protocol === 3
  if (titled) reply.map(shown.length)
  else reply.array(1)
  for (const [, title, figure] of shown) {
    const value = figure(filter)
    if (titled) reply.status(title)
    if (value === null) reply.null()
    else reply.integer(value)
  }
}

function debug(bloom: Bloom, { db, reply }: Context, args: Args): void {
  const { items, layers, options } = read(bloom, db, args.key()).shape()
  reply.array(1 + layers.length)
  reply.text(`size:${items}`)
  for (const layer of layers)
    reply.text(
      `bytes:${layer.bytes} bits:${layer.bits} hashes:${layer.hashes} hashwidth:${options & 4 ? 64 : 32} ` +
        `capacity:${layer.capacity} size:${layer.items} ratio:${shortNumber(layer.error)}`,
    )
}

/** A number with six significant digits at most, as printf's %g gives it. */
function shortNumber(x: number): string {
  const [digits = '', exponent = '0'] = x.toExponential(5).split('e')
  const power = Number(exponent)
  const trimmed = digits.replace(/\.?0+$/, '')
  if (power >= -4 && power < 6) return String(Number(x.toPrecision(6)))
  return `${trimmed}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

// ------------------------------------------------------------------ chunks

function scandump(bloom: Bloom, { db, reply, out }: Context, args: Args): void {
  const filter = read(bloom, db, args.key())
  const position = args.int(BF_ERR.badScanPosition)
  if (position !== 0) {
    const next = chunkAt(db.memory, filter, position, out.set(NO_CHUNK, 0, 0))
    reply.array(2)
    reply.integer(next)
    reply.bulk(out)
    return
  }
  withHeader(db.memory, bloomHeader(filter.shape()), header => {
    reply.array(2)
    reply.integer(1)
    reply.bulk(header)
  })
}

const NO_CHUNK = Buffer.from('')

function loadchunk(bloom: Bloom, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const position = args.int(BF_ERR.badLoadPosition)
  const chunk = args.bytes()
  const root = db.openBlock(key, bloom.type)
  if (root === 0) {
    if (position !== 1) throw BF_ERR.notFound
    const shape = readBloomHeader(chunk)
    if (shape === null) throw BF_ERR.badData
    make(bloom, db, key, shape)
  } else {
    const outcome = loadChunk(db.memory, bloom.filter.at(root), position, chunk)
    if (outcome !== CHUNK.LOADED)
      throw outcome === CHUNK.MALFORMED
        ? BF_ERR.badData
        : outcome === CHUNK.OUTSIDE
          ? BF_ERR.badOffset
          : BF_ERR.chunkTooBig
  }
  db.changed(key)
  reply.ok()
}
