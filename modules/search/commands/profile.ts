/* FT.PROFILE -- run a query, and tell where its time went. */

import { type Args, type Context, type Reply, replyError, type Suspended } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { QueryProfile } from '../plan/profile.ts'
import { type Job, runJob, type SliceWatch } from '../plan/slices.ts'
import { AggregateJob } from '../results/aggregate-job.ts'
import { writeProfile } from '../results/profile.ts'
import { SearchJob } from '../results/search-job.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'
import { readAggregate } from './aggregate.ts'
import { parseAggregate } from './aggregate-options.ts'
import { noteUse, readSearch } from './search.ts'
import { parseSearch } from './search-options.ts'

/** A command that can be profiled: reads its arguments from the query on. */
interface Profiled {
  readonly job: Job
  readonly timeoutMs: number
}

// biome-ignore lint/suspicious/noConfusingVoidType: a long query waits
export function profile(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const name = args.bytes()
  const isSearch = args.word('search')
  if (!isSearch && !args.word('aggregate')) throw FT_ERR.noProfile
  const isLimited = args.word('limited')
  if (!args.word('query')) throw replyError('The QUERY keyword is expected')
  if (args.left === 0) throw wrongCount('FT.PROFILE')
  const { clock } = workspace.host
  const times = new QueryProfile(() => clock.microseconds(), isLimited, workspace.settings.profilesTimes)
  const read = isSearch ? profiledSearch : profiledAggregate
  const { job, timeoutMs } = read(workspace, ctx, name, args, times)
  return runJob(workspace, ctx, new ProfileJob(job, times), timeoutMs)
}

function profiledSearch(
  workspace: Workspace,
  ctx: Context,
  name: ReturnType<Args['bytes']>,
  args: Args,
  times: QueryProfile,
): Profiled {
  const start = times.now()
  const options = parseSearch(args, workspace.settings)
  const index = workspace.catalogue.needForQuery(name)
  const root = readSearch(workspace, ctx, index, options)
  times.parsingMicros = times.now() - start
  noteUse(index, options.dialect, ctx.nowMs)
  return { job: new SearchJob(workspace, ctx, index, root, options, times), timeoutMs: options.timeoutMs }
}

function profiledAggregate(
  workspace: Workspace,
  ctx: Context,
  name: ReturnType<Args['bytes']>,
  args: Args,
  times: QueryProfile,
): Profiled {
  const start = times.now()
  const options = parseAggregate(args, workspace.settings)
  if (options.withCursor) throw FT_ERR.profiledCursor
  const index = workspace.catalogue.needForQuery(name)
  const aggregation = readAggregate(workspace, ctx, index, options, times)
  times.parsingMicros = times.now() - start
  return {
    job: new AggregateJob(workspace, aggregation, null, Infinity, ctx.reply.protocol),
    timeoutMs: options.timeoutMs,
  }
}

/** A job with its profile behind its reply. */
class ProfileJob implements Job {
  readonly index: Job['index']
  readonly #job: Job
  readonly #times: QueryProfile

  constructor(job: Job, times: QueryProfile) {
    this.index = job.index
    this.#job = job
    this.#times = times
  }

  run(watch: SliceWatch): void {
    this.#job.run(watch)
  }

  hurry(): boolean {
    return this.#job.hurry?.() ?? false
  }

  abandon(): void {
    this.#job.abandon?.()
  }

  timedOut(reply: Reply): void {
    this.#write(reply, () => this.#job.timedOut(reply))
  }

  write(reply: Reply): void {
    this.#write(reply, () => this.#job.write(reply))
  }

  #write(reply: Reply, writeJob: () => void): void {
    // In RESP3 the job's map has room for one pair more.
    if (reply.protocol === 2) reply.array(2)
    writeJob()
    if (reply.protocol === 3) reply.status('profile')
    writeProfile(reply, this.#times, this.#times.totalMicros)
  }
}
