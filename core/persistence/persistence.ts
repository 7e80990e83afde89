/* Persistence -- when data are saved: SAVE, BGSAVE, save points, the end of the server; and the one background job at a time.
 *
 * A job writes a snapshot in slices between the turns of the loop: an RDB file, or the base of a rewritten append-only
 * file. Two at once would write each changed value twice, so the second waits, as in Redis. */

import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Engine } from '../command/engine.ts'
import type { Shutdown } from '../command/lifecycle.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { Libraries } from '../command/libraries.ts'
import { type Files, type NewFile, reasonOf } from './file.ts'
import { QueuedFile } from './queued-file.ts'
import type { PersistenceSettings, SavePoint } from './settings.ts'
import { Snapshot } from './snapshot.ts'
import { CommandTarget } from './aof/command-target.ts'
import { RdbTarget, type TargetOptions } from './target.ts'

const SLICE_MICROS = 1000
/** After a failure save points wait for this long. */
const RETRY_MS = 5000

/** A snapshot that is being written in the background. */
interface Job {
  readonly kind: 'rdb' | 'aof'
  readonly snapshot: Snapshot
  readonly startedMs: number
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export class Persistence {
  readonly settings: PersistenceSettings
  lastSaveMs: number
  lastSaveOk = true
  lastDurationSeconds = -1
  saves = 0
  /** A save begins when the running job is done. */
  isScheduled = false
  /** Called when a job ended: whoever waits may begin. */
  readonly onIdle: (() => void)[] = []
  readonly #engine: Engine
  readonly #files: Files
  readonly #log: Log
  readonly #directory: () => string
  #job: Job | null = null
  #lastTryMs = 0

  constructor(engine: Engine, files: Files, log: Log, settings: PersistenceSettings, directory: () => string) {
    this.#engine = engine
    this.#files = files
    this.#log = log
    this.settings = settings
    this.#directory = directory
    this.lastSaveMs = engine.clock.nowMs()
  }

  /** What is written in the background, or null. */
  get running(): 'rdb' | 'aof' | null {
    return this.#job === null ? null : this.#job.kind
  }

  /** Seconds since the running job began, -1 without one. */
  get runningSeconds(): number {
    return this.#job === null ? -1 : Math.floor((this.#engine.clock.nowMs() - this.#job.startedMs) / 1000)
  }

  get runningSnapshot(): Snapshot | null {
    return this.#job === null ? null : this.#job.snapshot
  }

  get path(): string {
    return join(this.#directory(), this.settings.fileName)
  }

  /** Begin a snapshot into a file. */
  open(disk: NewFile, isAofBase: boolean, inPieces: boolean, asCommands = false): Snapshot {
    const { settings } = this
    const { keyspace, clock } = this.#engine
    const file = inPieces ? new QueuedFile(keyspace.memory, disk) : disk
    const options: TargetOptions = {
      compresses: settings.compresses,
      withSum: settings.withSum,
      version: settings.version,
      isAofBase,
      aux: this.#engine.auxData,
      libraries: this.#engine.service(Libraries).codes(),
      elementsAtOnce: inPieces ? settings.elementsAtOnce : Number.POSITIVE_INFINITY,
    }
    const target = asCommands ? new CommandTarget(keyspace, file, options) : new RdbTarget(keyspace, file, options)
    try {
      return new Snapshot(keyspace, file, target, clock.nowMs())
    } catch (error) {
      target.release()
      this.#quietly(() => file.abandon())
      throw error
    }
  }

  // ------------------------------------------------------------------ RDB files

  /** Save now, while nothing else runs. False when it failed; the log says why, and an older file stays as it was. */
  save(): boolean {
    const { dirty } = this.#engine.keyspace
    try {
      const snapshot = this.open(this.#files.create(this.path), false, false)
      this.finishNow(snapshot)
      this.#saved(snapshot, dirty)
      return true
    } catch (error) {
      // Whoever asked is told. Writes are refused only after a save in the background, of which nobody would hear.
      this.#log.warning(`Failed saving the DB: ${reasonOf(error)}`)
      return false
    }
  }

  /** Write a snapshot to its end. @throws what the disk said, with nothing left behind. */
  finishNow(snapshot: Snapshot): void {
    try {
      this.#engine.keyspace.sequence++
      while (!snapshot.step(() => true)) {}
      snapshot.finish()
    } catch (error) {
      this.#quietly(() => snapshot.abandon())
      throw error
    }
  }

  #saved(snapshot: Snapshot, dirtyBefore: number): void {
    const { clock, keyspace } = this.#engine
    keyspace.dirty -= Math.min(keyspace.dirty, dirtyBefore)
    this.lastSaveMs = clock.nowMs()
    this.lastSaveOk = true
    this.saves++
    this.#log.notice(`DB saved on disk: ${snapshot.keysWritten} keys`)
  }

  #saveFailed(error: unknown): void {
    this.lastSaveOk = false
    this.#engine.gates |= ENGINE_GATE.disk // the check says what is refused
    this.#log.warning(`Failed saving the DB: ${reasonOf(error)}`)
  }

  /** Save in slices between the turns of the loop. False when it cannot begin. */
  saveInBackground(): boolean {
    const startedMs = this.#engine.clock.nowMs()
    const { dirty } = this.#engine.keyspace
    this.#lastTryMs = startedMs
    this.isScheduled = false
    try {
      const snapshot = this.open(this.#files.create(this.path), false, true)
      this.#log.notice('Background saving started')
      const took = (): void => {
        this.lastDurationSeconds = Math.round((this.#engine.clock.nowMs() - startedMs) / 1000)
      }
      this.begin('rdb', snapshot, {
        done: () => {
          took()
          this.#saved(snapshot, dirty)
          this.#log.notice('Background saving terminated with success')
        },
        failed: error => {
          took()
          this.#saveFailed(error)
        },
      })
      return true
    } catch (error) {
      this.#saveFailed(error)
      return false
    }
  }

  /** Whether a save point is due, or a save was put off. */
  cron(): void {
    if (this.running !== null) return
    if (this.isScheduled) {
      this.saveInBackground()
      return
    }
    const { clock, keyspace } = this.#engine
    const sinceSave = clock.nowMs() - this.lastSaveMs
    const isDue = (point: SavePoint): boolean => keyspace.dirty >= point.changes && sinceSave > point.seconds * 1000
    const mayTry = this.lastSaveOk || clock.nowMs() - this.#lastTryMs > RETRY_MS
    const due = mayTry ? this.settings.points.find(isDue) : undefined
    if (due === undefined) return
    this.#log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`)
    this.saveInBackground()
  }

  // ------------------------------------------------------------------ the background job

  /** Write a snapshot in slices. */
  begin(kind: 'rdb' | 'aof', snapshot: Snapshot, ends: Pick<Job, 'done' | 'failed'>): void {
    this.#job = { kind, snapshot, startedMs: this.#engine.clock.nowMs(), ...ends }
    snapshot.watch()
    const job = this.#job
    this.#engine.clock.soon(() => this.#slice(job))
  }

  #slice(job: Job): void {
    const { clock, keyspace } = this.#engine
    if (this.#job !== job || this.#engine.closed) return
    const until = clock.microseconds() + SLICE_MICROS
    try {
      keyspace.sequence++
      if (!job.snapshot.step(() => clock.microseconds() < until)) {
        if (job.snapshot.waitsForDisk) job.snapshot.whenWritable(() => this.#slice(job))
        else clock.soon(() => this.#slice(job))
        return
      }
      // The disk may take long to have it all; the loop does not wait for that.
      job.snapshot.finishSoon(failure => {
        if (this.#job === job && !this.#engine.closed) this.#end(failure)
      })
    } catch (error) {
      this.#end(error)
    }
  }

  #end(error: unknown): void {
    const job = this.#job!
    this.#job = null
    if (error === null) job.done()
    else {
      this.#quietly(() => job.snapshot.abandon())
      job.failed(error)
    }
    for (const run of this.onIdle) run()
  }

  /** End the running job of a kind without a result. */
  abort(kind: 'rdb' | 'aof', reason: string): void {
    if (this.#job?.kind === kind) this.#end(new Error(reason))
  }

  /** Do what may fail when the disk has failed before: it is only logged. */
  #quietly(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#log.warning(`A file that was not finished could not be removed: ${reasonOf(error)}`)
    }
  }

  /** Before the server ends on request; false keeps it running. */
  atShutdown({ saves, isForced }: Shutdown): boolean {
    this.abort('rdb', 'the server ends')
    const wanted = saves === 'yes' || (saves === 'default' && this.settings.points.length > 0)
    if (!wanted) return true
    this.#log.notice('Saving the final RDB snapshot before exiting.')
    if (this.save()) return true
    this.#log.warning(`Error trying to save the DB, ${isForced ? 'exit anyway' : "can't exit"}.`)
    return isForced
  }
}
