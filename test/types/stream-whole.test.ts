import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import type { LoadSource, SaveSink } from '../../core/keyspace/value-type.ts'
import { ArenaFull } from '../../core/memory/arena.ts'
import { type StreamView, streamType } from '../../core/types/stream/value.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

/** A stream with deleted entries, groups, consumers and pending entries, one of which no longer exists. */
async function build(server: TestServer): Promise<void> {
  for (let i = 1; i <= 250; i++)
    await server.call('XADD', 's', `${i}-${i % 3}`, 'n', i, ...(i % 5 ? [] : ['five', 'x']))
  await server.call('XDEL', 's', '7-1', '250-1')
  await server.call('XTRIM', 's', 'MAXLEN', 240)
  await server.call('XGROUP', 'CREATE', 's', 'g', '0')
  await server.call('XGROUP', 'CREATE', 's', 'at the end', '$')
  await server.call('XREADGROUP', 'GROUP', 'g', 'ana', 'COUNT', 20, 'STREAMS', 's', '>')
  await server.call('XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', 30, 'STREAMS', 's', '>')
  await server.call('XREADGROUP', 'GROUP', 'g', 'ana', 'COUNT', 5, 'STREAMS', 's', '0')
  await server.call('XGROUP', 'CREATECONSUMER', 's', 'g', 'idle')
  await server.call('XACK', 's', 'g', '12-0', '13-1')
}

function viewOf(server: TestServer, key: string): StreamView {
  const db = server.server.engine.keyspace.databases[0]!
  const name = Range.of(key)
  const record = db.find(name)
  return record === 0 ? db.create(name, streamType) : db.view(record, streamType)
}

/** What is saved, kept as a list; and the same list, read back. */
class Tape {
  readonly #items: (bigint | Buffer)[] = []

  readonly sink: SaveSink = {
    unsigned: n => void this.#items.push(BigInt(n)),
    signed: n => void this.#items.push(BigInt(n)),
    string: (from, start, end) => void this.#items.push(Buffer.from(from.subarray(start, end))),
    text: text => void this.#items.push(Buffer.from(text)),
    double: () => expect.unreachable('streams hold no doubles'),
    float: () => expect.unreachable('streams hold no floats'),
    block: () => expect.unreachable('streams are no blocks'),
    row: () => expect.unreachable('streams are no blocks'),
    doubles: () => expect.unreachable('streams hold no doubles'),
    parts: () => expect.unreachable('streams have no parts with names'),
  }

  readonly source: LoadSource = {
    unsigned: () => Number(this.#items.shift()),
    unsigned64: () => this.#items.shift() as bigint,
    signed: () => Number(this.#items.shift()),
    signed64: () => this.#items.shift() as bigint,
    string: out => {
      const bytes = this.#items.shift() as Buffer
      return out.set(bytes, 0, bytes.length)
    },
    text: () => String(this.#items.shift()),
    double: () => expect.unreachable('streams hold no doubles'),
    float: () => expect.unreachable('streams hold no floats'),
  }

  get left(): number {
    return this.#items.length
  }
}

describe('a whole stream', () => {
  it('is saved and loaded', async () => {
    const server = await serverForTest({ port: null })
    await build(server)
    const other = await serverForTest({ port: null })
    const tape = new Tape()
    streamType.save(viewOf(server, 's'), tape.sink)
    streamType.load(viewOf(other, 's'), tape.source, 1)
    expect(tape.left).toBe(0)
    expect(await other.call('DEBUG', 'DIGEST', 'EXACT')).toBe(await server.call('DEBUG', 'DIGEST', 'EXACT'))
    const info = await server.call('XINFO', 'STREAM', 's', 'FULL', 'COUNT', 0)
    const loaded = await other.call('XINFO', 'STREAM', 's', 'FULL', 'COUNT', 0)
    expect(withoutBlocks(loaded)).toEqual(withoutBlocks(info))
  })

  it.each(['s', 'made and emptied', 'never added to'])('is made anew by commands: %s', async key => {
    const server = await serverForTest({ port: null })
    await build(server)
    await server.call('XADD', 'made and emptied', 'MAXLEN', 0, '5-5', 'a', 'b')
    await server.call('XGROUP', 'CREATE', 'never added to', 'g', '9-9', 'MKSTREAM')
    for (const other of ['s', 'made and emptied', 'never added to']) if (other !== key) await server.call('DEL', other)
    const commands: (string | Buffer | number)[][] = []
    streamType.rewrite!(Range.of(key), viewOf(server, key), args => commands.push([...args]))
    const other = await serverForTest({ port: null })
    for (const args of commands) await other.call(...args)
    if (key !== 'never added to')
      expect(await other.call('DEBUG', 'DIGEST', 'EXACT')).toBe(await server.call('DEBUG', 'DIGEST', 'EXACT'))
    // A stream that never held anything cannot be told without counting an entry.
    expect(await other.call('XINFO', 'GROUPS', key)).toEqual(await server.call('XINFO', 'GROUPS', key))
  })

  it('is copied, and the copy lives by itself', async () => {
    const server = await serverForTest({ port: null })
    await build(server)
    const before = server.server.engine.keyspace.memory.usedBytes
    await server.call('COPY', 's', 't')
    expect(withoutBlocks(await server.call('XINFO', 'STREAM', 't', 'FULL', 'COUNT', 0))).toEqual(
      withoutBlocks(await server.call('XINFO', 'STREAM', 's', 'FULL', 'COUNT', 0)),
    )
    await server.call('XADD', 't', '999-0', 'a', '1')
    await server.call('XACK', 't', 'g', '14-2')
    expect(await server.call('XLEN', 's')).toBe(240)
    expect(await server.call('XPENDING', 's', 'g', '14-2', '14-2', 1)).toHaveLength(1)
    await server.call('DEL', 't')
    expect(server.server.engine.keyspace.memory.usedBytes).toBe(before)
  })

  it('gives all its memory back when it is unlinked', async () => {
    const server = await serverForTest({ port: null })
    const { keyspace } = server.server.engine
    await server.call('SET', 'other', 'x')
    const before = keyspace.memory.usedBytes
    await build(server)
    await server.call('UNLINK', 's')
    while (keyspace.hasBuried) keyspace.freeBuried(3)
    expect(keyspace.memory.usedBytes).toBe(before)
  })

  it('counts beyond 2^53', async () => {
    const server = await serverForTest({ port: null })
    await server.call('XADD', 's', '1-1', 'a', '1')
    await server.call('XSETID', 's', '1-1', 'ENTRIESADDED', '9223372036854775800')
    await server.call('XADD', 's', '1-2', 'a', '2')
    await server.call('XGROUP', 'CREATE', 's', 'g', '1-1', 'ENTRIESREAD', '9223372036854775799')
    await server.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
    const info = (await server.call('XINFO', 'STREAM', 's', 'FULL')) as Map<string, unknown>
    expect(info.get('entries-added')).toBe(9223372036854775801n)
    const [group] = info.get('groups') as Map<string, unknown>[]
    expect(group!.get('entries-read')).toBe(9223372036854775800n)
    expect(group!.get('lag')).toBe(1)
  })

  it('is no stream when memory runs out while it is made', async () => {
    const server = await serverForTest({ port: null })
    const { memory } = server.server.engine.keyspace
    const block = memory.block.bind(memory)
    let left = 0
    for (let allowed = 0; allowed < 6; allowed++) {
      left = allowed
      memory.block = (account, bytes) => {
        if (left-- === 0) throw full
        return block(account, bytes)
      }
      const outcome = await server.call('XADD', `s${allowed}`, '1-1', 'a', '1').catch(error => (error as Error).message)
      memory.block = block
      expect([outcome, await server.call('EXISTS', `s${allowed}`)]).toEqual(outcome === '1-1' ? ['1-1', 1] : [OOM, 0])
    }
  })
})

const OOM = "OOM command not allowed when used memory > 'maxmemory'."
const full = new ArenaFull(8)

/** Info but for the number of blocks, which depends on how the stream came to be. */
function withoutBlocks(info: unknown): Map<string, unknown> {
  const kept = new Map(info as Map<string, unknown>)
  kept.delete('radix-tree-keys')
  kept.delete('radix-tree-nodes')
  return kept
}
