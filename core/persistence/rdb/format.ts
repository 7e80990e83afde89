/* RDB format -- the numbers of Redis's dump files, and the names of modules' types.
 *
 *     "REDIS" "0012"                                          magic and version
 *     250 "redis-ver" "7.4.1"   ...                           aux fields
 *     247 module aux            245 function library          before the keys (a module may also ask for "after")
 *     254 0   251 keys expires                                database 0, how many keys to expect
 *     [252 ms | 253 s] [248 idle | 249 freq] type key value   each key
 *     255  crc64                                              the end
 *
 * A DUMP payload is `type value`, the version in two bytes, and the sum.
 *
 * Versions 1 to 12 are read. What each added: 2 times in ms; 3 (Redis 2.6) ziplists, intsets; 5 sums; 6 lists of ziplists in
 * quicklists (7); 8 binary scores, modules; 9 streams, LRU and LFU; 10 (Redis 7.0) listpacks, functions; 11 (7.2) listpacks
 * of sets, active times of consumers; 12 (7.4) hash fields that expire, slot sizes. */

/** What is written, and the highest version that is read. */
export const RDB_VERSION = 12
/** No string may be longer. */
export const STRING_BYTES_MAX = 0x7fffffff

/** How a value is encoded. */
export const TYPE = {
  string: 0,
  list: 1,
  set: 2,
  zsetText: 3,
  hash: 4,
  zset: 5,
  modulePreGa: 6,
  module: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  stream: 15,
  hashListpack: 16,
  zsetListpack: 17,
  listQuicklist2: 18,
  stream2: 19,
  setListpack: 20,
  stream3: 21,
  hashTimesPreGa: 22,
  hashListpackTimesPreGa: 23,
  hashTimes: 24,
  hashListpackTimes: 25,
} as const

/** What stands in the place of a type. */
export const OPCODE = {
  slotInfo: 244,
  function: 245,
  functionPreGa: 246,
  moduleAux: 247,
  idle: 248,
  freq: 249,
  aux: 250,
  resize: 251,
  expireMs: 252,
  expireSeconds: 253,
  selectDb: 254,
  eof: 255,
} as const

/** How the node of a quicklist holds its elements: one as plain bytes, or several in a listpack. */
export const CONTAINER = { plain: 1, packed: 2 } as const

/** Which parts of a module's value may stand in which order is the module's affair; each part tells its kind. */
export const PART = { eof: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const

/** The kinds of value that types stand for, whatever the encoding. */
export type ValueKind = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'module'

const KINDS: readonly (readonly [ValueKind, readonly number[]])[] = [
  ['string', [TYPE.string]],
  ['list', [TYPE.list, TYPE.listZiplist, TYPE.listQuicklist, TYPE.listQuicklist2]],
  ['set', [TYPE.set, TYPE.setIntset, TYPE.setListpack]],
  ['zset', [TYPE.zsetText, TYPE.zset, TYPE.zsetZiplist, TYPE.zsetListpack]],
  [
    'hash',
    [
      TYPE.hash,
      TYPE.hashZipmap,
      TYPE.hashZiplist,
      TYPE.hashListpack,
      TYPE.hashTimesPreGa,
      TYPE.hashListpackTimesPreGa,
      TYPE.hashTimes,
      TYPE.hashListpackTimes,
    ],
  ],
  ['stream', [TYPE.stream, TYPE.stream2, TYPE.stream3]],
  ['module', [TYPE.module]],
]
const KIND_OF: readonly (ValueKind | null)[] = Array.from(
  { length: 256 },
  (_, type) => KINDS.find(([, types]) => types.includes(type))?.[0] ?? null,
)

/** The kind of value of an RDB type, null for a number that is none that can be read. */
export function kindOf(type: number): ValueKind | null {
  return KIND_OF[type] ?? null
}

/** Every length and reference has its place in the file; this says what is wrong there. */
export class RdbError extends Error {
  /** Bytes from the beginning of the file or payload. */
  readonly offset: number
  readonly problem: string

  constructor(problem: string, offset: number) {
    super(`${problem} at offset ${offset}`)
    this.name = 'RdbError'
    this.problem = problem
    this.offset = offset
  }
}

const MODULE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const MODULE_NAME_LENGTH = 9

/**
 * The 64-bit number by which a module's type is known: nine characters of 6 bits, then 10 bits of version.
 * @throws RangeError for a name or version that has none.
 */
export function moduleId(name: string, version: number): bigint {
  if (name.length !== MODULE_NAME_LENGTH || version < 0 || version > 1023) throw new RangeError(`no module id: ${name}`)
  let id = 0n
  for (const character of name) {
    const digit = MODULE_ALPHABET.indexOf(character)
    if (digit < 0) throw new RangeError(`no module id: ${name}`)
    id = (id << 6n) | BigInt(digit)
  }
  return (id << 10n) | BigInt(version)
}

/** The name and version in a module's id. */
export function moduleOf(id: bigint): { name: string; version: number } {
  let name = ''
  for (let i = MODULE_NAME_LENGTH - 1; i >= 0; i--) name += MODULE_ALPHABET[Number((id >> BigInt(10 + 6 * i)) & 63n)]
  return { name, version: Number(id & 1023n) }
}
