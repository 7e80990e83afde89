/* Files -- the only place that touches the disk. What needs a file is handed a Files, so a test can hand it one that fails. */

import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'

/** A file that is being written aside; it takes its name only when it is whole. */
export interface NewFile {
  write(buf: Buffer, start: number, end: number): void
  /** Force what was written to the disk, and put the file in the place of its name. */
  commit(): void
  /** Leave nothing behind. */
  abandon(): void
}

/** A file that is being read. */
export interface OpenFile {
  /** Fill buf[at, at + length); returns how many bytes there were, 0 at the end. */
  read(buf: Buffer, at: number, length: number): number
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
  }
}

function newFile(path: string): NewFile {
  const aside = `${path}.temp-${process.pid}`
  const file = openSync(aside, 'w')
  return {
    write(buf, start, end) {
      for (let at = start; at < end; ) at += writeSync(file, buf, at, end - at)
    },
    commit() {
      fsyncSync(file)
      closeSync(file)
      renameSync(aside, path)
    },
    abandon() {
      closeSync(file)
      unlinkSync(aside)
    },
  }
}
