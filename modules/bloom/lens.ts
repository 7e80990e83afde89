/* Lens -- one sketch at a time, seen through the block at its root.
 *
 * A sketch is a tree of arena blocks whose root never moves, so the value of a key is one address. A lens is pointed at a
 * root and then reads and writes its numbers by their place: 32-bit words, and doubles, which count two words each. There is one
 * lens for a kind of sketch and a level of command, not one for a key. The five kinds have a lens and are none: were they made of it,
 * its functions would meet five kinds of objects, more than V8 tells apart.
 *
 * The arrays over the root's slab are kept from `at` on. They stay right as long as the root lives, and nobody uses a lens on a
 * root that is gone. */
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

export class RootLens {
  readonly #memory: Memory
  #address: Address = 0
  #words: Int32Array = NO_WORDS
  #fields: Float64Array = NO_FIELDS
  /** Index of the root's first double. */
  #base = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Where the root lies that is looked at. */
  get address(): Address {
    return this.#address
  }

  /** Look at the root that lies there. */
  at(root: Address): void {
    const slab = root >>> SLAB_BITS
    const words = this.#memory.i32[slab]!
    // Storing references costs more than seeing that they are there already.
    if (this.#address === root && this.#words === words) return
    this.#address = root
    this.#words = words
    this.#fields = this.#memory.f64[slab]!
    this.#base = root & UNIT_MASK
  }

  word(i: number): number {
    return this.#words[this.#base * 2 + i]!
  }

  setWord(i: number, value: number): void {
    this.#words[this.#base * 2 + i] = value
  }

  field(i: number): number {
    return this.#fields[this.#base + i]!
  }

  setField(i: number, value: number): void {
    this.#fields[this.#base + i] = value
  }
}

const NO_WORDS = new Int32Array(0)
const NO_FIELDS = new Float64Array(0)
