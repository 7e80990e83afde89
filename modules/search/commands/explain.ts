/* FT.EXPLAIN, FT.EXPLAINCLI -- how a query is understood: its tree as text, whole or line by line. */

import { type Args, type Context, Range } from 'redstrata/module'
import { explain } from '../query/explain.ts'
import { textFieldNames } from '../schema/schema.ts'
import type { Workspace } from '../workspace.ts'
import { readQuery } from './search.ts'
import { parseSearch } from './search-options.ts'

export function explainQuery(workspace: Workspace, { reply }: Context, args: Args): void {
  const text = Buffer.from(treeText(workspace, args), 'latin1')
  reply.bytes(text, 0, text.length)
}

export function explainLines(workspace: Workspace, { reply }: Context, args: Args): void {
  const lines = treeText(workspace, args).split('\n')
  reply.array(lines.length)
  for (const line of lines) reply.status(Buffer.from(line, 'latin1').utf8Slice().replaceAll('\r', ' '))
}

function treeText(workspace: Workspace, args: Args): string {
  const name = args.bytes()
  const options = parseSearch(args, workspace.settings)
  const index = workspace.catalogue.needForQuery(name)
  const { documents } = index.structures
  const range = new Range()
  const numberOf = (key: Buffer) => documents.find(range.set(key, 0, key.length))
  return explain(readQuery(workspace, index, options), textFieldNames(index.schema), numberOf)
}
