/* A stream as one would write it without thinking of speed: what the server's is compared with. */

/** An id as one number: ms * 1000 + seq, which is enough for a test. */
export type Id = number

export const idText = (id: Id): string => `${Math.floor(id / 1000)}-${id % 1000}`

export interface Entry {
  readonly id: Id
  readonly fields: readonly string[]
}

interface Pending {
  consumer: string
  deliveredMs: number
  deliveries: number
}

class Group {
  last: Id
  readonly consumers = new Set<string>()
  readonly pending = new Map<Id, Pending>()

  constructor(last: Id) {
    this.last = last
  }

  /** Pending entries in order, of one consumer or of all. */
  rows(consumer: string | null = null): [Id, Pending][] {
    const rows = [...this.pending].filter(([, owed]) => consumer === null || owed.consumer === consumer)
    return rows.sort((a, b) => a[0] - b[0])
  }
}

export class StreamModel {
  entries: Entry[] = []
  last: Id = 0
  maxDeleted: Id = 0
  added = 0
  readonly groups = new Map<string, Group>()

  add(id: Id, fields: readonly string[]): void {
    this.entries.push({ id, fields })
    this.last = id
    this.added++
  }

  delete(id: Id): boolean {
    const before = this.entries.length
    this.entries = this.entries.filter(entry => entry.id !== id)
    if (this.entries.length === before) return false
    this.maxDeleted = Math.max(this.maxDeleted, id)
    return true
  }

  /** Keep the newest entries. Returns how many went. */
  trimToLength(length: number): number {
    return this.entries.splice(0, Math.max(0, this.entries.length - length)).length
  }

  trimToId(id: Id): number {
    const before = this.entries.length
    this.entries = this.entries.filter(entry => entry.id >= id)
    return before - this.entries.length
  }

  range(from: Id, to: Id, count: number): Entry[] {
    const found = this.entries.filter(({ id }) => id >= from && id <= to)
    return count > 0 ? found.slice(0, count) : found
  }

  has(id: Id): boolean {
    return this.entries.some(entry => entry.id === id)
  }

  createGroup(name: string, last: Id): boolean {
    if (this.groups.has(name)) return false
    this.groups.set(name, new Group(last))
    return true
  }

  /** The next entries go to a consumer. */
  read(name: string, consumer: string, count: number, noAck: boolean, nowMs: number): Entry[] {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    const found = this.range(group.last + 1, Number.MAX_SAFE_INTEGER, count)
    for (const { id } of found) {
      if (!noAck) group.pending.set(id, { consumer, deliveredMs: nowMs, deliveries: 1 })
      group.last = id
    }
    return found
  }

  /** What a consumer has pending behind an id; null for entries that were deleted. */
  history(name: string, consumer: string, after: Id, count: number, nowMs: number): [Id, Entry | null][] {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    const rows = group.rows(consumer).filter(([id]) => id > after)
    return (count > 0 ? rows.slice(0, count) : rows).map(([id, owed]) => {
      const entry = this.entries.find(one => one.id === id)
      if (entry === undefined) return [id, null]
      owed.deliveredMs = nowMs
      owed.deliveries++
      return [id, entry]
    })
  }

  acknowledge(name: string, id: Id): boolean {
    return this.groups.get(name)!.pending.delete(id)
  }

  removeConsumer(name: string, consumer: string): number {
    const group = this.groups.get(name)!
    const rows = group.rows(consumer)
    for (const [id] of rows) group.pending.delete(id)
    group.consumers.delete(consumer)
    return rows.length
  }

  /** XCLAIM of one entry: the entry when it changes hands. */
  claim(name: string, consumer: string, id: Id, how: Claim): Entry | null {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    const entry = this.entries.find(one => one.id === id)
    const owed = group.pending.get(id)
    if (entry === undefined) {
      group.pending.delete(id)
      return null
    }
    if (owed === undefined ? !how.force : how.nowMs - owed.deliveredMs < how.minIdleMs) return null
    const before = owed?.deliveries ?? 1
    const deliveries = how.deliveries ?? (how.onlyIds ? before : before + 1)
    group.pending.set(id, { consumer, deliveredMs: how.nowMs, deliveries })
    return entry
  }

  /** XAUTOCLAIM: where to go on, what was claimed, what was found deleted. */
  claimIdle(
    name: string,
    consumer: string,
    from: Id,
    count: number,
    how: Claim,
  ): { next: Id; claimed: Id[]; deleted: Id[] } {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    const claimed: Id[] = []
    const deleted: Id[] = []
    const rows = group.rows().filter(([id]) => id >= from)
    let at = 0
    for (; at < rows.length && at < count * 10 && claimed.length + deleted.length < count; at++) {
      const id = rows[at]![0]
      if (!this.has(id)) {
        group.pending.delete(id)
        deleted.push(id)
      } else if (this.claim(name, consumer, id, how) !== null) claimed.push(id)
    }
    return { next: rows[at]?.[0] ?? 0, claimed, deleted }
  }
}

export interface Claim {
  readonly nowMs: number
  readonly minIdleMs: number
  readonly onlyIds: boolean
  readonly force: boolean
  readonly deliveries: number | null
}
