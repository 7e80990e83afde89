/* Calendar -- days and years of the proleptic Gregorian calendar from seconds since 1970, for years that Date does not reach.
 *
 * Counting years from March puts the leap day at the end, so that the day of the year gives the month by one division:
 *
 *      day of the March year   0        31       61       92   ...            month = (5 day + 2) / 153
 *                              March    April    May      June
 *
 * and 400 years are always 146,097 days. */

const DAY = 86400
const DAYS_400 = 146097
/** Days from 1 March of the year 0 to 1 January 1970. */
const EPOCH_SHIFT = 719468
/** Seconds beyond which no year has a number in 32 bits. */
const SECONDS_MAX = 6.7e16

/** A moment in UTC, in the parts that formats name. */
export interface Moment {
  readonly seconds: number
  readonly year: number
  /** 0 to 11. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 is Sunday. */
  readonly weekday: number
  /** 0 to 365. */
  readonly yearday: number
}

/** Days since 1970 of a date; the month is 0 to 11, the day may lie outside its month. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month < 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_400 + dayOfEra - EPOCH_SHIFT
}

/** The moment of so many seconds since 1970; null when it is beyond the calendar. */
export function momentOf(seconds: number): Moment | null {
  if (!(Math.abs(seconds) < SECONDS_MAX)) return null
  seconds = Math.trunc(seconds)
  const days = Math.floor(seconds / DAY)
  const inDay = seconds - days * DAY
  const shifted = days + EPOCH_SHIFT
  const era = Math.floor(shifted / DAYS_400)
  const dayOfEra = shifted - era * DAYS_400
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = (marchMonth + 2) % 12
  const year = era * 400 + yearOfEra + (month < 2 ? 1 : 0)
  return {
    seconds,
    year,
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(inDay / 3600),
    minute: Math.floor(inDay / 60) % 60,
    second: inDay % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday: days - daysOf(year, 0, 1),
  }
}

/** Seconds since 1970. */
export function secondsOf(year: number, month: number, day: number, inDay: number): number {
  return daysOf(year, month, day) * DAY + inDay
}
