/* Synonyms -- words that stand for each other.
 *
 * A group has a name, a word may be in several groups:
 *
 *      g1: boy, lad          word -> groups     boy: g1      lad: g1, g2      guy: g2
 *      g2: lad, guy
 *
 * A document with a word is also indexed under "~group" for each of the word's groups, and a query for a word also
 * looks for those. Words are kept in lower case as byte strings (one character per byte). */

import { lowerRoom, writeLower } from './lower.ts'

/** The first byte of a term that stands for a group. */
export const SYNONYM_MARK = 0x7e

/** The groups of an index. */
export class Synonyms {
  /** Word to the names of its groups, both as byte strings, in the order they came. */
  readonly groupsOf: Map<string, string[]> = new Map()

  /** Put words into a group. */
  add(group: Buffer, words: readonly Buffer[]): void {
    const name = group.latin1Slice()
    for (const word of words) {
      const key = lowerBytes(word)
      const groups = this.groupsOf.get(key)
      if (groups === undefined) this.groupsOf.set(key, [name])
      else if (!groups.includes(name)) groups.push(name)
    }
  }

  /** The groups of the lower-case token `bytes[start..end)`, or null. */
  find(bytes: Buffer, start: number, end: number): readonly string[] | null {
    if (this.groupsOf.size === 0) return null
    return this.groupsOf.get(bytes.latin1Slice(start, end)) ?? null
  }
}

/** The lower case of a word, as a byte string. */
function lowerBytes(word: Buffer): string {
  const lower = Buffer.from(new Uint8Array(lowerRoom(word.length)))
  return lower.latin1Slice(0, writeLower(word, 0, word.length, lower, 0))
}
