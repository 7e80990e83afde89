/* Parameters of persistence. */

import {
  booleanParameter,
  memoryParameter,
  numberParameter,
  type Parameter,
  textParameter,
  wordParameter,
} from '../command/config.ts'
import { RDB_VERSION } from './rdb/format.ts'

/** Save when so many changes were made and so many seconds have passed. */
export interface SavePoint {
  readonly seconds: number
  readonly changes: number
}

export interface PersistenceSettings {
  points: readonly SavePoint[]
  fileName: string
  compresses: boolean
  withSum: boolean
  stopsWrites: boolean
  /** The version of RDB files that are written; 10 is what Redis 7.0 reads. */
  version: number
  /** Collections of more elements are written in pieces by a background job. */
  elementsAtOnce: number
  isAppendOnly: boolean
  aofName: string
  aofFolder: string
  /** always, everysec or no. */
  syncs: string
  noSyncOnRewrite: boolean
  rewritePercent: number
  rewriteMinBytes: number
  loadsTruncated: boolean
  withPreamble: boolean
  withTimestamps: boolean
  /** Whether files are forced to the disk while they are written; they always are at their end. */
  rewriteSyncs: boolean
  saveSyncs: boolean
  deletesSyncFiles: boolean
}

export function defaultPersistence(): PersistenceSettings {
  return {
    points: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10_000 },
    ],
    fileName: 'dump.rdb',
    compresses: true,
    withSum: true,
    stopsWrites: true,
    version: RDB_VERSION,
    elementsAtOnce: 1024,
    isAppendOnly: false,
    aofName: 'appendonly.aof',
    aofFolder: 'appendonlydir',
    syncs: 'everysec',
    noSyncOnRewrite: false,
    rewritePercent: 100,
    rewriteMinBytes: 64 << 20,
    loadsTruncated: true,
    withPreamble: true,
    withTimestamps: false,
    rewriteSyncs: true,
    saveSyncs: true,
    deletesSyncFiles: false,
  }
}

/** What happens when a parameter is changed while the server runs. */
export interface PersistenceSwitches {
  /** Turn the append-only file on or off; false when that failed, which the log explains. */
  appendOnly(isOn: boolean): boolean
}

export function persistenceParameters(s: PersistenceSettings, switches: PersistenceSwitches): Parameter[] {
  return [...rdbParameters(s), ...aofParameters(s, switches)]
}

function rdbParameters(s: PersistenceSettings): Parameter[] {
  return [
    {
      name: 'save',
      multiple: true,
      repeatable: true,
      get: () => s.points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' '),
      set(text) {
        const words = text.split(/\s+/).filter(word => word !== '')
        if (words.length % 2 !== 0 || !words.every(word => /^\d+$/.test(word))) return 'Invalid save parameters'
        const points: SavePoint[] = []
        for (let i = 0; i < words.length; i += 2) {
          const point = { seconds: Number(words[i]), changes: Number(words[i + 1]) }
          if (point.seconds < 1) return 'Invalid save parameters'
          points.push(point)
        }
        s.points = points
        return null
      },
    },
    textParameter('dbfilename', s, 'fileName', { isProtected: true, check: name => plainName('dbfilename', name) }),
    booleanParameter('rdbcompression', s, 'compresses'),
    booleanParameter('rdbchecksum', s, 'withSum', { immutable: true }),
    booleanParameter('stop-writes-on-bgsave-error', s, 'stopsWrites'),
    booleanParameter('rdb-save-incremental-fsync', s, 'saveSyncs'),
    booleanParameter('rdb-del-sync-files', s, 'deletesSyncFiles'),
  ]
}

function aofParameters(s: PersistenceSettings, switches: PersistenceSwitches): Parameter[] {
  return [
    {
      name: 'appendonly',
      get: () => (s.isAppendOnly ? 'yes' : 'no'),
      set(text) {
        const word = text.toLowerCase()
        if (word !== 'yes' && word !== 'no') return "argument must be 'yes' or 'no'"
        const isOn = word === 'yes'
        if (isOn === s.isAppendOnly) return null
        s.isAppendOnly = isOn
        if (switches.appendOnly(isOn)) return null
        s.isAppendOnly = !isOn
        return 'Unable to turn on AOF. Check server logs.'
      },
    },
    textParameter('appendfilename', s, 'aofName', {
      immutable: true,
      check: name => (name === '' ? "appendfilename can't be empty" : plainName('appendfilename', name)),
    }),
    textParameter('appenddirname', s, 'aofFolder', {
      immutable: true,
      check: name => (name === '' ? "appenddirname can't be empty" : plainName('appenddirname', name)),
    }),
    wordParameter('appendfsync', s, 'syncs', ['everysec', 'always', 'no']),
    booleanParameter('no-appendfsync-on-rewrite', s, 'noSyncOnRewrite'),
    numberParameter('auto-aof-rewrite-percentage', s, 'rewritePercent', { max: 0x7fffffff }),
    memoryParameter('auto-aof-rewrite-min-size', s, 'rewriteMinBytes'),
    booleanParameter('aof-load-truncated', s, 'loadsTruncated'),
    booleanParameter('aof-use-rdb-preamble', s, 'withPreamble'),
    booleanParameter('aof-timestamp-enabled', s, 'withTimestamps'),
    booleanParameter('aof-rewrite-incremental-fsync', s, 'rewriteSyncs'),
  ]
}

function plainName(parameter: string, name: string): string | null {
  return /[/\\]/.test(name) ? `${parameter} can't be a path, just a filename` : null
}
