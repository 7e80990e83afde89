/* Type -- what the keyspace must know about series. */

import type { DigestSink, TypeDeclaration } from 'redstrata/module'
import { TS_ERR } from './errors.ts'
import { loadSeries, SERIES_VERSION, saveSeries } from './persist.ts'
import { scan } from './range/scan.ts'
import type { Series } from './series.ts'
import type { Shelf } from './shelf.ts'

/** Bytes of a series' object on the heap, and of each of its labels, roughly. */
const OBJECT_BYTES = 400
const LABEL_BYTES = 40

/** The type of the series of one server. */
export function seriesType(shelf: Shelf): TypeDeclaration<Series> {
  return {
    name: 'TSDB-TYPE',
    form: 'object',
    wrongType: TS_ERR.wrongType,
    module: { name: 'TSDB-TYPE', version: SERIES_VERSION },
    create: (db, record) => shelf.make(db, record),
    release: series => shelf.release(series),
    sizeBytes,
    encoding: () => 'raw',
    copy(from, to) {
      to.configure(from.options)
      to.copySamples(from)
      to.home!.add(to)
    },
    save: saveSeries,
    pieces: series => series.chunks.length,
    load(series, source, version) {
      loadSeries(series, source, version)
      series.home!.add(series)
    },
    digest,
  }
}

/** Bytes that a series holds, its object on the heap included. */
export function sizeBytes(series: Series): number {
  let bytes = series.bytes + OBJECT_BYTES
  for (const label of series.labels) bytes += LABEL_BYTES + label.length
  return bytes + series.rules.length * OBJECT_BYTES
}

function digest(series: Series, sink: DigestSink): void {
  const { options, rules } = series
  sink.partText(JSON.stringify({ ...options, source: series.source?.key ?? series.sourceKey }))
  for (const rule of rules)
    sink.partText(JSON.stringify([rule.target?.key ?? rule.targetKey, rule.aggregator.name, rule.duration, rule.align]))
  sink.end()
  scan(
    series,
    { from: 0, to: Number.POSITIVE_INFINITY, filter: null, reverse: false, latest: null, hidden: true },
    {
      take(times, at, values, valuesAt, length) {
        for (let i = 0; i < length; i++) {
          sink.partText(`${times[at + i]} ${values[valuesAt + i]}`)
          sink.end()
        }
        return true
      },
    },
  )
}
