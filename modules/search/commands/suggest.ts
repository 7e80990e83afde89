/* FT.SUGADD, FT.SUGGET, FT.SUGDEL, FT.SUGLEN -- completion of what a user types, under keys of its own. */

import { type Args, type Command, type Context, cmd, Range, replyError, type ValueType } from 'redstrata/module'
import { findSuggestions } from '../suggest/find.ts'
import type { SuggestionView } from '../suggest/value.ts'

/** The type in this server. */
type Type = ValueType<SuggestionView>

const KEY = 'RW access update@1'
/** Suggestions that are returned when MAX does not say. */
const COUNT = 5
/** TRIM leaves out what scores less than a tenth of the best. */
const TRIM_FACTOR = 10

const SUGGEST_ERR = {
  score: replyError('ERR invalid score'),
  payload: replyError('Invalid payload: Expected an argument, but none provided'),
  noMax: replyError('MAX: Expected an argument, but none provided'),
  badMax: replyError('MAX: Could not convert argument to expected type'),
} as const

/** The commands, over the type that the server knows. */
export function suggestCommands(type: Type): readonly Command[] {
  const on = (run: (type: Type, ctx: Context, args: Args) => void) => (ctx: Context, args: Args) => run(type, ctx, args)
  return [
    cmd('FT.SUGADD key string score [INCR] [PAYLOAD payload]', 'write denyoom', KEY, on(sugadd)),
    cmd('FT.SUGGET key prefix [FUZZY] [WITHSCORES] [WITHPAYLOADS] [MAX max]', 'read', KEY, on(sugget)),
    cmd('FT.SUGDEL key string', 'write', KEY, on(sugdel)),
    cmd('FT.SUGLEN key', 'read', KEY, on(suglen)),
  ]
}

function sugadd(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const text = args.bytes().copy()
  const score = args.double(SUGGEST_ERR.score)
  let increments = false
  let payload: Buffer | null = null
  while (args.left > 0)
    if (args.word('incr')) increments = true
    else if (args.word('payload')) {
      if (args.left === 0) throw SUGGEST_ERR.payload
      payload = args.bytes().copy()
    } else throw replyError(`Unknown argument \`${args.bytes().latin1()}\``)
  const { trie } = db.open(key, type) ?? db.create(key, type)
  trie.add(text, score, increments, payload)
  db.changed(key)
  reply.integer(trie.count)
}

function sugdel(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const view = db.open(key, type)
  const removed = view?.trie.remove(args.bytes().copy()) ?? false
  if (removed) db.changed(key)
  reply.integer(removed ? 1 : 0)
}

function suglen(type: Type, { db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), type)?.trie.count ?? 0)
}

interface Wanted {
  count: number
  fuzzy: boolean
  scores: boolean
  payloads: boolean
  trim: boolean
}

function sugget(type: Type, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const prefix = args.bytes().copy()
  const wanted = readOptions(args)
  const view = db.read(key, type)
  if (view === null) {
    reply.null()
    return
  }
  const { trie } = view
  let found = findSuggestions(trie, prefix, wanted.count, wanted.fuzzy)
  if (wanted.trim && found.length > 0) {
    const least = found[0]!.score / TRIM_FACTOR
    found = found.filter(suggestion => suggestion.score >= least)
  }
  reply.array(found.length * (1 + (wanted.scores ? 1 : 0) + (wanted.payloads ? 1 : 0)))
  for (const { entry, score } of found) {
    reply.bulk(Range.of(trie.text(entry)))
    if (wanted.scores) reply.double(score)
    if (!wanted.payloads) continue
    const payload = trie.payload(entry)
    if (payload === null) reply.null()
    else reply.bulk(Range.of(payload))
  }
}

function readOptions(args: Args): Wanted {
  const wanted: Wanted = { count: COUNT, fuzzy: false, scores: false, payloads: false, trim: false }
  while (args.left > 0)
    if (args.word('fuzzy')) wanted.fuzzy = true
    else if (args.word('withscores')) wanted.scores = true
    else if (args.word('withpayloads')) wanted.payloads = true
    else if (args.word('trim')) wanted.trim = true
    else if (args.word('max')) wanted.count = readMax(args)
    else throw replyError(`Unrecognized argument: ${args.bytes().latin1()}`)
  return wanted
}

function readMax(args: Args): number {
  if (args.left === 0) throw SUGGEST_ERR.noMax
  const count = args.int(SUGGEST_ERR.badMax)
  if (count < 0) throw SUGGEST_ERR.badMax
  return count
}
