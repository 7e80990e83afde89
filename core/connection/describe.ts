/* One line of CLIENT LIST. */

import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import { clientBytes } from './evict.ts'
import { redirectOf } from './tracking-commands.ts'
import { trackedOf } from './tracking.ts'

/** The class that CLIENT LIST TYPE and the output limits know. */
export function typeOf(client: Client): 'normal' | 'pubsub' {
  return client.subscriptions > 0 || (client.shardChannels?.size ?? 0) > 0 ? 'pubsub' : 'normal'
}

/** What is to be known of a client, in the fields and the order of Redis. */
export function describeClient(engine: Engine, client: Client): string {
  const { connection, transaction } = client
  const now = engine.clock.nowMs()
  const isRunning = engine.runningClient === client
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', connection?.address ?? ''],
    ['laddr', connection?.localAddress ?? ''],
    ['fd', connection?.descriptor ?? -1],
    ['name', client.name],
    ['age', Math.floor((now - client.createdMs) / 1000)],
    ['idle', Math.floor((now - client.lastUsedMs) / 1000)],
    ['flags', flagsOf(client)],
    ['db', client.db.number],
    ['sub', client.channels?.size ?? 0],
    ['psub', client.patterns?.size ?? 0],
    ['ssub', client.shardChannels?.size ?? 0],
    ['multi', transaction === null ? -1 : transaction.queue.length],
    ['watch', engine.keyspace.watch.keysOf(client).length],
    ['qbuf', connection?.inputBytes ?? 0],
    ['qbuf-free', (connection?.inputRoom ?? 0) - (connection?.inputBytes ?? 0)],
    ['argv-mem', 0],
    ['multi-mem', transaction?.bytes ?? 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', isRunning ? 0 : client.reply.length],
    ['oll', 0],
    ['omem', isRunning ? 0 : (connection?.outputBytes ?? 0)],
    ['tot-mem', clientBytes(client)],
    ['events', 'r'],
    ['cmd', client.lastEntry?.name ?? 'NULL'],
    ['user', client.user],
    ['redir', redirectOf(client)],
    ['resp', client.reply.protocol],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ]
  return fields.map(([name, value]) => `${name}=${value}`).join(' ')
}

function flagsOf(client: Client): string {
  let flags = ''
  if (client.isMonitor) flags += 'O'
  if (typeOf(client) === 'pubsub') flags += 'P'
  if (client.transaction !== null) flags += 'x'
  if (client.suspended !== null) flags += 'b'
  const tracked = trackedOf(client)
  if (tracked !== null) flags += 't'
  if (tracked?.isBroken === true) flags += 'R'
  if (tracked?.mode.isBroadcast === true) flags += 'B'
  if (client.broken) flags += 'd'
  if (client.closing) flags += 'c'
  if (client.connection?.isUnix === true) flags += 'U'
  if (client.noEvict) flags += 'e'
  if (client.gates & CLIENT_GATE.noTouch) flags += 'T'
  return flags === '' ? 'N' : flags
}
