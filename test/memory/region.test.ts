import { describe, expect, it } from 'vitest'
import { ACCOUNT, ArenaFull, Memory } from '../../core/memory/arena.ts'
import { PLACE_BITS, type Place, Region } from '../../core/memory/region.ts'
import { SeededRandom } from '../../core/base/random.ts'

const COUNT = process.env['REDSTRATA_TEST'] === 'long' ? 50_000 : 1000

describe.each([true, false])('a region, with WebAssembly: %s', wasm => {
  it('keeps what is in its runs while it grows and others come and go', () => {
    const memory = new Memory()
    const region = new Region(memory, { wasm })
    expect(region.hasWasm).toBe(wasm)
    const random = new SeededRandom(3)
    const live: { place: Place; bytes: number; byte: number }[] = []
    let used = 0
    for (let step = 0; step < COUNT; step++) {
      if (live.length > 60 || (live.length > 0 && random.below(100) < 45)) {
        const [run] = live.splice(random.below(live.length), 1)
        const at = run!.place << PLACE_BITS
        const bytes = region.u8.subarray(at, at + run!.bytes)
        if (!bytes.every(byte => byte === run!.byte)) throw new Error('a run was overwritten')
        used -= region.sizeOf(run!.place)
        region.free(ACCOUNT.index, run!.place)
      } else {
        const bytes = 1 + random.below(random.below(10) === 0 ? 200_000 : 9000)
        const place = region.allocate(ACCOUNT.index, bytes)
        const run = { place, bytes, byte: step & 0xff }
        region.u8.fill(run.byte, place << PLACE_BITS, (place << PLACE_BITS) + bytes)
        used += region.sizeOf(place)
        live.push(run)
      }
      expect(region.usedBytes).toBe(used)
      expect(memory.used[ACCOUNT.index]).toBe(used)
    }
    for (const { place } of live) region.free(ACCOUNT.index, place)
    expect(memory.usedBytes).toBe(0)
    region.drop()
    expect(memory.slabBytes).toBe(0)
  })

  it('uses freed pages before it grows', () => {
    const region = new Region(new Memory(), { wasm })
    const first = region.allocate(ACCOUNT.index, 8192)
    region.allocate(ACCOUNT.index, 4096)
    region.free(ACCOUNT.index, first)
    expect(region.allocate(ACCOUNT.index, 4096)).toBe(first)
    expect(region.allocate(ACCOUNT.index, 4096)).toBe(first + 256)
  })

  it('refuses what the limit does not allow, and changes nothing', () => {
    const memory = new Memory({ limitBytes: 3 << 20 })
    const region = new Region(memory, { wasm })
    region.allocate(ACCOUNT.index, 1 << 20)
    const before = memory.slabBytes
    expect(() => region.allocate(ACCOUNT.index, 4 << 20)).toThrow(ArenaFull)
    expect(memory.slabBytes).toBe(before)
    region.allocate(ACCOUNT.index, 1000)
  })
})

it('regions count against the limit of the arena', () => {
  const memory = new Memory({ limitBytes: 17 << 20 })
  const region = new Region(memory)
  region.allocate(ACCOUNT.index, 4 << 20)
  expect(() => memory.block(ACCOUNT.dataset, 100)).toThrow(ArenaFull)
})
