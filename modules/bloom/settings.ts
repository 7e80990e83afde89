/* Settings -- what new filters are made with where a command does not say.
 *
 * They can be set by CONFIG and redis.conf under the names below, and when the module is loaded by the words that
 * older versions knew: ERROR_RATE, INITIAL_SIZE, CF_MAX_EXPANSIONS. */
import type { Parameter } from 'redstrata/module'

export interface Settings {
  bloomErrorRate: number
  bloomCapacity: number
  bloomExpansion: number
  cuckooBucketSize: number
  cuckooCapacity: number
  cuckooMaxIterations: number
  cuckooExpansion: number
  /** Sub-filters at which a cuckoo filter takes no more items. */
  cuckooMaxExpansions: number
}

/** A higher error rate than this is taken for this one. */
const ERROR_RATE_CAP = 0.25

export function defaultSettings(): Settings {
  return {
    bloomErrorRate: 0.01,
    bloomCapacity: 100,
    bloomExpansion: 2,
    cuckooBucketSize: 2,
    cuckooCapacity: 1024,
    cuckooMaxIterations: 20,
    cuckooExpansion: 1,
    cuckooMaxExpansions: 32,
  }
}

/** The parameters that show the settings. */
export function settingsParameters(s: Settings): Parameter[] {
  return [
    errorRate(s),
    whole('bf-initial-size', s, 'bloomCapacity', () => [1, 2 ** 30]),
    whole('bf-expansion-factor', s, 'bloomExpansion', () => [0, 32768]),
    whole('cf-bucket-size', s, 'cuckooBucketSize', () => [1, Math.min(255, Math.floor(s.cuckooCapacity / 2))]),
    whole('cf-initial-size', s, 'cuckooCapacity', () => [s.cuckooBucketSize * 2, 2 ** 30]),
    whole('cf-max-iterations', s, 'cuckooMaxIterations', () => [1, 65535]),
    whole('cf-expansion-factor', s, 'cuckooExpansion', () => [0, 32768]),
    whole('cf-max-expansions', s, 'cuckooMaxExpansions', () => [1, 65536]),
  ]
}

function errorRate(s: Settings): Parameter {
  const name = 'bf-error-rate'
  return {
    name,
    get: () => String(s.bloomErrorRate),
    set(text) {
      const value = Number(text)
      if (text.trim() === '' || Number.isNaN(value)) return `Invalid value for \`${name}\``
      if (!(value > 0 && value < 1)) return `Value for \`${name}\` must be in the range (0.000000, 1.000000)`
      s.bloomErrorRate = Math.min(value, ERROR_RATE_CAP)
      return null
    },
  }
}

function whole(name: string, s: Settings, field: keyof Settings, bounds: () => [number, number]): Parameter {
  return {
    name,
    get: () => String(s[field]),
    set(text) {
      const value = Number(text)
      if (!/^-?\d+$/.test(text)) return `Invalid value for \`${name}\``
      const [low, high] = bounds()
      if (value < low || value > high) return `Value for \`${name}\` must be in the range [${low}, ${high}]`
      s[field] = value
      return null
    },
  }
}

/** The parameter that a word of older versions means. */
const OLD_WORDS: ReadonlyMap<string, string> = new Map([
  ['error_rate', 'bf-error-rate'],
  ['initial_size', 'bf-initial-size'],
  ['cf_max_expansions', 'cf-max-expansions'],
])

/** Take the words behind the module's name, pairs of a name and a value. @throws when one cannot be. */
export function takeArguments(parameters: readonly Parameter[], args: readonly string[]): void {
  if (args.length % 2 === 1) throw new Error('Invalid number of arguments passed')
  for (let i = 0; i < args.length; i += 2) {
    const word = args[i]!.toLowerCase()
    const name = OLD_WORDS.get(word) ?? word
    const parameter = parameters.find(p => p.name === name)
    if (parameter === undefined) throw new Error(`Unrecognized option ${args[i]}`)
    const reason = parameter.set(args[i + 1]!)
    if (reason !== null) throw new Error(reason)
  }
}
