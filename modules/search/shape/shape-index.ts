/* Shape index -- the shapes of one GEOSHAPE field: a block for each document's, found by its number, and an R-tree over
 * their boxes.
 *
 *      block    kind (0 point, 1 polygon), rings, then for each ring: corners, and three numbers a corner; all doubles
 *
 * A query asks the tree for the documents whose boxes meet its own, and looks at their shapes. What is disjoint is what is
 * left, so for that all documents are passed through. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Column, readWord, writeWord } from '../index/column.ts'
import type { OwnIndex } from '../index/field-index.ts'
import { intersects, within } from './relate.ts'
import { RTree } from './r-tree.ts'
import { type Shape, shapeOf, WIDE } from './shape.ts'

/** What a document's shape may be to a query's. */
export type Relation = 'within' | 'contains' | 'intersects' | 'disjoint'

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

  /**
   * The documents whose shapes are in a relation to a query's, growing.
   * @param tick called for each shape that is looked at; what it throws ends the search.
   */
  find(relation: Relation, query: Shape, tick: () => void): Int32Array {
    if (relation === 'disjoint') return this.#disjoint(query, tick)
    const found: number[] = []
    const near: number[] = []
    this.#tree.search(query.box, document => near.push(document))
    for (const document of near) {
      tick()
      const shape = this.shape(document)!
      const holds =
        relation === 'within'
          ? within(shape, query)
          : relation === 'contains'
            ? within(query, shape)
            : intersects(shape, query)
      if (holds) found.push(document)
    }
    return Int32Array.from(found).sort()
  }

  #disjoint(query: Shape, tick: () => void): Int32Array {
    const meets = new Set(this.find('intersects', query, tick))
    const found: number[] = []
    for (let document = this.#blocks.firstDocument; document < this.#end; document++) {
      if ((document & 1023) === 0) tick()
      if (readWord(this.#blocks, document) !== 0 && !meets.has(document)) found.push(document)
    }
    return Int32Array.from(found)
  }

  /** The shape of a document, or null. */
  shape(document: number): Shape | null {
    const block = readWord(this.#blocks, document)
    return block === 0 ? null : this.#read(block)
  }

  #newBlock(shape: Shape): Address {
    let numbers = 2
    for (const ring of shape.rings) numbers += 1 + ring.length
    const block = this.#memory.block(ACCOUNT.index, numbers * 8)
    const doubles = this.#memory.f64[block >>> SLAB_BITS]!
    let at = block & UNIT_MASK
    doubles[at++] = shape.kind === 'point' ? 0 : 1
    doubles[at++] = shape.rings.length
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
    for (let left = doubles[at++]!; left > 0; left--) {
      const length = doubles[at++]! * WIDE
      rings.push(doubles.subarray(at, at + length))
      at += length
    }
    return shapeOf(kind, this.spherical, rings)
  }
}
