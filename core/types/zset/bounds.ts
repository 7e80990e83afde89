/* Bounds -- ranges of scores and of bytes, from the words of a command to ranks.
 *
 *      (1.5  -inf  10        scores, `(` leaves the bound itself out; nothing behind it means 0, as strtod has it
 *      [abc  (abc  -  +      bytes, for sets whose scores are equal
 *
 * Both become a pair of ranks [from, to), so that counting, reading and removing are one thing. */

import { Range } from '../../base/bytes.ts'
import { ReplyError } from '../../base/errors.ts'
import { parseDoubleAsC } from '../../base/numbers.ts'
import type { ZsetView } from './value.ts'

const NOT_SCORE = new ReplyError('ERR min or max is not a float')
const NOT_LEX = new ReplyError('ERR min or max not valid string range item')

/** A range of ranks. */
export interface Ranks {
  from: number
  to: number
}

export interface ScoreBound {
  value: number
  open: boolean
}

function parseScore(range: Range): ScoreBound {
  const open = range.length > 0 && range.buf[range.start] === 40
  const start = open ? range.start + 1 : range.start
  const value = parseDoubleAsC(range.buf, start, range.end, true)
  if (Number.isNaN(value)) throw NOT_SCORE
  return { value, open }
}

/** Read both ends of a score range. */
export function parseScores(min: Range, max: Range): { min: ScoreBound; max: ScoreBound } {
  return { min: parseScore(min), max: parseScore(max) }
}

export function ranksOfScores(set: ZsetView, bounds: { min: ScoreBound; max: ScoreBound }): Ranks {
  const { min, max } = bounds
  const from = set.countBelow(min.value, min.open)
  return { from, to: Math.max(from, set.countBelow(max.value, !max.open)) }
}

export interface LexBound {
  kind: 'lowest' | 'highest' | 'value'
  value: Range
  open: boolean
}

function parseLexBound(range: Range): LexBound {
  const first = range.length > 0 ? range.buf[range.start]! : 0
  if (range.length === 1 && first === 45) return { kind: 'lowest', value: range, open: false }
  if (range.length === 1 && first === 43) return { kind: 'highest', value: range, open: false }
  if (first !== 40 && first !== 91) throw NOT_LEX
  return { kind: 'value', value: new Range(range.buf, range.start + 1, range.end), open: first === 40 }
}

export function parseLex(min: Range, max: Range): { min: LexBound; max: LexBound } {
  return { min: parseLexBound(min), max: parseLexBound(max) }
}

function lexRank(set: ZsetView, bound: LexBound, after: boolean): number {
  if (bound.kind === 'lowest') return 0
  if (bound.kind === 'highest') return set.length
  return set.countBefore(bound.value, after)
}

export function ranksOfLex(set: ZsetView, bounds: { min: LexBound; max: LexBound }): Ranks {
  const from = lexRank(set, bounds.min, bounds.min.open)
  return { from, to: Math.max(from, lexRank(set, bounds.max, !bounds.max.open)) }
}

/** Ranks of a start and a stop that may count from the end; `reverse` counts from the highest. */
export function ranksOfPlaces(length: number, start: number, stop: number, reverse: boolean): Ranks {
  const first = start < 0 ? Math.max(0, start + length) : start
  const last = Math.min(stop < 0 ? stop + length : stop, length - 1)
  if (first > last) return { from: 0, to: 0 }
  return reverse ? { from: length - 1 - last, to: length - first } : { from: first, to: last + 1 }
}

/** Skip `offset` and keep `count` of a range, counted from its near end; a negative count keeps all. */
export function limited({ from, to }: Ranks, offset: number, count: number, reverse: boolean): Ranks {
  if (offset < 0 || offset >= to - from) return { from, to: from }
  const most = count < 0 ? to - from : count
  return reverse
    ? { from: Math.max(from, to - offset - most), to: to - offset }
    : { from: from + offset, to: Math.min(to, from + offset + most) }
}
