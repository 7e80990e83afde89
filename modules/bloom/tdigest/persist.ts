/* t-digests in dumps, as RedisBloom writes them, after compressing. Encoding version 0:
 *
 *      compression, min, max (doubles), capacity, merged centroids, waiting centroids, compressions (integers),
 *      merged weight, waiting weight (doubles), then all means, then all weights, as doubles
 *
 * A digest of one value cannot be compressed. The real module then writes that one centroid waits, but not the centroid;
 * its value is still known, being both min and max. We write it as a merged one, which both understand, and let it wait again
 * when it is read. */
import type { Address, LoadSource, SaveSink } from 'redstrata/module'
import { COMPRESSION_MAX, capacityFor, type TDigest, WEIGHT_MAX } from './sketch.ts'

/** The version of the fields that saveTDigest writes. */
export const TDIGEST_ENCODING = 0

/** Write a digest; what waits is merged first. */
export function saveTDigest(digest: TDigest, sink: SaveSink): void {
  digest.compress()
  const count = digest.merged + digest.waiting
  sink.double(digest.compression)
  sink.double(digest.min)
  sink.double(digest.max)
  sink.unsigned(digest.capacity)
  sink.unsigned(count)
  sink.unsigned(0)
  sink.unsigned(digest.compressions)
  sink.double(digest.size)
  sink.double(0)
  digest.saveCentroids(sink, count)
}

/** Read a digest: its address, or 0 when the fields make none or there is no room. */
export function loadTDigest(digest: TDigest, source: LoadSource, version: number): Address {
  const compression = source.double()
  const min = source.double()
  const max = source.double()
  source.unsigned()
  const merged = source.unsigned()
  const waiting = source.unsigned()
  const compressions = source.unsigned()
  const weight = source.double()
  source.double()
  if (version > TDIGEST_ENCODING || !(compression >= 1 && compression <= COMPRESSION_MAX)) return 0
  // One place is always free, so that the next value has where to wait.
  if (merged >= capacityFor(compression) || compressions > Number.MAX_SAFE_INTEGER) return 0
  if (!Number.isFinite(min) || !Number.isFinite(max)) return 0
  const root = digest.create(Math.floor(compression))
  if (root === 0) return 0
  let whole = false
  try {
    const alone = waiting === 1 && merged === 0 && min === max && digest.add(min, 1)
    whole = alone || (waiting === 0 && (merged === 0 || loadCentroids(digest, source, merged, weight)))
    digest.restore(min, max, compressions)
  } finally {
    // Also when the source throws: nothing may be left behind.
    if (!whole) digest.free(root)
  }
  return whole ? root : 0
}

function loadCentroids(digest: TDigest, source: LoadSource, count: number, total: number): boolean {
  for (let i = 0; i < count; i++) {
    const mean = source.double()
    if (!Number.isFinite(mean)) return false
    digest.setMean(i, mean)
  }
  let sum = 0
  for (let i = 0; i < count; i++) {
    const weight = source.double()
    if (!(weight >= 1 && weight < WEIGHT_MAX)) return false
    digest.setWeight(i, weight)
    sum += weight
  }
  if (sum !== total || total >= WEIGHT_MAX) return false
  digest.settle(count, total)
  return true
}
