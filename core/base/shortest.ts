/* Shortest -- the digits that Redis prints a double with.
 *
 * Every number between the midpoints to its two neighbours reads back as the double, so the digits may stop as soon as
 * what is left out is smaller than that interval:
 *
 *          lower                 upper          upper = 0.30000000000000007     generate digits of upper
 *     -------|---------v-----------|-----       stop at 0.3: the rest is within upper - lower
 *                     double                    then step the last digit down towards the double itself
 *
 * This is Grisu2: all three are multiplied by one cached power of ten, so that their integer parts fit 32 bits, and digits
 * come out of 64-bit integers without large arithmetic. The multiplication errs by less than one unit, by which the interval is
 * narrowed on both sides; so one number in about a thousand gets a digit more than the shortest form has. Redis prints it that
 * way, and therefore so do we: a language's own shortest printing would differ there.
 *
 * A 64-bit number is two words of 32, each a non-negative JavaScript number.
 *
 *   O(digits), about half a microsecond, nothing allocated
 *
 * Source: F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers" (PLDI 2010). */

const TWO_32 = 4294967296

/** The result: digits as ASCII, how many, and the power of ten of the last one. Overwritten by each call. */
export const decimal: { readonly digits: Uint8Array; count: number; exponent: number } = {
  digits: new Uint8Array(24),
  count: 0,
  exponent: 0,
}

/** Cached powers 10^-348, 10^-340 ... 10^340, each mantissa (64 bits, the first one set) * 2^exponent. */
const POWER_FIRST = -348
const POWER_STEP = 8
const POWER_COUNT = 87
const POWER_HIGH = new Float64Array(POWER_COUNT)
const POWER_LOW = new Float64Array(POWER_COUNT)
const POWER_EXPONENT = new Int16Array(POWER_COUNT)
computePowers()

function computePowers(): void {
  for (let i = 0; i < POWER_COUNT; i++) {
    const power = POWER_FIRST + i * POWER_STEP
    const ten = 10n ** BigInt(Math.abs(power))
    // 2^63 <= mantissa < 2^64, rounded to the nearest.
    const exponent = Math.floor(power * Math.log2(10)) - 63
    const numerator = (power < 0 ? 1n : ten) << BigInt(Math.max(-exponent, 0))
    const denominator = (power < 0 ? ten : 1n) << BigInt(Math.max(exponent, 0))
    const mantissa = (2n * numerator + denominator) / (2n * denominator)
    POWER_HIGH[i] = Number(mantissa >> 32n)
    POWER_LOW[i] = Number(mantissa & 0xffffffffn)
    POWER_EXPONENT[i] = exponent
  }
}

const LOG10_2 = Math.log10(2)

/** After scaling, the binary exponent lies in this range: an integer part of at most 32 bits above a fraction. */
const SCALED_MIN = -60
const SCALED_MAX = -32

/** The cached power that brings a 64-bit number with this binary exponent into range. */
function powerFor(exponent: number): number {
  const estimate = Math.trunc(-(exponent + POWER_COUNT) * LOG10_2)
  let i = Math.trunc((estimate - POWER_FIRST) / POWER_STEP)
  while (exponent + POWER_EXPONENT[i]! + 64 < SCALED_MIN) i++
  while (exponent + POWER_EXPONENT[i]! + 64 > SCALED_MAX) i--
  return i
}

/** The two words of a product, left by multiply(). */
const product = { high: 0, low: 0 }

/** The upper 64 bits of the 128-bit product, rounded half up. */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const crossLow1 = Math.imul(aHigh, bLow) >>> 0
  const crossLow2 = Math.imul(aLow, bHigh) >>> 0
  const low = Math.imul(aLow, bLow) >>> 0
  const high = Math.imul(aHigh, bHigh) >>> 0
  const middle = crossLow1 + crossLow2 + upperWord(aLow, bLow, low) + 0x80000000
  const sum = high + upperWord(aHigh, bLow, crossLow1) + upperWord(aLow, bHigh, crossLow2) + Math.floor(middle / TWO_32)
  product.low = sum >>> 0
  product.high = upperWord(aHigh, bHigh, high) + Math.floor(sum / TWO_32)
}

/** The upper word of a * b whose lower word is known: the rounded product misses it by far less than half a unit. */
function upperWord(a: number, b: number, low: number): number {
  return Math.floor((a * b - low) / TWO_32 + 0.5)
}

/** The upper end of the interval, its distance to the lower end and to the double, and the scale's shift. */
const scaled = { high: 0, low: 0, deltaHigh: 0, deltaLow: 0, gapHigh: 0, gapLow: 0, shift: 0 }

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Find the digits of a positive finite double, into `decimal`. */
export function shortestDigits(value: number): void {
  scale(value)
  const digits = decimal.digits
  const fractionBits = scaled.shift - 32
  const one = 1 << fractionBits
  // The integer part, which is never 0, digit by digit from the left.
  let whole = scaled.high >>> fractionBits
  const fractionHigh = scaled.high & (one - 1)
  let count = 0
  let place = 0
  let power = 1
  for (; whole >= power * 10; power *= 10) place++
  for (; place >= 0; power /= 10, place--) {
    const digit = Math.floor(whole / power)
    whole -= digit * power
    digits[count++] = 48 + digit
    const high = whole * one + fractionHigh
    if (high < scaled.deltaHigh || (high === scaled.deltaHigh && scaled.low <= scaled.deltaLow)) {
      decimal.exponent += place
      decimal.count = count
      stepDown(high, scaled.low, power * one)
      return
    }
  }
  fractionDigits(fractionHigh, scaled.low, one, count)
}

/** Multiply the rest and its bounds by ten: what crosses the point is the next digit. Three digits at once at first. */
function fractionDigits(restHigh: number, restLow: number, one: number, count: number): void {
  const digits = decimal.digits
  const begin = count
  let { deltaHigh, deltaLow } = scaled
  for (;;) {
    // The end, once reached, stays reached: if it is not after three digits, it was not within them.
    const low = restLow * 1000
    const high = restHigh * 1000 + Math.floor(low / TWO_32)
    const group = Math.floor(high / one)
    const edgeLow = deltaLow * 1000
    const edgeHigh = deltaHigh * 1000 + Math.floor(edgeLow / TWO_32)
    if (isLess(high - group * one, low >>> 0, edgeHigh, edgeLow >>> 0)) break
    restHigh = high - group * one
    restLow = low >>> 0
    deltaHigh = edgeHigh
    deltaLow = edgeLow >>> 0
    const hundreds = (group / 100) | 0
    const tens = (group / 10) | 0
    digits[count] = 48 + hundreds
    digits[count + 1] = 48 + tens - hundreds * 10
    digits[count + 2] = 48 + group - tens * 10
    count += 3
  }
  do {
    const low = restLow * 10
    restHigh = restHigh * 10 + Math.floor(low / TWO_32)
    restLow = low >>> 0
    const edgeLow = deltaLow * 10
    deltaHigh = deltaHigh * 10 + Math.floor(edgeLow / TWO_32)
    deltaLow = edgeLow >>> 0
    const digit = Math.floor(restHigh / one)
    restHigh -= digit * one
    digits[count++] = 48 + digit
  } while (!isLess(restHigh, restLow, deltaHigh, deltaLow))
  for (let i = begin; i < count; i++) {
    const gap = scaled.gapLow * 10
    scaled.gapHigh = scaled.gapHigh * 10 + Math.floor(gap / TWO_32)
    scaled.gapLow = gap >>> 0
  }
  scaled.deltaHigh = deltaHigh
  scaled.deltaLow = deltaLow
  decimal.exponent -= count - begin
  decimal.count = count
  stepDown(restHigh, restLow, one)
}

/** Split the double, find its interval, and multiply both by a power of ten. */
function scale(value: number): void {
  double[0] = value
  let high = littleEndian ? words[1]! : words[0]!
  let low = littleEndian ? words[0]! : words[1]!
  let exponent = high >>> 20
  high &= 0xfffff
  const smallestMantissa = high === 0 && low === 0
  const subnormal = exponent === 0
  if (subnormal) exponent = 1
  else high |= 0x100000
  exponent -= 1075
  // Left until the first bit is set; 11 places for all but the subnormal numbers.
  const lead = high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low)
  if (lead >= 32) {
    high = (low << (lead - 32)) >>> 0
    low = 0
  } else {
    high = ((high << lead) | (low >>> (32 - lead))) >>> 0
    low = (low << lead) >>> 0
  }
  exponent -= lead
  // Half a unit of the double to either side; a quarter below a power of two, where its lower neighbours lie closer.
  const halfHigh = lead > 32 ? 1 << (lead - 33) : 0
  const halfLow = lead > 32 ? 0 : (1 << (lead - 1)) >>> 0
  const belowLow = smallestMantissa && !subnormal ? halfLow >>> 1 : halfLow
  const i = powerFor(exponent)
  const powerHigh = POWER_HIGH[i]!
  const powerLow = POWER_LOW[i]!
  multiply(high, low, powerHigh, powerLow)
  const middleHigh = product.high
  const middleLow = product.low
  multiply(high - halfHigh - (low < belowLow ? 1 : 0), wrap(low - belowLow), powerHigh, powerLow)
  const lowerHigh = product.high
  const lowerLow = product.low + 1
  multiply(high + halfHigh + (low + halfLow >= TWO_32 ? 1 : 0), wrap(low + halfLow), powerHigh, powerLow)
  scaled.high = product.low === 0 ? product.high - 1 : product.high
  scaled.low = wrap(product.low - 1)
  scaled.deltaLow = wrap(scaled.low - lowerLow)
  scaled.deltaHigh = scaled.high - lowerHigh - (scaled.low < lowerLow ? 1 : 0)
  scaled.gapLow = wrap(scaled.low - middleLow)
  scaled.gapHigh = scaled.high - middleHigh - (scaled.low < middleLow ? 1 : 0)
  scaled.shift = -(exponent + POWER_EXPONENT[i]! + 64)
  decimal.exponent = -(POWER_FIRST + i * POWER_STEP)
}

function wrap(word: number): number {
  return word < 0 ? word + TWO_32 : word >= TWO_32 ? word - TWO_32 : word
}

/**
 * Lower the last digit while that stays in the interval and comes nearer to the double. The rest is the distance of the
 * digits from the upper end; a step adds `step` to its upper word.
 */
function stepDown(restHigh: number, restLow: number, step: number): void {
  const { deltaHigh, deltaLow, gapHigh, gapLow } = scaled
  while (isLess(restHigh, restLow, gapHigh, gapLow)) {
    const next = restHigh + step
    if (isLess(deltaHigh, deltaLow, next, restLow)) return
    // Past the double, the step is worth it only if it ends nearer: next - gap < gap - rest. The sum of both words is
    // exact where its sign is in doubt.
    const nearer = (next + restHigh - 2 * gapHigh) * TWO_32 + 2 * (restLow - gapLow) < 0
    if (!isLess(next, restLow, gapHigh, gapLow) && !nearer) return
    decimal.digits[decimal.count - 1]! -= 1
    restHigh = next
  }
}

function isLess(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh < bHigh || (aHigh === bHigh && aLow < bLow)
}
