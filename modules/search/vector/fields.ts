/* Vector fields -- the values of documents as vectors: bytes of a hash, numbers of a JSON document. */

import { ArenaFull, type Memory, Range, replyError } from 'redstrata/module'
import type { OwnFields } from '../ingest/own-fields.ts'
import type { Field } from '../schema/schema.ts'
import { makeVectorIndex } from './make.ts'
import { NumberCodec } from './number-type.ts'
import { blobBytes, vectorOptions } from './options.ts'
import { Spaces } from './space.ts'
import type { VectorIndex, VectorValue } from './vector-index.ts'

/** Vectors of a document: they are put into the index by one command. */
const VECTORS_MAX = 4096

/** What vector fields bring along; one for a server. */
export class VectorFields implements OwnFields {
  readonly #memory: Memory
  readonly #spaces: Spaces

  constructor(memory: Memory) {
    this.#memory = memory
    this.#spaces = new Spaces(memory)
  }

  /** @throws ReplyError when there is no memory for even an empty index. */
  makeIndex(field: Field): VectorIndex {
    try {
      return makeVectorIndex(this.#memory, this.#spaces, vectorOptions(field))
    } catch (error) {
      throw error instanceof ArenaFull ? replyError('Could not create the vector index: out of memory') : error
    }
  }

  fromBytes(field: Field, bytes: Range): VectorValue | string {
    const expected = blobBytes(vectorOptions(field))
    if (bytes.length !== expected)
      return `Could not add vector with blob size ${bytes.length} (expected size ${expected})`
    // The range is the reader's, which goes on to the next field; the bytes stay.
    return { bytes: new Range(bytes.buf, bytes.start, bytes.end), count: 1 }
  }

  fromJson(field: Field, value: string | readonly (readonly number[])[]): VectorValue | string | null {
    if (typeof value === 'string') return 'Invalid vector length or type'
    if (value.length === 0) return null
    if (value.length > VECTORS_MAX) return `Too many vectors: ${value.length}`
    const options = vectorOptions(field)
    const codec = new NumberCodec(options.type)
    const blob = new Uint8Array(blobBytes(options) * value.length)
    const view = new DataView(blob.buffer)
    let at = 0
    for (const vector of value) {
      if (vector.length !== options.dimensions)
        return `Invalid vector length. Expected ${options.dimensions}, got ${vector.length}`
      for (const number of vector) {
        codec.write(view, at, number)
        at += codec.bytes
      }
    }
    return { bytes: Range.of(Buffer.from(blob.buffer)), count: value.length }
  }
}
