/* Mark window -- which documents of a window some lists hold: a bit for each, and for those whose bit is set the list
 * that came first and how often the document holds its term. Drawn in iterators/first-of.ts.
 *
 * Nothing but the bits is cleared for the next user. */

const NONE = new Int32Array(0)

/** Marks of a window of documents. */
export class MarkWindow {
  readonly bits: Int32Array
  readonly owner: Uint16Array
  /** Empty until somebody needs them. */
  freqs: Int32Array = NONE

  /** @param documents how many; a power of two, at least 32. */
  constructor(documents: number) {
    this.bits = new Int32Array(documents >>> 5)
    this.owner = new Uint16Array(documents)
  }

  /** Documents that it has room for. */
  get documents(): number {
    return this.owner.length
  }

  /** Have room for frequencies. */
  needFreqs(): void {
    if (this.freqs.length === 0) this.freqs = new Int32Array(this.documents)
  }
}
