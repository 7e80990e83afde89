/* Date formats -- what C's strftime and strptime do in the "C" locale, for UTC.
 *
 *      %Y-%m-%dT%H:%M:%SZ    <->    2024-03-01T12:00:09Z
 *
 * Formats come from clients, so what a format can make is limited, and parsing goes through text and format once. */

import { daysOf, type Moment, momentOf, secondsOf } from './calendar.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
/** Bytes of a formatted date, one less than what the real module has room for. */
const LENGTH_MAX = 1023

/** Conversions that stand for others. */
const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

function pad(value: number, width: number, fill = '0'): string {
  const digits = String(Math.abs(value)).padStart(width - (value < 0 ? 1 : 0), fill)
  return value < 0 ? '-' + digits : digits
}

/** Week of the ISO calendar and its year. */
function isoWeek(moment: Moment): [year: number, week: number] {
  const monday = (moment.weekday + 6) % 7
  const thursday = momentOf(moment.seconds + (3 - monday) * 86400)!
  return [thursday.year, Math.floor(thursday.yearday / 7) + 1]
}

const CONVERSIONS: Readonly<Record<string, (m: Moment) => string>> = {
  a: m => DAYS[m.weekday]!.slice(0, 3),
  A: m => DAYS[m.weekday]!,
  b: m => MONTHS[m.month]!.slice(0, 3),
  B: m => MONTHS[m.month]!,
  C: m => pad(Math.floor(m.year / 100), 2),
  d: m => pad(m.day, 2),
  e: m => pad(m.day, 2, ' '),
  g: m => pad(((isoWeek(m)[0] % 100) + 100) % 100, 2),
  G: m => String(isoWeek(m)[0]),
  H: m => pad(m.hour, 2),
  I: m => pad(m.hour % 12 || 12, 2),
  j: m => pad(m.yearday + 1, 3),
  k: m => pad(m.hour, 2, ' '),
  l: m => pad(m.hour % 12 || 12, 2, ' '),
  m: m => pad(m.month + 1, 2),
  M: m => pad(m.minute, 2),
  n: () => '\n',
  p: m => (m.hour < 12 ? 'AM' : 'PM'),
  P: m => (m.hour < 12 ? 'am' : 'pm'),
  s: m => String(m.seconds),
  S: m => pad(m.second, 2),
  t: () => '\t',
  u: m => String(m.weekday || 7),
  U: m => pad(Math.floor((m.yearday + 7 - m.weekday) / 7), 2),
  V: m => pad(isoWeek(m)[1], 2),
  w: m => String(m.weekday),
  W: m => pad(Math.floor((m.yearday + 7 - ((m.weekday + 6) % 7)) / 7), 2),
  y: m => pad(((m.year % 100) + 100) % 100, 2),
  Y: m => String(m.year),
  z: () => '+0000',
  Z: () => 'GMT',
  '%': () => '%',
}

/** A date in a format; null when that gives nothing, or too much. */
export function formatTime(format: string, moment: Moment): string | null {
  let out = ''
  for (let at = 0; at < format.length && out.length <= LENGTH_MAX; at++) {
    if (format[at] !== '%' || at + 1 === format.length) {
      out += format[at]!
      continue
    }
    let letter = format[++at]!
    // Modifiers that mean other ways to write numbers, of which this locale has none.
    if ((letter === 'E' || letter === 'O') && at + 1 < format.length) letter = format[++at]!
    const composed = COMPOSED[letter]
    out += composed === undefined ? (CONVERSIONS[letter]?.(moment) ?? '%' + letter) : formatTime(composed, moment)
  }
  return out.length === 0 || out.length > LENGTH_MAX ? null : out
}

/** Parts of a date as they are found in a text. */
class Found {
  year = 1900
  month = 0
  day = 0
  hour = 0
  minute = 0
  second = 0
  afternoon = 0
  isTwelve = false
  century = -1
  yearday = -1
  seconds: number | null = null
}

/** Reads a text along a format. */
class Reader {
  readonly #text: string
  #at = 0
  readonly found: Found = new Found()

  constructor(text: string) {
    this.#text = text
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && /[ \t\n\v\f\r]/.test(this.#text[this.#at]!)) this.#at++
  }

  /** A whole number of at most so many digits within bounds, or -1. */
  #number(low: number, high: number, digits: number): number {
    this.#skipSpace()
    const found = /^\d+/.exec(this.#text.slice(this.#at, this.#at + digits))
    if (found === null) return -1
    const value = Number(found[0])
    if (value < low || value > high) return -1
    this.#at += found[0].length
    return value
  }

  /** Which of the names the text goes on with, in any case, in full or by three letters; -1 when none. */
  #name(names: readonly string[]): number {
    const rest = this.#text.slice(this.#at, this.#at + 12).toLowerCase()
    const whole = names.findIndex(name => rest.startsWith(name.toLowerCase()))
    const at = whole >= 0 ? whole : names.findIndex(name => rest.startsWith(name.slice(0, 3).toLowerCase()))
    if (at >= 0) this.#at += whole >= 0 ? names[at]!.length : 3
    return at
  }

  /** Follow a format; false when the text does not. */
  follow(format: string): boolean {
    for (let at = 0; at < format.length; at++) {
      const character = format[at]!
      if (/[ \t\n\v\f\r]/.test(character)) {
        this.#skipSpace()
        continue
      }
      if (character !== '%' || at + 1 === format.length) {
        if (this.#text[this.#at++] !== character) return false
        continue
      }
      let letter = format[++at]!
      if ((letter === 'E' || letter === 'O') && at + 1 < format.length) letter = format[++at]!
      const composed = letter === 'h' ? undefined : COMPOSED[letter]
      if (composed === undefined ? !this.#conversion(letter) : !this.follow(composed)) return false
    }
    return true
  }

  #conversion(letter: string): boolean {
    const { found } = this
    switch (letter) {
      case 'a':
      case 'A':
        return this.#name(DAYS) >= 0
      case 'b':
      case 'B':
      case 'h':
        return (found.month = this.#name(MONTHS)) >= 0
      case 'n':
      case 't':
        this.#skipSpace()
        return true
      case 'p':
      case 'P':
        return (found.afternoon = this.#name(['AM', 'PM'])) >= 0
      case '%':
        return this.#text[this.#at++] === '%'
      case 's':
        found.seconds = this.#number(0, Number.MAX_SAFE_INTEGER, 15)
        return found.seconds >= 0
      case 'Z':
        return true
      case 'z':
        return this.#zone()
    }
    return this.#numeric(letter)
  }

  #zone(): boolean {
    this.#skipSpace()
    const zone = /^(?:Z|[-+]\d\d(?::?\d\d)?)/.exec(this.#text.slice(this.#at, this.#at + 6))
    if (zone !== null) this.#at += zone[0].length
    return zone !== null
  }

  #numeric(letter: string): boolean {
    const { found } = this
    switch (letter) {
      case 'C':
        return (found.century = this.#number(0, 99, 2)) >= 0
      case 'd':
      case 'e':
        return (found.day = this.#number(1, 31, 2)) >= 0
      case 'H':
      case 'k':
        found.isTwelve = false
        return (found.hour = this.#number(0, 23, 2)) >= 0
      case 'I':
      case 'l':
        found.isTwelve = true
        return (found.hour = this.#number(1, 12, 2)) >= 0
      case 'j':
        return (found.yearday = this.#number(1, 366, 3) - 1) >= 0
      case 'm':
        return (found.month = this.#number(1, 12, 2) - 1) >= 0
      case 'M':
        return (found.minute = this.#number(0, 59, 2)) >= 0
      case 'S':
        return (found.second = this.#number(0, 61, 2)) >= 0
      case 'u':
        return this.#number(1, 7, 1) >= 0
      case 'w':
        return this.#number(0, 6, 1) >= 0
      case 'U':
      case 'W':
        return this.#number(0, 53, 2) >= 0
      case 'V':
        return this.#number(0, 53, 2) >= 0
      case 'g':
        return this.#number(0, 99, 2) >= 0
      case 'G':
        return this.#number(0, 9999, 4) >= 0
      case 'y': {
        const year = this.#number(0, 99, 2)
        found.year = year < 69 ? year + 2000 : year + 1900
        return year >= 0
      }
      case 'Y':
        found.century = -1
        return (found.year = this.#number(0, 9999, 4)) >= 0
    }
    return false
  }
}

/** The seconds that a text spells in a format; null when it does not follow it. What lies behind the format's end is not read. */
export function parseTime(text: string, format: string): number | null {
  const reader = new Reader(text)
  if (!reader.follow(format)) return null
  const { found } = reader
  if (found.seconds !== null) return found.seconds
  const year = found.century < 0 ? found.year : found.century * 100 + (((found.year % 100) + 100) % 100)
  const hour = found.isTwelve ? (found.hour % 12) + (found.afternoon === 1 ? 12 : 0) : found.hour
  const inDay = hour * 3600 + found.minute * 60 + found.second
  if (found.yearday >= 0 && found.day === 0) return daysOf(year, 0, found.yearday + 1) * 86400 + inDay
  return secondsOf(year, found.month, found.day, inDay)
}
