/* Kernels in WebAssembly -- distances from one vector to many, four lanes at a time.
 *
 * A kernel is made for each type of number and each metric from the same few lines: how four lanes are loaded, what is
 * added up for two of them, and what the sum becomes. Four sums go side by side, so that an addition need not wait for
 * the one before it:
 *
 *      vector   | 0..3 | 4..7 | 8..11 | 12..15 | 16..19 | ...
 *                 s0     s1     s2      s3       s0               sum = (s0 + s1) + (s2 + s3), then across its lanes
 *
 * Vectors are padded with zeros to 64 bytes, which adds nothing to a sum of products or of squares of differences; so
 * there is no rest to be handled. plain-kernels.ts adds up in the same order and gives the same bits. */

import {
  assemble,
  block,
  branchIf,
  type Code,
  double,
  F32,
  F32X4,
  F64,
  F64X2,
  get,
  I32,
  I32X4,
  int,
  lanes,
  loop,
  set,
  single,
  TYPE,
  V128,
  type WasmFunction,
} from './assembler.ts'
import { NUMBER_TYPES, type NumberType } from './number-type.ts'
import { PLACE_BITS } from 'redstrata/module'

const PAGES_MAX = 65536

// Parameters and locals of every kernel, in order.
const QUERY = 0
const PLACES = 1
const COUNT = 2
const OUT = 3
const BYTES = 4
const LIMIT = 5
const DONE = 6
const VECTOR = 7
const AT = 8
const END = 9
const DISTANCE = 10
const SUMS = [11, 12, 13, 14]
const A = 15
const B = 16

const ADDRESS_TYPES = [TYPE.i32, TYPE.i32, TYPE.i32, TYPE.i32]
const LANE_TYPES = [TYPE.v128, TYPE.v128, TYPE.v128, TYPE.v128, TYPE.v128, TYPE.v128]

/** What both kinds of kernels are called by. */
export function kernelName(type: NumberType, metric: 'L2' | 'IP'): string {
  return `${metric} ${type}`
}

/** How the lanes of a type are loaded and added up. */
interface Lanes {
  /** Bytes of four lanes' source. */
  readonly step: number
  /** Takes an address from the stack, leaves four lanes. */
  load(offset: number): Code
  readonly add: Code
  readonly subtract: Code
  readonly multiply: Code
  /** Adds up the four sums and their lanes. */
  readonly total: Code
  readonly one: Code
  readonly subtractNumbers: Code
  readonly toDouble: Code
}

const sumOf = (add: Code): Code => [get(SUMS[0]!), get(SUMS[1]!), add, get(SUMS[2]!), get(SUMS[3]!), add, add, set(A)]

const SINGLE: Lanes = {
  step: 16,
  load: offset => V128.load(offset),
  add: F32X4.add,
  subtract: F32X4.subtract,
  multiply: F32X4.multiply,
  total: [
    sumOf(F32X4.add),
    [get(A), F32X4.lane(0), get(A), F32X4.lane(1), F32.add],
    [get(A), F32X4.lane(2), get(A), F32X4.lane(3), F32.add],
    F32.add,
  ],
  one: single(1),
  subtractNumbers: F32.subtract,
  toDouble: F32.toDouble,
}

const DOUBLE: Lanes = {
  step: 16,
  load: offset => V128.load(offset),
  add: F64X2.add,
  subtract: F64X2.subtract,
  multiply: F64X2.multiply,
  total: [sumOf(F64X2.add), get(A), F64X2.lane(0), get(A), F64X2.lane(1), F64.add],
  one: double(1),
  subtractNumbers: F64.subtract,
  toDouble: [],
}

/** The upper half of a single: shifted to its place. */
const BRAIN: Lanes = { ...SINGLE, step: 8, load: offset => [V128.load16x4(offset), int(16), I32X4.shiftLeft] }

/**
 * A half: fraction and exponent are shifted to those of a single, whose exponent is then too small by 112; multiplying
 * by 2^112 mends that for numbers below the normal ones as well. All ones in the exponent become all ones again.
 */
const HALF: Lanes = {
  ...SINGLE,
  step: 8,
  load: offset => [
    [V128.load16x4(offset), set(A)],
    [get(A), lanes(0x7fff), V128.and, int(13), I32X4.shiftLeft, set(B)],
    [get(B), lanes(0x77800000), F32X4.multiply],
    [get(B), lanes(0x0f7fffff), I32X4.greater, lanes(0x7f800000), V128.and, V128.or],
    [get(A), lanes(0x8000), V128.and, int(16), I32X4.shiftLeft, V128.or],
  ],
}

const LANES: Readonly<Record<NumberType, Lanes>> = { FLOAT32: SINGLE, FLOAT64: DOUBLE, FLOAT16: HALF, BFLOAT16: BRAIN }

/** `sum += product`, or the square of the difference, of four lanes at an offset of both vectors. */
function accumulate(by: Lanes, sum: number, offset: number, isSquare: boolean): Code {
  const both = [get(AT), by.load(offset), get(VECTOR), by.load(offset)]
  const term = isSquare ? [both, by.subtract, set(A), get(A), get(A), by.multiply] : [both, by.multiply]
  return [get(sum), term, by.add, set(sum)]
}

function kernel(name: string, type: NumberType, isSquare: boolean): WasmFunction {
  const by = LANES[type]
  const result = isSquare ? by.total : [by.one, by.total, by.subtractNumbers]
  return {
    name,
    parameters: [...ADDRESS_TYPES, TYPE.i32, TYPE.f64],
    result: TYPE.i32,
    locals: [...ADDRESS_TYPES, TYPE.f64, ...LANE_TYPES],
    body: [
      block(
        loop(
          branchIf(1, get(DONE), get(COUNT), I32.equal),
          [get(PLACES), I32.load(0), int(PLACE_BITS), I32.shiftLeft, set(VECTOR)],
          SUMS.map(sum => [V128.zero, set(sum)]),
          [get(QUERY), set(AT), get(QUERY), get(BYTES), I32.add, set(END)],
          loop(
            SUMS.map((sum, i) => accumulate(by, sum, i * by.step, isSquare)),
            [get(VECTOR), int(4 * by.step), I32.add, set(VECTOR)],
            [get(AT), int(4 * by.step), I32.add, set(AT)],
            branchIf(0, get(AT), get(END), I32.notEqual),
          ),
          [result, by.toDouble, set(DISTANCE)],
          [get(OUT), get(DISTANCE), F64.store(0)],
          [get(DONE), int(1), I32.add, set(DONE)],
          [get(PLACES), int(4), I32.add, set(PLACES)],
          [get(OUT), int(8), I32.add, set(OUT)],
          branchIf(1, get(DISTANCE), get(LIMIT), F64.below),
          branchIf(0, int(1)),
        ),
      ),
      get(DONE),
    ],
  }
}

/** The binary of all kernels; each is exported under its name. */
export function kernelBinary(): Uint8Array {
  const kernels = NUMBER_TYPES.flatMap(type => [
    kernel(kernelName(type, 'L2'), type, true),
    kernel(kernelName(type, 'IP'), type, false),
  ])
  return assemble(kernels, PAGES_MAX)
}
