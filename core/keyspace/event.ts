/* Events -- the classes of keyspace notifications, one bit each.
 *
 * The letters are those of `notify-keyspace-events`. K and E choose the channels (`__keyspace@0__:key`,
 * `__keyevent@0__:event`); A stands for all classes but m and n. */

/** A bit for each class. A module's own events are of the class `module`. */
export const EVENT = {
  keyspace: 1,
  keyevent: 1 << 1,
  generic: 1 << 2,
  string: 1 << 3,
  list: 1 << 4,
  set: 1 << 5,
  hash: 1 << 6,
  zset: 1 << 7,
  expired: 1 << 8,
  evicted: 1 << 9,
  stream: 1 << 10,
  miss: 1 << 11,
  module: 1 << 13,
  new: 1 << 14,
} as const

const LETTERS: readonly (readonly [string, number])[] = [
  ['g', EVENT.generic],
  ['$', EVENT.string],
  ['l', EVENT.list],
  ['s', EVENT.set],
  ['h', EVENT.hash],
  ['z', EVENT.zset],
  ['x', EVENT.expired],
  ['e', EVENT.evicted],
  ['t', EVENT.stream],
  ['d', EVENT.module],
]
const ALL = LETTERS.reduce((bits, [, bit]) => bits | bit, 0)
const OTHERS: readonly (readonly [string, number])[] = [
  ['n', EVENT.new],
  ['K', EVENT.keyspace],
  ['E', EVENT.keyevent],
  ['m', EVENT.miss],
]

/** Bits of a `notify-keyspace-events` value, or -1 when it holds an unknown letter. */
export function eventBits(text: string): number {
  let bits = 0
  for (const letter of text) {
    if (letter === 'A') {
      bits |= ALL
      continue
    }
    const known = LETTERS.find(([l]) => l === letter) ?? OTHERS.find(([l]) => l === letter)
    if (known === undefined) return -1
    bits |= known[1]
  }
  return bits
}

/** The letters for some bits, as CONFIG GET prints them. */
export function eventLetters(bits: number): string {
  let text = (bits & ALL) === ALL ? 'A' : ''
  if (text === '') for (const [letter, bit] of LETTERS) if (bits & bit) text += letter
  // As in Redis, n is not shown beside A, though A does not stand for it.
  for (const [letter, bit] of OTHERS) if (bits & bit && !(bit === EVENT.new && text[0] === 'A')) text += letter
  return text
}
