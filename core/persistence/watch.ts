/* Watch -- which blocks of memory a snapshot still needs, and whom to tell before one of them changes.
 *
 *      address      owner  place            owners   0   the leaves of a list
 *      0x5f2010       0     17                       1   the bytes of a long string
 *      0x60a400       1      0                       2   the chunks of a series
 *
 * A table with open addressing in three arrays of words, at most half full. What goes is filled from behind, so that a
 * look-up ends at the first empty slot. While a snapshot is written each change of a list, and each block that is freed
 * anywhere, asks here; nearly all of them are told that nobody cares. So a look-up touches one word and makes nothing.
 *
 *   add, remove, find O(1)    add many: reserve() first, one growth
 *
 * Invariant: an address stands in it once; a slot is empty exactly when its address is 0. */

import type { Address } from '../memory/arena.ts'

/** Part of a value that is written later, and must be told what happens to its blocks. */
export interface Watched {
  /** The block with this place in it is about to change. */
  block(place: number): void
  /** Bytes of it are, counted from the beginning of the block. */
  stretch(place: number, from: number, to: number): void
  /** It is about to be freed. True when the block is taken over, and will be freed here. */
  keeps(place: number): boolean
  /** A part of the value at this block is about to change; see SaveSink.parts. */
  part(name: Buffer): void
}

const SLOTS_MIN = 64
const HASH = 0x9e3779b1

export class Watch {
  count = 0
  #addresses: Int32Array = new Int32Array(SLOTS_MIN)
  #ownerOf: Int32Array = new Int32Array(SLOTS_MIN)
  #places: Int32Array = new Int32Array(SLOTS_MIN)
  /** The high bits of a product are the slot. */
  #shift = 26
  readonly #owners: (Watched | null)[] = []

  /** Take part in it. Returns the number under which blocks are added. */
  enter(owner: Watched): number {
    const free = this.#owners.indexOf(null)
    if (free >= 0) {
      this.#owners[free] = owner
      return free
    }
    return this.#owners.push(owner) - 1
  }

  /** Take part no more; all blocks were removed. */
  leave(owner: number): void {
    this.#owners[owner] = null
  }

  /** Make room for so many blocks more. */
  reserve(more: number): void {
    while ((this.count + more) * 2 > this.#addresses.length) this.#grow()
  }

  /** Watch a block, which is not watched yet. */
  add(block: Address, owner: number, place: number): void {
    this.reserve(1)
    this.#put(block, owner, place)
    this.count++
  }

  #put(block: Address, owner: number, place: number): void {
    const addresses = this.#addresses
    const mask = addresses.length - 1
    let slot = Math.imul(block, HASH) >>> this.#shift
    while (addresses[slot] !== 0) slot = (slot + 1) & mask
    addresses[slot] = block | 0
    this.#ownerOf[slot] = owner
    this.#places[slot] = place
  }

  #find(block: Address): number {
    const addresses = this.#addresses
    const mask = addresses.length - 1
    const wanted = block | 0
    for (let slot = Math.imul(block, HASH) >>> this.#shift; addresses[slot] !== 0; slot = (slot + 1) & mask)
      if (addresses[slot] === wanted) return slot
    return -1
  }

  /** Watch a block no more, if it was watched. */
  remove(block: Address): void {
    const addresses = this.#addresses
    const mask = addresses.length - 1
    let hole = this.#find(block)
    if (hole < 0) return
    this.count--
    for (let slot = (hole + 1) & mask; addresses[slot] !== 0; slot = (slot + 1) & mask) {
      const home = Math.imul(addresses[slot]!, HASH) >>> this.#shift
      // An entry may not move in front of the slot where its search begins.
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      addresses[hole] = addresses[slot]!
      this.#ownerOf[hole] = this.#ownerOf[slot]!
      this.#places[hole] = this.#places[slot]!
      hole = slot
    }
    addresses[hole] = 0
  }

  #grow(): void {
    const addresses = this.#addresses
    const owners = this.#ownerOf
    const places = this.#places
    this.#addresses = new Int32Array(addresses.length * 2)
    this.#ownerOf = new Int32Array(addresses.length * 2)
    this.#places = new Int32Array(addresses.length * 2)
    this.#shift--
    for (let slot = 0; slot < addresses.length; slot++)
      if (addresses[slot] !== 0) this.#put(addresses[slot]!, owners[slot]!, places[slot]!)
  }

  /** A block is about to change. */
  block(block: Address): void {
    const slot = this.#find(block)
    if (slot >= 0) this.#owners[this.#ownerOf[slot]!]!.block(this.#places[slot]!)
  }

  /** Some of its bytes are. */
  stretch(block: Address, from: number, to: number): void {
    const slot = this.#find(block)
    if (slot >= 0) this.#owners[this.#ownerOf[slot]!]!.stretch(this.#places[slot]!, from, to)
  }

  /** A part of the value at a block is. */
  part(block: Address, name: Buffer): void {
    const slot = this.#find(block)
    if (slot >= 0) this.#owners[this.#ownerOf[slot]!]!.part(name)
  }

  /** It is about to be freed. True when that must wait. */
  keeps(block: Address): boolean {
    const slot = this.#find(block)
    return slot >= 0 && this.#owners[this.#ownerOf[slot]!]!.keeps(this.#places[slot]!)
  }
}
