/* Kernel -- distances from one vector to a list of others, the inner loop of all vector search.
 *
 * One contract, two engines: WebAssembly with lanes of 128 bits, and plain JavaScript. test/search/vector/kernels.test.ts
 * holds that they give the same bits. */

import type { Region } from 'redstrata/module'
import { NUMBER_TYPES, type NumberType } from './number-type.ts'
import { plainKernel } from './plain-kernels.ts'
import { kernelBinary, kernelName } from './wasm-kernels.ts'

/** How far two vectors are from each other; COSINE is IP of vectors of length 1. */
export type Metric = 'L2' | 'IP' | 'COSINE'

/** Vectors are padded with zeros to so many bytes. */
export const VECTOR_ALIGN = 64

/**
 * Write distances, as doubles, from a query to vectors; L2 squared, and 1 less the product for IP.
 * @param query offset of the query in bytes.
 * @param places offset in bytes of the vectors' places, a word each.
 * @param out offset in bytes of the distances.
 * @param bytes of a vector, padded.
 * @param limit stop behind the first distance that is less.
 * @returns how many distances were written.
 */
export type Kernel = (query: number, places: number, count: number, out: number, bytes: number, limit: number) => number

/** The kernels over one region. */
export class Kernels {
  /** Whether they are those in WebAssembly. */
  readonly isWasm: boolean
  readonly #kernels: ReadonlyMap<string, Kernel>

  /** @param wasm whether to use WebAssembly where there is some. */
  constructor(region: Region, wasm = true) {
    const compiled = wasm && region.hasWasm ? compiledKernels(region) : null
    this.isWasm = compiled !== null
    this.#kernels = compiled ?? plainKernels(region)
  }

  /** The kernel of a type of number and a metric. */
  for(type: NumberType, metric: Metric): Kernel {
    return this.#kernels.get(kernelName(type, metric === 'L2' ? 'L2' : 'IP'))!
  }
}

function compiledKernels(region: Region): Map<string, Kernel> | null {
  try {
    return new Map(Object.entries(region.instantiate(kernelBinary()))) as Map<string, Kernel>
  } catch {
    // A runtime or a processor without SIMD refuses to compile it.
    return null
  }
}

function plainKernels(region: Region): Map<string, Kernel> {
  const kernels = new Map<string, Kernel>()
  for (const type of NUMBER_TYPES) {
    kernels.set(kernelName(type, 'L2'), plainKernel(region, type, true))
    kernels.set(kernelName(type, 'IP'), plainKernel(region, type, false))
  }
  return kernels
}
