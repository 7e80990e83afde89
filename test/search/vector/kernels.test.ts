import { ACCOUNT, Memory, PLACE_BITS, Region, SeededRandom } from 'redstrata/module'
import { describe, expect, it } from 'vitest'
import { Kernels, type Metric, VECTOR_ALIGN } from '../../../modules/search/vector/kernel.ts'
import {
  halfBits,
  halfValue,
  NUMBER_TYPES,
  NumberCodec,
  type NumberType,
} from '../../../modules/search/vector/number-type.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 400 : 20
const VECTORS = 7

/** Vectors in a region: the query first, then some, then a list of their places, then room for distances. */
class Vectors {
  readonly region: Region
  readonly bytes: number
  readonly #query: number
  readonly #list: number
  readonly #out: number
  readonly #dimensions: number
  readonly #codec: NumberCodec

  constructor(region: Region, type: NumberType, dimensions: number) {
    this.region = region
    this.#codec = new NumberCodec(type)
    this.#dimensions = dimensions
    this.bytes = Math.ceil((dimensions * this.#codec.bytes) / VECTOR_ALIGN) * VECTOR_ALIGN
    this.#query = this.region.allocate(ACCOUNT.index, this.bytes * (VECTORS + 1) + VECTORS * 12 + 16) << PLACE_BITS
    this.#list = this.#query + this.bytes * (VECTORS + 1)
    this.#out = (this.#list + VECTORS * 4 + 7) & ~7
    for (let i = 0; i < VECTORS; i++)
      this.region.i32[(this.#list >>> 2) + i] = (this.#query + this.bytes * (i + 1)) >>> PLACE_BITS
  }

  fill(next: () => number): void {
    const view = new DataView(this.region.u8.buffer)
    for (let v = 0; v <= VECTORS; v++)
      for (let i = 0; i < this.#dimensions; i++)
        this.#codec.write(view, this.#query + v * this.bytes + i * this.#codec.bytes, next())
  }

  distances(kernels: Kernels, type: NumberType, metric: Metric, limit = Number.NEGATIVE_INFINITY): number[] {
    const done = kernels.for(type, metric)(this.#query, this.#list, VECTORS, this.#out, this.bytes, limit)
    return [...this.region.f64.subarray(this.#out >>> 3, (this.#out >>> 3) + done)]
  }

  /** As they are defined, in doubles. */
  naive(metric: Metric): number[] {
    const view = new DataView(this.region.u8.buffer)
    const at = (v: number, i: number) => this.#codec.read(view, this.#query + v * this.bytes + i * this.#codec.bytes)
    return Array.from({ length: VECTORS }, (_, v) => {
      let sum = 0
      for (let i = 0; i < this.#dimensions; i++)
        sum += metric === 'L2' ? (at(0, i) - at(v + 1, i)) ** 2 : at(0, i) * at(v + 1, i)
      return metric === 'L2' ? sum : 1 - sum
    })
  }
}

describe.each(NUMBER_TYPES)('kernels for %s', type => {
  const region = new Region(new Memory())
  const wasm = new Kernels(region)
  const plain = new Kernels(region, false)

  it.each(['L2', 'IP'] as const)(
    'of %s give the same bits in WebAssembly and in JavaScript, near the definition',
    metric => {
      const random = new SeededRandom(11)
      for (let round = 0; round < ROUNDS; round++) {
        const dimensions = 1 + random.below(round % 4 === 0 ? 300 : 20)
        const vectors = new Vectors(region, type, dimensions)
        const wasm = new Kernels(vectors.region)
        expect(wasm.isWasm).toBe(true)
        vectors.fill(() => random.next() * 4 - 2)
        const found = vectors.distances(wasm, type, metric)
        expect(found).toEqual(vectors.distances(plain, type, metric))
        const naive = vectors.naive(metric)
        for (let i = 0; i < VECTORS; i++) expect(Math.abs(found[i]! - naive[i]!)).toBeLessThan(1e-4 * (1 + dimensions))
      }
    },
  )

  it('agree on numbers at the ends of the range, infinite ones and those that are none', () => {
    const odd = [0, -0, 1e-45, -6e-8, 5.96e-8, 6.1e-5, 65504, -65504, 3e38, Number.POSITIVE_INFINITY, Number.NaN]
    for (const metric of ['L2', 'IP'] as const) {
      const random = new SeededRandom(2)
      for (let round = 0; round < ROUNDS; round++) {
        const vectors = new Vectors(region, type, 1 + random.below(3))
        vectors.fill(() => odd[random.below(odd.length)]!)
        const found = vectors.distances(plain, type, metric)
        expect(vectors.distances(wasm, type, metric)).toEqual(found)
      }
    }
  })

  it('stop behind the first distance below the limit', () => {
    const random = new SeededRandom(8)
    const vectors = new Vectors(region, type, 10)
    vectors.fill(() => random.next())
    for (const kernels of [wasm, plain]) {
      const all = vectors.distances(kernels, type, 'L2')
      const limit = [...all].sort((a, b) => a - b)[1]!
      const expected = all.slice(0, all.findIndex(d => d < limit) + 1)
      expect(vectors.distances(kernels, type, 'L2', limit)).toEqual(expected)
    }
  })
})

describe('numbers in two bytes', () => {
  it('every FLOAT16 is written as it was read', () => {
    for (let bits = 0; bits < 65536; bits++)
      if (!Number.isNaN(halfValue(bits)) && halfBits(halfValue(bits)) !== bits) throw new Error(bits.toString(16))
  })

  it('are rounded to the nearest, to the even one of two, and to infinity', () => {
    const halves = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 65519, 65520, 2 ** -25, 2 ** -25 * 1.01]
    expect(halves.map(halfBits)).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7bff, 0x7c00, 0, 1])
    const view = new DataView(Uint8Array.of(0, 0).buffer)
    const codec = new NumberCodec('BFLOAT16')
    const bits = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.3e38, 3.4e38, -1].map(value => {
      codec.write(view, 0, value)
      return view.getUint16(0, true)
    })
    expect(bits).toEqual([0x3f80, 0x3f82, 0x7f78, 0x7f80, 0xbf80])
  })
})
