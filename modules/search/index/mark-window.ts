/* Mark window -- which documents of a window some lists hold: a bit for each, and for those whose bit is set the list
 * that came first and how often the document holds its term. Drawn in iterators/first-of.ts.
 *
 * Nothing but the bits is cleared for the next user. */

const NONE = new Int32Array(0)
const NOBODY = new Uint16Array(0)

/** Marks of a window of documents. */
export class MarkWindow {
  readonly bits: Int32Array
  /** Both empty until somebody needs them. */
  owner: Uint16Array = NOBODY
  freqs: Int32Array = NONE

  /** @param documents how many; a power of two, at least 32. */
  constructor(documents: number) {
    this.bits = new Int32Array(documents >>> 5)
  }

  /** Documents that it has room for. */
  get documents(): number {
    return this.bits.length * 32
  }

  /** Have room for owners. */
  needOwners(): void {
    if (this.owner.length === 0) this.owner = new Uint16Array(this.documents)
  }

  /** Have room for frequencies. */
  needFreqs(): void {
    if (this.freqs.length === 0) this.freqs = new Int32Array(this.documents)
  }
}
