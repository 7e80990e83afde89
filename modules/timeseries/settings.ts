/* Settings -- what new series are made with where a command does not say.
 *
 * They are set by CONFIG and redis.conf under the names below, and when the module is loaded by the words that older
 * versions knew: RETENTION_POLICY 60000, DUPLICATE_POLICY last and so on. */

import type { Parameter } from 'redstrata/module'
import { DUPLICATE, type DuplicatePolicy, duplicatePolicyOf, nameOfPolicy } from './duplicate.ts'
import { type CompactionPolicy, formatPolicies, parsePolicies } from './policies.ts'

export interface Settings {
  retention: number
  chunkSize: number
  /** The encoding of series that compaction policies make. */
  compressed: boolean
  /** In force for series that have none of their own. */
  policy: DuplicatePolicy
  ignoreTime: number
  ignoreValue: number
  compactions: readonly CompactionPolicy[]
  /** Kept for those who set it: queries run in the server's one thread. */
  threads: number
}

export function defaultSettings(): Settings {
  return {
    retention: 0,
    chunkSize: 4096,
    compressed: true,
    policy: DUPLICATE.block,
    ignoreTime: 0,
    ignoreValue: 0,
    compactions: [],
    threads: 3,
  }
}

const CHUNK_SIZE_LEAST = 48
const CHUNK_SIZE_MOST = 1048576

/** Whether bytes may be the size of a chunk. */
export function isChunkSize(bytes: number): boolean {
  return bytes >= CHUNK_SIZE_LEAST && bytes <= CHUNK_SIZE_MOST && bytes % 8 === 0
}

/** The parameters that show the settings. */
export function settingsParameters(s: Settings): Parameter[] {
  return [
    whole('ts-retention-policy', s, 'retention', Number.MAX_SAFE_INTEGER),
    {
      name: 'ts-chunk-size-bytes',
      get: () => String(s.chunkSize),
      set(text) {
        if (!/^-?\d+$/.test(text)) return "argument couldn't be parsed into an integer"
        const bytes = Number(text)
        if (bytes < CHUNK_SIZE_LEAST || bytes > CHUNK_SIZE_MOST)
          return `argument must be between ${CHUNK_SIZE_LEAST} and ${CHUNK_SIZE_MOST} inclusive`
        if (!isChunkSize(bytes)) return 'CHUNK_SIZE value must be a multiple of 8 in the range [48 .. 1048576]'
        s.chunkSize = bytes
        return null
      },
    },
    {
      name: 'ts-encoding',
      get: () => (s.compressed ? 'compressed' : 'uncompressed'),
      set(text) {
        const word = text.toLowerCase()
        if (word !== 'compressed' && word !== 'uncompressed') return `Invalid encoding: ${text}`
        s.compressed = word === 'compressed'
        return null
      },
    },
    {
      name: 'ts-duplicate-policy',
      get: () => nameOfPolicy(s.policy),
      set(text) {
        const policy = duplicatePolicyOf(text)
        if (policy === undefined) return `Invalid duplicate policy: ${text}`
        s.policy = policy
        return null
      },
    },
    {
      name: 'ts-compaction-policy',
      get: () => formatPolicies(s.compactions),
      set(text) {
        const policies = parsePolicies(text)
        if (policies === null) return `Invalid compaction policy: ${text}`
        s.compactions = policies
        return null
      },
    },
    whole('ts-ignore-max-time-diff', s, 'ignoreTime', Number.MAX_SAFE_INTEGER),
    {
      name: 'ts-ignore-max-val-diff',
      get: () => s.ignoreValue.toFixed(6),
      set(text) {
        const value = Number(text)
        if (text.trim() === '' || !(value >= 0) || value === Number.POSITIVE_INFINITY)
          return 'argument must be a nonnegative number'
        s.ignoreValue = value
        return null
      },
    },
    { ...whole('ts-num-threads', s, 'threads', 16), immutable: true },
  ]
}

/** Settings by the words of a loadmodule line. @throws Error when one is not to be had. */
export function takeArguments(parameters: readonly Parameter[], args: readonly string[]): void {
  const names: Readonly<Record<string, string>> = {
    RETENTION_POLICY: 'ts-retention-policy',
    CHUNK_SIZE_BYTES: 'ts-chunk-size-bytes',
    CHUNK_TYPE: 'ts-encoding',
    ENCODING: 'ts-encoding',
    DUPLICATE_POLICY: 'ts-duplicate-policy',
    COMPACTION_POLICY: 'ts-compaction-policy',
    IGNORE_MAX_TIME_DIFF: 'ts-ignore-max-time-diff',
    IGNORE_MAX_VAL_DIFF: 'ts-ignore-max-val-diff',
    NUM_THREADS: 'ts-num-threads',
  }
  for (let i = 0; i < args.length; i += 2) {
    // A cluster's password is of no use without one.
    if (/^(OSS_)?GLOBAL[_-]PASSWORD$/i.test(args[i]!) && args[i + 1] !== undefined) continue
    const name = names[args[i]!.toUpperCase()] ?? args[i]!.toLowerCase()
    const parameter = parameters.find(candidate => candidate.name === name)
    if (parameter === undefined) throw new Error(`timeseries: unknown argument ${args[i]}`)
    const reason = args[i + 1] === undefined ? 'its value is missing' : parameter.set(args[i + 1]!)
    if (reason !== null) throw new Error(`timeseries: ${args[i]}: ${reason}`)
  }
}

/** A whole number from 0 on. */
function whole(name: string, s: Settings, field: 'retention' | 'ignoreTime' | 'threads', most: number): Parameter {
  return {
    name,
    get: () => String(s[field]),
    set(text) {
      if (!/^-?\d+$/.test(text)) return "argument couldn't be parsed into an integer"
      const n = Number(text)
      if (n < 0 || n > most) return `argument must be between 0 and ${most} inclusive`
      s[field] = n
      return null
    },
  }
}
