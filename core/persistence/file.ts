/* Files -- the only place that touches the disk. What needs a file is handed a Files, so a test can hand it one that fails. */

import {
  appendFileSync,
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  write,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** A file that is being written aside; it takes its name only when it is whole. */
export interface WholeFile {
  write(buf: Buffer, start: number, end: number): void
  /** Force what was written to the disk, and put the file in the place of its name. */
  commit(): void
  /** The same without waiting for the disk; `done` gets the failure, or null. It is not called after abandon(). */
  commitSoon(done: (failure: Error | null) => void): void
  /** Leave nothing behind. */
  abandon(): void
}

/** The same on the disk. */
export interface NewFile extends WholeFile {
  /**
   * Write without waiting for the disk; `done` gets the failure, or null. The bytes stay as they are until then, and
   * nothing else is written. It is called also after abandon().
   */
  writeSoon(buf: Buffer, start: number, end: number, done: (failure: Error | null) => void): void
}

/** A file that is being read. */
export interface OpenFile {
  /** Fill buf[at, at + length); returns how many bytes there were, 0 at the end. */
  read(buf: Buffer, at: number, length: number): number
  close(): void
}

/** A file that grows at its end. */
export interface LogFile {
  /** Bytes in it when it was opened. */
  readonly size: number
  /** Write at the end. Returns how many bytes went, which may be fewer than there are. */
  write(buf: Buffer, start: number, end: number): number
  /** Cut off what is behind `size`. */
  truncate(size: number): void
  /** Force what was written to the disk. */
  sync(): void
  /** The same without waiting; `done` gets the failure, or null. */
  syncSoon(done: (failure: Error | null) => void): void
  close(): void
}

/** The disk, as the program uses it. */
export interface Files {
  exists(path: string): boolean
  /** The whole text of a file. Throws the system's error. */
  readText(path: string): string
  /** Replace a file's text. */
  writeText(path: string, text: string): void
  /** Add a line to a file, which is made when it is not there. */
  appendLine(path: string, line: string): void
  open(path: string): OpenFile
  /** Begin a file that will replace the one of this name. */
  create(path: string): NewFile
  /** Open a file to add to it; it is made when it is not there, and emptied first when it is to be fresh. */
  append(path: string, isFresh: boolean): LogFile
  sizeOf(path: string): number
  truncate(path: string, size: number): void
  rename(from: string, to: string): void
  remove(path: string): void
  /** Make a folder, if there is none. */
  makeFolder(path: string): void
  /** Remove what was written aside, in the place of a name that begins so, by processes that are no more. */
  removeLeftovers(prefix: string): void
  /** Why a path is no folder, or null when it is one. */
  folderFault(path: string): string | null
  /** The names in a folder, in order; null when there is no such folder. */
  list(path: string): string[] | null
}

/** The disk of this machine. */
export function systemFiles(): Files {
  return {
    exists: path => existsSync(path),
    readText: path => readFileSync(path, 'utf8'),
    writeText: (path, text) => writeFileSync(path, text),
    appendLine: (path, line) => appendFileSync(path, `${line}\n`),
    open(path) {
      const file = openSync(path, 'r')
      return {
        read: (buf, at, length) => readSync(file, buf, at, length, null),
        close: () => closeSync(file),
      }
    },
    create: newFile,
    append: logFile,
    sizeOf: path => statSync(path).size,
    truncate: (path, size) => truncateSync(path, size),
    rename(from, to) {
      renameSync(from, to)
      syncFolder(dirname(to))
    },
    remove: path => unlinkSync(path),
    makeFolder: path => void mkdirSync(path, { recursive: true }),
    removeLeftovers,
    folderFault(path) {
      try {
        return statSync(path).isDirectory() ? null : 'Not a directory'
      } catch (error) {
        return reasonOf(error)
      }
    },
    list: path => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path).sort() : null),
  }
}

const ASIDE = /\.temp-(\d+)$/

function removeLeftovers(prefix: string): void {
  const folder = dirname(prefix)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const pid = Number(ASIDE.exec(name)?.[1] ?? 0)
    if (pid > 0 && join(folder, name).startsWith(prefix) && !isAlive(pid)) unlinkSync(join(folder, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function newFile(path: string): NewFile {
  const aside = `${path}.temp-${process.pid}`
  const file = openSync(aside, 'w')
  let isGone = false
  let isOpen = true
  /** Whether the system is at work on it: its number may not be given to another file before that ends. */
  let isBusy = false
  const close = (): void => {
    if (isOpen) closeSync(file)
    isOpen = false
  }
  let isPlaced = false
  const place = (): void => {
    close()
    renameSync(aside, path)
    isPlaced = true
  }
  const ended = (): void => {
    isBusy = false
    if (isGone) close()
  }
  return {
    write(buf, start, end) {
      for (let at = start; at < end; ) at += writeSync(file, buf, at, end - at)
    },
    writeSoon(buf, start, end, done) {
      isBusy = true
      const goOn = (from: number): void =>
        write(file, buf, from, end - from, null, (failure, written) => {
          if (failure === null && from + written < end && !isGone) {
            goOn(from + written)
            return
          }
          ended()
          done(failure)
        })
      goOn(start)
    },
    commit() {
      fsyncSync(file)
      place()
      syncFolder(dirname(path))
    },
    commitSoon(done) {
      isBusy = true
      fsync(file, failure => {
        ended()
        if (isGone) return
        if (failure !== null) {
          done(failure)
          return
        }
        try {
          place()
        } catch (error) {
          done(error as NodeJS.ErrnoException)
          return
        }
        syncFolderSoon(dirname(path), () => {
          if (!isGone) done(null)
        })
      })
    },
    abandon() {
      isGone = true
      if (!isBusy) close()
      if (!isPlaced) unlinkSync(aside)
    },
  }
}

function logFile(path: string, isFresh: boolean): LogFile {
  if (isFresh) writeFileSync(path, '')
  // Every write goes to the end, also after the file was cut back.
  const file = openSync(path, 'a')
  return {
    size: fstatSync(file).size,
    write: (buf, start, end) => writeSync(file, buf, start, end - start),
    truncate: size => ftruncateSync(file, size),
    sync: () => fdatasyncSync(file),
    syncSoon: done => fdatasync(file, done),
    close: () => closeSync(file),
  }
}

/** A new name is on the disk only when its folder is. Systems that cannot do that do it by themselves. */
function syncFolder(path: string): void {
  let folder: number
  try {
    folder = openSync(path, 'r')
  } catch {
    return // Windows opens no folders
  }
  try {
    fsyncSync(folder)
  } catch {
    // Not every file system takes it; the file itself is there.
  } finally {
    closeSync(folder)
  }
}

/** The same without waiting for the disk. */
function syncFolderSoon(path: string, done: () => void): void {
  let folder: number
  try {
    folder = openSync(path, 'r')
  } catch {
    done() // as above
    return
  }
  fsync(folder, () => {
    closeSync(folder)
    done()
  })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'No space left on device',
  EIO: 'Input/output error',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EROFS: 'Read-only file system',
  EDQUOT: 'Disk quota exceeded',
  EMFILE: 'Too many open files',
  EISDIR: 'Is a directory',
  EFBIG: 'File too large',
}

/** What the system said, in its own words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return REASONS[(error as { code?: string }).code ?? ''] ?? error.message
}
