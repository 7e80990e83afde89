/* Append-only file -- what was changed is written down before, or soon after, it is answered.
 *
 *      units of the log ──> buffer ──> increment file ──> disk
 *                                 flush            sync
 *
 * The buffer is written at the end of a turn of the loop, once a millisecond unless the disk must have it at once. `appendfsync` says when the disk has it:
 *
 *      always     before the replies of the turn leave: one sync for all commands of the turn
 *      everysec   once a second, by a thread of the system's; a flush waits for it, two seconds at most
 *      no         whenever the system likes
 *
 * A rewrite (BGREWRITEAOF, or by itself when the file has grown) begins a new increment and writes a base meanwhile; see
 * manifest.ts. Switching appendonly on is a rewrite too, whose increment counts only when the base is there.
 *
 * When a write fails the file is cut back to the last whole write, what could not be written stays in the buffer, and writes are
 * refused with MISCONF until it could. With `always` the clients whose commands cannot be made sure of are disconnected,
 * since any reply would be a lie. */

import { copyBytes } from '../../base/bytes.ts'
import type { Log } from '../../base/log.ts'
import type { Engine } from '../../command/engine.ts'
import { ENGINE_GATE } from '../../command/gates.ts'
import type { PropagationReader, Unit } from '../../command/propagate.ts'
import { ACCOUNT } from '../../memory/arena.ts'
import { Room } from '../../memory/room.ts'
import { type LogFile, reasonOf } from '../file.ts'
import type { Persistence } from '../persistence.ts'
import type { PersistenceSettings } from '../settings.ts'
import type { AofFolder } from './folder.ts'
import type { AofPart, Manifest } from './manifest.ts'

const SYNC_PERIOD_MS = 1000
const POSTPONED_MAX_MS = 2000
const LOG_PERIOD_MS = 30_000
const BUFFER_BYTES = 64 << 10
/** After a rewrite failed the next automatic one waits for this long. */
const REWRITE_RETRY_MS = 60_000
/** A buffer that grew larger gives its memory back. */
const BUFFER_KEPT_MAX = 4 << 20
const HEADER_ROOM = 64

/** A client that waits until what was written so far is on disk. */
interface Waiting {
  readonly offset: number
  readonly done: () => unknown
}

export class AppendOnly implements PropagationReader {
  /** off; on; or waiting for the first base since it was switched on. */
  state: 'off' | 'on' | 'waiting' = 'off'
  isRewriteScheduled = false
  lastRewriteOk = true
  lastRewriteSeconds = -1
  rewrites = 0
  failures = 0
  delayedSyncs = 0
  /** Why nothing can be written, or null. */
  writeFailure: string | null = null
  /** What failed then. */
  #failing: 'write' | 'fsync' = 'write'
  baseBytes = 0
  /** Bytes of the increments before the open one. */
  #olderBytes = 0
  #size = 0
  /** Behind #size there may be a part of what could not be written. */
  #isTorn = false
  #file: LogFile | null = null
  #part: AofPart | null = null
  #db = -1
  #second = 0
  readonly #room: Room
  #used = 0
  /** Requests of the input that are yet to be copied: [heldStart, heldEnd) of `held`. */
  #held: Buffer | null = null
  #heldStart = 0
  #heldEnd = 0
  #isFlushDue = false
  #flushedMs = 0
  /** Offsets of the log: taken into the buffer, written, on disk. */
  #buffered = 0
  #written = 0
  #synced = 0
  #isSyncing = false
  #lastSyncMs = 0
  #postponedMs = 0
  #loggedMs = 0
  #failedMs = 0
  #waiting: Waiting[] = []
  readonly #engine: Engine
  readonly #log: Log
  readonly #settings: PersistenceSettings
  readonly #persistence: Persistence
  readonly #folder: AofFolder

  constructor(engine: Engine, log: Log, persistence: Persistence, folder: AofFolder) {
    this.#engine = engine
    this.#log = log
    this.#settings = persistence.settings
    this.#persistence = persistence
    this.#folder = folder
    this.#room = new Room(engine.keyspace.memory, ACCOUNT.aof)
  }

  get currentBytes(): number {
    return this.#olderBytes + this.#size
  }

  get bufferedBytes(): number {
    return this.#used + (this.#held === null ? 0 : this.#heldEnd - this.#heldStart)
  }

  get pendingSyncs(): number {
    return this.#isSyncing ? 1 : 0
  }

  // ------------------------------------------------------------------ taking units

  unit(unit: Unit, offset: number): void {
    this.#note()
    if (unit.count > 1 || unit.databases[0] !== this.#db) this.#takeAll(unit)
    else if (unit.buf === this.#held && unit.start === this.#heldEnd) this.#heldEnd = unit.ends[0]!
    else this.#takeOne(unit.buf, unit.start, unit.ends[0]!)
    this.#buffered = offset
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    const { clock, keyspace } = this.#engine
    // A write for each turn would cost a small command half as much again; one a millisecond costs nothing.
    const isEarly = keyspace.nowMs === this.#flushedMs && this.#settings.syncs !== 'always'
    if (isEarly) clock.after(1, () => this.endTurn())
    else clock.soon(() => this.endTurn())
  }

  #takeAll({ buf, start, ends, databases, count }: Unit): void {
    let from = start
    for (let i = 0; i < count; i++) {
      // A SELECT stands behind MULTI, as Redis writes it: a transaction that is cut off takes it along.
      if (databases[i] === this.#db || (i === 0 && count > 1)) continue
      // What stands before it goes as it is.
      const begin = i === 0 ? start : ends[i - 1]!
      this.#take(buf, from, begin)
      this.#select(databases[i]!)
      from = begin
    }
    this.#take(buf, from, ends[count - 1]!)
  }

  /** Requests that follow one another in the input are copied together, when it ends. */
  #takeOne(buf: Buffer, start: number, end: number): void {
    this.settle()
    if (buf !== this.#engine.propagation.inputBuf) this.#take(buf, start, end)
    else {
      this.#held = buf
      this.#heldStart = start
      this.#heldEnd = end
    }
  }

  settle(): void {
    const held = this.#held
    if (held === null) return
    this.#held = null
    this.#take(held, this.#heldStart, this.#heldEnd)
  }

  #take(buf: Buffer, start: number, end: number): void {
    if (this.#held !== null) this.settle()
    const length = end - start
    if (length === 0) return
    this.#room.grow(Math.max(BUFFER_BYTES, this.#used + length), this.#used)
    copyBytes(buf, start, this.#room.buf, this.#room.start + this.#used, length)
    this.#used += length
  }

  #put(text: string): void {
    this.settle()
    this.#room.grow(Math.max(BUFFER_BYTES, this.#used + HEADER_ROOM), this.#used)
    this.#used += this.#room.buf.latin1Write(text, this.#room.start + this.#used)
  }

  #select(db: number): void {
    this.#db = db
    const number = String(db)
    this.#put(`*2\r\n$6\r\nSELECT\r\n$${number.length}\r\n${number}\r\n`)
  }

  /** With timestamps: the second in which what follows was done. */
  #note(): void {
    if (!this.#settings.withTimestamps) return
    const second = Math.floor(this.#engine.keyspace.nowMs / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#put(`#TS:${second}\r\n`)
  }

  // ------------------------------------------------------------------ to the disk

  /** The turn of the loop ends. False when replies may not leave: what they tell of is not on disk. */
  endTurn(): boolean {
    this.#isFlushDue = false
    this.#flushedMs = this.#engine.keyspace.nowMs
    this.flush(false)
    return this.#settings.syncs !== 'always' || this.#file === null || this.writeFailure === null
  }

  /** Whether something was done that replies may not tell of before it is on disk. */
  get holdsReplies(): boolean {
    return this.#settings.syncs === 'always' && this.#file !== null && !this.isSyncedTo(this.#engine.propagation.offset)
  }

  /** Ten times a second. */
  cron(): void {
    if (this.#file !== null) this.flush(false)
    const { running } = this.#persistence
    if (running !== null || this.#engine.closed) return
    const mayTry = this.lastRewriteOk || this.#engine.clock.nowMs() - this.#failedMs > REWRITE_RETRY_MS
    if (this.isRewriteScheduled || (this.state === 'waiting' && mayTry)) this.rewrite()
    else if (mayTry && this.#hasGrown()) this.rewrite()
  }

  #hasGrown(): boolean {
    const { rewritePercent, rewriteMinBytes } = this.#settings
    if (this.state !== 'on' || rewritePercent === 0 || this.currentBytes <= rewriteMinBytes) return false
    const growth = (this.currentBytes * 100) / (this.baseBytes || 1) - 100
    if (growth < rewritePercent) return false
    this.#log.notice(`Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`)
    return true
  }

  /** Write the buffer, and sync when it is time. `isForced`: wait for nothing. */
  flush(isForced: boolean): void {
    if (this.#file === null) return
    this.settle()
    const now = this.#engine.clock.nowMs()
    if (this.#used > 0) {
      if (!isForced && this.#isSyncing && this.#settings.syncs === 'everysec' && this.#postpone(now)) return
      this.#postponedMs = 0
      if (!this.#write(now)) return
    }
    this.#syncIfDue(now)
  }

  /** A write while the disk is syncing may stand still for long. */
  #postpone(now: number): boolean {
    if (this.#postponedMs === 0) this.#postponedMs = now
    if (now - this.#postponedMs < POSTPONED_MAX_MS) return true
    this.delayedSyncs++
    this.#log.notice(
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.',
    )
    return false
  }

  #write(now: number): boolean {
    const file = this.#file!
    const { buf, start } = this.#room
    let done = 0
    try {
      if (this.#isTorn) file.truncate(this.#size)
      this.#isTorn = false
      while (done < this.#used) done += file.write(buf, start + done, start + this.#used)
    } catch (error) {
      this.#cutBack(file)
      this.#failed('write', 'Error writing to the AOF file', error, now)
      return false
    }
    this.#size += done
    this.#used = 0
    this.#written = this.#buffered
    if (this.#room.capacity > BUFFER_KEPT_MAX) this.#room.release()
    this.#solved('write')
    return true
  }

  /** Take back what was written in part, now or before the next write. */
  #cutBack(file: LogFile): void {
    this.#isTorn = true
    try {
      file.truncate(this.#size)
      this.#isTorn = false
    } catch (fault) {
      const text = 'Could not remove short write from the append-only file. The file may be cut at its end'
      this.#log.warning(`${text}: ${reasonOf(fault)}`)
    }
  }

  /** What failed works again. */
  #solved(what: 'write' | 'fsync'): void {
    if (this.writeFailure === null || this.#failing !== what) return
    this.#log.warning(`AOF ${what} error looks solved. The server can write again.`)
    this.writeFailure = null
    // A system may forget what it could not force to the disk, and say nothing the next time.
    if (what === 'fsync') this.isRewriteScheduled = true
  }

  #failed(what: 'write' | 'fsync', line: string, error: unknown, now: number): void {
    if (this.writeFailure === null || now - this.#loggedMs >= LOG_PERIOD_MS) {
      this.#loggedMs = now
      this.#log.warning(`${line}: ${reasonOf(error)}`)
    }
    this.writeFailure = reasonOf(error)
    this.#failing = what
    this.#engine.gates |= ENGINE_GATE.disk // the check says what is refused; the cron lets go
  }

  #syncIfDue(now: number): void {
    const { syncs, noSyncOnRewrite } = this.#settings
    if (this.#synced >= this.#written || (noSyncOnRewrite && this.#persistence.running !== null)) return
    if (syncs === 'always') this.#syncNow(now)
    else if (syncs === 'everysec' && !this.#isSyncing && now - this.#lastSyncMs >= SYNC_PERIOD_MS) this.#syncSoon(now)
  }

  #syncNow(now: number): void {
    try {
      this.#file!.sync()
    } catch (error) {
      this.#failed('fsync', "Can't persist AOF for fsync error", error, now)
      return
    }
    this.#lastSyncMs = now
    this.#isOnDisk(this.#written)
  }

  #syncSoon(now: number): void {
    const file = this.#file!
    const offset = this.#written
    this.#isSyncing = true
    this.#lastSyncMs = now
    file.syncSoon(failure => {
      this.#isSyncing = false
      if (this.#engine.closed || file !== this.#file) return
      if (failure === null) this.#isOnDisk(offset)
      else this.#failed('fsync', 'Fail to fsync the AOF file', failure, this.#engine.clock.nowMs())
    })
  }

  #isOnDisk(offset: number): void {
    this.#solved('fsync')
    this.#synced = Math.max(this.#synced, offset)
    if (this.#waiting.length === 0) return
    const ready = this.#waiting.filter(one => one.offset <= this.#synced)
    this.#waiting = this.#waiting.filter(one => one.offset > this.#synced)
    for (const one of ready) one.done()
  }

  /** Whether the log is on disk up to an offset. */
  isSyncedTo(offset: number): boolean {
    return this.#synced >= offset
  }

  /** Call when what was done so far is on disk. Returns how to stop waiting. */
  whenSynced(done: () => unknown): () => void {
    const one = { offset: this.#engine.propagation.offset, done }
    this.#waiting.push(one)
    return () => {
      this.#waiting = this.#waiting.filter(other => other !== one)
    }
  }

  // ------------------------------------------------------------------ opening

  /** The data were loaded from these files: write on at their end. @throws the system's error. */
  openLoaded(): void {
    const { manifest } = this.#folder
    if (manifest.isEmpty) this.#makeFirstBase()
    const last = manifest.increments.at(-1)
    if (last === undefined) this.#addIncrement(manifest)
    else this.#begin(last, this.#folder.append(last, false))
    this.baseBytes = this.#folder.baseBytes
    this.#olderBytes = this.#folder.bytes - this.#size
    this.#turn('on')
    this.#folder.removeHistory()
  }

  /** A server that starts without a file begins with a base of what it has. */
  #makeFirstBase(): void {
    const { withPreamble } = this.#settings
    const { manifest } = this.#folder
    this.#log.notice('Creating AOF base file on server start')
    const base = manifest.nextBase(this.#settings.aofName, withPreamble)
    this.#persistence.finishNow(this.#persistence.open(this.#folder.create(base), true, false, !withPreamble))
    manifest.base = base
    this.#folder.persist(manifest)
  }

  /** Write to an increment of its own from now on. When that fails nothing has changed. */
  #addIncrement(manifest: Manifest): void {
    const part = manifest.nextIncrement(this.#settings.aofName)
    const next = manifest.copy()
    next.increments.push(part)
    const file = this.#folder.append(part, true)
    try {
      this.#folder.persist(next)
    } catch (error) {
      file.close()
      throw error
    }
    this.#begin(part, file)
  }

  #begin(part: AofPart, file: LogFile): void {
    this.#file = file
    this.#part = part
    this.#size = this.#file.size
    this.#isTorn = false
    this.#db = -1
    this.#second = 0
  }

  #turn(state: 'off' | 'on' | 'waiting'): void {
    const { propagation } = this.#engine
    if (this.state === 'off' && state !== 'off') this.#buffered = this.#written = this.#synced = propagation.offset
    propagation.removeReader(this)
    if (this.#file !== null) propagation.addReader(this)
    this.state = state
  }

  // ------------------------------------------------------------------ switching on and off

  switchOnFailed(error: unknown): void {
    this.#log.warning(`AOF cannot be switched on: ${reasonOf(error)}`)
  }

  /** Begin to write down what changes; true unless it could not begin. */
  switchOn(): boolean {
    this.#turn('waiting')
    if (this.#persistence.running !== null) {
      this.isRewriteScheduled = true
      this.#log.notice('AOF was enabled but there is already another background operation. It will follow.')
      return true
    }
    if (this.rewrite()) return true
    this.#dropUncounted()
    this.#turn('off')
    return false
  }

  /** Forget an increment that never got a base. */
  #dropUncounted(): void {
    const part = this.#part
    try {
      this.#file?.close()
      if (part !== null) this.#folder.remove(part)
    } catch (error) {
      this.#log.warning(`A file that was not finished could not be removed: ${reasonOf(error)}`)
    }
    this.#file = null
    this.#part = null
    this.#used = 0
    this.#held = null
  }

  /** Before the server ends on request; false keeps it running. */
  atShutdown(isForced: boolean): boolean {
    if (this.state === 'off') return true
    if (this.#persistence.running === 'aof') {
      // Nothing of what is there has been written down yet.
      if (this.state === 'waiting' && !isForced) {
        this.#log.warning("Writing initial AOF. Can't exit.")
        return false
      }
      this.#log.warning('A rewrite of the AOF is running. It is ended.')
      this.#persistence.abort('aof', 'the server ends')
    }
    this.#log.notice('Calling fsync() on the AOF file.')
    this.flush(true)
    return true
  }

  switchOff(): void {
    this.#persistence.abort('aof', 'AOF was switched off')
    this.isRewriteScheduled = false
    this.close()
  }

  /** Write what is there, force it to the disk, and close. */
  close(): void {
    if (this.state === 'waiting') this.#dropUncounted()
    if (this.#file !== null) {
      this.flush(true)
      if (this.writeFailure === null) this.#syncNow(this.#engine.clock.nowMs())
      this.#file.close()
    }
    this.#file = null
    this.#part = null
    this.writeFailure = null
    this.#turn('off')
    this.#used = 0
    this.#room.release()
    this.#isOnDisk(Number.POSITIVE_INFINITY)
    this.#synced = 0
  }

  // ------------------------------------------------------------------ rewriting

  /** Write a new base in the background. False when that cannot begin; the log says why. */
  rewrite(): boolean {
    this.isRewriteScheduled = false
    const startedMs = this.#engine.clock.nowMs()
    const { withPreamble } = this.#settings
    this.#failedMs = startedMs
    try {
      if (this.state === 'off') this.#folder.load()
      else this.#turnToIncrement()
      const next = this.#folder.manifest.copy()
      const base = next.nextBase(this.#settings.aofName, withPreamble)
      this.#folder.make()
      const snapshot = this.#persistence.open(this.#folder.create(base), true, true, !withPreamble)
      this.#log.notice('Background append only file rewriting started')
      this.#persistence.begin('aof', snapshot, {
        done: () => this.#rewritten(base, startedMs),
        failed: error => this.#rewriteFailed(error, startedMs),
      })
      return true
    } catch (error) {
      this.#rewriteFailed(error, startedMs)
      return false
    }
  }

  /** What changes from now on goes to an increment of its own. */
  #turnToIncrement(): void {
    const { manifest } = this.#folder
    if (this.state === 'waiting') {
      this.#dropUncounted()
      // It is not in the manifest: until the base is there, the old files are what counts.
      const first = manifest.nextIncrement(this.#settings.aofName)
      this.#begin(first, this.#folder.append(first, true))
      this.#turn('waiting')
      return
    }
    this.flush(true)
    if (this.writeFailure !== null) throw new Error(this.writeFailure)
    // Only the last file may end in the middle of a command, so this one is made sure of before another follows it.
    if (this.#settings.syncs !== 'no') this.#syncNow(this.#engine.clock.nowMs())
    if (this.writeFailure !== null) throw new Error(this.writeFailure)
    const older = this.#file!
    const size = this.#size
    this.#addIncrement(manifest)
    this.#olderBytes += size
    older.close()
  }

  #rewritten(base: AofPart, startedMs: number): void {
    const { manifest } = this.#folder
    const next = manifest.copy()
    next.baseSeq = base.seq
    if (next.base !== null) next.history.push(next.base)
    next.base = base
    const kept = this.#part
    next.history.push(...next.increments.filter(part => part.name !== kept?.name))
    next.increments = kept === null ? [] : [kept]
    try {
      this.#folder.persist(next)
    } catch (error) {
      this.#rewriteFailed(error, startedMs)
      return
    }
    this.#folder.removeHistory()
    this.lastRewriteOk = true
    this.lastRewriteSeconds = Math.round((this.#engine.clock.nowMs() - startedMs) / 1000)
    this.rewrites++
    this.failures = 0
    this.baseBytes = this.#folder.baseBytes
    this.#olderBytes = this.#folder.bytes - this.#folder.sizeOf(kept)
    if (this.state === 'waiting') this.#turn('on')
    this.#log.notice('Background AOF rewrite finished successfully')
  }

  #rewriteFailed(error: unknown, startedMs: number): void {
    this.lastRewriteOk = false
    this.failures++
    this.#failedMs = this.#engine.clock.nowMs()
    this.lastRewriteSeconds = Math.round((this.#failedMs - startedMs) / 1000)
    this.#log.warning(`Background AOF rewrite terminated with error: ${reasonOf(error)}`)
  }
}
