/* Follow -- indexes go along with the keys.
 *
 * Every event of a key that an index covers makes the index look at the key again: whatever happened, what the key holds
 * now is what counts. So there is no list of events to keep in step with the commands that raise them.
 *
 * Nothing is listened to while there is no index. */

import { type Database, EVENT, type EventDetail, type Host, HashView, hashType, type Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { Intake } from './intake.ts'
import type { OwnFields } from './own-fields.ts'

const KINDS =
  EVENT.generic |
  EVENT.string |
  EVENT.list |
  EVENT.set |
  EVENT.hash |
  EVENT.zset |
  EVENT.stream |
  EVENT.module |
  EVENT.expired |
  EVENT.evicted

/** Keeps the indexes of one server up to date. */
export class Follower {
  readonly #host: Host
  readonly #ownOf: (kind: string) => OwnFields | null
  readonly #intakes: Intake[] = []
  readonly #hashes: HashView[] = []
  readonly #hear: (db: Database, kind: number, event: string, key: Range, detail?: EventDetail) => void

  constructor(host: Host, ownOf: (kind: string) => OwnFields | null) {
    this.#host = host
    this.#ownOf = ownOf
    this.#hear = (db, _kind, _event, key) => this.look(db, key)
  }

  /** Let an index follow from now on. */
  add(index: Index): Intake {
    if (this.#intakes.length === 0) this.#host.onKey(KINDS, this.#hear)
    const intake = new Intake(index, this.#ownOf)
    this.#intakes.push(intake)
    return intake
  }

  /** What puts documents into an index. */
  intakeOf(index: Index): Intake | null {
    return this.#intakes.find(intake => intake.index === index) ?? null
  }

  /** Let an index follow no more. */
  remove(index: Index): void {
    const at = this.#intakes.findIndex(intake => intake.index === index)
    if (at >= 0) this.#intakes.splice(at, 1)
    if (this.#intakes.length === 0) this.#host.onKey(0, this.#hear)
  }

  /** Look at a key again for all indexes. */
  look(db: Database, key: Range): void {
    for (const intake of this.#intakes) if (covers(intake.index, key)) this.lookFor(intake, db, key, db.find(key))
  }

  /** Look at a key for one index that covers it; `record` is the key's, or 0. */
  lookFor(intake: Intake, db: Database, key: Range, record: number): void {
    if (record === 0 || db.typeOf(record) !== hashType.id) intake.index.structures.remove(key)
    else intake.put(db, key, this.#hashOf(db).bind(db, record))
  }

  /** A lens of our own: those of commands are theirs. */
  #hashOf(db: Database): HashView {
    return (this.#hashes[db.number] ??= new HashView(db))
  }
}

/** Whether a key begins with one of an index's prefixes. */
export function covers(index: Index, key: Range): boolean {
  const { prefixes } = index.schema.rules
  for (const prefix of prefixes) if (startsWith(key, prefix)) return true
  return false
}

function startsWith(key: Range, prefix: Buffer): boolean {
  if (key.end - key.start < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (key.buf[key.start + i] !== prefix[i]) return false
  return true
}
