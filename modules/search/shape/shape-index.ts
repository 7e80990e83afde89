/* Shape index -- the shapes of one GEOSHAPE field: a block for each document's, found by its number, and an R-tree over
 * their boxes.
 *
 *      block    kind (0 point, 1 polygon), rings, box, then for each ring: corners, and three numbers a corner; all doubles
 *
 * A query asks the tree for the documents whose boxes meet its own, and looks at their shapes. What is disjoint is what is
 * left, so for that all documents are passed through. To look at two polygons of thousands of corners takes long, so a search
 * may be paused between two shapes. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Column, readWord, writeWord } from '../index/column.ts'
import type { OwnIndex } from '../index/field-index.ts'
import type { Watch } from '../iterators/iterator.ts'
import { intersects, within } from './relate.ts'
import { RTree } from './r-tree.ts'
import { type Shape, WIDE } from './shape.ts'

/** What a document's shape may be to a query's. */
export type Relation = 'within' | 'contains' | 'intersects' | 'disjoint'

/** Numbers of a box, and where it stands in a block. */
const BOX = 6
const BOX_AT = 2
/** Pairs of corners of two shapes that take so long that the time is looked at. */
const MANY_PAIRS = 4096

export class ShapeIndex implements OwnIndex {
  readonly spherical: boolean
  readonly #memory: Memory
  readonly #blocks: Column
  readonly #tree: RTree
  #blockBytes = 0
  /** Documents beyond which none has a shape. */
  #end = 0

  constructor(memory: Memory, spherical: boolean) {
    this.#memory = memory
    this.spherical = spherical
    this.#blocks = new Column(memory, 4)
    this.#tree = new RTree(memory)
  }

  /** Documents with a shape. */
  get count(): number {
    return this.#tree.count
  }

  set(document: number, value: object): void {
    this.clear(document)
    const shape = value as Shape
    this.#blocks.ensure(document)
    const block = this.#newBlock(shape)
    try {
      this.#tree.insert(shape.box, document)
    } catch (error) {
      this.#memory.free(ACCOUNT.index, block)
      throw error
    }
    this.#blockBytes += this.#memory.sizeOf(block)
    writeWord(this.#blocks, document, block)
    if (document >= this.#end) this.#end = document + 1
  }

  clear(document: number): void {
    const block = readWord(this.#blocks, document)
    if (block === 0) return
    this.#tree.remove(this.#read(block).box, document)
    this.#blockBytes -= this.#memory.sizeOf(block)
    this.#memory.free(ACCOUNT.index, block)
    writeWord(this.#blocks, document, 0)
  }

  drop(document: number): void {
    this.#blocks.drop(document)
  }

  get sizeBytes(): number {
    return this.#blocks.sizeBytes + this.#tree.sizeBytes + this.#blockBytes
  }

  free(): void {
    for (let document = this.#blocks.firstDocument; document < this.#end; document++) {
      const block = readWord(this.#blocks, document)
      if (block !== 0) this.#memory.free(ACCOUNT.index, block)
    }
    this.#blocks.free()
    this.#tree.free()
    this.#blockBytes = 0
  }

  /** Tell `visit` the documents whose boxes meet a box. */
  near(box: Float64Array, visit: (document: number) => void): void {
    this.#tree.search(box, visit)
  }

  /** The documents with a shape that are not among some, growing. */
  others(known: ReadonlySet<number>): Int32Array {
    const found: number[] = []
    for (let document = this.#blocks.firstDocument; document < this.#end; document++)
      if (readWord(this.#blocks, document) !== 0 && !known.has(document)) found.push(document)
    return Int32Array.from(found)
  }

  /** The shape of a document, or null. */
  shape(document: number): Shape | null {
    const block = readWord(this.#blocks, document)
    return block === 0 ? null : this.#read(block)
  }

  #newBlock(shape: Shape): Address {
    let numbers = BOX_AT + BOX
    for (const ring of shape.rings) numbers += 1 + ring.length
    const block = this.#memory.block(ACCOUNT.index, numbers * 8)
    const doubles = this.#memory.f64[block >>> SLAB_BITS]!
    let at = block & UNIT_MASK
    doubles[at++] = shape.kind === 'point' ? 0 : 1
    doubles[at++] = shape.rings.length
    doubles.set(shape.box, at)
    at += BOX
    for (const ring of shape.rings) {
      doubles[at++] = ring.length / WIDE
      doubles.set(ring, at)
      at += ring.length
    }
    return block
  }

  #read(block: Address): Shape {
    const doubles = this.#memory.f64[block >>> SLAB_BITS]!
    let at = block & UNIT_MASK
    const kind = doubles[at++] === 0 ? 'point' : 'polygon'
    const rings: Float64Array[] = []
    const count = doubles[at++]!
    const box = doubles.subarray(at, at + BOX)
    at += BOX
    for (let left = count; left > 0; left--) {
      const length = doubles[at++]! * WIDE
      rings.push(doubles.subarray(at, at + length))
      at += length
    }
    return { kind, spherical: this.spherical, rings, box }
  }
}

/** A search for the documents whose shapes are in a relation to a query's. */
export class ShapeSearch {
  readonly #index: ShapeIndex
  readonly #relation: Relation
  readonly #query: Shape
  readonly #corners: number
  /** Documents to look at, how many of them were, and those that are in the relation; for `disjoint`, that are not. */
  readonly #near: number[] = []
  #at = 0
  readonly #found: number[] = []
  #isBegun = false

  constructor(index: ShapeIndex, relation: Relation, query: Shape) {
    this.#index = index
    this.#relation = relation
    this.#query = query
    this.#corners = cornersOf(query)
  }

  /** The documents, growing. @throws what the watch throws; called again, it goes on. */
  run(watch: Watch): Int32Array {
    const near = this.#near
    if (!this.#isBegun) this.#index.near(this.#query.box, document => near.push(document))
    this.#isBegun = true
    while (this.#at < near.length) {
      const document = near[this.#at++]!
      // It may have gone in a pause.
      const shape = this.#index.shape(document)
      if (shape === null) continue
      if (this.#holds(shape)) this.#found.push(document)
      if (watch.breathe !== undefined && cornersOf(shape) * this.#corners > MANY_PAIRS) watch.breathe()
      else watch.tick()
    }
    if (this.#relation === 'disjoint') return this.#index.others(new Set(this.#found))
    return Int32Array.from(this.#found).sort()
  }

  #holds(shape: Shape): boolean {
    if (this.#relation === 'within') return within(shape, this.#query)
    return this.#relation === 'contains' ? within(this.#query, shape) : intersects(shape, this.#query)
  }
}

function cornersOf({ rings }: Shape): number {
  return rings.reduce((sum, ring) => sum + ring.length / WIDE, 0)
}
