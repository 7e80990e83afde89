/* Cache -- scripts by the SHA-1 of their text.
 *
 * Scripts that came by EVAL are kept up to a limit, the one used longest ago goes first: programs that build the text of
 * each call would fill the memory otherwise. What SCRIPT LOAD brought stays until SCRIPT FLUSH, as a client relies on it.
 *
 *      loaded   Map  sha -> script     never evicted
 *      passing  Map  sha -> script     at most PASSING_MAX; each knows when it was used last
 *      recent   64 places by the first digits of the name, for EVALSHA: found without making a string
 *
 *   find O(1)   add O(1), with an eviction O(PASSING_MAX)
 *
 * A script is compiled in a machine when it first runs there; the machine's generation tells whether it still is. */

import type { Range } from '../base/bytes.ts'
import { sha1Hex } from '../base/hash.ts'

/** Redis's own limit of scripts that came by EVAL. */
export const PASSING_MAX = 500
const SHA_LENGTH = 40
const RECENT = 64

export class Script {
  readonly kind = 'script'
  /** Its SHA-1 in lower case. */
  readonly name: string
  /** The whole text, with its head. */
  readonly text: Buffer
  /** Where the code begins in it. */
  readonly codeStart: number
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number
  /** In the machine of `generation`. */
  reference = -1
  generation = -1
  lastUse = 0

  constructor(sha: string, text: Buffer, codeStart: number, flags: number) {
    this.name = sha
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
  readonly #recent: (Script | null)[] = new Array<Script | null>(RECENT).fill(null)
  readonly #onEvicted: (script: Script) => void
  #uses = 0
  /** Scripts dropped since the server started. */
  evicted = 0

  /** @param onEvicted called when a script is dropped to make room. */
  constructor(onEvicted: (script: Script) => void) {
    this.#onEvicted = onEvicted
  }

  get count(): number {
    return this.#loaded.size + this.#passing.size
  }

  /** Find a script to run it, by its name in any case. */
  useNamed(name: Range): Script | null {
    if (name.length !== SHA_LENGTH) return null
    const { buf, start } = name
    const place = (buf[start]! ^ (buf[start + 1]! << 3)) & (RECENT - 1)
    const recent = this.#recent[place]!
    if (recent !== null && isNamed(recent, buf, start)) {
      recent.lastUse = ++this.#uses
      return recent
    }
    const script = this.use(name.latin1().toLowerCase())
    if (script !== null) this.#recent[place] = script
    return script
  }

  /** Find a script to run it. `sha` is in lower case. */
  use(sha: string): Script | null {
    const script = this.#loaded.get(sha) ?? this.#passing.get(sha)
    if (script === undefined) return null
    script.lastUse = ++this.#uses
    return script
  }

  has(sha: string): boolean {
    return this.#loaded.has(sha) || this.#passing.has(sha)
  }

  /** A script that came by EVAL. */
  add(script: Script): void {
    if (this.#passing.size >= PASSING_MAX) this.#evict()
    script.lastUse = ++this.#uses
    this.#passing.set(script.name, script)
  }

  #evict(): void {
    let oldest: Script | null = null
    for (const script of this.#passing.values()) if (oldest === null || script.lastUse < oldest.lastUse) oldest = script
    this.#passing.delete(oldest!.name)
    this.#recent.fill(null)
    this.evicted++
    this.#onEvicted(oldest!)
  }

  /** SCRIPT LOAD was given this script: keep it. */
  keep(script: Script): void {
    this.#passing.delete(script.name)
    this.#loaded.set(script.name, script)
  }

  clear(): void {
    this.#loaded.clear()
    this.#passing.clear()
    this.#recent.fill(null)
  }
}

/** Whether the 40 bytes at `start` are the script's name, as it is nearly always written: in lower case. */
function isNamed(script: Script, buf: Buffer, start: number): boolean {
  const { name } = script
  for (let i = 0; i < SHA_LENGTH; i++) if (buf[start + i] !== name.charCodeAt(i)) return false
  return true
}
