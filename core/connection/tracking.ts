/* Tracking -- which clients keep copies of which keys, so that they can be told when one changes?
 *
 * Two ways, chosen by the client:
 *
 *      by key        every key that a client reads is noted      "user:1" -> {client 7, client 9}
 *      by prefix     BCAST: nothing is noted, every key with     "user:"  -> {client 12}
 *                    the prefix is told
 *
 * A key that changes is looked up; whoever may have a copy is told once, and a noted key is forgotten until it is read
 * again. Messages are collected while a unit runs and sent at its end, so that a client hears of its own writes behind
 * their replies, but of keys that were evicted for a command before that one's; those by prefix go out as one message for each prefix. As in Redis, keys of all databases are one.
 *
 *      note O(keys of the command)    change O(clients with the key + prefixes)
 *
 * Left out: the radix tree of prefixes. Clients have few of them, and each is one comparison. */

import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { keysOf } from '../command/keys.ts'
import { FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { ARMED } from '../keyspace/keyspace.ts'

/** How one client wants to be told. */
export interface TrackingMode {
  readonly isBroadcast: boolean
  /** Keys are noted only of commands behind CACHING YES, or of all but those behind CACHING NO. */
  readonly isOptIn: boolean
  readonly isOptOut: boolean
  /** The client's own writes are not told. */
  readonly isNoLoop: boolean
  /** Id of the client that hears of it in this one's place, 0: none. */
  readonly redirect: number
}

/** What `Client.tracking` holds. */
export class Tracked {
  mode: TrackingMode
  /** In order, `` for all keys. */
  readonly prefixes: string[] = []
  /** CLIENT CACHING was said, for the command or transaction that follows. */
  isCaching = false
  /** The client that was to be told in this one's place has left. */
  isBroken = false

  constructor(mode: TrackingMode) {
    this.mode = mode
  }
}

/** The tracking of a client, null when it is off. */
export function trackedOf(client: Client): Tracked | null {
  return client.tracking as Tracked | null
}

const REDIRECT_CHANNEL = '__redis__:invalidate'

export class Tracking {
  /** Most keys that are noted: `tracking-table-max-keys`, 0 for any number. */
  keysMax = 1_000_000
  readonly #engine: Engine
  readonly #byKey = new Map<string, Set<number>>()
  readonly #byPrefix = new Map<string, Set<Client>>()
  /** Messages of the running unit: by key in order, and by prefix with the keys and who wrote them last. */
  #messages: { client: Client; key: string | null }[] = []
  readonly #changed = new Map<string, Map<string, Client | null>>()
  /** Clients behind CLIENT CACHING. */
  readonly #caching = new Set<Client>()
  #count = 0

  constructor(engine: Engine) {
    this.#engine = engine
    engine.onClientGone.push(client => this.end(client))
    engine.onReset.push(client => this.end(client))
    engine.onFlushAll.push(() => this.#flushed())
    engine.onFlushDb.push(() => this.#flushed())
  }

  get keyCount(): number {
    return this.#byKey.size
  }

  get prefixCount(): number {
    return this.#byPrefix.size
  }

  /** Clients that noted keys have, each counted by its keys. */
  get itemCount(): number {
    let items = 0
    for (const ids of this.#byKey.values()) items += ids.size
    return items
  }

  /** Begin, or change how a client is told. Prefixes are added to those that it has. */
  begin(client: Client, mode: TrackingMode, prefixes: readonly string[]): void {
    let tracked = trackedOf(client)
    if (tracked === null) {
      client.tracking = tracked = new Tracked(mode)
      this.#count++
    }
    tracked.mode = mode
    tracked.isBroken = false
    if (mode.isBroadcast) {
      const added = prefixes.length === 0 && tracked.prefixes.length === 0 ? [''] : prefixes
      for (const prefix of added) if (!tracked.prefixes.includes(prefix)) tracked.prefixes.push(prefix)
      tracked.prefixes.sort()
      for (const prefix of tracked.prefixes) {
        const clients = this.#byPrefix.get(prefix)
        if (clients === undefined) this.#byPrefix.set(prefix, new Set([client]))
        else clients.add(client)
      }
    }
    this.#arm()
  }

  end(client: Client): void {
    const tracked = trackedOf(client)
    if (tracked === null) return
    for (const prefix of tracked.prefixes) {
      const clients = this.#byPrefix.get(prefix)
      clients?.delete(client)
      if (clients?.size === 0) this.#byPrefix.delete(prefix)
    }
    client.tracking = null
    this.#caching.delete(client)
    this.#count--
    if (this.#count === 0) this.#byKey.clear()
    this.#arm()
  }

  /** CLIENT CACHING. */
  caching(client: Client): void {
    trackedOf(client)!.isCaching = true
    this.#caching.add(client)
  }

  #arm(): void {
    const engine = this.#engine
    engine.keyspace.arm(ARMED.tracking, this.#count > 0)
    engine.atUnitEnd(this.#endUnit, this.#count > 0)
    // Inside EXEC or a script it would come between the parts of a reply.
    engine.checks.madeRoom = () => {
      if (engine.depth <= 0) this.#sendAll()
    }
    engine.onTouched = this.#count > 0 ? (_db, key) => this.#touched(key.latin1()) : null
    engine.onTracked = this.#count > 0 ? ctx => this.#note(ctx) : null
  }

  /** A command ran: note the keys that it read, for the client at the top, which may have a script or EXEC run it. */
  #note({ entry, args }: Context): void {
    if (!(entry.flags & FLAG.readonly) || entry.group === 'scripting') return
    const client = this.#engine.runningClient
    const tracked = client === null ? null : trackedOf(client)
    if (tracked === null || tracked.mode.isBroadcast) return
    const { isOptIn, isOptOut } = tracked.mode
    if (isOptIn ? !tracked.isCaching : isOptOut && tracked.isCaching) return
    this.#noteKeys(client!.id, entry, args)
  }

  #noteKeys(id: number, entry: Entry, args: Args): void {
    for (const { at } of keysOf(entry, args)) {
      const key = args.at(at).latin1()
      const ids = this.#byKey.get(key)
      if (ids === undefined) this.#byKey.set(key, new Set([id]))
      else ids.add(id)
    }
  }

  #touched(key: string): void {
    const engine = this.#engine
    const writer = engine.keyspace.isNobodys ? null : engine.runningClient
    for (const prefix of this.#byPrefix.keys()) {
      if (!key.startsWith(prefix)) continue
      const keys = this.#changed.get(prefix)
      if (keys === undefined) this.#changed.set(prefix, new Map([[key, writer]]))
      else keys.set(key, writer)
    }
    this.#forget(key, writer)
  }

  /** Tell all who have read a key, and note them no longer. */
  #forget(key: string, writer: Client | null): void {
    const ids = this.#byKey.get(key)
    if (ids === undefined) return
    this.#byKey.delete(key)
    for (const id of ids) {
      const client = this.#engine.clients.get(id)
      const tracked = client === undefined ? null : trackedOf(client)
      if (tracked === null || tracked.mode.isBroadcast || (tracked.mode.isNoLoop && client === writer)) continue
      this.#messages.push({ client: client!, key })
    }
  }

  #flushed(): void {
    if (this.#count === 0) return
    this.#byKey.clear()
    for (const client of this.#engine.clients.values())
      if (client.tracking !== null) this.#messages.push({ client, key: null })
  }

  readonly #endUnit = (): void => {
    for (const client of this.#caching) this.#endCaching(client)
    if (this.keysMax > 0)
      for (const key of this.#byKey.keys()) {
        if (this.#byKey.size <= this.keysMax) break
        this.#forget(key, null)
      }
    this.#sendAll()
  }

  /** Send what was collected. */
  #sendAll(): void {
    const messages = this.#messages
    if (messages.length > 0) {
      this.#messages = []
      for (const { client, key } of messages) this.#send(client, key === null ? null : [key])
    }
    if (this.#changed.size > 0) this.#sendPrefixes()
  }

  /** CACHING holds for one command or transaction, other CLIENT commands aside. */
  #endCaching(client: Client): void {
    if (client.transaction !== null || client.lastEntry?.name.startsWith('client|') === true) return
    this.#caching.delete(client)
    const tracked = trackedOf(client)
    if (tracked !== null) tracked.isCaching = false
  }

  #sendPrefixes(): void {
    for (const prefix of [...this.#changed.keys()].sort()) {
      const keys = [...this.#changed.get(prefix)!].sort(([a], [b]) => (a < b ? -1 : 1))
      for (const client of this.#byPrefix.get(prefix) ?? []) {
        const isNoLoop = trackedOf(client)!.mode.isNoLoop
        const told = keys.filter(([, writer]) => !isNoLoop || writer !== client).map(([key]) => key)
        if (told.length > 0) this.#send(client, told)
      }
    }
    this.#changed.clear()
  }

  /** Send the names of keys, or null for all keys, to a client or to the one in its place. */
  #send(client: Client, keys: readonly string[] | null): void {
    const tracked = trackedOf(client)
    if (tracked === null) return
    const { redirect } = tracked.mode
    const receiver = redirect === 0 ? client : this.#engine.clients.get(redirect)
    if (receiver === undefined) {
      tracked.isBroken = true
      this.#sendBroken(client, redirect)
      return
    }
    const { reply } = receiver
    if (reply.protocol === 3) {
      reply.push(2)
      reply.text('invalidate')
    } else if (redirect !== 0 && receiver.subscriptions > 0) {
      reply.push(3)
      reply.text('message')
      reply.text(REDIRECT_CHANNEL)
    } else return // a RESP2 connection cannot be told anything that it did not ask for
    if (keys === null) reply.null()
    else {
      reply.array(keys.length)
      for (const key of keys) {
        const bytes = Buffer.from(key, 'latin1')
        reply.bytes(bytes, 0, bytes.length)
      }
    }
    receiver.connection?.wake()
  }

  #sendBroken({ reply, connection }: Client, redirect: number): void {
    if (reply.protocol !== 3) return
    reply.push(2)
    reply.text('tracking-redir-broken')
    reply.integer(redirect)
    connection?.wake()
  }
}
