/* Attributes of a part of a query: `(...) => { $weight: 2; $slop: 1 }`. */

import type { Node } from './ast.ts'
import { refuse } from './failure.ts'

/** Attributes that only a vector search understands; their values are read when it is planned. */
const VECTOR_ATTRIBUTES = ['ef_runtime', 'epsilon', 'hybrid_policy', 'batch_size']

/** Set attributes of a node. */
export function applyAttributes(node: Node, attributes: readonly [string, Buffer][]): void {
  for (const [name, value] of attributes) applyAttribute(node, name, value)
}

function applyAttribute(node: Node, name: string, value: Buffer): void {
  switch (name.toLowerCase()) {
    case 'slop':
      node.slop = wholeNumber(value) ?? invalid(name, value)
      if (node.slop < -1) invalid(name, value)
      return
    case 'inorder':
      node.inOrder = truth(value) ?? invalid(name, value)
      node.saysOrder = true
      return
    case 'weight':
      node.weight = number(value) ?? invalid(name, value)
      if (!(node.weight >= 0)) invalid(name, value)
      return
    case 'phonetic':
      node.phonetic = (truth(value) ?? invalid(name, value)) ? 'on' : 'off'
      return
    case 'yield_distance_as':
      if (node.kind !== 'vector') break
      if (value.length === 0) invalid(name, value)
      node.scoreName = { text: value, parameter: false }
      node.attributes.push(['yield_distance_as', value])
      return
  }
  if (node.kind !== 'vector' || !VECTOR_ATTRIBUTES.includes(name.toLowerCase())) refuse(`Invalid attribute ${name}`)
  node.attributes.push([name.toLowerCase(), value])
}

function invalid(name: string, value: Buffer): never {
  return refuse(`Invalid value (${value.latin1Slice()}) for \`${name}\``)
}

function wholeNumber(value: Buffer): number | null {
  const text = value.latin1Slice()
  return /^-?\d{1,9}$/.test(text) ? Number(text) : null
}

function number(value: Buffer): number | null {
  const text = value.latin1Slice()
  return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : null
}

function truth(value: Buffer): boolean | null {
  switch (value.latin1Slice().toLowerCase()) {
    case 'true':
    case '1':
      return true
    case 'false':
    case '0':
      return false
  }
  return null
}
