/* FT.ADD, FT.GET, FT.MGET, FT.DEL -- what clients sent before indexes followed hashes by themselves.
 *
 * A document was put into an index by name; now it is written as a hash of that name, and the index takes it in as it
 * takes every hash. Score, language and payload are kept in fields of their own, which no schema names. */

import {
  type Args,
  type Context,
  ErrorReply,
  hashType,
  HashView,
  Range,
  ReplyError,
  replyError,
} from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import type { Workspace } from '../workspace.ts'

interface Addition {
  replace: boolean
  partial: boolean
  noCreate: boolean
  language: Buffer | null
  payload: Buffer | null
  fields: Buffer[]
}

const NO_FIELDS = replyError('No field list found')
const BAD_SCORE = replyError('Could not parse document score')
const SCORE_RANGE = replyError('Score must be between 0 and 1')
const UNKNOWN_DOCUMENT = replyError('Document does not exist')
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
  const { fields, language, payload } = addition
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

function readAddition(args: Args): Addition {
  const addition: Addition = {
    replace: false,
    partial: false,
    noCreate: false,
    language: null,
    payload: null,
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
    else throw replyError(`Unknown keyword \`${args.bytes().latin1()}\` provided`)
  }
  if (args.left === 0) throw NO_FIELDS
  if (args.left % 2 === 1) throw BAD_FIELDS
  while (args.left > 0) addition.fields.push(args.bytes().copy())
  return addition
}

export function get(workspace: Workspace, ctx: Context, args: Args): void {
  workspace.catalogue.need(args.bytes())
  writeDocument(ctx, args.bytes())
}

export function mget(workspace: Workspace, ctx: Context, args: Args): void {
  workspace.catalogue.need(args.bytes())
  ctx.reply.array(args.left)
  while (args.left > 0) writeDocument(ctx, args.bytes())
}

/** The fields of a hash, or null. */
function writeDocument({ db, reply }: Context, key: Range): void {
  const record = db.find(key)
  if (record === 0 || db.typeOf(record) !== hashType.id) {
    reply.null()
    return
  }
  const hash = new HashView(db).bind(db, record)
  const mark = reply.deferred()
  let count = 0
  hash.each((field, value) => {
    reply.bulk(field)
    reply.bulk(value)
    count++
  })
  reply.fillMap(mark, count)
}

export function del(workspace: Workspace, ctx: Context, args: Args): void {
  workspace.catalogue.need(args.bytes())
  const deleted = workspace.host.call(ctx.db, 'DEL', args.bytes().copy())
  ctx.propagateNothing()
  ctx.reply.integer(deleted === 1 ? 1 : 0)
}
