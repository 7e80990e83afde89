import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import type { LoadSource, SaveSink } from '../../core/keyspace/value-type.ts'
import { Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import type { Address } from '../../core/memory/arena.ts'
import { Tree } from '../../modules/json/document/tree.ts'
import { jsonType, type JsonView } from '../../modules/json/type.ts'
import { Random } from '../support/random.ts'
import { print, randomModel } from './model.ts'
import { checkTree, textOf } from './support.ts'

const memory = new Memory({ poison: true })
const type = jsonType(memory)

/** A view of no database: all that the type asks of it is where the document lies. */
function view(address: Address = 0): JsonView {
  return { address } as JsonView
}

function saved(value: JsonView): Buffer {
  const parts: Buffer[] = []
  const sink: Partial<SaveSink> = {
    block(from, block, start, bytes) {
      const at = (block & UNIT_MASK) * 8 + start
      parts.push(Buffer.from(from.u8[block >>> SLAB_BITS]!.subarray(at, at + bytes)))
    },
  }
  type.save(value, sink as SaveSink)
  expect(parts).toHaveLength(1)
  return parts[0]!
}

function loaded(text: string | Buffer, version = 3): JsonView {
  const value = view()
  const source: Partial<LoadSource> = { string: (out: Range) => out.set(Buffer.from(text), 0, Buffer.byteLength(text)) }
  type.load(value, source as LoadSource, version)
  return value
}

function open(value: JsonView): Tree {
  return Tree.forDocuments(memory).open(value.address)
}

describe('the type of documents', () => {
  it('saves what it loads, byte for byte', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const text = print(randomModel(new Random(seed), 40))
      const value = loaded(text)
      checkTree(open(value))
      expect(saved(value).toString()).toBe(text)
      type.release(value, null as never)
    }
  })

  it('loads doubles to the nearest, so that they do not drift from one save to the next', () => {
    const text = '[12345678901234568.5e1,5.698013730129304e196,0.30000000000000004,1e300]'
    const once = saved(loaded(text))
    expect(saved(loaded(once)).equals(once)).toBe(true)
    expect(JSON.parse(once.toString())).toEqual(JSON.parse(text))
  })

  it('loads documents that nest deeper than a text may', () => {
    const text = '['.repeat(1000) + ']'.repeat(1000)
    expect(textOf(open(loaded(text)))).toBe(text)
  })

  it('refuses damaged data and versions it does not know', () => {
    expect(() => loaded('{"a":')).toThrow('EOF while parsing a value at line 1 column 5')
    expect(() => loaded('')).toThrow('EOF while parsing a value')
    expect(() => loaded('1', 2)).toThrow('version 2')
    expect(() => loaded('['.repeat(1025) + ']'.repeat(1025))).toThrow('recursion limit')
  })

  it('copies a document', () => {
    const from = loaded('{"a":[1,2,3]}')
    const to = view()
    type.copy(from, to, new Range(), new Range())
    expect(to.address).not.toBe(from.address)
    expect(textOf(open(to))).toBe('{"a":[1,2,3]}')
    expect(type.sizeBytes(to)).toBe(memory.sizeOf(to.address))
  })
})
