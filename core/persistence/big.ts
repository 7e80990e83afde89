/* Big collections -- tables of members or fields, written a piece at a time while they go on changing.
 *
 *      table    | . . . . . . . . . . | w w w w w w |        positions below the cursor are still to be written
 *                                     ^ cursor
 *
 * What is about to change is saved first: an element is written out of its turn, into the file when the collection is the one
 * being written, and aside when it has yet to wait. So memory is needed for what changes, and for no more.
 *
 * An element that was written early and is still there is remembered by its address until the cursor meets it. One
 * that goes is exchanged with the element below the cursor, which is then lowered: the hole that it leaves is filled from
 * above, and nothing below the cursor is ever new.
 *
 * Lists, streams, long strings and values of modules are written along a plan: plan.ts. */

import type { Database } from '../keyspace/database.ts'
import type { ValueType } from '../keyspace/value-type.ts'
import type { Address } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import type { Aside } from './aside.ts'
import type { RdbWriter } from './rdb/writer.ts'

/** What a snapshot must know of a collection that is written in pieces. */
export interface Big {
  /** Its type byte. */
  readonly type: number
  /** The address by which a value in the graveyard is recognised. */
  readonly root: Address
  /** Whether anything is still to be written. */
  readonly isDone: boolean
  /** Before the first piece. */
  begin(writer: RdbWriter): void
  /** Write the next piece. */
  step(writer: RdbWriter): void
  /** After the last. */
  end(writer: RdbWriter): void
  release(): void
}

/** Views of sets, hashes and sorted sets that are Dicts, as far as they are needed here. */
export interface TableView {
  readonly dict: Dict
  readonly isPacked: boolean
}

/** Writes the elements of a table. */
export interface Elements {
  /** What stands before the elements. */
  head(writer: RdbWriter, count: number): void
  /** The element at a place of the view's table. */
  element(writer: RdbWriter, place: number): void
  /** What was gathered goes where the elements went. False when there was nothing. */
  close(): boolean
  release(): void
}

/** A set, hash or sorted set. */
export class BigTable implements Big {
  readonly type: number
  readonly root: Address
  readonly #view: TableView
  readonly #elements: Elements
  readonly #count: number
  #cursor: number
  readonly #early = new Set<Address>()
  #aside: Aside | null = null
  #file: RdbWriter | null = null
  readonly #makeAside: () => Aside

  constructor(view: TableView, type: number, elements: Elements, makeAside: () => Aside) {
    this.#view = view
    this.type = type
    this.#elements = elements
    this.root = view.dict.root
    this.#count = this.#cursor = view.dict.count
    this.#makeAside = makeAside
  }

  get isDone(): boolean {
    return this.#cursor === 0 && this.#aside === null
  }

  /** The lens, looking at what is there now. */
  get #dict(): Dict {
    return this.#view.dict.bind(this.root)
  }

  #write(place: number): void {
    this.#elements.element(this.#file ?? (this.#aside ??= this.#makeAside()).writer, place)
  }

  /** An element is about to change. */
  change(record: Address): void {
    const place = this.#dict.positionOf(record)
    if (place >= this.#cursor || this.#early.has(record)) return
    this.#write(place)
    this.#early.add(record)
  }

  /** An element is about to go. */
  removal(record: Address): void {
    const dict = this.#dict
    const place = dict.positionOf(record)
    if (place >= this.#cursor) return
    if (!this.#early.delete(record)) this.#write(place)
    this.#cursor--
    dict.swap(place, this.#cursor)
  }

  moved(from: Address, to: Address): void {
    if (this.#early.delete(from)) this.#early.add(to)
  }

  begin(writer: RdbWriter): void {
    this.#elements.head(writer, this.#count)
    if (this.#aside === null) this.#file = writer
  }

  step(writer: RdbWriter): void {
    if (this.#aside !== null) {
      this.#passOn(writer, this.#aside)
      return
    }
    const dict = this.#dict
    const place = this.#cursor - 1
    if (!this.#early.delete(dict.at(place))) this.#write(place)
    this.#cursor = place
  }

  /** A piece of what was written aside; until all of it is in the file, what comes early goes there too. */
  #passOn(writer: RdbWriter, aside: Aside): void {
    if (aside.passOn(writer)) return
    // What is gathered yet is the last of it: from now on elements go into the file.
    if (this.#elements.close()) return
    aside.release()
    this.#aside = null
    this.#file = writer
  }

  end(): void {
    this.#elements.close()
  }

  release(): void {
    this.#elements.release()
    this.#aside?.release()
  }
}

/** The address by which a value is known: that of its table, or its own root. */
export function rootOf(value: object): Address {
  const { dict, root, isPacked } = value as { dict?: Dict; root?: Address; isPacked?: boolean }
  if (isPacked === true) return 0
  return dict !== undefined ? dict.root : (root ?? 0)
}

/** A view of a record that is nobody else's. */
export function ownView(db: Database, record: Address, type: ValueType): object {
  return (type.view!(db) as { bind(db: Database, record: Address): object }).bind(db, record)
}
