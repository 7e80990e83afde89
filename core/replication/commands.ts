/* Replication and cluster commands, as a Redis answers them that has no replicas and no cluster support. */

import { ERR, ReplyError } from '../base/errors.ts'
import { parseInteger } from '../base/numbers.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import { numberParameter } from '../command/config.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { cmd, type Command, FLAG } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import { AppendOnly } from '../persistence/aof/append-only.ts'
import type { Reply } from '../resp/reply.ts'

const BAD_PORT = new ReplyError('ERR Invalid master port')
const NO_FAILOVER = new ReplyError('ERR No failover in progress.')
const NEEDS_REPLICAS = new ReplyError('ERR FAILOVER requires connected replicas.')
const NO_REPLICAS = new ReplyError('ERR this server cannot have replicas')
const NO_REPLICATION = new ReplyError('ERR this server cannot be a replica')
const WAITAOF_OFF = new ReplyError('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.')
const LOCAL_RANGE = new ReplyError('ERR value is out of range, value must between 0 and 1')

const SYNC = 'admin noscript no_async_loading no_multi'
const MASTER = 'admin noscript stale no_async_loading'

export const commands: readonly Command[] = [
  cmd('FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]', 'admin noscript stale', '', failover),
  cmd('PSYNC replicationid offset [option ...]', SYNC, '', noReplicas),
  cmd('REPLCONF [option value ...]', 'admin noscript loading stale allow_busy', '', noReplicas),
  cmd('REPLICAOF <host port|NO ONE>', MASTER, '', replicaof),
  cmd('ROLE', 'noscript loading stale fast @admin @dangerous', '', role),
  cmd('SLAVEOF <host port|NO ONE>', MASTER, '', replicaof),
  cmd('SYNC', SYNC, '', noReplicas),
]

/** Commands that the manual counts to other groups. */
export const waitCommands: readonly Command[] = [
  cmd(
    'WAIT numreplicas timeout',
    'blocking @connection @-group ~request_policy:all_shards ~response_policy:agg_min',
    '',
    wait,
  ),
  cmd(
    'WAITAOF numlocal numreplicas timeout',
    'blocking @connection @-group ~request_policy:all_shards ~response_policy:agg_min',
    '',
    waitaof,
  ),
]

const FAILOVER_TIMEOUT = new ReplyError('ERR FAILOVER timeout must be greater than 0')
const TOO_FEW = new ReplyError('NOREPLICAS Not enough good replicas to write.')

/** `min-replicas-to-write`: as there are no replicas, to ask for any forbids writing. */
export function installReplication(engine: Engine): void {
  const settings = { count: 0, lagSeconds: 10 }
  const changed = (): void => {
    if (settings.count > 0 && settings.lagSeconds > 0) engine.gates |= ENGINE_GATE.replicas
    else engine.gates &= ~ENGINE_GATE.replicas
  }
  const name = (last: string): string => `min-replicas-${last}`
  const alias = (last: string): string => `min-slaves-${last}`
  const max = 0x7fffffff
  engine.config.add([
    numberParameter(name('to-write'), settings, 'count', { changed, max, alias: alias('to-write') }),
    numberParameter(name('max-lag'), settings, 'lagSeconds', { changed, max, alias: alias('max-lag') }),
    { name: 'replicaof', alias: 'slaveof', immutable: true, get: () => '', set: () => NO_REPLICATION.text },
  ])
  engine.checks.replicas = (_client, entry) => (entry.flags & FLAG.write ? TOO_FEW : null)
}

function noReplicas(): void {
  throw NO_REPLICAS
}

function role({ engine, reply }: Context): void {
  reply.array(3)
  reply.text('master')
  reply.integer(engine.propagation.offset)
  reply.array(0)
}

function replicaof({ reply }: Context, args: Args): void {
  if (args.is(1, 'no') && args.is(2, 'one')) {
    reply.ok()
    return
  }
  const port = args.at(2)
  const number = parseInteger(port.buf, port.start, port.end)
  if (Number.isNaN(number) || number < 0 || number > 65535) throw BAD_PORT
  throw NO_REPLICATION
}

function failover(_ctx: Context, args: Args): void {
  if (args.left === 1 && args.word('abort')) throw NO_FAILOVER
  while (args.left > 0) {
    if (args.left > 1 && args.word('timeout')) {
      if (args.int() <= 0) throw FAILOVER_TIMEOUT
    } else if (args.left > 2 && args.word('to')) {
      args.bytes()
      args.int()
    } else if (!args.word('force')) throw ERR.syntax
  }
  throw NEEDS_REPLICAS
}

function wait(ctx: Context, args: Args): Suspended | undefined {
  const replicas = args.int()
  const timeoutMs = args.int(ERR.timeoutNotInteger)
  if (timeoutMs < 0) throw ERR.timeoutNegative
  const answer = (reply: Reply): void => reply.integer(0)
  if (replicas > 0 && ctx.mayBlock) return waitUntil(ctx, timeoutMs, answer, () => () => {})
  answer(ctx.reply)
  return undefined
}

/** Wait until `begin` calls back or the time is up; there are no replicas, so who waits for some waits for the time. */
function waitUntil(
  ctx: Context,
  timeoutMs: number,
  answer: (reply: Reply) => void,
  begin: (end: () => void) => () => void,
): Suspended {
  let letGo = (): void => {}
  return ctx.suspend(
    finish => {
      const end = (): void => {
        letGo()
        finish(answer)
      }
      const stop = begin(end)
      const timer = timeoutMs === 0 ? null : ctx.engine.clock.after(timeoutMs, end)
      letGo = () => {
        stop()
        timer?.cancel()
      }
    },
    () => letGo(),
    answer,
  )
}

function waitaof(ctx: Context, args: Args): Suspended | undefined {
  const local = args.int()
  if (local < 0 || local > 1) throw LOCAL_RANGE
  const replicas = args.int(ERR.mustBePositive)
  if (replicas < 0) throw ERR.mustBePositive
  const timeoutMs = args.int(ERR.timeoutNotInteger)
  if (timeoutMs < 0) throw ERR.timeoutNegative
  const aof = ctx.engine.service(AppendOnly)
  if (local === 1 && aof.state === 'off') throw WAITAOF_OFF
  const answer = (reply: Reply): void => {
    reply.array(2)
    reply.integer(aof.state !== 'off' && aof.isSyncedTo(offset) ? 1 : 0)
    reply.integer(0)
  }
  const { offset } = ctx.engine.propagation
  if (replicas === 0 && (local === 0 || aof.isSyncedTo(offset))) {
    answer(ctx.reply)
    return undefined
  }
  if (!ctx.mayBlock) {
    answer(ctx.reply)
    return undefined
  }
  return waitUntil(ctx, timeoutMs, answer, end => aof.whenSynced(() => replicas === 0 && end()))
}
