import { describe, expect, it } from 'vitest'
import { ACCOUNT, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'

function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

function fill(memory: Memory, address: Address, byte: number): void {
  const at = (address & UNIT_MASK) << 3
  memory.u8[address >>> SLAB_BITS]!.fill(byte, at, at + memory.sizeOf(address))
}

function holds(memory: Memory, address: Address, byte: number): boolean {
  const at = (address & UNIT_MASK) << 3
  const bytes = memory.u8[address >>> SLAB_BITS]!.subarray(at, at + memory.sizeOf(address))
  return bytes.equals(Buffer.alloc(bytes.length, byte))
}

describe('arena', () => {
  it('gives blocks that never overlap, over random sizes, frees and resizes', () => {
    const memory = new Memory()
    const next = random(7)
    const live: { address: Address; byte: number }[] = []
    for (let step = 0; step < 30_000; step++) {
      if (live.length > 400 || (live.length > 0 && next() < 0.45)) {
        const [block] = live.splice(Math.floor(next() * live.length), 1)
        if (!holds(memory, block!.address, block!.byte)) throw new Error('a block was overwritten')
        memory.free(ACCOUNT.dataset, block!.address)
        continue
      }
      const bytes = next() < 0.02 ? Math.floor(next() * 300_000) + 1 : Math.floor(next() * next() * 3000) + 1
      const address = memory.block(ACCOUNT.dataset, bytes)
      if (memory.sizeOf(address) < bytes) throw new Error('a block is too small')
      const block = { address, byte: step & 0xff }
      fill(memory, address, block.byte)
      live.push(block)
    }
    for (const block of live) expect(holds(memory, block.address, block.byte)).toBe(true)
    const used = live.reduce((sum, block) => sum + memory.sizeOf(block.address), 0)
    expect(memory.used[ACCOUNT.dataset]).toBe(used)
    for (const block of live) memory.free(ACCOUNT.dataset, block.address)
    expect(memory.usedBytes).toBe(0)
  })

  it('gives empty slabs back', () => {
    const memory = new Memory()
    const blocks = Array.from({ length: 60_000 }, () => memory.block(ACCOUNT.dataset, 1000))
    const full = memory.slabBytes
    for (const block of blocks) memory.free(ACCOUNT.dataset, block)
    expect(memory.slabBytes).toBeLessThan(full / 2)
  })

  it('holds blocks larger than a slab behind one view', () => {
    const memory = new Memory()
    const address = memory.block(ACCOUNT.dataset, 40 << 20)
    const slab = memory.u8[address >>> SLAB_BITS]!
    slab[(40 << 20) - 1] = 9
    const small = memory.block(ACCOUNT.dataset, 10)
    expect(small).not.toBe(address)
    expect(slab.length).toBeGreaterThanOrEqual(40 << 20)
    memory.free(ACCOUNT.dataset, address)
    expect(memory.slabBytes).toBe(16 << 20)
    expect(memory.used[ACCOUNT.dataset]).toBe(16)
  })

  it('reaches the last word of the largest block', () => {
    const memory = new Memory()
    const bytes = 2 ** 32 - 8
    let address: Address
    try {
      address = memory.block(ACCOUNT.dataset, bytes)
    } catch (error) {
      // A small machine promises no four gigabytes; only two pages of them are touched here.
      expect(error).toBeInstanceOf(ArenaFull)
      return
    }
    const slab = address >>> SLAB_BITS
    const at = address & UNIT_MASK
    memory.f64[slab]![at + bytes / 8 - 1] = 2.5
    expect(memory.f64[slab]![at + bytes / 8 - 1]).toBe(2.5)
    memory.i32[slab]![at * 2 + bytes / 4 - 1] = 7
    expect(memory.i32[slab]![at * 2 + bytes / 4 - 1]).toBe(7)
    memory.free(ACCOUNT.dataset, address)
    memory.drop()
  })

  it('clears zeroed blocks, small, of pages and with slabs of their own', () => {
    const memory = new Memory()
    for (const bytes of [8, 40, 5000, 100_000, 8 << 20, (8 << 20) + 1, 20 << 20]) {
      const dirty = memory.block(ACCOUNT.dataset, bytes)
      const slab = dirty >>> SLAB_BITS
      memory.u8[slab]!.fill(7, (dirty & UNIT_MASK) << 3, ((dirty & UNIT_MASK) << 3) + bytes)
      memory.free(ACCOUNT.dataset, dirty)
      const address = memory.zeroed(ACCOUNT.dataset, bytes)
      const at = (address & UNIT_MASK) << 3
      const sum = memory.u8[address >>> SLAB_BITS]!.subarray(at, at + bytes).indexOf(7)
      expect([bytes, sum]).toEqual([bytes, -1])
    }
  })

  it('keeps the first bytes when a block is resized', () => {
    const memory = new Memory()
    let address = memory.block(ACCOUNT.dataset, 16)
    fill(memory, address, 5)
    address = memory.resize(ACCOUNT.dataset, address, 16, 5000)
    const at = (address & UNIT_MASK) << 3
    expect(memory.u8[address >>> SLAB_BITS]!.subarray(at, at + 16).every(b => b === 5)).toBe(true)
  })

  it('refuses beyond its limit and stays usable', () => {
    const memory = new Memory({ limitBytes: 32 << 20 })
    const blocks: Address[] = []
    expect(() => {
      for (;;) blocks.push(memory.block(ACCOUNT.dataset, 60_000))
    }).toThrow(ArenaFull)
    const used = memory.usedBytes
    memory.free(ACCOUNT.dataset, blocks.pop()!)
    expect(memory.usedBytes).toBeLessThan(used)
    expect(memory.block(ACCOUNT.dataset, 60_000)).not.toBe(0)
  })

  it('fills freed blocks and holds them back when poisoned', () => {
    const memory = new Memory({ poison: true })
    const address = memory.block(ACCOUNT.dataset, 24)
    fill(memory, address, 1)
    memory.free(ACCOUNT.dataset, address)
    expect(holds(memory, address, 0xdd)).toBe(true)
    for (let i = 0; i < 100; i++) expect(memory.block(ACCOUNT.dataset, 24)).not.toBe(address)
  })
})
