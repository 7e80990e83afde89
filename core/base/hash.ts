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

/** SHA-1, 20 bytes. */
export function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest()
}
