/* Value -- a dictionary of suggestions under a key, and its bytes in RDB files: version 1 of the real module's type
 * `trietype0`.
 *
 *      count, then for each text   the text with a NUL behind it | its score, a double | its payload with a NUL behind it
 *
 * A text without a payload has the empty one there, so both are read as none. */

import {
  type Address,
  type Database,
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  Range,
  type SaveSink,
  type ValueType,
  View,
} from 'redstrata/module'
import { Trie } from './trie.ts'

const ENCODING = 1

/** A key's suggestions. */
export class SuggestionView extends View {
  readonly trie: Trie
  root: Address = 0

  constructor(db: Database) {
    super()
    this.trie = new Trie(db.memory)
  }

  override load(): void {
    this.root = this.db.wordOf(this.record)
    if (this.root !== 0) this.trie.at(this.root)
  }
}

export const suggestionType: ValueType<SuggestionView> = {
  name: 'trietype0',
  id: 0,
  form: 'view',
  module: { name: 'trietype0', version: ENCODING },
  view: db => new SuggestionView(db),
  create(db, record) {
    const view = new SuggestionView(db)
    const root = view.trie.create()
    return view.bind(db, db.setBlock(record, root))
  },
  release: ({ trie, root }) => {
    if (root !== 0) trie.free(root)
  },
  elements: ({ trie }) => trie.count,
  sizeBytes: ({ trie }) => trie.sizeBytes,
  encoding: () => 'raw',
  copy({ trie }, to) {
    for (const entry of trie.all()) to.trie.add(trie.text(entry), trie.score(entry), false, trie.payload(entry))
  },
  save: ({ trie }, sink) => save(trie, sink),
  pieces: ({ trie }) => trie.count,
  load: ({ trie }, source, version) => load(trie, source, version),
  rewrite: (key, { trie }, emit) => rewrite(trie, key, emit),
  digest({ trie }, sink: DigestSink) {
    for (const entry of trie.all()) {
      const text = trie.text(entry)
      const payload = trie.payload(entry)
      sink.part(text, 0, text.length)
      sink.partText(String(trie.score(entry)))
      if (payload !== null && payload.length > 0) sink.part(payload, 0, payload.length)
      sink.end()
    }
  },
}

function save(trie: Trie, sink: SaveSink): void {
  sink.unsigned(trie.count)
  sink.row([...trie.all()], (out, entry) => {
    const text = ended(trie.text(entry))
    const payload = ended(trie.payload(entry) ?? NO_PAYLOAD)
    out.string(text, 0, text.length)
    out.double(trie.score(entry))
    out.string(payload, 0, payload.length)
  })
}

function load(trie: Trie, source: LoadSource, version: number): void {
  if (version > ENCODING) throw new Error(`trietype0: version ${version} is unknown`)
  const bytes = new Range()
  for (let left = source.unsigned(); left > 0; left--) {
    const text = withoutEnd(source.string(bytes))
    const score = source.double()
    const payload = version < 1 ? NO_PAYLOAD : withoutEnd(source.string(bytes))
    if (Number.isNaN(score)) throw new Error('trietype0: a score is no number')
    trie.add(text, score, false, payload.length === 0 ? null : payload)
  }
}

function rewrite(trie: Trie, key: Range, emit: EmitCommand): void {
  const name = key.copy()
  for (const entry of trie.all()) {
    const command = ['FT.SUGADD', name, trie.text(entry), String(trie.score(entry))]
    const payload = trie.payload(entry)
    emit(payload === null ? command : [...command, 'PAYLOAD', payload])
  }
}

const NO_PAYLOAD = Buffer.from('')
const NUL = Buffer.from('\0')

function ended(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, NUL])
}

function withoutEnd(bytes: Range): Buffer {
  const copy = bytes.copy()
  if (copy.length === 0 || copy[copy.length - 1] !== 0) throw new Error('trietype0: a string does not end in NUL')
  return copy.subarray(0, copy.length - 1)
}
