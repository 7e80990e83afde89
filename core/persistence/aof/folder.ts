/* Folder -- the files of the append-only file, in `appenddirname`, and their manifest. */

import { join } from 'node:path'
import type { Log } from '../../base/log.ts'
import { type Files, type LogFile, type NewFile, type OpenFile, reasonOf } from '../file.ts'
import type { PersistenceSettings } from '../settings.ts'
import { type AofPart, Manifest, parseManifest } from './manifest.ts'

export class AofFolder {
  manifest = new Manifest()
  readonly #files: Files
  readonly #log: Log
  readonly #settings: PersistenceSettings
  readonly #directory: () => string

  constructor(files: Files, log: Log, settings: PersistenceSettings, directory: () => string) {
    this.#files = files
    this.#log = log
    this.#settings = settings
    this.#directory = directory
  }

  get path(): string {
    return join(this.#directory(), this.#settings.aofFolder)
  }

  get #manifestPath(): string {
    return join(this.path, `${this.#settings.aofName}.manifest`)
  }

  pathOf(part: AofPart): string {
    return join(this.path, part.name)
  }

  /**
   * Read the manifest. A single file from before Redis 7.0 is taken as the base.
   * @throws ManifestError when it cannot be read.
   */
  load(): void {
    this.manifest = new Manifest()
    if (this.#files.exists(this.#manifestPath)) {
      this.manifest = parseManifest(this.#files.readText(this.#manifestPath))
      const { base } = this.manifest
      // It may have been interrupted between its two steps.
      if (base?.name === this.#settings.aofName && this.sizeOf(base) === 0) this.#adopt(base)
      return
    }
    if (!this.#files.exists(this.#single)) return
    const next = new Manifest()
    next.base = { name: this.#settings.aofName, seq: 1 }
    next.baseSeq = 1
    this.persist(next)
    this.#adopt(next.base)
  }

  /** Where the file was before Redis 7.0. */
  get #single(): string {
    return join(this.#directory(), this.#settings.aofName)
  }

  #adopt(base: AofPart): void {
    if (!this.#files.exists(this.#single)) return
    this.#files.rename(this.#single, this.pathOf(base))
    this.#log.notice(
      `Successfully migrated an old-style AOF configuration (${this.#settings.aofName}) into the AOF folder`,
    )
  }

  make(): void {
    this.#files.makeFolder(this.path)
  }

  open(part: AofPart): OpenFile {
    return this.#files.open(this.pathOf(part))
  }

  create(part: AofPart): NewFile {
    this.make()
    return this.#files.create(this.pathOf(part))
  }

  append(part: AofPart, isFresh: boolean): LogFile {
    this.make()
    return this.#files.append(this.pathOf(part), isFresh)
  }

  remove(part: AofPart): void {
    this.#files.remove(this.pathOf(part))
  }

  truncate(part: AofPart, size: number): void {
    this.#files.truncate(this.pathOf(part), size)
  }

  /** Bytes of a file of the set, 0 of one that is not there. */
  sizeOf(part: AofPart | null): number {
    return part !== null && this.#files.exists(this.pathOf(part)) ? this.#files.sizeOf(this.pathOf(part)) : 0
  }

  get baseBytes(): number {
    return this.sizeOf(this.manifest.base)
  }

  get bytes(): number {
    return this.manifest.parts.reduce((bytes, part) => bytes + this.sizeOf(part), 0)
  }

  /** Let a manifest be the one that counts. @throws the system's error, with the old one still in place. */
  persist(next: Manifest): void {
    this.make()
    const file = this.#files.create(this.#manifestPath)
    try {
      const text = Buffer.from(next.text())
      file.write(text, 0, text.length)
      file.commit()
    } catch (error) {
      try {
        file.abandon()
      } catch {
        // The disk that failed may fail again; what is left over has another name.
      }
      throw error
    }
    this.manifest = next
  }

  /** Remove files that no data are in any more. */
  removeHistory(): void {
    const { history } = this.manifest
    if (history.length === 0) return
    const next = this.manifest.copy()
    next.history = []
    try {
      for (const part of history) if (this.#files.exists(this.pathOf(part))) this.#files.remove(this.pathOf(part))
      this.persist(next)
    } catch (error) {
      this.#log.warning(`Old files of the append-only file could not be removed: ${reasonOf(error)}`)
    }
  }
}
