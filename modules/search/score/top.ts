/* Top -- the best documents of many, without keeping the others.
 *
 * A heap of the best so far, the worst of them on top; a newcomer that is no better than it costs one comparison:
 *
 *      keep 3:   worst -> 0.4/9        0.3 comes: dropped      0.7/12 comes: takes the place of 0.4/9 and sinks
 *                        /     \
 *                   0.9/2       0.6/5
 *
 * Of equal keys the earlier document is better, or the later one when sorting downwards. Room grows with what is kept,
 * not with what is asked for: LIMIT 0 1000000 of ten matches holds ten.
 *
 *   push O(1) mostly, O(log k) when kept     take O(k log k) */

const ROOM_MIN = 16
/** Room that is kept from one use to the next. */
const ROOM_KEPT = 1 << 12

/** The best documents by a number, greatest first. */
export class Top {
  #keep: number
  #laterFirst: boolean
  #keys = new Float64Array(ROOM_MIN)
  #documents = new Int32Array(ROOM_MIN)
  count = 0

  /** @param keep how many; @param laterFirst which of equals is better. */
  constructor(keep: number, laterFirst = false) {
    this.#keep = keep
    this.#laterFirst = laterFirst
  }

  /** Forget all, and begin anew. Returns itself. */
  begin(keep: number, laterFirst = false): this {
    if (this.#keys.length > ROOM_KEPT) {
      this.#keys = new Float64Array(ROOM_MIN)
      this.#documents = new Int32Array(ROOM_MIN)
    }
    this.#keep = keep
    this.#laterFirst = laterFirst
    this.count = 0
    return this
  }

  /** The key that a newcomer must reach: -Infinity until there are enough. */
  get least(): number {
    return this.count < this.#keep ? -Infinity : this.#keep === 0 ? Infinity : this.#keys[0]!
  }

  /** The document that a newcomer with the least key must come before; none when there is room. */
  get leastDocument(): number {
    return this.count < this.#keep || this.#keep === 0 ? Infinity : this.#documents[0]!
  }

  /** Offer a document. */
  push(key: number, document: number): void {
    if (this.count < this.#keep) {
      this.#add(key, document)
      return
    }
    if (this.count === 0 || !this.#isWorse(this.#keys[0]!, this.#documents[0]!, key, document)) return
    this.#sink(0, key, document)
  }

  /** Whether (a, x) is worse than (b, y). */
  #isWorse(a: number, x: number, b: number, y: number): boolean {
    if (a !== b) return a < b
    return this.#laterFirst ? x < y : x > y
  }

  #add(key: number, document: number): void {
    if (this.count === this.#keys.length) {
      const keys = new Float64Array(this.count * 2)
      keys.set(this.#keys)
      this.#keys = keys
      const documents = new Int32Array(this.count * 2)
      documents.set(this.#documents)
      this.#documents = documents
    }
    let at = this.count++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isWorse(key, document, this.#keys[parent]!, this.#documents[parent]!)) break
      this.#keys[at] = this.#keys[parent]!
      this.#documents[at] = this.#documents[parent]!
      at = parent
    }
    this.#keys[at] = key
    this.#documents[at] = document
  }

  #sink(at: number, key: number, document: number): void {
    const keys = this.#keys
    const documents = this.#documents
    for (;;) {
      let child = at * 2 + 1
      if (child >= this.count) break
      const next = child + 1
      if (next < this.count && this.#isWorse(keys[next]!, documents[next]!, keys[child]!, documents[child]!))
        child = next
      if (!this.#isWorse(keys[child]!, documents[child]!, key, document)) break
      keys[at] = keys[child]!
      documents[at] = documents[child]!
      at = child
    }
    keys[at] = key
    documents[at] = document
  }

  /** Take the documents out: best first, without the first `skip`, which stay, and their keys. */
  take(skip: number): { documents: number[]; keys: number[] } {
    const keys: number[] = []
    const documents: number[] = []
    // The worst leaves the heap first.
    for (let left = this.count; left > skip; left = this.count) {
      keys.push(this.#keys[0]!)
      documents.push(this.#documents[0]!)
      this.count = left - 1
      if (left > 1) this.#sink(0, this.#keys[left - 1]!, this.#documents[left - 1]!)
    }
    return { documents: documents.reverse(), keys: keys.reverse() }
  }
}

/** The first documents by keys of any kind: `compare` is negative when the first key comes first. */
export class TopBy<K> {
  readonly #keep: number
  readonly #laterFirst: boolean
  readonly #compare: (a: K, b: K) => number
  readonly #keys: K[] = []
  readonly #documents: number[] = []

  constructor(keep: number, laterFirst: boolean, compare: (a: K, b: K) => number) {
    this.#keep = keep
    this.#laterFirst = laterFirst
    this.#compare = compare
  }

  /** Whether (a, x) comes behind (b, y). */
  #isBehind(a: K, x: number, b: K, y: number): boolean {
    const order = this.#compare(a, b)
    if (order !== 0) return order > 0
    return this.#laterFirst ? x < y : x > y
  }

  /** Offer a document. */
  push(key: K, document: number): void {
    const documents = this.#documents
    if (documents.length < this.#keep) this.#add(key, document)
    else if (documents.length > 0 && this.#isBehind(this.#keys[0]!, documents[0]!, key, document))
      this.#sink(key, document)
  }

  #add(key: K, document: number): void {
    const keys = this.#keys
    const documents = this.#documents
    keys.push(key)
    let at = documents.push(document) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBehind(key, document, keys[parent]!, documents[parent]!)) break
      keys[at] = keys[parent]!
      documents[at] = documents[parent]!
      at = parent
    }
    keys[at] = key
    documents[at] = document
  }

  #sink(key: K, document: number): void {
    const keys = this.#keys
    const documents = this.#documents
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= documents.length) break
      const next = child + 1
      if (next < documents.length && this.#isBehind(keys[next]!, documents[next]!, keys[child]!, documents[child]!))
        child = next
      if (!this.#isBehind(keys[child]!, documents[child]!, key, document)) break
      keys[at] = keys[child]!
      documents[at] = documents[child]!
      at = child
    }
    keys[at] = key
    documents[at] = document
  }

  /** The documents that are kept, in no order. */
  get documents(): readonly number[] {
    return this.#documents
  }

  /** The documents, first ones first, without the first `skip`, and their keys. */
  take(skip: number): { documents: number[]; keys: K[] } {
    const keys = this.#keys
    const documents = this.#documents
    const order = documents.map((_, i) => i)
    order.sort((a, b) => (this.#isBehind(keys[a]!, documents[a]!, keys[b]!, documents[b]!) ? 1 : -1))
    const taken = order.slice(skip)
    return { documents: taken.map(i => documents[i]!), keys: taken.map(i => keys[i]!) }
  }
}
