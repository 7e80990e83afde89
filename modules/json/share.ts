/* Share -- documents for other modules, offered as `host.provide('json', …)`.
 *
 *      const json = host.find<JsonService>('json')          null while this module is not loaded: ask when it is needed
 *      const price = json.path('$.price')                   once
 *      const reader = json.reader()                         one for each use that may run inside another
 *
 *      if (reader.open(db, key))
 *        for (let n = 0; n < reader.find(price); n++)
 *          if (reader.kind(n) === 'number') index(reader.number(n))
 *
 * Nothing is copied: a reader names places in the document, good until the next write. A write that tells of itself with a
 * `detail` names the paths under which something changed, and `touches` says whether that concerns a path; so an index
 * that keeps `$.price` sleeps through a change of `$.stock`. */

import type { Database, EventDetail, Memory, Range, ValueType } from 'redstrata/module'
import { printedList } from './commands/text-reply.ts'
import {
  ARRAY,
  countOf,
  DOUBLE,
  ESCAPED,
  firstChild,
  INTEGER,
  type Kind,
  kindOf,
  keyLength,
  OBJECT,
  spanOf,
  STRING,
  textLength,
  TRUE,
} from './document/node.ts'
import { numberValue } from './document/number.ts'
import { saidLength, writeSaid } from './document/text.ts'
import { Tree } from './document/tree.ts'
import { Evaluator } from './path/eval.ts'
import { readPath } from './path/legacy.ts'
import { Path } from './path/path.ts'
import type { JsonView } from './type.ts'

/** What a value is. */
export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

const KINDS: readonly JsonKind[] = ['null', 'boolean', 'boolean', 'number', 'number', 'string', 'array', 'object']

/** A path that was read once, to be followed in many documents. */
export interface JsonPath {
  /** Whether it leads to one value at most. */
  readonly isStatic: boolean
  /** Whether it was written without `$`. */
  readonly legacy: boolean
}

/** What other modules find under the name `json`. */
export interface JsonService {
  /** Which records hold documents: compare with `db.typeOf(record)`. */
  readonly typeId: number
  /** Read a path, of either kind; null when it cannot be read. */
  path(text: string): JsonPath | null
  reader(): JsonReader
  /** Whether a change may concern what a path leads to. Without detail it may. */
  touches(path: JsonPath, detail: EventDetail | undefined): boolean
}

/** Looks at one document at a time. */
export interface JsonReader {
  /** Look at a key's document; false when the key holds none. */
  open(db: Database, key: Range): boolean
  /** Look at the document of a record that is known to hold one. */
  openRecord(db: Database, record: number): void
  /** Find what a path leads to; the values are then known by number. Returns how many; 0 also when it costs too much. */
  find(path: JsonPath): number
  kind(n: number): JsonKind
  isTrue(n: number): boolean
  /** The number that a value is, to the nearest double. */
  number(n: number): number
  /** What a string says. */
  bytes(n: number, out: Range): Range
  /** A value's JSON text. */
  text(n: number, out: Range): Range
  /** The JSON text of all values found, as a list. Good until the next call. */
  list(out: Range): Range
  /** Elements of an array or members of an object. */
  count(n: number): number
  /** Make the children of a container known, too: they take the numbers from the result on. */
  children(n: number): number
}

/** The service of one server. */
export class JsonShare implements JsonService {
  readonly #memory: Memory
  readonly #type: ValueType<JsonView>

  constructor(memory: Memory, type: ValueType<JsonView>) {
    this.#memory = memory
    this.#type = type
  }

  get typeId(): number {
    return this.#type.id
  }

  path(text: string): JsonPath | null {
    const bytes = Buffer.from(text)
    const path = readPath(bytes, 0, bytes.length)
    return path instanceof Path ? path : null
  }

  reader(): JsonReader {
    return new Reader(this.#memory, this.#type)
  }

  touches(path: JsonPath, detail: EventDetail | undefined): boolean {
    if (detail === undefined) return true
    const { reach } = path as Path
    return detail.some(changed => {
      const other = changed.toString()
      return reach.startsWith(other) || other.startsWith(reach)
    })
  }
}

class Reader implements JsonReader {
  readonly #type: ValueType<JsonView>
  readonly #doc: Tree
  readonly #spare: Tree
  readonly #evaluator: Evaluator = new Evaluator()

  constructor(memory: Memory, type: ValueType<JsonView>) {
    this.#type = type
    this.#doc = Tree.forDocuments(memory)
    this.#spare = Tree.draft(memory)
  }

  open(db: Database, key: Range): boolean {
    const record = db.find(key)
    if (record === 0 || db.typeOf(record) !== this.#type.id) return false
    this.openRecord(db, record)
    return true
  }

  openRecord(db: Database, record: number): void {
    this.#doc.open(db.wordOf(record))
  }

  find(path: JsonPath): number {
    const { words, first, text, start } = this.#doc
    return this.#evaluator.run(path as Path, words, first, text, start) ? this.#evaluator.matches.count : 0
  }

  kind(n: number): JsonKind {
    return KINDS[this.#kind(n)]!
  }

  isTrue(n: number): boolean {
    return this.#kind(n) === TRUE
  }

  number(n: number): number {
    const { i, t } = this.#evaluator.matches
    const kind = this.#kind(n)
    if (kind !== INTEGER && kind !== DOUBLE) return Number.NaN
    return numberValue(this.#doc.text, t[n]!, textLength(this.#doc.words, i[n]!))
  }

  bytes(n: number, out: Range): Range {
    this.text(n, out)
    if (this.#kind(n) !== STRING) return out
    out.start++
    out.end--
    if ((this.#doc.words[this.#evaluator.matches.i[n]!]! & ESCAPED) === 0) return out
    const spare = this.#spare.clear()
    spare.reserve(0, saidLength(out.buf, out.start, out.length))
    return out.set(spare.text, spare.start, writeSaid(out.buf, out.start, out.length, spare.text, spare.start))
  }

  text(n: number, out: Range): Range {
    const { i, t } = this.#evaluator.matches
    return out.set(this.#doc.text, t[n]!, t[n]! + textLength(this.#doc.words, i[n]!))
  }

  list(out: Range): Range {
    const spare = this.#spare.clear()
    printedList(this.#doc, this.#evaluator.matches, spare)
    return out.set(spare.text, spare.start, spare.textEnd)
  }

  count(n: number): number {
    return this.#kind(n) < ARRAY ? 0 : countOf(this.#doc.words, this.#evaluator.matches.i[n]!)
  }

  children(n: number): number {
    const { matches } = this.#evaluator
    const { words } = this.#doc
    const first = matches.count
    const parent = matches.i[n]!
    const object = this.#kind(n) === OBJECT
    let child = firstChild(words, parent)
    let at = matches.t[n]! + 1
    for (let left = this.count(n); left > 0; left--) {
      if (object) at += keyLength(words, child) + 3
      matches.push(child, at, parent)
      at += textLength(words, child) + 1
      child += spanOf(words, child)
    }
    return first
  }

  #kind(n: number): Kind {
    return kindOf(this.#doc.words, this.#evaluator.matches.i[n]!)
  }
}
