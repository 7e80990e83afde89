/* Merge -- a value changed by a patch (RFC 7396).
 *
 * A patch that is an object changes the members it names and leaves the others; a null in it removes one. Anything else
 * takes the place of what was there.
 *
 *   {"a":1,"b":{"x":1,"y":2},"c":3}  and  {"b":{"y":null},"c":null,"d":4}    give    {"a":1,"b":{"x":1},"d":4}
 *
 * The result is written into a draft in one pass. First it is worked out, as a list, which member stands where: a removed
 * one's place goes to the last of the list, as it does in the real module.
 *
 *   merge O(target's members + patch) */

import { findMemberAt } from './navigate.ts'
import { MemberTable } from './member-table.ts'
import {
  countOf,
  firstChild,
  KIND_MASK,
  keyLength,
  NULL,
  OBJECT,
  openContainer,
  Place,
  spanOf,
  textLength,
} from './node.ts'
import { copyWithKey, wordsWithKey } from './edit.ts'
import type { Tree } from './tree.ts'

const COMMA = 0x2c
const OPEN = 0x7b
const CLOSE = 0x7d
/** Members of the target times members of the patch beyond which a table is made. */
const SCAN_MAX = 256

/** A member of the result: where its value lies in the target, in the patch, or both; -1 for not there. */
interface Member {
  i: number
  t: number
  pi: number
  pt: number
}

export class Merger {
  readonly #table: MemberTable = new MemberTable()
  readonly #place: Place = new Place()

  /**
   * Write a value changed by a patch behind what a draft holds, without a key. Positions are absolute in their trees;
   * neither tree is the draft.
   */
  merge(target: Tree, i: number, t: number, patch: Tree, pi: number, pt: number, out: Tree): void {
    this.#put(target, i, t, patch, pi, pt, out, 0)
  }

  #put(target: Tree, i: number, t: number, patch: Tree, pi: number, pt: number, out: Tree, key: number): void {
    if (pi < 0) putValue(target, i, t, out, key)
    else if (!isObject(patch, pi)) putValue(patch, pi, pt, out, key)
    else
      this.#putObject(
        target,
        patch,
        i >= 0 && isObject(target, i) ? this.#members(target, i, t, patch, pi, pt) : named(patch, pi, pt),
        out,
        key,
      )
  }

  #putObject(target: Tree, patch: Tree, members: readonly Member[], out: Tree, key: number): void {
    const at = out.wordEnd - out.first
    const start = out.textEnd - out.start
    out.reserve(8, 1)
    out.wordEnd += openContainer(out.words, out.wordEnd, OBJECT, key)
    out.putByte(OPEN)
    for (let n = 0; n < members.length; n++) {
      const { i, t, pi, pt } = members[n]!
      out.reserve(0, 1)
      if (n > 0) out.putByte(COMMA)
      const from = i >= 0 ? target : patch
      const name = keyLength(from.words, i >= 0 ? i : pi)
      out.putText(from.text, (i >= 0 ? t : pt) - name - 3, name + 3)
      this.#put(target, i, t, patch, pi, pt, out, name)
    }
    out.reserve(0, 1)
    out.putByte(CLOSE)
    const c = out.first + at
    out.words[c + 1] = out.textEnd - out.start - start
    out.words[c + 2] = out.wordEnd - out.first - at
    out.words[c + 3] = members.length
  }

  /** The members of an object after a patch, in their order. */
  #members(target: Tree, i: number, t: number, patch: Tree, pi: number, pt: number): Member[] {
    const members = membersOf(target, i, t)
    const had = members.length
    /** Where the members that were there stand now. */
    const slots = Int32Array.from(members, (_, n) => n)
    const ordinals = members.map((_, n) => n)
    const table = had * countOf(patch.words, pi) > SCAN_MAX ? this.#table : null
    table?.build(target.words, i, target.text, t)
    for (const { i: from, t: at } of membersOf(patch, pi, pt)) {
      const name = keyLength(patch.words, from)
      const n = this.#find(table, target, i, t, patch.text, at - name - 2, name, members, slots)
      const isNull = (patch.words[from]! & KIND_MASK) === NULL
      if (n < 0) {
        if (!isNull) {
          members.push({ i: -1, t: 0, pi: from, pt: at })
          ordinals.push(-1)
        }
      } else if (!isNull) {
        members[slots[n]!]!.pi = from
        members[slots[n]!]!.pt = at
      } else {
        const hole = slots[n]!
        const last = members.pop()!
        const ordinal = ordinals.pop()!
        if (hole === members.length) continue
        members[hole] = last
        ordinals[hole] = ordinal
        if (ordinal >= 0) slots[ordinal] = hole
      }
    }
    return members
  }

  /** The ordinal of the target's member of a name, or -1. */
  #find(
    table: MemberTable | null,
    target: Tree,
    i: number,
    t: number,
    name: Buffer,
    at: number,
    length: number,
    members: readonly Member[],
    slots: Int32Array,
  ): number {
    if (table !== null) return table.find(name, at, length)
    if (!findMemberAt(target.words, i, target.text, t, name, at, length, this.#place)) return -1
    const wanted = this.#place.i
    // Members keep their order but for those that filled a hole.
    for (let n = 0; n < slots.length; n++) if (members[slots[n]!]?.i === wanted) return n
    return -1
  }
}

function membersOf(tree: Tree, i: number, t: number): Member[] {
  const { words } = tree
  const members: Member[] = []
  let child = firstChild(words, i)
  let at = t + 1
  for (let left = countOf(words, i); left > 0; left--) {
    at += keyLength(words, child) + 3
    members.push({ i: child, t: at, pi: -1, pt: 0 })
    at += textLength(words, child) + 1
    child += spanOf(words, child)
  }
  return members
}

/** The members of a patch that stands where no object was: all but the nulls. */
function named(patch: Tree, pi: number, pt: number): Member[] {
  const members: Member[] = []
  for (const { i, t } of membersOf(patch, pi, pt))
    if ((patch.words[i]! & KIND_MASK) !== NULL) members.push({ i: -1, t: 0, pi: i, pt: t })
  return members
}

function putValue(from: Tree, i: number, t: number, out: Tree, key: number): void {
  const words = wordsWithKey(from.words, i, key)
  out.reserve(words, 0)
  copyWithKey(from.words, i, out.words, out.wordEnd, key)
  out.wordEnd += words
  out.putText(from.text, t, textLength(from.words, i))
}

function isObject(tree: Tree, i: number): boolean {
  return (tree.words[i]! & KIND_MASK) === OBJECT
}
