/* Shape fields -- what GEOSHAPE fields bring along: shapes out of well-known text, and the clauses of queries. */

import { type Memory, type Range, replyError } from 'redstrata/module'
import type { FieldIndex } from '../index/field-index.ts'
import type { OwnFields } from '../ingest/own-fields.ts'
import type { DocumentIterator, Watch } from '../iterators/iterator.ts'
import type { ShapeNode } from '../query/ast.ts'
import type { Field } from '../schema/schema.ts'
import { makeShape, type Shape } from './shape.ts'
import { type Relation, ShapeIndex, ShapeSearch } from './shape-index.ts'
import { ShapeIterator } from './shape-iterator.ts'
import { parseWkt } from './wkt.ts'

/** What shape fields bring along; one for a server. */
export class ShapeFields implements OwnFields {
  readonly #memory: Memory

  constructor(memory: Memory) {
    this.#memory = memory
  }

  makeIndex(field: Field): ShapeIndex {
    return new ShapeIndex(this.#memory, isSpherical(field))
  }

  fromBytes(field: Field, bytes: Range): Shape | string {
    return readShape(bytes.latin1(), isSpherical(field))
  }

  fromJson(field: Field, value: string | readonly (readonly number[])[]): Shape | string {
    return typeof value === 'string' ? readShape(value, isSpherical(field)) : 'A shape is a string'
  }
}

function isSpherical(field: Field): boolean {
  return field.details.some(([name, value]) => name === 'coord_system' && value === 'SPHERICAL')
}

function readShape(text: string, spherical: boolean): Shape | string {
  const wkt = parseWkt(text)
  return typeof wkt === 'string' ? wkt : makeShape(wkt, spherical)
}

/** The documents whose shapes a clause asks for. @throws ReplyError when its shape cannot be read. */
export function shapeIterator(node: ShapeNode, field: FieldIndex, watch: Watch): DocumentIterator {
  const index = field.own as ShapeIndex
  const shape = readShape(node.shape.text.latin1Slice(), index.spherical)
  if (typeof shape === 'string') throw replyError(`Error parsing the shape of a query: ${shape}`)
  const relation = node.relation.latin1Slice().toLowerCase() as Relation
  return new ShapeIterator(new ShapeSearch(index, relation, shape), index.count, watch, node.weight)
}
