/* The section Persistence of INFO. */

import type { Engine } from '../command/engine.ts'
import { AppendOnly } from './aof/append-only.ts'
import { Loading } from './loading.ts'
import { Persistence } from './persistence.ts'
import { Start } from './start.ts'

type Lines = Iterable<readonly [string, string | number]>

export function* persistenceLines(engine: Engine): Lines {
  const persistence = engine.service(Persistence)
  const aof = engine.service(AppendOnly)
  const loading = engine.service(Loading)
  const start = engine.service(Start)
  const { running, runningSnapshot: snapshot } = persistence
  yield ['loading', loading.isActive ? 1 : 0]
  yield ['async_loading', 0]
  // Nothing is copied for a snapshot: there is no second process.
  yield ['current_cow_peak', 0]
  yield ['current_cow_size', 0]
  yield ['current_cow_size_age', 0]
  yield ['current_fork_perc', snapshot === null ? '0.00' : snapshot.percentDone.toFixed(2)]
  yield ['current_save_keys_processed', snapshot === null ? 0 : snapshot.keysWritten]
  yield ['current_save_keys_total', snapshot === null ? 0 : snapshot.keysTotal]
  yield ['rdb_changes_since_last_save', engine.keyspace.dirty]
  yield ['rdb_bgsave_in_progress', running === 'rdb' ? 1 : 0]
  yield ['rdb_last_save_time', Math.floor(persistence.lastSaveMs / 1000)]
  yield ['rdb_last_bgsave_status', persistence.lastSaveOk ? 'ok' : 'err']
  yield ['rdb_last_bgsave_time_sec', persistence.lastDurationSeconds]
  yield ['rdb_current_bgsave_time_sec', running === 'rdb' ? persistence.runningSeconds : -1]
  yield ['rdb_saves', persistence.saves]
  yield ['rdb_last_cow_size', 0]
  yield ['rdb_last_load_keys_expired', start.keysExpired]
  yield ['rdb_last_load_keys_loaded', start.keysLoaded]
  yield* aofLines(persistence, aof)
  yield ['module_fork_in_progress', 0]
  yield ['module_fork_last_cow_size', 0]
  if (aof.state !== 'off') yield* openAofLines(aof)
  if (loading.isActive) yield* loadingLines(loading)
}

function* aofLines({ running, runningSeconds }: Persistence, aof: AppendOnly): Lines {
  yield ['aof_enabled', aof.state === 'off' ? 0 : 1]
  yield ['aof_rewrite_in_progress', running === 'aof' ? 1 : 0]
  yield ['aof_rewrite_scheduled', aof.isRewriteScheduled ? 1 : 0]
  yield ['aof_last_rewrite_time_sec', aof.lastRewriteSeconds]
  yield ['aof_current_rewrite_time_sec', running === 'aof' ? runningSeconds : -1]
  yield ['aof_last_bgrewrite_status', aof.lastRewriteOk ? 'ok' : 'err']
  yield ['aof_rewrites', aof.rewrites]
  yield ['aof_rewrites_consecutive_failures', aof.failures]
  yield ['aof_last_write_status', aof.writeFailure === null ? 'ok' : 'err']
  yield ['aof_last_cow_size', 0]
}

function* openAofLines(aof: AppendOnly): Lines {
  yield ['aof_current_size', aof.currentBytes]
  yield ['aof_base_size', aof.baseBytes]
  yield ['aof_pending_rewrite', aof.isRewriteScheduled ? 1 : 0]
  yield ['aof_buffer_length', aof.bufferedBytes]
  yield ['aof_pending_bio_fsync', aof.pendingSyncs]
  yield ['aof_delayed_fsync', aof.delayedSyncs]
}

function* loadingLines(loading: Loading): Lines {
  const loaded = loading.loadedBytes
  const total = loading.totalBytes
  yield ['loading_start_time', Math.floor(loading.startedMs / 1000)]
  yield ['loading_total_bytes', total]
  yield ['loading_rdb_used_mem', loading.writerBytes]
  yield ['loading_loaded_bytes', loaded]
  yield ['loading_loaded_perc', total === 0 ? '0.00' : ((100 * loaded) / total).toFixed(2)]
  yield ['loading_eta_seconds', loading.secondsLeft]
}
