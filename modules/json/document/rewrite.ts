/* Rewrite -- many changes in one pass.
 *
 * Changing a thousand places one by one would move the rest of the document a thousand times. Here the document is
 * copied once into a draft, and each change is made when the value it concerns has just been copied, while nothing
 * lies behind it:
 *
 *   targets      [1,[2],3]                    copy [1,[2      then ]      change [2]      copy ,3]     change the outer array
 *                ^  ^
 *
 * So inner values change before the ones around them, as in the real module, and a change costs what it changes. Runs of
 * children without a target are copied whole.
 *
 *   rewrite O(document + changes) */

import { DIRECTORY_MIN } from './directory.ts'
import { copyWithKey, remakeDirectory, wordsWithKey } from './edit.ts'
import {
  ARRAY,
  countOf,
  DOCUMENT_DEPTH_MAX,
  firstChild,
  KIND_MASK,
  keyLength,
  OBJECT,
  openContainer,
  spanOf,
  textLength,
} from './node.ts'
import { Trail, type Tree } from './tree.ts'

/** What happens at a target. */
export interface Change {
  /** Take something else instead of the value: it, and what it holds, is not copied. Targets inside it are passed over. */
  readonly instead: boolean
  /**
   * Change the trail's last value, which ends the tree; or, instead of copying it, answer through `putValue`.
   * @param n the target's number
   */
  apply(tree: Tree, trail: Trail, n: number): void
}

export class Rewriter {
  readonly #trail: Trail = new Trail()
  #from!: Tree
  #to!: Tree
  #targets: Int32Array = new Int32Array(0)
  #numbers: Int32Array = new Int32Array(0)
  #next = 0
  #count = 0
  #change!: Change
  #key = 0
  /** Containers around the value that is being copied. */
  #depth = 0
  #depthMax = 0
  #tooDeep = false

  /**
   * Copy a document into an empty draft and change it on the way.
   * @param targets first words of the values to change, relative to the document and ascending; the same one may come twice
   * @param numbers what each target is called when it is handed to the change
   * @param nesting how deep what a change adds nests in place of its target
   * @returns whether all stays within the depth of a document; if not, the draft holds nothing of use
   */
  rewrite(
    from: Tree,
    to: Tree,
    targets: Int32Array,
    numbers: Int32Array,
    count: number,
    change: Change,
    nesting = 0,
  ): boolean {
    this.#from = from
    this.#to = to
    this.#targets = targets
    this.#numbers = numbers
    this.#count = count
    this.#next = 0
    this.#change = change
    this.#depth = 0
    this.#depthMax = DOCUMENT_DEPTH_MAX - nesting
    this.#tooDeep = false
    this.#copy(from.first, from.start)
    return !this.#tooDeep
  }

  /** Put a value of another tree where the one that is replaced would have come. Its key has been copied. */
  putValue(from: Tree, fi: number, ft: number): void {
    const to = this.#to
    const source = from.first + fi
    const words = wordsWithKey(from.words, source, this.#key)
    to.reserve(words, 0)
    copyWithKey(from.words, source, to.words, to.wordEnd, this.#key)
    to.wordEnd += words
    to.putText(from.text, from.start + ft, textLength(from.words, source))
  }

  /** Copy the value at a place of the document, words and text, changing what is a target. */
  #copy(i: number, t: number): void {
    const { words, text, first } = this.#from
    const target = this.#next
    while (this.#next < this.#count && this.#targets[this.#next]! + first === i) this.#next++
    const own = this.#next - target
    if (own > 0 && this.#depth > this.#depthMax) this.#tooDeep = true
    const change = this.#change
    const end = i + spanOf(words, i)
    if (own > 0 && change.instead) {
      while (this.#next < this.#count && this.#targets[this.#next]! + first < end) this.#next++
      this.#key = keyLength(words, i)
      change.apply(this.#to, this.#trail.clear(), this.#numbers[target]!)
      return
    }
    const to = this.#to
    const at = to.wordEnd - to.first
    const start = to.textEnd - to.start
    if (this.#next < this.#count && this.#targets[this.#next]! + first < end) this.#copyContainer(i, t)
    else {
      to.putWords(words, i, end - i)
      to.putText(text, t, textLength(words, i))
    }
    for (let k = target; k < target + own; k++) {
      this.#trail.clear().push(at, start)
      change.apply(to, this.#trail, this.#numbers[k]!)
    }
  }

  #copyContainer(i: number, t: number): void {
    const from = this.#from
    const to = this.#to
    const { words, text } = from
    const kind = words[i]! & KIND_MASK
    const at = to.wordEnd - to.first
    const start = to.textEnd - to.start
    to.reserve(8, 0)
    to.wordEnd += openContainer(to.words, to.wordEnd, kind, keyLength(words, i))
    to.putText(text, t, 1)
    this.#depth++
    this.#copyChildren(i, t, kind)
    this.#depth--
    to.putText(text, t + textLength(words, i) - 1, 1)
    const c = to.first + at
    to.words[c + 1] = to.textEnd - to.start - start
    to.words[c + 2] = to.wordEnd - to.first - at
    to.words[c + 3] = countOf(words, i)
    if (kind === ARRAY && to.words[c + 3]! >= DIRECTORY_MIN) {
      this.#trail.clear().push(at, start)
      remakeDirectory(to, this.#trail, 0)
    }
  }

  /** Copy the children of a container: runs without a target whole, the others one by one. */
  #copyChildren(i: number, t: number, kind: number): void {
    const { words, text, first } = this.#from
    const to = this.#to
    let child = firstChild(words, i)
    let p = t + 1
    let run = child
    let runText = p
    for (let left = countOf(words, i); left > 0; left--) {
      const lead = kind === OBJECT ? keyLength(words, child) + 3 : 0
      const end = child + spanOf(words, child)
      const textEnd = p + lead + textLength(words, child)
      if (this.#next < this.#count && this.#targets[this.#next]! + first < end) {
        to.putWords(words, run, child - run)
        to.putText(text, runText, p + lead - runText)
        this.#copy(child, p + lead)
        run = end
        runText = textEnd
      }
      child = end
      p = textEnd + 1
    }
    to.putWords(words, run, child - run)
    to.putText(text, runText, p - 1 - runText)
  }
}
