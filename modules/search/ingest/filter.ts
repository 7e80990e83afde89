/* Filters -- FILTER of FT.CREATE: an expression over the fields of a document says whether it belongs to the index.
 *
 *      FILTER '@age >= 18'        FILTER 'startswith(@__key, "doc:pub")'
 *
 * Where a document lacks a field that is asked for, the expression has no value. As by the real module such a document is let
 * in when it is written, and left out when it is there already as the index is made. */

import { Range, type ReplyError, replyError } from 'redstrata/module'
import { compileExpression, type Evaluate } from '../expression/evaluate.ts'
import { parseExpression } from '../expression/parser.ts'
import { type Cell, isTrue } from '../expression/value.ts'
import { QueryFailure } from '../query/failure.ts'

/** The property that stands for the key. */
const KEY = '__key'

/** The values of a document by their names. */
interface Values {
  /** False when the document has no such value. */
  get(name: string, out: Range): boolean
}

/** Decides which documents belong to an index. */
export class DocumentFilter {
  readonly #evaluate: Evaluate
  readonly #names: string[] = []
  readonly #value = new Range()
  readonly #row: { cell(slot: number): Cell }
  #key: Range = this.#value
  #source: Values | null = null

  /** @throws ReplyError when the expression cannot be read. */
  constructor(text: Buffer) {
    this.#row = { cell: slot => this.#cell(slot) }
    const scope = { slotOf: (name: string) => this.#slotOf(name), termsSlot: -1 }
    try {
      this.#evaluate = compileExpression(parseExpression(text.latin1Slice()), scope)
    } catch (failure) {
      throw failure instanceof QueryFailure ? asReply(failure) : failure
    }
  }

  #slotOf(name: string): number {
    const known = this.#names.indexOf(name)
    return known >= 0 ? known : this.#names.push(name) - 1
  }

  #cell(slot: number): Cell {
    const name = this.#names[slot]!
    if (name === KEY) return this.#key.latin1()
    return this.#source!.get(name, this.#value) ? this.#value.latin1() : undefined
  }

  /**
   * Whether a document belongs to the index; `source` is turned to it.
   * @param otherwise the answer where the expression has no value.
   */
  accepts(key: Range, source: Values, otherwise = true): boolean {
    this.#key = key
    this.#source = source
    try {
      return isTrue(this.#evaluate(this.#row))
    } catch (failure) {
      if (failure instanceof QueryFailure) return otherwise
      throw failure
    }
  }
}

function asReply(failure: QueryFailure): ReplyError {
  return replyError(failure.text)
}
