/* Eviction of clients -- `maxmemory-clients`: when what is kept for all clients together (input that waits, replies not taken yet,
 * queued transactions, subscriptions) takes more than that, those with the most are disconnected until it does not.
 *
 * The sum is kept up for the client of each unit, and counted anew by the cron, since replies also grow without a command of their
 * client. While there is no limit nothing is counted. CLIENT NO-EVICT protects a client. */

import type { Client } from '../command/client.ts'
import type { Parameter } from '../command/config.ts'
import { parseBytes } from '../command/config.ts'
import type { Engine } from '../command/engine.ts'

/** What a client takes beside its buffers, and what a subscription does, about. */
const CLIENT_BYTES = 1024
const CHANNEL_BYTES = 96

/** Bytes that are kept for a client. */
export function clientBytes({ connection, transaction, channels, patterns, shardChannels }: Client): number {
  const subscriptions = (channels?.size ?? 0) + (patterns?.size ?? 0) + (shardChannels?.size ?? 0)
  const buffers = (connection?.inputRoom ?? 0) + (connection?.outputBytes ?? 0)
  return CLIENT_BYTES + buffers + (transaction?.bytes ?? 0) + subscriptions * CHANNEL_BYTES
}

/** Install the limit. */
export function installClientEviction(engine: Engine): void {
  const eviction = new ClientEviction(engine)
  engine.config.add([eviction.parameter()])
  engine.onCron.push(() => eviction.check())
}

class ClientEviction {
  readonly #engine: Engine
  /** Bytes, or with `isPercent` hundredths of maxmemory. 0: no limit. */
  #value = 0
  #isPercent = false
  #total = 0
  readonly #known = new WeakMap<Client, number>()
  readonly #afterUnit = (): void => this.#count(this.#engine.outermost.client)

  constructor(engine: Engine) {
    this.#engine = engine
  }

  parameter(): Parameter {
    return {
      name: 'maxmemory-clients',
      get: () => (this.#isPercent ? `${this.#value}%` : String(this.#value)),
      set: text => this.#set(text),
    }
  }

  #set(text: string): string | null {
    const percent = /^(\d+)%$/.exec(text)
    const value = percent === null ? parseBytes(text) : Number(percent[1])
    if (value === null) return 'argument must be a memory or percent value'
    if (percent !== null && value > 100) return 'percentage argument must be less or equal to 100'
    this.#value = value
    this.#isPercent = percent !== null && value > 0
    this.#engine.atUnitEnd(this.#afterUnit, value > 0)
    this.check()
    return null
  }

  #limitBytes(): number {
    if (!this.#isPercent) return this.#value
    return Math.floor((Number(this.#engine.config.find('maxmemory')?.get() ?? 0) * this.#value) / 100)
  }

  /** A client's unit is over: account for what it takes now. */
  #count(client: Client | undefined): void {
    if (client === undefined || !this.#engine.clients.has(client.id)) return
    const bytes = clientBytes(client)
    this.#total += bytes - (this.#known.get(client) ?? 0)
    this.#known.set(client, bytes)
    if (this.#total > this.#limitBytes()) this.check()
  }

  /** Count all, and disconnect the largest until the rest fit. */
  check(): void {
    if (this.#value === 0) return
    const limit = this.#limitBytes()
    const clients: { client: Client; bytes: number }[] = []
    this.#total = 0
    for (const client of this.#engine.clients.values()) {
      if (client.connection === null || client.connection.isInProcess || client.closing) continue
      const bytes = clientBytes(client)
      this.#known.set(client, bytes)
      this.#total += bytes
      if (!client.noEvict) clients.push({ client, bytes })
    }
    if (limit === 0 || this.#total <= limit) return
    clients.sort((a, b) => b.bytes - a.bytes)
    for (const { client, bytes } of clients) {
      if (this.#total <= limit) return
      this.#total -= bytes
      this.#engine.stats.evictedClients++
      client.closing = true
      client.connection!.destroy()
    }
  }
}
