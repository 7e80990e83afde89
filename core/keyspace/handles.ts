/* Handles -- numbers for JavaScript objects that records refer to.
 *
 * A dense array with a free list threaded through it as numbers: a record's value word names an object for as long as the
 * key lives, and its number is used again afterwards. Only kinds that are few and large live here. */

export class Handles {
  #items: (object | number)[] = []
  #free = -1
  /** Objects held. */
  count = 0

  add(item: object): number {
    this.count++
    const handle = this.#free
    if (handle < 0) return this.#items.push(item) - 1
    this.#free = this.#items[handle] as number
    this.#items[handle] = item
    return handle
  }

  get(handle: number): object {
    return this.#items[handle] as object
  }

  set(handle: number, item: object): void {
    this.#items[handle] = item
  }

  remove(handle: number): void {
    this.count--
    this.#items[handle] = this.#free
    this.#free = handle
  }

  clear(): void {
    this.#items = []
    this.#free = -1
    this.count = 0
  }
}
