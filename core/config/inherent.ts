/* Parameters of Redis that have nothing to switch here.
 *
 * Tools set them and read them back, so they are kept; what they would choose is always so, or has no counterpart.
 * docs/compat.md lists them. */

import { booleanParameter, numberParameter, type Parameter } from '../command/config.ts'

interface Inherent {
  lazyEviction: boolean
  lazyExpire: boolean
  lazyServerDel: boolean
  lazyUserDel: boolean
  lazyUserFlush: boolean
  activeDefrag: boolean
  activeRehashing: boolean
  jemallocThread: boolean
  listCompressDepth: number
  activeExpireEffort: number
  ioThreads: number
}

export function inherentParameters(): Parameter[] {
  const values: Inherent = {
    lazyEviction: false,
    lazyExpire: false,
    lazyServerDel: false,
    lazyUserDel: false,
    lazyUserFlush: false,
    activeDefrag: false,
    activeRehashing: true,
    jemallocThread: true,
    listCompressDepth: 0,
    activeExpireEffort: 1,
    ioThreads: 1,
  }
  return [
    // Large values are always freed in slices.
    booleanParameter('lazyfree-lazy-eviction', values, 'lazyEviction'),
    booleanParameter('lazyfree-lazy-expire', values, 'lazyExpire'),
    booleanParameter('lazyfree-lazy-server-del', values, 'lazyServerDel'),
    booleanParameter('lazyfree-lazy-user-del', values, 'lazyUserDel'),
    booleanParameter('lazyfree-lazy-user-flush', values, 'lazyUserFlush'),
    // The arena gives empty slabs back by itself, and tables grow a shard at a time.
    booleanParameter('activedefrag', values, 'activeDefrag'),
    booleanParameter('activerehashing', values, 'activeRehashing'),
    booleanParameter('jemalloc-bg-thread', values, 'jemallocThread'),
    // Lists keep their elements as they go over the wire, so they are not compressed.
    numberParameter('list-compress-depth', values, 'listCompressDepth', { max: 0x7fffffff }),
    numberParameter('active-expire-effort', values, 'activeExpireEffort', { min: 1, max: 10 }),
    numberParameter('io-threads', values, 'ioThreads', { min: 1, max: 128, immutable: true }),
  ]
}
