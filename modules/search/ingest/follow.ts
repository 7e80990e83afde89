/* Follow -- indexes go along with the keys.
 *
 * Every event of a key that an index covers makes the index look at the key again: whatever happened, what the key holds
 * now is what counts. So there is no list of events to keep in step with the commands that raise them.
 *
 * Only a renaming is more than that: a document goes by another name and keeps its number and all its postings.
 *
 *      RENAME p:1 p:2      rename_from p:1, remembered      rename_to p:2: renamed where both names are covered
 *
 * Nothing is listened to while there is no index. */

import { type Database, EVENT, type EventDetail, type Host, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { Intake } from './intake.ts'
import { JsonSource } from './json-source.ts'
import { HashSource, type OwnFieldsOf } from './source.ts'

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

/** Events of keys whose value stays as it is. */
const ABOUT_TIME: ReadonlySet<string> = new Set(['expire', 'persist'])
const NOTHING_CHANGED: EventDetail = Object.freeze([])

/** Keeps the indexes of one server up to date. */
export class Follower {
  readonly #host: Host
  readonly #ownOf: OwnFieldsOf
  readonly #intakes: Intake[] = []
  /** Told of an index whenever a document of it may have died. */
  onDeath: ((index: Index) => void) | null = null
  /** The old name of what is being renamed. */
  #oldName: Buffer | null = null
  readonly #old = new Range()
  readonly #hear: (db: Database, kind: number, event: string, key: Range, detail?: EventDetail) => void

  constructor(host: Host, ownOf: OwnFieldsOf) {
    this.#host = host
    this.#ownOf = ownOf
    this.#hear = (db, kind, event, key, detail) => this.#heard(db, kind, event, key, detail)
  }

  /** Let an index follow from now on. */
  add(index: Index): Intake {
    if (this.#intakes.length === 0) this.#host.onKey(KINDS, this.#hear)
    const { clock } = this.#host
    const intake = new Intake(index, this.#source(index), () => clock.microseconds())
    this.#intakes.push(intake)
    return intake
  }

  #source(index: Index): HashSource | JsonSource {
    const { schema } = index
    if (schema.rules.source === 'json') return new JsonSource(this.#host, schema, this.#ownOf)
    return new HashSource(schema, this.#ownOf)
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

  #heard(db: Database, kind: number, event: string, key: Range, detail: EventDetail | undefined): void {
    if (kind === EVENT.generic && event === 'rename_from') {
      this.#oldName = key.copy()
      return
    }
    if (kind === EVENT.generic && event === 'rename_to' && this.#oldName !== null) this.#renamed(db, key)
    else this.look(db, key, kind === EVENT.generic && ABOUT_TIME.has(event) ? NOTHING_CHANGED : detail)
  }

  #renamed(db: Database, key: Range): void {
    const from = this.#old.set(this.#oldName!, 0, this.#oldName!.length)
    this.#oldName = null
    for (const { index } of this.#intakes)
      if (covers(index, from) && !(covers(index, key) && index.structures.rename(from, key)))
        index.structures.remove(from)
    this.look(db, key)
  }

  /** Look at a key again for all indexes; `detail` names what changed inside it, when that is known. */
  look(db: Database, key: Range, detail?: EventDetail): void {
    for (const intake of this.#intakes) {
      if (!covers(intake.index, key)) continue
      intake.look(db, key, db.find(key), detail)
      this.onDeath?.(intake.index)
    }
  }

  /** Look at a key for one index, in whichever database has such a document. */
  lookEverywhere(index: Index, key: Range): void {
    const intake = this.intakeOf(index)
    if (intake === null) return
    const { typeId } = intake.source
    const holds = (db: Database): boolean => {
      const record = db.find(key)
      return record !== 0 && db.typeOf(record) === typeId
    }
    const db = this.#host.databases.find(holds) ?? this.#host.databases[0]!
    intake.look(db, key, db.find(key), undefined)
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
