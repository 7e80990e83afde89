/* Select -- a container with some of its children taken out, in one pass.
 *
 * Which children stay, and in which order, is worked out on their ordinals:
 *
 *   an array     taking one out several times takes those behind it, as one index would that is used again
 *   an object    the last member fills each hole, one key after the other
 *
 * Then the container is put together anew in a draft and takes its own place. */

import { DIRECTORY_MIN } from './directory.ts'
import { remakeDirectory, removeElements, removeMember, replaceValue } from './edit.ts'
import { ARRAY, countOf, firstChild, KIND_MASK, keyLength, OBJECT, openContainer, spanOf, textLength } from './node.ts'
import { Trail, type Tree } from './tree.ts'

const COMMA = 0x2c

/** The ordinals that stay when those in `out` (ascending) are taken from an array of `count`. */
export function withoutElements(count: number, out: readonly number[]): number[] {
  const kept: number[] = []
  let k = out.length - 1
  for (let n = count - 1; n >= 0; n--) {
    kept.push(n)
    for (; k >= 0 && out[k] === n; k--) kept.pop()
  }
  return kept.reverse()
}

/** The ordinals that stay, in their new order, when members are taken from an object of `count` one after the other. */
export function withoutMembers(count: number, out: readonly number[]): number[] {
  const kept = Array.from({ length: count }, (_, n) => n)
  const slots = [...kept]
  for (const n of out) {
    const hole = slots[n]!
    if (hole < 0) continue
    slots[n] = -1
    const last = kept.pop()!
    if (hole === kept.length) continue
    kept[hole] = last
    slots[last] = hole
  }
  return kept
}

/** Let the trail's last value, a container, have only the children named, in that order. */
export function keepChildren(tree: Tree, trail: Trail, ordinals: readonly number[], draft: Tree): void {
  const { words, text } = tree
  const c = tree.first + trail.i[trail.depth - 1]!
  const t = tree.start + trail.t[trail.depth - 1]!
  const kind = words[c]! & KIND_MASK
  const [starts, texts] = childPlaces(words, c, t)
  draft.clear().reserve(8, 2)
  draft.wordEnd += openContainer(draft.words, draft.wordEnd, kind, 0)
  draft.putText(text, t, 1)
  ordinals.forEach((n, at) => {
    draft.reserve(0, 1)
    if (at > 0) draft.putByte(COMMA)
    const lead = kind === OBJECT ? keyLength(words, starts[n]!) + 3 : 0
    draft.putText(text, texts[n]! - lead, lead + textLength(words, starts[n]!))
    draft.putWords(words, starts[n]!, spanOf(words, starts[n]!))
  })
  draft.putText(text, t + textLength(words, c) - 1, 1)
  draft.words[draft.first + 1] = draft.textEnd - draft.start
  draft.words[draft.first + 2] = draft.wordEnd - draft.first
  draft.words[draft.first + 3] = ordinals.length
  if (kind === ARRAY && ordinals.length >= DIRECTORY_MIN) {
    const root = new Trail()
    root.push(0, 0)
    remakeDirectory(draft, root, 0)
  }
  replaceValue(tree, trail, draft, 0, 0)
}

/** Take one child out of the trail's last value, a container. */
export function dropChild(tree: Tree, trail: Trail, ordinal: number, draft: Tree): void {
  const c = tree.first + trail.i[trail.depth - 1]!
  if ((tree.words[c]! & KIND_MASK) === ARRAY) {
    removeElements(tree, trail, ordinal, ordinal + 1)
    return
  }
  let child = firstChild(tree.words, c)
  let at = tree.start + trail.t[trail.depth - 1]! + 4 + keyLength(tree.words, child)
  for (let n = 0; n < ordinal; n++) {
    at += textLength(tree.words, child) + 4
    child += spanOf(tree.words, child)
    at += keyLength(tree.words, child)
  }
  removeMember(tree, trail, child - tree.first, at - tree.start, draft)
}

/** Where the children of a container lie. */
function childPlaces(words: Int32Array, c: number, t: number): [Int32Array, Int32Array] {
  const count = countOf(words, c)
  const starts = new Int32Array(count)
  const texts = new Int32Array(count)
  const object = (words[c]! & KIND_MASK) === OBJECT
  let child = firstChild(words, c)
  let at = t + 1
  for (let n = 0; n < count; n++) {
    if (object) at += keyLength(words, child) + 3
    starts[n] = child
    texts[n] = at
    at += textLength(words, child) + 1
    child += spanOf(words, child)
  }
  return [starts, texts]
}
