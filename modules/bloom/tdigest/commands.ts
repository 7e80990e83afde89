/* TDIGEST.* -- commands of t-digests. */
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
import { TDIGEST_ERR } from '../errors.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { goBehind, KEY, placeOf, wrongArity } from '../words.ts'
import { loadTDigest, saveTDigest, TDIGEST_ENCODING } from './persist.ts'
import { COMPRESSION_MAX, TDigest, WEIGHT_MAX } from './sketch.ts'

/** What the commands share: the type in this server, and the digest of the key that the command is about. */
interface Digests {
  readonly type: ValueType<SketchView<TDigest>>
  readonly digest: TDigest
}

/** The commands, over the type that the server knows. */
export function tdigestCommands(memory: Memory, type: Digests['type']): Command[] {
  const digests: Digests = { type, digest: new TDigest(memory) }
  return [
    cmd('TDIGEST.CREATE key [COMPRESSION compression]', 'write denyoom', KEY, (ctx, args) =>
      create(digests, ctx, args),
    ),
    cmd('TDIGEST.RESET key', 'write denyoom', KEY, (ctx, args) => reset(digests, ctx, args)),
    cmd('TDIGEST.ADD key value [value ...]', 'write denyoom brief', KEY, (ctx, args) => add(digests, ctx, args)),
    cmd(
      'TDIGEST.MERGE destination-key numkeys source-key [source-key ...] [COMPRESSION compression] [OVERRIDE]',
      'write denyoom',
      KEY,
      (ctx, args) => merge(digests, ctx, args),
    ),
    cmd('TDIGEST.MIN key', 'read brief', KEY, (ctx, args) => min(digests, ctx, args)),
    cmd('TDIGEST.MAX key', 'read brief', KEY, (ctx, args) => max(digests, ctx, args)),
    cmd('TDIGEST.QUANTILE key quantile [quantile ...]', 'read brief', KEY, (ctx, args) => quantile(digests, ctx, args)),
    cmd('TDIGEST.CDF key value [value ...]', 'read brief', KEY, (ctx, args) => cdf(digests, ctx, args)),
    cmd('TDIGEST.RANK key value [value ...]', 'read brief', KEY, (ctx, args) => rank(digests, ctx, args)),
    cmd('TDIGEST.REVRANK key value [value ...]', 'read brief', KEY, (ctx, args) => revrank(digests, ctx, args)),
    cmd('TDIGEST.BYRANK key rank [rank ...]', 'read brief', KEY, (ctx, args) => byrank(digests, ctx, args)),
    cmd('TDIGEST.BYREVRANK key reverse_rank [reverse_rank ...]', 'read brief', KEY, (ctx, args) =>
      byrevrank(digests, ctx, args),
    ),
    cmd('TDIGEST.TRIMMED_MEAN key low_cut_quantile high_cut_quantile', 'read', KEY, (ctx, args) =>
      trimmedMean(digests, ctx, args),
    ),
    cmd('TDIGEST.INFO key', 'read', KEY, (ctx, args) => info(digests, ctx, args)),
  ]
}

/** How a t-digest is held under a key. */
const tdigestKind: SketchKind<TDigest> = {
  name: 'TDIS-TYPE',
  version: TDIGEST_ENCODING,
  lens: db => new TDigest(db.memory),
  save: (_, digest, sink) => saveTDigest(digest, sink),
  inBlocks: true,
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
function read({ digest, type }: Digests, db: Database, key: Range): TDigest {
  const root = db.readBlock(key, type)
  if (root === 0) throw TDIGEST_ERR.notFound
  return digest.at(root)
}

/** The digest of a key, for changing. @throws when there is none */
function open({ digest, type }: Digests, db: Database, key: Range): TDigest {
  const root = db.openBlock(key, type)
  if (root === 0) throw TDIGEST_ERR.notFound
  return digest.at(root)
}

// ------------------------------------------------------------------ making and adding

function create({ digest, type }: Digests, { db, reply }: Context, args: Args): void {
  if (args.argc !== 2 && args.argc !== 4) throw wrongArity('tdigest.create')
  const key = args.key()
  if (db.openBlock(key, type) !== 0) throw TDIGEST_ERR.exists
  let compression = COMPRESSION
  if (args.left > 0) {
    if (!args.word('compression')) throw TDIGEST_ERR.badKeyword
    compression = takeCompression(args)
  }
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

function reset(digests: Digests, { db, reply }: Context, args: Args): void {
  const key = args.key()
  open(digests, db, key).reset()
  db.changed(key)
  reply.ok()
}

/** All values are looked at before one is added. */
function add(digests: Digests, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const digest = open(digests, db, key)
  if (digest.size + args.left >= WEIGHT_MAX) throw TDIGEST_ERR.overflow
  if (args.left === 1) digest.add(takeValue(args), 1)
  else for (const number of takeValues(args)) digest.add(number, 1)
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

/**
 * What stands behind the sources: words in any order, of which unknown ones count only if there is no known one.
 * `existing` is the compression of the digest that is there, or 0.
 */
function takeMergeOptions(args: Args, from: number, existing: number): MergeOptions {
  let compression = existing
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

function merge({ digest, type }: Digests, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const existing = db.openBlock(key, type)
  const count = args.int(TDIGEST_ERR.badKeyCount)
  if (count <= 0) throw TDIGEST_ERR.keyCountRange
  if (count > args.left) throw wrongArity('tdigest.merge')
  const first = args.position
  const options = takeMergeOptions(args, first + count, existing === 0 ? 0 : digest.at(existing).compression)
  const sources: number[] = existing === 0 || options.override ? [] : [existing]
  let most = 0
  for (let i = 0; i < count; i++) {
    const source = db.readBlock(args.at(first + i), type)
    if (source === 0) throw TDIGEST_ERR.notFound
    sources.push(source)
    most = Math.max(most, digest.at(source).compression)
  }
  const compression = options.compression > 0 ? options.compression : most
  const root = makeDigest(digest, compression, TDIGEST_ERR.noMemoryForMerge)
  for (const source of sources)
    if (!digest.at(root).merge(source)) {
      digest.free(root)
      throw TDIGEST_ERR.overflow
    }
  if (existing !== 0) db.open(key, type)!.adopt(root)
  else createHolding(db, key, type, digest, root)
  db.changed(key)
  reply.ok()
}

// ------------------------------------------------------------------ asking

function min(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
  reply.double(digest.size > 0 ? digest.min : Number.NaN)
}

function max(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
  reply.double(digest.size > 0 ? digest.max : Number.NaN)
}

function quantile(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
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

function cdf(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
  const values = new Float64Array(args.left)
  for (let i = 0; i < values.length; i++) values[i] = args.double(TDIGEST_ERR.badCdf)
  for (let i = 0; i < values.length; i++) values[i] = digest.shareBelow(values[i]!)
  replyDoubles(reply, values)
}

function rank(digests: Digests, ctx: Context, args: Args): void {
  ranks(digests, ctx, args, rankOf)
}

function revrank(digests: Digests, ctx: Context, args: Args): void {
  ranks(digests, ctx, args, reverseRankOf)
}

function ranks(
  digests: Digests,
  { db, reply }: Context,
  args: Args,
  rankIn: (digest: TDigest, x: number) => number,
): void {
  const digest = read(digests, db, args.key())
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

function byrank(digests: Digests, ctx: Context, args: Args): void {
  byRanks(digests, ctx, args, valueAtRank)
}

function byrevrank(digests: Digests, ctx: Context, args: Args): void {
  byRanks(digests, ctx, args, valueAtReverseRank)
}

function byRanks(
  digests: Digests,
  { db, reply }: Context,
  args: Args,
  valueIn: (digest: TDigest, r: number) => number,
): void {
  const digest = read(digests, db, args.key())
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

function trimmedMean(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
  const low = args.double(TDIGEST_ERR.badLowCut)
  const high = args.double(TDIGEST_ERR.badHighCut)
  if (low < 0 || low > 1 || high < 0 || high > 1) throw TDIGEST_ERR.cutRange
  if (low >= high) throw TDIGEST_ERR.cutOrder
  reply.double(digest.trimmedMean(low, high))
}

/** Bytes of a centroid in the real module, and of what stands beside them. */
const CENTROID_BYTES = 16
const HEAD_BYTES = 8

function info(digests: Digests, { db, reply }: Context, args: Args): void {
  const digest = read(digests, db, args.key())
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
