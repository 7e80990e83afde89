/* Several -- what unions and intersections share: adding up the scores of the parts that matched, gathering their
 * positions, and telling how far apart they stand. */

import { explainAggregate } from '../score/words.ts'
import { DocumentIterator, END, type Explanation, type MatchedTerm, Positions, RANK, type Ranking } from './iterator.ts'

/** An iterator over the documents of several others. */
export abstract class Several extends DocumentIterator {
  readonly children: readonly DocumentIterator[]
  readonly weight: number
  readonly #first = new Positions()
  readonly #second = new Positions()

  constructor(children: readonly DocumentIterator[], weight: number) {
    super()
    this.children = children
    this.weight = weight
  }

  /** Children of which some match the current document: all of them, or those that do where it is known. */
  protected get parts(): readonly DocumentIterator[] {
    return this.children
  }

  /** Whether a child takes part in the match of the current document. */
  matches(child: DocumentIterator): boolean {
    return child.document === this.document
  }

  /** Whether DISMAX takes the best of the parts rather than their sum. */
  abstract readonly takesBest: boolean

  score(ranking: Ranking): number {
    const best = this.takesBest && ranking.mode === RANK.dismax
    let total = 0
    const { parts } = this
    for (let i = 0; i < parts.length; i++) {
      const child = parts[i]!
      if (!this.matches(child)) continue
      const worth = child.score(ranking)
      if (!best) total += worth
      else if (worth > total) total = worth
    }
    return total * this.weight
  }

  explain(ranking: Ranking): Explanation {
    const parts = this.parts.filter(child => this.matches(child)).map(child => child.explain(ranking))
    const sum = this.weight === 0 ? 0 : this.score(ranking) / this.weight
    return explainAggregate(ranking, this.weight, sum, parts)
  }

  override hasPositions(): boolean {
    for (const child of this.parts) if (this.matches(child) && child.hasPositions()) return true
    return false
  }

  override addPositions(out: Positions): void {
    const from = out.count
    let parts = 0
    for (const child of this.parts) {
      if (!this.matches(child) || !child.hasPositions()) continue
      child.addPositions(out)
      parts++
    }
    if (parts > 1) out.sort(from)
  }

  /**
   * The root of the sum of squares of the least distances between each part and the next one that has positions, in whole
   * numbers; without any, one less than the number of parts.
   */
  override distance(): number {
    let parts = 0
    let squares = 0
    let previous: DocumentIterator | null = null
    for (const child of this.parts) {
      if (!this.matches(child)) continue
      parts++
      if (!child.hasPositions()) continue
      if (previous !== null) squares += squared(this.#leastDistance(previous, child))
      previous = child
    }
    if (parts <= 1) return 1
    return squares > 0 ? Math.floor(Math.sqrt(squares)) : parts - 1
  }

  #leastDistance(a: DocumentIterator, b: DocumentIterator): number {
    const first = this.#first
    const second = this.#second
    first.count = second.count = 0
    a.addPositions(first)
    b.addPositions(second)
    return leastDistance(first, second)
  }

  override get isSingle(): boolean {
    return false
  }

  override release(): void {
    this.document = END
    for (const child of this.children) child.release()
  }

  override addTerms(out: MatchedTerm[]): void {
    for (const child of this.parts) if (this.matches(child)) child.addTerms(out)
  }
}

/** A power would be a call, and no whole number to the compiler. */
export function squared(n: number): number {
  return n * n
}

/** The least distance between a position of one list and one of the other; 1 is as near as it gets worth knowing. */
export function leastDistance(a: Positions, b: Positions): number {
  let i = 0
  let j = 0
  let least = Math.abs(a.list[0]! - b.list[0]!)
  while (least > 1 && i < a.count && j < b.count) {
    const x = a.list[i]!
    const y = b.list[j]!
    const distance = Math.abs(x - y)
    if (distance < least) least = distance
    if (y > x) i++
    else j++
  }
  return least
}
