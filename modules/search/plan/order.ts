/* Order -- SLOP and INORDER ask how words stand to each other. Of a JSON path that leads to several places, such as
 * `$.books[*].name`, nobody can tell, so that a field of this kind refuses them. */

import { type Host, replyError } from 'redstrata/module'
import { jsonService, readJsonPath } from '../ingest/json-service.ts'
import { childrenOf, type FieldMask, type Node } from '../query/ast.ts'
import type { Schema } from '../schema/schema.ts'

/**
 * Refuse a query that asks for the order of words where there is none.
 * @param everywhere whether SLOP or INORDER hold for the whole query, and not only for parts that have attributes.
 */
export function checkOrder(root: Node, everywhere: boolean, schema: Schema, host: Host): void {
  if (schema.rules.source === 'json' && schema.rules.offsets) visit(root, everywhere, schema, host)
}

function visit(node: Node, everywhere: boolean, schema: Schema, host: Host): void {
  if (node.kind === 'phrase' && (everywhere || node.slop !== -1 || node.saysOrder)) check(node.fields, schema, host)
  for (const child of childrenOf(node)) visit(child, everywhere, schema, host)
}

function check(fields: FieldMask, schema: Schema, host: Host): void {
  const service = jsonService(host)
  for (const { kind, bit, identifier, name } of schema.fields) {
    if (kind !== 'text' || ((fields >> BigInt(bit)) & 1n) === 0n || service === null) continue
    const path = readJsonPath(service, identifier.utf8Slice())
    if (path?.isStatic === false)
      throw replyError(
        `slop/inorder are not supported for field \`${name.latin1Slice()}\` since it has undefined ordering`,
      )
  }
}
