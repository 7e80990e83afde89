/* MemberTable -- the members of one object by their keys.
 *
 * Built over an object when many keys are to be looked up in it, or when its keys must be proved different: a table of
 * ordinals with open addressing, beside the places of the members.
 *
 *   slots   . 2 . . 1 . 3 .        ordinal + 1, at the hash of the key and the slots behind it
 *   i, t    where member 0, 1, 2 … lies
 *
 * The hash is quick and not keyed, so keys can be made that share one. A table that has stepped too often gives up and
 * sorts the ordinals by key instead: then a search halves, and no choice of keys costs more than O(n log n).
 *
 *   build O(n)    find O(1)    both O(log n) more for hostile keys
 *
 * Positions are absolute and good until the tree moves. */

import { countOf, firstChild, keyLength, spanOf, textLength } from './node.ts'

const STEPS_PER_MEMBER = 8
const STEPS_FREE = 256
const FIND_STEPS_MAX = 128

export class MemberTable {
  count = 0
  /** Where the value of each member lies. */
  i: Int32Array = new Int32Array(64)
  t: Int32Array = new Int32Array(64)
  /** For each member the ordinal of the last one with the same key, often itself; -1 when an earlier one has the key. */
  last: Int32Array = new Int32Array(64)
  /** Members whose key an earlier one has. */
  repeated = 0

  #words: Int32Array | null = null
  #text: Buffer | null = null
  #slots: Int32Array = new Int32Array(256)
  #mask = 0
  #sorted: number[] | null = null

  /** Take in the members of the object at a place. */
  build(words: Int32Array, c: number, text: Buffer, t: number): void {
    const count = countOf(words, c)
    this.count = count
    this.repeated = 0
    this.#words = words
    this.#text = text
    this.#sorted = null
    this.#size(count)
    let i = firstChild(words, c)
    let at = t + 1
    for (let n = 0; n < count; n++) {
      at += keyLength(words, i) + 3
      this.i[n] = i
      this.t[n] = at
      this.last[n] = n
      at += textLength(words, i) + 1
      i += spanOf(words, i)
    }
    if (!this.#fill()) this.#sort()
  }

  /** The ordinal of the first member with a key, or -1. */
  find(key: Buffer, at: number, length: number): number {
    if (this.#sorted !== null) return this.#search(this.#sorted, key, at, length)
    let slot = hash(key, at, length) & this.#mask
    for (let steps = 0; steps < FIND_STEPS_MAX; steps++) {
      const n = this.#slots[slot]! - 1
      if (n < 0 || this.#compare(n, key, at, length) === 0) return n
      slot = (slot + 1) & this.#mask
    }
    return this.#search(this.#sort(), key, at, length)
  }

  /** Where the key of a member begins in the text; it ends two bytes before the value. */
  keyStart(n: number): number {
    return this.t[n]! - 2 - keyLength(this.#words!, this.i[n]!)
  }

  #size(count: number): void {
    if (count > this.i.length) {
      const room = Math.max(count, this.i.length * 2)
      this.i = new Int32Array(room)
      this.t = new Int32Array(room)
      this.last = new Int32Array(room)
    }
    let slots = 8
    while (slots < count * 2) slots *= 2
    if (slots > this.#slots.length) this.#slots = new Int32Array(slots)
    else this.#slots.fill(0, 0, slots)
    this.#mask = slots - 1
  }

  #fill(): boolean {
    const text = this.#text!
    let steps = this.count * STEPS_PER_MEMBER + STEPS_FREE
    for (let n = 0; n < this.count; n++) {
      const length = keyLength(this.#words!, this.i[n]!)
      const at = this.t[n]! - 2 - length
      let slot = hash(text, at, length) & this.#mask
      for (;;) {
        const other = this.#slots[slot]! - 1
        if (other < 0) {
          this.#slots[slot] = n + 1
          break
        }
        if (this.#compare(other, text, at, length) === 0) {
          this.last[other] = n
          this.last[n] = -1
          this.repeated++
          break
        }
        if (--steps < 0) return false
        slot = (slot + 1) & this.#mask
      }
    }
    return true
  }

  #sort(): number[] {
    const text = this.#text!
    const sorted = Array.from({ length: this.count }, (_, n) => n)
    sorted.sort((a, b) => this.#compare(a, text, this.keyStart(b), keyLength(this.#words!, this.i[b]!)) || a - b)
    this.repeated = 0
    for (let k = 0, first = 0; k < sorted.length; k++) {
      const n = sorted[k]!
      const head = sorted[first]!
      this.last[n] = n
      if (k > 0 && this.#compare(head, text, this.keyStart(n), keyLength(this.#words!, this.i[n]!)) === 0) {
        this.last[head] = n
        this.last[n] = -1
        this.repeated++
      } else first = k
    }
    this.#sorted = sorted
    return sorted
  }

  #search(sorted: number[], key: Buffer, at: number, length: number): number {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(sorted[middle]!, key, at, length) < 0) low = middle + 1
      else high = middle
    }
    return low < sorted.length && this.#compare(sorted[low]!, key, at, length) === 0 ? sorted[low]! : -1
  }

  /** Order the key of a member against another: by length, then by bytes. */
  #compare(n: number, key: Buffer, at: number, length: number): number {
    const own = keyLength(this.#words!, this.i[n]!)
    if (own !== length) return own - length
    const text = this.#text!
    const start = this.t[n]! - 2 - own
    for (let k = 0; k < length; k++) if (text[start + k] !== key[at + k]) return text[start + k]! - key[at + k]!
    return 0
  }
}

function hash(key: Buffer, at: number, length: number): number {
  let h = length
  for (let k = at; k < at + length; k++) h = Math.imul(h ^ key[k]!, 16777619)
  return h ^ (h >>> 15)
}
