/* FT.INFO -- what an index is, and its figures. */

import type { Args, Context } from 'redstrata/module'
import type { Workspace } from '../workspace.ts'

export function info(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  const { documents, terms } = index.structures
  const mark = reply.deferred()
  reply.status('index_name')
  reply.status(index.name)
  reply.status('num_docs')
  reply.integer(documents.count)
  reply.status('max_doc_id')
  reply.integer(documents.last)
  reply.status('num_terms')
  reply.integer(terms.count)
  reply.status('hash_indexing_failures')
  reply.integer(index.failures.count)
  reply.status('indexing')
  reply.integer(index.scan === null ? 0 : 1)
  reply.fillMap(mark, 6)
}
