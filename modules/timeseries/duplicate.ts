/* What becomes of a sample at a time that already has one. */

/** Policies by name, as they are saved. */
export const DUPLICATE = { none: 0, block: 1, last: 2, first: 3, min: 4, max: 5, sum: 6 } as const

export type DuplicatePolicy = (typeof DUPLICATE)[keyof typeof DUPLICATE]

const NAMES = ['', 'block', 'last', 'first', 'min', 'max', 'sum'] as const

/** The policy of a name in any case, or undefined. */
export function duplicatePolicyOf(name: string): DuplicatePolicy | undefined {
  const code = NAMES.indexOf(name.toLowerCase() as (typeof NAMES)[number])
  return code < 1 ? undefined : (code as DuplicatePolicy)
}

/** The name of a policy; empty for none. */
export function nameOfPolicy(policy: DuplicatePolicy): string {
  return NAMES[policy]
}

/** The value that a time keeps when it had one and is given another. Not for `block`. */
export function resolve(policy: DuplicatePolicy, held: number, given: number): number {
  switch (policy) {
    case DUPLICATE.first:
      return held
    case DUPLICATE.min:
      return Math.min(held, given)
    case DUPLICATE.max:
      return Math.max(held, given)
    case DUPLICATE.sum:
      return held + given
    default:
      return given
  }
}
