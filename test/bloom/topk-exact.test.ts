import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { Memory } from '../../core/memory/arena.ts'
import { TOPK, TopK } from '../../modules/bloom/topk/sketch.ts'
import { readCases, type Step, type Value } from './cases.ts'

/** The sketch of one case, driven by the commands that the transcripts use. */
class Sketch {
  readonly memory = new Memory({ poison: true })
  readonly sketch = new TopK(this.memory, { u32: () => 2 ** 31 })
  readonly out = new Range()

  /** The reply to a step as flat values, or undefined for a command of the server's. */
  run({ name, words }: Step): Value[] | undefined {
    const [, ...rest] = words.map(word => word.latin1())
    const items = words.slice(1)
    if (name === 'TOPK.RESERVE') {
      const [k, width, depth, decay] = rest.map(Number) as [number, number, number, number]
      this.sketch.at(this.sketch.create(k, width, depth, decay))
      return ['OK']
    }
    if (name === 'TOPK.ADD') return items.map(item => this.#add(item, 1))
    if (name === 'TOPK.INCRBY') {
      const pairs = Array.from({ length: rest.length / 2 }, (_, i) => i * 2)
      return pairs.map(i => this.#add(items[i]!, Number(rest[i + 1])))
    }
    if (name === 'TOPK.QUERY') return items.map(item => (this.sketch.has(item) ? 1 : 0))
    if (name === 'TOPK.COUNT') return items.map(item => this.sketch.count(item))
    if (name === 'TOPK.LIST')
      return this.sketch.list().flatMap(i => [this.sketch.nameAt(i, this.out).latin1(), this.sketch.countAt(i)])
    return undefined
  }

  #add(item: Range, increment: number): string | null {
    const outcome = this.sketch.add(item, increment)
    if (outcome !== TOPK.PUSHED_OUT) return null
    const name = this.sketch.pushedOut(this.out).latin1()
    this.sketch.forgetPushedOut()
    return name
  }
}

describe('Top-K sketches of decay 1 answer as recorded', () => {
  for (const { title, steps } of readCases('topk-exact'))
    it(title, () => {
      const sketch = new Sketch()
      for (const step of steps) {
        const reply = sketch.run(step)
        if (reply !== undefined) expect([step.text.slice(0, 60), reply]).toEqual([step.text.slice(0, 60), step.reply])
      }
    })
})
