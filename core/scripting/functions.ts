/* Functions -- libraries of named functions that stay, and are saved with the data.
 *
 *      code  "#!lua name=cart\n redis.register_function('add', ...)"
 *               | main chunk, run once when it is loaded
 *               v
 *      library cart: functions add, total    compiled, in one machine for all libraries
 *
 * The names of functions are one space, in any case: FCALL Add finds add. A load that fails leaves everything as it was,
 * also one that would replace a library. When the machine breaks, a new one is filled from the codes. */

import { Range } from '../base/bytes.ts'
import { ReplyError, replyError } from '../base/errors.ts'
import { Libraries } from '../command/libraries.ts'
import { isName, libraryHead } from './flags.ts'
import type { Machine } from './lua/machine.ts'
import type { Scripts } from './scripts.ts'

export interface LibraryFunction {
  readonly kind: 'function'
  readonly name: string
  readonly description: string | null
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number
  /** In the machine of functions. */
  readonly reference: number
}

export interface Library {
  readonly name: string
  readonly code: Buffer
  readonly functions: readonly LibraryFunction[]
}

export class FunctionStore extends Libraries {
  readonly #scripts: Scripts
  #libraries = new Map<string, Library>()
  #byName = new Map<string, LibraryFunction>()
  #machine: Machine | null = null

  constructor(scripts: Scripts) {
    super()
    this.#scripts = scripts
  }

  get libraries(): Iterable<Library> {
    return this.#libraries.values()
  }

  get libraryCount(): number {
    return this.#libraries.size
  }

  get functionCount(): number {
    return this.#byName.size
  }

  /** Bytes that the machine of functions holds. */
  get usedBytes(): number {
    return this.#machine?.usedBytes ?? 0
  }

  /** The machine that the functions live in; after it broke, a new one with all libraries. */
  get machine(): Machine {
    if (this.#machine === null || this.#machine.broken) this.#refill()
    return this.#machine!
  }

  find(name: string): LibraryFunction | null {
    return this.#byName.get(name.toLowerCase()) ?? null
  }

  library(name: string): Library | null {
    return this.#libraries.get(name) ?? null
  }

  /** Load a library. Returns its name. @throws what is wrong with it; nothing has changed then. */
  load(code: Buffer, replaces: boolean): string {
    const { name, codeStart } = libraryHead(Range.of(code))
    const old = this.#libraries.get(name)
    if (old !== undefined && !replaces) throw replyError(`ERR Library '${name}' already exists`)
    const functions = this.#compile(this.machine, code, codeStart)
    const taken = functions.find(({ name }) => this.#isTaken(name, old))
    if (taken !== undefined) {
      this.#release(functions)
      throw replyError(`ERR Function ${taken.name} already exists`)
    }
    if (old !== undefined) this.#remove(old)
    this.#add({ name, code, functions })
    return name
  }

  /** Forget a library. Returns whether there was one. */
  delete(name: string): boolean {
    const library = this.#libraries.get(name)
    if (library === undefined) return false
    this.#remove(library)
    return true
  }

  clear(): void {
    this.#libraries = new Map()
    this.#byName = new Map()
    this.#machine = null
  }

  /**
   * Put several libraries in at once: all of them or, when one fails, none.
   * @throws the refusal of the first that fails.
   */
  restoreAll(codes: readonly Buffer[], policy: 'flush' | 'append' | 'replace'): void {
    const before = { libraries: this.#libraries, byName: this.#byName, machine: this.#machine }
    this.#libraries = policy === 'flush' ? new Map() : new Map(before.libraries)
    this.#byName = policy === 'flush' ? new Map() : new Map(before.byName)
    if (policy === 'flush') this.#machine = null
    try {
      for (const code of codes) this.load(code, policy === 'replace')
    } catch (error) {
      this.#libraries = before.libraries
      this.#byName = before.byName
      this.#machine = before.machine
      if (policy === 'replace') this.#machine = null // what was replaced has been released in it
      throw error
    }
  }

  *codes(): Iterable<Buffer> {
    for (const { code } of this.#libraries.values()) yield code
  }

  restore(code: Buffer): string | null {
    try {
      this.load(code, true)
      return null
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      return error.text
    }
  }

  // ------------------------------------------------------------------ parts

  #isTaken(name: string, except: Library | undefined): boolean {
    const key = name.toLowerCase()
    if (!this.#byName.has(key)) return false
    return except === undefined || !except.functions.some(other => other.name.toLowerCase() === key)
  }

  /** Compile a library and run its main chunk. */
  #compile(machine: Machine, code: Buffer, codeStart: number): LibraryFunction[] {
    const compiled = machine.compile(new Range(code, codeStart, code.length))
    if (typeof compiled === 'string') throw replyError(`ERR Error compiling function: ${compiled}`)
    const functions: LibraryFunction[] = []
    const error = this.#scripts.load(machine, compiled, registration => {
      if (!isName(registration.name)) return 1
      if (functions.some(({ name }) => name.toLowerCase() === registration.name.toLowerCase())) return 2
      functions.push({ kind: 'function', ...registration })
      return 0
    })
    machine.release(compiled)
    if (error === null && functions.length > 0) return functions
    this.#release(functions)
    throw replyError(error === null ? 'ERR No functions registered' : loadError(error))
  }

  #add(library: Library): void {
    this.#libraries.set(library.name, library)
    for (const one of library.functions) this.#byName.set(one.name.toLowerCase(), one)
  }

  #remove(library: Library): void {
    this.#libraries.delete(library.name)
    for (const { name } of library.functions) this.#byName.delete(name.toLowerCase())
    this.#release(library.functions)
  }

  #release(functions: readonly LibraryFunction[]): void {
    for (const { reference } of functions) this.#machine?.release(reference)
  }

  /** Make a new machine, and load what the libraries' codes say into it. */
  #refill(): void {
    const machine = this.#scripts.newMachine(true)
    this.#machine = machine
    for (const { name, code } of [...this.#libraries.values()]) {
      const { codeStart } = libraryHead(Range.of(code))
      this.#add({ name, code, functions: this.#compile(machine, code, codeStart) })
    }
  }
}

function loadError(text: string): string {
  return text.startsWith('ERR FUNCTION LOAD') ? text : `ERR Error registering functions: ${text}`
}
