/* FT.HYBRID -- one query by words and one by a vector, their results made into one ranking. */

import { type Args, type Context, replyError, type Suspended } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { prepareQuery } from '../plan/prepare.ts'
import { runJob } from '../plan/slices.ts'
import { common, type Node, type TextBox, type VectorNode } from '../query/ast.ts'
import { resolveParameters } from '../query/parameters.ts'
import { HybridJob } from '../results/hybrid-job.ts'
import { fieldNamed } from '../schema/schema.ts'
import type { Workspace } from '../workspace.ts'
import { type HybridOptions, parseHybrid } from './hybrid-options.ts'
import { checkFormat, languageOf } from './query-options.ts'
import { noteUse, readQuery } from './search.ts'

const PARAMETER = 0x24

// biome-ignore lint/suspicious/noConfusingVoidType: a long query waits
export function hybrid(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const name = args.bytes()
  const options = parseHybrid(args, workspace.settings)
  const index = workspace.catalogue.needForQuery(name)
  checkFormat(options, index.schema, ctx.reply.protocol)
  const text = readQuery(workspace, index, options)
  const vector = vectorNode(workspace, index, options)
  noteUse(index, options.dialect, ctx.nowMs)
  return runJob(workspace, ctx, new HybridJob(workspace, ctx, index, text, vector, options), options.timeoutMs)
}

/** The clause that VSIM stands for. @throws ReplyError */
function vectorNode(workspace: Workspace, index: Index, options: HybridOptions): VectorNode {
  const { field, vector, mode, size, vectorParameters } = options
  if (fieldNamed(index.schema, field)?.kind !== 'vector')
    throw replyError(`Unknown vector field \`${field.latin1Slice()}\``)
  const isParameter = vector[0] === PARAMETER
  const blob = { text: isParameter ? vector.subarray(1) : vector, parameter: isParameter }
  const node: VectorNode = {
    ...common(),
    kind: 'vector',
    field,
    mode,
    size: { value: size, parameter: null, negative: false, role: 'plain' },
    blob,
    blobName: blob.text,
    scoreName: null,
    parameters: vectorParameters.map(([name, value]): [Buffer, TextBox] => [
      Buffer.from(name),
      { text: Buffer.from(value, 'latin1'), parameter: false },
    ]),
    children: filterNodes(workspace, index, options),
  }
  const error = resolveParameters(node, options.parameters)
  if (error !== null) throw replyError(error)
  return node
}

/** What VSIM's FILTER lets through; none when that is everything. */
function filterNodes(workspace: Workspace, index: Index, options: HybridOptions): Node[] {
  if (options.vectorFilter === null) return []
  const { dialect, parameters, verbatim, expander } = options
  const language = languageOf(options, index.schema)
  const reading = { dialect, parameters, stopWords: index.schema.rules.stopWords, verbatim, language, expander }
  const tree = prepareQuery(options.vectorFilter, index, reading, workspace.stemmers)
  if (tree === null) return [{ ...common(), kind: 'nothing' }]
  return tree.kind === 'all' ? [] : [tree]
}
