/* Failures -- what could not be indexed: how often, and the last time why and where. */

/** Counts failures of an index or of a field. */
export class Failures {
  count = 0
  /** Text and key of the last one; null when there was none. */
  lastText: string | null = null
  lastKey: Buffer | null = null

  note(text: string, key: Buffer): void {
    this.count++
    this.lastText = text
    this.lastKey = key
  }
}
