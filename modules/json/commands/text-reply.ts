/* Replies that are JSON text: matches as a list, put together where the client will read them. */

import { NUMBER_BYTES_MAX, type Reply, writeInteger } from 'redstrata/module'
import { textLength } from '../document/node.ts'
import type { Tree } from '../document/tree.ts'
import type { Matches } from '../path/eval.ts'

const COMMA = 0x2c
const OPEN = 0x5b
const CLOSE = 0x5d
const DOLLAR = 0x24
const CR = 0x0d
const LF = 0x0a
const LOOP_MAX = 40
const BRACKETS: Buffer = Buffer.from('[],')

/** A bulk string `[match,match,…]`. */
export function replyList(reply: Reply, doc: Tree, matches: Matches): void {
  const { words, text } = doc
  const { count } = matches
  let length = count > 1 ? count + 1 : 2
  for (let n = 0; n < count; n++) length += textLength(words, matches.i[n]!)
  reply.room(length + NUMBER_BYTES_MAX)
  const { buf } = reply
  let at = reply.at
  buf[at++] = DOLLAR
  at = writeInteger(buf, at, length)
  buf[at++] = CR
  buf[at++] = LF
  buf[at++] = OPEN
  for (let n = 0; n < count; n++) {
    if (n > 0) buf[at++] = COMMA
    const t = matches.t[n]!
    const end = t + textLength(words, matches.i[n]!)
    if (end - t <= LOOP_MAX) for (let p = t; p < end; p++) buf[at++] = text[p]!
    else {
      text.copy(buf, at, t, end)
      at += end - t
    }
  }
  buf[at++] = CLOSE
  buf[at++] = CR
  buf[at++] = LF
  reply.at = at
}

/** The same behind what a draft holds. */
export function printedList(doc: Tree, matches: Matches, out: Tree): void {
  out.putText(BRACKETS, 0, 1)
  for (let n = 0; n < matches.count; n++) {
    if (n > 0) out.putText(BRACKETS, 2, 1)
    out.putText(doc.text, matches.t[n]!, textLength(doc.words, matches.i[n]!))
  }
  out.putText(BRACKETS, 1, 1)
}

/** A bulk string of one value's text. */
export function replyText(reply: Reply, doc: Tree, i: number, t: number): void {
  reply.bytes(doc.text, t, t + textLength(doc.words, i))
}
