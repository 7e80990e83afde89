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
    const away = (vector - query) / 8
    const first = query / 8
    const end = first + (bytes >>> 3)
    for (let lane = 0; lane < DOUBLE_SUMS; lane++) {
      let sum = 0
      for (let i = first + lane; i < end; i += DOUBLE_SUMS) {
        const a = f64[i]!
        const b = f64[i + away]!
        sum += isSquare ? (a - b) * (a - b) : a * b
      }
      sums[lane] = sum
    }
    const lane = (i: number) => sums[i]! + sums[i + 2]! + (sums[i + 4]! + sums[i + 6]!)
    const total = lane(0) + lane(1)
    return isSquare ? total : 1 - total
  }
}

const { fround } = Math

function singleDistance(region: Region, type: NumberType, isSquare: boolean): Distance {
  const sums = new Float32Array(SINGLE_SUMS)
  const add = type === 'FLOAT32' ? addSingles(region, isSquare) : addHalves(region, type, isSquare)
  const size = type === 'FLOAT32' ? 4 : 2
  return (query, vector, bytes) => {
    for (let lane = 0; lane < SINGLE_SUMS; lane++)
      sums[lane] = add(query / size + lane, vector / size + lane, (query + bytes) / size)
    const sum = (a: number, b: number) => fround(a + b)
    const across = (i: number) => sum(sum(sums[i]!, sums[i + 4]!), sum(sums[i + 8]!, sums[i + 12]!))
    const total = sum(sum(across(0), across(1)), sum(across(2), across(3)))
    return isSquare ? total : sum(1, -total)
  }
}

/** Adds up one lane: every sixteenth number of two vectors, by their index in the region, to the end of the first. */
type LaneSum = (a: number, b: number, end: number) => number

function addSingles(region: Region, isSquare: boolean): LaneSum {
  return (first, second, end) => {
    const { f32 } = region
    let sum = 0
    for (let i = first, j = second; i < end; i += SINGLE_SUMS, j += SINGLE_SUMS) {
      const difference = fround(f32[i]! - f32[j]!)
      sum = fround(sum + fround(isSquare ? difference * difference : f32[i]! * f32[j]!))
    }
    return sum
  }
}

function addHalves(region: Region, type: NumberType, isSquare: boolean): LaneSum {
  const read = halfReader(region, type)
  return (first, second, end) => {
    let sum = 0
    for (let i = first, j = second; i < end; i += SINGLE_SUMS, j += SINGLE_SUMS) {
      const a = read(i)
      const b = read(j)
      const difference = fround(a - b)
      sum = fround(sum + fround(isSquare ? difference * difference : a * b))
    }
    return sum
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
