/* Heap -- the least first: distances with whom they are to, in two arrays that do not reach the garbage collector's eye.
 *
 * Slot i has its children at 2i+1 and 2i+2, none of which is less than it. What should have the greatest first is given
 * negated. Equal distances go by their value, so that the same data give the same answer.
 *
 *   push, pop O(log n)   top O(1) */

/** Pairs of a key and a value, the least key first. */
export class Heap {
  keys: Float64Array = new Float64Array(64)
  values: Int32Array = new Int32Array(64)
  size = 0

  clear(): void {
    this.size = 0
  }

  push(key: number, value: number): void {
    if (this.size === this.keys.length) this.#grow()
    const { keys, values } = this
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = keys[parent]!
      if (above < key || (above === key && values[parent]! <= value)) break
      keys[at] = above
      values[at] = values[parent]!
      at = parent
    }
    keys[at] = key
    values[at] = value
  }

  /** Take the least away. */
  pop(): void {
    const size = --this.size
    if (size > 0) this.#sink(this.keys[size]!, this.values[size]!, size)
  }

  /** Put a pair in the place of the least. */
  replace(key: number, value: number): void {
    this.#sink(key, value, this.size)
  }

  /** Let a pair sink from the top of the first `size` slots. */
  #sink(key: number, value: number, size: number): void {
    const { keys, values } = this
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      const other = child + 1
      if (
        other < size &&
        (keys[other]! < keys[child]! || (keys[other] === keys[child] && values[other]! < values[child]!))
      )
        child = other
      const below = keys[child]!
      if (key < below || (key === below && value <= values[child]!)) break
      keys[at] = below
      values[at] = values[child]!
      at = child
    }
    keys[at] = key
    values[at] = value
  }

  #grow(): void {
    const keys = new Float64Array(this.size * 2)
    keys.set(this.keys)
    this.keys = keys
    const values = new Int32Array(this.size * 2)
    values.set(this.values)
    this.values = values
  }
}

/** Keeps the `limit` least of what it is given; the greatest of those on top, negated. */
export class Nearest {
  readonly heap: Heap = new Heap()
  limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** What is farther away than this is not kept. */
  get bound(): number {
    return this.heap.size < this.limit ? Number.POSITIVE_INFINITY : -this.heap.keys[0]!
  }

  push(distance: number, value: number): void {
    const { heap } = this
    if (this.limit === 0) return
    if (heap.size < this.limit) heap.push(-distance, -value)
    else if (-distance > heap.keys[0]! || (-distance === heap.keys[0] && -value > heap.values[0]!))
      heap.replace(-distance, -value)
  }
}
