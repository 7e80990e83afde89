/* Spares -- objects that the next query can use.
 *
 * Arrays outside the heap are dear to make, and dearer to collect: thousands of small queries a second would keep the
 * collector busy with nothing else. So what holds such arrays is taken from here, and given back when the query ends. What
 * is not given back is merely collected. */

/** Objects of one kind that nobody uses. */
export class Spares<T> {
  readonly #make: () => T
  readonly #most: number
  readonly #free: T[] = []

  /** @param most how many are kept. */
  constructor(make: () => T, most: number) {
    this.#make = make
    this.#most = most
  }

  /** One to use. It is as its last user left it. */
  take(): T {
    return this.#free.pop() ?? this.#make()
  }

  /** Give one back, and look at it no more. */
  give(object: T): void {
    if (this.#free.length < this.#most) this.#free.push(object)
  }
}
