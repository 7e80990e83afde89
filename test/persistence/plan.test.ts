/* Plans, and what watches over their blocks: whatever is written and freed meanwhile, the bytes are those of the beginning. */

import { expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT, type Address, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { Plan } from '../../core/persistence/plan.ts'
import { RdbWriter } from '../../core/persistence/rdb/writer.ts'
import { Watch, type Watched } from '../../core/persistence/watch.ts'

const SEEDS = process.env['REDSTRATA_TEST'] === 'long' ? 300 : 20
const ROW_BYTES = 200

/** What is asked of a watch, of which every block tells its place. */
class Told implements Watched {
  readonly told: string[] = []
  block = (place: number): void => void this.told.push(`block ${place}`)
  stretch = (place: number, from: number, to: number): void => void this.told.push(`stretch ${place} ${from} ${to}`)
  part = (name: Buffer): void => void this.told.push(`part ${name}`)
  keeps(place: number): boolean {
    return place % 2 === 0
  }
}

it('a watch finds the owner of each block that it was given, and of no other', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const watch = new Watch()
    const owners = [new Told(), new Told()]
    const numbers = owners.map(owner => watch.enter(owner))
    const model = new Map<Address, { owner: number; place: number }>()
    // Addresses above 2^31 print as negative numbers, and neighbours are common.
    const some = (): Address => (random.below(2) === 0 ? random.below(500) + 1 : -random.below(500) - 1)
    for (let i = 0; i < 1500; i++) {
      const block = some()
      const known = model.get(block)
      if (known === undefined && random.below(3) > 0) {
        const owner = random.below(2)
        watch.add(block, numbers[owner]!, i)
        model.set(block, { owner, place: i })
      } else if (random.below(2) === 0) {
        watch.remove(block)
        model.delete(block)
      } else {
        watch.block(block)
        watch.stretch(block, 1, 2)
        expect(watch.keeps(block)).toBe(known !== undefined && known.place % 2 === 0)
        const told = known === undefined ? [] : owners[known.owner]!.told.splice(0)
        expect(told).toEqual(known === undefined ? [] : [`block ${known.place}`, `stretch ${known.place} 1 2`])
        for (const owner of owners) expect(owner.told).toEqual([])
      }
      expect(watch.count).toBe(model.size)
    }
  }
})

/** A value of a plan: a long stretch of bytes, and rows of short blocks. */
class Value {
  readonly memory = new Memory({ poison: true })
  readonly watch = new Watch()
  readonly expected: Buffer[] = []
  readonly plan: Plan
  readonly #random: SeededRandom
  readonly #long: { block: Address; bytes: number }[] = []
  readonly #rows: Address[] = []

  constructor(random: SeededRandom) {
    this.#random = random
    const { memory, watch } = this
    memory.guard = {
      block: block => watch.block(block),
      stretch: (block, from, to) => watch.stretch(block, from, to),
      keeps: block => watch.keeps(block),
      part: (root, name) => watch.part(root, name),
      change: () => {},
      removal: () => {},
      moved: () => {},
    }
    this.plan = new Plan(0, 0, { memory, watch, compresses: false, stretchBytes: 1 })
    for (let part = 0; part < 4; part++) {
      this.#small(`part ${part}`)
      if (random.below(2) === 0) this.#makeLong()
      else this.#makeRow()
    }
    this.#small('end')
  }

  #small(text: string): void {
    this.plan.small.ascii(text)
    this.expected.push(Buffer.from(text))
  }

  #bytesOf(block: Address, from: number, to: number): Buffer {
    const at = (block & UNIT_MASK) << 3
    return this.memory.u8[block >>> SLAB_BITS]!.subarray(at + from, at + to)
  }

  #filled(bytes: number): Address {
    const block = this.memory.block(ACCOUNT.dataset, bytes)
    this.#random.bytes(this.#bytesOf(block, 0, bytes))
    return block
  }

  #makeLong(): void {
    const bytes = 8 + this.#random.below(200_000)
    const block = this.#filled(bytes)
    this.#long.push({ block, bytes })
    this.plan.stretch(block, 8, bytes - 8)
    this.expected.push(Buffer.from(this.#bytesOf(block, 8, bytes)))
  }

  #makeRow(): void {
    const row = Array.from({ length: this.#random.below(60) }, () => this.#filled(ROW_BYTES))
    this.#rows.push(...row)
    this.plan.row(row, (writer, block) => {
      const bytes = this.#bytesOf(block, 0, ROW_BYTES)
      writer.raw(bytes, 0, bytes.length)
    })
    for (const block of row) this.expected.push(Buffer.from(this.#bytesOf(block, 0, ROW_BYTES)))
  }

  /** Change some bytes, or free a block. */
  change(): void {
    const random = this.#random
    const { guard } = this.memory
    if (this.#rows.length > 0 && random.below(2) === 0) {
      const place = random.below(this.#rows.length)
      const block = this.#rows[place]!
      guard!.block(block)
      random.bytes(this.#bytesOf(block, 0, ROW_BYTES))
      if (random.below(4) > 0) return
      this.#rows.splice(place, 1)
      this.memory.free(ACCOUNT.dataset, block)
    } else if (this.#long.length > 0) {
      const place = random.below(this.#long.length)
      const { block, bytes } = this.#long[place]!
      const from = random.below(bytes)
      const to = Math.min(bytes, from + (random.below(20) === 0 ? random.below(50_000) : random.below(20)))
      guard!.stretch(block, from, to)
      random.bytes(this.#bytesOf(block, from, to))
      if (random.below(60) > 0) return
      this.#long.splice(place, 1)
      this.memory.free(ACCOUNT.dataset, block)
    }
  }

  /** Give everything back, and say what is left. */
  release(): number {
    for (const { block } of this.#long) this.memory.free(ACCOUNT.dataset, block)
    for (const block of this.#rows) this.memory.free(ACCOUNT.dataset, block)
    this.plan.release()
    return this.memory.usedBytes
  }
}

it('what a plan writes is what was there when it was made', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const value = new Value(random)
    const sink: Buffer[] = []
    const writer = new RdbWriter(value.memory, {
      sink: (buf, start, end) => void sink.push(Buffer.from(buf.subarray(start, end))),
    })
    while (!value.plan.isDone) {
      for (let i = random.below(30); i > 0; i--) value.change()
      value.plan.step(writer)
    }
    writer.flush()
    writer.release()
    expect(Buffer.concat(sink).equals(Buffer.concat(value.expected))).toBe(true)
    expect(value.watch.count).toBe(0)
    expect(value.release()).toBe(0)
  }
})

it('a plan that is given up leaves nothing behind', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const value = new Value(random)
    const writer = new RdbWriter(value.memory, { sink: () => {} })
    for (let i = 0; i < 40; i++) value.change()
    for (let i = random.below(20); i > 0 && !value.plan.isDone; i--) value.plan.step(writer)
    for (let i = 0; i < 40; i++) value.change()
    writer.release()
    expect(value.release()).toBe(0)
    expect(value.watch.count).toBe(0)
  }
})

it('a long string costs what is changed of it', () => {
  const memory = new Memory()
  const watch = new Watch()
  const block = memory.zeroed(ACCOUNT.dataset, 20 << 20)
  const plan = new Plan(0, 0, { memory, watch, compresses: false, stretchBytes: 1 })
  plan.stretch(block, 0, 20 << 20)
  const before = memory.usedBytes
  for (let i = 0; i < 100; i++) watch.stretch(block, i * 100_000, i * 100_000 + 1)
  expect(memory.usedBytes - before).toBe(100 * 64)
  plan.release()
  expect(plan.small.result(new Range()).length).toBe(0)
})
