/* Files -- the only place that touches the disk. What needs a file is handed a Files, so a test can hand it one that fails. */

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

/** The disk, as the program uses it. */
export interface Files {
  /** The whole text of a file. Throws the system's error. */
  readText(path: string): string
  /** Replace a file's text. */
  writeText(path: string, text: string): void
  /** Add a line to a file, which is made when it is not there. */
  appendLine(path: string, line: string): void
}

/** The disk of this machine. */
export function systemFiles(): Files {
  return {
    readText: path => readFileSync(path, 'utf8'),
    writeText: (path, text) => writeFileSync(path, text),
    appendLine: (path, line) => appendFileSync(path, `${line}\n`),
  }
}
