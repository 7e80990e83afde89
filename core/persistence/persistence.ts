/* Persistence -- when data is saved and loaded: SAVE, BGSAVE, save points, start and end. */

import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import { Range } from '../base/bytes.ts'
import type { Engine } from '../command/engine.ts'
import { Libraries } from '../command/libraries.ts'
import { loadModuleAux } from './aux.ts'
import type { Files } from './file.ts'
import { RdbFileReader, type RdbVisitor } from './rdb/file.ts'
import type { PersistenceSettings, SavePoint } from './settings.ts'
import { Snapshot, type SnapshotOptions } from './snapshot.ts'
import { readValue } from './values.ts'

const SLICE_MICROS = 1000

export class Persistence {
  readonly settings: PersistenceSettings
  lastSaveMs: number
  lastSaveOk = true
  lastDurationSeconds = -1
  isLoading = false
  /** A save begins when the running one is done. */
  isScheduled = false
  readonly #engine: Engine
  readonly #files: Files
  readonly #log: Log
  readonly #directory: () => string
  #snapshot: Snapshot | null = null
  #startedMs = 0
  #dirtyBefore = 0
  #lastTryMs = 0

  constructor(engine: Engine, files: Files, log: Log, settings: PersistenceSettings, directory: () => string) {
    this.#engine = engine
    this.#files = files
    this.#log = log
    this.settings = settings
    this.#directory = directory
    this.lastSaveMs = engine.clock.nowMs()
  }

  get isSaving(): boolean {
    return this.#snapshot !== null
  }

  get path(): string {
    return join(this.#directory(), this.settings.fileName)
  }

  #begin(): Snapshot {
    const { engine, settings } = { engine: this.#engine, settings: this.settings }
    const file = this.#files.create(this.path)
    const options: SnapshotOptions = {
      compresses: settings.compresses,
      withSum: settings.withSum,
      version: settings.version,
      isAofBase: false,
      aux: engine.auxData,
      libraries: engine.service(Libraries).codes(),
    }
    this.#startedMs = engine.clock.nowMs()
    this.#dirtyBefore = engine.keyspace.dirty
    return new Snapshot(engine.keyspace, file, options, this.#startedMs)
  }

  #done(snapshot: Snapshot): void {
    const { clock, keyspace } = this.#engine
    keyspace.dirty -= Math.min(keyspace.dirty, this.#dirtyBefore)
    this.lastSaveMs = clock.nowMs()
    this.lastSaveOk = true
    this.lastDurationSeconds = Math.round((clock.nowMs() - this.#startedMs) / 1000)
    this.#log.notice(`DB saved on disk: ${snapshot.keysWritten} keys`)
  }

  #failed(error: unknown): void {
    this.lastSaveOk = false
    this.#log.warning(`Failed saving the DB: ${error instanceof Error ? error.message : String(error)}`)
  }

  /** Save now, while nothing else runs. False when it failed; the log says why, and an older file stays as it was. */
  save(): boolean {
    let snapshot: Snapshot | null = null
    try {
      snapshot = this.#begin()
      snapshot.step(() => true)
      snapshot.finish()
      this.#done(snapshot)
      return true
    } catch (error) {
      this.#abandon(snapshot)
      this.#failed(error)
      return false
    }
  }

  #abandon(snapshot: Snapshot | null): void {
    try {
      snapshot?.abandon()
    } catch (error) {
      // The disk that could not be written may not let the file go either.
      this.#log.warning(`A file that was not finished could not be removed: ${(error as Error).message}`)
    }
  }

  /** Save in slices between the turns of the loop. False when it cannot begin. */
  saveInBackground(): boolean {
    this.#lastTryMs = this.#engine.clock.nowMs()
    try {
      this.#snapshot = this.#begin()
    } catch (error) {
      this.#failed(error)
      return false
    }
    this.#engine.keyspace.snapshot = this.#snapshot
    this.#log.notice('Background saving started')
    this.#engine.clock.soon(() => this.#slice())
    return true
  }

  #slice(): void {
    const snapshot = this.#snapshot
    const { clock, keyspace } = this.#engine
    if (snapshot === null || this.#engine.closed) return
    const until = clock.microseconds() + SLICE_MICROS
    try {
      if (snapshot.isAborted) throw new Error('all keys of a database were removed meanwhile')
      keyspace.sequence++
      if (!snapshot.step(() => clock.microseconds() < until)) {
        clock.soon(() => this.#slice())
        return
      }
      snapshot.finish()
      this.#done(snapshot)
      this.#log.notice('Background saving terminated with success')
    } catch (error) {
      this.#abandon(snapshot)
      this.#failed(error)
    }
    this.#snapshot = null
    keyspace.snapshot = null
    if (!this.isScheduled) return
    this.isScheduled = false
    this.saveInBackground()
  }

  /** Whether a save point is due. */
  cron(): void {
    const { clock, keyspace } = this.#engine
    if (this.isSaving) return
    const sinceSave = clock.nowMs() - this.lastSaveMs
    const isDue = (point: SavePoint): boolean => keyspace.dirty >= point.changes && sinceSave > point.seconds * 1000
    const mayTry = this.lastSaveOk || clock.nowMs() - this.#lastTryMs > 5000
    const due = mayTry ? this.settings.points.find(isDue) : undefined
    if (due === undefined) return
    this.#log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`)
    this.saveInBackground()
  }

  /** Load the file, when there is one. Throws when it is damaged. */
  load(): number {
    if (!this.#files.exists(this.path)) return 0
    const { keyspace, clock } = this.#engine
    const started = clock.nowMs()
    const file = this.#files.open(this.path)
    const reader = new RdbFileReader(keyspace.memory)
    let keys = 0
    this.isLoading = true
    try {
      reader.open(file)
      reader.checksSum = this.settings.withSum
      const visitor = this.#visitor(() => keys++)
      while (reader.step(visitor)) keyspace.sequence++
    } finally {
      this.isLoading = false
      reader.release()
      file.close()
    }
    keyspace.dirty = 0
    this.lastSaveMs = clock.nowMs()
    this.#log.notice(`DB loaded from disk: ${keys} keys in ${((clock.nowMs() - started) / 1000).toFixed(3)} seconds`)
    return keys
  }

  #visitor(count: () => void): RdbVisitor {
    const { keyspace } = this.#engine
    let db = keyspace.databases[0]!
    return {
      aux: () => {},
      database: number => {
        const found = keyspace.databases[number]
        if (found === undefined)
          throw new Error(`the file has keys in database ${number}; there are ${keyspace.databases.length}`)
        db = found
      },
      sizes: () => {},
      slot: () => {},
      library: code => {
        const refusal = this.#engine.service(Libraries).restore(code.copy())
        if (refusal !== null) throw new Error(`a library of functions cannot be loaded: ${refusal}`)
      },
      moduleAux: (source, when) => {
        const isTaken = loadModuleAux(this.#engine.auxData, source, when)
        if (!isTaken) this.#log.warning(`Passing over data of module type ${source.name}, which no loaded module knows`)
        return isTaken
      },
      key: (key, type, facts, values) => {
        const name = Range.of(key.copy())
        if (facts.expireMs >= 0 && facts.expireMs <= keyspace.nowMs) {
          values.skip(type)
          return
        }
        const record = readValue(db, name, type, values)
        if (record === 0) return
        if (facts.expireMs >= 0) db.setDeadline(record, facts.expireMs)
        count()
      },
    }
  }

  /** Save, forget and load again: DEBUG RELOAD. */
  async reload(): Promise<void> {
    if (!this.save()) throw new Error('the DB could not be saved')
    const { keyspace } = this.#engine
    for (const db of keyspace.databases) keyspace.flush(db)
    this.load()
  }

  /** Before the server ends on request; false keeps it running. */
  atShutdown(saves: 'default' | 'yes' | 'no'): boolean {
    const wanted = saves === 'yes' || (saves === 'default' && this.settings.points.length > 0)
    if (!wanted) return true
    this.#log.notice('Saving the final RDB snapshot before exiting.')
    return this.save()
  }
}
