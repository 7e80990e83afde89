/* Cache -- scripts by the SHA-1 of their text.
 *
 * Scripts that came by EVAL are kept up to a limit, the one used longest ago goes first: programs that build the text of
 * each call would fill the memory otherwise. What SCRIPT LOAD brought stays until SCRIPT FLUSH, as a client relies on it.
 *
 *      loaded   Map  sha -> script                       never evicted
 *      passing  Map  sha -> script, oldest use first     at most PASSING_MAX; using one moves it to the end
 *
 *   find O(1)   add O(1)
 *
 * A script is compiled in a machine when it first runs there; the machine's generation tells whether it still is. */

import type { Range } from '../base/bytes.ts'
import { sha1Hex } from '../base/hash.ts'

/** Redis's own limit of scripts that came by EVAL. */
export const PASSING_MAX = 500

export class Script {
  readonly sha: string
  /** The whole text, with its head. */
  readonly text: Buffer
  /** Where the code begins in it. */
  readonly codeStart: number
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number
  /** In the machine of `generation`. */
  reference = -1
  generation = -1

  constructor(sha: string, text: Buffer, codeStart: number, flags: number) {
    this.sha = sha
    this.text = text
    this.codeStart = codeStart
    this.flags = flags
  }
}

/** The name of a script. */
export function shaOf(text: Range): string {
  return sha1Hex(text.buf.subarray(text.start, text.end))
}

export class ScriptCache {
  readonly #loaded = new Map<string, Script>()
  readonly #passing = new Map<string, Script>()
  readonly #onEvicted: (script: Script) => void
  /** Scripts dropped since the server started. */
  evicted = 0

  /** @param onEvicted called when a script is dropped to make room. */
  constructor(onEvicted: (script: Script) => void) {
    this.#onEvicted = onEvicted
  }

  get count(): number {
    return this.#loaded.size + this.#passing.size
  }

  /** Find a script to run it. `sha` is in lower case. */
  use(sha: string): Script | null {
    const loaded = this.#loaded.get(sha)
    if (loaded !== undefined) return loaded
    const passing = this.#passing.get(sha)
    if (passing === undefined) return null
    if (this.#passing.size > 1) {
      this.#passing.delete(sha)
      this.#passing.set(sha, passing)
    }
    return passing
  }

  has(sha: string): boolean {
    return this.#loaded.has(sha) || this.#passing.has(sha)
  }

  /** A script that came by EVAL. */
  add(script: Script): void {
    if (this.#passing.size >= PASSING_MAX) {
      const [oldest] = this.#passing.values()
      this.#passing.delete(oldest!.sha)
      this.evicted++
      this.#onEvicted(oldest!)
    }
    this.#passing.set(script.sha, script)
  }

  /** SCRIPT LOAD was given this script: keep it. */
  keep(script: Script): void {
    this.#passing.delete(script.sha)
    this.#loaded.set(script.sha, script)
  }

  clear(): void {
    this.#loaded.clear()
    this.#passing.clear()
  }
}
