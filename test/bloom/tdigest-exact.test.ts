import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { TDigest } from '../../modules/bloom/tdigest/sketch.ts'
import { readCases, type Step } from './cases.ts'

/** The digests of one case, driven by the commands that the transcripts use. */
class Digests {
  readonly memory = new Memory({ poison: true })
  readonly digest = new TDigest(this.memory)
  readonly roots = new Map<string, number>()

  /** The numbers of the reply to a step, or undefined for a command of another test. */
  run({ name, words }: Step): number[] | undefined {
    const [key = '', ...rest] = words.map(word => word.latin1())
    const compressed = rest.includes('COMPRESSION') ? Number(rest[rest.indexOf('COMPRESSION') + 1]) : undefined
    if (name === 'TDIGEST.CREATE') this.roots.set(key, this.digest.create(compressed ?? 100))
    if (name === 'TDIGEST.MERGE') this.#merge(key, rest.slice(1, 3), compressed)
    const digest = this.digest.at(this.roots.get(key)!)
    const numbers = rest.map(Number)
    if (name === 'TDIGEST.ADD') for (const value of numbers) digest.add(value, 1)
    if (name === 'TDIGEST.QUANTILE') {
      const quantiles = Float64Array.from(numbers)
      digest.quantiles(quantiles)
      return [...quantiles]
    }
    if (name === 'TDIGEST.CDF') return numbers.map(x => digest.shareBelow(x))
    if (name === 'TDIGEST.TRIMMED_MEAN') return [digest.trimmedMean(numbers[0]!, numbers[1]!)]
    if (name === 'TDIGEST.BYRANK')
      return numbers.map(rank => (rank < digest.size ? digest.byRank(rank) : Number.POSITIVE_INFINITY))
    if (name === 'TDIGEST.INFO') {
      const { compression, capacity, merged, waiting, mergedWeight, waitingWeight, size, compressions } = digest
      return [compression, capacity, merged, waiting, mergedWeight, waitingWeight, size, compressions]
    }
    return undefined
  }

  #merge(key: string, sources: string[], compression: number | undefined): void {
    const roots = sources.map(source => this.roots.get(source)!)
    const most = Math.max(...roots.map(root => this.digest.at(root).compression))
    const target = this.digest.create(compression ?? most)
    for (const root of roots) this.digest.at(target).merge(root)
    this.roots.set(key, target)
  }
}

describe('t-digests answer as recorded', () => {
  for (const { title, steps } of readCases('tdigest-exact'))
    it(title, () => {
      const digests = new Digests()
      for (const step of steps) {
        const reply = digests.run(step)
        const recorded = step.name === 'TDIGEST.INFO' ? step.text.match(/:(\d+)/g)!.map(n => n.slice(1)) : step.reply
        const shown = `${step.name} ${step.text.slice(0, 60)}`
        if (reply !== undefined)
          expect([shown, reply]).toEqual([
            shown,
            recorded.map(n => (n === 'inf' ? Number.POSITIVE_INFINITY : Number(n))),
          ])
      }
    })
})
