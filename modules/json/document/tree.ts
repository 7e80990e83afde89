/* Tree -- the words and the text of values, where they are kept and how they grow.
 *
 * A stored document is one block of the arena. Its first word says where the text begins, so that the words may have
 * room to grow in front of it, as the text has behind it:
 *
 *   | text offset | words of the root value … | room | text of the root value … | room |
 *                 first                wordEnd       start                textEnd
 *
 * A draft is the same thing while it is made: values are added one behind the other, words and text in blocks of their
 * own, and nothing says where one value ends but the value itself. Every edit works on either.
 *
 * Positions handed to and kept by others are relative to `first` and `start`, because growing moves the block.
 *
 *   open O(1)   splice O(bytes behind the place), plus O(1) for each container around it
 *
 * Invariants: wordEnd <= start / 4 in a document; a document's words are exactly the root's, and so is its text.
 * Small documents have no room but what their size class leaves; from 4 KB on an eighth is left free when they grow. */

import {
  ACCOUNT,
  type Account,
  type Address,
  ArenaFull,
  copyBytes,
  Memory,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { shiftDirectory } from './directory.ts'
import { DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, INDEXED, spanOf, textLength } from './node.ts'

const NO_WORDS: Int32Array = new Int32Array(0)
const NO_TEXT: Buffer = Buffer.from('')
const ROOMY_BYTES = 4096
/** A draft that grew beyond this gives its memory back when it is trimmed. */
const DRAFT_KEPT_BYTES = 1 << 20

/** The containers from the root down to a value, and the value last: positions relative to the tree. */
export class Trail {
  depth = 0
  readonly i: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)
  readonly t: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)

  clear(): Trail {
    this.depth = 0
    return this
  }

  push(i: number, t: number): void {
    this.i[this.depth] = i
    this.t[this.depth++] = t
  }
}

export class Tree {
  readonly memory: Memory
  readonly account: Account
  words: Int32Array = NO_WORDS
  text: Buffer = NO_TEXT
  /** Index of the first word and position of the first byte of text. */
  first = 0
  start = 0
  /** Where the used words and the used text end. */
  wordEnd = 0
  textEnd = 0
  /** The block of a document; the words' block of a draft. 0 when there is none. */
  address: Address = 0
  /** Who keeps a document's address: told the moment it moves, so that no failure behind a move loses it. */
  holder: { address: Address } | null = null

  readonly #draft: boolean
  #textAddress: Address = 0
  #wordLimit = 0
  #textLimit = 0

  private constructor(memory: Memory, account: Account, draft: boolean) {
    this.memory = memory
    this.account = account
    this.#draft = draft
  }

  /** A tree to open documents of the dataset with. */
  static forDocuments(memory: Memory): Tree {
    return new Tree(memory, ACCOUNT.dataset, false)
  }

  /** An empty draft. */
  static draft(memory: Memory): Tree {
    return new Tree(memory, ACCOUNT.overhead, true)
  }

  /** Look at the document in a block. Returns itself. @param holder who keeps the address, when it may be changed */
  open(address: Address, holder: { address: Address } | null = null): Tree {
    const words = this.memory.i32[address >>> SLAB_BITS]!
    const base = (address & UNIT_MASK) << 1
    this.holder = holder
    this.address = address
    this.words = words
    this.text = this.memory.u8[address >>> SLAB_BITS]!
    this.first = base + 1
    this.start = (base << 2) + words[base]!
    this.wordEnd = this.first + spanOf(words, this.first)
    this.textEnd = this.start + textLength(words, this.first)
    return this
  }

  /** Where a document's text begins, in bytes of its block. */
  get textAt(): number {
    return this.start - ((this.address & UNIT_MASK) << 3)
  }

  /** A document's text is about to change from one place to another: a snapshot may need what it says. */
  #tell(from: number, to: number): void {
    const { guard } = this.memory
    if (guard !== null && !this.#draft) guard.stretch(this.address, this.textAt + from, this.textAt + to)
  }

  /** Words that a draft has room for without growing. */
  get wordRoom(): number {
    return this.#wordLimit - this.wordEnd
  }

  /** Make room for so many more words and bytes. Positions relative to the tree stay good, others do not. */
  reserve(words: number, bytes: number): void {
    if (this.#draft) {
      if (this.wordEnd + words > this.#wordLimit) this.#growWords(words)
      if (this.textEnd + bytes > this.#textLimit) this.#growText(bytes)
      return
    }
    const end = ((this.address & UNIT_MASK) << 3) + this.memory.sizeOf(this.address)
    if (this.wordEnd + words > this.start >>> 2 || this.textEnd + bytes > end) this.#layOut(words, bytes)
  }

  /** Give a draft's memory back if it became large. */
  trim(): void {
    if ((this.#wordLimit - this.first) * 4 + (this.#textLimit - this.start) > DRAFT_KEPT_BYTES) this.release()
  }

  /** Drop what a draft holds. */
  clear(): Tree {
    this.wordEnd = this.first
    this.textEnd = this.start
    return this
  }

  /** Give a draft's memory back. */
  release(): void {
    if (this.address !== 0) this.memory.free(this.account, this.address)
    if (this.#textAddress !== 0) this.memory.free(this.account, this.#textAddress)
    this.address = this.#textAddress = 0
    this.words = NO_WORDS
    this.text = NO_TEXT
    this.first = this.wordEnd = this.#wordLimit = 0
    this.start = this.textEnd = this.#textLimit = 0
  }

  /** Give a document's block back when half of it or more is free. */
  settle(): void {
    const used = 4 + (this.wordEnd - this.first) * 4 + (this.textEnd - this.start)
    if (Memory.sizeFor(used) * 2 <= this.memory.sizeOf(this.address)) this.#move(0, 0)
  }

  /** Put one byte of text at the end. Room must have been reserved. */
  putByte(byte: number): void {
    this.text[this.textEnd++] = byte
  }

  /** Put text at the end, and make the room for it. */
  putText(from: Buffer, at: number, length: number): void {
    this.reserve(0, length)
    copyBytes(from, at, this.text, this.textEnd, length)
    this.textEnd += length
  }

  /** Put words at the end, and make the room for them. */
  putWords(from: Int32Array, at: number, count: number): void {
    this.reserve(count, 0)
    copyWords(from, at, this.words, this.wordEnd, count)
    this.wordEnd += count
  }

  /**
   * Replace words and text: `out` of each go, room for `in` of each is left for the caller to fill. The first `depth`
   * containers of the trail reach around the place and learn their new sizes. Positions are relative.
   */
  splice(
    trail: Trail,
    depth: number,
    wordAt: number,
    wordsOut: number,
    wordsIn: number,
    textAt: number,
    textOut: number,
    textIn: number,
  ): void {
    const moreWords = wordsIn - wordsOut
    const moreText = textIn - textOut
    if (moreWords === 0 && moreText === 0) {
      this.#tell(textAt, textAt + textOut)
      return
    }
    this.reserve(Math.max(0, moreWords), Math.max(0, moreText))
    this.#tell(textAt, moreText === 0 ? textAt + textOut : this.textEnd - this.start)
    const words = this.words
    const { first, start } = this
    if (moreWords !== 0) {
      const from = first + wordAt + wordsOut
      if (from < this.wordEnd) words.copyWithin(from + moreWords, from, this.wordEnd)
      this.wordEnd += moreWords
    }
    if (moreText !== 0) {
      const from = start + textAt + textOut
      if (from < this.textEnd) this.text.copyWithin(from + moreText, from, this.textEnd)
      this.textEnd += moreText
    }
    for (let k = 0; k < depth; k++) {
      const c = first + trail.i[k]!
      words[c + 1]! += moreText
      words[c + 2]! += moreWords
      if ((words[c]! & INDEXED) !== 0) shiftDirectory(words, c, wordAt - trail.i[k]!, moreWords, moreText)
    }
  }

  #growWords(more: number): void {
    const used = this.wordEnd - this.first
    const words = Math.max(used + more, 128, Math.ceil(used * 1.5))
    const address = this.memory.block(this.account, words * 4)
    const view = this.memory.i32[address >>> SLAB_BITS]!
    const first = (address & UNIT_MASK) << 1
    copyWords(this.words, this.first, view, first, used)
    if (this.address !== 0) this.memory.free(this.account, this.address)
    this.address = address
    this.words = view
    this.first = first
    this.wordEnd = first + used
    this.#wordLimit = first + (this.memory.sizeOf(address) >>> 2)
  }

  #growText(more: number): void {
    const used = this.textEnd - this.start
    if (used + more > DOCUMENT_BYTES_MAX) throw new ArenaFull(used + more)
    const address = this.memory.block(this.account, Math.max(used + more, 512, Math.ceil(used * 1.5)))
    const view = this.memory.u8[address >>> SLAB_BITS]!
    const start = (address & UNIT_MASK) << 3
    copyBytes(this.text, this.start, view, start, used)
    if (this.#textAddress !== 0) this.memory.free(this.account, this.#textAddress)
    this.#textAddress = address
    this.text = view
    this.start = start
    this.textEnd = start + used
    this.#textLimit = start + this.memory.sizeOf(address)
  }

  /** Room in a document: from what the block has left if that is enough, otherwise in a larger block. */
  #layOut(words: number, bytes: number): void {
    const usedWords = this.wordEnd - this.first
    const usedText = this.textEnd - this.start
    const need = 4 + (usedWords + words) * 4 + usedText + bytes
    const size = this.memory.sizeOf(this.address)
    if (need > size) {
      const roomy = need > ROOMY_BYTES
      this.#move(words + (roomy ? usedWords >>> 3 : 0), bytes + (roomy ? usedText >>> 3 : 0))
      return
    }
    const offset = 4 + (usedWords + words + ((size - need) >>> 3)) * 4
    const start = ((this.address & UNIT_MASK) << 3) + offset
    this.#tell(0, usedText)
    this.text.copyWithin(start, this.start, this.textEnd)
    this.words[this.first - 1] = offset
    this.start = start
    this.textEnd = start + usedText
  }

  /** Move a document to a block with so many words and bytes of room. */
  #move(words: number, bytes: number): void {
    const old = this.address
    const usedWords = this.wordEnd - this.first
    const usedText = this.textEnd - this.start
    if (usedText + bytes > DOCUMENT_BYTES_MAX) throw new ArenaFull(usedText + bytes)
    const offset = 4 + (usedWords + words) * 4
    const address = this.memory.block(this.account, offset + usedText + bytes)
    const view = this.memory.i32[address >>> SLAB_BITS]!
    const text = this.memory.u8[address >>> SLAB_BITS]!
    const base = (address & UNIT_MASK) << 1
    view[base] = offset
    copyWords(this.words, this.first, view, base + 1, usedWords)
    copyBytes(this.text, this.start, text, (base << 2) + offset, usedText)
    this.#became(address)
    this.memory.free(this.account, old)
  }

  /** Put the value at a place of another tree in place of the whole document. */
  replace(from: Tree, i: number, t: number): void {
    const words = spanOf(from.words, from.first + i)
    const bytes = textLength(from.words, from.first + i)
    const offset = 4 + words * 4
    // While a snapshot is written, it takes the old text over as it is.
    if (this.memory.guard !== null || Memory.sizeFor(offset + bytes) !== this.memory.sizeOf(this.address)) {
      const old = this.address
      this.#became(storeDocument(this.memory, from, i, t))
      this.memory.free(this.account, old)
      return
    }
    this.words[this.first - 1] = offset
    copyWords(from.words, from.first + i, this.words, this.first, words)
    copyBytes(from.text, from.start + t, this.text, (this.first - 1) * 4 + offset, bytes)
    this.open(this.address, this.holder)
  }

  #became(address: Address): void {
    if (this.holder !== null) this.holder.address = address
    this.open(address, this.holder)
  }
}

/** Copy words that do not overlap. Short pieces go one by one, because a call into the runtime costs more. */
export function copyWords(from: Int32Array, at: number, to: Int32Array, toAt: number, count: number): void {
  if (count > 128) {
    to.set(from.subarray(at, at + count), toAt)
    return
  }
  for (let k = 0; k < count; k++) to[toAt + k] = from[at + k]!
}

/** Store the value at a place of a tree as a document of its own, without its key. Returns its block. */
export function storeDocument(memory: Memory, from: Tree, i: number, t: number): Address {
  const { words, text } = from
  const at = from.first + i
  const span = spanOf(words, at)
  const length = textLength(words, at)
  const offset = 4 + span * 4
  const address = memory.block(ACCOUNT.dataset, offset + length)
  const base = (address & UNIT_MASK) << 1
  const view = memory.i32[address >>> SLAB_BITS]!
  view[base] = offset
  copyWords(words, at, view, base + 1, span)
  copyBytes(text, from.start + t, memory.u8[address >>> SLAB_BITS]!, (base << 2) + offset, length)
  return address
}
