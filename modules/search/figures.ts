/* Figures -- what FT.INFO and INFO tell of the structures of an index, counted when asked for. */

import type { SearchIndex } from './index/search-index.ts'
import type { Terms } from './index/terms.ts'

/** Counts and sizes of an index. */
export interface Figures {
  /** Postings of words, tombstones included, and the blocks that hold them. */
  records: number
  blocks: number
  postingBytes: number
  /** Positions of words; they lie in the blocks and are not counted apart. */
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
