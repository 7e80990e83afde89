/* Assembler -- just enough of one to write the distance kernels in WebAssembly.
 *
 * A function is written as a list of instructions by small words that give bytes, and nests as it reads:
 *
 *      loop(get(p), load, get(sum), add, set(sum), branchIf(0, get(p), get(end), below))
 *
 * A binary is a magic number and sections, each a number, a length and its content; numbers are LEB128. Only what the
 * kernels need is here: one imported memory, exported functions, 32-bit integers, floats, and lanes of 128 bits. */

/** Bytes of instructions; lists may hold lists. */
export type Code = readonly (number | Code)[]

/** Types of values. */
export const TYPE = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const

/** A function to be exported. */
export interface WasmFunction {
  readonly name: string
  readonly parameters: readonly number[]
  readonly result: number
  readonly locals: readonly number[]
  readonly body: Code
}

/** Unsigned LEB128. */
export function leb(n: number): number[] {
  const bytes: number[] = []
  for (let rest = n >>> 0; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest]
    bytes.push((rest & 0x7f) | 0x80)
  }
}

function signedLeb(n: number): number[] {
  const bytes: number[] = []
  for (let rest = n | 0; ; rest >>= 7) {
    const byte = rest & 0x7f
    if (rest >> 6 === 0 || rest >> 6 === -1) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

const simd = (opcode: number): Code => [0xfd, ...leb(opcode)]
/** A load or store: its alignment as a power of two, then its offset. */
const memory =
  (opcode: Code, align: number) =>
  (offset: number): Code => [opcode, align, ...leb(offset)]

export const get = (local: number): Code => [0x20, ...leb(local)]
export const set = (local: number): Code => [0x21, ...leb(local)]
export const int = (n: number): Code => [0x41, ...signedLeb(n)]
export const single = (n: number): Code => [0x43, ...new Uint8Array(Float32Array.of(n).buffer)]
export const double = (n: number): Code => [0x44, ...new Uint8Array(Float64Array.of(n).buffer)]

/** Code that is run again by `branchIf(0, ...)`; a branch out of it needs a block around it. */
export const loop = (...body: Code[]): Code => [0x03, 0x40, body, 0x0b]
export const block = (...body: Code[]): Code => [0x02, 0x40, body, 0x0b]
/** To the loop's beginning or behind the block that is `depth` levels out. */
export const branchIf = (depth: number, ...condition: Code[]): Code => [condition, 0x0d, ...leb(depth)]

export const I32 = {
  load: memory([0x28], 2),
  equal: [0x46],
  notEqual: [0x47],
  below: [0x49],
  add: [0x6a],
  shiftLeft: [0x74],
} as const

export const F32 = { add: [0x92], subtract: [0x93], toDouble: [0xbb] } as const
export const F64 = {
  store: memory([0x39], 3),
  below: [0x63],
  add: [0xa0],
  subtract: [0xa1],
  fromSingle: [0xbb],
} as const

export const V128 = {
  load: memory(simd(0x00), 4),
  /** Four 16-bit numbers as 32-bit ones. */
  load16x4: memory(simd(0x04), 3),
  zero: [simd(0x0c), new Array<number>(16).fill(0)],
  and: simd(0x4e),
  or: simd(0x50),
} as const

/** A 32-bit pattern in each of four lanes. */
export const lanes = (bits: number): Code => [
  simd(0x0c),
  [0, 1, 2, 3].flatMap(() => [...new Uint8Array(Int32Array.of(bits).buffer)]),
]

export const I32X4 = { greater: simd(0x3b), shiftLeft: simd(0xab) } as const
export const F32X4 = {
  lane: (i: number): Code => [simd(0x1f), i],
  add: simd(0xe4),
  subtract: simd(0xe5),
  multiply: simd(0xe6),
} as const
export const F64X2 = {
  lane: (i: number): Code => [simd(0x21), i],
  add: simd(0xf0),
  subtract: simd(0xf1),
  multiply: simd(0xf2),
} as const

/** The bytes of a module that imports `region.memory` and exports functions. */
export function assemble(functions: readonly WasmFunction[], pagesMax: number): Uint8Array {
  const types = functions.map(f => [0x60, list(f.parameters.map(type => [type])), list([[f.result]])])
  const bodies = functions.map(f => sized([list(f.locals.map(type => [1, type])), f.body, 0x0b]))
  const memoryImport = [text('region'), text('memory'), 0x02, 0x01, leb(1), leb(pagesMax)]
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(types)),
      section(2, list([memoryImport])),
      section(3, list(functions.map((_, i) => leb(i)))),
      section(7, list(functions.map((f, i) => [text(f.name), 0x00, leb(i)]))),
      section(10, list(bodies)),
    ]),
  )
}

function flat(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part)
    else flat(part, into)
  }
  return into
}

function list(items: readonly Code[]): Code {
  return [leb(items.length), items]
}

function sized(content: Code): Code {
  const bytes = flat(content)
  return [leb(bytes.length), bytes]
}

function section(number: number, content: Code): Code {
  return [number, sized(content)]
}

function text(characters: string): Code {
  return sized([...Buffer.from(characters)])
}
