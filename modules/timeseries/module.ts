/* The TimeSeries module -- samples in order of time, compressed, aggregated, compacted and found by labels, as
 * RedisTimeSeries has them.
 *
 *      chunk/ chunks.ts series.ts     how samples are kept
 *      aggregate/ range/              how they are read and put into buckets
 *      rules.ts ingest.ts             series that are kept as aggregations of others
 *      labels.ts filter.ts            how series are found
 *      shelf.ts type.ts persist.ts    how the server holds them
 *      options.ts query-options.ts output.ts digits.ts commands/ errors.ts settings.ts        what clients see
 *      rehearsal.ts                   commands played before there are any
 *
 * The first four know no server: memory goes in, numbers come out. */

import { type Command, cmd, type Module } from 'redstrata/module'
import { add, decrby, del, incrby, madd } from './commands/ingest.ts'
import { info } from './commands/info.ts'
import { nrange, nrevrange } from './commands/join.ts'
import { get, range, revrange } from './commands/range.ts'
import { read as readFrom } from './commands/read.ts'
import { createrule, deleterule } from './commands/rules.ts'
import { mget, mrange, mrevrange, queryindex, querylabels } from './commands/select.ts'
import { alter, create } from './commands/settle.ts'
import { rehearsal } from './rehearsal.ts'
import { defaultSettings, settingsParameters, takeArguments } from './settings.ts'
import { Shelf } from './shelf.ts'
import { seriesType } from './type.ts'
import { KEY } from './words.ts'
import { TIMESERIES_DOCS } from './docs.ts'

const SERIES =
  '[RETENTION retention] [ENCODING <COMPRESSED|UNCOMPRESSED>] [CHUNK_SIZE size] [DUPLICATE_POLICY policy]' +
  ' [IGNORE max_time_diff max_value_diff]'
const LABELS = '[LABELS label value [label value ...]]'
const BUCKETS = '[[ALIGN align] AGGREGATION aggregators bucket_duration [BUCKETTIMESTAMP <start|end|mid>] [EMPTY]]'
const SAMPLES = '[LATEST] [FILTER_BY_TS ts [ts ...]] [FILTER_BY_VALUE min max]'
const TOLD = '[WITHLABELS|SELECTED_LABELS label [label ...]]'
const SELECTED = 'FILTER filter [filter ...]'
/** The same for commands that have a refusal of their own when nothing follows the word. */
const SELECTED_LATER = 'FILTER [filter ...]'

/* All commands, over the series of one server. Each has a function of its own that names its handler: one that serves all
 * could not be compiled together with any. */

/** Commands that change series. */
function writingCommands(shelf: Shelf): Command[] {
  const write = 'write denyoom'
  const brief = `${write} brief`
  return [
    cmd(`TS.CREATE key ${SERIES} ${LABELS}`, write, KEY, (ctx, args) => create(shelf, ctx, args)),
    cmd(`TS.ALTER key ${SERIES} ${LABELS}`, write, KEY, (ctx, args) => alter(shelf, ctx, args)),
    cmd(`TS.ADD key timestamp value ${SERIES} [ON_DUPLICATE policy] ${LABELS}`, brief, KEY, (ctx, args) =>
      add(shelf, ctx, args),
    ),
    cmd('TS.MADD key timestamp value [key timestamp value ...]', write, 'RW access update@1..-1/3', (ctx, args) =>
      madd(shelf, ctx, args),
    ),
    cmd(`TS.INCRBY key addend [TIMESTAMP timestamp] ${SERIES} ${LABELS}`, brief, KEY, (ctx, args) =>
      incrby(shelf, ctx, args),
    ),
    cmd(`TS.DECRBY key subtrahend [TIMESTAMP timestamp] ${SERIES} ${LABELS}`, brief, KEY, (ctx, args) =>
      decrby(shelf, ctx, args),
    ),
    cmd('TS.DEL key from_timestamp to_timestamp', 'write', KEY, (ctx, args) => del(shelf, ctx, args)),
    cmd(
      'TS.CREATERULE source_key dest_key AGGREGATION aggregator bucket_duration [align_timestamp]',
      write,
      KEY,
      (ctx, args) => createrule(shelf, ctx, args),
    ),
    cmd('TS.DELETERULE source_key dest_key', 'write', KEY, (ctx, args) => deleterule(shelf, ctx, args)),
  ]
}

/** Commands that read them. */
function readingCommands(shelf: Shelf): Command[] {
  const read = 'read'
  return [
    cmd('TS.GET key [LATEST]', 'read brief', KEY, (ctx, args) => get(shelf, ctx, args)),
    cmd(`TS.RANGE key from_timestamp to_timestamp ${SAMPLES} [COUNT count] ${BUCKETS}`, read, KEY, (ctx, args) =>
      range(shelf, ctx, args),
    ),
    cmd(`TS.REVRANGE key from_timestamp to_timestamp ${SAMPLES} [COUNT count] ${BUCKETS}`, read, KEY, (ctx, args) =>
      revrange(shelf, ctx, args),
    ),
    cmd(
      `TS.MRANGE from_timestamp to_timestamp ${SAMPLES} ${TOLD} [COUNT count] [EXCLUDEEMPTY] ${BUCKETS} ${SELECTED_LATER}` +
        ' [GROUPBY label REDUCE reducer]',
      read,
      '',
      (ctx, args) => mrange(shelf, ctx, args),
    ),
    cmd(
      `TS.MREVRANGE from_timestamp to_timestamp ${SAMPLES} ${TOLD} [COUNT count] [EXCLUDEEMPTY] ${BUCKETS} ${SELECTED_LATER}` +
        ' [GROUPBY label REDUCE reducer]',
      read,
      '',
      (ctx, args) => mrevrange(shelf, ctx, args),
    ),
    cmd(
      `TS.NRANGE numkeys key [key ...] from_timestamp to_timestamp ${SAMPLES} [COUNT count] ${BUCKETS}`,
      read,
      'RO access@1#',
      (ctx, args) => nrange(shelf, ctx, args),
    ),
    cmd(
      `TS.NREVRANGE numkeys key [key ...] from_timestamp to_timestamp ${SAMPLES} [COUNT count] ${BUCKETS}`,
      read,
      'RO access@1#',
      (ctx, args) => nrevrange(shelf, ctx, args),
    ),
    cmd('TS.READ key timestamp [BLOCK milliseconds min_count] [MAX_COUNT max_count]', read, 'RO access', (ctx, args) =>
      readFrom(shelf, ctx, args),
    ),
    cmd(`TS.MGET [LATEST] ${TOLD} ${SELECTED}`, read, '', (ctx, args) => mget(shelf, ctx, args)),
    cmd('TS.QUERYINDEX filter [filter ...]', read, '', (ctx, args) => queryindex(shelf, ctx, args)),
    cmd('TS.QUERYLABELS <LABELS|VALUES label> [FILTER filter [filter ...]]', read, '', (ctx, args) =>
      querylabels(shelf, ctx, args),
    ),
    cmd('TS.INFO key [DEBUG]', read, KEY, (ctx, args) => info(shelf, ctx, args)),
  ]
}

export default {
  name: 'timeseries',
  version: 11214,
  load(host, args) {
    const settings = defaultSettings()
    const parameters = settingsParameters(settings)
    takeArguments(parameters, args)
    host.config(parameters)
    const shelf = new Shelf(host, settings)
    shelf.type = host.type(seriesType(shelf))
    shelf.listen()
    shelf.onFirst = () => host.rehearse(() => rehearsal(host, settings))
    host.commands([...writingCommands(shelf), ...readingCommands(shelf)], { docs: TIMESERIES_DOCS })
  },
} satisfies Module
