/* Options of a vector field, as its index uses them. */

import type { Field } from '../schema/schema.ts'
import type { Metric } from './kernel.ts'
import { NUMBER_BYTES, type NumberType } from './number-type.ts'

/** What a vector index was made with. */
export interface VectorOptions {
  readonly algorithm: 'FLAT' | 'HNSW'
  readonly type: NumberType
  readonly dimensions: number
  readonly metric: Metric
  /** Neighbours of a vector in the upper layers; twice as many in the lowest. */
  readonly m: number
  /** How many of the nearest are looked through to place a vector, and to find some. */
  readonly efConstruction: number
  readonly efRuntime: number
  /** By what share a search by radius may look beyond it. */
  readonly epsilon: number
}

const DEFAULT_EF_RUNTIME = 10
const DEFAULT_EPSILON = 0.01

/** The options of a field of the schema. */
export function vectorOptions(field: Field): VectorOptions {
  const details = new Map(field.details)
  const number = (name: string, otherwise: number) => Number(details.get(name) ?? otherwise)
  return {
    algorithm: details.get('algorithm') as 'FLAT' | 'HNSW',
    type: details.get('data_type') as NumberType,
    dimensions: number('dim', 0),
    metric: details.get('distance_metric') as Metric,
    m: number('M', 16),
    efConstruction: number('ef_construction', 200),
    efRuntime: number('ef_runtime', DEFAULT_EF_RUNTIME),
    epsilon: number('epsilon', DEFAULT_EPSILON),
  }
}

/** Bytes of a vector as it is given. */
export function blobBytes(options: VectorOptions): number {
  return options.dimensions * NUMBER_BYTES[options.type]
}
