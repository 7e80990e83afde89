/* Varints -- small numbers in few bytes: seven bits a byte, lowest first, the top bit says that more follow. */

/** Where the last readVarint ended: a scratch result, so that reading allocates nothing. */
export const varint: { end: number } = { end: 0 }

/** Write a number below 2^31; returns where it ends. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  while (value > 127) {
    bytes[at++] = (value & 127) | 128
    value >>>= 7
  }
  bytes[at++] = value
  return at
}

/** Bytes that a number below 2^31 takes. */
export function varintLength(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5
}

/** Read a number; `varint.end` is where it ends. */
export function readVarint(bytes: Buffer, at: number): number {
  let byte = bytes[at++]!
  let value = byte & 127
  for (let shift = 7; byte > 127; shift += 7) {
    byte = bytes[at++]!
    value |= (byte & 127) << shift
  }
  varint.end = at
  return value
}
