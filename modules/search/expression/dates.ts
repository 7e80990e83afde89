/* Functions over dates: seconds since 1970, UTC. What is no date, and any date before 1970 where a part of it is asked for, is null. */

import { momentOf, type Moment, secondsOf } from './calendar.ts'
import { formatTime, parseTime } from './date-format.ts'
import type { ExpressionFunction } from './function.ts'
import { needString } from './strings.ts'
import { toNumber, type Value } from './value.ts'

const ISO = '%Y-%m-%dT%H:%M:%SZ'
const DAY = 86400

/** `timefmt(time, format)`. */
function timefmt(operands: readonly Value[]): Value {
  const format = operands.length > 1 ? needString('time', operands, 1) : ISO
  const number = toNumber(operands[0]!)
  const moment = number === null ? null : momentOf(number)
  if (moment === null) return null
  return formatTime(format, moment)
}

/** `parsetime(text, format)`. */
function parsetime(operands: readonly Value[]): Value {
  const text = needString('parsetime', operands, 0)
  return parseTime(text, needString('parsetime', operands, 1))
}

/** A function of the parts of a date. */
function ofMoment(part: (moment: Moment) => number): ExpressionFunction {
  const call = ([value]: readonly Value[]): Value => {
    const number = toNumber(value!)
    if (number === null || !(number >= 0)) return null
    const moment = momentOf(number)
    return moment === null ? null : part(moment)
  }
  return { least: 1, most: 1, givesNumber: false, call }
}

export const dateFunctions: readonly (readonly [string, ExpressionFunction])[] = [
  ['timefmt', { least: 1, most: 2, givesNumber: false, call: timefmt }],
  ['parsetime', { least: 2, most: 2, givesNumber: false, call: parsetime }],
  ['minute', ofMoment(m => m.seconds - (m.seconds % 60))],
  ['hour', ofMoment(m => m.seconds - (m.seconds % 3600))],
  ['day', ofMoment(m => m.seconds - (m.seconds % DAY))],
  ['month', ofMoment(m => secondsOf(m.year, m.month, 1, 0))],
  ['dayofweek', ofMoment(m => m.weekday)],
  ['dayofmonth', ofMoment(m => m.day)],
  ['dayofyear', ofMoment(m => m.yearday)],
  ['monthofyear', ofMoment(m => m.month)],
  ['year', ofMoment(m => m.year)],
]
