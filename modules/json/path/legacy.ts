/* Legacy -- the paths of the module's first version, and how they become paths of today.
 *
 *   $   $.a   $[0]          begins with $ and goes on with a point, a bracket or not at all: as it is
 *   .                       the root
 *   .a.b   ..a   .[0]       `$` in front
 *   a.b   [0]   $$   ""     `$.` in front
 *
 * A legacy path may match many values as any other; what differs is what a reply is made of, which is for the commands. */

import { isUtf8 } from 'node:buffer'
import { PathParser } from './parser.ts'
import { Path, PathFault } from './path.ts'

const DOLLAR = 0x24
const DOT = 0x2e
const BRACKET = 0x5b
const NOT_UTF8 = "Couldn't parse as UTF-8 string"

/** Whether a path is written in the legacy way. */
export function isLegacy(buf: Buffer, start: number, end: number): boolean {
  if (start === end || buf[start] !== DOLLAR) return true
  return end - start > 1 && buf[start + 1] !== DOT && buf[start + 1] !== BRACKET
}

/** Read a path of either kind. */
export function readPath(buf: Buffer, start: number, end: number): Path | PathFault {
  const legacy = isLegacy(buf, start, end)
  if (!isText(buf, start, end)) return new PathFault(legacy, NOT_UTF8, true)
  const written = buf.latin1Slice(start, end)
  if (legacy && written === '.') return new Path([], true, 0)
  const parser = new PathParser(!legacy ? written : written[0] === '.' ? `$${written}` : `$.${written}`)
  const steps = parser.read()
  return steps === null ? new PathFault(legacy, parser.complaint) : new Path(steps, legacy, parser.rootSlots)
}

function isText(buf: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (buf[p]! > 0x7f) return isUtf8(buf.subarray(start, end))
  return true
}
