/* FT.AGGREGATE and FT.CURSOR. */

import { type Args, type Context, replyError, type Suspended } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { Cursor } from '../cursors.ts'
import type { QueryProfile } from '../plan/profile.ts'
import { runJob } from '../plan/slices.ts'
import { AggregateJob, Aggregation } from '../results/aggregate-job.ts'
import type { Workspace } from '../workspace.ts'
import { type AggregateOptions, parseAggregate } from './aggregate-options.ts'
import { checkFormat } from './query-options.ts'
import { noteUse, readQuery } from './search.ts'

const CURSOR_ERR = {
  notFound: replyError('Cursor not found'),
  notThere: replyError('Cursor does not exist'),
  badId: replyError('Bad cursor ID'),
  badCount: replyError('Bad value for COUNT'),
  unknown: replyError('Unknown subcommand'),
} as const

// biome-ignore lint/suspicious/noConfusingVoidType: a long aggregation waits
export function aggregate(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const name = args.bytes()
  const options = parseAggregate(args, workspace.settings)
  return aggregateIn(workspace, ctx, workspace.catalogue.needForQuery(name), options)
}

/** FT.AGGREGATE in an index that was found. */
export function aggregateIn(
  workspace: Workspace,
  ctx: Context,
  index: Index,
  options: AggregateOptions,
  // biome-ignore lint/suspicious/noConfusingVoidType: a long aggregation waits
): void | Suspended {
  const aggregation = readAggregate(workspace, ctx, index, options, null)
  if (!options.withCursor) return runAggregate(workspace, ctx, aggregation, null, Infinity)
  const { settings, cursors } = workspace
  // CURSOR_MAX_IDLE is what holds when nothing is said, and the most that can be said.
  const idleMs = Math.min(options.cursorIdleMs || settings.cursorIdleMs, settings.cursorIdleMs)
  const cursor = cursors.open(aggregation, idleMs, settings.cursorsMax)
  return readCursor(workspace, ctx, cursor, options.cursorCount || settings.cursorReadSize)
}

/** An aggregation over an index, its query read and checked. @throws ReplyError */
export function readAggregate(
  workspace: Workspace,
  ctx: Context,
  index: Index,
  options: AggregateOptions,
  profile: QueryProfile | null,
): Aggregation {
  checkFormat(options, index.schema, ctx.reply.protocol)
  const tree = readQuery(workspace, index, options)
  noteUse(index, options.dialect, ctx.nowMs)
  return new Aggregation(workspace, ctx, index, tree, options, profile)
}

/** Read from a cursor that was taken; one that fails, or whose client leaves, ends. */
// biome-ignore lint/suspicious/noConfusingVoidType: a long aggregation waits
function readCursor(workspace: Workspace, ctx: Context, cursor: Cursor, count: number): void | Suspended {
  return runAggregate(workspace, ctx, cursor.aggregation, cursor, count)
}

function runAggregate(
  workspace: Workspace,
  ctx: Context,
  aggregation: Aggregation,
  cursor: Cursor | null,
  count: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: a long aggregation waits
): void | Suspended {
  const job = new AggregateJob(workspace, aggregation, cursor, count, ctx.reply.protocol)
  return runJob(workspace, ctx, job, aggregation.options.timeoutMs)
}

// biome-ignore lint/suspicious/noConfusingVoidType: a long read waits
export function cursor(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const word = args.bytes().latin1().toUpperCase()
  args.bytes()
  const text = args.bytes().latin1()
  if (!/^[-+]?\d{1,19}$/.test(text)) throw CURSOR_ERR.badId
  const id = Number(text)
  if (word === 'READ') return readFrom(workspace, ctx, id, args)
  if (word !== 'DEL') throw CURSOR_ERR.unknown
  if (!workspace.cursors.delete(id)) throw CURSOR_ERR.notThere
  ctx.reply.ok()
}

// biome-ignore lint/suspicious/noConfusingVoidType: a long read waits
function readFrom(workspace: Workspace, ctx: Context, id: number, args: Args): void | Suspended {
  let count = 0
  if (args.word('count') && args.left > 0) {
    count = args.int(CURSOR_ERR.badCount)
    if (count < 1 || count > 0xffffffff) throw CURSOR_ERR.badCount
  }
  const taken = workspace.cursors.take(id)
  if (taken === null) throw CURSOR_ERR.notFound
  // What one read says holds for those that follow.
  const { options } = taken.aggregation
  if (count > 0) options.cursorCount = count
  return readCursor(workspace, ctx, taken, options.cursorCount || workspace.settings.cursorReadSize)
}
