import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { CuckooFilter, newCuckooShape } from '../../modules/bloom/cuckoo/sketch.ts'
import { readCases, type Step, type Value } from './cases.ts'

/** The filters of one case, driven by the commands that the transcripts use. */
class Filters {
  readonly memory = new Memory({ poison: true })
  readonly filter = new CuckooFilter(this.memory)
  readonly roots = new Map<string, number>()

  /** The reply to a step as flat values, or undefined for a command of the server's. */
  run({ name, words }: Step): Value[] | undefined {
    const [key = '', ...rest] = words.map(word => word.latin1())
    const option = (word: string, otherwise: number) =>
      rest.includes(word) ? Number(rest[rest.indexOf(word) + 1]) : otherwise
    if (name === 'CF.RESERVE') {
      const shape = newCuckooShape(
        Number(rest[0]),
        option('BUCKETSIZE', 2),
        option('MAXITERATIONS', 20),
        option('EXPANSION', 1),
      )
      this.roots.set(key, this.filter.create(shape))
      return ['OK']
    }
    const filter = this.filter.at(this.roots.get(key)!)
    const items = words.slice(1)
    if (name === 'CF.INSERT') return items.slice(1).map(item => filter.add(item))
    if (name === 'CF.INSERTNX') return items.slice(1).map(item => filter.addNew(item))
    if (name === 'CF.MEXISTS') return items.map(item => (filter.has(item) ? 1 : 0))
    if (name === 'CF.COUNT') return [filter.count(items[0]!)]
    if (name === 'CF.DEL') return [filter.delete(items[0]!) ? 1 : 0]
    if (name === 'CF.COMPACT') {
      filter.compact(true)
      return ['OK']
    }
    return undefined
  }
}

/** What CF.INFO says after the size. */
function info(filter: CuckooFilter): number[] {
  const { buckets, subfilters, items, deletes, bucketSize, expansion, maxIterations } = filter
  return [buckets, subfilters, items, deletes, bucketSize, expansion, maxIterations]
}

describe('cuckoo filters answer as recorded', () => {
  for (const { title, steps } of readCases('cf-exact')) {
    if (steps.some(step => step.name === 'EVAL')) continue
    it(title, () => {
      const filters = new Filters()
      for (const step of steps) {
        const reply = filters.run(step)
        const numbers = step.text.slice(30).match(/:\d+/g)
        if (reply !== undefined) expect([step.text.slice(0, 60), reply]).toEqual([step.text.slice(0, 60), step.reply])
        else if (step.name === 'CF.INFO') expect(info(filters.filter)).toEqual(numbers!.map(n => Number(n.slice(1))))
      }
    })
  }
})
