/* Limits -- up to where a collection stays packed, as in redis.conf. One record per server. */

export interface EncodingLimits {
  hashEntries: number
  hashValue: number
  /** Positive: elements; -1 to -5: 4, 8, 16, 32, 64 KB. */
  listSize: number
  setIntsetEntries: number
  setEntries: number
  setValue: number
  zsetEntries: number
  zsetValue: number
  hllSparseBytes: number
  streamNodeBytes: number
  streamNodeEntries: number
}

export function defaultLimits(): EncodingLimits {
  return {
    hashEntries: 512,
    hashValue: 64,
    listSize: -2,
    setIntsetEntries: 512,
    setEntries: 128,
    setValue: 64,
    zsetEntries: 128,
    zsetValue: 64,
    hllSparseBytes: 3000,
    streamNodeBytes: 4096,
    streamNodeEntries: 100,
  }
}

/** Elements that a packed list, or a node of a long one, may have; Infinity when bytes decide. 0 counts as 1, as in Redis. */
export function listCountMax(limits: EncodingLimits): number {
  return limits.listSize >= 0 ? Math.max(1, limits.listSize) : Number.POSITIVE_INFINITY
}

/** Bytes that a list may take while it is packed. */
export function listBytesMax(limits: EncodingLimits): number {
  return limits.listSize >= 0 ? 8192 : 2048 << Math.min(5, -limits.listSize)
}
