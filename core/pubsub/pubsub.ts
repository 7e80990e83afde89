/* PubSub -- who hears what is said on a channel.
 *
 * Three tables: channels, patterns, and the channels of the sharded commands, each from a name (one character a byte) to
 * its subscribers in the order in which they came. Names are looked up when something is published; nothing is kept of a
 * channel without subscribers. */

import { Range } from '../base/bytes.ts'
import { matchGlob } from '../base/glob.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import type { Database } from '../keyspace/database.ts'
import { EVENT } from '../keyspace/event.ts'

/** The three kinds of subscription. */
export type Kind = 'channel' | 'pattern' | 'shard'

const FIELD = { channel: 'channels', pattern: 'patterns', shard: 'shardChannels' } as const

export class PubSub {
  readonly channel = new Map<string, Set<Client>>()
  readonly pattern = new Map<string, Set<Client>>()
  readonly shard = new Map<string, Set<Client>>()
  /** Bits of EVENT that `notify-keyspace-events` asks for. */
  events = 0
  readonly #engine: Engine
  /** Messages for the client whose command is running: they follow its reply. */
  #own: { client: Client; write: () => void }[] = []

  constructor(engine: Engine) {
    this.#engine = engine
    engine.onClientGone.push(client => this.leave(client))
    engine.onReset.push(client => this.leave(client))
  }

  /** Subscribe; false when the client was subscribed already. */
  add(client: Client, kind: Kind, name: string): boolean {
    const field = FIELD[kind]
    let names = client[field]
    if (names === null) client[field] = names = new Set()
    if (names.has(name)) return false
    names.add(name)
    const table = this[kind]
    const clients = table.get(name)
    if (clients === undefined) table.set(name, new Set([client]))
    else clients.add(client)
    client.gate(CLIENT_GATE.subscribed, true)
    return true
  }

  /** Unsubscribe; false when the client was not subscribed. */
  remove(client: Client, kind: Kind, name: string): boolean {
    const names = client[FIELD[kind]]
    if (names === null || !names.delete(name)) return false
    const table = this[kind]
    const clients = table.get(name)
    clients?.delete(client)
    if (clients !== undefined && clients.size === 0) table.delete(name)
    if (client.subscriptions === 0 && (client.shardChannels?.size ?? 0) === 0)
      client.gate(CLIENT_GATE.subscribed, false)
    return true
  }

  /** Drop all that a client is subscribed to. */
  leave(client: Client): void {
    for (const kind of ['channel', 'pattern', 'shard'] as const)
      for (const name of [...(client[FIELD[kind]] ?? [])]) this.remove(client, kind, name)
  }

  /** Names with subscribers, those that match a pattern when there is one. */
  names(kind: 'channel' | 'shard', pattern: Range | null): string[] {
    const names = [...this[kind].keys()]
    return pattern === null ? names : names.filter(name => matchGlob(pattern, rangeOf(name)))
  }

  /** Publish to the subscribers of a channel and of the patterns that match it. Returns how many received it. */
  publish(channel: Range, message: Range): number {
    let receivers = 0
    const name = channel.latin1()
    const clients = this.channel.get(name)
    if (clients !== undefined)
      for (const client of clients) {
        this.#send(client, 'message', null, channel, message)
        receivers++
      }
    for (const [pattern, subscribers] of this.pattern) {
      const range = rangeOf(pattern)
      if (!matchGlob(range, channel)) continue
      for (const client of subscribers) {
        this.#send(client, 'pmessage', range, channel, message)
        receivers++
      }
    }
    return receivers
  }

  /** Publish to the subscribers of a shard channel. */
  publishShard(channel: Range, message: Range): number {
    const clients = this.shard.get(channel.latin1())
    if (clients === undefined) return 0
    for (const client of clients) this.#send(client, 'smessage', null, channel, message)
    return clients.size
  }

  #send(client: Client, word: string, pattern: Range | null, channel: Range, message: Range): void {
    if (client !== this.#engine.runningClient) {
      writeMessage(client, word, pattern, channel, message)
      client.connection?.wake()
      return
    }
    const kept = [channel, message].map(range => Range.of(range.copy()))
    this.#engine.atUnitEnd(this.#sendOwn, true)
    this.#own.push({ client, write: () => writeMessage(client, word, pattern, kept[0]!, kept[1]!) })
  }

  readonly #sendOwn = (): void => {
    this.#engine.atUnitEnd(this.#sendOwn, false)
    const own = this.#own
    this.#own = []
    for (const { client, write } of own) {
      write()
      client.connection?.wake()
    }
  }

  /** Tell an event of a key on its two channels. */
  notify(db: Database, kind: number, event: string, key: Range): void {
    if (!(this.events & kind)) return
    if (this.channel.size === 0 && this.pattern.size === 0) return
    if (this.events & EVENT.keyspace) {
      const channel = Buffer.concat([Buffer.from(`__keyspace@${db.number}__:`), key.buf.subarray(key.start, key.end)])
      this.publish(Range.of(channel), Range.of(event))
    }
    if (this.events & EVENT.keyevent) this.publish(Range.of(`__keyevent@${db.number}__:${event}`), key)
  }
}

function rangeOf(name: string): Range {
  return Range.of(Buffer.from(name, 'latin1'))
}

function writeMessage(client: Client, word: string, pattern: Range | null, channel: Range, message: Range): void {
  const { reply } = client
  reply.push(pattern === null ? 3 : 4)
  reply.text(word)
  if (pattern !== null) reply.bulk(pattern)
  reply.bulk(channel)
  reply.bulk(message)
}
