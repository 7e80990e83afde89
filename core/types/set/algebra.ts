/* Intersection, union and difference of sets.
 *
 * An intersection walks the smallest set and asks the others, smallest first. A difference walks the first and asks the
 * others; a union collects into a table. What is stored is collected in a table like that of a set, which the set takes over
 * when it is large. Nothing here makes a string of a member. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import { eachAmong, storeTable, type SetView, setType, tableFor } from './value.ts'

const NUMKEYS = new ReplyError('ERR numkeys should be greater than 0')
const TOO_MANY_KEYS = new ReplyError("ERR Number of keys can't be greater than number of args")
const LIMIT = new ReplyError("ERR LIMIT can't be negative")

type Visit = (member: Range) => void
/** Visits a result; `stores` when the visitor fills a table, which needs another order (see Dict.eachHashed). */
type Walk = (ctx: Context, sets: (SetView | null)[], visit: Visit, stores: boolean) => void

/** The sets of the keys that are left; null for a key that does not exist. */
function takeSets({ db }: Context, args: Args, count = args.left): (SetView | null)[] {
  const sets: (SetView | null)[] = []
  for (let i = 0; i < count; i++) sets.push(db.read(args.key(), setType))
  return sets
}

function intersect(_ctx: Context, sets: (SetView | null)[], visit: Visit, stores: boolean): void {
  if (sets.some(set => set === null)) return
  const [smallest, ...others] = (sets as SetView[]).sort((a, b) => a.length - b.length)
  if (!stores) {
    eachAmong(smallest!, others, true, visit)
    return
  }
  smallest!.each(member => {
    for (const other of others) if (!other.has(member)) return
    visit(member)
  })
}

function subtract(_ctx: Context, sets: (SetView | null)[], visit: Visit, stores: boolean): void {
  const [first, ...rest] = sets
  const others = rest.filter(set => set !== null).sort((a, b) => b.length - a.length)
  if (!stores) {
    if (first != null) eachAmong(first, others, false, visit)
    return
  }
  first?.each(member => {
    for (const other of others) if (other.has(member)) return
    visit(member)
  })
}

/** All members, and those twice that lie in two sets. */
function chain(_ctx: Context, sets: (SetView | null)[], visit: Visit): void {
  for (const set of sets) set?.each(visit)
}

function unite({ db }: Context, sets: (SetView | null)[], visit: Visit): void {
  const present = sets.filter(set => set !== null)
  if (present.length === 1) {
    present[0]!.each(visit)
    return
  }
  const seen = tableFor(db, Math.max(0, ...present.map(set => set.length)))
  try {
    for (const set of present)
      set.each(member => {
        if (seen.find(member.buf, member.start, member.end) !== 0) return
        seen.insert(member.buf, member.start, member.end, 0)
        visit(member)
      })
  } finally {
    seen.release()
  }
}

function replySet(ctx: Context, args: Args, walk: Walk): void {
  const { reply } = ctx
  const sets = takeSets(ctx, args)
  const list = reply.deferred()
  let found = 0
  walk(
    ctx,
    sets,
    member => {
      reply.bulk(member)
      found++
    },
    false,
  )
  reply.fillSet(list, found)
}

function storeSet(ctx: Context, args: Args, walk: Walk, event: string): void {
  const { db, reply } = ctx
  const target = args.key()
  const result = tableFor(db, 0)
  let isOwn = true
  try {
    const add = (member: Range): void => {
      if (result.find(member.buf, member.start, member.end) === 0)
        result.insert(member.buf, member.start, member.end, 0)
    }
    walk(ctx, takeSets(ctx, args), add, true)
    const { count } = result
    const taken = db.find(target)
    if (taken !== 0) db.remove(taken)
    if (count > 0) {
      isOwn = !storeTable(db, target, result)
      db.changed(target)
      db.notify(EVENT.set, event, target)
    } else if (taken !== 0) {
      db.changed(target)
      db.notify(EVENT.generic, 'del', target)
    }
    reply.integer(count)
  } finally {
    if (isOwn) result.release()
  }
}

export function sinter(ctx: Context, args: Args): void {
  replySet(ctx, args, intersect)
}

export function sunion(ctx: Context, args: Args): void {
  replySet(ctx, args, unite)
}

export function sdiff(ctx: Context, args: Args): void {
  replySet(ctx, args, subtract)
}

export function sinterstore(ctx: Context, args: Args): void {
  storeSet(ctx, args, intersect, 'sinterstore')
}

export function sunionstore(ctx: Context, args: Args): void {
  storeSet(ctx, args, chain, 'sunionstore')
}

export function sdiffstore(ctx: Context, args: Args): void {
  storeSet(ctx, args, subtract, 'sdiffstore')
}

export function sintercard(ctx: Context, args: Args): void {
  const { reply } = ctx
  const numkeys = args.int(NUMKEYS)
  if (numkeys < 1) throw NUMKEYS
  if (numkeys > args.left) throw TOO_MANY_KEYS
  const keysAt = args.position
  args.position += numkeys
  let limit = 0
  while (args.left > 0) {
    if (args.left < 2 || !args.word('limit')) throw ERR.syntax
    limit = args.int(LIMIT)
    if (limit < 0) throw LIMIT
  }
  args.position = keysAt
  const sets = takeSets(ctx, args, numkeys)
  reply.integer(countCommon(sets, limit === 0 ? Number.POSITIVE_INFINITY : limit))
}

function countCommon(sets: (SetView | null)[], limit: number): number {
  if (sets.some(set => set === null)) return 0
  const [smallest, ...others] = (sets as SetView[]).sort((a, b) => a.length - b.length)
  const out = new Range()
  let count = 0
  for (let i = 0; i < smallest!.length && count < limit; i++) {
    smallest!.entry(i, out)
    if (others.every(other => other.has(out))) count++
  }
  return count
}
