/* Payloads -- what DUMP gives and RESTORE takes: a type and a value as in a file, then version and sum.
 *
 *     type  value ...  | version (2 bytes)  crc64 of all before (8 bytes)
 *
 * The sum keeps out accidents, not intent: the value itself is checked as that of any file. */

import type { Range } from '../../base/bytes.ts'
import { Crc64 } from '../../base/crc.ts'
import { RDB_VERSION } from './format.ts'
import type { RdbWriter } from './writer.ts'

const FOOTER_BYTES = 10

/** Close a payload whose type and value were written since the writer's begin(). */
export function closePayload(writer: RdbWriter, version: number = RDB_VERSION): void {
  writer.byte(version & 255)
  writer.byte(version >> 8)
  writer.sum()
}

/** Take the footer off a payload. False when it is too short, of a later version, or its sum is wrong. */
export function openPayload(payload: Range, checksSum = true): boolean {
  const { buf, start, end } = payload
  const footer = end - FOOTER_BYTES
  if (footer < start || buf.readUInt16LE(footer) > RDB_VERSION) return false
  if (checksSum) {
    const sum = new Crc64()
    sum.update(buf, start, end - 8)
    if (!sum.matches(buf, end - 8)) return false
  }
  payload.end = footer
  return true
}
