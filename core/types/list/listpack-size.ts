/* Listpack size -- how many bytes Redis would need for a packed list, since that is what decides when a list is packed no more.
 *
 *      an entry     its head, what it holds, and how long both are, for walks from the back
 *      numbers      0..127  -4096..4095  16 bits  24 bits  32 bits  64 bits      2  3  4  5  6  10 bytes in all
 *      texts        a head of 1 byte up to 63, of 2 up to 4095, of 5 beyond
 *
 * A number is whatever is spelled exactly as a 64-bit integer is printed. */

import { Range } from '../../base/bytes.ts'
import { parseInteger } from '../../base/numbers.ts'
import { count, first, read } from '../../structs/packed.ts'

/** Total length and number of entries before them, and a closing byte behind. */
export const LISTPACK_FRAME_BYTES = 7
const INTEGER_LENGTH_MAX = 20
const MINUS = 45
const NINE = 57

/** Bytes of an entry of a listpack. */
export function listpackEntryBytes({ buf, start, end }: Range): number {
  const length = end - start
  if (length > 0 && length <= INTEGER_LENGTH_MAX && buf[start]! <= NINE && buf[start]! >= MINUS) {
    const value = parseInteger(buf, start, end)
    if (!Number.isNaN(value)) return numberBytes(value)
  }
  const bytes = length + (length < 64 ? 1 : length < 4096 ? 2 : 5)
  return bytes + (bytes < 128 ? 1 : bytes < 16_383 ? 2 : bytes < 2_097_151 ? 3 : bytes < 268_435_455 ? 4 : 5)
}

function numberBytes(value: number): number {
  if (value >= 0 && value < 128) return 2
  if (value >= -4096 && value < 4096) return 3
  if (value >= -32_768 && value < 32_768) return 4
  if (value >= -8_388_608 && value < 8_388_608) return 5
  return value >= -2_147_483_648 && value < 2_147_483_648 ? 6 : 10
}

/** Bytes of the listpack that holds what a packed region holds. */
export function listpackBytes(buf: Buffer, start: number): number {
  const entry = new Range()
  let bytes = LISTPACK_FRAME_BYTES
  let at = first(start)
  for (let left = count(buf, start); left > 0; left--) {
    at = read(buf, at, entry)
    bytes += listpackEntryBytes(entry)
  }
  return bytes
}
