/* Kinds -- the five sketches behind one face, for tests that treat them alike. */
import { type Address, type LoadSource, type Memory, Range, type SaveSink } from 'redstrata/module'
import { SeededRandom } from '../../core/base/random.ts'
import { loadBloom, saveBloom } from '../../modules/bloom/bloom/persist.ts'
import { BloomFilter, newBloomShape } from '../../modules/bloom/bloom/sketch.ts'
import { loadCms, saveCms } from '../../modules/bloom/cms/persist.ts'
import { CountMin } from '../../modules/bloom/cms/sketch.ts'
import { loadCuckoo, saveCuckoo } from '../../modules/bloom/cuckoo/persist.ts'
import { CuckooFilter, newCuckooShape } from '../../modules/bloom/cuckoo/sketch.ts'
import { loadTDigest, saveTDigest } from '../../modules/bloom/tdigest/persist.ts'
import { TDigest } from '../../modules/bloom/tdigest/sketch.ts'
import { loadTopK, saveTopK } from '../../modules/bloom/topk/persist.ts'
import { TOPK, TopK } from '../../modules/bloom/topk/sketch.ts'

export interface Kind {
  readonly name: string
  /** The version that is written. */
  readonly version: number
  /** A sketch with something in it. */
  make(random: SeededRandom): Address
  /** Ask and add, as commands would; whatever it is, it may not fail. */
  use(root: Address, random: SeededRandom): void
  save(root: Address, sink: SaveSink): void
  load(source: LoadSource, version: number): Address
  free(root: Address): void
}

const item = (random: SeededRandom, kinds = 200) => Range.of(`item ${random.below(kinds)}`)

function bloomKind(memory: Memory): Kind {
  const filter = new BloomFilter(memory)
  const use = (root: Address, random: SeededRandom) => {
    filter.at(root)
    for (let i = 0; i < 30; i++) filter.add(item(random))
    for (let i = 0; i < 30; i++) filter.has(item(random))
  }
  return {
    name: 'Bloom filter',
    version: 4,
    make(random) {
      const scaling = random.next() < 0.7
      const root = filter.create(
        newBloomShape(1 + random.below(40), 0.3 * random.next() + 1e-6, 1 + random.below(3), scaling)!,
      )
      for (let i = random.below(6); i > 0; i--) use(root, random)
      return root
    },
    use,
    save: (root, sink) => saveBloom(memory, filter.at(root), sink),
    load: (source, version) => loadBloom(memory, filter, source, version),
    free: root => filter.free(root),
  }
}

function cuckooKind(memory: Memory): Kind {
  const filter = new CuckooFilter(memory)
  const use = (root: Address, random: SeededRandom) => {
    filter.at(root)
    for (let i = 0; i < 30; i++) filter.add(item(random))
    for (let i = 0; i < 30; i++) filter.count(item(random))
    for (let i = 0; i < 30; i++) filter.delete(item(random))
    filter.compact(true)
  }
  return {
    name: 'cuckoo filter',
    version: 4,
    make(random) {
      const bucketSize = 1 + random.below(4)
      const root = filter.create(newCuckooShape(bucketSize * (2 + random.below(20)), bucketSize, 10, random.below(4)))
      for (let i = random.below(6); i > 0; i--) use(root, random)
      return root
    },
    use,
    save: (root, sink) => saveCuckoo(memory, filter.at(root), sink),
    load: (source, version) => loadCuckoo(memory, filter, source, version),
    free: root => filter.free(root),
  }
}

function cmsKind(memory: Memory): Kind {
  const sketch = new CountMin(memory)
  const use = (root: Address, random: SeededRandom) => {
    sketch.at(root)
    for (let i = 0; i < 30; i++) sketch.increment(item(random), random.u32() | 0, random.below(2))
    for (let i = 0; i < 30; i++) sketch.query(item(random))
  }
  return {
    name: 'Count-Min sketch',
    version: 0,
    make(random) {
      const root = sketch.create(1 + random.below(40), 1 + random.below(5))
      for (let i = random.below(6); i > 0; i--) use(root, random)
      return root
    },
    use,
    save: (root, sink) => saveCms(memory, sketch.at(root), sink),
    load: (source, version) => loadCms(memory, sketch, source, version),
    free: root => sketch.free(root),
  }
}

function topkKind(memory: Memory): Kind {
  const sketch = new TopK(memory, new SeededRandom(9))
  const use = (root: Address, random: SeededRandom) => {
    sketch.at(root)
    for (let i = 0; i < 30; i++) {
      const name = random.next() < 0.05 ? Range.of('') : item(random)
      if (sketch.add(name, 1 + random.below(5)) === TOPK.PUSHED_OUT) sketch.forgetPushedOut()
    }
    for (let i = 0; i < 30; i++) sketch.count(item(random))
    sketch.list()
  }
  return {
    name: 'Top-K sketch',
    version: 0,
    make(random) {
      const root = sketch.create(1 + random.below(9), 1 + random.below(20), 1 + random.below(4), 1 - random.next() / 2)
      for (let i = random.below(6); i > 0; i--) use(root, random)
      return root
    },
    use,
    save: (root, sink) => saveTopK(memory, sketch.at(root), sink),
    load: (source, version) => loadTopK(memory, sketch, source, version),
    free: root => sketch.free(root),
  }
}

function tdigestKind(memory: Memory): Kind {
  const digest = new TDigest(memory)
  const use = (root: Address, random: SeededRandom) => {
    digest.at(root)
    for (let i = 0; i < 30; i++) digest.add(random.next() * 100 - 50, 1)
    digest.quantiles(Float64Array.of(0, 0.1, 0.5, 1, 0.2))
    digest.shareBelow(random.next() * 100)
    digest.trimmedMean(0.1, 0.8)
    digest.byRank(random.below(100))
  }
  return {
    name: 't-digest',
    version: 0,
    make(random) {
      const root = digest.create(1 + random.below(50))
      if (random.next() < 0.2) digest.at(root).add(5, 1)
      for (let i = random.below(6); i > 0; i--) use(root, random)
      return root
    },
    use,
    save: (root, sink) => saveTDigest(digest.at(root), sink),
    load: (source, version) => loadTDigest(digest, source, version),
    free: root => digest.free(root),
  }
}

/** The five kinds over one memory. */
export function kindsOver(memory: Memory): Kind[] {
  return [bloomKind(memory), cuckooKind(memory), cmsKind(memory), topkKind(memory), tdigestKind(memory)]
}
