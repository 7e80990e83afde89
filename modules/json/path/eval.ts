/* Evaluator -- which values of a document does a path lead to?
 *
 * Steps are applied one inside the other: each child that a step selects goes through the steps behind it before the next
 * child is looked at. A descending step selects from a container first, then from each container in it in turn:
 *
 *   $..n over {"n":1,"a":{"n":2,"b":[{"n":3}]},"c":{"n":4}}       1 2 3 4
 *
 * Two descents may reach a value twice, and then it is a match twice. What a path may cost is limited: the values looked
 * at by all steps and filters together, so that `$..*..*..*` over a deep document is refused instead of taking for ever.
 * A path from the root inside a filter is followed once a query, whatever the number of values tested.
 *
 *   a static path O(steps x siblings)     any other O(values) a descent, within the limit
 *
 * Recursion is as deep as the document, which is bounded (DOCUMENT_DEPTH_MAX). */

import { INCOMPARABLE, isContainer, order } from '../document/compare.ts'
import {
  ARRAY,
  countOf,
  ESCAPED,
  firstChild,
  KIND_MASK,
  keyLength,
  OBJECT,
  Place,
  spanOf,
  STRING,
  textLength,
} from '../document/node.ts'
import { findElement, findMember, ordinalOf } from '../document/navigate.ts'
import { saidLength, writeSaid } from '../document/text.ts'
import type { Trail } from '../document/tree.ts'
import { Matcher } from './matcher.ts'
import { type Filter, type Operand, type Path, STEP, type Step, TEST, type Test, type TestKind } from './path.ts'
import { compilePattern } from './pattern-parser.ts'

/** Values that any query may look at, and how many more for each word of the document. */
const VISITS_FREE = 1_000_000
const VISITS_PER_WORD = 16

/** Thrown inside the evaluator when a query has cost too much; run() turns it into its answer. */
const TOO_COSTLY: unique symbol = Symbol('too costly')

/** Matches beyond which the room for them is not kept. */
const MATCHES_KEPT = 1 << 16

/** Values found, in the order of the path: where each lies and the container it was selected from. */
export class Matches {
  count = 0
  i: Int32Array = new Int32Array(16)
  t: Int32Array = new Int32Array(16)
  /** The container's first word, or -1 for the root. */
  parent: Int32Array = new Int32Array(16)

  clear(): Matches {
    if (this.i.length > MATCHES_KEPT) this.i = this.t = this.parent = new Int32Array(0)
    this.count = 0
    return this
  }

  push(i: number, t: number, parent: number): void {
    if (this.count === this.i.length) this.#grow()
    this.i[this.count] = i
    this.t[this.count] = t
    this.parent[this.count++] = parent
  }

  #grow(): void {
    const room = Math.max(16, this.count * 4)
    const old = [this.i, this.t, this.parent] as const
    this.i = new Int32Array(room)
    this.t = new Int32Array(room)
    this.parent = new Int32Array(room)
    this.i.set(old[0])
    this.t.set(old[1])
    this.parent.set(old[2])
  }
}

const PATTERNS_MAX = 64

export class Evaluator {
  /** What the last query found. Positions are those of the words and the text it was given. */
  matches: Matches = new Matches()

  #words: Int32Array = new Int32Array(0)
  #text: Buffer = Buffer.from('')
  #i = 0
  #t = 0
  #visits = 0
  #rootResults: (Matches | null)[] = []
  /** Matchers of the patterns seen last: by the literal that was one, or by its text. */
  readonly #patterns: Map<Operand | string, Matcher | null> = new Map()
  readonly #place: Place = new Place()
  /** The container of the value that a static path led to. */
  #parent = -1
  readonly #trail: Trail | null

  /** @param trail filled with the way to the one match of a static path, left alone by others */
  constructor(trail: Trail | null = null) {
    this.#trail = trail
  }

  /** Find all that a path leads to from the value at a place. False when that costs too much. */
  run(path: Path, words: Int32Array, i: number, text: Buffer, t: number): boolean {
    this.matches.clear()
    if (path.isStatic) {
      this.#parent = -1
      if (this.#follow(path.steps, words, i, text, t, this.#trail))
        this.matches.push(this.#place.i, this.#place.t, this.#parent)
      return true
    }
    this.#words = words
    this.#text = text
    this.#i = i
    this.#t = t
    this.#visits = VISITS_FREE + VISITS_PER_WORD * spanOf(words, i)
    try {
      this.#walk(path.steps, 0, i, t, -1)
      return true
    } catch (reason) {
      if (reason !== TOO_COSTLY) throw reason
      return false
    } finally {
      if (path.rootSlots > 0) this.#rootResults = []
    }
  }

  /** Follow steps that select one child each. Leaves the value's place in #place and its container in #parent. */
  #follow(steps: readonly Step[], words: Int32Array, i: number, text: Buffer, t: number, trail: Trail | null): boolean {
    const place = this.#place
    place.i = i
    place.t = t
    trail?.clear().push(0, 0)
    for (let s = 0; s < steps.length; s++) {
      const step = steps[s]!
      const at = place.i
      const kind = words[at]! & KIND_MASK
      if (step.kind === STEP.name) {
        if (kind !== OBJECT || !findMember(words, at, text, place.t, step.name, place)) return false
      } else {
        if (kind !== ARRAY) return false
        const ordinal = ordinalOf(step.index, countOf(words, at))
        if (ordinal < 0) return false
        findElement(words, at, place.t, ordinal, place)
      }
      this.#parent = at
      trail?.push(place.i - i, place.t - t)
    }
    return true
  }

  /** A value that the first `s` steps led to. */
  #walk(steps: readonly Step[], s: number, i: number, t: number, parent: number): void {
    if (s === steps.length) {
      this.#spend(1)
      this.matches.push(i, t, parent)
      return
    }
    const kind = this.#words[i]! & KIND_MASK
    if (!isContainer(kind)) return
    const step = steps[s]!
    this.#select(steps, s, step, kind, i, t)
    if (step.descends) this.#descend(steps, s, kind, i, t)
  }

  /** Apply the same step inside every container in this one. */
  #descend(steps: readonly Step[], s: number, kind: number, i: number, t: number): void {
    const words = this.#words
    const count = countOf(words, i)
    this.#spend(count)
    let child = firstChild(words, i)
    let at = t + 1
    for (let left = count; left > 0; left--) {
      if (kind === OBJECT) at += keyLength(words, child) + 3
      if ((words[child]! & KIND_MASK) >= ARRAY) this.#walk(steps, s, child, at, i)
      at += textLength(words, child) + 1
      child += spanOf(words, child)
    }
  }

  #select(steps: readonly Step[], s: number, step: Step, kind: number, i: number, t: number): void {
    this.#spend(1)
    switch (step.kind) {
      case STEP.name:
        if (kind === OBJECT) this.#selectName(steps, s, step.name, i, t)
        return
      case STEP.names:
        if (kind === OBJECT) for (const name of step.names) this.#selectName(steps, s, name, i, t)
        return
      case STEP.index:
        if (kind === ARRAY) this.#selectIndex(steps, s, step.index, i, t)
        return
      case STEP.indexes:
        if (kind === ARRAY) for (const index of step.indexes) this.#selectIndex(steps, s, index, i, t)
        return
      case STEP.slice:
        if (kind === ARRAY) this.#selectSlice(steps, s, step, i, t)
        return
      default:
        this.#selectChildren(steps, s, step.filter, kind, i, t)
    }
  }

  #selectName(steps: readonly Step[], s: number, name: Buffer, i: number, t: number): void {
    const place = this.#place
    this.#spend(countOf(this.#words, i) >>> 2)
    if (findMember(this.#words, i, this.#text, t, name, place)) this.#walk(steps, s + 1, place.i, place.t, i)
  }

  #selectIndex(steps: readonly Step[], s: number, index: number, i: number, t: number): void {
    const ordinal = ordinalOf(index, countOf(this.#words, i))
    if (ordinal < 0) return
    const place = this.#place
    findElement(this.#words, i, t, ordinal, place)
    this.#walk(steps, s + 1, place.i, place.t, i)
  }

  #selectSlice(steps: readonly Step[], s: number, step: Step, i: number, t: number): void {
    const words = this.#words
    const count = countOf(words, i)
    const from = bound(step.from, count, 0)
    const to = bound(step.to, count, count)
    if (from >= to) return
    this.#spend(to - from)
    findElement(words, i, t, from, this.#place)
    let child = this.#place.i
    let at = this.#place.t
    for (let n = from, due = from; n < to; n++) {
      if (n === due) {
        this.#walk(steps, s + 1, child, at, i)
        due += step.by
      }
      at += textLength(words, child) + 1
      child += spanOf(words, child)
    }
  }

  /** All children, or those that a filter lets through. */
  #selectChildren(steps: readonly Step[], s: number, filter: Filter | null, kind: number, i: number, t: number): void {
    const words = this.#words
    const count = countOf(words, i)
    this.#spend(count)
    let child = firstChild(words, i)
    let at = t + 1
    for (let left = count; left > 0; left--) {
      if (kind === OBJECT) at += keyLength(words, child) + 3
      if (filter === null || this.#passes(filter, child, at)) this.#walk(steps, s + 1, child, at, i)
      at += textLength(words, child) + 1
      child += spanOf(words, child)
    }
  }

  #passes(filter: Filter, i: number, t: number): boolean {
    for (const tests of filter.any) {
      let all = true
      for (let k = 0; all && k < tests.length; k++) all = this.#holds(tests[k]!, i, t)
      if (all) return true
    }
    return false
  }

  #holds(test: Test, i: number, t: number): boolean {
    if (test.kind === TEST.group) return this.#passes(test.group!, i, t)
    const matches = this.matches
    const base = matches.count
    const left = test.left!
    this.#gather(left, i, t)
    const middle = matches.count
    if (test.right === null) {
      matches.count = base
      return middle > base
    }
    const right = test.right
    this.#gather(right, i, t)
    const end = matches.count
    this.#spend((middle - base) * (end - middle))
    let holds = test.kind === TEST.unequal && (middle === base || end === middle)
    for (let a = base; !holds && a < middle; a++)
      for (let b = middle; !holds && b < end; b++)
        holds = this.#compare(test.kind, left, matches.i[a]!, matches.t[a]!, right, matches.i[b]!, matches.t[b]!)
    matches.count = base
    return holds
  }

  /** Put the values of one side of a comparison behind the matches. */
  #gather(operand: Operand, i: number, t: number): void {
    const { steps } = operand
    const matches = this.matches
    if (steps === null) {
      matches.push(0, 0, -1)
      return
    }
    if (operand.rootSlot >= 0) {
      const results = this.#rootResults[operand.rootSlot] ?? this.#rootValues(operand)
      for (let k = 0; k < results.count; k++) matches.push(results.i[k]!, results.t[k]!, -1)
      return
    }
    if (!operand.single) this.#walk(steps, 0, i, t, -1)
    else if (this.#follow(steps, this.#words, i, this.#text, t, null)) matches.push(this.#place.i, this.#place.t, -1)
  }

  #rootValues(operand: Operand): Matches {
    const kept = this.matches
    const results = new Matches()
    this.matches = results
    try {
      this.#walk(operand.steps!, 0, this.#i, this.#t, -1)
    } finally {
      this.matches = kept
    }
    this.#rootResults[operand.rootSlot] = results
    return results
  }

  #compare(kind: TestKind, left: Operand, ai: number, at: number, right: Operand, bi: number, bt: number): boolean {
    const aw = left.steps === null ? left.words : this.#words
    const a = left.steps === null ? left.text : this.#text
    const bw = right.steps === null ? right.words : this.#words
    const b = right.steps === null ? right.text : this.#text
    if (kind === TEST.like) return this.#like(aw, ai, a, at, this.#matcher(right, bw, bi, b, bt))
    const sign = order(aw, ai, a, at, bw, bi, b, bt)
    if (kind === TEST.equal) return sign === 0
    if (kind === TEST.unequal) return sign !== 0
    if (sign === INCOMPARABLE) return false
    if (kind === TEST.less) return sign < 0
    if (kind === TEST.lessOrEqual) return sign <= 0
    return kind === TEST.greater ? sign > 0 : sign >= 0
  }

  /** Whether a string matches the pattern that another one is. */
  #like(aw: Int32Array, ai: number, a: Buffer, at: number, matcher: Matcher | null): boolean {
    if (matcher === null || (aw[ai]! & KIND_MASK) !== STRING) return false
    const plain = (aw[ai]! & ESCAPED) === 0
    const text = plain ? a : said(aw, ai, a, at)
    const before = matcher.steps
    const found = plain
      ? matcher.matches(text, at + 1, at + textLength(aw, ai) - 1)
      : matcher.matches(text, 0, text.length)
    this.#spend(matcher.steps - before)
    return found
  }

  /** The matcher of a pattern; null for what is none. */
  #matcher(operand: Operand, words: Int32Array, i: number, text: Buffer, t: number): Matcher | null {
    if (operand.escaped || (words[i]! & KIND_MASK) !== STRING) return null
    const known = operand.steps === null ? this.#patterns.get(operand) : undefined
    if (known !== undefined) return known
    const pattern = said(words, i, text, t).utf8Slice()
    const key = operand.steps === null ? operand : pattern
    let matcher = this.#patterns.get(key)
    if (matcher === undefined) {
      const program = compilePattern(pattern)
      this.#spend(pattern.length + (program === null ? 0 : program.ops.length))
      matcher = program === null ? null : new Matcher(program)
      if (this.#patterns.size >= PATTERNS_MAX) this.#patterns.clear()
      this.#patterns.set(key, matcher)
    }
    return matcher
  }

  #spend(visits: number): void {
    this.#visits -= visits
    if (this.#visits < 0) throw TOO_COSTLY
  }
}

/** A bound of a slice as an ordinal. */
function bound(given: number, count: number, otherwise: number): number {
  if (Number.isNaN(given)) return otherwise
  return given < 0 ? Math.max(0, count + given) : Math.min(given, count)
}

/** What a string says, in a buffer of its own. */
function said(words: Int32Array, i: number, text: Buffer, t: number): Buffer {
  const length = textLength(words, i) - 2
  const out = Buffer.from(new Uint8Array(saidLength(text, t + 1, length)))
  writeSaid(text, t + 1, length, out, 0)
  return out
}
