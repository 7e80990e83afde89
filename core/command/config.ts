/* Config -- parameters by name.
 *
 * Each feature owns its values and declares how they are read and set; CONFIG GET and SET, the configuration file, the
 * command line and CONFIG REWRITE all go through these records.
 *
 *      number('maxclients', limits, 'clientsMax', { min: 1, max: 4294967295 })
 *
 * A parameter's `set` refuses by returning the reason, which CONFIG SET wraps in its own words; nothing has changed then. */

import type { Client } from './client.ts'

/** One parameter. */
export interface Parameter {
  readonly name: string
  /** An old name that means the same, such as hash-max-ziplist-entries. */
  readonly alias?: string
  /** Cannot be changed while the server runs. */
  readonly immutable?: boolean
  /** May be the way to write where the server should not; CONFIG SET only with `enable-protected-configs`. */
  readonly isProtected?: boolean
  /** Found by its name alone, not by patterns. */
  readonly isHidden?: boolean
  /** Takes several arguments: `save 900 1 300 10`. */
  readonly multiple?: boolean
  /** May be given repeatedly in a file, adding up: save, client-output-buffer-limit, loadmodule. */
  readonly repeatable?: boolean
  get(): string
  /** Set from text; null when it was accepted, otherwise why not. */
  set(text: string): string | null
}

/** All parameters of a server. */
export class ConfigRegistry {
  readonly #byName = new Map<string, Parameter>()
  /** Lines of a file that set no parameter, such as `user`: null, or what is wrong with the words. */
  readonly directives = new Map<string, (words: readonly string[]) => string | null>()
  /** What CONFIG REWRITE writes for such a line: the lines of now. */
  readonly rewrites = new Map<string, () => readonly string[]>()
  /** Whether this client may change parameters that are protected. */
  mayChangeProtected: (client: Client) => boolean = () => false
  /** Called after CONFIG SET changed something, once a command. */
  readonly onChange: (() => void)[] = []

  add(parameters: readonly Parameter[]): void {
    for (const parameter of parameters) {
      this.#byName.set(parameter.name, parameter)
      if (parameter.alias !== undefined) this.#byName.set(parameter.alias, parameter)
    }
  }

  remove(parameter: Parameter): void {
    this.#byName.delete(parameter.name)
    if (parameter.alias !== undefined) this.#byName.delete(parameter.alias)
  }

  /** A parameter by its name or its old name, in any case. */
  find(name: string): Parameter | undefined {
    return this.#byName.get(name.toLowerCase())
  }

  /** Names, old ones included, with their parameters. */
  entries(): IterableIterator<[string, Parameter]> {
    return this.#byName.entries()
  }
}

/** A field of a settings record that a parameter shows. */
type FieldOf<T, V> = { [K in keyof T]: T[K] extends V ? K : never }[keyof T] & string

interface Common {
  alias?: string
  immutable?: boolean
  isProtected?: boolean
  isHidden?: boolean
  /** After the value changed. */
  changed?: () => void
}

/** The largest of 64 bits with a sign, and without one, as near as a double comes. */
const SIGNED_MAX = 2 ** 63
const UNSIGNED_MAX = 2 ** 64

/** A whole number in the digits that were given, also where a double is none of them exactly. */
function digits(n: number): string {
  if (Math.abs(n) < SIGNED_MAX) return Number.isSafeInteger(n) ? String(n) : String(BigInt(n))
  return n < 0 ? '-9223372036854775808' : n < UNSIGNED_MAX ? '9223372036854775807' : '18446744073709551615'
}

function outside(min: number, max: number): string {
  return `argument must be between ${digits(min)} and ${digits(max)} inclusive`
}

/** A whole number as Redis reads one: no plus, no zeros in front, 64 bits. NaN for anything else. */
function parseWhole(text: string): number {
  if (!/^(?:0|-?[1-9]\d*)$/.test(text)) return Number.NaN
  const n = Number(text)
  if (Number.isSafeInteger(n)) return n
  const exact = BigInt(text)
  return BigInt.asIntN(64, exact) === exact ? n : Number.NaN
}

/** A whole number within bounds. */
export function numberParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, number>,
  options: Common & { min?: number; max?: number } = {},
): Parameter {
  const { min = 0, max = SIGNED_MAX, changed, ...rest } = options
  const values = settings as Record<string, number>
  return {
    name,
    ...rest,
    get: () => digits(values[field]!),
    set(text) {
      const n = parseWhole(text)
      if (Number.isNaN(n)) return "argument couldn't be parsed into an integer"
      if (n < min || n > max) return outside(min, max)
      values[field] = n
      changed?.()
      return null
    },
  }
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1e6,
  mb: 1 << 20,
  g: 1e9,
  gb: 1 << 30,
}

/** Bytes of a text such as `100mb`, or null. */
export function parseBytes(text: string): number | null {
  const match = /^(\d*)([a-z]*)$/i.exec(text)
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()]
  return unit === undefined ? null : Number(match![1]) * unit
}

/** For a size that nothing limits. */
export const ANY_SIZE = { max: UNSIGNED_MAX }

/** A size in bytes, with the usual units. */
export function memoryParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, number>,
  options: Common & { min?: number; max?: number } = {},
): Parameter {
  const { min = 0, max = SIGNED_MAX, changed, ...rest } = options
  const values = settings as Record<string, number>
  return {
    name,
    ...rest,
    get: () => digits(values[field]!),
    set(text) {
      const given = parseBytes(text)
      if (given === null) return 'argument must be a memory value'
      const bytes = max === UNSIGNED_MAX ? Math.min(given, UNSIGNED_MAX) : given
      if (bytes < min || bytes > max) return outside(min, max)
      values[field] = bytes
      changed?.()
      return null
    },
  }
}

/** yes or no. */
export function booleanParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, boolean>,
  options: Common = {},
): Parameter {
  const { changed, ...rest } = options
  const values = settings as Record<string, boolean>
  return {
    name,
    ...rest,
    get: () => (values[field] ? 'yes' : 'no'),
    set(text) {
      const word = text.toLowerCase()
      if (word !== 'yes' && word !== 'no') return "argument must be 'yes' or 'no'"
      values[field] = word === 'yes'
      changed?.()
      return null
    },
  }
}

/** Any text; `check` says why not, `asKept` gives the form in which it is read back. */
export function textParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, string>,
  options: Common & { check?: (text: string) => string | null; asKept?: (text: string) => string } = {},
): Parameter {
  const { check, asKept, changed, ...rest } = options
  const values = settings as Record<string, string>
  return {
    name,
    ...rest,
    get: () => values[field]!,
    set(text) {
      const reason = check?.(text) ?? null
      if (reason !== null) return reason
      values[field] = asKept?.(text) ?? text
      changed?.()
      return null
    },
  }
}

/** One of several words. */
export function wordParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, string>,
  words: readonly string[],
  options: Common = {},
): Parameter {
  return textParameter(name, settings, field, {
    ...options,
    asKept: text => text.toLowerCase(),
    check: text =>
      words.includes(text.toLowerCase()) ? null : `argument(s) must be one of the following: ${words.join(', ')}`,
  })
}
