import { expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { Memory } from '../../core/memory/arena.ts'
import { ListpackBuilder } from '../../core/persistence/rdb/listpack.ts'
import { append, init } from '../../core/structs/packed.ts'
import { listpackBytes } from '../../core/types/list/listpack-size.ts'
import { Random } from '../support/random.ts'
import { serverForTest } from '../support/server.ts'

it('says how long the listpack is that is written to files', () => {
  const random = new Random(9)
  const odd = [
    '',
    '-',
    '-0',
    '007',
    '127',
    '128',
    '-4096',
    '-4097',
    '4095',
    '4096',
    '32767',
    '32768',
    '-32769',
    '8388607',
  ]
  const wide = [
    '8388608',
    '-8388609',
    '2147483647',
    '2147483648',
    '-2147483649',
    '9223372036854775807',
    '9223372036854775808',
  ]
  for (let trial = 0; trial < 300; trial++) {
    const region = Buffer.alloc(1 << 17)
    init(region, 0)
    const builder = new ListpackBuilder(new Memory())
    for (let i = random.below(30); i > 0; i--) {
      const length = random.pick([1, 5, 62, 63, 64, 65, 124, 125, 126, 127, 128, 4095, 4096])
      const text = random.pick([
        random.pick(odd),
        random.pick(wide),
        String(random.below(100_000) - 50_000),
        'x'.repeat(length),
      ])
      append(region, 0, region.length, Range.of(text))
      builder.bytes(Range.of(text))
    }
    expect(listpackBytes(region, 0)).toBe(builder.size)
  }
})

it('lists are packed up to the bytes that Redis would need', async () => {
  const { call } = await serverForTest()
  const encodings = async (count: number, value: (i: number) => string): Promise<unknown[]> => {
    const before = async (n: number): Promise<unknown> => {
      await call('DEL', 'list')
      for (let i = 0; i < n; i++) await call('RPUSH', 'list', value(i))
      return call('OBJECT', 'ENCODING', 'list')
    }
    return [await before(count), await before(count + 1)]
  }
  // 7 + 79 * 103 bytes and 100 more are above 8192; so are 7 + 4 * 2045 and 5.
  expect(await encodings(79, () => 'x'.repeat(100))).toEqual(['listpack', 'quicklist'])
  expect(await encodings(2046, i => String(10_000 + i))).toEqual(['listpack', 'quicklist'])
  // All elements of a command are counted as texts.
  await call('RPUSH', 'together', ...Array.from({ length: 900 }, () => '123456789'))
  expect(await call('OBJECT', 'ENCODING', 'together')).toBe('listpack')
  await call('RPUSH', 'together too', ...Array.from({ length: 911 }, () => '123456789'))
  expect(await call('OBJECT', 'ENCODING', 'together too')).toBe('quicklist')
})
