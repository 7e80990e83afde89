/* Hash reply -- all fields of a hash with their values, as HGETALL sends them.
 *
 * A packed hash is one piece of memory and becomes one piece of the reply: its entries are copied one behind the other,
 * each between a header and a line end, with one look at the room for all of them. */

import { writeInteger } from '../../base/numbers.ts'
import type { Reply } from '../../resp/reply.ts'
import { count, first, size } from '../../structs/packed.ts'
import type { HashView } from './value.ts'

/** Bytes that an entry may take beside its own: `$`, its length, and two line ends. */
const FRAME_BYTES = 9
/** Regions that are copied at once; larger ones go field by field into as many segments as it takes. */
const REGION_MAX = 16 << 10
/** The tag of an entry that is its own length; greater ones have it behind them. */
const SHORT_MAX = 0xdf
const BYTES_16 = 0xe0
/** Above this many bytes the built-in copy beats a loop. */
const LOOP_MAX = 48
const DOLLAR = 36
const CR = 13
const LF = 10

/** Write a hash as a map. */
export function writeHash(reply: Reply, hash: HashView): void {
  reply.map(hash.length)
  if (hash.isPacked && !hash.isTimed) {
    const { buf, start } = hash.region
    const bytes = size(buf, start)
    if (bytes <= REGION_MAX) {
      writeEntries(reply, buf, first(start), count(buf, start), bytes)
      return
    }
  }
  hash.each((field, value) => {
    reply.bulk(field)
    reply.bulk(value)
  })
}

/** Write entries that are all bytes and take at most `bytes` bytes together. */
function writeEntries(reply: Reply, from: Buffer, position: number, entries: number, bytes: number): void {
  reply.room(bytes + entries * FRAME_BYTES)
  const { buf } = reply
  let at = reply.at
  for (let entry = 0; entry < entries; entry++) {
    let length = from[position++]!
    if (length > SHORT_MAX) {
      const isShort = length === BYTES_16
      length = from[position]! | (from[position + 1]! << 8)
      position += isShort ? 2 : 4
    }
    buf[at] = DOLLAR
    at = writeInteger(buf, at + 1, length)
    buf[at] = CR
    buf[at + 1] = LF
    at += 2
    if (length <= LOOP_MAX) for (let i = 0; i < length; i++) buf[at + i] = from[position + i]!
    else from.copy(buf, at, position, position + length)
    at += length
    position += length
    buf[at] = CR
    buf[at + 1] = LF
    at += 2
  }
  reply.at = at
}
