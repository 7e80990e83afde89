/* Parameters -- PARAMS 2 name value, and what they stand for in a tree. */

import { parseDouble } from 'redstrata/module'
import { isPoint, UNIT_METRES } from '../index/geo.ts'
import { lowered } from '../text/lower.ts'
import { childrenOf, type GeoNode, type Node, type NumberBox, type TextBox } from './ast.ts'
import { QueryFailure, refuse } from './failure.ts'

/** Values by name, as byte strings. */
export type Parameters = ReadonlyMap<string, Buffer>

/** Put values in the place of names throughout a tree, and check circles; returns the error when one is wrong. */
export function resolveParameters(root: Node, parameters: Parameters): string | null {
  try {
    resolve(root, parameters, false)
    return null
  } catch (failure) {
    if (failure instanceof QueryFailure) return failure.text
    throw failure
  }
}

function resolve(node: Node, parameters: Parameters, inTag: boolean): void {
  switch (node.kind) {
    case 'token':
      if (node.text.parameter) {
        text(node.text, parameters, !inTag)
        // A number has no other forms.
        node.verbatim ||= isNumber(node.text.text)
      }
      break
    case 'fuzzy':
      text(node.text, parameters, !inTag)
      break
    case 'affix':
    case 'pattern':
      text(node.text, parameters, false)
      break
    case 'numeric':
      number(node.low, parameters)
      number(node.high, parameters)
      break
    case 'geo':
      number(node.longitude, parameters)
      number(node.latitude, parameters)
      number(node.radius, parameters)
      text(node.unit, parameters, true)
      checkCircle(node)
      break
    case 'shape':
      text(node.shape, parameters, false)
      break
    case 'vector':
      number(node.size, parameters)
      text(node.blob, parameters, false)
      for (const [, value] of node.parameters) text(value, parameters, false)
      if (node.scoreName !== null) text(node.scoreName, parameters, false)
  }
  for (const child of childrenOf(node)) resolve(child, parameters, inTag || node.kind === 'tag')
}

function checkCircle(node: GeoNode): void {
  if (UNIT_METRES[node.unit.text.latin1Slice()] === undefined) refuse('Invalid GeoFilter unit')
  if (!isPoint(node.longitude.value, node.latitude.value)) refuse('Invalid GeoFilter lat/lon')
  if (!(node.radius.value > 0)) refuse('Invalid GeoFilter radius')
}

function isNumber(text: Buffer): boolean {
  return !Number.isNaN(parseDouble(text, 0, text.length))
}

function find(name: Buffer, parameters: Parameters): Buffer {
  const key = name.latin1Slice()
  return parameters.get(key) ?? refuse(`No such parameter \`${key}\``)
}

function text(box: TextBox, parameters: Parameters, inLowerCase: boolean): void {
  if (!box.parameter) return
  const value = find(box.text, parameters)
  box.text = inLowerCase ? lowered(value) : value
  box.parameter = false
}

function number(box: NumberBox, parameters: Parameters): void {
  if (box.parameter === null) return
  const name = box.parameter.latin1Slice()
  const value = find(box.parameter, parameters)
  const parsed = parseDouble(value, 0, value.length)
  if (Number.isNaN(parsed)) {
    const shown = value.latin1Slice()
    if (box.role === 'plain') refuse(`Invalid numeric value (${shown}) for parameter \`${name}\``)
    refuse(`Bad ${box.role} range: ${shown}`)
  }
  box.value = box.negative ? -parsed : parsed
  box.parameter = null
}
