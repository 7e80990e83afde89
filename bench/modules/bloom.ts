/* What does an operation of a sketch cost, beside a Set or a Map that would be exact?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/bloom.ts [only]
 *
 * The sketches have the sizes of the wire benchmark, the items are 17 bytes ("item:000000012345"), as they arrive: bytes in
 * a buffer. The Set and the Map are given the string that a server would have to make of them. Times are nanoseconds an
 * operation; `only` picks the lines that contain it. */
import { Memory, Range, SeededRandom } from 'redstrata/module'
import { BloomFilter, newBloomShape } from '../../modules/bloom/bloom/sketch.ts'
import { CountMin } from '../../modules/bloom/cms/sketch.ts'
import { CuckooFilter, newCuckooShape } from '../../modules/bloom/cuckoo/sketch.ts'
import { TDigest } from '../../modules/bloom/tdigest/sketch.ts'
import { TopK } from '../../modules/bloom/topk/sketch.ts'
import { compare } from '../structs/compare.ts'

const ITEMS = 1 << 15
const LENGTH = 17
const items = Buffer.alloc(ITEMS * LENGTH)
const random = new SeededRandom(1)
for (let i = 0; i < ITEMS; i++)
  items.latin1Write(`item:${String(random.below(1_000_000)).padStart(12, '0')}`, i * LENGTH)

const range = new Range(items, 0, 0)
const itemAt = (i: number): Range => range.set(items, i * LENGTH, (i + 1) * LENGTH)
const textAt = (i: number): string => items.latin1Slice(i * LENGTH, (i + 1) * LENGTH)

/** A pass over all items. */
function pass(operation: (item: Range) => unknown): () => void {
  return () => {
    for (let i = 0; i < ITEMS; i++) operation(itemAt(i))
  }
}

const memory = new Memory()
const bloom = new BloomFilter(memory)
const cuckoo = new CuckooFilter(memory)
const cms = new CountMin(memory)
const topk = new TopK(memory, random)
const digest = new TDigest(memory)
bloom.at(bloom.create(newBloomShape(1_000_000, 0.01, 2, true)!))
cuckoo.at(cuckoo.create(newCuckooShape(2_000_000, 2, 20, 1)))
cms.at(cms.create(20_000, 5))
topk.at(topk.create(50, 2000, 7, 0.9))
digest.at(digest.create(100))
const set = new Set<string>()
const counts = new Map<string, number>()

const ways: Record<string, () => unknown> = {
  'Set.add of a string': () => {
    for (let i = 0; i < ITEMS; i++) set.add(textAt(i))
  },
  'Set.has of a string': () => {
    for (let i = 0; i < ITEMS; i++) set.has(textAt(i))
  },
  'Map count of a string': () => {
    for (let i = 0; i < ITEMS; i++) counts.set(textAt(i), (counts.get(textAt(i)) ?? 0) + 1)
  },
  'Bloom add': pass(item => bloom.add(item)),
  'Bloom has': pass(item => bloom.has(item)),
  'cuckoo addNew': pass(item => cuckoo.addNew(item)),
  'cuckoo has': pass(item => cuckoo.has(item)),
  'Count-Min increment': pass(item => cms.increment(item, 1, 0)),
  'Count-Min query': pass(item => cms.query(item)),
  'Top-K add': pass(item => {
    if (topk.add(item, 1) > 0) topk.forgetPushedOut()
  }),
  't-digest add': () => {
    for (let i = 0; i < ITEMS; i++) digest.add(random.next(), 1)
  },
}
const only = process.argv[2] ?? ''
const chosen = Object.entries(ways).filter(([name]) => name.includes(only) || name.startsWith('Set.add'))
await compare('an operation of a sketch', ITEMS, Object.fromEntries(chosen))
