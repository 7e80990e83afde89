/* Value -- a sketch under a key.
 *
 * All five sketches are held in the same way: the record's value word is the address of the sketch's root, and a view is the
 * sketch's lens pointed at it. So one declaration serves them all; what differs is how a sketch is saved, loaded,
 * rewritten and told to a digest. */
import {
  type Address,
  type Database,
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  type Range,
  replyError,
  type SaveSink,
  type TypeDeclaration,
  type ValueType,
  View,
} from 'redstrata/module'

/** A lens over one sketch at a time. */
export interface Sketch {
  at(root: Address): this
  free(root: Address): void
  /** Bytes that it asked for, as the real module counts them: without what the arena's size classes add. */
  readonly sizeBytes: number
}

/** A key's sketch. */
export class SketchView<S extends Sketch> extends View {
  readonly sketch: S
  /** The address of the sketch's root; 0 in a key that was just made. */
  root: Address = 0

  constructor(sketch: S) {
    super()
    this.sketch = sketch
  }

  override load(): void {
    this.root = this.db.wordOf(this.record)
    if (this.root !== 0) this.sketch.at(this.root)
  }

  /** Put a new sketch into the key, in the place of the old one if there is one. */
  adopt(root: Address): this {
    if (this.root !== 0) this.sketch.free(this.root)
    this.record = this.db.setBlock(this.record, root)
    this.load()
    return this
  }
}

/** How the sketches of one kind differ from the others. */
export interface SketchKind<S extends Sketch> {
  /** The nine characters that TYPE and RDB name it by, and the version of its fields. */
  readonly name: string
  readonly version: number
  /** A lens. */
  lens(db: Database): S
  save(db: Database, sketch: S, sink: SaveSink): void
  /** Whether nearly all of it is handed over in blocks, which it tells of before they change. */
  readonly inBlocks?: boolean
  /** Read a sketch: its address, or 0 when the fields make none or there is no room. */
  load(db: Database, sketch: S, source: LoadSource, version: number): Address
  /** The commands that make it; RESTORE when left out. */
  rewrite?(db: Database, sketch: S, key: Range, emit: EmitCommand): void
  digest(db: Database, sketch: S, sink: DigestSink): void
}

const PIECE_BYTES = 4096
const NO_COPY = replyError('ERR not supported for this module key')

/** The type of value of one kind of sketch. */
export function sketchType<S extends Sketch>(kind: SketchKind<S>): TypeDeclaration<SketchView<S>> {
  const { rewrite, inBlocks } = kind
  return {
    name: kind.name,
    form: 'view',
    module: { name: kind.name, version: kind.version },
    copyRefusal: NO_COPY,
    view: db => new SketchView(kind.lens(db)),
    create: (db, record) => new SketchView(kind.lens(db)).bind(db, record),
    release: ({ sketch, root }) => {
      if (root !== 0) sketch.free(root)
    },
    sizeBytes: ({ sketch, root }) => (root === 0 ? 0 : sketch.sizeBytes),
    encoding: () => 'raw',
    copy: () => {
      throw new Error(`${kind.name} is not copied`)
    },
    save: ({ db, sketch }, sink) => kind.save(db, sketch, sink),
    ...(inBlocks === true
      ? { pieces: ({ sketch, root }: SketchView<S>) => (root === 0 ? 0 : sketch.sizeBytes / PIECE_BYTES) }
      : {}),
    load: (value, source, version) => {
      const root = kind.load(value.db, value.sketch, source, version)
      if (root === 0) throw new Error(`${kind.name}: the value is damaged or too large`)
      value.adopt(root)
    },
    ...(rewrite === undefined
      ? {}
      : { rewrite: (key: Range, { db, sketch }: SketchView<S>, emit: EmitCommand) => rewrite(db, sketch, key, emit) }),
    digest: ({ db, sketch }, sink) => kind.digest(db, sketch, sink),
  }
}

/** The same type; `run` hears of the first value that is made. */
export function heardOf<S extends Sketch>(
  type: TypeDeclaration<SketchView<S>>,
  run: () => void,
): TypeDeclaration<SketchView<S>> {
  let isKnown = false
  return {
    ...type,
    create(db, record) {
      if (!isKnown) run()
      isKnown = true
      return type.create(db, record)
    },
  }
}

/** A new key that holds the sketch at `root`. @throws ArenaFull when there is no room for the key: the sketch is freed then. */
export function createHolding<S extends Sketch>(
  db: Database,
  key: Range,
  type: ValueType<SketchView<S>>,
  sketch: S,
  root: Address,
): SketchView<S> {
  try {
    return db.create(key, type).adopt(root)
  } catch (error) {
    // Without its key the sketch would be lost.
    sketch.free(root)
    throw error
  }
}
