/* Ids on the wire: arguments that name one, and replies that tell one. */

import type { Range } from '../../base/bytes.ts'
import type { Args } from '../../command/args.ts'
import type { Reply } from '../../resp/reply.ts'
import { ID_TEXT_BYTES, parseId, SPELLED, type StreamId, writeId } from '../../structs/stream-id.ts'
import { STREAM_ERR } from './errors.ts'

/** Longer arguments are no ids, whatever they hold. */
const ARGUMENT_BYTES_MAX = 127
const PAREN = 40
const PLUS = 43
const MINUS = 45

/** Read `ms-seq` or `ms`, whose sequence is then 0. False when it is neither. */
export function readExactId(text: Range, out: StreamId): boolean {
  if (text.end - text.start > ARGUMENT_BYTES_MAX) return false
  const spelled = parseId(text.buf, text.start, text.end, out)
  return spelled === SPELLED.whole || spelled === SPELLED.withoutSeq
}

/** Take the next argument, an id as readExactId has it. */
export function takeId(args: Args, out: StreamId): StreamId {
  if (!readExactId(args.bytes(), out)) throw STREAM_ERR.invalidId
  return out
}

/** Take the next argument if it is `-` or `+`, the least and the greatest id; else leave it. */
export function takeExtreme(args: Args, out: StreamId): boolean {
  const { buf, start, end } = args.at(args.position)
  if (end - start !== 1 || (buf[start] !== MINUS && buf[start] !== PLUS)) return false
  args.position++
  if (buf[start] === MINUS) out.setMin()
  else out.setMax()
  return true
}

/** Take the lower end of a range: `-`, an id, or `(` and an id that is itself left out. */
export function takeStart(args: Args, out: StreamId): StreamId {
  const text = args.bytes()
  if (readBound(text, out, false) && !out.increment()) throw STREAM_ERR.invalidStart
  return out
}

/** Take the upper end of a range: `+`, an id, or `(` and an id. An id without a sequence means all of its millisecond. */
export function takeEnd(args: Args, out: StreamId): StreamId {
  const text = args.bytes()
  if (readBound(text, out, true) && !out.decrement()) throw STREAM_ERR.invalidEnd
  return out
}

/** Read an end of a range. True when it is to be left out. */
function readBound(text: Range, out: StreamId, isEnd: boolean): boolean {
  const { buf, start, end } = text
  const first = start < end ? buf[start]! : 0
  if (end - start === 1 && first === MINUS) out.setMin()
  else if (end - start === 1 && first === PLUS) out.setMax()
  else {
    const open = end - start > 1 && first === PAREN
    if (end - start > ARGUMENT_BYTES_MAX) throw STREAM_ERR.invalidId
    const spelled = parseId(buf, open ? start + 1 : start, end, out)
    if (spelled !== SPELLED.whole && spelled !== SPELLED.withoutSeq) throw STREAM_ERR.invalidId
    if (isEnd && spelled === SPELLED.withoutSeq) out.setSeqMax()
    return open
  }
  return false
}

/** Reply with an id, a bulk string. */
export function replyId(reply: Reply, id: StreamId): void {
  reply.room(ID_TEXT_BYTES + 8)
  const buf = reply.buf
  const at = reply.at
  // The text is written where it belongs if its length has two digits, as it nearly always has.
  let end = writeId(buf, at + 5, id)
  const length = end - at - 5
  buf[at] = 36
  if (length >= 10) {
    buf[at + 1] = 48 + ((length / 10) | 0)
    buf[at + 2] = 48 + (length % 10)
    buf[at + 3] = 13
    buf[at + 4] = 10
  } else {
    buf.copyWithin(at + 4, at + 5, end)
    end--
    buf[at + 1] = 48 + length
    buf[at + 2] = 13
    buf[at + 3] = 10
  }
  buf[end] = 13
  buf[end + 1] = 10
  reply.at = end + 2
}
