/* VECTOR fields of FT.CREATE: `FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2`. */

import { type Args, Region, type ReplyError, replyError } from 'redstrata/module'
import { NUMBER_BYTES, type NumberType } from '../vector/number-type.ts'
import { badArguments } from '../words.ts'

const TYPES = ['FLOAT32', 'FLOAT64', 'FLOAT16', 'BFLOAT16']
const METRICS = ['L2', 'IP', 'COSINE']
const DIMENSIONS_MAX = 32768
/** Twice as many links must fit 16 bits in the real module. */
const LINKS_MAX = 32767
const UNKNOWN = 'Unknown argument'

/** Whole-number attributes by algorithm. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  FLAT: ['INITIAL_CAP', 'BLOCK_SIZE'],
  HNSW: ['INITIAL_CAP', 'M', 'EF_CONSTRUCTION', 'EF_RUNTIME'],
}

type Details = [string, string | number][]

/** The attributes of a vector field: algorithm, data_type, dim, distance_metric, then those of the algorithm. */
export function parseVectorDetails(args: Args): Details {
  const algorithm = word(args, 'vector similarity algorithm')
  if (NUMBERS[algorithm] === undefined) throw badArguments('vector similarity algorithm', UNKNOWN)
  const what = 'vector similarity number of parameters'
  const count = whole(args, what, 0)
  if (count % 2 !== 0)
    throw replyError(
      `Bad number of arguments for vector similarity index: got ${count} but expected even number as algorithm parameters (should be submitted as named arguments)`,
    )
  const given = new Map<string, string | number>()
  for (let i = 0; i < count; i += 2) attribute(args, algorithm, given)
  for (const name of ['TYPE', 'DIM', 'DISTANCE_METRIC']) if (!given.has(name)) throw missing(algorithm, name)
  const details: Details = [
    ['algorithm', algorithm],
    ['data_type', given.get('TYPE')!],
    ['dim', given.get('DIM')!],
    ['distance_metric', given.get('DISTANCE_METRIC')!],
  ]
  checkCapacity(given, algorithm)
  if (algorithm === 'HNSW') {
    details.push(['M', given.get('M') ?? 16], ['ef_construction', given.get('EF_CONSTRUCTION') ?? 200])
    if (given.has('EF_RUNTIME')) details.push(['ef_runtime', given.get('EF_RUNTIME')!])
    if (given.has('EPSILON')) details.push(['epsilon', given.get('EPSILON')!])
  }
  for (const name of ['INITIAL_CAP', 'BLOCK_SIZE'])
    if (given.has(name)) details.push([name.toLowerCase(), given.get(name)!])
  return details
}

/** Room is made as vectors come; what is asked for is only checked against what there can be. */
function checkCapacity(given: ReadonlyMap<string, string | number>, algorithm: string): void {
  const links = algorithm === 'HNSW' ? 2 * Number(given.get('M') ?? 16) : 0
  const bytes = Number(given.get('DIM')) * NUMBER_BYTES[given.get('TYPE') as NumberType] + links * 4
  const most = Math.floor(Region.bytesMax / bytes)
  const what = [
    ['INITIAL_CAP', 'initial capacity'],
    ['BLOCK_SIZE', 'block size'],
  ] as const
  for (const [name, text] of what) {
    const asked = Number(given.get(name) ?? 0)
    if (asked > most)
      throw replyError(`Vector index ${text} ${asked} exceeded server limit (${most} with the given parameters)`)
  }
}

function missing(algorithm: string, name: string): ReplyError {
  return replyError(`Missing mandatory parameter: cannot create ${algorithm} index without specifying ${name} argument`)
}

function attribute(args: Args, algorithm: string, given: Map<string, string | number>): void {
  const name = word(args, `vector similarity ${algorithm} index`)
  const what = `vector similarity ${algorithm} index \`${name}\``
  if (name === 'TYPE') given.set(name, oneOf(args, what, TYPES))
  else if (name === 'DISTANCE_METRIC') given.set(name, oneOf(args, what, METRICS))
  else if (name === 'DIM') given.set(name, whole(args, what, 1, DIMENSIONS_MAX))
  else if (name === 'EPSILON' && algorithm === 'HNSW') given.set(name, positive(args, what))
  else if (name === 'M' && algorithm === 'HNSW') given.set(name, whole(args, what, 1, LINKS_MAX))
  else if (NUMBERS[algorithm]!.includes(name)) given.set(name, whole(args, what, name === 'INITIAL_CAP' ? 0 : 1))
  else throw replyError(`Bad arguments for algorithm ${algorithm}: ${name}`)
}

function word(args: Args, what: string): string {
  if (args.left === 0) throw badArguments(what, 'Expected an argument, but none provided')
  return args.bytes().latin1().toUpperCase()
}

function oneOf(args: Args, what: string, values: readonly string[]): string {
  const value = word(args, what)
  if (!values.includes(value)) throw badArguments(what, UNKNOWN)
  return value
}

function whole(args: Args, what: string, low: number, high = 0xffffffff): number {
  const text = word(args, what)
  if (!/^[-+]?\d+$/.test(text)) throw badArguments(what, 'Could not convert argument to expected type')
  const n = Number(text)
  if (n < low || n > high) throw badArguments(what, 'Value is outside acceptable bounds')
  return n
}

function positive(args: Args, what: string): number {
  const n = Number(word(args, what))
  if (!(n > 0)) throw badArguments(what, 'Could not convert argument to expected type')
  return n
}
