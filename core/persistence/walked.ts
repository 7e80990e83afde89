/* Walk -- a value of very many parts, written in the order of their names while they come, change and go.
 *
 *      names     amber  ash  birch | cedar  elm  fir  oak        written up to "birch"
 *                              ^ last      early: elm            written aside before it changed
 *
 * Nobody notes the parts at the beginning, which would take as long as they are many. What is kept is the last name that was
 * written, and the names behind it that have changed since: they are passed over when the walk comes to them. A
 * part that is about to change, to come or to go behind the last name is written aside as it is, once, if it is there. So each part
 * of the first moment is written once, as it was, and no other, and how the value keeps them does not matter.
 *
 * What was written aside follows at the end, since the order of parts is nobody's business.
 *
 *   making it O(1)    a change O(parts with this name)    a step: about BUDGET parts, and the way to them */

import type { Address } from '../memory/arena.ts'
import { Aside } from './aside.ts'
import type { Part, PlanOptions } from './plan.ts'
import type { RdbWriter } from './rdb/writer.ts'
import type { Watch, Watched } from './watch.ts'

/** Parts that are written between two looks at the clock, or a few times that. */
const BUDGET = 16

/** Goes through the parts of a value; see NamedParts. */
export interface Walk {
  some(writer: RdbWriter, after: Buffer | null, budget: number, passes: (name: Buffer) => boolean): Buffer | null
  one(writer: RdbWriter, name: Buffer): void
}

export class Walked implements Part, Watched {
  readonly #options: PlanOptions
  readonly #watch: Watch
  readonly #owner: number
  readonly #root: Address
  readonly #walk: Walk
  /** Names behind the last one that have changed, in latin1. */
  readonly #early = new Set<string>()
  #aside: Aside | null = null
  #last: Buffer | null = null
  #isWalked = false
  #isWatched = true

  constructor(options: PlanOptions, root: Address, walk: Walk) {
    this.#options = options
    this.#watch = options.watch
    this.#root = root
    this.#walk = walk
    this.#owner = options.watch.enter(this)
    options.watch.add(root, this.#owner, 0)
  }

  get isDone(): boolean {
    return this.#isWalked && this.#aside === null
  }

  part(name: Buffer): void {
    if (this.#isWalked || (this.#last !== null && name.compare(this.#last) <= 0)) return
    const text = name.latin1Slice()
    if (this.#early.has(text)) return
    this.#aside ??= new Aside(this.#options.memory, this.#options.compresses)
    this.#walk.one(this.#aside.writer, name)
    this.#early.add(text)
  }

  block(): void {}

  stretch(): void {}

  /** All parts have gone before it, and were written. */
  keeps(): boolean {
    this.#isWalked = true
    this.#leave()
    return false
  }

  readonly #passes = (name: Buffer): boolean => this.#early.size > 0 && this.#early.delete(name.latin1Slice())

  step(writer: RdbWriter): void {
    if (this.#isWalked) {
      if (this.#aside !== null && !this.#aside.passOn(writer)) this.#dropAside()
      return
    }
    this.#last = this.#walk.some(writer, this.#last, BUDGET, this.#passes)
    if (this.#last === null) this.#isWalked = true
  }

  #dropAside(): void {
    this.#aside?.release()
    this.#aside = null
  }

  #leave(): void {
    if (!this.#isWatched) return
    this.#isWatched = false
    this.#watch.remove(this.#root)
    this.#watch.leave(this.#owner)
  }

  release(): void {
    this.#leave()
    this.#dropAside()
    this.#early.clear()
  }
}
