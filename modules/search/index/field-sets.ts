/* Field sets -- which TEXT fields of a document hold a term, as one small number.
 *
 *      number   0     1          2                3
 *      set      {}    {title}    {title, body}    {body}
 *
 * An index has at most 128 TEXT fields, but documents use few of the possible combinations, so postings keep the number
 * of a combination instead of its bits: one byte, mostly. A query turns the fields that it looks into to a table of
 * numbers once, and then tests a posting by looking its number up.
 *
 * Numbers are never taken back: there are at most as many as combinations that occurred. */

import { ALL_FIELDS, type FieldMask } from '../query/ast.ts'

/** Words of a mask of 128 fields. */
export const MASK_WORDS = 4

/** Tables that are kept for the next queries. */
const TABLES_MAX = 64

/** The combinations of fields that occurred. */
export class FieldSets {
  readonly #sets: (readonly [number, number, number, number])[] = [[0, 0, 0, 0]]
  readonly #narrow = new Map<number, number>([[0, 0]])
  readonly #wide = new Map<string, number>()
  /** Tables of `allowed`, by the fields that were asked for. */
  readonly #allowed = new Map<FieldMask, Uint8Array>()

  /** Combinations known. */
  get count(): number {
    return this.#sets.length
  }

  /** The number of a combination, given as four words of 32 bits at `masks[at]`. */
  intern(masks: Int32Array, at: number): number {
    const [low, second, third, fourth] = [masks[at]!, masks[at + 1]!, masks[at + 2]!, masks[at + 3]!]
    if ((second | third | fourth) === 0) {
      const known = this.#narrow.get(low)
      if (known !== undefined) return known
      this.#narrow.set(low, this.#sets.length)
    } else {
      const key = `${low},${second},${third},${fourth}`
      const known = this.#wide.get(key)
      if (known !== undefined) return known
      this.#wide.set(key, this.#sets.length)
    }
    this.#sets.push([low, second, third, fourth])
    return this.#sets.length - 1
  }

  /** By number: 1 for the combinations that have one of the fields; null for all fields. */
  allowed(fields: FieldMask): Uint8Array | null {
    if (fields === ALL_FIELDS) return null
    const known = this.#allowed.get(fields)
    if (known !== undefined && known.length === this.#sets.length) return known
    if (this.#allowed.size >= TABLES_MAX) this.#allowed.clear()
    const table = new Uint8Array(this.#sets.length)
    const words = [0, 1, 2, 3].map(word => Number(BigInt.asIntN(32, fields >> BigInt(word * 32))))
    for (let number = 0; number < table.length; number++)
      if (this.#sets[number]!.some((bits, word) => (bits & words[word]!) !== 0)) table[number] = 1
    this.#allowed.set(fields, table)
    return table
  }
}
