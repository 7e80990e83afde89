/* Figures -- what FT.INFO and INFO tell of the structures of an index, counted when asked for.
 *
 * Positions of words are not counted as they come and go: they lie packed in the blocks. A sample of blocks is read, and
 * what it holds is taken for all. */

import { Block } from './index/posting-block.ts'
import type { SearchIndex } from './index/search-index.ts'
import type { Terms } from './index/terms.ts'

/** Counts and sizes of an index. */
export interface Figures {
  /** Postings of words, tombstones included, and the blocks that hold them. */
  records: number
  blocks: number
  postingBytes: number
  /** Positions of words, and the part of the blocks that they take; of large indexes an estimate. */
  offsets: number
  offsetBytes: number
  sortableBytes: number
  tagBytes: number
  vectorBytes: number
  shapeBytes: number
}

/** The figures of an index. */
export function figuresOf(index: SearchIndex): Figures {
  const figures: Figures = {
    records: 0,
    blocks: 0,
    postingBytes: index.terms.postings.sizeBytes,
    offsets: 0,
    offsetBytes: 0,
    sortableBytes: 0,
    tagBytes: 0,
    vectorBytes: 0,
    shapeBytes: 0,
  }
  countLists(index.terms, figures)
  if (index.schema.rules.offsets) samplePositions(index.terms, figures)
  for (const { field, tags, strings, numbers, own } of index.fields) {
    if (tags !== null) {
      countLists(tags.values, figures)
      figures.postingBytes += tags.values.postings.sizeBytes
      figures.tagBytes += tags.sizeBytes - tags.values.postings.sizeBytes
    }
    figures.sortableBytes += strings?.sizeBytes ?? 0
    if (field.sortable) figures.sortableBytes += numbers?.column.sizeBytes ?? 0
    if (own === null) continue
    if (field.kind === 'vector') figures.vectorBytes += own.sizeBytes
    else figures.shapeBytes += own.sizeBytes
  }
  return figures
}

function countLists(terms: Terms, figures: Figures): void {
  for (let i = 0; i < terms.count; i++) {
    const record = terms.dict.at(i)
    figures.records += terms.postings.count(record)
    figures.blocks += terms.postings.blocks(record)
  }
}

/** Blocks that are read for the sake of a figure. */
const SAMPLE_BLOCKS = 256

/** Estimate the positions of words from some blocks, at distances without a rhythm that the words could have too. */
function samplePositions(terms: Terms, figures: Figures): void {
  const block = new Block()
  const step = Math.max(1, Math.floor(figures.blocks / SAMPLE_BLOCKS))
  let [records, positions, bytes, skip, chance] = [0, 0, 0, 0, 1]
  for (let i = 0; i < terms.count; i++) {
    const record = terms.dict.at(i)
    const blocks = terms.postings.blocks(record)
    for (; skip < blocks; skip += step === 1 ? 1 : 1 + ((chance >>> 8) % (2 * step - 1))) {
      chance = (Math.imul(chance, 1664525) + 1013904223) | 0
      terms.postings.read(record, skip, block)
      block.needOffsets()
      records += block.rows
      for (let row = 0; row < block.rows; row++) {
        bytes += block.offsetEnd[row]! - block.offsetStart[row]!
        // Each position is a number of which only the last byte is below 128.
        for (let at = block.offsetStart[row]!; at < block.offsetEnd[row]!; at++) if (block.bytes[at]! < 128) positions++
      }
    }
    skip -= blocks
  }
  const share = records === 0 ? 0 : figures.records / records
  figures.offsets = Math.round(positions * share)
  figures.offsetBytes = Math.round(bytes * share)
}
