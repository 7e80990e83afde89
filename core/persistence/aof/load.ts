/* Loading a log of commands.
 *
 *      *2 $6 SELECT $1 0   #TS:1700000000   *3 $3 SET $1 k $1 v   *1 $5 MULTI ... *1 $4 EXEC          and then it ends
 *
 * The commands run as those of a client that may do everything. Lines that begin with # say when; they are passed over. A
 * log may end in the middle of a command or of a transaction, when the machine did: `endsAt` is where its last whole
 * unit ends, and nothing behind that was run. */

import type { Log } from '../../base/log.ts'
import { CLIENT_GATE, type Client } from '../../command/client.ts'
import type { Engine } from '../../command/engine.ts'
import { ACCOUNT } from '../../memory/arena.ts'
import { Room } from '../../memory/room.ts'
import { PARSE, RequestFrame, RequestParser } from '../../resp/request.ts'
import type { OpenFile } from '../file.ts'
import type { Load } from '../load.ts'

const WINDOW_BYTES = 64 << 10
const STAR = 42
const HASH = 35
const LF = 10
const CR = 13
const MINUS = 45
/** No note is longer. */
const NOTE_BYTES_MAX = 1024
/** Errors of commands that are logged one by one. */
const ERRORS_LOGGED = 10

/** What is wrong with a log, and where. */
export class AofError extends Error {
  readonly offset: number

  constructor(problem: string, offset: number) {
    super(`${problem} at offset ${offset}`)
    this.name = 'AofError'
    this.offset = offset
  }
}

/** Reads commands out of a log, wherever they go then. */
export class CommandReader {
  readonly frame = new RequestFrame()
  /** Told of each note, and where it begins. */
  onNote: ((text: string, offset: number) => void) | null = null
  readonly #file: OpenFile
  readonly #room: Room
  readonly #parser: RequestParser
  #at = 0
  #end = 0
  /** Offset in the file of position 0 of the room. */
  #base = 0
  #isAtEnd = false

  constructor(room: Room, file: OpenFile, bytesMax: number) {
    this.#room = room
    this.#file = file
    room.grow(WINDOW_BYTES, 0)
    const most = 0x7fffffff
    this.#parser = new RequestParser({
      bulkLengthMax: Math.min(bytesMax, most),
      multibulkMax: most, // as long as any that a client may send
      inlineMax: NOTE_BYTES_MAX,
      unauthenticatedMultibulkMax: most,
      unauthenticatedBulkLengthMax: most,
    })
  }

  /** Begin with bytes that were read already, which stand at `offset` of the file. */
  begin(buf: Buffer, start: number, end: number, offset: number): void {
    this.#room.grow(end - start, 0)
    buf.copy(this.#room.buf, this.#room.start, start, end)
    this.#at = 0
    this.#end = end - start
    this.#base = offset
  }

  /** Bytes of the file before the next command. */
  get offset(): number {
    return this.#base + this.#at
  }

  get buf(): Buffer {
    return this.#room.buf
  }

  /**
   * The next command, into `frame`. False at the end of the file.
   * @throws AofError when there is something else. `isCut` says whether the end came in the middle of one.
   */
  next(): boolean {
    for (;;) {
      if (this.#at === this.#end && !this.#fill()) return false
      const { buf, start } = this.#room
      const first = buf[start + this.#at]!
      if (first === HASH) {
        if (!this.#skipNote()) return this.#cut()
        continue
      }
      if (first !== STAR) throw new AofError('no command', this.offset)
      const found = this.#parser.parse(buf, start + this.#at, start + this.#end, this.frame)
      if (found === PARSE.error) throw new AofError(`${this.#parser.errorText}`, this.offset)
      if (found === PARSE.incomplete) {
        if (!this.#fill()) return this.#cut()
        continue
      }
      if (found === PARSE.empty) throw new AofError('a command without a name', this.offset)
      this.frame.buf = buf
      this.#checkEnds(start)
      this.#at = this.#parser.position - start
      return true
    }
  }

  /** Whoever answers clients need not look at what stands behind an argument; in a file it shows damage. */
  #checkEnds(start: number): void {
    const { buf, argc, ends } = this.frame
    for (let i = 0; i < argc; i++) {
      const end = ends[i]!
      if (buf[end] !== CR || buf[end + 1] !== LF)
        throw new AofError('an argument without its end', this.#base + end - start)
    }
  }

  /** The file ended in the middle of a command. */
  isCut = false

  #cut(): boolean {
    this.isCut = true
    return false
  }

  #skipNote(): boolean {
    for (;;) {
      const { buf, start } = this.#room
      const at = buf.indexOf(LF, start + this.#at)
      if (at >= 0 && at < start + this.#end) {
        this.onNote?.(buf.latin1Slice(start + this.#at, at), this.offset)
        this.#at = at + 1 - start
        return true
      }
      if (this.#end - this.#at > NOTE_BYTES_MAX) throw new AofError('a note without end', this.offset)
      if (!this.#fill()) return false
    }
  }

  /** Read on. False at the end of the file. */
  #fill(): boolean {
    if (this.#isAtEnd) return false
    const room = this.#room
    const held = this.#end - this.#at
    room.buf.copy(room.buf, room.start, room.start + this.#at, room.start + this.#end)
    this.#base += this.#at
    this.#at = 0
    this.#end = held
    if (held === room.capacity) room.grow(room.capacity * 2, held)
    const got = this.#file.read(room.buf, room.start + held, room.capacity - held)
    this.#isAtEnd = got <= 0
    if (got > 0) this.#end += got
    return got > 0
  }

  close(): void {
    this.#room.release()
    this.#file.close()
  }
}

/** Runs the commands of a log. */
export class CommandLoad implements Load {
  /** Bytes up to the end of the last whole unit. */
  endsAt = 0
  readonly #engine: Engine
  readonly #log: Log
  readonly #client: Client
  readonly #reader: CommandReader
  #errors = 0

  constructor(engine: Engine, log: Log, client: Client, file: OpenFile) {
    this.#engine = engine
    this.#log = log
    this.#client = client
    this.#reader = new CommandReader(new Room(engine.keyspace.memory, ACCOUNT.aof), file, 0x7fffffff)
  }

  begin(buf: Buffer, start: number, end: number, offset: number): this {
    this.#reader.begin(buf, start, end, offset)
    this.endsAt = offset
    return this
  }

  get offset(): number {
    return this.#reader.offset
  }

  /** The log ended in the middle of a unit. */
  get isCut(): boolean {
    return this.#reader.isCut || this.#inUnit
  }

  get #inUnit(): boolean {
    return this.#client.transaction !== null && (this.#client.gates & CLIENT_GATE.multi) !== 0
  }

  step(): boolean {
    const reader = this.#reader
    if (!reader.next()) return false
    const engine = this.#engine
    const client = this.#client
    const args = engine.outermost.args
    const { frame } = reader
    args.buf = reader.buf
    args.argc = frame.argc
    args.grow(frame.argc)
    args.starts.set(frame.starts.subarray(0, frame.argc))
    args.ends.set(frame.ends.subarray(0, frame.argc))
    const entry = engine.resolve(args)
    if (entry === null)
      throw new AofError(`unknown command '${args.argc === 0 ? '' : args.at(0).latin1().slice(0, 128)}'`, this.endsAt)
    const gates = engine.gates
    engine.gates = 0
    engine.execute(client)
    engine.gates = gates
    this.#checkReply(entry.name)
    if (!this.#inUnit) this.endsAt = reader.offset
    return true
  }

  #checkReply(name: string): void {
    const { reply } = this.#client
    if (reply.chain.length === 0 && reply.buf[0] !== MINUS) {
      reply.rewind(0)
      return
    }
    const bytes = reply.take()
    if (bytes[0] !== MINUS || ++this.#errors > ERRORS_LOGGED) return
    const text = bytes.toString('latin1', 1, bytes.indexOf(13))
    this.#log.warning(`The log's command '${name}' before offset ${this.#reader.offset} was refused: ${text}`)
  }

  close(): void {
    this.#reader.close()
  }
}
