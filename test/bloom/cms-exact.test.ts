import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { CountMin, sizeFor } from '../../modules/bloom/cms/sketch.ts'
import { readCases, type Step, type Value } from './cases.ts'

/** The sketches of one case, driven by the commands that the transcripts use. */
class Sketches {
  readonly memory = new Memory({ poison: true })
  readonly sketch = new CountMin(this.memory)
  readonly roots = new Map<string, number>()

  /** The reply to a step as flat values, or undefined for a command of the server's. */
  run({ name, words }: Step): Value[] | undefined {
    const [key = '', ...rest] = words.map(word => word.latin1())
    if (name === 'CMS.INITBYDIM') return this.#create(key, Number(rest[0]), Number(rest[1]))
    if (name === 'CMS.INITBYPROB') {
      const { width, depth } = sizeFor(Number(rest[0]), Number(rest[1]))
      return this.#create(key, width, depth)
    }
    const sketch = this.sketch.at(this.roots.get(key)!)
    if (name === 'CMS.INCRBY') {
      const pairs = Array.from({ length: rest.length / 2 }, (_, i) => i * 2)
      return pairs.map(i => sketch.increment(words[i + 1]!, Number(rest[i + 1]), 0))
    }
    if (name === 'CMS.QUERY') return words.slice(1).map(item => sketch.query(item))
    if (name === 'CMS.INFO') return ['width', sketch.width, 'depth', sketch.depth, 'count', Number(sketch.count)]
    if (name === 'CMS.MERGE') {
      const sources = [0, 1].map(i => ({ root: this.roots.get(rest[i + 1]!)!, weight: BigInt(rest[i + 4]!) }))
      return sketch.merge(sources) ? ['OK'] : ['overflow']
    }
    return undefined
  }

  #create(key: string, width: number, depth: number): Value[] {
    this.roots.set(key, this.sketch.create(width, depth))
    return ['OK']
  }
}

describe('Count-Min sketches answer as recorded', () => {
  for (const { title, steps } of readCases('cms-exact'))
    it(title, () => {
      const sketches = new Sketches()
      for (const step of steps) {
        const reply = sketches.run(step)
        expect([step.text.slice(0, 60), reply]).toEqual([step.text.slice(0, 60), step.reply])
      }
    })
})
