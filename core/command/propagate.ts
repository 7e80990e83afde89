/* Propagation -- one ordered log of what changed.
 *
 * The append-only file, the replication backlog and the tests are readers of it. What enters is the effect of a command,
 * in the form that its handler states: SET with EX becomes PXAT, a random or relative thing becomes the absolute one.
 * The effects of one unit (a command, a transaction, a script) stay together; when there are several, readers see
 * them between MULTI and EXEC.
 *
 *      unit:  SET a 1        -> *3 SET a 1
 *      unit:  SET a 1, DEL b -> MULTI, SET a 1, DEL b, EXEC
 *
 * Effects are encoded one behind the other into a room that is used again for the next unit, with a place in front that
 * MULTI takes when a second effect comes. A command that arrived as an array of bulk strings is copied in one piece; if it
 * is the only effect of its unit, readers are shown the request itself, and requests that follow one another in the input
 * can be taken as one. While nobody reads, nothing is encoded. */

import { copyBytes } from '../base/bytes.ts'
import { ACCOUNT, type Memory } from '../memory/arena.ts'
import { Room } from '../memory/room.ts'
import type { RequestFrame } from '../resp/request.ts'
import { Args } from './args.ts'

/**
 * The effects of one unit; the bytes are valid during the call only, or until settle() when they lie in the log's `inputBuf`. Effect i is
 * [ends[i - 1] or start, ends[i]) of `buf`.
 */
export interface Unit {
  buf: Buffer
  start: number
  count: number
  /** Positions behind the effects. */
  readonly ends: number[]
  /** The database of each. */
  readonly databases: number[]
}

/** Reads the log. */
export interface PropagationReader {
  /** The effects of one unit, and the log's offset behind them. */
  unit(unit: Unit, offset: number): void
  /** The input is about to change: what was shown of it must be copied now. */
  settle?(): void
}

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')
/** Bytes that "$", the digits of a length and CR LF take at most. */
const HEADER_BYTES = 16
/** A unit that needed more gives its room back. */
const ROOM_KEPT_MAX = 1 << 20
const CR = 13
const LF = 10
const DOLLAR = 36
const STAR = 42
const DIGIT_0 = 48

export class PropagationLog {
  readonly #readers: PropagationReader[] = []
  readonly #room: Room
  readonly #values = new Args()
  readonly #unit: Unit = { buf: MULTI, start: 0, count: 0, ends: [], databases: [] }
  /** Bytes in the room, the place for MULTI counted. */
  #used = MULTI.length
  /** Effects of the unit so far: a command that states its own is told from one that does not. */
  pending = 0
  /** Bytes since the log began. */
  offset = 0
  /** Somebody reads: effects must be stated. */
  active = false
  /** The bytes of which requests are running, or null. */
  inputBuf: Buffer | null = null
  /** The only effect so far, when it is a request as it came: [wholeStart, wholeEnd) of `inputBuf`. */
  #isWhole = false
  #wholeStart = 0
  #wholeEnd = 0

  constructor(memory: Memory) {
    this.#room = new Room(memory, ACCOUNT.aof)
  }

  addReader(reader: PropagationReader): void {
    this.#readers.push(reader)
    this.active = true
  }

  removeReader(reader: PropagationReader): void {
    const at = this.#readers.indexOf(reader)
    if (at >= 0) this.#readers.splice(at, 1)
    this.active = this.#readers.length > 0
  }

  /** An effect given as values. */
  add(db: number, values: readonly (string | Buffer | number | bigint)[]): void {
    if (!this.active) return
    this.#values.loadValues(values)
    this.addFrame(db, this.#values)
  }

  /** An effect that is the command itself. `isOutermost`: its frame is what was parsed last. */
  addFrame(db: number, frame: RequestFrame, isOutermost = false): void {
    if (!this.active) return
    if (isOutermost && this.pending === 0 && frame.buf === this.inputBuf) {
      const start = requestStart(frame)
      if (start >= 0) {
        this.#isWhole = true
        this.#wholeStart = start
        this.#wholeEnd = frame.ends[frame.argc - 1]! + 2
        this.#unit.databases[0] = db
        this.pending = 1
        return
      }
    }
    if (this.#isWhole) this.#copyWhole()
    this.#room.grow(this.#used + encodedBytes(frame) + EXEC.length, this.#used)
    const at = encodeInto(this.#room.buf, this.#room.start + this.#used, frame)
    this.#close(db, at - this.#room.start)
  }

  /** Another effect follows the first, so that it must lie in the room. */
  #copyWhole(): void {
    const length = this.#wholeEnd - this.#wholeStart
    this.#isWhole = false
    this.#room.grow(this.#used + length + EXEC.length, this.#used)
    copyBytes(this.inputBuf!, this.#wholeStart, this.#room.buf, this.#room.start + this.#used, length)
    this.#used += length
    this.#unit.ends[0] = this.#used
  }

  /** The input is read: its bytes may change. */
  endInput(): void {
    if (this.#isWhole) this.#copyWhole() // its unit goes on
    this.inputBuf = null
    if (this.active) for (const reader of this.#readers) reader.settle?.()
  }

  #close(db: number, used: number): void {
    const { databases, ends } = this.#unit
    this.#used = used
    databases[this.pending] = db
    ends[this.pending++] = used
  }

  /** The unit ended: give its effects to the readers. */
  endUnit(): void {
    if (this.pending === 0) return
    if (this.#isWhole) this.#giveWhole()
    else this.#giveRoom()
  }

  #giveWhole(): void {
    const unit = this.#unit
    unit.buf = this.inputBuf!
    unit.start = this.#wholeStart
    unit.ends[0] = this.#wholeEnd
    unit.count = 1
    this.offset += this.#wholeEnd - this.#wholeStart
    this.pending = 0
    this.#isWhole = false
    for (const reader of this.#readers) reader.unit(unit, this.offset)
  }

  #giveRoom(): void {
    const unit = this.#unit
    const { start, buf } = this.#room
    if (this.pending > 1) this.#wrap()
    unit.buf = buf
    unit.count = this.pending
    unit.start = start + (this.pending > 1 ? 0 : MULTI.length)
    for (let i = 0; i < unit.count; i++) unit.ends[i]! += start
    this.offset += start + this.#used - unit.start
    this.pending = 0
    this.#used = MULTI.length
    for (const reader of this.#readers) reader.unit(unit, this.offset)
    if (unit.count > 1024) unit.ends.length = unit.databases.length = 0
    if (this.#room.capacity > ROOM_KEPT_MAX) this.#room.release()
  }

  /** Put MULTI and EXEC around the effects. */
  #wrap(): void {
    const { databases, ends } = this.#unit
    const { buf, start } = this.#room
    databases.length = ends.length = this.pending
    databases.unshift(databases[0]!)
    ends.unshift(MULTI.length)
    copyBytes(MULTI, 0, buf, start, MULTI.length)
    copyBytes(EXEC, 0, buf, start + this.#used, EXEC.length)
    this.pending++
    this.#close(databases[databases.length - 1]!, this.#used + EXEC.length)
  }
}

/** Bytes that a command takes at most. */
function encodedBytes({ starts, ends, argc }: RequestFrame): number {
  let bytes = HEADER_BYTES
  for (let i = 0; i < argc; i++) bytes += ends[i]! - starts[i]! + HEADER_BYTES
  return bytes
}

/** Write a command as an array of bulk strings. Returns the position behind it. */
function encodeInto(to: Buffer, from: number, frame: RequestFrame): number {
  const { buf, starts, ends, argc } = frame
  let at = writeHeader(to, from, STAR, argc)
  if (isWhole(frame)) {
    at = writeHeader(to, at, DOLLAR, ends[0]! - starts[0]!)
    const length = ends[argc - 1]! + 2 - starts[0]!
    copyBytes(buf, starts[0]!, to, at, length)
    return at + length
  }
  for (let i = 0; i < argc; i++) {
    const length = ends[i]! - starts[i]!
    at = writeHeader(to, at, DOLLAR, length)
    copyBytes(buf, starts[i]!, to, at, length)
    at += length
    to[at++] = CR
    to[at++] = LF
  }
  return at
}

/** A command as an array of bulk strings, for what is not hot. */
export function encodeCommand(frame: RequestFrame): Buffer {
  const bytes = Buffer.from(new Uint8Array(encodedBytes(frame)).buffer)
  return bytes.subarray(0, encodeInto(bytes, 0, frame))
}

/** Where the request begins that a frame was parsed from, if it is an array of bulk strings; -1 otherwise. */
function requestStart(frame: RequestFrame): number {
  if (!isWhole(frame)) return -1
  const { buf, argc } = frame
  const first = frame.starts[0]!
  const bulk = first - 3 - digitsOf(frame.ends[0]! - first)
  const start = bulk - 3 - digitsOf(argc)
  return buf[first - 1] === LF && buf[bulk] === DOLLAR && buf[bulk - 1] === LF && buf[start] === STAR ? start : -1
}

/** Whether the arguments lie in the bytes of a request from which they may be copied in one piece. */
function isWhole({ buf, starts, ends, argc }: RequestFrame): boolean {
  for (let i = 1; i < argc; i++) {
    const before = ends[i - 1]!
    const length = ends[i]! - starts[i]!
    if (starts[i]! - before !== 5 + digitsOf(length)) return false
    if (buf[before] !== CR || buf[before + 1] !== LF || buf[before + 2] !== DOLLAR) return false
    if (buf[starts[i]! - 2] !== CR || buf[starts[i]! - 1] !== LF) return false
  }
  const end = ends[argc - 1]!
  return argc > 0 && buf[end] === CR && buf[end + 1] === LF
}

function digitsOf(n: number): number {
  let digits = 1
  for (let bound = 10; n >= bound; bound *= 10) digits++
  return digits
}

/** Write a sign, a number and CR LF. Returns the position behind it. */
function writeHeader(buf: Buffer, at: number, sign: number, n: number): number {
  const digits = digitsOf(n)
  buf[at] = sign
  for (let i = at + digits, rest = n; i > at; i--) {
    buf[i] = DIGIT_0 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  buf[at + digits + 1] = CR
  buf[at + digits + 2] = LF
  return at + digits + 3
}
