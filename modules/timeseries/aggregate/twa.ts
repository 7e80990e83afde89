/* twa -- the average over time: the area under the line through the samples, over the time it covers.
 *
 *                     o after            The line enters the bucket from the sample before it and leaves towards the
 *            .......-/|                  sample after it, at heights read off the line:
 *      |   o'  : .'   |
 *      | .'|:::::::o  |                        area from start (or the first sample, when none is before)
 *      o |::::::::::| |                        to end (or the last sample, when none is after)
 *  before start    end
 *
 * A bucket that covers no time, having one sample and no neighbours, has that sample's value. */

import type { Aggregator, Bucket } from './aggregator.ts'

/** Places in the state: area so far, where it begins, the last sample, and how many there were. */
export const TWA_AREA = 0
export const TWA_BEGIN = 1
export const TWA_LAST_TIME = 2
export const TWA_LAST_VALUE = 3
export const TWA_COUNT = 4

/** Few samples are added one by one, as the real module adds them, to the last digit. */
const PAIRS_FROM = 32

export const twa: Aggregator = {
  name: 'twa',
  code: 13,
  empty: 'line',
  reset,
  feed,
  merge(state, at, bucket, run) {
    if (state[at + TWA_COUNT] === 0) begin(state, at, bucket, run.firstTime, run.firstValue)
    const joint = (run.firstValue + state[at + TWA_LAST_VALUE]!) * (run.firstTime - state[at + TWA_LAST_TIME]!)
    state[at + TWA_AREA]! += joint / 2 + run.area
    state[at + TWA_LAST_TIME] = run.lastTime
    state[at + TWA_LAST_VALUE] = run.lastValue
    state[at + TWA_COUNT]! += run.count
  },
  result,
  of(state, out, outAt, bucket, times, timesAt, values, valuesAt, length) {
    reset(state, 0)
    feed(state, 0, bucket, times, timesAt, values, valuesAt, length)
    out[outAt] = result(state, 0, bucket)
  },
}

function reset(state: Float64Array, at: number): void {
  state[at + TWA_AREA] = state[at + TWA_BEGIN] = state[at + TWA_COUNT] = 0
  state[at + TWA_LAST_TIME] = state[at + TWA_LAST_VALUE] = 0
}

function feed(
  state: Float64Array,
  at: number,
  bucket: Bucket,
  times: Float64Array,
  timesAt: number,
  values: Float64Array,
  valuesAt: number,
  length: number,
): void {
  if (state[at + TWA_COUNT] === 0) begin(state, at, bucket, times[timesAt]!, values[valuesAt]!)
  const joint = (values[valuesAt]! + state[at + TWA_LAST_VALUE]!) * (times[timesAt]! - state[at + TWA_LAST_TIME]!)
  state[at + TWA_AREA]! += areaOf(joint, times, timesAt, values, valuesAt, length) / 2
  state[at + TWA_LAST_TIME] = times[timesAt + length - 1]!
  state[at + TWA_LAST_VALUE] = values[valuesAt + length - 1]!
  state[at + TWA_COUNT]! += length
}

/** Twice the area under the line through some samples, added to what is given. */
function areaOf(
  area: number,
  times: Float64Array,
  timesAt: number,
  values: Float64Array,
  valuesAt: number,
  length: number,
): number {
  const shift = valuesAt - timesAt
  const end = timesAt + length
  let lastTime = times[timesAt]!
  let last = values[valuesAt]!
  let i = timesAt + 1
  if (length >= PAIRS_FROM) {
    // Two sums side by side: neither addition waits for the one before it.
    let other = 0
    for (; i + 1 < end; i += 2) {
      const time = times[i]!
      const value = values[i + shift]!
      const nextTime = times[i + 1]!
      const next = values[i + 1 + shift]!
      area += (value + last) * (time - lastTime)
      other += (next + value) * (nextTime - time)
      lastTime = nextTime
      last = next
    }
    area += other
  }
  for (; i < end; i++) {
    const time = times[i]!
    const value = values[i + shift]!
    area += (value + last) * (time - lastTime)
    lastTime = time
    last = value
  }
  return area
}

function result(state: Float64Array, at: number, bucket: Bucket): number {
  let end = state[at + TWA_LAST_TIME]!
  const last = state[at + TWA_LAST_VALUE]!
  let area = state[at + TWA_AREA]!
  if (bucket.hasAfter) {
    const edge = Math.min(bucket.end, bucket.afterTime)
    const height = heightAt(edge, end, last, bucket.afterTime, bucket.afterValue)
    area += ((last + height) / 2) * (edge - end)
    end = edge
  }
  const covered = end - state[at + TWA_BEGIN]!
  return covered === 0 ? last : area / covered
}

/** The mean height of the line between two samples over a stretch of time between them. */
export function lineBetween(bucket: Bucket): number {
  const { beforeTime, beforeValue, afterTime, afterValue } = bucket
  const begin = heightAt(bucket.start, beforeTime, beforeValue, afterTime, afterValue)
  return (begin + heightAt(bucket.end, beforeTime, beforeValue, afterTime, afterValue)) / 2
}

/** Start from the bucket's edge when a sample lies before it, else from the first sample. */
function begin(state: Float64Array, at: number, bucket: Bucket, time: number, value: number): void {
  state[at + TWA_BEGIN] = time
  state[at + TWA_LAST_TIME] = time
  state[at + TWA_LAST_VALUE] = value
  if (!bucket.hasBefore) return
  // A filter can have left out samples of this very bucket: then the one before is inside it.
  const edge = Math.max(bucket.start, bucket.beforeTime)
  const height = heightAt(edge, bucket.beforeTime, bucket.beforeValue, time, value)
  state[at + TWA_AREA] = ((height + value) / 2) * (time - edge)
  state[at + TWA_BEGIN] = edge
}

/** Height at a time of the line through two samples. */
function heightAt(time: number, fromTime: number, from: number, toTime: number, to: number): number {
  return from + ((time - fromTime) * (to - from)) / (toTime - fromTime)
}
