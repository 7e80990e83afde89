/* Hashes for secrets and names: SHA-1 for scripts, SHA-256 for passwords, and comparing without a tell. */

import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-1 in lower-case hexadecimal. */
export function sha1Hex(bytes: Buffer | string): string {
  return createHash('sha1').update(bytes).digest('hex')
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const left = Buffer.from(sha256Hex(a))
  const right = Buffer.from(sha256Hex(b))
  return timingSafeEqual(left, right)
}

/** What the library hashes at a time, which takes less than 2 GB. */
const PIECE_BYTES = 2 ** 30

/** SHA-1 of bytes that come piece by piece, however many. */
export class Sha1 {
  readonly #hash = createHash('sha1')

  add(bytes: Buffer, start = 0, end: number = bytes.length): this {
    for (let at = start; at < end; at += PIECE_BYTES)
      this.#hash.update(bytes.subarray(at, Math.min(end, at + PIECE_BYTES)))
    return this
  }

  /** The 20 bytes; nothing can be added behind this. */
  sum(): Buffer {
    return this.#hash.digest()
  }
}
