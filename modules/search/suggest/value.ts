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
  type Memory,
  type NamedParts,
  Range,
  type SaveSink,
  type TypeDeclaration,
  View,
} from 'redstrata/module'
import { Trie } from './trie.ts'
import { TrieWalk } from './walk.ts'

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

export const suggestionType: TypeDeclaration<SuggestionView> = {
  name: 'trietype0',
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
  releaseStep: ({ trie, root }, _, budget) => root === 0 || trie.freeStep(root, budget),
  elements: ({ trie }) => trie.count,
  sizeBytes: ({ trie }) => trie.sizeBytes,
  encoding: () => 'raw',
  copy({ trie }, to) {
    for (const entry of trie.all()) to.trie.add(trie.text(entry), trie.score(entry), false, trie.payload(entry))
  },
  save,
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

function save({ trie, root }: SuggestionView, sink: SaveSink): void {
  sink.unsigned(trie.count)
  sink.parts(root, new Suggestions(trie.memory, root))
}

/** The texts in the order of their folded bytes. Those that fold to the same are one part. */
class Suggestions implements NamedParts {
  /** Its own, since a command may be under way. */
  readonly #trie: Trie
  readonly #walk: TrieWalk

  constructor(memory: Memory, root: Address) {
    this.#trie = new Trie(memory).at(root)
    this.#walk = new TrieWalk(this.#trie)
  }

  some(sink: SaveSink, after: Buffer | null, budget: number, passes: (name: Buffer) => boolean): Buffer | null {
    const walk = this.#walk
    walk.start(after)
    for (let left = budget; left > 0; ) {
      if (!walk.next()) return null
      left -= passes(walk.name) ? 1 : this.#save(sink, walk.node)
    }
    return Buffer.from(walk.name)
  }

  one(sink: SaveSink, name: Buffer): void {
    const found = this.#trie.seek(name)
    if (found !== null && found.into === this.#trie.labelLength(found.node)) this.#save(sink, found.node)
  }

  /** Returns how many entries it had. */
  #save(sink: SaveSink, node: Address): number {
    const trie = this.#trie
    let count = 0
    for (let entry = trie.entries(node); entry !== 0; entry = trie.nextEntry(entry), count++) {
      const text = ended(trie.text(entry))
      const payload = ended(trie.payload(entry) ?? NO_PAYLOAD)
      sink.string(text, 0, text.length)
      sink.double(trie.score(entry))
      sink.string(payload, 0, payload.length)
    }
    return count
  }
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
