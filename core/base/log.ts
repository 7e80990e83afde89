/* Log -- what the server says about itself, in the form that Redis's tools know.
 *
 *     4711:M 20 Nov 2026 17:28:00.123 * Ready to accept connections tcp
 *     ^pid ^role ^local time          ^level   . debug   - verbose   * notice   # warning
 *
 * The log owns no file and no clock: lines go to the sink that was given, which decides where they end up. */

/** Levels from talkative to silent, as `loglevel` orders them. */
export const LEVEL = { debug: 0, verbose: 1, notice: 2, warning: 3, nothing: 4 } as const
export type Level = (typeof LEVEL)[keyof typeof LEVEL]

const MARKS = '.-*#'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Longer texts are cut, so that no input fills a disk with one line. */
const TEXT_MAX = 1024

/** Who speaks: a master, a replica, or a child that saves. */
export type Role = 'M' | 'S' | 'C'

export interface LogOptions {
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Takes a line without its line feed. */
  readonly sink: (line: string) => void
  readonly level?: Level
}

/** The log of one server. */
export class Log {
  /** What is below is not written. May be changed while running. */
  level: Level
  role: Role = 'M'
  readonly #options: LogOptions

  constructor(options: LogOptions) {
    this.#options = options
    this.level = options.level ?? LEVEL.notice
  }

  /** What only whoever looks for a fault wants to see. */
  debug(text: string): void {
    this.#write(LEVEL.debug, text)
  }

  /** What is rarely useful, and not much of it. */
  verbose(text: string): void {
    this.#write(LEVEL.verbose, text)
  }

  /** What happened, in a line that an operator wants to see. The usual level. */
  notice(text: string): void {
    this.#write(LEVEL.notice, text)
  }

  /** What went wrong. */
  warning(text: string): void {
    this.#write(LEVEL.warning, text)
  }

  #write(level: Level, text: string): void {
    if (level < this.level) return
    const { pid, now, sink } = this.#options
    const cut = text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text
    sink(`${pid}:${this.role} ${timestamp(now())} ${MARKS[level]} ${cut}`)
  }
}

/** `20 Nov 2026 17:28:00.123` in local time. */
function timestamp(ms: number): string {
  const time = new Date(ms)
  const day = `${pad(time.getDate(), 2)} ${MONTHS[time.getMonth()]} ${time.getFullYear()}`
  const clock = `${pad(time.getHours(), 2)}:${pad(time.getMinutes(), 2)}:${pad(time.getSeconds(), 2)}`
  return `${day} ${clock}.${pad(time.getMilliseconds(), 3)}`
}

function pad(n: number, digits: number): string {
  return String(n).padStart(digits, '0')
}
