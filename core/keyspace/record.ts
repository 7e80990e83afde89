/* Record -- what the keyspace keeps of one key, as one arena block.
 *
 *      +0   u32  position in the dense array          (Dict)
 *      +4   u8   key length, 255 for a long one       (Dict)
 *      +5   u8   type: index into the keyspace's list of value types
 *      +6   u8   flags: the form of the value (two bits), and bits that belong to the type
 *      +7   u8   encoding: the type's own number for how the value is laid out
 *      +8   u32  24 bits of the LRU or LFU clock
 *      +12  u32  1 + index among the deadlines, 0 without one
 *      +16  u32  value word: see the forms
 *      +20       key bytes, then an inline value
 *
 * Three forms of value: INLINE bytes stand behind the key and the word is their length; a BLOCK is an arena address,
 * for what outgrows a record; an OBJECT is a handle into the keyspace's list, for kinds that are few and large. */

import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'

export const TYPE_AT = 5
/** The same byte as a part of a word. */
export const TYPE_WORD = 1
export const TYPE_SHIFT = 8
export const FLAGS_AT = 6
export const ENCODING_AT = 7
export const LRU_WORD = 2
export const EXPIRE_WORD = 3
export const VALUE_WORD = 4
/** Offset of the key in a record of the keyspace. */
export const KEY_AT = 20

/** Where a value lies; the low two bits of the flags. */
export const FORM = { inline: 0, block: 1, object: 2 } as const
export const FORM_MASK = 3

/** One byte of a record's head. */
export function recordByte(memory: Memory, record: Address, offset: number): number {
  return memory.u8[record >>> SLAB_BITS]![((record & UNIT_MASK) << 3) + offset]!
}

export function setRecordByte(memory: Memory, record: Address, offset: number, value: number): void {
  memory.u8[record >>> SLAB_BITS]![((record & UNIT_MASK) << 3) + offset] = value
}

/** One of the words of a record's head, signed. */
export function recordWord(memory: Memory, record: Address, word: number): number {
  return memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + word]!
}

export function setRecordWord(memory: Memory, record: Address, word: number, value: number): void {
  memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + word] = value
}
