/* Start -- which files are read when a server begins, and in what order.
 *
 * With `appendonly` the append-only file alone counts: its base, then its increments. Without it the RDB file does. A
 * log that ends in the middle of a unit was being written when the machine stopped; its rest is cut off, if it is the
 * last file and `aof-load-truncated` allows it. Anything else that is wrong keeps the server from starting. */

import { join } from 'node:path'
import { Range } from '../base/bytes.ts'
import { ReplyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../command/engine.ts'
import type { ReloadOptions } from '../command/lifecycle.ts'
import type { AppendOnly } from './aof/append-only.ts'
import type { AofFolder } from './aof/folder.ts'
import { AofError, CommandLoad } from './aof/load.ts'
import type { AofPart } from './aof/manifest.ts'
import { type Files, type OpenFile, reasonOf } from './file.ts'
import { type Load, RdbLoad, type RdbLoadOptions } from './load.ts'
import type { Loading } from './loading.ts'
import type { Persistence } from './persistence.ts'

/** Elements of what is forgotten that are freed in one step. */
const FREED_AT_ONCE = 1 << 20
/** What Redis answers, without saying more. */
const NOT_SAVED = new ReplyError('ERR')
const MAGIC = 'REDIS'

/** Runs a load to its end. */
type Drive = (load: Load) => Promise<void> | void

export interface StartParts {
  readonly engine: Engine
  readonly log: Log
  readonly files: Files
  readonly loading: Loading
  readonly persistence: Persistence
  readonly aof: AppendOnly
  readonly folder: AofFolder
}

export class Start {
  readonly #parts: StartParts
  keysLoaded = 0
  keysExpired = 0

  constructor(parts: StartParts) {
    this.#parts = parts
  }

  /** Read the data that were kept, in slices, and open the append-only file. */
  async load(): Promise<void> {
    const { loading, persistence, aof } = this.#parts
    const drive = (load: Load): Promise<void> => loading.runInSlices(load)
    this.#clean()
    if (persistence.settings.isAppendOnly) {
      await this.#loadAof(drive)
      aof.openLoaded()
    } else await this.#loadRdb(drive)
    persistence.lastSaveMs = this.#parts.engine.clock.nowMs()
  }

  /** Remove what a server that was killed was writing aside. */
  #clean(): void {
    const { files, persistence, folder, log } = this.#parts
    try {
      files.removeLeftovers(`${persistence.path}.`)
      files.removeLeftovers(join(folder.path, persistence.settings.aofName))
    } catch (error) {
      log.warning(`Files that were not finished could not be removed: ${reasonOf(error)}`)
    }
  }

  /** Save, forget and load again: DEBUG RELOAD. */
  async reload({ saves, flushes, merges }: ReloadOptions): Promise<void> {
    const { persistence, loading } = this.#parts
    if (saves && !persistence.save()) throw NOT_SAVED
    await this.#inPlace(async () => {
      if (flushes) this.#forget()
      await this.#loadRdb(load => loading.run(load), merges)
    })
  }

  /** Forget all, and load what the append-only file says: DEBUG LOADAOF. */
  async reloadAof(): Promise<void> {
    const { aof, loading } = this.#parts
    aof.flush(true)
    await this.#inPlace(async () => {
      this.#forget()
      await this.#loadAof(load => loading.run(load))
    })
  }

  /** Forget and load: the memory of what goes is for what comes. */
  async #inPlace(run: () => Promise<void>): Promise<void> {
    const { memory } = this.#parts.engine.keyspace
    memory.keepsEmpty = true
    try {
      await run()
    } finally {
      memory.trim()
    }
  }

  #forget(): void {
    const { keyspace } = this.#parts.engine
    this.#parts.persistence.abort('rdb', 'the data are loaded anew')
    this.#parts.persistence.abort('aof', 'the data are loaded anew')
    for (const db of keyspace.databases) keyspace.flush(db)
    // What is forgotten makes room for what comes.
    while (keyspace.hasBuried) keyspace.freeBuried(FREED_AT_ONCE)
  }

  // ------------------------------------------------------------------ RDB

  async #loadRdb(drive: Drive, merges = false): Promise<void> {
    const { files, persistence, loading, log, engine } = this.#parts
    const { path } = persistence
    if (!files.exists(path)) return
    loading.begin(files.sizeOf(path))
    let load: RdbLoad | null = null
    try {
      load = this.#openRdb(files.open(path), files.sizeOf(path), { keepsExpired: false, merges })
      const done = drive(load)
      if (done !== undefined) await done
      this.keysLoaded = load.keysLoaded
      this.keysExpired = load.keysExpired
    } finally {
      load?.close()
      loading.end()
    }
    engine.keyspace.dirty = 0
    const seconds = ((engine.clock.nowMs() - loading.startedMs) / 1000).toFixed(3)
    log.notice(`DB loaded from disk: ${this.keysLoaded} keys in ${seconds} seconds`)
  }

  #openRdb(file: OpenFile, fileBytes: number, keys: Pick<RdbLoadOptions, 'keepsExpired' | 'merges'>): RdbLoad {
    const { engine, log, persistence } = this.#parts
    return new RdbLoad(engine, log, file, { fileBytes, checksSum: persistence.settings.withSum, ...keys })
  }

  // ------------------------------------------------------------------ AOF

  async #loadAof(drive: Drive): Promise<void> {
    const { loading, folder, engine, log } = this.#parts
    folder.load()
    const { parts } = folder.manifest
    if (parts.length === 0) return
    loading.begin(folder.bytes)
    const { propagation } = engine
    const wasActive = propagation.active
    propagation.active = false // what is read is written down already
    try {
      for (const part of parts) {
        const done = this.#loadPart(part, part === parts.at(-1), drive)
        if (done !== undefined) await done
      }
    } finally {
      propagation.active = wasActive
      loading.end()
    }
    engine.keyspace.dirty = 0
    const seconds = ((engine.clock.nowMs() - loading.startedMs) / 1000).toFixed(3)
    log.notice(`DB loaded from append only file: ${seconds} seconds`)
  }

  async #loadPart(part: AofPart, isLast: boolean, drive: Drive): Promise<void> {
    const { folder, log, files } = this.#parts
    if (!files.exists(folder.pathOf(part))) throw new Error(`The AOF file ${part.name} doesn't exist`)
    if (folder.sizeOf(part) === 0) return
    log.notice(`Reading ${part.name}`)
    if (!this.#isRdb(part)) {
      await this.#loadCommands(part, isLast, drive, folder.open(part), null)
      return
    }
    const base = this.#openRdb(folder.open(part), folder.sizeOf(part), { keepsExpired: true, merges: false })
    try {
      const done = drive(base)
      if (done !== undefined) await done
      this.keysLoaded = base.keysLoaded
      // A file from before Redis 7.0 may go on with commands.
      if (base.offset < folder.sizeOf(part)) await this.#loadCommands(part, isLast, drive, null, base)
    } finally {
      base.close()
    }
  }

  #isRdb(part: AofPart): boolean {
    const file = this.#parts.folder.open(part)
    try {
      const magic = Buffer.from(new Uint8Array(MAGIC.length).buffer)
      return file.read(magic, 0, MAGIC.length) === MAGIC.length && magic.latin1Slice() === MAGIC
    } finally {
      file.close()
    }
  }

  async #loadCommands(
    part: AofPart,
    isLast: boolean,
    drive: Drive,
    own: OpenFile | null,
    base: RdbLoad | null,
  ): Promise<void> {
    const { engine, log, folder } = this.#parts
    const client = engine.addClient(null, true)
    const shared: OpenFile = { read: (buf, at, length) => base!.readOn(buf, at, length), close: () => {} }
    const load = new CommandLoad(engine, log, client, own ?? shared)
    if (base !== null) {
      const rest = base.takeRest(new Range())
      load.begin(rest.buf, rest.start, rest.end, base.offset)
    }
    try {
      const done = drive(load)
      if (done !== undefined) await done
      if (load.isCut) this.#cut(part, load, isLast)
    } catch (error) {
      if (!(error instanceof AofError)) throw error
      throw new Error(
        `Bad file format reading the append only file ${part.name}: ${error.message}. Make a backup of the file, then use redstrata check --fix ${folder.pathOf(part)}`,
      )
    } finally {
      engine.dropClient(client)
      load.close()
    }
  }

  #cut(part: AofPart, load: CommandLoad, isLast: boolean): void {
    const { persistence, folder, log } = this.#parts
    const where = `${part.name} ends in the middle of a command or transaction at offset ${load.endsAt}`
    if (!isLast) throw new Error(`${where}, and it is not the last file of the append only file`)
    if (!persistence.settings.loadsTruncated)
      throw new Error(
        `${where}. You can: 1) make a backup of the file, then use redstrata check --fix ${folder.pathOf(part)}; 2) set the 'aof-load-truncated' option to yes and restart`,
      )
    log.warning(`!!! Warning: ${where} !!!`)
    log.warning(`AOF loaded anyway because aof-load-truncated is enabled; what is behind that offset is cut off`)
    folder.truncate(part, load.endsAt)
  }
}
