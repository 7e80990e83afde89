/* Numbers in results -- whole ones in all their digits, others with twelve of them, as C's %.12g prints. */

/** Digits of a number that is not whole. */
const DIGITS = 12

/** The text of a number. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return Object.is(value, -0) ? '-0' : String(BigInt(value))
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [digits, exponent] = value.toExponential(DIGITS - 1).split('e') as [string, string]
  const power = Number(exponent)
  if (power < -5 || power >= DIGITS) {
    const sign = power < 0 ? '-' : '+'
    return `${trimZeros(digits)}e${sign}${String(Math.abs(power)).padStart(2, '0')}`
  }
  return trimZeros(value.toFixed(Math.max(0, DIGITS - 1 - power)))
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
