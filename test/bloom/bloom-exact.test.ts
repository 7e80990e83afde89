import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { BloomFilter, newBloomShape } from '../../modules/bloom/bloom/sketch.ts'
import { readCases, type Step, type Value } from './cases.ts'

/** The filters of one case, driven by the commands that the transcripts use. */
class Filters {
  readonly memory = new Memory({ poison: true })
  readonly filter = new BloomFilter(this.memory)
  readonly roots = new Map<string, number>()

  open(key: string): BloomFilter {
    if (!this.roots.has(key)) this.reserve(key, 0.01, 100, 2, true)
    return this.filter.at(this.roots.get(key)!)
  }

  reserve(key: string, error: number, capacity: number, growth: number, scaling: boolean): void {
    this.roots.set(key, this.filter.create(newBloomShape(capacity, error, growth, scaling)!))
  }

  /** The reply to a step as flat values, or undefined for a command of the server's. */
  run({ name, words }: Step): Value[] | undefined {
    const [key = '', ...rest] = words.map(word => word.latin1())
    const items = words.slice(1)
    if (name === 'BF.RESERVE') {
      const growth = rest.includes('EXPANSION') ? Number(rest[rest.indexOf('EXPANSION') + 1]) : 2
      this.reserve(key, Number(rest[0]), Number(rest[1]), growth, !rest.includes('NONSCALING'))
      return ['OK']
    }
    const filter = this.open(key)
    if (name === 'BF.MADD' || name === 'BF.ADD') {
      const reply: Value[] = []
      for (const item of items) {
        const outcome = filter.add(item)
        reply.push(outcome < 0 ? '"ERR non scaling filter is full"' : outcome)
        if (outcome < 0) break
      }
      return reply
    }
    if (name === 'BF.MEXISTS') return items.map(item => (filter.has(item) ? 1 : 0))
    if (name === 'BF.CARD') return [filter.items]
    if (name === 'BF.INFO' && rest[0] === 'FILTERS') return [filter.layers]
    if (name === 'BF.INFO' && rest[0] === 'CAPACITY') return [filter.capacity]
    if (name === 'BF.DEBUG') return debug(filter)
    return undefined
  }
}

function debug(filter: BloomFilter): string[] {
  const lines = filter
    .shape()
    .layers.map(
      layer =>
        `bytes:${layer.bytes} bits:${layer.bits} hashes:${layer.hashes} hashwidth:64 capacity:${layer.capacity} ` +
        `size:${layer.items} ratio:${layer.error}`,
    )
  return [`size:${filter.items}`, ...lines]
}

describe('Bloom filters answer as recorded', () => {
  for (const { title, steps } of readCases('bf-exact')) {
    if (steps.some(step => step.name === 'EVAL')) continue
    it(title, () => {
      const filters = new Filters()
      for (const step of steps) {
        const reply = filters.run(step)
        if (reply !== undefined) expect([step.text.slice(0, 60), reply]).toEqual([step.text.slice(0, 60), step.reply])
      }
    })
  }
})
