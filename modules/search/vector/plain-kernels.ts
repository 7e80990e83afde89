/* Plain kernels -- the same distances as wasm-kernels.ts, to the last bit, where the runtime has no WebAssembly with SIMD.
 *
 * Each sum of the lanes there is a number in an array here, and singles are rounded after every step as the lanes round
 * them: a product of two singles is exact in a double, and so is rounded once. */

import { PLACE_BITS, type Region } from 'redstrata/module'
import type { Kernel } from './kernel.ts'
import { halfValue, type NumberType } from './number-type.ts'

/** Four sums of so many lanes. */
const SINGLE_SUMS = 16
const DOUBLE_SUMS = 8

/** A kernel over a region's views. `isSquare`: squares of differences, not products. */
export function plainKernel(region: Region, type: NumberType, isSquare: boolean): Kernel {
  const distance = type === 'FLOAT64' ? doubleDistance(region, isSquare) : singleDistance(region, type, isSquare)
  return (query, places, count, out, bytes, limit) => {
    let done = 0
    while (done < count) {
      const found = distance(query, region.i32[(places >>> 2) + done]! << PLACE_BITS, bytes)
      region.f64[(out >>> 3) + done++] = found
      if (found < limit) break
    }
    return done
  }
}

type Distance = (query: number, vector: number, bytes: number) => number

function doubleDistance(region: Region, isSquare: boolean): Distance {
  const sums = new Float64Array(DOUBLE_SUMS)
  return (query, vector, bytes) => {
    const { f64 } = region
    const first = query >>> 3
    const away = (vector >>> 3) - first
    const end = first + (bytes >>> 3)
    for (let lane = 0; lane < DOUBLE_SUMS; lane++) {
      let total = 0
      for (let i = first + lane; i < end; i += DOUBLE_SUMS) {
        const a = f64[i]!
        const b = f64[i + away]!
        total += isSquare ? (a - b) * (a - b) : a * b
      }
      sums[lane] = total
    }
    const even = sums[0]! + sums[2]! + (sums[4]! + sums[6]!)
    const total = even + (sums[1]! + sums[3]! + (sums[5]! + sums[7]!))
    return isSquare ? total : 1 - total
  }
}

const { fround } = Math

function singleDistance(region: Region, type: NumberType, isSquare: boolean): Distance {
  const sums = new Float32Array(SINGLE_SUMS)
  const add = type === 'FLOAT32' ? addSingles(region, isSquare, sums) : addHalves(region, type, isSquare, sums)
  const shift = type === 'FLOAT32' ? 2 : 1
  return (query, vector, bytes) => {
    const first = query >>> shift
    const second = vector >>> shift
    const end = first + (bytes >>> shift)
    for (let lane = 0; lane < SINGLE_SUMS; lane += LANES) add(first + lane, second + lane, end, lane)
    const total = sum(sum(across(sums, 0), across(sums, 1)), sum(across(sums, 2), across(sums, 3)))
    return isSquare ? total : sum(1, -total)
  }
}

function sum(a: number, b: number): number {
  return fround(a + b)
}

/** What the four vectors of lanes have in one of their lanes. */
function across(sums: Float32Array, i: number): number {
  return sum(sum(sums[i]!, sums[i + 4]!), sum(sums[i + 8]!, sums[i + 12]!))
}

/** Sums that one pass makes. */
const LANES = 4

/**
 * Adds up four lanes of two vectors: four numbers of every sixteen, by their index in the region, to the end of the first.
 * The sums go to four places from `lane` on.
 */
type LaneSums = (first: number, second: number, end: number, lane: number) => void

/** A sum with the square of a difference. */
function withSquare(sum: number, a: number, b: number): number {
  const difference = fround(a - b)
  return fround(sum + fround(difference * difference))
}

function withProduct(sum: number, a: number, b: number): number {
  return fround(sum + fround(a * b))
}

function addSingles(region: Region, isSquare: boolean, sums: Float32Array): LaneSums {
  return (first, second, end, lane) => {
    const { f32 } = region
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    if (isSquare)
      for (let i = first, j = second; i < end; i += SINGLE_SUMS, j += SINGLE_SUMS) {
        s0 = withSquare(s0, f32[i]!, f32[j]!)
        s1 = withSquare(s1, f32[i + 1]!, f32[j + 1]!)
        s2 = withSquare(s2, f32[i + 2]!, f32[j + 2]!)
        s3 = withSquare(s3, f32[i + 3]!, f32[j + 3]!)
      }
    else
      for (let i = first, j = second; i < end; i += SINGLE_SUMS, j += SINGLE_SUMS) {
        s0 = withProduct(s0, f32[i]!, f32[j]!)
        s1 = withProduct(s1, f32[i + 1]!, f32[j + 1]!)
        s2 = withProduct(s2, f32[i + 2]!, f32[j + 2]!)
        s3 = withProduct(s3, f32[i + 3]!, f32[j + 3]!)
      }
    sums[lane] = s0
    sums[lane + 1] = s1
    sums[lane + 2] = s2
    sums[lane + 3] = s3
  }
}

function addHalves(region: Region, type: NumberType, isSquare: boolean, sums: Float32Array): LaneSums {
  const read = halfReader(region, type)
  const add = isSquare ? withSquare : withProduct
  return (first, second, end, lane) => {
    for (let l = 0; l < LANES; l++) {
      let total = 0
      for (let i = first + l, j = second + l; i < end; i += SINGLE_SUMS, j += SINGLE_SUMS)
        total = add(total, read(i), read(j))
      sums[lane + l] = total
    }
  }
}

/** Reads a number by its index in the region, counted in numbers. */
function halfReader(region: Region, type: NumberType): (index: number) => number {
  if (type === 'FLOAT16') return index => halfValue(region.u16[index]!)
  const single = new Float32Array(1)
  const bits = new Int32Array(single.buffer)
  return index => {
    bits[0] = region.u16[index]! << 16
    return single[0]!
  }
}
