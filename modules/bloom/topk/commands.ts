/* TOPK.* -- commands of Top-K sketches. */
import {
  type Args,
  type Command,
  type Context,
  cmd,
  type Database,
  type Memory,
  parseInteger,
  Range,
  type Reply,
  SLAB_BITS,
  UNIT_MASK,
  type ValueType,
} from 'redstrata/module'
import { TOPK_ERR } from '../errors.ts'
import { createHolding, type SketchKind, type SketchView, sketchType } from '../value.ts'
import { KEY, wrongArity } from '../words.ts'
import { loadTopK, saveTopK, TOPK_ENCODING } from './persist.ts'
import { type Chance, TOPK, TopK, validTopK } from './sketch.ts'

/** What the commands share: the type in this server, and the sketch of the key that the command is about. */
interface Top {
  readonly type: ValueType<SketchView<TopK>>
  readonly sketch: TopK
}

/** The commands, over the type that the server knows. */
export function topkCommands(memory: Memory, chance: Chance, type: Top['type']): Command[] {
  const top: Top = { type, sketch: new TopK(memory, chance) }
  return [
    cmd('TOPK.RESERVE key topk [width depth decay]', 'write denyoom', KEY, (ctx, args) => reserve(top, ctx, args)),
    cmd('TOPK.ADD key items [items ...]', 'write denyoom brief', KEY, (ctx, args) => add(top, ctx, args)),
    cmd('TOPK.INCRBY key item increment [item increment ...]', 'write denyoom brief', KEY, (ctx, args) =>
      incrby(top, ctx, args),
    ),
    cmd('TOPK.QUERY key item [item ...]', 'read brief', KEY, (ctx, args) => query(top, ctx, args)),
    cmd('TOPK.COUNT key item [item ...]', 'write', KEY, (ctx, args) => count(top, ctx, args)),
    cmd('TOPK.LIST key [WITHCOUNT]', 'read', KEY, (ctx, args) => list(top, ctx, args)),
    cmd('TOPK.INFO key', 'read', KEY, (ctx, args) => info(top, ctx, args)),
  ]
}

/** How a Top-K sketch is held under a key. */
const topkKind: SketchKind<TopK> = {
  name: 'TopK-TYPE',
  version: TOPK_ENCODING,
  lens: db => new TopK(db.memory, db.keyspace.random),
  save: (db, sketch, sink) => saveTopK(db.memory, sketch, sink),
  inBlocks: true,
  load: (db, sketch, source, version) => loadTopK(db.memory, sketch, source, version),
  digest(db, sketch, sink) {
    const { k, width, depth, decay, cellsAddress: cells } = sketch
    const at = (cells & UNIT_MASK) * 8
    const name = new Range()
    sink.partText(`${k} ${width} ${depth} ${decay}`)
    sink.part(db.memory.u8[cells >>> SLAB_BITS]!, at, at + sketch.cellBytes)
    for (const i of sketch.list()) {
      sketch.nameAt(i, name)
      sink.part(name.buf, name.start, name.end)
      sink.partText(String(sketch.countAt(i)))
    }
    sink.end()
  },
}

export const topkType = sketchType(topkKind)

const WIDTH = 8
const DEPTH = 7
const DECAY = 0.9
const SIZE_MAX = 0xffffffff
const INCREMENT_MAX = 100_000

/** The sketch of a key. @throws when there is none */
function read({ sketch, type }: Top, db: Database, key: Range): TopK {
  const root = db.readBlock(key, type)
  if (root === 0) throw TOPK_ERR.notFound
  return sketch.at(root)
}

function reserve({ sketch, type }: Top, { db, reply }: Context, args: Args): void {
  if (args.argc !== 3 && args.argc !== 6) throw wrongArity('topk.reserve')
  const key = args.key()
  if (db.find(key) !== 0) throw TOPK_ERR.exists
  const k = args.int(TOPK_ERR.badK)
  if (k < 1 || k > SIZE_MAX) throw TOPK_ERR.badK
  const given = args.left > 0
  const width = given ? args.int(TOPK_ERR.badWidth) : WIDTH
  if (width < 1 || width > SIZE_MAX) throw TOPK_ERR.badWidth
  const depth = given ? args.int(TOPK_ERR.badDepth) : DEPTH
  if (depth < 1 || depth > SIZE_MAX) throw TOPK_ERR.badDepth
  const decay = given ? args.double(TOPK_ERR.badDecay) : DECAY
  if (!(decay > 0 && decay <= 1)) throw TOPK_ERR.badDecay
  const root = validTopK(k, width, depth) ? sketch.create(k, width, depth, decay) : 0
  if (root === 0) throw TOPK_ERR.noMemory
  createHolding(db, key, type, sketch, root)
  db.changed(key)
  reply.ok()
}

function open({ sketch, type }: Top, db: Database, key: Range): TopK {
  const root = db.openBlock(key, type)
  if (root === 0) throw TOPK_ERR.notFound
  return sketch.at(root)
}

function add(top: Top, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const sketch = open(top, db, key)
  reply.array(args.left)
  while (args.left > 0) addOne(ctx, sketch, args.bytes(), 1)
  db.changed(key)
}

/** The items before a bad increment are counted, and the reply ends with its error. */
function incrby(top: Top, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  if (args.argc % 2 === 1) throw wrongArity('topk.incrby')
  const key = args.key()
  const sketch = open(top, db, key)
  const mark = reply.deferred()
  let answers = 0
  for (let i = 2; i < args.argc; i += 2) {
    const increment = parseInteger(args.buf, args.starts[i + 1]!, args.ends[i + 1]!)
    answers++
    if (!(increment >= 0 && increment <= INCREMENT_MAX)) {
      reply.error(TOPK_ERR.badIncrement)
      break
    }
    addOne(ctx, sketch, args.at(i), increment)
  }
  reply.fillArray(mark, answers)
  db.changed(key)
}

function addOne({ reply, out }: Context, sketch: TopK, item: Range, increment: number): void {
  if (sketch.add(item, increment) !== TOPK.PUSHED_OUT) {
    reply.null()
    return
  }
  replyName(reply, sketch.pushedOut(out))
  sketch.forgetPushedOut()
}

/** Names are cut at the first NUL, as the real module's are, which are C strings. */
function replyName(reply: Reply, name: Range): void {
  let end = name.start
  while (end < name.end && name.buf[end] !== 0) end++
  reply.bytes(name.buf, name.start, end)
}

function query(top: Top, { db, reply }: Context, args: Args): void {
  const sketch = read(top, db, args.key())
  reply.array(args.left)
  while (args.left > 0) reply.bool(sketch.has(args.bytes()))
}

function count(top: Top, { db, reply }: Context, args: Args): void {
  const sketch = read(top, db, args.key())
  reply.array(args.left)
  while (args.left > 0) reply.integer(sketch.count(args.bytes()))
}

function list(top: Top, { db, reply, out }: Context, args: Args): void {
  if (args.argc > 3) throw wrongArity('topk.list')
  const withCount = args.argc === 3
  if (withCount && !'withcount'.startsWith(args.at(2).latin1().toLowerCase())) throw TOPK_ERR.badListWord
  const sketch = read(top, db, args.key())
  const entries = sketch.list()
  reply.array(withCount ? entries.length * 2 : entries.length)
  for (const i of entries) {
    replyName(reply, sketch.nameAt(i, out))
    if (withCount) reply.integer(sketch.countAt(i))
  }
}

function info(top: Top, { db, reply }: Context, args: Args): void {
  const sketch = read(top, db, args.key())
  reply.map(4)
  reply.status('k')
  reply.integer(sketch.k)
  reply.status('width')
  reply.integer(sketch.width)
  reply.status('depth')
  reply.integer(sketch.depth)
  reply.status('decay')
  reply.double(sketch.decay)
}
