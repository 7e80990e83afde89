/* Elements -- how the pieces of a big collection are written: the member of a set, the field of a hash, the member of a sorted
 * set with its score, the node of a list. */

import { Range } from '../base/bytes.ts'
import type { Address } from '../memory/arena.ts'
import type { Elements, TableView } from './big.ts'
import { CONTAINER, TYPE } from './rdb/format.ts'
import type { ListpackBuilder } from './rdb/listpack.ts'
import type { RdbWriter } from './rdb/writer.ts'

/** A node whose only element is larger has no listpack. */
const NODE_BYTES_MAX = 8192

export interface SetTable extends TableView {
  entry(place: number, out: Range): Range
}
export interface ZsetTable extends TableView {
  entry(place: number, out: Range): number
}
export interface HashTable extends TableView {
  readonly firstDeadline: number
  readonly times: { readonly holder: Address; bind(holder: Address): void; of(record: Address): number }
  entry(place: number, field: Range, value: Range): void
}

/** Writes the elements of one collection in their form in a file. */
export class ElementWriter implements Elements {
  readonly #type: number
  readonly #view: TableView | null
  readonly #listpack: ListpackBuilder
  /** The earliest deadline of a hash's fields, to which the others are relative. */
  readonly #least: number
  readonly #first = new Range()
  readonly #second = new Range()

  constructor(type: number, view: TableView | null, listpack: ListpackBuilder) {
    this.#type = type
    this.#view = view
    this.#listpack = listpack
    this.#least = type === TYPE.hashTimes ? (view as HashTable).firstDeadline : 0
  }

  head(writer: RdbWriter, count: number): void {
    if (this.#type === TYPE.hashTimes) writer.milliseconds(this.#least)
    writer.length(count)
  }

  element(writer: RdbWriter, place: number): void {
    const first = this.#first
    if (this.#type === TYPE.set) writer.string((this.#view as SetTable).entry(place, first))
    else if (this.#type === TYPE.zset) {
      const score = (this.#view as ZsetTable).entry(place, first)
      writer.string(first)
      writer.double(score)
    } else {
      const view = this.#view as HashTable
      if (this.#type === TYPE.hashTimes) {
        view.times.bind(view.times.holder)
        const deadline = view.times.of(view.dict.at(place))
        writer.length(deadline === 0 ? 0 : Math.max(1, deadline - this.#least + 1))
      }
      view.entry(place, first, this.#second)
      writer.string(first)
      writer.string(this.#second)
    }
  }

  close(): boolean {
    return false
  }

  release(): void {}

  /** A node of a list, whose elements `next` gives. */
  node(writer: RdbWriter, count: number, next: () => Range): void {
    const only = next()
    if (count === 1 && only.length > NODE_BYTES_MAX) {
      writer.length(CONTAINER.plain)
      writer.string(only)
      return
    }
    const listpack = this.#listpack.begin()
    listpack.bytes(only)
    for (let i = 1; i < count; i++) listpack.bytes(next())
    writer.length(CONTAINER.packed)
    writer.string(listpack.finish(this.#first))
  }
}
