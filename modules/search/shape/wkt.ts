/* WKT -- points and polygons written as well-known text.
 *
 *      POINT(2 3)        POLYGON((0 0, 0 5, 5 5, 5 0, 0 0), (1 1, 2 1, 2 2, 1 1))
 *                                 outer ring, closed          hole
 *
 * Words in any case, spaces anywhere between the parts. The source is the OGC's Simple Features; other kinds of shapes and
 * a third coordinate are refused, as by the real module. Time is linear in the text. */

/** Corners that all rings of a shape may have together. */
export const CORNERS_MAX = 8192

/** What was written: a point is one ring of one corner. Coordinates lie in pairs. */
export interface Wkt {
  readonly kind: 'point' | 'polygon'
  readonly rings: readonly Float64Array[]
}

/** Read a shape; or why it is none. */
export function parseWkt(text: string): Wkt | string {
  const reader = new Reader(text)
  const word = reader.word()
  if (word === 'point') {
    const ring = reader.ring()
    if (ring === null || ring.length !== 2 || !reader.atEnd) return 'Could not read a point'
    return { kind: 'point', rings: [ring] }
  }
  if (word !== 'polygon') return 'Only POINT and POLYGON are shapes'
  const rings: Float64Array[] = []
  if (!reader.sign('(')) return 'Could not read a polygon'
  do {
    const ring = reader.ring()
    if (ring === null) return 'Could not read a ring of a polygon'
    rings.push(ring)
  } while (reader.sign(','))
  if (!reader.sign(')') || !reader.atEnd) return 'Could not read a polygon'
  return { kind: 'polygon', rings }
}

const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y
const SPACE = /\s*/y
const WORD = /[a-zA-Z]+/y

class Reader {
  readonly #text: string
  #at = 0
  #corners = 0

  constructor(text: string) {
    this.#text = text
  }

  word(): string {
    return (this.#take(WORD) ?? '').toLowerCase()
  }

  /** Whether a sign is next; it is taken then. */
  sign(sign: string): boolean {
    this.#take(SPACE)
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  get atEnd(): boolean {
    this.#take(SPACE)
    return this.#at === this.#text.length
  }

  /** Corners in brackets, or null. */
  ring(): Float64Array | null {
    if (!this.sign('(')) return null
    const numbers: number[] = []
    do {
      const x = this.#number()
      const y = this.#number()
      if (!Number.isFinite(x) || !Number.isFinite(y) || ++this.#corners > CORNERS_MAX) return null
      numbers.push(x, y)
    } while (this.sign(','))
    return this.sign(')') ? Float64Array.from(numbers) : null
  }

  #number(): number {
    const text = this.#take(NUMBER)
    return text === null ? NaN : Number(text)
  }

  #take(pattern: RegExp): string | null {
    if (pattern !== SPACE) this.#take(SPACE)
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return null
    this.#at = pattern.lastIndex
    return found[0]
  }
}
