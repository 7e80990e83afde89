/* Replies in which a JSON value is a reply value: JSON.RESP, and FORMAT EXPAND of RESP3. */

import type { Reply } from 'redstrata/module'
import {
  ARRAY,
  countOf,
  DOUBLE,
  ESCAPED,
  FALSE,
  firstChild,
  INTEGER,
  KIND_MASK,
  keyLength,
  NULL,
  OBJECT,
  spanOf,
  STRING,
  textLength,
  TRUE,
} from '../document/node.ts'
import { numberValue } from '../document/number.ts'
import { hasEscapes, saidLength, writeSaid } from '../document/text.ts'
import type { Tree } from '../document/tree.ts'

/** Integers of so few digits are exact as numbers. */
const EXACT_DIGITS = 15

/** What a string says, as a bulk string; the bytes are those between its quotes. */
export function replySaid(reply: Reply, text: Buffer, start: number, end: number, escaped: boolean, spare: Tree): void {
  if (!escaped) {
    reply.bytes(text, start, end)
    return
  }
  const length = saidLength(text, start, end - start)
  spare.clear().reserve(0, length)
  writeSaid(text, start, end - start, spare.text, spare.start)
  reply.bytes(spare.text, spare.start, spare.start + length)
}

/** The name of a member, given where its value begins. */
export function replyKey(reply: Reply, doc: Tree, i: number, t: number, spare: Tree): void {
  const length = keyLength(doc.words, i)
  const start = t - length - 2
  replySaid(reply, doc.text, start, start + length, hasEscapes(doc.text, start, length), spare)
}

/** Null, numbers and strings, which are the same in both forms. True when the value was one of them. */
function replyPlain(reply: Reply, doc: Tree, i: number, t: number, spare: Tree): boolean {
  const { words, text } = doc
  const length = textLength(words, i)
  switch (words[i]! & KIND_MASK) {
    case NULL:
      reply.null()
      return true
    case INTEGER:
      if (length <= EXACT_DIGITS) reply.integer(numberValue(text, t, length))
      else reply.bigInteger(BigInt.asIntN(64, BigInt(text.latin1Slice(t, t + length))))
      return true
    case DOUBLE:
      reply.double(numberValue(text, t, length))
      return true
    case STRING:
      replySaid(reply, text, t + 1, t + length - 1, (words[i]! & ESCAPED) !== 0, spare)
      return true
    default:
      return false
  }
}

/** A value in the way of JSON.RESP: containers are lists that begin with their bracket. */
export function replyResp(reply: Reply, doc: Tree, i: number, t: number, spare: Tree): void {
  if (replyPlain(reply, doc, i, t, spare)) return
  const { words } = doc
  const kind = words[i]! & KIND_MASK
  if (kind < ARRAY) {
    reply.status(kind === TRUE ? 'true' : 'false')
    return
  }
  const count = countOf(words, i)
  reply.array(kind === OBJECT ? 1 + count * 2 : 1 + count)
  reply.status(kind === OBJECT ? '{' : '[')
  replyChildren(reply, doc, i, t, spare, replyResp)
}

/** A value in the types of RESP3: objects are maps. */
export function replyExpanded(reply: Reply, doc: Tree, i: number, t: number, spare: Tree): void {
  if (replyPlain(reply, doc, i, t, spare)) return
  const { words } = doc
  const kind = words[i]! & KIND_MASK
  if (kind < ARRAY) {
    reply.bool(kind !== FALSE)
    return
  }
  if (kind === OBJECT) reply.map(countOf(words, i))
  else reply.array(countOf(words, i))
  replyChildren(reply, doc, i, t, spare, replyExpanded)
}

type ReplyOne = (reply: Reply, doc: Tree, i: number, t: number, spare: Tree) => void

function replyChildren(reply: Reply, doc: Tree, i: number, t: number, spare: Tree, one: ReplyOne): void {
  const { words } = doc
  const object = (words[i]! & KIND_MASK) === OBJECT
  let child = firstChild(words, i)
  let at = t + 1
  for (let left = countOf(words, i); left > 0; left--) {
    if (object) {
      at += keyLength(words, child) + 3
      replyKey(reply, doc, child, at, spare)
    }
    one(reply, doc, child, at, spare)
    at += textLength(words, child) + 1
    child += spanOf(words, child)
  }
}
