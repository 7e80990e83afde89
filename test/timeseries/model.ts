/** A time series as a sorted array, and its queries as their definitions say: slow, short and plainly right. */

import type { Sample } from './support.ts'

export interface ModelQuery {
  from: number
  to: number
  times: number[] | null
  least: number
  greatest: number
  reverse: boolean
  aggregators: string[]
  duration: number
  align: number
  stamp: number
  empty: boolean
}

export class Model {
  readonly samples: Map<number, number> = new Map()

  sorted(): Sample[] {
    return [...this.samples].sort((a, b) => a[0] - b[0])
  }

  shown(horizon: number): Sample[] {
    return this.sorted().filter(sample => sample[0] >= horizon)
  }
}

/** Samples of a query, in reading order. */
export function modelSamples(all: Sample[], query: ModelQuery): Sample[] {
  const found = all.filter(
    ([time, value]) =>
      time >= query.from &&
      time <= query.to &&
      value >= query.least &&
      value <= query.greatest &&
      (query.times === null || query.times.includes(time)),
  )
  return query.reverse ? found.reverse() : found
}

/** Rows of a query, in reading order. */
export function modelBuckets(all: Sample[], query: ModelQuery): [number, number[]][] {
  const found = modelSamples(all, query)
  const { duration, align, reverse } = query
  const startOf = (time: number): number => {
    const over = (time - align) % duration
    return time - (over < 0 ? over + duration : over)
  }
  const line = query.aggregators.includes('twa')
  const starts = new Set(found.map(([time]) => startOf(time)))
  if (query.empty) {
    const known = found.map(([time]) => time)
    if (line) {
      // The line reaches to a sample outside the range, unless a filter has left out one in between.
      const [first, last] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [query.from, query.to]
      const before = (all.filter(([time]) => time < first).at(-1)?.[0] ?? query.from) < query.from
      const after = (all.find(([time]) => time > last)?.[0] ?? query.to) > query.to
      const some = known.length > 0
      if (before && (some || after)) known.push(query.from)
      if (after && (some || before)) known.push(query.to)
    }
    if (known.length > 0)
      for (let start = startOf(Math.min(...known)); start <= Math.max(...known); start += duration) starts.add(start)
  }
  const ordered = [...starts].sort((a, b) => (reverse ? b - a : a - b))
  const rows: [number, number[]][] = []
  for (const start of ordered) {
    const inside = found.filter(([time]) => startOf(time) === start)
    const values = query.aggregators.map((name, column) => {
      if (name === 'twa') return modelTwa(all, found, inside, start, query)
      if (inside.length > 0)
        return modelValue(
          name,
          inside.map(sample => sample[1]),
        )
      if (name === 'sum' || name === 'count') return 0
      return name === 'last' ? (rows.at(-1)?.[1][column] ?? Number.NaN) : Number.NaN
    })
    const shown = Math.max(0, start)
    rows.push([shown + [0, Math.floor(duration / 2), duration][query.stamp]!, values])
  }
  return rows
}

/** One value of some, which are in reading order. */
export function modelValue(name: string, values: number[]): number {
  const sum = values.reduce((a, b) => a + b, 0)
  const mean = sum / values.length
  const spread = values.reduce((a, b) => a + (b - mean) ** 2, 0)
  switch (name) {
    case 'avg':
      return mean
    case 'sum':
      return sum
    case 'min':
      return Math.min(...values)
    case 'max':
      return Math.max(...values)
    case 'range':
      return Math.max(...values) - Math.min(...values)
    case 'count':
      return values.length
    case 'first':
      return values[0]!
    case 'last':
      return values.at(-1)!
    case 'var.p':
      return spread / values.length
    case 'var.s':
      return values.length === 1 ? 0 : spread / (values.length - 1)
    case 'std.p':
      return Math.sqrt(spread / values.length)
    default:
      return values.length === 1 ? 0 : Math.sqrt(spread / (values.length - 1))
  }
}

/** The area under the line through the samples, over the bucket as far as it is asked for and the line reaches. */
function modelTwa(all: Sample[], found: Sample[], inside: Sample[], start: number, query: ModelQuery): number {
  const low = Math.max(start, query.from, 0)
  const high = Math.min(start + query.duration, query.to)
  const seen = [...found].sort((a, b) => a[0] - b[0])
  // Inside the range the line goes through the samples found; outside it, through whatever there is.
  const first = seen[0]?.[0] ?? query.from
  const last = seen.at(-1)?.[0] ?? query.to
  const before = all.filter(([time]) => time < first).at(-1)
  const after = all.find(([time]) => time > last)
  const points = [...(before === undefined ? [] : [before]), ...seen, ...(after === undefined ? [] : [after])]
  const heightAt = (time: number): number => {
    const right = points.findIndex(([other]) => other >= time)
    if (points[right]![0] === time) return points[right]![1]
    const [t1, v1] = points[right - 1]!
    const [t2, v2] = points[right]!
    return v1 + ((time - t1) * (v2 - v1)) / (t2 - t1)
  }
  const begin = Math.max(low, points[0]![0])
  const end = Math.min(high, points.at(-1)![0])
  if (begin >= end) return inside[0]?.[1] ?? heightAt(begin)
  const edges = [begin, ...points.map(point => point[0]).filter(time => time > begin && time < end), end]
  let area = 0
  for (let i = 1; i < edges.length; i++)
    area += ((heightAt(edges[i - 1]!) + heightAt(edges[i]!)) / 2) * (edges[i]! - edges[i - 1]!)
  return area / (end - begin)
}

/** The same for one bucket of a rule, over all samples there are; one at least lies in it. */
export function modelTwaOf(all: Sample[], start: number, end: number): number {
  const query: ModelQuery = {
    ...{ from: 0, to: Number.POSITIVE_INFINITY, times: null, least: 0, greatest: 0, reverse: false },
    ...{ aggregators: [], duration: end - start, align: 0, stamp: 0, empty: false },
  }
  const inside = all.filter(([time]) => time >= start && time < end)
  return modelTwa(all, all, inside, start, query)
}
