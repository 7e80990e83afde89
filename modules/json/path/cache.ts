/* PathCache -- paths by their text.
 *
 * A client asks for the same few paths again and again, and reading one takes longer than following it. The cache is a
 * table of slots; the bytes of a path choose its slot, and a new path drives out the one that was there. So a lookup is
 * a hash and a comparison, no string is made, and the cache cannot grow:
 *
 *   slots     1024 paths of up to 256 bytes; longer ones are read every time */

import { readPath } from './legacy.ts'
import type { Path, PathFault } from './path.ts'

const SLOTS = 1024
const BYTES_MAX = 256

interface Entry {
  readonly bytes: Buffer
  readonly path: Path | PathFault
}

export class PathCache {
  readonly #slots: (Entry | null)[] = new Array<Entry | null>(SLOTS).fill(null)

  /** The path that bytes spell, or what is wrong with it. */
  get(buf: Buffer, start: number, end: number): Path | PathFault {
    const length = end - start
    if (length > BYTES_MAX) return readPath(buf, start, end)
    let hash = length
    for (let p = start; p < end; p++) hash = Math.imul(hash ^ buf[p]!, 16777619)
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    const entry = this.#slots[slot]!
    if (entry !== null && same(entry.bytes, buf, start, length)) return entry.path
    const path = readPath(buf, start, end)
    this.#slots[slot] = { bytes: Buffer.from(buf.subarray(start, end)), path }
    return path
  }
}

function same(bytes: Buffer, buf: Buffer, start: number, length: number): boolean {
  if (bytes.length !== length) return false
  for (let k = 0; k < length; k++) if (bytes[k] !== buf[start + k]) return false
  return true
}
