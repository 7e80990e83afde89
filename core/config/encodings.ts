/* Parameters for how collections are kept; their old names still work. */

import { memoryParameter, numberParameter, type Parameter } from '../command/config.ts'
import type { EncodingLimits } from '../keyspace/limits.ts'

export function encodingParameters(limits: EncodingLimits): Parameter[] {
  return [
    numberParameter('hash-max-listpack-entries', limits, 'hashEntries', { alias: 'hash-max-ziplist-entries' }),
    memoryParameter('hash-max-listpack-value', limits, 'hashValue', { alias: 'hash-max-ziplist-value' }),
    numberParameter('list-max-listpack-size', limits, 'listSize', {
      min: -2147483648,
      max: 2147483647,
      alias: 'list-max-ziplist-size',
    }),
    numberParameter('set-max-intset-entries', limits, 'setIntsetEntries'),
    numberParameter('set-max-listpack-entries', limits, 'setEntries'),
    numberParameter('set-max-listpack-value', limits, 'setValue'),
    numberParameter('zset-max-listpack-entries', limits, 'zsetEntries', { alias: 'zset-max-ziplist-entries' }),
    memoryParameter('zset-max-listpack-value', limits, 'zsetValue', { alias: 'zset-max-ziplist-value' }),
    memoryParameter('hll-sparse-max-bytes', limits, 'hllSparseBytes'),
    memoryParameter('stream-node-max-bytes', limits, 'streamNodeBytes'),
    numberParameter('stream-node-max-entries', limits, 'streamNodeEntries'),
  ]
}
