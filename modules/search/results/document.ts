/* Document -- the fields of a found document, read from its key when a row is written.
 *
 *      hash      get("year") "1901"       each: field by field
 *      JSON      get("$.tags[*]")         the first value, "soup"                        each: "$" with the whole document
 *                                         or several: all of them, ["soup","winter"]
 *
 * What is returned is what the key holds now, not what was indexed. A document whose key is gone, or holds something else
 * by now, has no fields, and its row is left out. */

import { type Database, type HashView, hashType, Range, type Reply, writeHash } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { type JsonPath, type JsonReader, type JsonService, jsonService, readJsonPath } from '../ingest/json-service.ts'
import type { Field } from '../schema/schema.ts'
import type { Spares } from '../spares.ts'
import type { Workspace } from '../workspace.ts'
import { numberText } from './number-text.ts'

/** What `get` found: of a JSON document more than a text may be known. */
export type ValueKind = 'text' | 'number' | 'null'

/** Reads documents of one index, one after the other. */
export abstract class DocumentReader {
  protected readonly db: Database
  readonly #index: Index
  readonly #key = new Range()
  /** What kind of value the last `get` found. */
  kind: ValueKind = 'text'
  /** The number that the last `get` found, when it found one. */
  number = 0

  constructor(index: Index, db: Database) {
    this.#index = index
    this.db = db
  }

  /** Name the key of a document; false when it is gone. */
  key(document: number, out: Range): boolean {
    return this.#index.structures.documents.key(document, out)
  }

  /** Turn to a document; false when it is gone. */
  open(document: number): boolean {
    if (!this.key(document, this.#key)) return false
    const record = this.db.find(this.#key)
    return record !== 0 && this.openRecord(record)
  }

  protected abstract openRecord(record: number): boolean

  /** Nothing more will be read: give back what others can use. */
  release(): void {}

  /**
   * Find the value of a hash field, or of a path in a JSON document; false when there is none. `out` names its text, until
   * the next `get`, and `kind` tells what it was. Of a null there is no text.
   */
  abstract get(identifier: Range, out: Range): boolean

  /** The same, but of several values always the first one. */
  abstract first(identifier: Range, out: Range): boolean

  /** Whether the documents are JSON. */
  get isJson(): boolean {
    return this.#index.schema.rules.source === 'json'
  }

  /** The TEXT field of the schema that a field of the document is, or null. */
  textField(identifier: Range): Field | null {
    for (const field of this.#index.schema.fields)
      if (field.kind === 'text' && isSame(identifier, field.identifier)) return field
    return null
  }

  /** Visit everything that is returned when nothing is named. The ranges are good until the visit ends. */
  abstract each(visit: (name: Range, value: Range) => void): void

  /** Write all that `each` would tell as a map; false when only `each` can. */
  writeAll(_reply: Reply): boolean {
    return false
  }
}

/**
 * A reader for the documents of an index, in the database where the command runs.
 * @param several whether all values of a JSON path are wanted, as a list.
 */
export function documentReader(workspace: Workspace, index: Index, db: Database, several: boolean): DocumentReader {
  if (index.schema.rules.source === 'hash') return new HashReader(index, db, workspace.hashes)
  const service = jsonService(workspace.host)
  return service === null ? new NoReader(index, db) : new JsonDocumentReader(service, index, db, several)
}

class HashReader extends DocumentReader {
  readonly #hashes: Spares<HashView>
  /** Made when it is needed: many queries only want to know which documents there are. */
  #view: HashView | null = null

  constructor(index: Index, db: Database, hashes: Spares<HashView>) {
    super(index, db)
    this.#hashes = hashes
  }

  get #hash(): HashView {
    return (this.#view ??= this.#hashes.take())
  }

  override release(): void {
    if (this.#view !== null) this.#hashes.give(this.#view)
    this.#view = null
  }

  protected openRecord(record: number): boolean {
    if (this.db.typeOf(record) !== hashType.id) return false
    this.#hash.bind(this.db, record)
    return true
  }

  get(identifier: Range, out: Range): boolean {
    return this.#hash.get(identifier, out)
  }

  first(identifier: Range, out: Range): boolean {
    return this.#hash.get(identifier, out)
  }

  each(visit: (name: Range, value: Range) => void): void {
    this.#hash.each(visit)
  }

  override writeAll(reply: Reply): boolean {
    writeHash(reply, this.#hash)
    return true
  }
}

const ROOT = Range.of('$')
const YES = Range.of('1')
const NO = Range.of('0')

class JsonDocumentReader extends DocumentReader {
  readonly #service: JsonService
  readonly #reader: JsonReader
  readonly #several: boolean
  readonly #paths = new Map<string, JsonPath | null>()
  readonly #value = new Range()

  constructor(service: JsonService, index: Index, db: Database, several: boolean) {
    super(index, db)
    this.#service = service
    this.#reader = service.reader()
    this.#several = several
  }

  protected openRecord(record: number): boolean {
    if (this.db.typeOf(record) !== this.#service.typeId) return false
    this.#reader.openRecord(this.db, record)
    return true
  }

  #path(identifier: Range): JsonPath | null {
    const text = identifier.latin1()
    let path = this.#paths.get(text)
    if (path === undefined) {
      path = readJsonPath(this.#service, identifier.text())
      this.#paths.set(text, path)
    }
    return path
  }

  get(identifier: Range, out: Range): boolean {
    if (!this.#several) return this.first(identifier, out)
    const path = this.#path(identifier)
    if (path === null || this.#reader.find(path) === 0) return false
    this.kind = 'text'
    this.#reader.list(out)
    return true
  }

  first(identifier: Range, out: Range): boolean {
    const reader = this.#reader
    const path = this.#path(identifier)
    if (path === null || reader.find(path) === 0) return false
    this.kind = 'text'
    switch (reader.kind(0)) {
      case 'null':
        this.kind = 'null'
        break
      case 'boolean':
        this.#setNumber(reader.isTrue(0) ? 1 : 0)
        fill(out, reader.isTrue(0) ? YES : NO)
        break
      case 'number':
        this.#setNumber(reader.number(0))
        fill(out, Range.of(numberText(this.number)))
        break
      default:
        reader.bytes(0, out)
    }
    return true
  }

  #setNumber(number: number): void {
    this.kind = 'number'
    this.number = number
  }

  each(visit: (name: Range, value: Range) => void): void {
    const reader = this.#reader
    if (reader.find(this.#path(ROOT)!) === 0) return
    visit(ROOT, this.#several ? reader.list(this.#value) : reader.text(0, this.#value))
  }
}

/** Without the JSON module nothing is left of its documents. */
class NoReader extends DocumentReader {
  protected openRecord(): boolean {
    return false
  }

  get(): boolean {
    return false
  }

  first(): boolean {
    return false
  }

  each(): void {}
}

function isSame(range: Range, bytes: Buffer): boolean {
  return range.length === bytes.length && bytes.equals(range.buf.subarray(range.start, range.end))
}

function fill(out: Range, from: Range): void {
  out.set(from.buf, from.start, from.end)
}
