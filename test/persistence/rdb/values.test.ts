import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { Memory } from '../../../core/memory/arena.ts'
import { CONTAINER, kindOf, RdbError, TYPE } from '../../../core/persistence/rdb/format.ts'
import { ListpackBuilder } from '../../../core/persistence/rdb/listpack.ts'
import { StreamNodeBuilder, writeId, writeRawId } from '../../../core/persistence/rdb/stream-node.ts'
import type { RdbWriter } from '../../../core/persistence/rdb/writer.ts'
import { StreamId } from '../../../core/structs/stream-id.ts'
import { ziplist, zipmap } from './legacy.ts'
import { long, range, type StreamModel, valueIn, written } from './model.ts'

const memory = new Memory()
const builder = new ListpackBuilder(memory)

function listpack(elements: readonly (string | number)[]): Range {
  builder.begin()
  for (const element of elements)
    if (typeof element === 'number') builder.integer(element)
    else builder.bytes(range(element))
  return builder.finish(new Range())
}

const strings = (writer: RdbWriter, list: readonly string[]): void => {
  for (const one of list) writer.string(range(one))
}

describe('lists and sets', () => {
  const list = ['river', '7', '', '-70000', 'x'.repeat(500), 'river']

  test('every encoding of a list gives the same elements', () => {
    const encodings: [number, (w: RdbWriter) => void][] = [
      [
        TYPE.list,
        w => {
          w.length(list.length)
          strings(w, list)
        },
      ],
      [TYPE.listZiplist, w => w.string(range(ziplist(list)))],
      [
        TYPE.listQuicklist,
        w => {
          w.length(2)
          w.string(range(ziplist(list.slice(0, 2))))
          w.string(range(ziplist(list.slice(2))))
        },
      ],
      [
        TYPE.listQuicklist2,
        w => {
          w.length(3)
          w.length(CONTAINER.packed)
          w.string(listpack(list.slice(0, 4)))
          w.length(CONTAINER.plain)
          w.string(range(list[4]!))
          w.length(CONTAINER.packed)
          w.string(listpack(list.slice(5)))
        },
      ],
    ]
    for (const [type, write] of encodings)
      for (const piece of [0, 3, 1000]) expect(valueIn(type, written(write), piece)).toEqual(list)
  })

  test('every encoding of a set gives the same members', () => {
    const plain = written(w => {
      w.length(3)
      strings(w, ['-5', '1', '70000'])
    })
    expect(valueIn(TYPE.set, plain)).toEqual(['-5', '1', '70000'])
    const intset = Buffer.from('0400000003000000fbffffff0100000070110100', 'hex')
    expect(
      valueIn(
        TYPE.setIntset,
        written(w => w.string(range(intset))),
        2,
      ),
    ).toEqual(['-5', '1', '70000'])
    expect(
      valueIn(
        TYPE.setListpack,
        written(w => w.string(listpack(['-5', '1', '70000']))),
      ),
    ).toEqual(['-5', '1', '70000'])
  })

  test('an unknown kind of list node is refused', () => {
    const data = written(w => {
      w.length(1)
      w.length(3)
      w.string(range('x'))
    })
    expect(() => valueIn(TYPE.listQuicklist2, data)).toThrow('an unknown kind of list node (3) at offset 2')
  })
})

describe('sorted sets', () => {
  const members: [string, number][] = [
    ['low', -Infinity],
    ['a', -1.5],
    ['7', 0],
    ['b', 1e20],
    ['long '.repeat(30), 3.25],
    ['high', Infinity],
  ]

  test('every encoding of a sorted set gives the same members', () => {
    const text = (score: number): string => (score === Infinity ? 'inf' : score === -Infinity ? '-inf' : String(score))
    const flat = members.flatMap(([member, score]) => [member, text(score)])
    const encodings: [number, (w: RdbWriter) => void][] = [
      [
        TYPE.zsetText,
        w => {
          w.length(members.length)
          for (const [member, score] of members) {
            w.string(range(member))
            if (score === Infinity) w.byte(254)
            else if (score === -Infinity) w.byte(255)
            else {
              w.byte(String(score).length)
              w.ascii(String(score))
            }
          }
        },
      ],
      [
        TYPE.zset,
        w => {
          w.length(members.length)
          for (const [member, score] of members) {
            w.string(range(member))
            w.double(score)
          }
        },
      ],
      [TYPE.zsetZiplist, w => w.string(range(ziplist(flat)))],
      [TYPE.zsetListpack, w => w.string(listpack(flat))],
    ]
    for (const [type, write] of encodings)
      for (const piece of [0, 1, 6, 1000]) expect(valueIn(type, written(write), piece)).toEqual(members)
  })

  test('scores that are no numbers are refused', () => {
    const binary = written(w => {
      w.length(1)
      w.string(range('m'))
      w.double(NaN)
    })
    expect(() => valueIn(TYPE.zset, binary)).toThrow('a score that is no number')
    expect(() => valueIn(TYPE.zsetText, Buffer.from('\x01\x01m\xfd', 'latin1'))).toThrow('a score that is no number')
    expect(() =>
      valueIn(
        TYPE.zsetListpack,
        written(w => w.string(listpack(['m', 'x']))),
      ),
    ).toThrow(RdbError)
    expect(() =>
      valueIn(
        TYPE.zsetListpack,
        written(w => w.string(listpack(['m']))),
      ),
    ).toThrow('a listpack is damaged')
  })
})

describe('hashes', () => {
  const fields: [string, string, number][] = [
    ['name', 'Ada', 0],
    ['born', '1815', 0],
    ['', 'empty '.repeat(20), 0],
  ]
  const flat = fields.flatMap(field => [field[0], field[1]])
  const timed: [string, string, number][] = [
    ['soon', '1', 4102444800000],
    ['later', '2', 4102444801000],
    ['never', '3', 0],
  ]

  test('every encoding of a hash gives the same fields', () => {
    const encodings: [number, (w: RdbWriter) => void][] = [
      [
        TYPE.hash,
        w => {
          w.length(fields.length)
          strings(w, flat)
        },
      ],
      [TYPE.hashZipmap, w => w.string(range(zipmap(flat, 3)))],
      [TYPE.hashZiplist, w => w.string(range(ziplist(flat)))],
      [TYPE.hashListpack, w => w.string(listpack(flat))],
    ]
    for (const [type, write] of encodings)
      for (const piece of [0, 2, 1000]) expect(valueIn(type, written(write), piece)).toEqual(fields)
  })

  test('every encoding of a hash whose fields expire gives their times', () => {
    const least = timed[0]![2]
    const times = (w: RdbWriter, relative: boolean): void => {
      w.length(timed.length)
      for (const [name, value, deadline] of timed) {
        w.length(deadline === 0 ? 0 : relative ? deadline - least + 1 : deadline)
        w.string(range(name))
        w.string(range(value))
      }
    }
    const packed = (): Range => listpack(timed.flat())
    const encodings: [number, (w: RdbWriter) => void][] = [
      [TYPE.hashTimesPreGa, w => times(w, false)],
      [
        TYPE.hashTimes,
        w => {
          w.milliseconds(least)
          times(w, true)
        },
      ],
      [TYPE.hashListpackTimesPreGa, w => w.string(packed())],
      [
        TYPE.hashListpackTimes,
        w => {
          w.milliseconds(least)
          w.string(packed())
        },
      ],
    ]
    for (const [type, write] of encodings)
      for (const piece of [0, 2, 1000]) expect(valueIn(type, written(write), piece)).toEqual(timed)
  })

  test('packed fields out of the order of their times are refused', () => {
    for (const fields of [
      ['a', '1', 2000, 'b', '2', 1000],
      ['a', '1', 0, 'b', '2', 1000],
    ])
      expect(() =>
        valueIn(
          TYPE.hashListpackTimesPreGa,
          written(w => w.string(listpack(fields))),
        ),
      ).toThrow('not in the order of their times')
    const sound = written(w => w.string(listpack(['a', '1', 1000, 'b', '2', 1000, 'c', '3', 0, 'd', '4', 0])))
    expect(() => valueIn(TYPE.hashListpackTimesPreGa, sound)).not.toThrow()
  })

  test('impossible times of fields and halves of pairs are refused', () => {
    const late = written(w => w.string(listpack(['a', '1', 2 ** 48])))
    expect(() => valueIn(TYPE.hashListpackTimesPreGa, late)).toThrow('a field with an impossible time')
    expect(() =>
      valueIn(
        TYPE.hashListpackTimesPreGa,
        written(w => w.string(listpack(['a', '1', -5]))),
      ),
    ).toThrow(RdbError)
    expect(() =>
      valueIn(
        TYPE.hashListpackTimesPreGa,
        written(w => w.string(listpack(['a', '1', 'x']))),
      ),
    ).toThrow(RdbError)
    expect(() =>
      valueIn(
        TYPE.hashListpackTimesPreGa,
        written(w => w.string(listpack(['a', '1', 1, 'b']))),
      ),
    ).toThrow(RdbError)
    expect(() =>
      valueIn(
        TYPE.hashListpack,
        written(w => w.string(listpack(['a', '1', 'b']))),
      ),
    ).toThrow(RdbError)
    expect(() =>
      valueIn(
        TYPE.hashZipmap,
        written(w => w.string(range(zipmap(['a'])))),
      ),
    ).toThrow(RdbError)
  })
})

function idOf(text: string): StreamId {
  const [ms, seq] = text.split('-').map(BigInt) as [bigint, bigint]
  const word = (n: bigint, at: bigint): number => Number((n >> at) & 0xffffffffn)
  return new StreamId().setWords(word(ms, 32n), word(ms, 0n), word(seq, 32n), word(seq, 0n))
}

/** Write a stream model, a node for every `perNode` entries. */
function writeStream(w: RdbWriter, model: StreamModel, type: number, perNode: number): void {
  const nodes: StreamModel['entries'][] = []
  for (let i = 0; i < model.entries.length; i += perNode) nodes.push(model.entries.slice(i, i + perNode))
  const node = new StreamNodeBuilder(memory)
  w.length(nodes.length)
  for (const entries of nodes) {
    const [first, ...parts] = entries[0]!
    const names = parts.filter((_, i) => i % 2 === 0).map(range)
    node.begin(idOf(first), entries.length, names, names.length)
    for (const [id, ...entryParts] of entries) node.entry(idOf(id), entryParts.map(range), entryParts.length)
    node.write(w, new Range())
  }
  node.release()
  const { length, last, first, maxDeleted, added } = model.facts!
  w.length(length)
  writeId(w, idOf(last))
  if (type !== TYPE.stream) {
    writeId(w, idOf(first))
    writeId(w, idOf(maxDeleted))
    w.length(added)
  }
  w.length(model.groups.length)
  for (const group of model.groups) {
    w.string(range(group.name))
    writeId(w, idOf(group.last))
    if (type !== TYPE.stream) w.bigint(BigInt(group.read))
    w.length(group.pending.length)
    for (const [id, time, count] of group.pending) {
      writeRawId(w, idOf(id))
      w.milliseconds(time)
      w.length(count)
    }
    w.length(group.consumers.length)
    for (const { name, seen, active, owns } of group.consumers) {
      w.string(range(name))
      w.milliseconds(seen)
      if (type === TYPE.stream3) w.milliseconds(active)
      w.length(owns.length)
      for (const id of owns) writeRawId(w, idOf(id))
    }
  }
}

const sample: StreamModel = {
  entries: [
    ['5-1', 'temp', '21', 'place', 'roof'],
    ['5-2', 'temp', '22', 'place', 'cellar'],
    ['1700000000000-0', 'other', 'x', '7', '', 'n', '-9007199254740993'],
    ['18446744073709551615-18446744073709551615', 'temp', '9223372036854775807', 'place', ''],
  ],
  facts: {
    length: 4,
    last: '18446744073709551615-18446744073709551615',
    first: '5-1',
    maxDeleted: '4-9',
    added: 12,
  },
  groups: [
    {
      name: 'workers',
      last: '5-2',
      read: 2,
      pending: [
        ['5-1', 1700000000123, 3],
        ['5-2', 1700000000456, 1],
      ],
      consumers: [
        { name: 'w1', seen: 1700000000999, active: 1700000000456, owns: ['5-2'] },
        { name: '12345', seen: 1, active: -1, owns: ['5-1'] },
      ],
    },
    { name: 'g', last: '0-0', read: -1, pending: [], consumers: [] },
  ],
}

describe('streams', () => {
  test('a stream of the newest type comes back whole', () => {
    for (const perNode of [1, 2, 100])
      for (const piece of [0, 1, 9, 1000]) {
        const data = written(w => writeStream(w, sample, TYPE.stream3, perNode))
        expect(valueIn(TYPE.stream3, data, piece)).toEqual(sample)
      }
  })

  test('older types lack what was not told then', () => {
    const older: StreamModel = structuredClone(sample)
    for (const consumer of older.groups[0]!.consumers) consumer.active = -1
    expect(
      valueIn(
        TYPE.stream2,
        written(w => writeStream(w, sample, TYPE.stream2, 3)),
      ),
    ).toEqual(older)
    Object.assign(older.facts!, { first: '0-0', maxDeleted: '0-0', added: 4 })
    for (const group of older.groups) group.read = -1
    expect(
      valueIn(
        TYPE.stream,
        written(w => writeStream(w, sample, TYPE.stream, 3)),
      ),
    ).toEqual(older)
  })

  test('any entries come back', () => {
    const part = fc.oneof(
      fc.integer().map(String),
      fc.string({ unit: 'binary-ascii', maxLength: 8 }),
      fc.constantFrom('a', 'b', 'temp'),
    )
    const id = fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n)).map(([ms, seq]) => `${ms}-${seq}`)
    const entry = fc.tuple(id, fc.array(fc.tuple(part, part), { minLength: 1, maxLength: 5 }))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (entries, perNode) => {
        const model: StreamModel = {
          entries: entries.map(([at, pairs]) => [at, ...pairs.flat()]),
          facts: { length: entries.length, last: '0-1', first: '0-0', maxDeleted: '0-0', added: entries.length },
          groups: [],
        }
        expect(
          valueIn(
            TYPE.stream3,
            written(w => writeStream(w, model, TYPE.stream3, perNode)),
          ),
        ).toEqual(model)
      }),
      { numRuns: long ? 5_000 : 200, seed: 1 },
    )
  })

  test('deleted entries are passed over', () => {
    const node = listpack([1, 1, 1, 'n', 0, 2, 0, 0, '1', 4, 3, 0, 1, '2', 4])
    const data = written(w => {
      w.length(1)
      w.length(16)
      writeRawId(w, idOf('7-0'))
      w.string(node)
      w.length(1)
      writeId(w, idOf('7-1'))
      w.length(0)
    })
    expect(valueIn(TYPE.stream, data)).toMatchObject({ entries: [['7-0', 'n', '1']] })
  })

  test('nodes that do not add up are refused', () => {
    const broken: (string | number)[][] = [
      [],
      [1, 0],
      [1, 0, 1, 'n', 1, 2, 0, 0, '1', 4], // the master entry does not end
      [2, 0, 1, 'n', 0, 2, 0, 0, '1', 4], // fewer entries than told
      [0, 0, 1, 'n', 0], // no entry at all
      [1, 0, 1, 'n', 0, 2, 0, 0, '1', 5], // the way back is wrong
      [1, 0, 1, 'n', 0, 4, 0, 0, '1', 4], // an unknown flag
      [1, 0, 1, 'n', 0, 2, 'x', 0, '1', 4], // an id that is no number
      [1, 0, 1, 'n', 0, 0, 0, 0, 9, 'a', 'b', 5], // fewer fields than told
      [1, 0, 500_000, 'n', 0, 2, 0, 0, '1', 4],
      [1, 0, -1, 'n', 0, 2, 0, 0, '1', 4],
      [1, 0, 2 ** 40, 'n', 0, 2, 0, 0, '1', 4],
    ]
    for (const elements of broken) {
      const packed = listpack(elements).copy()
      const data = written(w => {
        w.length(1)
        w.length(16)
        writeRawId(w, idOf('7-0'))
        w.string(range(packed))
      })
      expect(() => valueIn(TYPE.stream3, data)).toThrow('a listpack is damaged')
    }
    const noId = written(w => {
      w.length(1)
      w.string(range('short'))
    })
    expect(() => valueIn(TYPE.stream3, noId)).toThrow('a stream node without an id')
  })
})

test('types that never were, or are gone, have no kind', () => {
  expect([TYPE.modulePreGa, 8, 26, 200, 255].map(kindOf)).toEqual([null, null, null, null, null])
  expect(kindOf(TYPE.stream2)).toBe('stream')
})
