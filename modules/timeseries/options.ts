/* Options -- what TS.CREATE, TS.ALTER, TS.ADD and TS.INCRBY are told about a series.
 *
 *      RETENTION ms   CHUNK_SIZE bytes   ENCODING COMPRESSED | UNCOMPRESSED   DUPLICATE_POLICY word   IGNORE ms value
 *      LABELS name value ...        takes all that follows                                                            */

import type { Args } from 'redstrata/module'
import { type DuplicatePolicy, duplicatePolicyOf } from './duplicate.ts'
import { TS_ERR } from './errors.ts'
import type { SeriesOptions } from './series.ts'
import { isChunkSize, type Settings } from './settings.ts'
import { doubleAt, placeOf, wholeAt, wrongArity } from './words.ts'

/** Options that were given; what was not is absent. */
export type GivenOptions = { -readonly [K in keyof SeriesOptions]?: SeriesOptions[K] }

/** Read the options behind argument `from`. @throws the refusal of one that cannot be read. */
export function readOptions(args: Args, from: number): GivenOptions {
  const options: GivenOptions = {}
  const labelsAt = placeOf(args, 'labels', from)
  const end = labelsAt < 0 ? args.argc : labelsAt
  if (labelsAt >= 0) options.labels = readLabels(args, labelsAt + 1)
  const retentionAt = placeOf(args, 'retention', from, end)
  if (retentionAt >= 0) {
    const retention = wholeAt(args, retentionAt + 1)
    if (Number.isNaN(retention)) throw TS_ERR.badRetention
    if (retention < 0) throw TS_ERR.negativeRetention
    options.retention = retention
  }
  const sizeAt = placeOf(args, 'chunk_size', from, end)
  if (sizeAt >= 0) {
    const bytes = wholeAt(args, sizeAt + 1)
    if (Number.isNaN(bytes)) throw TS_ERR.badChunkSize
    if (!isChunkSize(bytes)) throw TS_ERR.chunkSizeRange
    options.chunkSize = bytes
  }
  readEncoding(args, from, end, options)
  const policy = readPolicy(args, 'duplicate_policy', from, end)
  if (policy !== undefined) options.policy = policy
  const ignoreAt = placeOf(args, 'ignore', from, end)
  if (ignoreAt >= 0) {
    options.ignoreTime = wholeAt(args, ignoreAt + 1)
    options.ignoreValue = doubleAt(args, ignoreAt + 2)
    if (Number.isNaN(options.ignoreTime) || Number.isNaN(options.ignoreValue)) throw TS_ERR.badIgnore
    if (options.ignoreTime < 0 || options.ignoreValue < 0) throw TS_ERR.negativeIgnore
  }
  return options
}

/** The policy behind a word, or undefined without the word. */
export function readPolicy(
  args: Args,
  word: string,
  from: number,
  end: number = args.argc,
): DuplicatePolicy | undefined {
  const at = placeOf(args, word, from, end)
  if (at < 0) return undefined
  if (at + 1 === args.argc) throw TS_ERR.badPolicy
  const policy = duplicatePolicyOf(args.at(at + 1).latin1())
  if (policy === undefined) throw TS_ERR.unknownPolicy
  return policy
}

/** Given options, with the defaults of the server for the others. */
export function withDefaults(given: GivenOptions, settings: Settings): SeriesOptions {
  return {
    retention: given.retention ?? settings.retention,
    chunkSize: given.chunkSize ?? settings.chunkSize,
    // The setting is for series that compaction policies make.
    compressed: given.compressed ?? true,
    policy: given.policy ?? 0,
    ignoreTime: given.ignoreTime ?? settings.ignoreTime,
    ignoreValue: given.ignoreValue ?? settings.ignoreValue,
    labels: given.labels ?? [],
  }
}

function readEncoding(args: Args, from: number, end: number, options: GivenOptions): void {
  const at = placeOf(args, 'encoding', from, end)
  if (at >= 0) {
    if (at + 1 === args.argc) throw wrongArity(args)
    if (args.is(at + 1, 'compressed')) options.compressed = true
    else if (args.is(at + 1, 'uncompressed')) options.compressed = false
    else throw TS_ERR.badEncoding
  } else if (placeOf(args, 'uncompressed', from, end) >= 0) options.compressed = false
  else if (placeOf(args, 'compressed', from, end) >= 0) options.compressed = true
}

/** Pairs up to the end; a name without a value is passed over. */
function readLabels(args: Args, from: number): string[] {
  const labels: string[] = []
  for (let i = from; i + 1 < args.argc; i += 2) {
    const name = args.at(i).latin1()
    const value = args.at(i + 1).latin1()
    // These three are what lists of values are written with in filters.
    if (name === '' || value === '' || /[(),]/.test(value)) throw TS_ERR.badLabels
    labels.push(name, value)
  }
  return labels
}
