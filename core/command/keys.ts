/* Keys of a command -- which arguments are keys, and what is done to them.
 *
 * Worked out from the key specifications, as COMMAND GETKEYS, access rules, and client-side caching need it. */

import type { Args } from './args.ts'
import type { KeySpec } from './spec.ts'
import type { Entry } from './table.ts'

/** A key among the arguments. */
export interface KeyArgument {
  /** Number of the argument. */
  readonly at: number
  /** Flags of its specification: RW, access, delete ... */
  readonly flags: readonly string[]
}

/** The keys of a command, in the order of its specifications; none when a count of them is nonsense. */
export function keysOf(entry: Entry, args: Args): KeyArgument[] {
  const found: KeyArgument[] = []
  for (const spec of entry.command.keySpecs) {
    if (spec.flags.includes('not_key')) continue
    if (spec.begin.type === 'unknown') findStore(entry, args, spec, found)
    else if (!addKeys(args, spec, found)) return []
  }
  // MIGRATE takes one key, or "" and several behind KEYS.
  if (entry.name === 'migrate' && found.length > 1 && found[0]!.at === 3) return []
  return found.length === 1 ? exactly(entry, args, found) : found
}

/** What SET and BITFIELD do to their key depends on their options. */
function exactly(entry: Entry, args: Args, found: KeyArgument[]): KeyArgument[] {
  if (entry.name !== 'set' && entry.name !== 'bitfield') return found
  const flags = entry.name === 'set' ? flagsOfSet(args) : flagsOfBitfield(args)
  return [{ at: found[0]!.at, flags }]
}

/** SET reads its key only with GET. */
function flagsOfSet(args: Args): readonly string[] {
  for (let i = 3; i < args.argc; i++) if (args.is(i, 'get')) return ['RW', 'access', 'update']
  return ['OW', 'update']
}

/** BITFIELD writes its key only with SET and INCRBY. */
function flagsOfBitfield(args: Args): readonly string[] {
  for (let i = 2; i < args.argc; i++) {
    if (args.is(i, 'get')) i += 2
    else if (args.is(i, 'overflow')) i++
    else return ['RW', 'access', 'update']
  }
  return ['RO', 'access']
}

/** SORT names its destination anywhere, and the last STORE counts. */
function findStore(entry: Entry, args: Args, spec: KeySpec, found: KeyArgument[]): void {
  if (entry.name !== 'sort' || !spec.flags.includes('OW')) return
  let at = -1
  for (let i = 2; i < args.argc - 1; i++) {
    if (args.is(i, 'limit')) i += 2
    else if (args.is(i, 'get') || args.is(i, 'by')) i++
    else if (args.is(i, 'store')) at = ++i
  }
  if (at > 0) found.push({ at, flags: spec.flags })
}

function beginOf(args: Args, spec: KeySpec): number {
  const { begin } = spec
  if (begin.type === 'index') return begin.index
  if (begin.type !== 'keyword') return -1
  const word = begin.keyword.toLowerCase()
  if (begin.from >= 0) {
    for (let i = begin.from; i < args.argc - 1; i++) if (args.is(i, word)) return i + 1
    return -1
  }
  for (let i = args.argc + begin.from; i > 0; i--) if (args.is(i, word)) return i + 1
  return -1
}

/** Returns false for a count that is none, or more than there is. */
function addKeys(args: Args, spec: KeySpec, found: KeyArgument[]): boolean {
  const first = beginOf(args, spec)
  if (first < 0 || first >= args.argc) return true
  const { find } = spec
  if (find.type === 'range') {
    let last = find.last >= 0 ? first + find.last : args.argc + find.last
    if (find.limit > 1) last = first + Math.floor((args.argc - first) / find.limit) - 1
    for (let i = first; i <= Math.min(last, args.argc - 1); i += find.step) add(args, i, spec, found)
  } else if (find.type === 'keynum') {
    const count = Number(args.at(first + find.at).latin1())
    const from = first + find.first
    if (!Number.isSafeInteger(count) || count < 1 || from + (count - 1) * find.step >= args.argc) return false
    for (let i = 0; i < count; i++) add(args, from + i * find.step, spec, found)
  }
  return true
}

function add(args: Args, at: number, spec: KeySpec, found: KeyArgument[]): void {
  // MIGRATE writes "" where a single key would stand when the keys come behind KEYS.
  if (spec.flags.includes('delete') && args.starts[at] === args.ends[at] && args.argc > at + 2) return
  found.push({ at, flags: spec.flags })
}

/** First, last and step of the keys, as COMMAND INFO has told since long before key specifications. */
export function legacyKeys(specs: readonly KeySpec[]): readonly [number, number, number] {
  let first = 0
  let last = 0
  let step = 0
  for (const { begin, find } of specs) {
    if (begin.type !== 'index' || find.type !== 'range') {
      if (first === 0) return [0, 0, 0]
      break
    }
    const end = find.last >= 0 ? begin.index + find.last : find.last
    if (first === 0) {
      first = begin.index
      last = end
      step = find.step
    } else if (begin.index === last + 1 && last > 0 && step === find.step) last = end
    else break
  }
  return [first, last, step]
}
