import { describe, expect, it } from 'vitest'
import {
  compareIds,
  ID_TEXT_BYTES,
  idLength,
  parseId,
  SPELLED,
  StreamId,
  writeId,
} from '../../core/structs/stream-id.ts'
import { seeded } from './seeded.ts'

const parse = (text: string) => {
  const id = new StreamId()
  const buf = Buffer.from(`x${text}x`)
  return { how: parseId(buf, 1, buf.length - 1, id), text: id.toString() }
}

describe('stream id', () => {
  it('reads what it writes, over all 64 bits of both parts', () => {
    const random = seeded(1)
    const word = () => Math.floor(random() * 4294967296) >>> Math.floor(random() * 33)
    const buf = Buffer.alloc(ID_TEXT_BYTES + 1)
    for (let i = 0; i < 2000; i++) {
      const id = new StreamId().setWords(word(), word(), word(), word())
      const end = writeId(buf, 1, id)
      expect(buf.latin1Slice(1, end)).toBe(id.toString())
      expect(idLength(id)).toBe(end - 1)
      const back = new StreamId()
      expect(parseId(buf, 1, end, back)).toBe(SPELLED.whole)
      expect(compareIds(back, id)).toBe(0)
    }
    const max = new StreamId().setMax()
    expect(max.toString()).toBe('18446744073709551615-18446744073709551615')
    expect(writeId(buf, 0, max)).toBe(ID_TEXT_BYTES)
  })

  it('says how an id was spelled', () => {
    expect(parse('1526919030474-55')).toEqual({ how: SPELLED.whole, text: '1526919030474-55' })
    expect(parse('17')).toEqual({ how: SPELLED.withoutSeq, text: '17-0' })
    expect(parse('17-*')).toEqual({ how: SPELLED.anySeq, text: '17-0' })
    expect(parse('18446744073709551615-18446744073709551615').how).toBe(SPELLED.whole)
    for (const wrong of ['', '-', '-5', '5-', 'a', '1-a', '1-2-3', '1-**', '*', '18446744073709551616', '1 -2'])
      expect(parse(wrong).how).toBe(SPELLED.wrong)
  })

  it('orders and steps across every carry', () => {
    const values = [0n, 1n, 0xffffffffn, 0x100000000n, 0xffffffffffffffffn]
    const ids: { id: StreamId; value: bigint }[] = []
    for (const ms of values)
      for (const seq of values) {
        const id = new StreamId().setWords(
          Number(ms >> 32n),
          Number(ms & 0xffffffffn),
          Number(seq >> 32n),
          Number(seq & 0xffffffffn),
        )
        ids.push({ id, value: (ms << 64n) | seq })
      }
    const numberOf = (id: StreamId) =>
      (((BigInt(id.msHigh) << 32n) | BigInt(id.msLow)) << 64n) | (BigInt(id.seqHigh) << 32n) | BigInt(id.seqLow)
    for (const a of ids) {
      for (const b of ids)
        expect(Math.sign(compareIds(a.id, b.id))).toBe(a.value < b.value ? -1 : a.value > b.value ? 1 : 0)
      const up = new StreamId().copyFrom(a.id)
      expect(up.increment()).toBe(a.value < (1n << 128n) - 1n)
      expect(numberOf(up)).toBe(a.value < (1n << 128n) - 1n ? a.value + 1n : a.value)
      const down = new StreamId().copyFrom(a.id)
      expect(down.decrement()).toBe(a.value > 0n)
      expect(numberOf(down)).toBe(a.value > 0n ? a.value - 1n : 0n)
    }
  })
})
