/* The value type of a JSON document: one block of the arena (document/tree.ts) that the record names.
 *
 * In RDB files, DUMP and replication it is what the real module writes, version 3: the document's text as one string. */

import {
  type Address,
  type Database,
  type DigestSink,
  type LoadSource,
  type Memory,
  Range,
  type SaveSink,
  type TypeDeclaration,
  View,
} from 'redstrata/module'
import { DOCUMENT_DEPTH_MAX } from './document/node.ts'
import { Parser } from './document/parse.ts'
import { storeDocument, Tree } from './document/tree.ts'
import { JSON_ERROR } from './errors.ts'

const TEXT_VERSION = 3
const PIECE_BYTES = 4096

/** A document in the keyspace. */
export class JsonView extends View {
  /** Where the document lies. */
  get address(): Address {
    return this.db.wordOf(this.record)
  }

  /** The document lies elsewhere now. */
  set address(address: Address) {
    this.record = this.db.setBlock(this.record, address)
  }
}

/** The type, for one server. */
export function jsonType(memory: Memory): TypeDeclaration<JsonView> {
  // Its own: saving and copying run inside commands that have a document open.
  const doc = Tree.forDocuments(memory)
  const draft = Tree.draft(memory)
  const parser = new Parser(true)
  const text = new Range()
  return {
    name: 'ReJSON-RL',
    form: 'view',
    wrongType: JSON_ERROR.wrongType,
    module: { name: 'ReJSON-RL', version: TEXT_VERSION },
    view: () => new JsonView(),
    create: (db: Database, record: Address) => new JsonView().bind(db, record),
    release(value: JsonView): void {
      memory.free(doc.account, value.address)
    },
    sizeBytes: (value: JsonView) => memory.sizeOf(value.address),
    encoding: () => 'raw',
    copy(from: JsonView, to: JsonView): void {
      to.address = storeDocument(memory, doc.open(from.address), 0, 0)
    },
    save(value: JsonView, sink: SaveSink): void {
      doc.open(value.address)
      sink.block(memory, value.address, doc.textAt, doc.textEnd - doc.start)
    },
    pieces(value: JsonView): number {
      doc.open(value.address)
      return (doc.textEnd - doc.start) / PIECE_BYTES
    },
    load(value: JsonView, source: LoadSource, version: number): void {
      if (version !== TEXT_VERSION) throw new Error(`JSON documents of version ${version} cannot be read`)
      source.string(text)
      if (!parser.parse(text.buf, text.start, text.end, draft.clear(), DOCUMENT_DEPTH_MAX))
        throw new Error(`a JSON document: ${parser.message(text.buf, text.start)}`)
      value.address = storeDocument(memory, draft, 0, 0)
      draft.trim()
    },
    digest(value: JsonView, sink: DigestSink): void {
      doc.open(value.address)
      sink.part(doc.text, doc.start, doc.textEnd)
      sink.end()
    },
  }
}
