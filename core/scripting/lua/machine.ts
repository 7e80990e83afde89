/* Machine -- one Lua state inside one WebAssembly instance, seen from outside.
 *
 * The instance is made when the first script runs; a server that runs none pays nothing. All of Lua and of what Redis
 * adds to it (redis, cjson, cmsgpack, bit, struct) is compiled C, in native/; this file moves bytes in and out, and
 * answers what the machine asks of its host:
 *
 *      compile(text)  ->  a reference                    run(reference, arguments)  ->  DONE, SUSPENDED or FAILED
 *                                                          |  call     run a command, its reply as bytes on the wire
 *                                                          |  slice    some work was done: go on, pause, or stop?
 *                                                          v  log, sha1, acl, ...
 *
 * A view of the instance's memory goes stale when the memory grows, so views are looked at again after every call in.
 * The arguments of a command are given to the host as offsets into that memory, without a copy: they are good until it
 * answers.
 *
 * Errors of Lua travel as a JavaScript exception, thrown by `throw` and caught by `try`, which puts the C stack back.
 * Any other exception (the host's own, or a trap) leaves the machine in an unknown state: it is `broken`, and whoever
 * owns it makes another one. */

import { gunzipSync } from 'node:zlib'
import { copyBytes, NO_BYTES, type Range } from '../../base/bytes.ts'
import { writeDouble } from '../../base/numbers.ts'
import { sha1Hex } from '../../base/hash.ts'
import { LUA_IMAGE } from './image.ts'
import {
  type Code,
  compile,
  type Global,
  type Imports,
  instantiate,
  isTrap,
  type Memory,
  type Table,
} from './web-assembly.ts'

/** How a run ended, or paused. */
export const OUTCOME = { done: 0, suspended: 1, failed: 2 } as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]
const BROKEN = 3

/** What the host says when some work was done. */
export const SLICE = { goOn: 0, suspend: 1, kill: 2 } as const
export type Slice = (typeof SLICE)[keyof typeof SLICE]

/** The arguments of a command that a script runs: argument i lies in `buf` at `words[at + 2 i]`, `words[at + 2 i + 1]` long. */
export interface ScriptArguments {
  readonly buf: Buffer
  readonly words: Int32Array
  readonly at: number
  readonly count: number
}

/** A function that a library registers. */
export interface Registration {
  /** For `run`. */
  readonly reference: number
  readonly name: string
  readonly description: string | null
  /** Bits in the order no-writes, allow-oom, allow-stale, no-cluster, allow-cross-slot-keys. */
  readonly flags: number
}

/** What a machine asks of the server. */
export interface ScriptHost {
  /** Run a command and leave its reply, in the given protocol, in `reply`. */
  call(args: ScriptArguments, protocol: 2 | 3, reply: Range): void
  /** Whether the user may run a command; null if there is no such command. */
  allows(args: ScriptArguments): boolean | null
  log(level: number, text: string): void
  /** Where the effects of what follows go: 1 the append-only file, 2 replicas. */
  setReplication(flags: number): void
  /** Some work was done; when it cannot suspend, only to go on or to kill are answers. */
  slice(canSuspend: boolean): Slice
  /** Seconds of processor time, for os.clock. */
  clock(): number
  /** Called while a library is loaded: 0 when taken, 1 for a bad name, 2 when the name is taken. */
  register(registration: Registration): 0 | 1 | 2
}

/** An error of a script, as far as Lua knows it. */
export interface ScriptError {
  /** With its code: "ERR ...". */
  readonly text: string
  /** "@user_script:2", or an empty string when the place is unknown. */
  readonly place: string
  /** It was the host who stopped it. */
  readonly killed: boolean
}

interface Exports {
  readonly memory: Memory
  readonly __stack_pointer: Global
  readonly __indirect_function_table: Table
  vm_open(forFunctions: number, memoryMax: number, versionLength: number): number
  vm_status(): number
  vm_input(bytes: number): number
  vm_reply_room(bytes: number): number
  vm_compile(bytes: number): number
  vm_release(reference: number): void
  vm_run(reference: number, keys: number, args: number, protocol: number): number
  vm_load(reference: number): number
  vm_continue(soon: number): number
  vm_collect(): void
  vm_memory(): number
}

/** Thrown and caught for Lua; it is never seen outside. */
const LUA_ERROR = Object.freeze({ what: 'an error of Lua' })

/** The compiled code, shared by all machines of a process that asked for it. */
export function compileImage(): Code {
  return compile(gunzipSync(Buffer.from(LUA_IMAGE, 'base64')))
}

/** What a machine is built from. */
export interface MachineParts {
  readonly image: Code
  readonly host: ScriptHost
  /** For functions, which have other globals than scripts. */
  readonly forFunctions: boolean
  /** Limit of what Lua allocates. */
  readonly memoryMax: number
  /** What redis.REDIS_VERSION says. */
  readonly version: string
}

export class Machine {
  /** An unexpected exception passed through: nothing may be called any more. */
  broken = false
  readonly #host: ScriptHost
  readonly #exports: Exports
  readonly #statusAt: number
  #bytes: Buffer = NO_BYTES
  #words = new Int32Array(0)
  readonly #args = { buf: NO_BYTES, words: new Int32Array(0), at: 0, count: 0 }
  readonly #reply: Range
  #inputAt = 0

  /** @param reply scratch in which the host names replies. */
  constructor(parts: MachineParts, reply: Range) {
    this.#host = parts.host
    this.#reply = reply
    this.#exports = instantiate(parts.image, this.#imports()) as Exports
    this.#statusAt = this.#exports.vm_status() >> 2
    const version = Buffer.from(parts.version)
    this.#room(version.length)
    this.#write(version, 0, version.length)
    if (this.#exports.vm_open(parts.forFunctions ? 1 : 0, parts.memoryMax, version.length) !== 0)
      throw new Error('no memory for a Lua machine')
  }

  // ------------------------------------------------------------------ what the server calls

  /** Compile a script. Returns a reference, or the text of the error. */
  compile(text: Range): number | string {
    const length = text.end - text.start
    if (!this.#room(length)) return 'not enough memory'
    this.#write(text.buf, text.start, text.end)
    try {
      const reference = this.#exports.vm_compile(length)
      return reference >= 0 ? reference : this.#outText()
    } catch (error) {
      this.#trapped(error)
      return 'the script engine failed'
    }
  }

  /** Let a compiled script go. */
  release(reference: number): void {
    if (!this.broken) this.#exports.vm_release(reference)
  }

  /** Begin the arguments of a run that take `bytes` bytes in all. Returns false when there is no memory for them. */
  beginArguments(count: number, bytes: number): boolean {
    return this.#room(bytes + 4 * count)
  }

  /** Add a key, or after all keys an argument. */
  addArgument(buf: Buffer, start: number, end: number): void {
    const length = end - start
    const bytes = this.#bytes
    const at = this.#inputAt
    bytes[at] = length
    bytes[at + 1] = length >>> 8
    bytes[at + 2] = length >>> 16
    bytes[at + 3] = length >>> 24
    copyBytes(buf, start, bytes, at + 4, length)
    this.#inputAt = at + 4 + length
  }

  /** Run a script on the arguments that were added. */
  run(reference: number, keys: number, args: number, protocol: 2 | 3): Outcome {
    try {
      return this.#outcome(this.#exports.vm_run(reference, keys, args, protocol))
    } catch (error) {
      return this.#trapped(error)
    }
  }

  /** Run the main chunk of a library of functions, which registers them. */
  load(reference: number): Outcome {
    try {
      return this.#outcome(this.#exports.vm_load(reference))
    } catch (error) {
      return this.#trapped(error)
    }
  }

  /** Go on with what was suspended; `soon` to be asked for the next slice at once. */
  goOn(soon: boolean): Outcome {
    try {
      return this.#outcome(this.#exports.vm_continue(soon ? 1 : 0))
    } catch (error) {
      return this.#trapped(error)
    }
  }

  /** After `done`: the reply on the wire, good until the machine is called again. */
  result(out: Range): Range {
    this.#look()
    const at = this.#words[this.#statusAt]!
    return out.set(this.#bytes, at, at + this.#words[this.#statusAt + 1]!)
  }

  /** After `failed`. */
  error(): ScriptError {
    if (this.broken) return { text: 'ERR the script engine failed', place: '', killed: false }
    this.#look()
    const words = this.#words.subarray(this.#statusAt, this.#statusAt + 6)
    const source = this.#bytes.latin1Slice(words[2]!, words[2]! + words[3]!)
    return { text: this.#outText(), place: words[4]! > 0 ? `${source}:${words[4]}` : '', killed: words[5] !== 0 }
  }

  /** Bytes that Lua holds. */
  get usedBytes(): number {
    return this.broken ? 0 : this.#exports.vm_memory() >>> 0
  }

  /** Bytes of the instance; they never become fewer. */
  get reservedBytes(): number {
    this.#look()
    return this.#bytes.length
  }

  /** Collect all garbage. */
  collect(): void {
    if (!this.broken) this.#exports.vm_collect()
  }

  // ------------------------------------------------------------------ memory

  /** Look at the memory again if it has grown: then the old views are empty. */
  #look(): void {
    if (this.#words.length !== 0) return
    const { buffer } = this.#exports.memory
    this.#bytes = Buffer.from(buffer)
    this.#words = new Int32Array(buffer)
  }

  #room(bytes: number): boolean {
    this.#inputAt = this.#exports.vm_input(bytes)
    this.#look()
    return this.#inputAt !== 0
  }

  #write(buf: Buffer, start: number, end: number): void {
    copyBytes(buf, start, this.#bytes, this.#inputAt, end - start)
  }

  #text(at: number, length: number): string {
    this.#look()
    return this.#bytes.latin1Slice(at, at + length)
  }

  #outText(): string {
    this.#look()
    const at = this.#words[this.#statusAt]!
    return this.#bytes.latin1Slice(at, at + this.#words[this.#statusAt + 1]!)
  }

  // ------------------------------------------------------------------ calls in

  #outcome(outcome: number): Outcome {
    if (outcome !== BROKEN) return outcome as Outcome
    this.broken = true
    return OUTCOME.failed
  }

  /** An exception that is not Lua's came through: a trap (its C stack ran out) fails the script, others are the host's. */
  #trapped(error: unknown): Outcome {
    this.broken = true
    if (isTrap(error)) return OUTCOME.failed
    throw error
  }

  // ------------------------------------------------------------------ what the machine asks

  #imports(): Imports {
    const host = this.#host
    return {
      host: {
        try: (f: number, thread: number, data: number) => this.#try(f, thread, data),
        throw: () => {
          throw LUA_ERROR
        },
        slice: (canSuspend: number) => host.slice(canSuspend !== 0),
        clock: () => host.clock(),
        call: (at: number, count: number, protocol: number) => this.#call(at, count, protocol),
        acl: (at: number, count: number) => {
          const allowed = host.allows(this.#arguments(at, count))
          return allowed === null ? -1 : allowed ? 1 : 0
        },
        log: (level: number, at: number, length: number) => host.log(level, this.#text(at, length)),
        replication: (flags: number) => host.setReplication(flags),
        sha1: (at: number, length: number, hexAt: number) => {
          this.#look()
          this.#bytes.latin1Write(sha1Hex(this.#bytes.subarray(at, at + length)), hexAt)
        },
        shortest: (number: number, at: number) => {
          this.#look()
          return writeDouble(this.#bytes, at, number) - at
        },
        register: (reference: number, flags: number, nameAt: number, length: number, at: number, textLength: number) =>
          host.register({
            reference,
            flags,
            name: this.#text(nameAt, length),
            description: textLength < 0 ? null : this.#text(at, textLength),
          }),
      },
      wasi_snapshot_preview1: { fd_close: noStream, fd_seek: noStream, fd_write: noStream },
    }
  }

  #try(f: number, thread: number, data: number): void {
    const { __stack_pointer, __indirect_function_table } = this.#exports
    const stack: number = __stack_pointer.value
    try {
      ;(__indirect_function_table.get(f) as (thread: number, data: number) => void)(thread, data)
    } catch (error) {
      if (error !== LUA_ERROR) throw error
      __stack_pointer.value = stack
    }
  }

  #arguments(at: number, count: number): ScriptArguments {
    this.#look()
    const args = this.#args
    args.buf = this.#bytes
    args.words = this.#words
    args.at = at >> 2
    args.count = count
    return args
  }

  #call(at: number, count: number, protocol: number): number {
    const reply = this.#reply
    this.#host.call(this.#arguments(at, count), protocol as 2 | 3, reply)
    const length = reply.end - reply.start
    const room = this.#exports.vm_reply_room(length)
    if (room === 0) return 0
    this.#look()
    copyBytes(reply.buf, reply.start, this.#bytes, room, length)
    return length
  }
}

/** Streams do not exist: EBADF. */
function noStream(): number {
  return 8
}
