/* Numbers as results show them: whole ones plainly, others with twelve digits, sort keys with seventeen -- as C prints
 * doubles with %.12g and %.17g. */

/** A number in a field of a result. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63)
    return Object.is(value, -0) ? '-0' : BigInt(value).toString()
  return general(value, 12)
}

/** A number among sort keys. */
export function sortKeyText(value: number): string {
  return general(value, 17)
}

/** Up to so many significant digits, without trailing zeros; with an exponent when that is shorter. */
function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa, power] = value.toExponential(digits - 1).split('e') as [string, string]
  const exponent = Number(power)
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+'
    return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)))
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
