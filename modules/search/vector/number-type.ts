/* Number types -- the four in which vectors are given and kept, and the way from and to JavaScript's numbers.
 *
 *                sign  exponent  fraction  bytes
 *      FLOAT64     1      11        52       8
 *      FLOAT32     1       8        23       4
 *      FLOAT16     1       5        10       2
 *      BFLOAT16    1       8         7       2      the upper half of a FLOAT32
 *
 * Bytes are little-endian, as they come in a blob. Writing rounds to the nearest, and to the even one of two. */

export type NumberType = 'FLOAT32' | 'FLOAT64' | 'FLOAT16' | 'BFLOAT16'

export const NUMBER_TYPES: readonly NumberType[] = ['FLOAT32', 'FLOAT64', 'FLOAT16', 'BFLOAT16']

/** Bytes of a number. */
export const NUMBER_BYTES: Readonly<Record<NumberType, number>> = { FLOAT32: 4, FLOAT64: 8, FLOAT16: 2, BFLOAT16: 2 }

/** The number of a FLOAT16's bits. */
export function halfValue(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  let size: number
  if (exponent === 31) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN
  else size = (exponent === 0 ? fraction : fraction + 1024) * HALF_UNITS[exponent]!
  return (bits & 0x8000) !== 0 ? -size : size
}

/** By exponent, what the last bit of a FLOAT16 is worth. */
const HALF_UNITS = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25))

/** The FLOAT16 bits of a number. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(size)) return 0x7e00
  if (size >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  // In units of the last bit; rounding up may carry into the exponent, which is just what it should do.
  const units = roundToEven(size / 2 ** (exponent - 10))
  return sign + (size < 2 ** -14 ? units : ((exponent + 15) << 10) + units - 1024)
}

function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest > 0.5 || (rest === 0.5 && (floor & 1) === 1) ? floor + 1 : floor
}

/** Reads and writes numbers of one type in bytes. */
export class NumberCodec {
  readonly type: NumberType
  readonly bytes: number
  readonly #scratch = new Float32Array(1)
  readonly #bits: Int32Array = new Int32Array(this.#scratch.buffer)

  constructor(type: NumberType) {
    this.type = type
    this.bytes = NUMBER_BYTES[type]
  }

  /** The number at an offset. */
  read(view: DataView, at: number): number {
    switch (this.type) {
      case 'FLOAT32':
        return view.getFloat32(at, true)
      case 'FLOAT64':
        return view.getFloat64(at, true)
      case 'FLOAT16':
        return halfValue(view.getUint16(at, true))
      case 'BFLOAT16':
        this.#bits[0] = view.getUint16(at, true) << 16
        return this.#scratch[0]!
    }
  }

  /** Write a number at an offset. */
  write(view: DataView, at: number, value: number): void {
    switch (this.type) {
      case 'FLOAT32':
        view.setFloat32(at, value, true)
        break
      case 'FLOAT64':
        view.setFloat64(at, value, true)
        break
      case 'FLOAT16':
        view.setUint16(at, halfBits(value), true)
        break
      case 'BFLOAT16':
        view.setUint16(at, this.#brainBits(value), true)
    }
  }

  #brainBits(value: number): number {
    this.#scratch[0] = value
    const bits = this.#bits[0]!
    if (Number.isNaN(value)) return 0x7fc0
    // Half of the last bit kept, less a hair when that bit is even.
    return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
  }
}
