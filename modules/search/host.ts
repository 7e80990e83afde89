/* What Search takes from the house, in one place: memory, byte ranges, the keyed table. */

export { NO_BYTES, Range, sameBytes } from '../../core/base/bytes.ts'
export { formatDouble, parseDouble } from '../../core/base/numbers.ts'
export type { HashKey } from '../../core/base/siphash.ts'
export { ACCOUNT, type Address, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
export { Dict } from '../../core/memory/dict.ts'
