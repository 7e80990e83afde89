/* Other ways to keep a JSON document, as small as they can be and still be fair: what json-document.ts measures ours
 * against.
 *
 *   objects   what JSON.parse makes
 *   text      the canonical text alone; a path scans it
 *   packed    a binary tree in one buffer: kind, length, content; scalars as text, keys with their lengths
 *
 * Each can be stored, printed whole, followed along a path of names and indexes, and counted up at a number. */

export type Way = readonly (string | number)[]

export interface Kept {
  print(into: Buffer): number
  read(way: Way, into: Buffer): number
  countUp(way: Way): void
  bytes(): number
}

// ------------------------------------------------------------------ objects

export function keptAsObjects(text: Buffer): Kept {
  const root: unknown = JSON.parse(text.utf8Slice(0, text.length))
  const at = (way: Way): unknown =>
    way.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], root)
  return {
    print: into => into.utf8Write(JSON.stringify(root), 0),
    read: (way, into) => into.utf8Write(JSON.stringify(at(way)), 0),
    countUp(way) {
      const parent = at(way.slice(0, -1)) as Record<string | number, number>
      parent[way[way.length - 1]!]!++
    },
    bytes: () => 0,
  }
}

// ------------------------------------------------------------------ text

const QUOTE = 0x22
const BACKSLASH = 0x5c

function skipString(text: Buffer, p: number): number {
  for (p++; text[p] !== QUOTE; p++) if (text[p] === BACKSLASH) p++
  return p + 1
}

function skipValue(text: Buffer, p: number): number {
  let depth = 0
  for (;;) {
    const c = text[p]!
    if (c === QUOTE) p = skipString(text, p)
    else {
      if (c === 0x7b || c === 0x5b) depth++
      else if (c === 0x7d || c === 0x5d) depth--
      p++
    }
    if (depth > 0) continue
    const next = text[p]
    if (
      c === QUOTE ||
      c === 0x7d ||
      c === 0x5d ||
      next === 0x2c ||
      next === 0x7d ||
      next === 0x5d ||
      next === undefined
    )
      return p
  }
}

function seek(text: Buffer, way: Way): number {
  let p = 0
  for (const step of way) {
    p++
    if (typeof step === 'number') {
      for (let n = 0; n < step; n++) p = skipValue(text, p) + 1
      continue
    }
    for (;;) {
      const end = skipString(text, p)
      const found = end - p - 2 === step.length && text.latin1Slice(p + 1, end - 1) === step
      p = end + 1
      if (found) break
      p = skipValue(text, p) + 1
    }
  }
  return p
}

export function keptAsText(source: Buffer): Kept {
  // Validated, as a server must; the text is canonical already.
  if (skipValue(source, 0) < source.length) throw new Error('more than one value')
  let text = Buffer.from(source)
  return {
    print: into => text.copy(into),
    read(way, into) {
      const p = seek(text, way)
      return text.copy(into, 0, p, skipValue(text, p))
    },
    countUp(way) {
      const p = seek(text, way)
      const end = skipValue(text, p)
      const next = String(Number(text.latin1Slice(p, end)) + 1)
      if (next.length === end - p) text.latin1Write(next, p)
      else text = Buffer.concat([text.subarray(0, p), Buffer.from(next), text.subarray(end)])
    },
    bytes: () => text.length,
  }
}

// ------------------------------------------------------------------ packed

const SCALAR = 0
const STRING = 1
const ARRAY = 2
const OBJECT = 3

/** kind u8, length u32, content; a container's content is count u32 and its children, members with length u16 and key first. */
function pack(value: unknown, out: Buffer, at: number): number {
  const start = at
  at += 5
  if (Array.isArray(value)) {
    out[start] = ARRAY
    out.writeUInt32LE(value.length, at)
    at += 4
    for (const child of value) at = pack(child, out, at)
  } else if (typeof value === 'object' && value !== null) {
    out[start] = OBJECT
    const entries = Object.entries(value)
    out.writeUInt32LE(entries.length, at)
    at += 4
    for (const [key, child] of entries) {
      out.writeUInt16LE(key.length, at)
      at += 2 + out.latin1Write(key, at + 2)
      at = pack(child, out, at)
    }
  } else if (typeof value === 'string') {
    out[start] = STRING
    at += out.utf8Write(value, at)
  } else {
    out[start] = SCALAR
    at += out.latin1Write(String(value), at)
  }
  out.writeUInt32LE(at - start - 5, start + 1)
  return at
}

function length32(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function copyShort(from: Buffer, at: number, to: Buffer, toAt: number, length: number): number {
  if (length > 40) from.copy(to, toAt, at, at + length)
  else for (let k = 0; k < length; k++) to[toAt + k] = from[at + k]!
  return toAt + length
}

function printPacked(bytes: Buffer, at: number, into: Buffer, p: number): number {
  const kind = bytes[at]!
  const length = length32(bytes, at + 1)
  at += 5
  if (kind === SCALAR) return copyShort(bytes, at, into, p, length)
  if (kind === STRING) {
    into[p++] = QUOTE
    p = copyShort(bytes, at, into, p, length)
    into[p++] = QUOTE
    return p
  }
  const count = length32(bytes, at)
  at += 4
  into[p++] = kind === ARRAY ? 0x5b : 0x7b
  for (let n = 0; n < count; n++) {
    if (n > 0) into[p++] = 0x2c
    if (kind === OBJECT) {
      const key = bytes[at]! | (bytes[at + 1]! << 8)
      into[p++] = QUOTE
      p = copyShort(bytes, at + 2, into, p, key)
      into[p++] = QUOTE
      into[p++] = 0x3a
      at += 2 + key
    }
    p = printPacked(bytes, at, into, p)
    at += 5 + length32(bytes, at + 1)
  }
  into[p++] = kind === ARRAY ? 0x5d : 0x7d
  return p
}

function seekPacked(bytes: Buffer, way: Way): number {
  let at = 0
  for (const step of way) {
    at += 9
    if (typeof step === 'number') {
      for (let n = 0; n < step; n++) at += 5 + length32(bytes, at + 1)
      continue
    }
    for (;;) {
      const key = bytes[at]! | (bytes[at + 1]! << 8)
      const found = key === step.length && bytes.latin1Slice(at + 2, at + 2 + key) === step
      at += 2 + key
      if (found) break
      at += 5 + length32(bytes, at + 1)
    }
  }
  return at
}

export function keptPacked(text: Buffer): Kept {
  const scratch = Buffer.alloc(text.length * 3 + 64)
  const bytes = Buffer.from(scratch.subarray(0, pack(JSON.parse(text.utf8Slice(0, text.length)), scratch, 0)))
  return {
    print: into => printPacked(bytes, 0, into, 0),
    read: (way, into) => printPacked(bytes, seekPacked(bytes, way), into, 0),
    countUp(way) {
      const at = seekPacked(bytes, way)
      const length = length32(bytes, at + 1)
      const next = String(Number(bytes.latin1Slice(at + 5, at + 5 + length)) + 1)
      if (next.length === length) bytes.latin1Write(next, at + 5)
    },
    bytes: () => bytes.length,
  }
}
