/* Edit -- changes of one value in a tree.
 *
 * A trail leads from the root to the value that changes; the containers on it learn their new sizes. All positions are
 * relative to the tree, so they survive its growing. A change costs the bytes behind the place, which are moved, and
 * nothing else: what is inside other containers keeps its words, for lengths are relative.
 *
 *   replaceValue  replaceScalar  appendText                     a value
 *   insertElements  removeElements                              an array
 *   addMember  removeMember                                     an object: a removed member's place goes to the last one
 *   emptyContainer                                              either */

import { copyBytes } from 'redstrata/module'
import {
  directoryWords,
  directoryWordsMax,
  entriesOf,
  entriesWanted,
  entryAt,
  shiftDirectory,
  shiftOrdinals,
  writeDirectory,
} from './directory.ts'
import { findElement } from './navigate.ts'
import {
  ARRAY,
  countOf,
  ESCAPED,
  firstChild,
  headWords,
  INDEXED,
  KIND_MASK,
  keyLength,
  openContainer,
  OBJECT,
  Place,
  spanOf,
  textLength,
  writeScalar,
} from './node.ts'
import { copyWords, type Trail, type Tree } from './tree.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const CLOSERS: Buffer = Buffer.from('[]{}')

/** Fill a trail with the way from the root to the value whose first word is at `i`. */
export function locate(tree: Tree, trail: Trail, i: number): void {
  const { words, first } = tree
  const target = first + i
  let at = first
  let t = tree.start
  trail.clear().push(0, 0)
  while (at !== target) {
    const object = (words[at]! & KIND_MASK) === OBJECT
    let child = firstChild(words, at)
    let text = t + 1
    if ((words[at]! & INDEXED) !== 0) {
      const entry = entryAt(words, at, target - at)
      if (entry >= 0) {
        child = at + words[entry + 1]!
        text = t + words[entry + 2]!
      }
    }
    for (;;) {
      if (object) text += keyLength(words, child) + 3
      const next = child + spanOf(words, child)
      if (next > target) break
      text += textLength(words, child) + 1
      child = next
    }
    at = child
    t = text
    trail.push(at - first, t - tree.start)
  }
}

/** Words that a value takes once it has a key of so many bytes. */
export function wordsWithKey(words: Int32Array, i: number, key: number): number {
  const kind = words[i]! & KIND_MASK
  const length = textLength(words, i)
  return spanOf(words, i) - headWords(kind, keyLength(words, i), length) + headWords(kind, key, length)
}

/** Copy a value's words to where there is room for them, and give it a key of so many bytes. */
export function copyWithKey(from: Int32Array, i: number, to: Int32Array, at: number, key: number): void {
  const w = from[i]!
  const kind = w & KIND_MASK
  const length = textLength(from, i)
  const flag = w & INDEXED
  if (kind < ARRAY) {
    writeScalar(to, at, kind, flag, key, length)
    return
  }
  const head = headWords(kind, keyLength(from, i), length)
  const span = spanOf(from, i)
  const count = countOf(from, i)
  const newHead = openContainer(to, at, kind, key)
  to[at]! |= flag
  to[at + 1] = length
  to[at + 2] = span - head + newHead
  to[at + 3] = count
  copyWords(from, i + head, to, at + newHead, span - head)
  if (flag !== 0 && head !== newHead) shiftDirectory(to, at, 0, newHead - head, 0)
}

/** Put the value of another tree in the place of the trail's last. */
export function replaceValue(tree: Tree, trail: Trail, from: Tree, fi: number, ft: number): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const t = trail.t[last]!
  const at = tree.first + i
  const key = keyLength(tree.words, at)
  const source = from.first + fi
  const length = textLength(from.words, source)
  tree.splice(
    trail,
    last,
    i,
    spanOf(tree.words, at),
    wordsWithKey(from.words, source, key),
    t,
    textLength(tree.words, at),
    length,
  )
  copyWithKey(from.words, source, tree.words, tree.first + i, key)
  copyBytes(from.text, from.start + ft, tree.text, tree.start + t, length)
}

/** Put a scalar in the place of the trail's last value. */
export function replaceScalar(
  tree: Tree,
  trail: Trail,
  kind: number,
  text: Buffer,
  from: number,
  length: number,
): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const t = trail.t[last]!
  const at = tree.first + i
  const key = keyLength(tree.words, at)
  tree.splice(
    trail,
    last,
    i,
    spanOf(tree.words, at),
    headWords(kind, key, length),
    t,
    textLength(tree.words, at),
    length,
  )
  writeScalar(tree.words, tree.first + i, kind, 0, key, length)
  copyBytes(text, from, tree.text, tree.start + t, length)
}

/** Add text inside the closing quote of the trail's last value, a string. The text is canonical. */
export function appendText(tree: Tree, trail: Trail, flag: number, text: Buffer, from: number, length: number): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const at = tree.first + i
  const kind = tree.words[at]! & KIND_MASK
  const flags = (tree.words[at]! & ESCAPED) | flag
  const key = keyLength(tree.words, at)
  const old = textLength(tree.words, at)
  const end = trail.t[last]! + old - 1
  tree.splice(trail, last, i, spanOf(tree.words, at), headWords(kind, key, old + length), end, 0, length)
  writeScalar(tree.words, tree.first + i, kind, flags, key, old + length)
  copyBytes(text, from, tree.text, tree.start + end, length)
}

/** Make the trail's last value, a container, empty. */
export function emptyContainer(tree: Tree, trail: Trail): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const t = trail.t[last]!
  const kind = tree.words[tree.first + i]! & KIND_MASK
  const key = keyLength(tree.words, tree.first + i)
  const head = headWords(kind, key, 2)
  tree.splice(trail, last, i, spanOf(tree.words, tree.first + i), head, t, textLength(tree.words, tree.first + i), 2)
  const at = tree.first + i
  openContainer(tree.words, at, kind, key)
  tree.words[at + 1] = 2
  tree.words[at + 2] = head
  tree.words[at + 3] = 0
  copyBytes(CLOSERS, kind === OBJECT ? 2 : 0, tree.text, tree.start + t, 2)
}

/** Add a member behind the others of the trail's last value, an object that has no such key. */
export function addMember(
  tree: Tree,
  trail: Trail,
  name: Buffer,
  nameAt: number,
  nameLength: number,
  from: Tree,
  fi: number,
  ft: number,
): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const at = tree.first + i
  const source = from.first + fi
  const length = textLength(from.words, source)
  const count = countOf(tree.words, at)
  const comma = count > 0 ? 1 : 0
  const wordAt = i + spanOf(tree.words, at)
  const textAt = trail.t[last]! + textLength(tree.words, at) - 1
  tree.splice(
    trail,
    trail.depth,
    wordAt,
    0,
    wordsWithKey(from.words, source, nameLength),
    textAt,
    0,
    comma + nameLength + 3 + length,
  )
  copyWithKey(from.words, source, tree.words, tree.first + wordAt, nameLength)
  tree.words[tree.first + i + 3] = count + 1
  const text = tree.text
  let p = tree.start + textAt
  if (comma === 1) text[p++] = COMMA
  text[p++] = QUOTE
  copyBytes(name, nameAt, text, p, nameLength)
  p += nameLength
  text[p++] = QUOTE
  text[p++] = COLON
  copyBytes(from.text, from.start + ft, text, p, length)
}

/**
 * Remove the member whose value is at a place from the trail's last value, an object. The last member moves into the
 * hole, by way of an empty draft.
 */
export function removeMember(tree: Tree, trail: Trail, mi: number, mt: number, draft: Tree): void {
  const last = trail.depth - 1
  const i = trail.i[last]!
  const place = new Place()
  lastMember(tree, trail, place)
  const moves = place.i !== mi
  const start = memberStart(tree, place)
  const wordsGone = spanOf(tree.words, tree.first + place.i)
  const textEnd = place.t + textLength(tree.words, tree.first + place.i)
  if (moves) {
    draft.clear()
    draft.putWords(tree.words, tree.first + place.i, wordsGone)
    draft.putText(tree.text, tree.start + start, textEnd - start)
  }
  const comma = countOf(tree.words, tree.first + i) > 1 ? 1 : 0
  tree.splice(trail, trail.depth, place.i, wordsGone, 0, start - comma, textEnd - start + comma, 0)
  tree.words[tree.first + i + 3]!--
  if (!moves) return
  place.i = mi
  place.t = mt
  const hole = memberStart(tree, place)
  const holeEnd = mt + textLength(tree.words, tree.first + mi)
  tree.splice(
    trail,
    trail.depth,
    mi,
    spanOf(tree.words, tree.first + mi),
    wordsGone,
    hole,
    holeEnd - hole,
    textEnd - start,
  )
  copyWords(draft.words, draft.first, tree.words, tree.first + mi, wordsGone)
  copyBytes(draft.text, draft.start, tree.text, tree.start + hole, draft.textEnd - draft.start)
}

/** Where a member's text begins, its key's quote. */
function memberStart(tree: Tree, member: Place): number {
  return member.t - keyLength(tree.words, tree.first + member.i) - 3
}

/** Find the last member of the trail's last value. */
function lastMember(tree: Tree, trail: Trail, out: Place): void {
  const { words, first } = tree
  const at = first + trail.i[trail.depth - 1]!
  let child = firstChild(words, at)
  let text = trail.t[trail.depth - 1]! + 1
  for (let left = countOf(words, at); ; left--) {
    text += keyLength(words, child) + 3
    if (left === 1) break
    text += textLength(words, child) + 1
    child += spanOf(words, child)
  }
  out.i = child - first
  out.t = text
}

/** Put the first `count` values of a draft in front of an element of the trail's last value, an array; behind all at its length. */
export function insertElements(tree: Tree, trail: Trail, ordinal: number, from: Tree, count: number): void {
  const i = trail.i[trail.depth - 1]!
  const place = new Place()
  const had = countOf(tree.words, tree.first + i)
  elementPlace(tree, trail, ordinal, place)
  let moreWords = 0
  let moreText = had > 0 ? count : count - 1
  let fi = from.first
  for (let k = 0; k < count; k++) {
    moreWords += spanOf(from.words, fi)
    moreText += textLength(from.words, fi)
    fi += spanOf(from.words, fi)
  }
  const { i: wordAt, t: textAt } = place
  // Room for the directory as well: what follows may not fail half way.
  tree.reserve(moreWords + directoryWordsMax(had + count), moreText)
  tree.splice(trail, trail.depth - 1, wordAt, 0, moreWords, textAt, 0, moreText)
  copyWords(from.words, from.first, tree.words, tree.first + wordAt, moreWords)
  const behind = ordinal === had
  let p = tree.start + textAt
  let ft = from.start
  fi = from.first
  for (let k = 0; k < count; k++) {
    const length = textLength(from.words, fi)
    if (behind && (had > 0 || k > 0)) tree.text[p++] = COMMA
    copyBytes(from.text, ft, tree.text, p, length)
    p += length
    if (!behind) tree.text[p++] = COMMA
    ft += length
    fi += spanOf(from.words, fi)
  }
  elementsMoved(tree, trail, ordinal, count, moreWords, moreText)
}

/** Remove the elements from one ordinal up to another from the trail's last value, an array. */
export function removeElements(tree: Tree, trail: Trail, begin: number, end: number): void {
  if (begin >= end) return
  const i = trail.i[trail.depth - 1]!
  const count = countOf(tree.words, tree.first + i)
  const place = new Place()
  if ((tree.words[tree.first + i]! & INDEXED) !== 0) tree.reserve(directoryWordsMax(count), 0)
  elementPlace(tree, trail, end, place)
  const { i: wordEnd, t: textEnd } = place
  elementPlace(tree, trail, begin, place)
  // The last one kept stands before a comma that goes with those behind it.
  const textAt = end === count && begin > 0 ? place.t - 1 : place.t
  tree.splice(trail, trail.depth - 1, place.i, wordEnd - place.i, 0, textAt, textEnd - textAt, 0)
  elementsMoved(tree, trail, begin, begin - end, place.i - wordEnd, textAt - textEnd)
}

/** Where an element begins; at the array's length, where its children end and the text before the bracket. */
function elementPlace(tree: Tree, trail: Trail, ordinal: number, out: Place): void {
  const i = trail.i[trail.depth - 1]!
  const t = trail.t[trail.depth - 1]!
  const { words, first } = tree
  const at = first + i
  if (ordinal === countOf(words, at)) {
    out.i = i + spanOf(words, at) - ((words[at]! & INDEXED) !== 0 ? directoryWords(entriesOf(words, at)) : 0)
    out.t = t + textLength(words, at) - 1
    return
  }
  findElement(words, at, tree.start + t, ordinal, out)
  out.i -= first
  out.t -= tree.start
}

/** The trail's last value, an array, has more or fewer elements now: its own words and its directory follow. */
function elementsMoved(
  tree: Tree,
  trail: Trail,
  ordinal: number,
  more: number,
  moreWords: number,
  moreText: number,
): void {
  const { words } = tree
  const at = tree.first + trail.i[trail.depth - 1]!
  words[at + 1]! += moreText
  words[at + 2]! += moreWords
  words[at + 3]! += more
  if ((words[at]! & INDEXED) === 0) {
    if (entriesWanted(words, at, 0) > 0) remakeDirectory(tree, trail, 0)
    return
  }
  const keep = entriesWanted(words, at, 0) === 0 ? 0 : shiftOrdinals(words, at, ordinal, more, moreWords, moreText)
  if (keep >= 0) remakeDirectory(tree, trail, keep)
}

/** Make the directory of the trail's last value, an array, anew behind its first `keep` entries. */
export function remakeDirectory(tree: Tree, trail: Trail, keep: number): void {
  const i = trail.i[trail.depth - 1]!
  const at = tree.first + i
  const indexed = (tree.words[at]! & INDEXED) !== 0
  const had = indexed ? entriesOf(tree.words, at) : 0
  const entries = entriesWanted(tree.words, at, keep)
  const out = indexed ? directoryWords(had) - keep * 3 : 0
  const more = (entries > 0 ? directoryWords(entries) : 0) - keep * 3
  tree.splice(trail, trail.depth - 1, i + spanOf(tree.words, at) - out, out, more, trail.t[trail.depth - 1]!, 0, 0)
  const c = tree.first + i
  tree.words[c + 2]! += more - out
  if (entries === 0) {
    tree.words[c]! &= ~INDEXED
    return
  }
  tree.words[c]! |= INDEXED
  writeDirectory(tree.words, c, keep, entries)
}
