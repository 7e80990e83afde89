/* Sampling -- the counts of SRANDMEMBER, HRANDFIELD, ZRANDMEMBER and SPOP.
 *
 * A positive count asks for that many different places, a negative one for as many independent draws. */

import type { Random } from '../base/random.ts'

/** The most independent draws of one command: a reply has a limit, too. */
export const DRAWS_MAX = 1 << 24

/** Different places below `size`, `count` of them or all, in random order (Floyd's method: no place is drawn twice). */
export function distinctPlaces(random: Random, size: number, count: number): number[] {
  const places: number[] = []
  if (count >= size) {
    for (let i = 0; i < size; i++) places.push(i)
    return places
  }
  const chosen = new Set<number>()
  for (let i = size - count; i < size; i++) {
    const place = random.below(i + 1)
    chosen.add(chosen.has(place) ? i : place)
  }
  places.push(...chosen)
  for (let i = places.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const held = places[i]!
    places[i] = places[j]!
    places[j] = held
  }
  return places
}
