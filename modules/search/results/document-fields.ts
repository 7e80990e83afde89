/* What aggregations read of documents, as values. */

import { Range } from 'redstrata/module'
import type { DocumentFields } from '../aggregate/row-steps.ts'
import type { Cell } from '../expression/value.ts'
import type { DocumentReader } from './document.ts'

/** The documents of an index, read one after the other. */
export class FieldValues implements DocumentFields {
  readonly #reader: DocumentReader
  readonly #identifiers = new Map<Buffer, Range>()
  readonly #value = new Range()
  #document = 0

  constructor(reader: DocumentReader) {
    this.#reader = reader
  }

  /** Nothing more will be read. */
  release(): void {
    this.#reader.release()
  }

  open(document: number): boolean {
    this.#document = document
    return document !== 0 && this.#reader.open(document)
  }

  key(): string {
    return this.#reader.key(this.#document, this.#value) ? this.#value.latin1() : ''
  }

  value(identifier: Buffer): Cell {
    let range = this.#identifiers.get(identifier)
    if (range === undefined) {
      range = Range.of(identifier)
      this.#identifiers.set(identifier, range)
    }
    const reader = this.#reader
    if (!reader.get(range, this.#value)) return undefined
    if (reader.kind === 'null') return null
    return reader.kind === 'number' ? reader.number : this.#value.latin1()
  }

  each(visit: (name: string, value: Cell) => void): void {
    this.#reader.each((name, value) => visit(name.latin1(), value.latin1()))
  }
}
