/* redstrata/module -- all that a module may import.
 *
 * A module is a file with a default export that says its name and version, and what it does to a server that loads it:
 *
 *      import { cmd, type Module } from 'redstrata/module'
 *
 *      export default {
 *        name: 'hello',
 *        version: 1,
 *        load(host) {
 *          host.commands([cmd('HELLO.WORLD name', 'read fast', '', ({ reply }, args) => reply.text(`hello ${args.text()}`))])
 *        },
 *      } satisfies Module
 *
 * The import gives types and pure functions. Everything with state comes through `host`, one for each server that
 * loads the module: what a module keeps, it keeps in what `load` makes. The native features use the same calls. */

export { compareRanges, copyBytes, equalRanges, NO_BYTES, Range, sameBytes } from '../base/bytes.ts'
export type { Clock, Timer } from '../base/clock.ts'
export { Crc64 } from '../base/crc.ts'
export { ERR, oneLine, ReplyError, replyError } from '../base/errors.ts'
export { matchGlob } from '../base/glob.ts'
export * from '../base/murmur.ts'
export * from '../base/numbers.ts'
export { type Random, SeededRandom } from '../base/random.ts'
export { type HashKey, sipHash } from '../base/siphash.ts'
export { Args } from '../command/args.ts'
export type { AuxData } from '../command/aux-data.ts'
export type { Client } from '../command/client.ts'
export {
  booleanParameter,
  memoryParameter,
  numberParameter,
  type Parameter,
  textParameter,
  wordParameter,
} from '../command/config.ts'
export type { Context } from '../command/context.ts'
export { type Command, cmd, type Handler, sub } from '../command/spec.ts'
export type { Suspended } from '../command/suspend.ts'
export { takeTimeout } from '../command/timeout.ts'
export type { Database } from '../keyspace/database.ts'
export { EVENT } from '../keyspace/event.ts'
export type { EventDetail } from '../keyspace/keyspace.ts'
export {
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  type NamedParts,
  type SaveSink,
  type TypeDeclaration,
  type Span,
  type ValueType,
  View,
} from '../keyspace/value-type.ts'
export {
  ACCOUNT,
  type Account,
  type Address,
  ArenaFull,
  type Guard,
  Memory,
  SLAB_BITS,
  UNIT_MASK,
} from '../memory/arena.ts'
export { Dict } from '../memory/dict.ts'
export { type Place, PLACE_BITS, Region } from '../memory/region.ts'
export { ErrorReply, type ReplyValue } from '../resp/reader.ts'
export { Reply, SegmentPool } from '../resp/reply.ts'
export { writeHash } from '../types/hash/reply.ts'
export { hashType } from '../types/hash/type.ts'
export { HashView } from '../types/hash/value.ts'
export type { Host, KeyListener, Module } from './host.ts'
export type { Play } from './rehearsal.ts'
export { Lines, type Stage } from './stage.ts'
