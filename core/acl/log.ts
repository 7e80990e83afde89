/* AclLog -- who was refused what, newest first; the same refusal again within a minute is counted, not repeated. */

/** How an entry came about. */
export interface Refusal {
  readonly reason: 'command' | 'key' | 'channel' | 'auth'
  readonly context: 'toplevel' | 'multi' | 'lua' | 'module'
  /** The command, key or channel. */
  readonly object: string
  readonly user: string
}

export interface LogEntry extends Refusal {
  readonly id: number
  readonly createdMs: number
  count: number
  updatedMs: number
  client: string
}

const GROUPED_MS = 60_000
/** Entries that are looked at for the same refusal. */
const LOOKED_AT = 10

export class AclLog {
  /** `acllog-max-len`. */
  lengthMax = 128
  entries: LogEntry[] = []
  /** Refusals by reason, for INFO. */
  readonly counts: Record<Refusal['reason'], number> = { auth: 0, command: 0, key: 0, channel: 0 }
  #nextId = 0

  add(refusal: Refusal, client: string, nowMs: number): void {
    const { entries } = this
    this.counts[refusal.reason]++
    const at = entries.slice(0, LOOKED_AT).findIndex(entry => isSame(entry, refusal, nowMs))
    if (at >= 0) {
      const [entry] = entries.splice(at, 1)
      entry!.count++
      entry!.updatedMs = nowMs
      entry!.client = client
      entries.unshift(entry!)
    } else entries.unshift({ ...refusal, id: this.#nextId++, createdMs: nowMs, updatedMs: nowMs, count: 1, client })
    if (entries.length > this.lengthMax) entries.length = this.lengthMax
  }

  reset(): void {
    this.entries = []
  }
}

function isSame(entry: LogEntry, other: Refusal, nowMs: number): boolean {
  return (
    entry.reason === other.reason &&
    entry.context === other.context &&
    entry.object === other.object &&
    entry.user === other.user &&
    nowMs - entry.createdMs <= GROUPED_MS
  )
}
