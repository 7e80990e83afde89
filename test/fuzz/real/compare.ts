/* Compare -- answers as text, in which what may differ between two servers is alike: the order of members that have none, the digits
 * of doubles, times that pass, and what Redis 7.4 says otherwise than 7.0. */

import { isAggregate, printReply, type Reply } from '../../support/transcript/reply.ts'

/** Commands whose answers have no order. */
const UNORDERED = new Set(['SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'KEYS', 'HKEYS', 'HVALS', 'SPOP', 'SRANDMEMBER'])
const PAIRS = new Set(['HGETALL', 'HRANDFIELD', 'ZRANDMEMBER'])
const SCANS = new Set(['SCAN', 'SSCAN', 'HSCAN', 'ZSCAN'])

/** Refusals that 7.4 words otherwise, or finds where 7.0 found another. */
const SAME_REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^ERR Unbalanced '?(xread|xreadgroup)'? list of streams.*$/i, 'ERR Unbalanced'],
]

/** Whether two answers say the same, or what a version after the real server's changed. */
export function agree(args: readonly string[], ours: Reply, theirs: Reply, since: Versions): boolean {
  if (answersOf(args, ours) === answersOf(args, theirs)) return true
  if (!since.has72) return changedSince70(args, ours, theirs)
  return since.is74 ? changedAfter74(args, ours, theirs) : args[0]?.toUpperCase() === 'XREAD' && args.includes('+')
}

/** What the real server is. */
export interface Versions {
  readonly has72: boolean
  /** 7.4 or later. */
  readonly is74: boolean
}

/** What Redis changed after 7.4, and what is not done here. */
function changedAfter74(args: readonly string[], ours: Reply, theirs: Reply): boolean {
  const name = (args[0] ?? '').toUpperCase()
  // 8.0 reads numbers by another rule, and prints coordinates with fewer digits.
  const isSort = name === 'SORT' || name === 'SORT_RO'
  if (isSort && (ours.kind === '-' || theirs.kind === '-')) return true
  if (isSort) return args.includes('nosort') && sorted(name, ours) === sorted(name, theirs)
  if (name === 'GEOPOS') return printReply(ours).length > printReply(theirs).length
  // A negative offset finds nothing in a small sorted set; in a large one 8.0 counts it from the end.
  const limit = args.findIndex(arg => arg.toUpperCase() === 'LIMIT')
  if (name.startsWith('Z') && limit > 0 && args[limit + 1]?.startsWith('-') === true) return true
  // SORT makes a large one of each sorted set.
  return name === 'OBJECT' && 'text' in theirs && theirs.text === 'skiplist'
}

/** What Redis changed between 7.0 and 7.4. */
function changedSince70(args: readonly string[], ours: Reply, theirs: Reply): boolean {
  const name = (args[0] ?? '').toUpperCase()
  const ourText = 'text' in ours ? ours.text : ''
  const theirText = 'text' in theirs ? theirs.text : ''
  // 7.2: arguments are checked before the key is looked for.
  if (name === 'BITCOUNT' || name === 'BITPOS')
    return ours.kind === '-' && (theirs.kind === '-' || theirText === '0' || theirText === '-1')
  // 7.2: WITHSCORE.
  if (name === 'ZRANK' || name === 'ZREVRANK') return args.length > 3 && ours.kind === '-' && theirs.kind === '-'
  // 7.2: small lists and sets are listpacks. SORT makes a large one of each sorted set there, which is not done here.
  if (name === 'OBJECT') return ourText === 'listpack' && /^(quicklist|hashtable|skiplist)$/.test(theirText)
  // 7.2: the greatest deleted id is looked at first.
  if (name === 'XSETID') return ours.kind === '-' && theirs.kind === '-'
  if (name === 'XREAD') return args.includes('+')
  // 7.2: reading makes the consumer though there is nothing to read.
  if (name === 'XGROUP') return ourText === '0' && theirText === '1'
  // The members of a set as they lie.
  return name === 'SORT' && args.includes('nosort') && sorted(name, ours) === sorted(name, theirs)
}

/** An answer in a form that two servers agree on. */
export function answersOf(args: readonly string[], reply: Reply): string {
  const name = (args[0] ?? '').toUpperCase()
  if (reply.kind === '-')
    return SAME_REFUSALS.reduce((text, [pattern, same]) => text.replace(pattern, same), reply.text)
  if (isAggregate(reply) && SCANS.has(name)) {
    const isInPairs = !args.some(arg => arg.toUpperCase() === 'NOVALUES')
    return printReply(reply.items[0]!) + sorted(name, reply.items[1]!, isInPairs)
  }
  if (isAggregate(reply) && (UNORDERED.has(name) || PAIRS.has(name))) return sorted(name, reply)
  if ((name === 'TTL' || name === 'PTTL') && reply.kind === ':' && Number(reply.text) > 0)
    return Number(reply.text) > 1e9 ? reply.text.slice(0, 6) : String(Math.round(Number(reply.text) / 5))
  return alike(printReply(reply), name)
}

function sorted(name: string, reply: Reply, isInPairs = true): string {
  if (!isAggregate(reply)) return printReply(reply)
  const texts = reply.items.map(item => printReply(item))
  const isFlat = !reply.items.some(isAggregate)
  const inPairs = isFlat && isInPairs && (PAIRS.has(name) || name === 'HSCAN' || name === 'ZSCAN')
  const parts = inPairs
    ? texts.flatMap((text, i) => (i % 2 === 0 ? [`${text} ${alike(texts[i + 1] ?? '', name)}`] : []))
    : texts.map(text => alike(text, name))
  return parts.sort().join(', ')
}

/** Doubles are printed with 17 digits by 7.0 and with as many as needed by 7.4. */
function alike(text: string, name: string): string {
  if (/^(B?Z|GEO)/.test(name))
    text = text.replace(/"(-?\d[\d.]*(?:e[+-]\d+)?)"|,(-?\d[\d.]*(?:e[+-]\d+)?)/g, (_, a?: string, b?: string) =>
      double(a ?? b ?? ''),
    )
  if (name.startsWith('X')) text = text.replace(/\d{13}-\d+/g, 'now')
  // How a radix tree lies in memory is not imitated beyond recordings. 7.2: XAUTOCLAIM makes its consumer; 7.4: other rules for the lag and the entries read.
  if (name === 'XINFO') text = text.replace(/"(lag|consumers|entries-read|radix-tree-nodes)" (:-?\d+|nil|_)/g, '')
  return text
}

function double(text: string): string {
  return String(Number(text) + 0) // -0 is 0: which one a score is depends on how large the set has ever been
}
