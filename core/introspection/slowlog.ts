/* SLOWLOG -- commands that took long, the latest first.
 *
 * A bounded list: `slowlog-max-len` entries, each with at most 32 arguments of at most 128 bytes. */

import { ReplyError, subcommandSyntax } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import { numberParameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { REDACTED, secretsOf } from '../command/secrets.ts'
import { type Command, sub } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { SLOWLOG_HELP } from './help.ts'

const BASE = 'admin loading stale ~request_policy:all_nodes'

export const slowlogCommands: readonly Command[] = [
  sub('SLOWLOG GET [count]', `${BASE} ~nondeterministic_output`, '', get),
  sub('SLOWLOG HELP', 'loading stale', '', help),
  sub('SLOWLOG LEN', `${BASE} ~response_policy:agg_sum ~nondeterministic_output`, '', len),
  sub('SLOWLOG RESET', `${BASE} ~response_policy:all_succeeded`, '', reset),
]

const COUNT = new ReplyError('ERR count should be greater than or equal to -1')
const ARGUMENTS_MAX = 32
const BYTES_MAX = 128

interface Slow {
  readonly id: number
  readonly timeSeconds: number
  readonly micros: number
  readonly args: readonly Buffer[]
  readonly address: string
  readonly name: string
}

export class SlowLog {
  readonly settings = { slowerThanMicros: 10_000, maxLength: 128 }
  entries: Slow[] = []
  #nextId = 0

  add(client: Client, entry: Entry, args: Args, micros: number, nowMs: number): void {
    if (this.settings.maxLength === 0) return
    this.entries.unshift({
      id: this.#nextId++,
      timeSeconds: Math.floor(nowMs / 1000),
      micros: Math.round(micros),
      args: shortened(entry, args),
      address: client.connection?.address ?? '',
      name: client.name,
    })
    if (this.entries.length > this.settings.maxLength) this.entries.length = this.settings.maxLength
  }
}

function shortened(entry: Entry, args: Args): Buffer[] {
  const secrets = secretsOf(entry, args)
  const shown: Buffer[] = []
  const all = args.argc <= ARGUMENTS_MAX
  const count = all ? args.argc : ARGUMENTS_MAX - 1
  for (let i = 0; i < count; i++) {
    const bytes = secrets.includes(i) ? Buffer.from(REDACTED) : args.at(i).copy()
    const more = bytes.length - BYTES_MAX
    shown.push(
      more > 0 ? Buffer.concat([bytes.subarray(0, BYTES_MAX), Buffer.from(`... (${more} more bytes)`)]) : bytes,
    )
  }
  if (!all) shown.push(Buffer.from(`... (${args.argc - count} more arguments)`))
  return shown
}

export function installSlowLog(engine: Engine): void {
  const log = engine.provide(SlowLog, new SlowLog())
  const watch = engine.watchSlow((client, entry, args, micros) => {
    log.add(client, entry, args, micros, engine.keyspace.nowMs)
  })
  const apply = (): void => {
    const { slowerThanMicros } = log.settings
    watch(slowerThanMicros < 0 ? Number.POSITIVE_INFINITY : slowerThanMicros)
  }
  engine.config.add([
    numberParameter('slowlog-log-slower-than', log.settings, 'slowerThanMicros', { min: -1, changed: apply }),
    numberParameter('slowlog-max-len', log.settings, 'maxLength', {
      changed: () => (log.entries.length = Math.min(log.entries.length, log.settings.maxLength)),
    }),
  ])
  apply()
}

function get({ engine, reply }: Context, args: Args): void {
  if (args.left > 1) throw subcommandSyntax('SLOWLOG', args.at(1).latin1())
  const { entries } = engine.service(SlowLog)
  const count = args.left > 0 ? args.int(COUNT) : 10
  if (count < -1) throw COUNT
  const shown = count === -1 ? entries : entries.slice(0, count)
  reply.array(shown.length)
  for (const entry of shown) {
    reply.array(6)
    reply.integer(entry.id)
    reply.integer(entry.timeSeconds)
    reply.integer(entry.micros)
    reply.array(entry.args.length)
    for (const arg of entry.args) reply.bytes(arg, 0, arg.length)
    reply.text(entry.address)
    reply.text(entry.name)
  }
}

function len({ engine, reply }: Context): void {
  reply.integer(engine.service(SlowLog).entries.length)
}

function reset({ engine, reply }: Context): void {
  engine.service(SlowLog).entries = []
  reply.ok()
}

function help({ reply }: Context): void {
  reply.statuses(SLOWLOG_HELP)
}
