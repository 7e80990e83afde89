/* TDIGEST.* -- commands of t-digests. */
import {
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Range,
  type ReplyError,
  type ValueType,
} from 'redstrata/module'
import { TDIGEST_ERR } from '../errors.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { goBehind, KEY, placeOf, wrongArity } from '../words.ts'
import { loadTDigest, saveTDigest, TDIGEST_ENCODING } from './persist.ts'
import { COMPRESSION_MAX, TDigest, WEIGHT_MAX } from './sketch.ts'

/** The type in this server. */
type Type = ValueType<SketchView<TDigest>>

/** The commands, over the type that the server knows. */
export function tdigestCommands(type: Type): Command[] {
  return [
    cmd('TDIGEST.CREATE key [COMPRESSION compression]', 'write denyoom', KEY, (ctx, args) => create(type, ctx, args)),
    cmd('TDIGEST.RESET key', 'write denyoom', KEY, (ctx, args) => reset(type, ctx, args)),
    cmd('TDIGEST.ADD key value [value ...]', 'write denyoom brief', KEY, (ctx, args) => add(type, ctx, args)),
    cmd(
      'TDIGEST.MERGE destination-key numkeys source-key [source-key ...] [COMPRESSION compression] [OVERRIDE]',
      'write denyoom',
      KEY,
      (ctx, args) => merge(type, ctx, args),
    ),
    cmd('TDIGEST.MIN key', 'read brief', KEY, (ctx, args) => min(type, ctx, args)),
    cmd('TDIGEST.MAX key', 'read brief', KEY, (ctx, args) => max(type, ctx, args)),
    cmd('TDIGEST.QUANTILE key quantile [quantile ...]', 'read brief', KEY, (ctx, args) => quantile(type, ctx, args)),
    cmd('TDIGEST.CDF key value [value ...]', 'read brief', KEY, (ctx, args) => cdf(type, ctx, args)),
    cmd('TDIGEST.RANK key value [value ...]', 'read brief', KEY, (ctx, args) => rank(type, ctx, args)),
    cmd('TDIGEST.REVRANK key value [value ...]', 'read brief', KEY, (ctx, args) => revrank(type, ctx, args)),
    cmd('TDIGEST.BYRANK key rank [rank ...]', 'read brief', KEY, (ctx, args) => byrank(type, ctx, args)),
    cmd('TDIGEST.BYREVRANK key reverse_rank [reverse_rank ...]', 'read brief', KEY, (ctx, args) =>
      byrevrank(type, ctx, args),
    ),
    cmd('TDIGEST.TRIMMED_MEAN key low_cut_quantile high_cut_quantile', 'read', KEY, (ctx, args) =>
      trimmedMean(type, ctx, args),
    ),
    cmd('TDIGEST.INFO key', 'read', KEY, (ctx, args) => info(type, ctx, args)),
  ]
}

/** How a t-digest is held under a key. */
const tdigestKind: SketchKind<TDigest> = {
  name: 'TDIS-TYPE',
  version: TDIGEST_ENCODING,
  lens: db => new TDigest(db.memory),
  save: (_, digest, sink) => saveTDigest(digest, sink),
  load: (_, digest, source, version) => loadTDigest(digest, source, version),
  // Not the centroids: questions compress a digest, and are not propagated.
  digest(_, { compression, min, max, size }, sink) {
    sink.partText(`${compression} ${min} ${max} ${size}`)
    sink.end()
  },
}

export const tdigestType = sketchType(tdigestKind)

const COMPRESSION = 100

/** The digest of a key, for reading. @throws when there is none */
function read(type: Type, db: Database, key: Range): TDigest {
  const value = db.read(key, type)
  if (value === null) throw TDIGEST_ERR.notFound
  return value.sketch
}

// ------------------------------------------------------------------ making and adding

function create(type: Type, { db, reply }: Context, args: Args): void {
  if (args.argc !== 2 && args.argc !== 4) throw wrongArity('tdigest.create')
  const key = args.key()
  if (db.open(key, type) !== null) throw TDIGEST_ERR.exists
  let compression = COMPRESSION
  if (args.left > 0) {
    if (!args.word('compression')) throw TDIGEST_ERR.badKeyword
    compression = takeCompression(args)
  }
  const digest = new TDigest(db.memory)
  const root = makeDigest(digest, compression, TDIGEST_ERR.noMemory)
  createHolding(db, key, type, digest, root)
  db.changed(key)
  reply.ok()
}

function takeCompression(args: Args): number {
  const compression = args.int(TDIGEST_ERR.badCompression)
  if (compression <= 0) throw TDIGEST_ERR.compressionRange
  return compression
}

function makeDigest(digest: TDigest, compression: number, refusal: ReplyError): number {
  const root = compression <= COMPRESSION_MAX ? digest.create(compression) : 0
  if (root === 0) throw refusal
  return root
}

function reset(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const value = db.open(key, type)
  if (value === null) throw TDIGEST_ERR.notFound
  value.sketch.reset()
  db.changed(key)
  reply.ok()
}

/** All values are looked at before one is added. */
function add(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const value = db.open(key, type)
  if (value === null) throw TDIGEST_ERR.notFound
  const { sketch } = value
  if (sketch.size + args.left >= WEIGHT_MAX) throw TDIGEST_ERR.overflow
  if (args.left === 1) sketch.add(takeValue(args), 1)
  else for (const number of takeValues(args)) sketch.add(number, 1)
  db.changed(key)
  reply.ok()
}

function takeValues(args: Args): Float64Array {
  const values = new Float64Array(args.left)
  for (let i = 0; i < values.length; i++) values[i] = takeValue(args)
  return values
}

function takeValue(args: Args): number {
  const value = args.double(TDIGEST_ERR.badValue)
  if (!Number.isFinite(value)) throw TDIGEST_ERR.infiniteValue
  return value
}

// ------------------------------------------------------------------ merging

interface MergeOptions {
  /** 0: the greatest of the sources'. */
  compression: number
  override: boolean
}

/** What stands behind the sources: words in any order, of which unknown ones count only if there is no known one. */
function takeMergeOptions(args: Args, from: number, existing: TDigest | null): MergeOptions {
  let compression = existing === null ? 0 : existing.compression
  if (from >= args.argc) return { compression, override: false }
  const word = placeOf(args, 'compression', from)
  if (word >= 0) {
    if (word + 1 >= args.argc) throw wrongArity('tdigest.merge')
    goBehind(args, word)
    compression = takeCompression(args)
  }
  const override = placeOf(args, 'override', from) >= 0
  if (word < 0 && !override) throw TDIGEST_ERR.badKeyword
  return { compression: override && word < 0 ? 0 : compression, override }
}

function merge(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const existing = db.open(key, type)
  const count = args.int(TDIGEST_ERR.badKeyCount)
  if (count <= 0) throw TDIGEST_ERR.keyCountRange
  if (count > args.left) throw wrongArity('tdigest.merge')
  const first = args.position
  const options = takeMergeOptions(args, first + count, existing?.sketch ?? null)
  const sources: number[] = []
  const pool = db.keyspace.pools[type.id]!
  const used = pool.mark(db.keyspace.sequence)
  let most = 0
  for (let i = 0; i < count; i++) {
    const source = db.read(args.at(first + i), type)
    if (source === null) throw TDIGEST_ERR.notFound
    sources.push(source.root)
    most = Math.max(most, source.sketch.compression)
    // One lens serves all sources: a command may name any number of keys.
    pool.reset(used)
  }
  if (existing !== null && !options.override) sources.unshift(existing.root)
  const digest = new TDigest(db.memory)
  const compression = options.compression > 0 ? options.compression : most
  const root = makeDigest(digest, compression, TDIGEST_ERR.noMemoryForMerge)
  for (const source of sources)
    if (!digest.at(root).merge(source)) {
      digest.free(root)
      throw TDIGEST_ERR.overflow
    }
  if (existing !== null) existing.adopt(root)
  else createHolding(db, key, type, digest, root)
  db.changed(key)
  reply.ok()
}

// ------------------------------------------------------------------ asking

function min(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  reply.double(digest.size > 0 ? digest.min : Number.NaN)
}

function max(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  reply.double(digest.size > 0 ? digest.max : Number.NaN)
}

function quantile(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  const quantiles = new Float64Array(args.left)
  for (let i = 0; i < quantiles.length; i++) {
    const q = args.double(TDIGEST_ERR.badQuantile)
    if (q < 0 || q > 1) throw TDIGEST_ERR.quantileRange
    quantiles[i] = q
  }
  digest.quantiles(quantiles)
  replyDoubles(reply, quantiles)
}

function replyDoubles(reply: Context['reply'], values: Float64Array): void {
  reply.array(values.length)
  for (const value of values) reply.double(value)
}

function cdf(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  const values = new Float64Array(args.left)
  for (let i = 0; i < values.length; i++) values[i] = args.double(TDIGEST_ERR.badCdf)
  for (let i = 0; i < values.length; i++) values[i] = digest.shareBelow(values[i]!)
  replyDoubles(reply, values)
}

function rank(type: Type, ctx: Context, args: Args): void {
  ranks(type, ctx, args, rankOf)
}

function revrank(type: Type, ctx: Context, args: Args): void {
  ranks(type, ctx, args, reverseRankOf)
}

function ranks(type: Type, { db, reply }: Context, args: Args, rankIn: (digest: TDigest, x: number) => number): void {
  const digest = read(type, db, args.key())
  const values = new Float64Array(args.left)
  for (let i = 0; i < values.length; i++) values[i] = args.double(TDIGEST_ERR.badRankValue)
  reply.array(values.length)
  for (const value of values) reply.integer(digest.size === 0 ? EMPTY_RANK : rankIn(digest, value))
}

/** The rank of anything in an empty digest. */
const EMPTY_RANK = -2

/** Values below x and half of those equal to it, halves rounded down; -1 below all, size above all. */
function rankOf(digest: TDigest, x: number): number {
  if (x < digest.min) return -1
  if (x > digest.max) return digest.size
  if (digest.size === 1) return 0
  const rank = digest.shareBelow(x) * digest.size
  const whole = Math.floor(rank)
  return rank - whole <= 0.5 ? whole : whole + 1
}

/** The same from above: size below all, -1 above all. */
function reverseRankOf(digest: TDigest, x: number): number {
  if (x < digest.min) return digest.size
  if (x > digest.max) return -1
  if (digest.size === 1) return 0
  return Math.round(digest.size - Math.round(digest.shareBelow(x) * digest.size))
}

function byrank(type: Type, ctx: Context, args: Args): void {
  byRanks(type, ctx, args, valueAtRank)
}

function byrevrank(type: Type, ctx: Context, args: Args): void {
  byRanks(type, ctx, args, valueAtReverseRank)
}

function byRanks(
  type: Type,
  { db, reply }: Context,
  args: Args,
  valueIn: (digest: TDigest, r: number) => number,
): void {
  const digest = read(type, db, args.key())
  const values = new Float64Array(args.left)
  for (let i = 0; i < values.length; i++) {
    const r = args.int(TDIGEST_ERR.badRank)
    if (r < 0) throw TDIGEST_ERR.rankRange
    values[i] = r
  }
  for (let i = 0; i < values.length; i++) values[i] = digest.size === 0 ? Number.NaN : valueIn(digest, values[i]!)
  replyDoubles(reply, values)
}

function valueAtRank(digest: TDigest, r: number): number {
  if (r === 0) return digest.min
  return r >= digest.size ? Number.POSITIVE_INFINITY : digest.byRank(r)
}

function valueAtReverseRank(digest: TDigest, r: number): number {
  if (r === 0) return digest.max
  return r >= digest.size ? Number.NEGATIVE_INFINITY : digest.byRank(digest.size - r - 1)
}

function trimmedMean(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  const low = args.double(TDIGEST_ERR.badLowCut)
  const high = args.double(TDIGEST_ERR.badHighCut)
  if (low < 0 || low > 1 || high < 0 || high > 1) throw TDIGEST_ERR.cutRange
  if (low >= high) throw TDIGEST_ERR.cutOrder
  reply.double(digest.trimmedMean(low, high))
}

/** Bytes of a centroid in the real module, and of what stands beside them. */
const CENTROID_BYTES = 16
const HEAD_BYTES = 8

function info(type: Type, { db, reply }: Context, args: Args): void {
  const digest = read(type, db, args.key())
  const figures: [string, number][] = [
    ['Compression', digest.compression],
    ['Capacity', digest.capacity],
    ['Merged nodes', digest.merged],
    ['Unmerged nodes', digest.waiting],
    ['Merged weight', digest.mergedWeight],
    ['Unmerged weight', digest.waitingWeight],
    ['Observations', digest.size],
    ['Total compressions', digest.compressions],
    ['Memory usage', HEAD_BYTES + digest.capacity * CENTROID_BYTES],
  ]
  reply.map(figures.length)
  for (const [title, value] of figures) {
    reply.status(title)
    if (Number.isSafeInteger(value)) reply.integer(value)
    else reply.bigInteger(BigInt(Math.round(value)))
  }
}
