/* Check -- are these files sound, and where are they not?
 *
 *      redstrata check dump.rdb                               every length, value and the sum
 *      redstrata check appendonly.aof.1.incr.aof --fix        a log that ends in the middle of a unit is cut there
 *      redstrata check appendonlydir/appendonly.aof.manifest  all files of the set; only the last one may be cut
 *      redstrata check folder                                 all RDB files and sets in a folder
 *
 * With --truncate-to-timestamp SECONDS a log with timestamps is cut in front of the first later one.
 *
 * It reads what a server would read, and runs nothing. Nothing is changed without one of the two. */

import { dirname, join } from 'node:path'
import { Range } from '../base/bytes.ts'
import { Memory } from '../memory/arena.ts'
import { Room } from '../memory/room.ts'
import { AofError, CommandReader } from './aof/load.ts'
import { ManifestError, parseManifest } from './aof/manifest.ts'
import { type Files, reasonOf } from './file.ts'
import { RdbFileReader, type RdbVisitor } from './rdb/file.ts'
import { kindOf, RdbError } from './rdb/format.ts'

const MAGIC = 'REDIS'
const TIMESTAMP = /^#TS:(\d+)/

/** What a check needs. */
export interface CheckParts {
  readonly files: Files
  readonly print: (line: string) => void
  /** Cut off what is behind the last whole unit of a log. */
  readonly fixes: boolean
  /** Cut off what was written after this second; 0 to cut nothing. */
  readonly until: number
}

/** What was found in a file. */
interface Finding {
  readonly isSound: boolean
  /** What is wrong, or what is there. */
  readonly text: string
}

/** Check a file. True when it is sound, or was mended. */
export function checkFile(path: string, parts: CheckParts): boolean {
  const { files, print } = parts
  try {
    if (!files.exists(path)) throw new Error('No such file or directory')
    const names = files.list(path)
    if (names !== null) return checkFolder(path, names, parts)
    if (path.endsWith('.manifest')) return checkManifest(path, parts)
    return report(path, checkOne(path, parts, true), print)
  } catch (error) {
    print(`${path}: ${reasonOf(error)}`)
    return false
  }
}

/** Check what a server would find in a folder: RDB files, and sets of an append-only file in it or one folder below. */
function checkFolder(path: string, names: readonly string[], parts: CheckParts): boolean {
  const { files, print } = parts
  const within = (folder: string, all: readonly string[], end: string): string[] =>
    all.filter(name => name.endsWith(end)).map(name => join(folder, name))
  const found = [...within(path, names, '.rdb'), ...within(path, names, '.manifest')]
  // A set is checked as a whole.
  const paths = found.some(name => name.endsWith('.manifest')) ? within(path, names, '.manifest') : found
  for (const name of names) {
    const below = join(path, name)
    paths.push(...within(below, files.list(below) ?? [], '.manifest'))
  }
  if (paths.length === 0) return report(path, { isSound: false, text: 'there is no RDB file or manifest in it' }, print)
  return paths.map(one => checkFile(one, parts)).every(isSound => isSound)
}

function report(path: string, { isSound, text }: Finding, print: (line: string) => void): boolean {
  print(`${path}: ${isSound ? 'OK' : 'NOT VALID'}, ${text}`)
  return isSound
}

function checkManifest(path: string, parts: CheckParts): boolean {
  const { files, print } = parts
  try {
    const manifest = parseManifest(files.readText(path))
    let isSound = true
    for (const part of manifest.parts) {
      const file = join(dirname(path), part.name)
      const isLast = part === manifest.parts.at(-1)
      if (files.exists(file)) isSound = report(file, checkOne(file, parts, isLast), print) && isSound
      else isSound = report(file, { isSound: false, text: 'the manifest names it, and it is not there' }, print)
    }
    return isSound
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    return report(path, { isSound: false, text: error.message }, print)
  }
}

function checkOne(path: string, parts: CheckParts, isLast: boolean): Finding {
  const { files } = parts
  if (files.sizeOf(path) === 0) return { isSound: true, text: 'empty' }
  const memory = new Memory()
  try {
    if (!isRdb(path, files)) return checkLog(path, parts, memory, isLast, 0)
    const { finding, end } = checkRdb(path, files, memory)
    if (!finding.isSound || end === files.sizeOf(path)) return finding
    const rest = checkLog(path, parts, memory, isLast, end)
    return { isSound: rest.isSound, text: `${finding.text}; then ${rest.text}` }
  } finally {
    memory.drop()
  }
}

function isRdb(path: string, files: Files): boolean {
  const file = files.open(path)
  try {
    const magic = Buffer.from(new Uint8Array(MAGIC.length).buffer)
    return file.read(magic, 0, MAGIC.length) === MAGIC.length && magic.latin1Slice() === MAGIC
  } finally {
    file.close()
  }
}

// ------------------------------------------------------------------ RDB

function checkRdb(path: string, files: Files, memory: Memory): { finding: Finding; end: number } {
  const file = files.open(path)
  const reader = new RdbFileReader(memory)
  const counter = new CountingVisitor()
  try {
    reader.open(file)
    while (reader.step(counter)) {}
    return { finding: { isSound: true, text: counter.text }, end: reader.reader.offset }
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    const key = counter.lastKey === '' ? '' : ` (the last key was ${JSON.stringify(counter.lastKey)})`
    return { finding: { isSound: false, text: `${error.message}${key}` }, end: 0 }
  } finally {
    reader.release()
    file.close()
  }
}

/** Counts what a file holds. */
class CountingVisitor implements RdbVisitor {
  lastKey = ''
  readonly #kinds = new Map<string, number>()
  #expiring = 0
  #libraries = 0

  get text(): string {
    const kinds = [...this.#kinds].map(([kind, count]) => `${count} ${kind}`)
    const keys = [...this.#kinds.values()].reduce((sum, count) => sum + count, 0)
    const libraries = this.#libraries === 0 ? '' : `, ${this.#libraries} libraries of functions`
    return `${keys} keys (${kinds.join(', ') || 'none'}), ${this.#expiring} of them expire${libraries}`
  }

  aux(): void {}
  database(): void {}
  sizes(): void {}
  slot(): void {}

  library(): void {
    this.#libraries++
  }

  moduleAux(): boolean {
    return false
  }

  key: RdbVisitor['key'] = (key, type, facts, values) => {
    this.lastKey = key.text()
    const kind = kindOf(type) ?? 'unknown'
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    if (facts.expireMs >= 0) this.#expiring++
    values.skip(type)
  }
}

// ------------------------------------------------------------------ logs

function checkLog(path: string, parts: CheckParts, memory: Memory, isLast: boolean, begin: number): Finding {
  const { files } = parts
  const size = files.sizeOf(path)
  const file = files.open(path)
  const reader = new CommandReader(new Room(memory), file, size)
  skipTo(file, begin)
  if (begin > 0) reader.begin(Buffer.from([]), 0, 0, begin)
  const log = new LogCheck()
  let later = -1
  reader.onNote = (text, offset) => {
    if (parts.until > 0 && later < 0 && Number(TIMESTAMP.exec(text)?.[1] ?? 0) > parts.until) later = offset
  }
  let fault = ''
  try {
    while (reader.next() && later < 0) log.take(reader)
    if (reader.isCut) fault = 'it ends in the middle of a command'
    else if (log.inUnit) fault = 'it ends in the middle of a transaction'
  } catch (error) {
    if (!(error instanceof AofError)) throw error
    fault = error.message
  } finally {
    reader.close()
  }
  const cutAt = (end: number, what: string, how: string): Finding => {
    const text = `${what}, up to offset ${end}; ${size - end} bytes follow`
    if (how !== '') return { isSound: false, text: `${text}. ${how}` }
    if (!isLast) return { isSound: false, text: `${text}. It is not the last file, and is left as it is` }
    files.truncate(path, end)
    return { isSound: true, text: `${text}, which were cut off` }
  }
  if (later >= 0) return cutAt(later, `${log.commands} commands are not later`, '')
  if (fault === '') return { isSound: true, text: `${log.commands} commands` }
  const how = parts.fixes ? '' : 'Use --fix to cut them off'
  return cutAt(Math.max(begin, log.end), `${fault}; ${log.commands} commands are whole`, how)
}

/** Follows the units of a log. */
class LogCheck {
  commands = 0
  /** Bytes up to the end of the last whole unit. */
  end = 0
  inUnit = false
  /** Bytes before the command at hand. */
  #before = 0
  readonly #name = new Range()

  take({ frame, offset }: CommandReader): void {
    const { buf, starts, ends } = frame
    const name = this.#name.set(buf, starts[0]!, ends[0]!).latin1().toLowerCase()
    if (name === 'multi' && this.inUnit) throw new AofError('MULTI inside a transaction', this.#before)
    if (name === 'exec' && !this.inUnit) throw new AofError('EXEC without MULTI', this.#before)
    if (name === 'multi') this.inUnit = true
    if (name === 'exec') this.inUnit = false
    this.commands++
    this.#before = offset
    if (!this.inUnit) this.end = offset
  }
}

/** Files are read from their beginning: pass over what was checked already. */
function skipTo(file: { read(buf: Buffer, at: number, length: number): number }, offset: number): void {
  const buf = Buffer.from(new Uint8Array(Math.min(offset, 1 << 16)).buffer)
  for (let left = offset; left > 0; ) {
    const got = file.read(buf, 0, Math.min(left, buf.length))
    if (got <= 0) return
    left -= got
  }
}
