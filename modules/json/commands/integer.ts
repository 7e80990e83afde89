import { parseInteger, type Range } from 'redstrata/module'
import { JSON_ERROR } from '../errors.ts'

const I64_MIN = -(1n << 63n)
const I64_MAX = (1n << 63n) - 1n

/**
 * An argument that is a signed 64-bit integer, zeros and a plus in front allowed; the nearest double when it is beyond
 * what a number holds exactly. @throws when it is none
 */
export function integerArgument(argument: Range): number {
  const n = parseInteger(argument.buf, argument.start, argument.end)
  if (Number.isFinite(n)) return n
  const text = argument.latin1()
  const value = text.length <= 100 && /^[+-]?[0-9]+$/.test(text) ? BigInt(text.replace('+', '')) : I64_MAX + 1n
  if (value < I64_MIN || value > I64_MAX) throw JSON_ERROR.notInteger
  return Number(value)
}
