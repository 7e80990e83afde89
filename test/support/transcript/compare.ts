/* Compare -- whether two replies agree: exactly, or as far as a projection from one mode to another allows.
 *
 * A transcript is exact in the protocol that it was recorded in (`sameReply`). Other modes are held against the same
 * recording through one projection, which says what RESP3 (`projects`) or a call in process (`fitsValue`) may make of a
 * RESP2 answer, and nothing more:
 *
 *      RESP2                        RESP3                     because
 *      nil, nil-array               _                         one null
 *      "1.5"                        ,1.5                      a double's text is the same text
 *      :1 or :0                     #t or #f
 *      :-1                          #f                        a third answer of CF.INSERT, which RESP3 has no room for
 *      [:3]                         {+"items" :3}             one figure of BF.INFO is named
 *      ["a" "1" "b" "2"]            {"a" "1" "b" "2"}         maps were flat lists, in any order
 *      [["a" [..]] ["b" [..]]]      {"a" [..] "b" [..]}       or lists of pairs
 *      ["a" "1" "b" "2"]            [["a" ,1] ["b" ,2]]       members with scores are paired
 *      ["x" "y"]                    ~["y" "x"]                sets have no order
 *      ["message" "c" "m"]          >["message" "c" "m"]
 *      "text"                       ="txt:text"
 *
 * Everything else must agree as in `sameReply`; what is inside is projected in turn. */

import { ErrorReply, PushReply, type ReplyValue, VerbatimString } from '../../../core/resp/reader.ts'
import { type Comparison, numberOf } from './notation.ts'
import { type Aggregate, isAggregate, isNil, type Reply, type Scalar } from './reply.ts'

export const EXACT: Comparison = { unordered: false, pairs: false, approx: false }

type Agree<T> = (want: Reply, got: T, how: Comparison) => boolean

/** Whether a reply is the expected one. */
export function sameReply(want: Reply, got: Reply, how: Comparison = EXACT): boolean {
  if (want.kind !== got.kind) return false
  if (isAggregate(want)) return isAggregate(got) && sameItems(want, got, how)
  if (isNil(want) || isNil(got) || isAggregate(got)) return true
  return sameText(want, got, how)
}

function sameText(want: Scalar, got: Scalar, how: Comparison): boolean {
  if (want.text === got.text) return true
  return how.approx && near(numberOf(want), numberOf(got))
}

function near(a: number, b: number): boolean {
  return Number.isFinite(a) && Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))
}

function sameItems(want: Aggregate, got: Aggregate, how: Comparison): boolean {
  if (want.kind === '%') return agreeUnordered(want.items, got.items, 2, how, sameReply)
  if (want.kind === '~' || how.unordered)
    return agreeUnordered(want.items, got.items, how.pairs ? 2 : 1, how, sameReply)
  return agreeInOrder(want.items, got.items, how, sameReply)
}

function agreeInOrder<T>(want: readonly Reply[], got: readonly T[], how: Comparison, agree: Agree<T>): boolean {
  return want.length === got.length && want.every((item, i) => agree(item, got[i], how))
}

/** Whether the groups of `size` items can be matched one to one. */
function agreeUnordered<T>(
  want: readonly Reply[],
  got: readonly T[],
  size: number,
  how: Comparison,
  agree: Agree<T>,
): boolean {
  if (want.length !== got.length || want.length % size !== 0) return false
  const left = groups(got, size)
  return groups(want, size).every(group => {
    const at = left.findIndex(other => group.every((item, i) => agree(item, other[i], how)))
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size))
}

/** The same for a blocking command inside a transaction, which does not wait and says so with either null. */
export function sameUnblocked(want: Reply, got: Reply, how: Comparison = EXACT): boolean {
  return sameReply(want, got, how) || (want.kind === 'nil-array' && got.kind === 'nil')
}

/** The same for what has been through a script, to which both nulls are one and numbers are doubles; at any depth. */
export function sameThroughScript(want: Reply, got: Reply, how: Comparison = EXACT): boolean {
  if (isNil(want)) return got.kind === 'nil'
  if (want.kind === ':') return got.kind === ':' && String(asDouble(want.text)) === got.text
  if (!isAggregate(want)) return sameReply(want, got, how)
  if (!isAggregate(got) || want.kind !== got.kind) return false
  if (how.unordered) return agreeUnordered(want.items, got.items, how.pairs ? 2 : 1, how, sameThroughScript)
  return agreeInOrder(want.items, got.items, how, sameThroughScript)
}

/** The integer of 64 bits that is left of one that was a double for a while. */
function asDouble(text: string): bigint {
  return BigInt.asIntN(64, BigInt(Number(text)))
}

/** Whether `got`, answered in RESP3, is what became of `want`, which was recorded in RESP2. */
export function projects(want: Reply, got: Reply, how: Comparison = EXACT): boolean {
  if (isNil(got)) return isNil(want)
  if (isAggregate(got)) return isAggregate(want) && want.kind === '*' && projectsItems(want, got, how)
  if (isNil(want) || isAggregate(want)) return false
  switch (got.kind) {
    case ',':
      return (want.kind === '$' || want.kind === '+') && sameNumber(want, got, how)
    case '#':
      return want.kind === ':' && isTruth(want.text, got.text === 't')
    case '=':
      return want.kind === '$' && want.text === got.text.slice(4)
    case '(':
      return (want.kind === '$' || want.kind === ':') && want.text === got.text
    default:
      return want.kind === got.kind && sameText(want, got, how)
  }
}

/** A RESP3 reply as RESP2 would most plainly say it, for patterns over the printed reply. */
export function plainly(reply: Reply): Reply {
  if (isNil(reply)) return { kind: 'nil' }
  if (isAggregate(reply)) return { kind: '*', items: reply.items.map(plainly) }
  if (reply.kind === '#') return { kind: ':', text: reply.text === 't' ? '1' : '0' }
  if (reply.kind === ',' || reply.kind === '(') return { kind: '$', text: reply.text }
  return reply.kind === '=' ? { kind: '$', text: reply.text.slice(4) } : reply
}

/** Whether a number is what a boolean was before. */
function isTruth(text: string, truth: boolean): boolean {
  return truth ? text === '1' : text === '0' || text === '-1'
}

/** The plain forms of a RESP3 reply that a pattern may fit: a single figure was not named in RESP2. */
export function plainForms(reply: Reply): Reply[] {
  const plain = plainly(reply)
  if (!isAggregate(reply) || reply.kind !== '%' || reply.items.length !== 2) return [plain]
  return [plain, { kind: '*', items: [plainly(reply.items[1])] }]
}

/** A double against the text that stood for it: the same text, or, for modules that have two forms, the same number. */
function sameNumber(want: Scalar, got: Scalar, how: Comparison): boolean {
  if (want.text === got.text) return true
  if (want.kind === '+') return want.text.toLowerCase() === got.text || numberOf(want) === numberOf(got)
  return sameText(want, got, how)
}

function projectsItems(want: Aggregate, got: Aggregate, how: Comparison): boolean {
  switch (got.kind) {
    case '%':
      return (
        agreeUnordered(want.items, got.items, 2, how, projects) ||
        (got.items.length === 2 && agreeInOrder(want.items, got.items.slice(1), how, projects)) ||
        (want.items.every(isPair) && agreeUnordered(flat(want.items), got.items, 2, how, projects))
      )
    case '~':
      return agreeUnordered(want.items, got.items, 1, how, projects)
    default: {
      if (inTheirOrder(want.items, got.items, how)) return true
      const paired = got.items.length > 0 && got.items.every(isPair) && want.items.length === got.items.length * 2
      return paired && inTheirOrder(want.items, flat(got.items), how)
    }
  }
}

function inTheirOrder(want: readonly Reply[], got: readonly Reply[], how: Comparison): boolean {
  if (how.unordered) return agreeUnordered(want, got, how.pairs ? 2 : 1, how, projects)
  return agreeInOrder(want, got, how, projects)
}

function isPair(reply: Reply): boolean {
  return isAggregate(reply) && reply.kind === '*' && reply.items.length === 2
}

function flat(items: readonly Reply[]): Reply[] {
  return items.flatMap(item => (isAggregate(item) ? item.items : [item]))
}

/**
 * Whether a value that `server.call` gave is what became of `want`, which was recorded in RESP2. A status and a string
 * are both text here, and a double may look like an integer; apart from that the projection is the one to RESP3.
 */
export function fitsValue(want: Reply, got: ReplyValue, how: Comparison = EXACT): boolean {
  if (got === null) return isNil(want)
  if (got instanceof ErrorReply) return want.kind === '-' && want.text === latin1(got.message)
  if (got instanceof PushReply) return isAggregate(want) && fitsItems(want, got.items, how)
  if (got instanceof VerbatimString) return fitsText(want, got.text, how)
  if (Buffer.isBuffer(got) || typeof got === 'string') return fitsText(want, got, how)
  if (Array.isArray(got)) return isAggregate(want) && fitsItems(want, got, how)
  if (got instanceof Set) return isAggregate(want) && agreeUnordered(want.items, [...got], 1, how, fitsValue)
  if (got instanceof Map) return isAggregate(want) && fitsMap(want, [...got].flat(), how)
  if (typeof got === 'object') return isAggregate(want) && fitsMap(want, Object.entries(got).flat(), how)
  if (isAggregate(want) || isNil(want)) return false
  if (typeof got === 'boolean') return want.kind === ':' && isTruth(want.text, got)
  if (want.kind === '-') return false
  return want.text === String(got) || (want.kind !== ':' && numberOf(want) === Number(got)) || bothNan(want, got)
}

function bothNan(want: Scalar, got: number | bigint): boolean {
  return Number.isNaN(Number(got)) && /^-?nan$/i.test(want.text)
}

function fitsText(want: Reply, got: string | Buffer, how: Comparison): boolean {
  if (want.kind !== '$' && want.kind !== '+') return false
  if (typeof got !== 'string') return sameText(want, { kind: want.kind, text: got.latin1Slice() }, how)
  return sameText({ kind: want.kind, text: utf8(want.text) }, { kind: want.kind, text: got }, how)
}

/** Bytes as the text that a value would be; what is no UTF-8 is lost on both sides. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').utf8Slice()
}

function latin1(text: string): string {
  return Buffer.from(text).latin1Slice()
}

function fitsMap(want: Aggregate, got: readonly ReplyValue[], how: Comparison): boolean {
  if (agreeUnordered(want.items, got, 2, how, fitsValue)) return true
  if (got.length === 2 && agreeInOrder(want.items, got.slice(1), how, fitsValue)) return true
  return want.items.every(isPair) && agreeUnordered(flat(want.items), got, 2, how, fitsValue)
}

function fitsItems(want: Aggregate, got: readonly ReplyValue[], how: Comparison): boolean {
  const agree = (items: readonly ReplyValue[]): boolean =>
    how.unordered
      ? agreeUnordered(want.items, items, how.pairs ? 2 : 1, how, fitsValue)
      : agreeInOrder(want.items, items, how, fitsValue)
  if (agree(got)) return true
  const paired = got.every(item => Array.isArray(item) && item.length === 2)
  return paired && want.items.length === got.length * 2 && agree(got.flat(1) as ReplyValue[])
}
