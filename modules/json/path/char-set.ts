/* CharSet -- the characters that one place of a pattern accepts.
 *
 * ASCII is a map of 128 bits; beyond it a list of ranges and of Unicode properties, which JavaScript's own tables answer
 * for one character at a time. Ignoring case is done when the set is made (ASCII) or asked (beyond): a character is in when
 * it, its small or its capital form is.
 *
 *   has O(1) for ASCII, O(ranges) beyond */

const ASCII = 128

export class CharSet {
  negated = false
  ignoreCase = false
  readonly #ascii: Int32Array = new Int32Array(4)
  readonly #ranges: number[] = []
  readonly #properties: RegExp[] = []
  readonly #sets: CharSet[] = []

  /** Take in the characters from one code point to another. */
  addRange(from: number, to: number): CharSet {
    for (let c = from; c <= to && c < ASCII; c++) this.#ascii[c >>> 5]! |= 1 << (c & 31)
    if (to >= ASCII) this.#ranges.push(Math.max(from, ASCII), to)
    return this
  }

  /** Take in what has a Unicode property, written as JavaScript writes it: `\p{L}` or `\P{L}`. Throws on an unknown one. */
  addProperty(property: string): CharSet {
    const pattern = new RegExp(`^${property}$`, 'u')
    for (let c = 0; c < ASCII; c++) if (pattern.test(String.fromCharCode(c))) this.addRange(c, c)
    this.#properties.push(pattern)
    return this
  }

  /** Take in another set. */
  addSet(set: CharSet): CharSet {
    this.#sets.push(set)
    return this
  }

  has(c: number): boolean {
    if (this.#holds(c)) return !this.negated
    if (this.ignoreCase && this.#otherCase(c)) return !this.negated
    return this.negated
  }

  #holds(c: number): boolean {
    for (const set of this.#sets) if (set.has(c)) return true
    if (c < ASCII) return ((this.#ascii[c >>> 5]! >>> (c & 31)) & 1) === 1
    for (let k = 0; k < this.#ranges.length; k += 2) if (c >= this.#ranges[k]! && c <= this.#ranges[k + 1]!) return true
    if (this.#properties.length === 0) return false
    const text = String.fromCodePoint(c)
    return this.#properties.some(property => property.test(text))
  }

  #otherCase(c: number): boolean {
    if (c < ASCII) {
      const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
      if (letter && this.#holds(c ^ 0x20)) return true
      // The two letters beyond ASCII whose other case is inside it: the Kelvin sign and the long s.
      return ((c | 0x20) === 0x6b && this.#holds(0x212a)) || ((c | 0x20) === 0x73 && this.#holds(0x17f))
    }
    const text = String.fromCodePoint(c)
    return this.#holdsOne(text.toLowerCase(), c) || this.#holdsOne(text.toUpperCase(), c)
  }

  /** Whether a text of one character, other than the one already tried, is in. */
  #holdsOne(text: string, tried: number): boolean {
    const c = text.codePointAt(0)!
    return c !== tried && text.length === (c > 0xffff ? 2 : 1) && this.#holds(c)
  }
}
