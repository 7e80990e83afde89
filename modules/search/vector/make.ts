/* The index that a field's options ask for. */

import type { Memory } from 'redstrata/module'
import { FlatIndex } from './flat.ts'
import { HnswIndex } from './hnsw.ts'
import type { VectorOptions } from './options.ts'
import type { Spaces } from './space.ts'
import type { VectorIndex } from './vector-index.ts'

/** A new, empty index. @throws ArenaFull. */
export function makeVectorIndex(memory: Memory, spaces: Spaces, options: VectorOptions): VectorIndex {
  return options.algorithm === 'FLAT' ? new FlatIndex(memory, spaces, options) : new HnswIndex(memory, spaces, options)
}
