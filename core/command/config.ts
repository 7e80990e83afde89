/* Config -- parameters by name.
 *
 * Each feature owns its values and declares how they are read and set; CONFIG GET and SET, the configuration file, the
 * command line and CONFIG REWRITE all go through these records.
 *
 *      number('maxclients', limits, 'clientsMax', { min: 1, max: 4294967295 })
 *
 * A parameter's `set` refuses by returning the reason, which CONFIG SET wraps in its own words; nothing has changed then. */

/** One parameter. */
export interface Parameter {
  readonly name: string
  /** An old name that means the same, such as hash-max-ziplist-entries. */
  readonly alias?: string
  /** Cannot be changed while the server runs. */
  readonly immutable?: boolean
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
  /** Called after CONFIG SET changed something, once a command. */
  readonly onChange: (() => void)[] = []

  add(parameters: readonly Parameter[]): void {
    for (const parameter of parameters) {
      this.#byName.set(parameter.name, parameter)
      if (parameter.alias !== undefined) this.#byName.set(parameter.alias, parameter)
    }
  }

  remove(name: string): void {
    this.#byName.delete(name)
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
  /** After the value changed. */
  changed?: () => void
}

const INT64 = 2 ** 63

/** Where nothing else limits a number, Redis names the largest of 64 bits; here it ends at 2^53. */
function outside(min: number, max: number): string {
  const shown = max === Number.MAX_SAFE_INTEGER ? '9223372036854775807' : max
  return `argument must be between ${min} and ${shown} inclusive`
}

const INTEGER = /^-?\d+$/

/** A whole number within bounds. */
export function numberParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, number>,
  options: Common & { min?: number; max?: number } = {},
): Parameter {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, changed, ...rest } = options
  const values = settings as Record<string, number>
  return {
    name,
    ...rest,
    get: () => String(values[field]),
    set(text) {
      if (!INTEGER.test(text) || Math.abs(Number(text)) > INT64) return "argument couldn't be parsed into an integer"
      const n = Number(text)
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

/** A size in bytes, with the usual units. */
export function memoryParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, number>,
  options: Common & { min?: number; max?: number } = {},
): Parameter {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, changed, ...rest } = options
  const values = settings as Record<string, number>
  return {
    name,
    ...rest,
    get: () => String(values[field]),
    set(text) {
      const bytes = parseBytes(text)
      if (bytes === null) return 'argument must be a memory value'
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

/** Any text. */
export function textParameter<T extends object>(
  name: string,
  settings: T,
  field: FieldOf<T, string>,
  options: Common & { check?: (text: string) => string | null } = {},
): Parameter {
  const { check, changed, ...rest } = options
  const values = settings as Record<string, string>
  return {
    name,
    ...rest,
    get: () => values[field]!,
    set(text) {
      const reason = check?.(text) ?? null
      if (reason !== null) return reason
      values[field] = text
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
    check: text =>
      words.includes(text.toLowerCase()) ? null : `argument(s) must be one of the following: ${words.join(', ')}`,
  })
}
