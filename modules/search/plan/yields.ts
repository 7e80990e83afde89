/* Yields -- numbers that a query finds out about its documents and that can be returned or sorted by: the distances of
 * vector clauses, under the name that the clause gives or `__field_score`. */

import { childrenOf, type Node, type VectorNode } from '../query/ast.ts'

/** The number of a document, NaN when it has none. */
export type YieldedNumber = (document: number) => number

/** What a query yields, by name as a byte string; filled while the query is built. */
export type Yields = Map<string, YieldedNumber>

/** The name under which a vector clause yields its distance, or null. */
export function yieldName(node: VectorNode): string | null {
  if (node.scoreName !== null) return node.scoreName.text.latin1Slice()
  return node.mode === 'knn' ? `__${node.field.latin1Slice()}_score` : null
}

/** Names that a tree yields. */
export function yieldNames(root: Node | null): string[] {
  const names: string[] = []
  const visit = (node: Node): void => {
    const name = node.kind === 'vector' ? yieldName(node) : null
    if (name !== null) names.push(name)
    for (const child of childrenOf(node)) visit(child)
  }
  if (root !== null) visit(root)
  return names
}
