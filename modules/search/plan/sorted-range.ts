/* Sorted range -- `@price:[100 400]` SORTBY price is answered by the order of the field itself.
 *
 *      order   ... 99 | 100  120  120  ... 400 | 410 ...        the first of them are the answer,
 *                     ^---------------------^                   and how many there are is known without a look
 *
 * Only documents that live have their numbers in the order, so nothing has to be looked at but what is returned. */

import type { Numbers } from '../index/numbers.ts'
import type { SearchIndex } from '../index/search-index.ts'
import type { Node } from '../query/ast.ts'
import type { Field } from '../schema/schema.ts'

/** What a query finds: how many documents, and the first of them. */
export interface SortedRange {
  readonly total: number
  readonly documents: readonly number[]
}

/** The answer to a query that is one range of the field that it is sorted by; null for other queries. */
export function sortedRange(
  root: Node | null,
  sortField: Field,
  structures: SearchIndex,
  keep: number,
  descending: boolean,
): SortedRange | null {
  if (root?.kind !== 'numeric' || sortField.kind !== 'numeric' || !root.field.equals(sortField.name)) return null
  const { numbers } = structures.fields[sortField.number]!
  const order = numbers?.order
  // A document with several numbers would be met several times.
  if (numbers === null || order == null || numbers.hasSeveral) return null
  const from = order.place(root.low.value, root.lowOpen, { chunk: 0, slot: 0 })
  const to = order.place(root.high.value, !root.highOpen, { chunk: 0, slot: 0 })
  const total = Math.max(0, order.between(from, to))
  const count = Math.min(keep, total)
  return { total, documents: descending ? last(numbers, to, count) : first(numbers, from, count) }
}

interface Place {
  chunk: number
  slot: number
}

function first({ order }: Numbers, { chunk, slot }: Place, count: number): number[] {
  const documents: number[] = []
  while (documents.length < count) {
    if (slot === order!.entriesOf(chunk)) {
      chunk++
      slot = 0
    } else documents.push(order!.document(chunk, slot++))
  }
  return documents
}

function last({ order }: Numbers, { chunk, slot }: Place, count: number): number[] {
  const documents: number[] = []
  while (documents.length < count) {
    if (slot === 0) slot = order!.entriesOf(--chunk)
    else documents.push(order!.document(chunk, --slot))
  }
  return documents
}
