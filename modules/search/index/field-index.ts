/* Field index -- all that is kept for one field beside the words of texts: numbers, tags, sortable strings, documents
 * without it, and for vectors and shapes a structure of their own. */

import { ACCOUNT, type Address, type HashKey, type Memory, Range } from 'redstrata/module'
import type { Field } from '../schema/schema.ts'
import type { LevenshteinWalk } from './levenshtein.ts'
import { Numbers } from './numbers.ts'
import type { Block } from './posting-block.ts'
import { LIST_WORDS, Postings } from './postings.ts'
import { Strings } from './strings.ts'
import { Tags } from './tags.ts'

/** What vectors and shapes bring along: values by document in a structure of their own. */
export interface OwnIndex {
  /** Put a document's value in place of the one it had. @throws ArenaFull. */
  set(document: number, value: object): void
  clear(document: number): void
  /** A chunk of document numbers is gone; any of them is named. */
  drop(document: number): void
  readonly sizeBytes: number
  free(): void
}

/** The value of a field in one document, read from a hash or a JSON document and checked. Reused from document to document. */
export class FieldValue {
  present = false
  /** TEXT: the texts; several in a JSON array. */
  texts: Range[] = []
  textCount = 0
  /** NUMERIC and GEO. */
  numbers: number[] = []
  /** TAG: values without repetition, as they are compared. */
  tags: Buffer[] = []
  /** SORTABLE, but for numbers: what to sort by. */
  sortText: Buffer | Range | null = null
  /** VECTOR and GEOSHAPE. */
  own: object | null = null

  reset(): void {
    this.present = false
    this.textCount = 0
    if (this.numbers.length > 0) this.numbers = []
    if (this.tags.length > 0) this.tags = []
    this.sortText = null
    this.own = null
  }

  /** Room for one text more. */
  nextText(): Range {
    if (this.textCount === this.texts.length) this.texts.push(new Range())
    return this.texts[this.textCount++]!
  }
}

const PLAIN = { freqs: false, fields: false, offsets: false }

/** What is kept for a field. */
export class FieldIndex {
  readonly field: Field
  readonly numbers: Numbers | null = null
  readonly tags: Tags | null = null
  readonly strings: Strings | null = null
  readonly own: OwnIndex | null
  readonly #memory: Memory
  /** INDEXMISSING: the words of a plain list of documents without the field. */
  readonly missing: Address
  readonly missingLists: Postings
  readonly #sortText = new Range()

  /** @throws ArenaFull with nothing held, `own` neither. */
  constructor(
    memory: Memory,
    key: HashKey,
    field: Field,
    blocks: readonly [Block, Block],
    walk: LevenshteinWalk,
    own: OwnIndex | null,
  ) {
    this.#memory = memory
    this.field = field
    this.own = own
    this.missingLists = new Postings(memory, PLAIN, 0, blocks[0], blocks[1])
    try {
      const isNumeric = field.kind === 'numeric' || field.kind === 'geo'
      if (isNumeric && (!field.noIndex || field.kind === 'numeric')) this.numbers = new Numbers(memory, !field.noIndex)
      if (field.kind === 'tag' && !field.noIndex) this.tags = new Tags(memory, key, blocks, walk)
      if (field.sortable && field.kind !== 'numeric') this.strings = new Strings(memory, key)
      this.missing = field.indexMissing ? memory.zeroed(ACCOUNT.index, LIST_WORDS * 4) : 0
    } catch (error) {
      this.tags?.free()
      this.strings?.free()
      this.own?.free()
      throw error
    }
  }

  /**
   * Set the value of a document; texts are indexed elsewhere.
   * @param isNew whether the document's number is new, and so greater than all others.
   * @throws ArenaFull; `clear` then leaves the document without a value.
   */
  set(document: number, value: FieldValue, isNew: boolean): void {
    this.numbers?.set(document, value.numbers)
    this.tags?.set(document, value.tags)
    if (this.strings !== null) {
      if (value.sortText === null) this.strings.clear(document)
      else this.strings.set(document, this.#asRange(value.sortText))
    }
    if (this.own !== null) {
      if (value.own === null) this.own.clear(document)
      else this.own.set(document, value.own)
    }
    if (this.missing !== 0) this.#setMissing(document, !value.present, isNew)
  }

  #asRange(text: Buffer | Range): Range {
    return text instanceof Range ? text : this.#sortText.set(text, 0, text.length)
  }

  #setMissing(document: number, isMissing: boolean, isNew: boolean): void {
    if (!isNew) this.missingLists.removePlain(this.missing, document)
    if (isMissing) this.missingLists.insertPlain(this.missing, document)
  }

  /** Let a document that goes away have no value; lists of tags and of missing fields keep it until they are swept. */
  clear(document: number): void {
    this.numbers?.clear(document)
    this.tags?.clear(document)
    this.strings?.clear(document)
    this.own?.clear(document)
  }

  /** A chunk of document numbers is gone. */
  drop(document: number): void {
    this.numbers?.drop(document)
    this.tags?.column.drop(document)
    this.strings?.column.drop(document)
    this.own?.drop(document)
  }

  /** Bytes held. */
  get sizeBytes(): number {
    const missing = this.missing === 0 ? 0 : this.missingLists.sizeBytes + this.#memory.sizeOf(this.missing)
    const lists = (this.numbers?.sizeBytes ?? 0) + (this.tags?.sizeBytes ?? 0)
    return missing + lists + (this.strings?.sizeBytes ?? 0) + (this.own?.sizeBytes ?? 0)
  }

  /** Give everything back. */
  free(documents: Iterable<number>): void {
    this.numbers?.free(documents)
    this.tags?.free()
    this.strings?.free()
    this.own?.free()
    if (this.missing === 0) return
    this.missingLists.release(this.missing)
    this.#memory.free(ACCOUNT.index, this.missing)
  }
}
