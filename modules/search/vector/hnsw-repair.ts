/* Repair -- how removed vectors leave a graph: in instalments.
 *
 *      A -- [x] -- B          x was removed: still a passage from A to B, but never found
 *      A -------- B           after the repair of A: what x led to is what A may be linked to
 *
 * Tearing a vector out needs all who link to it, whom only a look at all lists tells. So the removed ones wait until
 * they are an eighth of the living, and then one pass over all slots lets every list go round them at once; then their
 * slots are free. The pass goes on by a few slots with each write, so that nobody pays for it all.
 *
 * Vectors that are removed during a pass wait for the next. Links are made to living vectors only, so that no new ones
 * lead to those that leave.
 *
 * Invariant: while no pass is under way there are at most DEAD_MIN + living / DEAD_SHARE removed slots. */

/** A slot is found, or was removed, or was removed before the pass under way began; or is not in use. */
export const STATE = { living: 0, dead: 1, leaving: 2, unused: 3 } as const

/** What the repair needs of a graph. */
export interface Graph {
  /** Living vectors, and removed ones that are still passages. */
  readonly count: number
  readonly dead: number
  readonly slots: number
  level(slot: number): number
  state(slot: number): number
  setState(slot: number, level: number, state: number): void
  /** The list of a slot in a layer, by its place in `words`: a count, then slots. */
  list(slot: number, level: number): number
  readonly words: Int32Array
  /** Give a slot new neighbours among candidates; returns them. */
  relink(slot: number, level: number, candidates: Int32Array): Int32Array
  /** Let a slot link to another. */
  linkBack(owner: number, slot: number, level: number): void
  /** Nobody links to a slot any more. */
  release(slot: number): void
  /** Let searches begin elsewhere when the entry leaves. */
  chooseEntry(): void
}

const DEAD_MIN = 32
const DEAD_SHARE = 8
/** Slots looked at with each write. */
const STEP_SLOTS = 32

/** The pass over an index, when one is under way. */
export class Repair {
  readonly #index: Graph
  /** The next slot to look at; -1: no pass. */
  #at = -1
  #end = 0

  constructor(index: Graph) {
    this.#index = index
  }

  /** Pay an instalment, or begin a pass when it is time. */
  step(): void {
    if (this.#at < 0) {
      if (this.#index.dead <= DEAD_MIN + this.#index.count / DEAD_SHARE) return
      this.#begin()
    }
    const end = Math.min(this.#end, this.#at + STEP_SLOTS)
    for (; this.#at < end; this.#at++) this.#mend(this.#at)
    if (this.#at === this.#end) this.#finish()
  }

  /** The graph is empty. */
  forget(): void {
    this.#at = -1
  }

  #begin(): void {
    const index = this.#index
    for (let slot = 0; slot < index.slots; slot++)
      if (index.state(slot) === STATE.dead) index.setState(slot, index.level(slot), STATE.leaving)
    this.#at = 0
    // Slots that come later link to nobody who leaves.
    this.#end = index.slots
  }

  #finish(): void {
    const index = this.#index
    this.#at = -1
    index.chooseEntry()
    for (let slot = 0; slot < this.#end; slot++) if (index.state(slot) === STATE.leaving) index.release(slot)
  }

  /** Let the lists of a slot go round those who leave. */
  #mend(slot: number): void {
    const index = this.#index
    const state = index.state(slot)
    if (state === STATE.leaving || state === STATE.unused) return
    for (let level = index.level(slot); level >= 0; level--) {
      const at = index.list(slot, level)
      const { words } = index
      let leads = false
      for (let i = 1; i <= words[at]!; i++) if (index.state(words[at + i]!) === STATE.leaving) leads = true
      if (leads) this.#goRound(slot, level, at)
    }
  }

  #goRound(slot: number, level: number, at: number): void {
    const index = this.#index
    const { words } = index
    const before = new Set<number>()
    const candidates = new Set<number>()
    for (let i = 1; i <= words[at]!; i++) {
      const neighbour = words[at + i]!
      if (index.state(neighbour) !== STATE.leaving) {
        before.add(neighbour)
        candidates.add(neighbour)
        continue
      }
      const beyond = index.list(neighbour, level)
      for (let j = 1; j <= words[beyond]!; j++) {
        const other = words[beyond + j]!
        if (other !== slot && index.state(other) === STATE.living) candidates.add(other)
      }
    }
    for (const chosen of index.relink(slot, level, Int32Array.from(candidates)))
      if (!before.has(chosen) && !this.#links(chosen, slot, level)) index.linkBack(chosen, slot, level)
  }

  #links(owner: number, slot: number, level: number): boolean {
    const { words } = this.#index
    const at = this.#index.list(owner, level)
    for (let i = 1; i <= words[at]!; i++) if (words[at + i] === slot) return true
    return false
  }
}
