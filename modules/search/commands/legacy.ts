/* FT.ADD, FT.GET, FT.MGET, FT.DEL -- what clients sent before indexes followed hashes by themselves.
 *
 * A document was put into an index by name; now it is written as a hash of that name, and the index takes it in as it
 * takes every hash. Score, language and payload are kept in fields of their own, which no schema names and FT.GET does not
 * show. */

import {
  type Args,
  type Context,
  type Database,
  ErrorReply,
  hashType,
  HashView,
  Range,
  ReplyError,
  replyError,
} from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { DocumentFilter } from '../ingest/filter.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

interface Addition {
  replace: boolean
  partial: boolean
  noCreate: boolean
  language: Buffer | null
  payload: Buffer | null
  /** IF: an expression over the document that is there; it is replaced only when that is true. */
  condition: Buffer | null
  fields: Buffer[]
}

const NO_FIELDS = replyError('No field list found')
const BAD_SCORE = replyError('Could not parse document score')
const SCORE_RANGE = replyError('Score must be between 0 and 1')
const UNKNOWN_DOCUMENT = replyError('Document does not exist')
/** Fields of a document that tell of it, unless the index names others. */
const FACTS = { scoreField: '__score', languageField: '__language', payloadField: '__payload' } as const
const BAD_FIELDS = replyError('Fields must be specified in FIELD VALUE pairs')

export function add(workspace: Workspace, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  workspace.catalogue.need(args.bytes())
  const key = args.bytes().copy()
  const scoreText = args.bytes().copy()
  const score = Number(scoreText.latin1Slice() || Number.NaN)
  if (Number.isNaN(score)) throw BAD_SCORE
  if (score < 0 || score > 1) throw SCORE_RANGE
  const addition = readAddition(args)
  const isThere = db.find(Range.of(key)) !== 0
  if (isThere && !addition.replace) throw FT_ERR.documentExists
  if (!isThere && addition.noCreate) throw UNKNOWN_DOCUMENT
  const { fields, language, payload, condition } = addition
  if (isThere && condition !== null && !isMet(condition, db, key)) {
    reply.status('NOADD')
    return
  }
  const call = (...words: (string | Buffer)[]): void => {
    const result = workspace.host.call(db, ...words)
    if (result instanceof ErrorReply) throw new ReplyError(result.message)
  }
  if (isThere && !addition.partial) call('DEL', key)
  const extra: (string | Buffer)[] = []
  if (score !== 1 || addition.partial) extra.push('__score', scoreText)
  if (language !== null) extra.push('__language', language)
  if (payload !== null) extra.push('__payload', payload)
  call('HSET', key, ...fields, ...extra)
  ctx.propagateNothing() // the commands above have told of themselves
  reply.ok()
}

/** Whether a condition holds of a hash. */
function isMet(condition: Buffer, db: Database, key: Buffer): boolean {
  const hash = new HashView(db).bind(db, db.find(Range.of(key)))
  const get = (name: string, out: Range): boolean => hash.get(Range.of(Buffer.from(name, 'latin1')), out)
  return new DocumentFilter(condition).accepts(Range.of(key), { get })
}

function readAddition(args: Args): Addition {
  const addition: Addition = {
    replace: false,
    partial: false,
    noCreate: false,
    language: null,
    payload: null,
    condition: null,
    fields: [],
  }
  while (args.left > 0 && !args.word('fields')) {
    if (args.word('replace')) addition.replace = true
    else if (args.word('partial')) addition.replace = addition.partial = true
    else if (args.word('nocreate')) addition.noCreate = addition.replace = true
    else if (args.word('nosave')) continue
    else if (args.word('language')) {
      addition.language = args.bytes().copy()
      if (languageNumber(addition.language.latin1Slice()) < 0) throw FT_ERR.noLanguage
    } else if (args.word('payload')) addition.payload = args.bytes().copy()
    else if (args.word('if')) addition.condition = args.bytes().copy()
    else throw replyError(`Unknown keyword \`${args.bytes().latin1()}\` provided`)
  }
  if (args.left === 0) throw NO_FIELDS
  if (args.left % 2 === 1) throw BAD_FIELDS
  while (args.left > 0) addition.fields.push(args.bytes().copy())
  return addition
}

export function get(workspace: Workspace, ctx: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  writeDocument(ctx, index, args.bytes())
}

export function mget(workspace: Workspace, ctx: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  ctx.reply.array(args.left)
  while (args.left > 0) writeDocument(ctx, index, args.bytes())
}

/** The fields of a hash but those that tell of the document, or null. */
function writeDocument({ db, reply }: Context, index: Index, key: Range): void {
  const record = db.find(key)
  if (record === 0 || db.typeOf(record) !== hashType.id) {
    reply.null()
    return
  }
  const { rules } = index.schema
  const hidden = [
    rules.scoreField?.latin1Slice() ?? FACTS.scoreField,
    rules.languageField?.latin1Slice() ?? FACTS.languageField,
    rules.payloadField?.latin1Slice() ?? FACTS.payloadField,
  ]
  const hash = new HashView(db).bind(db, record)
  const mark = reply.deferred()
  let count = 0
  hash.each((field, value) => {
    if (hidden.includes(field.latin1())) return
    reply.bulk(field)
    reply.bulk(value)
    count++
  })
  reply.fillMap(mark, count)
}

export function del(workspace: Workspace, ctx: Context, args: Args): void {
  if (args.argc > 4) throw wrongCount('FT.DEL')
  workspace.catalogue.need(args.bytes())
  const deleted = workspace.host.call(ctx.db, 'DEL', args.bytes().copy())
  ctx.propagateNothing()
  ctx.reply.integer(deleted === 1 ? 1 : 0)
}
