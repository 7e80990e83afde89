/* CMS.* -- commands of Count-Min sketches. */
import {
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Memory,
  parseInteger,
  type Range,
  SLAB_BITS,
  UNIT_MASK,
  type ValueType,
} from 'redstrata/module'
import { CMS_ERR } from '../errors.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { KEY, placeOf, wrongArity } from '../words.ts'
import { CMS_ENCODING, loadCms, saveCms } from './persist.ts'
import { CELL_MAX, CountMin, DEPTH_MAX, type MergeSource, sizeFor, validSize } from './sketch.ts'

/** What the commands share: the type in this server, and the sketch of the key that the command is about. */
interface Cms {
  readonly type: ValueType<SketchView<CountMin>>
  readonly sketch: CountMin
}

/** The commands, over the type that the server knows. */
export function cmsCommands(memory: Memory, type: Cms['type']): Command[] {
  const cms: Cms = { type, sketch: new CountMin(memory) }
  return [
    cmd('CMS.INITBYDIM key width depth', 'write denyoom', KEY, (ctx, args) => initbydim(cms, ctx, args)),
    cmd('CMS.INITBYPROB key error probability', 'write denyoom', KEY, (ctx, args) => initbyprob(cms, ctx, args)),
    cmd('CMS.INCRBY key item increment [item increment ...]', 'write denyoom brief', KEY, (ctx, args) =>
      incrby(cms, ctx, args),
    ),
    cmd('CMS.QUERY key item [item ...]', 'read brief', KEY, (ctx, args) => query(cms, ctx, args)),
    cmd(
      'CMS.MERGE destination numKeys source [source ...] [WEIGHTS weight [weight ...]]',
      'write denyoom',
      KEY,
      (ctx, args) => merge(cms, ctx, args),
    ),
    cmd('CMS.INFO key', 'read', KEY, (ctx, args) => info(cms, ctx, args)),
  ]
}

/** How a Count-Min sketch is held under a key. */
const cmsKind: SketchKind<CountMin> = {
  name: 'CMSk-TYPE',
  version: CMS_ENCODING,
  lens: db => new CountMin(db.memory),
  save: (db, sketch, sink) => saveCms(db.memory, sketch, sink),
  inBlocks: true,
  load: (db, sketch, source, version) => loadCms(db.memory, sketch, source, version),
  digest(db, sketch, sink) {
    const { width, depth, count, cellsAddress: cells } = sketch
    const at = (cells & UNIT_MASK) * 8
    sink.partText(`${width} ${depth} ${count}`)
    sink.part(db.memory.u8[cells >>> SLAB_BITS]!, at, at + sketch.cellBytes)
    sink.end()
  },
}

export const cmsType = sketchType(cmsKind)

/** The sketch of a key. @throws when there is none */
function read({ sketch, type }: Cms, db: Database, key: Range): CountMin {
  const root = db.readBlock(key, type)
  if (root === 0) throw CMS_ERR.notFound
  return sketch.at(root)
}

/** The sketch of a key that is to change. @throws when there is none */
function open({ sketch, type }: Cms, db: Database, key: Range): CountMin {
  const root = db.openBlock(key, type)
  if (root === 0) throw CMS_ERR.notFound
  return sketch.at(root)
}

// ------------------------------------------------------------------ making

function initbydim(cms: Cms, ctx: Context, args: Args): void {
  const key = args.key()
  if (ctx.db.find(key) !== 0) throw CMS_ERR.exists
  const width = args.int(CMS_ERR.badWidth)
  if (width < 1) throw CMS_ERR.badWidth
  const depth = args.int(CMS_ERR.badDepth)
  if (depth < 1) throw CMS_ERR.badDepth
  make(cms, ctx, key, width, depth)
}

function initbyprob(cms: Cms, ctx: Context, args: Args): void {
  const key = args.key()
  if (ctx.db.find(key) !== 0) throw CMS_ERR.exists
  const error = args.double(CMS_ERR.badError)
  if (!(error > 0 && error < 1)) throw CMS_ERR.badError
  const probability = args.double(CMS_ERR.badProbability)
  if (!(probability > 0 && probability < 1)) throw CMS_ERR.badProbability
  const { width, depth } = sizeFor(error, probability)
  make(cms, ctx, key, width, depth)
}

function make({ sketch, type }: Cms, { db, reply }: Context, key: Range, width: number, depth: number): void {
  if (width * depth >= 2 ** 63 || depth > DEPTH_MAX || depth < 1) throw CMS_ERR.badSize
  const root = validSize(width, depth) ? sketch.create(width, depth) : 0
  if (root === 0) throw CMS_ERR.noMemory
  createHolding(db, key, type, sketch, root)
  db.changed(key)
  reply.ok()
}

// ------------------------------------------------------------------ counting

function incrby(cms: Cms, { db, reply }: Context, args: Args): void {
  const { argc } = args
  if (argc % 2 === 1) throw wrongArity('cms.incrby')
  const key = args.key()
  const sketch = open(cms, db, key)
  if (argc === 4) {
    const by = takeIncrement(args, 3)
    reply.array(1)
    answer(reply, increment(sketch, args, 2, by))
  } else {
    // All increments are looked at before one is made.
    for (let i = 3; i < argc; i += 2) takeIncrement(args, i)
    reply.array((argc - 2) / 2)
    for (let i = 2; i < argc; i += 2) answer(reply, increment(sketch, args, i, takeIncrement(args, i + 1)))
  }
  db.changed(key)
}

function answer(reply: Context['reply'], estimate: number): void {
  if (estimate === CELL_MAX) reply.error(CMS_ERR.overflow)
  else reply.integer(estimate)
}

function takeIncrement(args: Args, i: number): number {
  const n = parseInteger(args.buf, args.starts[i]!, args.ends[i]!)
  if (Number.isNaN(n)) throw CMS_ERR.badNumber
  if (n < 0) throw CMS_ERR.negativeNumber
  return n
}

/** Count item `i` up by a number that stands behind it. */
function increment(sketch: CountMin, args: Args, i: number, n: number): number {
  if (n <= CELL_MAX) return sketch.increment(args.at(i), n | 0, 0)
  args.position = i + 1
  const by = args.int64(CMS_ERR.badNumber)
  return sketch.increment(args.at(i), Number(BigInt.asIntN(32, by)), Number(by >> 32n))
}

function query(cms: Cms, { db, reply }: Context, args: Args): void {
  const sketch = read(cms, db, args.key())
  reply.array(args.left)
  while (args.left > 0) reply.integer(sketch.query(args.bytes()))
}

function info(cms: Cms, { db, reply }: Context, args: Args): void {
  const sketch = read(cms, db, args.key())
  reply.map(3)
  reply.status('width')
  reply.integer(sketch.width)
  reply.status('depth')
  reply.integer(sketch.depth)
  reply.status('count')
  reply.bigInteger(sketch.count)
}

// ------------------------------------------------------------------ merging

function merge(cms: Cms, { db, reply }: Context, args: Args): void {
  const { sketch, type } = cms
  const key = args.key()
  const target = db.openBlock(key, type)
  if (target === 0) throw CMS_ERR.notFound
  const { width, depth } = sketch.at(target)
  const count = args.int(CMS_ERR.badKeyCount)
  if (count <= 0) throw CMS_ERR.keyCountRange
  const first = args.position
  const words = placeOf(args, 'weights', first)
  if (words < 0 && args.left !== count) throw CMS_ERR.wrongKeyCount
  if (words >= 0 && (words !== first + count || args.left !== 1 + count * 2)) throw CMS_ERR.wrongWeightCount
  const sources: MergeSource[] = []
  for (let i = 0; i < count; i++) {
    args.position = words + 1 + i
    const weight = words < 0 ? 1n : args.int64(CMS_ERR.badWeight)
    const root = db.readBlock(args.at(first + i), type)
    if (root === 0) throw CMS_ERR.notFound
    if (sketch.at(root).width !== width || sketch.depth !== depth) throw CMS_ERR.sizesDiffer
    sources.push({ root, weight })
  }
  if (!sketch.at(target).merge(sources)) throw CMS_ERR.mergeOverflow
  db.changed(key)
  reply.ok()
}
