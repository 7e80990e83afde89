/* Posting blocks -- up to 128 postings, as rows while they are gathered and as columns when they are sealed. The two
 * forms are drawn in postings.ts. This file reads both into a Block and writes both from one. */

import { NO_BYTES } from 'redstrata/module'
import { readVarint, varint, varintLength, writeVarint } from './varint.ts'

/** Postings of a full block. */
export const BLOCK_ROWS = 128

/** What a list keeps beside document numbers. */
export interface Layout {
  readonly freqs: boolean
  readonly fields: boolean
  readonly offsets: boolean
}

const HEADER_BYTES = 24
const EXCEPTION_BYTES = 5
const FREQS = 1
const FIELDS = 2
const OFFSETS = 4

const NONE = new Int32Array(0)

/** Documents of a stretch whose places can be marked. */
export const MARKS = 4096
/** A mark is a tag and a place below this. */
export const TAG_STEP = 256
const TAG_MAX = 1 << 30

/** Arrays for work on a block of postings; what they hold is good for one step. */
export class Workbench {
  /** A score for each row. */
  readonly scores: Float64Array = new Float64Array(BLOCK_ROWS + 1)
  /** Rows that were chosen, and places in such a list. */
  readonly matches: Int32Array = new Int32Array(BLOCK_ROWS + 1)
  readonly places: Int32Array = new Int32Array(BLOCK_ROWS + 1)
  #marks: Int32Array | null = null
  #tag = 0

  /** A mark is a place plus the tag of whoever marked it last: older marks need not be wiped away. Made when first used. */
  get marks(): Int32Array {
    return (this.#marks ??= new Int32Array(MARKS))
  }

  /** A tag greater than all before it. */
  newTag(): number {
    if (this.#tag >= TAG_MAX) {
      this.marks.fill(0)
      this.#tag = 0
    }
    return (this.#tag += TAG_STEP)
  }
}

/**
 * The postings of one block in arrays, which are made when they are first filled. Sealed blocks give their documents at
 * once and the rest when asked.
 */
export class Block {
  /** Rows that it has room for. */
  readonly capacity: number
  readonly documents: Int32Array
  freqs: Int32Array = NONE
  /** Numbers of field sets. */
  fields: Int32Array = NONE
  /** Where in `bytes` each posting's offsets begin and end. */
  offsetStart: Int32Array = NONE
  offsetEnd: Int32Array = NONE
  #workbench: Workbench | null = null
  /** Scratch of sealing: bytes of each posting's offsets. */
  lengths: Int32Array = NONE
  rows = 0
  /** The slab that holds the block. */
  bytes: Buffer = NO_BYTES
  /** After a join: the slab of the offsets of the rows from `joined` on. */
  joinedBytes: Buffer = NO_BYTES
  joined: number = BLOCK_ROWS + 1
  #at = 0
  #missing = 0
  // A row of a sealed block and where its offsets begin, while not all of them were asked for; -1: no row yet.
  #offsetRow = -1
  #offsetAt = 0

  /** @param capacity at least the rows of any block that is read; one row more for inserting. */
  constructor(capacity: number = BLOCK_ROWS + 1) {
    this.capacity = capacity
    this.documents = new Int32Array(capacity)
  }

  /** For whoever joins or ranks the block. Made when first asked for. */
  get workbench(): Workbench {
    return (this.#workbench ??= new Workbench())
  }

  #makeArrays(): void {
    if (this.freqs.length === 0) this.freqs = new Int32Array(this.capacity)
    if (this.fields.length === 0) this.fields = new Int32Array(this.capacity)
    this.#makeOffsets()
  }

  #makeOffsets(): void {
    if (this.offsetEnd.length > 0) return
    this.offsetStart = new Int32Array(this.capacity)
    this.offsetEnd = new Int32Array(this.capacity)
  }

  /** Read a sealed block at `bytes[at]`: the documents now, the rest later. */
  openSealed(bytes: Buffer, at: number): void {
    this.#begin(bytes)
    this.#at = at
    this.#missing = FREQS | FIELDS | OFFSETS
    this.#offsetRow = -1
    this.rows = readDocuments(bytes, at, this.documents)
  }

  /** Read an open block of plain rows. */
  openPlain(bytes: Buffer, at: number, rows: number, base: number): void {
    this.#begin(bytes)
    this.#missing = FREQS | FIELDS
    this.#at = -1
    this.rows = rows
    const documents = this.documents
    let document = base
    for (let row = 0; row < rows; row++) {
      document += readVarint(bytes, at)
      at = varint.end
      documents[row] = document
    }
  }

  /** Read an open block of full rows. */
  openRows(bytes: Buffer, at: number, rows: number, base: number, layout: Layout): void {
    this.#begin(bytes)
    this.#missing = 0
    this.rows = rows
    this.#makeArrays()
    const { documents, freqs, fields, offsetStart, offsetEnd } = this
    const single = layout.offsets ? 1 : 0
    let document = base
    for (let row = 0; row < rows; row++) {
      const head = readVarint(bytes, at)
      at = varint.end
      document += head >>> 3
      documents[row] = document
      freqs[row] = 1
      if ((head & FREQS) !== 0) {
        freqs[row] = readVarint(bytes, at)
        at = varint.end
      }
      fields[row] = 0
      if ((head & FIELDS) !== 0) {
        fields[row] = readVarint(bytes, at)
        at = varint.end
      }
      let length = single
      if ((head & OFFSETS) !== 0) {
        length = readVarint(bytes, at)
        at = varint.end
      }
      offsetStart[row] = at
      at += length
      offsetEnd[row] = at
    }
  }

  /** A block of one document and nothing else. */
  openLone(document: number): void {
    this.#begin(NO_BYTES)
    this.#missing = FREQS | FIELDS
    this.#at = -1
    this.rows = 1
    this.documents[0] = document
  }

  #begin(bytes: Buffer): void {
    this.bytes = bytes
    this.joinedBytes = NO_BYTES
    this.joined = BLOCK_ROWS + 1
  }

  /** Have `freqs` filled. */
  needFreqs(): void {
    if ((this.#missing & FREQS) === 0) return
    this.#missing &= ~FREQS
    if (this.freqs.length === 0) this.freqs = new Int32Array(this.capacity)
    if (this.#at < 0) this.freqs.fill(1, 0, this.rows)
    else readColumn(this.bytes, this.#at, 2, 12, freqsAt(this.bytes, this.#at), this.rows, this.freqs)
  }

  /** Have `fields` filled. */
  needFields(): void {
    if ((this.#missing & FIELDS) === 0) return
    this.#missing &= ~FIELDS
    if (this.fields.length === 0) this.fields = new Int32Array(this.capacity)
    if (this.#at < 0) this.fields.fill(0, 0, this.rows)
    else readColumn(this.bytes, this.#at, 3, 16, fieldsAt(this.bytes, this.#at), this.rows, this.fields)
  }

  /** Have `offsetStart` and `offsetEnd` filled. */
  needOffsets(): void {
    if ((this.#missing & OFFSETS) === 0) return
    this.#missing &= ~OFFSETS
    this.#makeOffsets()
    const at = this.#at
    const rows = this.rows
    const lengthsAt = fieldsAt(this.bytes, at) + rows * this.bytes[at + 3]!
    readColumn(this.bytes, at, 4, 20, lengthsAt, rows, this.offsetEnd)
    let offset = lengthsAt + rows * this.bytes[at + 4]!
    for (let row = 0; row < rows; row++) {
      this.offsetStart[row] = offset
      offset += this.offsetEnd[row]!
      this.offsetEnd[row] = offset
    }
  }

  /** Keep the rows for which `kept` says so, of a block that was read whole. Returns how many went. */
  filter(kept: (document: number) => boolean): number {
    const { documents, freqs, fields, offsetStart, offsetEnd, rows } = this
    let to = 0
    for (let row = 0; row < rows; row++) {
      if (!kept(documents[row]!)) continue
      documents[to] = documents[row]!
      freqs[to] = freqs[row]!
      fields[to] = fields[row]!
      offsetStart[to] = offsetStart[row]!
      offsetEnd[to] = offsetEnd[row]!
      to++
    }
    this.rows = to
    return rows - to
  }

  /** Have everything filled that the layout keeps. */
  needAll(layout: Layout): void {
    this.needFreqs()
    this.needFields()
    if (layout.offsets) this.needOffsets()
    else {
      this.#makeOffsets()
      this.offsetStart.fill(0, 0, this.rows)
      this.offsetEnd.fill(0, 0, this.rows)
    }
  }

  /** Put a document without anything else at its place among the rows; there may be one row more than a block has. */
  insert(document: number): void {
    const documents = this.documents
    let row = this.rows
    for (; row > 0 && documents[row - 1]! > document; row--) documents[row] = documents[row - 1]!
    documents[row] = document
    const last = this.rows++
    this.freqs[last] = 1
    this.fields[last] = this.offsetStart[last] = this.offsetEnd[last] = 0
  }

  /** Move the second half of the rows, which have nothing but documents, to another block. */
  splitInto(second: Block): void {
    const half = this.rows >>> 1
    second.openLone(0)
    second.rows = 0
    second.#makeArrays()
    for (let row = half; row < this.rows; row++) second.insert(this.documents[row]!)
    second.#missing = 0
    this.rows = half
  }

  /** Put the rows of another block behind these; both were read whole and fit into one. */
  join(second: Block): void {
    const at = this.rows
    for (let row = 0; row < second.rows; row++) {
      this.documents[at + row] = second.documents[row]!
      this.freqs[at + row] = second.freqs[row]!
      this.fields[at + row] = second.fields[row]!
      this.offsetStart[at + row] = second.offsetStart[row]!
      this.offsetEnd[at + row] = second.offsetEnd[row]!
    }
    this.joined = at
    this.joinedBytes = second.bytes
    this.rows += second.rows
  }

  /**
   * Add what the frequencies of chosen rows are worth, `weight * frequency * idf` each, to a list of scores. Of a sealed
   * block the chosen ones are read where they stand.
   */
  addWorth(rows: Int32Array, count: number, weight: number, idf: number, scores: Float64Array): void {
    if ((this.#missing & FREQS) !== 0 && this.#at >= 0) {
      const { bytes } = this
      const width = bytes[this.#at + 2]!
      if (width === 0) {
        const worth = weight * readWord(bytes, this.#at + 12) * idf
        for (let i = 0; i < count; i++) scores[i] = scores[i]! + worth
        return
      }
      if (width === 1) {
        const from = freqsAt(bytes, this.#at)
        for (let i = 0; i < count; i++) scores[i] = scores[i]! + weight * bytes[from + rows[i]!]! * idf
        return
      }
    }
    this.needFreqs()
    const { freqs } = this
    for (let i = 0; i < count; i++) scores[i] = scores[i]! + weight * freqs[rows[i]!]! * idf
  }

  /** Positions that a row may hold: a bound for the room that `positions` needs. */
  positionsMax(row: number): number {
    if (!this.#findsOffsets(row)) return this.offsetEnd[row]! - this.offsetStart[row]!
    return this.#lengthOf(row)
  }

  /** Write the token positions of a row to `out[at...]`; returns where they end. */
  positions(row: number, out: Int32Array, at: number): number {
    const bytes = this.bytes
    let from: number
    let end: number
    if (this.#findsOffsets(row)) {
      from = this.#offsetAt
      end = from + this.#lengthOf(row)
    } else {
      from = this.offsetStart[row]!
      end = this.offsetEnd[row]!
    }
    let position = 0
    for (; from < end; from = varint.end) {
      position += readVarint(bytes, from)
      out[at++] = position
    }
    return at
  }

  /**
   * Go to the offsets of one row of a sealed block, from the last row that was asked for when that is not behind it. False
   * when they are in the arrays.
   */
  #findsOffsets(row: number): boolean {
    if ((this.#missing & OFFSETS) === 0) return false
    if (row === this.#offsetRow) return true
    const { bytes } = this
    const at = this.#at
    const width = bytes[at + 4]!
    if (width > 1) {
      this.needOffsets()
      return false
    }
    const lengthsAt = fieldsAt(bytes, at) + this.rows * bytes[at + 3]!
    const first = lengthsAt + this.rows * width
    if (width === 0) this.#offsetAt = first + row * readWord(bytes, at + 20)
    else {
      const isBehind = this.#offsetRow >= 0 && row > this.#offsetRow
      let offset = isBehind ? this.#offsetAt : first
      const end = lengthsAt + row
      for (let i = isBehind ? lengthsAt + this.#offsetRow : lengthsAt; i < end; i++) offset += bytes[i]!
      this.#offsetAt = offset
    }
    this.#offsetRow = row
    return true
  }

  /** Bytes of the offsets of a row, which are not in the arrays and at most 255 unless they are all the same. */
  #lengthOf(row: number): number {
    const { bytes } = this
    const at = this.#at
    if (bytes[at + 4] === 0) return readWord(bytes, at + 20)
    return bytes[fieldsAt(bytes, at) + this.rows * bytes[at + 3]! + row]!
  }
}

// ---------------------------------------------------------------------- reading sealed blocks

/** Read the documents of a sealed block; returns how many there are. */
function readDocuments(bytes: Buffer, at: number, out: Int32Array): number {
  const rows = bytes[at]!
  const width = bytes[at + 1]!
  const exceptions = bytes[at + 5]!
  const from = at + HEADER_BYTES
  let document = readWord(bytes, at + 8)
  if (exceptions === 0 && width === 1) {
    for (let row = 0; row < rows; row++) out[row] = document += bytes[from + row]!
    return rows
  }
  if (width === 1) for (let row = 0; row < rows; row++) out[row] = bytes[from + row]!
  else if (width === 2)
    for (let row = 0; row < rows; row++) out[row] = bytes[from + row * 2]! | (bytes[from + row * 2 + 1]! << 8)
  else for (let row = 0; row < rows; row++) out[row] = readWord(bytes, from + row * 4)
  let exception = from + rows * width
  for (let i = 0; i < exceptions; i++, exception += EXCEPTION_BYTES)
    out[bytes[exception]!]! += readWord(bytes, exception + 1) << (width * 8)
  for (let row = 0; row < rows; row++) out[row] = document += out[row]!
  return rows
}

function readWord(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function freqsAt(bytes: Buffer, at: number): number {
  return at + HEADER_BYTES + bytes[at]! * bytes[at + 1]! + bytes[at + 5]! * EXCEPTION_BYTES
}

function fieldsAt(bytes: Buffer, at: number): number {
  return freqsAt(bytes, at) + bytes[at]! * bytes[at + 2]!
}

function readColumn(
  bytes: Buffer,
  at: number,
  widthAt: number,
  commonAt: number,
  from: number,
  rows: number,
  out: Int32Array,
): void {
  const width = bytes[at + widthAt]!
  if (width === 0) out.fill(readWord(bytes, at + commonAt), 0, rows)
  else if (width === 1) for (let row = 0; row < rows; row++) out[row] = bytes[from + row]!
  else if (width === 2)
    for (let row = 0; row < rows; row++) out[row] = bytes[from + row * 2]! | (bytes[from + row * 2 + 1]! << 8)
  else for (let row = 0; row < rows; row++) out[row] = readWord(bytes, from + row * 4)
}

// ---------------------------------------------------------------------- writing sealed blocks

/** How a block will be sealed: worked out once, for the size and then for the bytes. */
export interface SealPlan {
  rows: number
  width: number
  exceptions: number
  freqWidth: number
  fieldsWidth: number
  lengthWidth: number
  offsetBytes: number
}

/** Plan to seal the rows of a block that was read whole. */
export function planSeal(block: Block): SealPlan {
  if (block.lengths.length === 0) block.lengths = new Int32Array(block.capacity)
  const { documents, rows } = block
  let wide1 = 0
  let wide2 = 0
  for (let row = 1; row < rows; row++) {
    const delta = documents[row]! - documents[row - 1]!
    if (delta > 0xff) wide1++
    if (delta > 0xffff) wide2++
  }
  const cost1 = rows + wide1 * EXCEPTION_BYTES
  const cost2 = rows * 2 + wide2 * EXCEPTION_BYTES
  const width = rows * 4 <= cost1 && rows * 4 <= cost2 ? 4 : cost2 < cost1 ? 2 : 1
  let offsetBytes = 0
  for (let row = 0; row < rows; row++)
    offsetBytes += block.lengths[row] = block.offsetEnd[row]! - block.offsetStart[row]!
  return {
    rows,
    width,
    exceptions: width === 1 ? wide1 : width === 2 ? wide2 : 0,
    freqWidth: columnWidth(block.freqs, rows),
    fieldsWidth: columnWidth(block.fields, rows),
    lengthWidth: columnWidth(block.lengths, rows),
    offsetBytes,
  }
}

function columnWidth(values: Int32Array, rows: number): number {
  let bits = 0
  let same = true
  for (let row = 0; row < rows; row++) {
    bits |= values[row]!
    if (values[row] !== values[0]) same = false
  }
  return same ? 0 : bits >>> 8 === 0 ? 1 : bits >>> 16 === 0 ? 2 : 4
}

/** Bytes of the sealed block. */
export function sealedBytes(plan: SealPlan): number {
  const perRow = plan.width + plan.freqWidth + plan.fieldsWidth + plan.lengthWidth
  return HEADER_BYTES + plan.rows * perRow + plan.exceptions * EXCEPTION_BYTES + plan.offsetBytes
}

/** Write the sealed form of a block that was just planned. */
export function writeSealed(block: Block, plan: SealPlan, bytes: Buffer, at: number): void {
  const { documents, rows } = block
  bytes[at] = rows
  bytes[at + 1] = plan.width
  bytes[at + 2] = plan.freqWidth
  bytes[at + 3] = plan.fieldsWidth
  bytes[at + 4] = plan.lengthWidth
  bytes[at + 5] = plan.exceptions
  bytes[at + 6] = bytes[at + 7] = 0
  bytes.writeInt32LE(documents[0]! - 1, at + 8)
  bytes.writeInt32LE(block.freqs[0]!, at + 12)
  bytes.writeInt32LE(block.fields[0]!, at + 16)
  bytes.writeInt32LE(block.lengths[0]!, at + 20)
  let to = writeDocuments(documents, plan, bytes, at + HEADER_BYTES)
  to = writeColumn(block.freqs, rows, plan.freqWidth, bytes, to)
  to = writeColumn(block.fields, rows, plan.fieldsWidth, bytes, to)
  to = writeColumn(block.lengths, rows, plan.lengthWidth, bytes, to)
  for (let row = 0; row < rows; row++) {
    const from = row < block.joined ? block.bytes : block.joinedBytes
    from.copy(bytes, to, block.offsetStart[row]!, block.offsetEnd[row]!)
    to += block.lengths[row]!
  }
}

function writeDocuments(documents: Int32Array, plan: SealPlan, bytes: Buffer, at: number): number {
  const { rows, width } = plan
  let exception = at + rows * width
  let previous = documents[0]! - 1
  for (let row = 0; row < rows; row++) {
    const delta = documents[row]! - previous
    previous = documents[row]!
    for (let i = 0; i < width; i++) bytes[at + row * width + i] = (delta >>> (i * 8)) & 0xff
    if (width === 4 || delta >>> (width * 8) === 0) continue
    bytes[exception] = row
    bytes.writeInt32LE(delta >>> (width * 8), exception + 1)
    exception += EXCEPTION_BYTES
  }
  return exception
}

function writeColumn(values: Int32Array, rows: number, width: number, bytes: Buffer, at: number): number {
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++) bytes[at + row * width + i] = (values[row]! >>> (i * 8)) & 0xff
  return at + rows * width
}

// ---------------------------------------------------------------------- rows

/** Whether lists of a layout have nothing but documents, whose rows then are bare deltas. */
export function isPlain(layout: Layout): boolean {
  return !layout.freqs && !layout.fields && !layout.offsets
}

/** Bytes of a row up to its offsets. */
export function rowLength(delta: number, freq: number, fields: number, offsetBytes: number, layout: Layout): number {
  let length = varintLength(delta * 8)
  if (layout.freqs && freq !== 1) length += varintLength(freq)
  if (layout.fields && fields !== 0) length += varintLength(fields)
  return layout.offsets && offsetBytes !== 1 ? length + varintLength(offsetBytes) : length
}

/** Write a row up to its offsets; returns where they go. */
export function writeRow(
  bytes: Buffer,
  at: number,
  delta: number,
  freq: number,
  fields: number,
  offsetBytes: number,
  layout: Layout,
): number {
  const hasFreq = layout.freqs && freq !== 1
  const hasFields = layout.fields && fields !== 0
  const hasLength = layout.offsets && offsetBytes !== 1
  const head = delta * 8 + (hasFreq ? FREQS : 0) + (hasFields ? FIELDS : 0) + (hasLength ? OFFSETS : 0)
  at = writeVarint(bytes, at, head)
  if (hasFreq) at = writeVarint(bytes, at, freq)
  if (hasFields) at = writeVarint(bytes, at, fields)
  return hasLength ? writeVarint(bytes, at, offsetBytes) : at
}

/** Bytes of the first `rows` rows of a block that was read whole. */
export function rowsLength(block: Block, rows: number, layout: Layout): number {
  let length = 0
  for (let row = 0; row < rows; row++) {
    const delta = row === 0 ? 1 : block.documents[row]! - block.documents[row - 1]!
    if (isPlain(layout)) length += varintLength(delta)
    else {
      const offsetBytes = block.offsetEnd[row]! - block.offsetStart[row]!
      length += rowLength(delta, block.freqs[row]!, block.fields[row]!, offsetBytes, layout) + offsetBytes
    }
  }
  return length
}

/** Write the first `rows` rows of a block that was read whole. */
export function writeRows(block: Block, rows: number, layout: Layout, bytes: Buffer, at: number): void {
  for (let row = 0; row < rows; row++) {
    const delta = row === 0 ? 1 : block.documents[row]! - block.documents[row - 1]!
    if (isPlain(layout)) {
      at = writeVarint(bytes, at, delta)
      continue
    }
    const offsetBytes = block.offsetEnd[row]! - block.offsetStart[row]!
    at = writeRow(bytes, at, delta, block.freqs[row]!, block.fields[row]!, offsetBytes, layout)
    block.bytes.copy(bytes, at, block.offsetStart[row]!, block.offsetEnd[row]!)
    at += offsetBytes
  }
}

/** Bytes that token positions take as varints of their differences, up to a bound. */
export function offsetsLength(positions: Int32Array, from: number, to: number, bound: number): number {
  let length = 0
  let previous = 0
  for (let i = from; i < to; i++) {
    const bytes = varintLength(positions[i]! - previous)
    if (length + bytes > bound) break
    length += bytes
    previous = positions[i]!
  }
  return length
}

/** Write token positions until `end`; the inverse of Block.positions. */
export function writeOffsets(positions: Int32Array, from: number, bytes: Buffer, at: number, end: number): void {
  let previous = 0
  for (; at < end; from++) {
    at = writeVarint(bytes, at, positions[from]! - previous)
    previous = positions[from]!
  }
}
