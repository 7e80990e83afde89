/* Parameters of vector clauses: `EF_RUNTIME 20` behind the blob, or `=>{$EF_RUNTIME: 20}` behind the clause. */

import type { VectorNode } from '../query/ast.ts'
import { refuse } from '../query/failure.ts'
import type { VectorOptions } from './options.ts'

/** How a filter and a search for the nearest go together. */
export type Policy = 'ADHOC_BF' | 'BATCHES'

/** What a clause is told. */
export interface VectorParameters {
  readonly ef: number
  readonly epsilon: number
  /** null: the planner decides. */
  readonly policy: Policy | null
  readonly batchSize: number | null
}

const INVALID_OPTION = 'Invalid option'
const INVALID_VALUE = 'Invalid value was given'
const NOT_HYBRID = 'hybrid query attributes were sent for a non-hybrid query'

function fail(text: string): never {
  return refuse(`Error parsing vector similarity parameters: ${text}`)
}

/** The parameters of a clause, checked against its field and its kind. */
export function parametersOf(node: VectorNode, options: VectorOptions, hasFilter: boolean): VectorParameters {
  const given = new Map<string, string>()
  const all = [
    ...node.parameters.map(([name, value]): [string, string] => [name.latin1Slice(), value.text.latin1Slice()]),
    ...node.attributes.map(([name, value]): [string, string] => [name, value.latin1Slice()]),
  ]
  for (const [written, value] of all) {
    const name = written.toLowerCase()
    if (name === 'yield_distance_as') continue
    checkName(name, node, options, hasFilter)
    if (given.has(name)) fail('Parameter was specified twice')
    given.set(name, value)
  }
  const policy = policyOf(given.get('hybrid_policy'))
  if (policy === 'ADHOC_BF' && given.has('batch_size')) fail("'batch size' is irrelevant for 'ADHOC_BF' policy")
  if (policy === 'ADHOC_BF' && given.has('ef_runtime')) fail("'EF_RUNTIME' is irrelevant for 'ADHOC_BF' policy")
  return {
    ef: wholeOf(given.get('ef_runtime')) ?? options.efRuntime,
    epsilon: epsilonOf(given.get('epsilon')) ?? options.epsilon,
    policy,
    batchSize: wholeOf(given.get('batch_size')),
  }
}

function checkName(name: string, node: VectorNode, options: VectorOptions, hasFilter: boolean): void {
  const isGraph = options.algorithm === 'HNSW'
  switch (name) {
    case 'ef_runtime':
      if (!isGraph || node.mode === 'range') fail(INVALID_OPTION)
      return
    case 'epsilon':
      if (!isGraph) fail(INVALID_OPTION)
      if (node.mode !== 'range') fail('range query attributes were sent for a non-range query')
      return
    case 'hybrid_policy':
    case 'batch_size':
      if (node.mode === 'range' || !hasFilter) fail(NOT_HYBRID)
      return
  }
  fail(INVALID_OPTION)
}

function policyOf(value: string | undefined): Policy | null {
  if (value === undefined) return null
  const upper = value.toUpperCase()
  return upper === 'ADHOC_BF' || upper === 'BATCHES' ? upper : fail('invalid hybrid policy was given')
}

function wholeOf(value: string | undefined): number | null {
  if (value === undefined) return null
  return /^\d{1,15}$/.test(value) && Number(value) > 0 ? Number(value) : fail(INVALID_VALUE)
}

function epsilonOf(value: string | undefined): number | null {
  if (value === undefined) return null
  return Number(value) > 0 ? Number(value) : fail(INVALID_VALUE)
}
