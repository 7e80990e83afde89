/* FT.DEBUG -- a look inside an index: what its lists hold, and which number a document has.
 *
 *      FT.DEBUG DUMP_INVIDX books bridge        [3, 8, 9]
 *      FT.DEBUG DOCIDTOID books b:7             8
 *
 * Names and forms of replies are the real module's; its numbers of documents, blocks and ranges are not, since lists are
 * cut otherwise here. */

import { type Args, type Command, type Context, Range, type Reply, ReplyError, sub } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { FieldIndex } from '../index/field-index.ts'
import type { NumberOrder } from '../index/number-order.ts'
import { Block } from '../index/posting-block.ts'
import type { Terms } from '../index/terms.ts'
import { type FieldKind, fieldNamed } from '../schema/schema.ts'
import { doubleMetaphone } from '../text/phonetic.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

const NO_INDEX = new ReplyError('Can not create a search ctx')
const NO_LIST = new ReplyError('Can not find the inverted index')
const NO_FIELD = new ReplyError('Could not find given field in index spec')
const BAD_ID = new ReplyError('bad id given')
const REMOVED = new ReplyError('document was removed')
const NO_DOCUMENT = new ReplyError('Document not found in index')
const NOT_TEMPORARY = new ReplyError('Index is not temporary')

type Handler = (workspace: Workspace, ctx: Context, args: Args) => void

/** The subcommands: how many arguments each takes, and what it does. */
const SUBCOMMANDS: Readonly<Record<string, readonly [count: number, run: Handler]>> = {
  DUMP_INVIDX: [2, dumpWord],
  DUMP_NUMIDX: [2, dumpNumbers],
  DUMP_TAGIDX: [2, dumpTags],
  INFO_TAGIDX: [2, infoTags],
  IDTODOCID: [2, idToKey],
  DOCIDTOID: [2, keyToId],
  DOCINFO: [2, documentInfo],
  DUMP_PHONETIC_HASH: [1, dumpSounds],
  DUMP_TERMS: [1, dumpTerms],
  INVIDX_SUMMARY: [2, summarizeWord],
  NUMIDX_SUMMARY: [2, summarizeNumbers],
  GC_FORCEINVOKE: [1, collect],
  GC_FORCEBGINVOKE: [1, collectSoon],
  GC_CLEAN_NUMERIC: [2, cleanNumbers],
  TTL: [1, lifetimeLeft],
  HELP: [0, help],
}

/** FT.DEBUG's subcommands for the table of commands. */
export function debugCommands(workspace: Workspace): Command[] {
  return Object.entries(SUBCOMMANDS).map(([name, [count, run]]) =>
    sub(`FT.DEBUG ${name} [arg ...]`, 'read', '', (ctx, args) => {
      if (args.left !== count) throw wrongCount(`FT.DEBUG|${name}`)
      run(workspace, ctx, args)
    }),
  )
}

function help(_: Workspace, { reply }: Context): void {
  const names = Object.keys(SUBCOMMANDS).filter(name => name !== 'HELP')
  reply.array(names.length)
  for (const name of names) reply.status(name)
}

function indexOf(workspace: Workspace, args: Args): Index {
  return workspace.catalogue.need(args.bytes(), NO_INDEX)
}

function fieldOf(index: Index, args: Args, kind: FieldKind): FieldIndex {
  const field = fieldNamed(index.schema, args.bytes().copy())
  if (field?.kind !== kind) throw NO_FIELD
  return index.structures.fields[field.number]!
}

// ---------------------------------------------------------------------- lists

/** The documents of a list, tombstones included. */
function writeDocuments(reply: Reply, terms: Terms, record: number): void {
  const { postings } = terms
  const block = new Block()
  reply.array(postings.count(record))
  for (let number = 0; number < postings.blocks(record); number++) {
    postings.read(record, number, block)
    for (let row = 0; row < block.rows; row++) reply.integer(block.documents[row]!)
  }
}

function wordOf(terms: Terms, args: Args): number {
  const word = args.bytes()
  const record = terms.find(word.buf, word.start, word.end)
  if (record === 0) throw NO_LIST
  return record
}

function dumpWord(workspace: Workspace, { reply }: Context, args: Args): void {
  const { terms } = indexOf(workspace, args).structures
  writeDocuments(reply, terms, wordOf(terms, args))
}

function dumpTerms(workspace: Workspace, { reply }: Context, args: Args): void {
  const { terms } = indexOf(workspace, args).structures
  const key = new Range()
  reply.array(terms.count)
  const nothing = Buffer.from('')
  for (let record = terms.keys.seek(nothing, 0, 0); record !== 0; record = terms.keys.step())
    reply.bulk(terms.key(record, key))
}

function dumpTags(workspace: Workspace, { reply }: Context, args: Args): void {
  const terms = fieldOf(indexOf(workspace, args), args, 'tag').tags?.values
  if (terms === undefined) throw NO_LIST
  const key = new Range()
  reply.array(terms.count)
  const nothing = Buffer.from('')
  for (let record = terms.keys.seek(nothing, 0, 0); record !== 0; record = terms.keys.step()) {
    reply.array(2)
    reply.bulk(terms.key(record, key))
    writeDocuments(reply, terms, record)
  }
}

function infoTags(workspace: Workspace, { reply }: Context, args: Args): void {
  const { tags } = fieldOf(indexOf(workspace, args), args, 'tag')
  reply.map(1)
  reply.status('num_values')
  reply.integer(tags?.values.count ?? 0)
}

function orderOf(workspace: Workspace, args: Args): NumberOrder {
  const { numbers } = fieldOf(indexOf(workspace, args), args, 'numeric')
  if (numbers?.order == null) throw NO_LIST
  return numbers.order
}

/** The documents of each piece of the order of numbers. */
function dumpNumbers(workspace: Workspace, { reply }: Context, args: Args): void {
  const order = orderOf(workspace, args)
  reply.array(order.chunks)
  for (let chunk = 0; chunk < order.chunks; chunk++) {
    const entries = order.entriesOf(chunk)
    const documents = new Int32Array(entries)
    for (let slot = 0; slot < entries; slot++) documents[slot] = order.document(chunk, slot)
    documents.sort()
    reply.array(entries)
    for (const document of documents) reply.integer(document)
  }
}

function writeNumbers(reply: Reply, pairs: readonly (readonly [name: string, value: number])[]): void {
  reply.map(pairs.length)
  for (const [name, value] of pairs) {
    reply.status(name)
    reply.integer(value)
  }
}

function summarizeNumbers(workspace: Workspace, { reply }: Context, args: Args): void {
  const order = orderOf(workspace, args)
  let lastDocId = 0
  for (let chunk = 0; chunk < order.chunks; chunk++)
    for (let slot = 0; slot < order.entriesOf(chunk); slot++)
      lastDocId = Math.max(lastDocId, order.document(chunk, slot))
  writeNumbers(reply, [
    ['numRanges', order.chunks],
    ['numEntries', order.count],
    ['lastDocId', lastDocId],
    ['MemoryUsage', order.sizeBytes],
  ])
}

function summarizeWord(workspace: Workspace, { reply }: Context, args: Args): void {
  const { terms } = indexOf(workspace, args).structures
  const { postings } = terms
  const record = wordOf(terms, args)
  const blocks = postings.blocks(record)
  const count = postings.count(record)
  const lastId = blocks === 0 ? 0 : postings.lastOf(record, blocks - 1)
  reply.map(5)
  for (const [name, value] of [
    ['numDocs', count],
    ['numEntries', count],
    ['lastId', lastId],
    ['numberOfBlocks', blocks],
  ] as const) {
    reply.status(name)
    reply.integer(value)
  }
  reply.status('blocks')
  reply.array(blocks)
  const block = new Block()
  for (let number = 0; number < blocks; number++) {
    postings.read(record, number, block)
    writeNumbers(reply, [
      ['firstId', block.documents[0]!],
      ['lastId', block.documents[block.rows - 1]!],
      ['numEntries', block.rows],
    ])
  }
}

// ---------------------------------------------------------------------- documents

function idToKey(workspace: Workspace, { reply }: Context, args: Args): void {
  const { documents } = indexOf(workspace, args).structures
  const id = args.int(BAD_ID)
  if (id < 1 || id > documents.last) throw BAD_ID
  const key = new Range()
  if (!documents.key(id, key)) throw REMOVED
  reply.bulk(key)
}

function keyToId(workspace: Workspace, { reply }: Context, args: Args): void {
  const { documents } = indexOf(workspace, args).structures
  reply.integer(documents.find(args.bytes()))
}

function documentInfo(workspace: Workspace, { reply }: Context, args: Args): void {
  const { documents } = indexOf(workspace, args).structures
  const id = documents.find(args.bytes())
  if (id === 0) throw NO_DOCUMENT
  reply.map(4)
  reply.status('internal_id')
  reply.integer(id)
  reply.status('score')
  reply.double(documents.score(id))
  reply.status('num_tokens')
  reply.integer(documents.lengthOf(id))
  reply.status('max_freq')
  reply.integer(documents.norm(id))
}

// ---------------------------------------------------------------------- the rest

/** Both sounds of a word, which here are one. */
function dumpSounds(_: Workspace, { reply }: Context, args: Args): void {
  const sound = `<${doubleMetaphone(args.bytes().text())}`
  reply.array(2)
  reply.text(sound)
  reply.text(sound)
}

/** Collect what dead documents left behind, now; a query that is under way is not disturbed. */
function collect(workspace: Workspace, { reply }: Context, args: Args): void {
  const { structures } = indexOf(workspace, args)
  structures.beginSweep()
  while (structures.sweep(1024)) {}
  reply.status('DONE')
}

function collectSoon(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = indexOf(workspace, args)
  workspace.host.soon(() => {
    if (index.isDropped) return
    index.structures.beginSweep()
    while (index.structures.sweep(1024)) {}
  })
  reply.ok()
}

/** Dead documents leave no numbers behind here. */
function cleanNumbers(workspace: Workspace, { reply }: Context, args: Args): void {
  fieldOf(indexOf(workspace, args), args, 'numeric')
  reply.ok()
}

function lifetimeLeft(workspace: Workspace, ctx: Context, args: Args): void {
  const index = indexOf(workspace, args)
  const { lifetime } = index.schema.rules
  if (lifetime === 0) throw NOT_TEMPORARY
  ctx.reply.integer(Math.max(0, Math.ceil((index.usedAtMs + lifetime * 1000 - ctx.nowMs) / 1000)))
}
