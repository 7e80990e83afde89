/* Parameters of persistence. */

import { booleanParameter, type Parameter, textParameter } from '../command/config.ts'
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
  }
}

export function persistenceParameters(s: PersistenceSettings): Parameter[] {
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
    textParameter('dbfilename', s, 'fileName', {
      check: name => (/[/\\]/.test(name) ? "dbfilename can't be a path, just a filename" : null),
    }),
    booleanParameter('rdbcompression', s, 'compresses'),
    booleanParameter('rdbchecksum', s, 'withSum', { immutable: true }),
    booleanParameter('stop-writes-on-bgsave-error', s, 'stopsWrites'),
  ]
}
