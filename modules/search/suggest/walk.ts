/* Walk -- through a trie in the order of the bytes of its folded texts, from behind any text on.
 *
 *      after "bern"          "b"                  waiting, the next one last:  "oston"  "lin"
 *                           /   \
 *                        "er"   "oston"           children that begin with a greater byte than the text goes on with,
 *                       /    \                    and all that are below the text
 *                    "lin"   "n" <- here
 *
 * The place is a text and not a node, so the tree may change between two walks.
 *
 *   start O(length + children on the way)     next O(children of the nodes that are passed) */

import type { Address } from 'redstrata/module'
import { TEXT_BYTES_MAX, type Trie } from './trie.ts'

/** A walk through the tree at which a lens points. */
export class TrieWalk {
  /** The node at hand, which has entries. */
  node: Address = 0
  readonly #trie: Trie
  /** Bytes of the text at hand. */
  readonly #text = Buffer.from(new Uint8Array(TEXT_BYTES_MAX))
  #length = 0
  /** Nodes that are to be visited, the next one last, and how long the texts above them are. */
  readonly #nodes: Address[] = []
  readonly #lengths: number[] = []

  constructor(trie: Trie) {
    this.#trie = trie
  }

  /** The folded text at hand, valid until the next step. */
  get name(): Buffer {
    return this.#text.subarray(0, this.#length)
  }

  /** Begin behind a folded text, or with the first one. */
  start(after: Buffer | null): void {
    const trie = this.#trie
    this.#nodes.length = this.#lengths.length = 0
    let node = trie.top
    if (after === null) {
      this.#push(node, 0)
      return
    }
    after.copy(this.#text)
    let length = 0
    for (;;) {
      const byte = length < after.length ? after[length]! : -1
      this.#pushChildren(node, length, byte)
      const child = byte < 0 ? 0 : this.#childOf(node, byte)
      if (child === 0) return
      const label = trie.labelLength(child)
      let same = 1
      while (same < label && length + same < after.length && trie.labelByte(child, same) === after[length + same])
        same++
      if (same < label) {
        // It leaves the text inside the label: all of it comes before the text, or behind.
        if (length + same === after.length || trie.labelByte(child, same) > after[length + same]!)
          this.#push(child, length)
        return
      }
      length += label
      node = child
    }
  }

  /** Go to the next text; false at the end. */
  next(): boolean {
    const trie = this.#trie
    for (let node = this.#nodes.pop(); node !== undefined; node = this.#nodes.pop()) {
      let length = this.#lengths.pop()!
      for (let i = 0, label = trie.labelLength(node); i < label; i++) this.#text[length++] = trie.labelByte(node, i)
      this.#pushChildren(node, length, -1)
      if (trie.entries(node) === 0) continue
      this.node = node
      this.#length = length
      return true
    }
    return false
  }

  #push(node: Address, length: number): void {
    this.#nodes.push(node)
    this.#lengths.push(length)
  }

  /** Let the children that begin with a greater byte wait, in their order: each is put in among those of its parent. */
  #pushChildren(parent: Address, length: number, byte: number): void {
    const trie = this.#trie
    const nodes = this.#nodes
    const bottom = nodes.length
    for (let i = 0, count = trie.childCount(parent); i < count; i++) {
      const child = trie.child(parent, i)
      const first = trie.labelByte(child, 0)
      if (first <= byte) continue
      this.#push(child, length)
      let at = nodes.length - 1
      for (; at > bottom && trie.labelByte(nodes[at - 1]!, 0) < first; at--) nodes[at] = nodes[at - 1]!
      nodes[at] = child
    }
  }

  #childOf(parent: Address, byte: number): Address {
    const trie = this.#trie
    for (let i = 0, count = trie.childCount(parent); i < count; i++) {
      const child = trie.child(parent, i)
      if (trie.labelByte(child, 0) === byte) return child
    }
    return 0
  }
}
