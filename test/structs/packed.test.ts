import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import * as packed from '../../core/structs/packed.ts'
import { below, seeded, someBytes, times } from './seeded.ts'

/** A region that begins at an odd place and is moved to a larger one when a write asks for it. */
class Region {
  start = 3
  buf = Buffer.alloc(this.start + packed.HEADER_BYTES + 4, 0xee)
  end = this.buf.length

  constructor() {
    packed.init(this.buf, this.start)
  }

  write(act: (buf: Buffer, start: number, end: number) => number): void {
    const before = Buffer.from(this.buf)
    const needed = act(this.buf, this.start, this.end)
    if (needed <= this.end - this.start) {
      expect(packed.size(this.buf, this.start)).toBe(needed)
      return
    }
    expect(this.buf.equals(before)).toBe(true)
    const larger = Buffer.alloc(this.start + needed, 0xee)
    this.buf.copy(larger, this.start, this.start, this.end)
    this.buf = larger
    this.end = larger.length
    expect(act(this.buf, this.start, this.end)).toBe(needed)
  }

  entries(): Buffer[] {
    const out = new Range()
    const all: Buffer[] = []
    const end = this.start + packed.size(this.buf, this.start)
    for (let at = packed.first(this.start); at < end; ) {
      at = packed.read(this.buf, at, out)
      all.push(out.copy())
    }
    expect(all.length).toBe(packed.count(this.buf, this.start))
    return all
  }

  find(bytes: Buffer, stride: number): number {
    return packed.find(this.buf, this.start, Range.of(bytes), stride)
  }

  at(index: number): number {
    return packed.entryAt(this.buf, this.start, index)
  }

  get last(): number {
    return this.start + packed.size(this.buf, this.start)
  }
}

const longest = (random: () => number) => (random() < 0.02 ? 70_000 : random() < 0.1 ? 300 : 20)

describe('packed list', () => {
  it('agrees with an array over random appends, inserts, replacements and removals', () => {
    for (let seed = 1; seed <= times(6); seed++) {
      const random = seeded(seed)
      const region = new Region()
      const model: Buffer[] = []
      for (let step = 0; step < 120; step++) {
        const value = someBytes(random, longest(random))
        const range = Range.of(value)
        const i = below(random, model.length)
        const choice = random()
        if (choice < 0.4 || model.length === 0) {
          region.write((buf, start, end) => packed.append(buf, start, end, range))
          model.push(value)
        } else if (choice < 0.6) {
          region.write((buf, start, end) => packed.insert(buf, start, end, region.at(i), range))
          model.splice(i, 0, value)
        } else if (choice < 0.8) {
          region.write((buf, start, end) => packed.replace(buf, start, end, region.at(i), range))
          model[i] = value
        } else {
          const n = 1 + below(random, Math.min(3, model.length - i))
          expect(packed.remove(region.buf, region.start, region.at(i), n)).toBe(region.last - region.start)
          model.splice(i, n)
        }
        expect(region.find(value, 1)).toBe(region.at(model.findIndex(other => other.equals(value))))
        expect(packed.indexOf(region.buf, region.start, region.last)).toBe(model.length)
      }
      expect(region.entries()).toEqual(model)
      const into = new Int32Array(model.length)
      expect(packed.positions(region.buf, region.start, 1, into)).toBe(model.length)
      expect([...into]).toEqual(model.map((_, index) => region.at(index)))
      expect(region.at(-1)).toBe(-1)
      expect(region.at(model.length)).toBe(-1)
      expect(region.buf.subarray(0, 3)).toEqual(Buffer.alloc(3, 0xee))
    }
  })

  it('finds an entry of any length class and the empty one', () => {
    const region = new Region()
    const lengths = [0, 1, 63, 64, 65, 222, 223, 224, 255, 256, 65_535, 65_536, 100_000]
    for (const length of lengths)
      region.write((buf, start, end) => packed.append(buf, start, end, Range.of(Buffer.alloc(length, 120))))
    lengths.forEach((length, index) => {
      expect(region.find(Buffer.alloc(length, 120), 1)).toBe(region.at(index))
    })
    expect(region.entries().map(entry => entry.length)).toEqual(lengths)
    expect(region.find(Buffer.alloc(223, 121), 1)).toBe(-1)
    expect(region.find(Buffer.alloc(224, 121), 1)).toBe(-1)
  })

  it('refuses more entries than its count can say', () => {
    const region = new Region()
    region.buf = Buffer.alloc(200_000)
    region.end = region.buf.length
    packed.init(region.buf, region.start)
    const one = Range.of('x')
    for (let i = 0; i < packed.ENTRIES_MAX; i++) packed.append(region.buf, region.start, region.end, one)
    expect(packed.append(region.buf, region.start, region.end, one)).toBe(packed.TOO_LARGE)
    expect(packed.insert(region.buf, region.start, region.end, region.at(0), one)).toBe(packed.TOO_LARGE)
    expect(packed.count(region.buf, region.start)).toBe(packed.ENTRIES_MAX)
  })

  it('takes a header and one byte an entry more than the data', () => {
    const region = new Region()
    for (let i = 0; i < 10; i++)
      region.write((buf, start, end) => packed.append(buf, start, end, Range.of(`element-${i}`)))
    expect(packed.size(region.buf, region.start)).toBe(6 + 10 * 10)
  })
})

describe('packed hash', () => {
  it('agrees with a Map over random sets and deletes, with and without deadlines', () => {
    for (let seed = 1; seed <= times(6); seed++) {
      const random = seeded(seed * 31)
      const stride = seed % 2 === 0 ? 2 : 3
      const region = new Region()
      const model = new Map<string, { value: Buffer; deadline: number }>()
      for (let step = 0; step < 150; step++) {
        const field = someBytes(random, longest(random))
        const name = field.latin1Slice()
        const value = someBytes(random, 30)
        const deadline = random() < 0.5 ? packed.NO_DEADLINE : 1 + below(random, 2 ** 46)
        const at = region.find(field, stride)
        const held = model.get(name)
        expect(at >= 0).toBe(held !== undefined)
        if (held === undefined) {
          if (stride === 2)
            region.write((buf, start, end) => packed.appendPair(buf, start, end, Range.of(field), Range.of(value)))
          else
            region.write((buf, start, end) =>
              packed.appendTriple(buf, start, end, Range.of(field), Range.of(value), deadline),
            )
          model.set(name, { value, deadline })
        } else if (random() < 0.4) {
          packed.remove(region.buf, region.start, at, stride)
          model.delete(name)
        } else if (random() < 0.5 && stride === 3) {
          region.write((buf, start, end) => packed.replaceDeadline(buf, start, end, packed.skip(buf, at, 2), deadline))
          held.deadline = deadline
        } else {
          region.write((buf, start, end) => packed.replace(buf, start, end, packed.next(buf, at), Range.of(value)))
          held.value = value
        }
      }
      expect(packed.count(region.buf, region.start)).toBe(model.size * stride)
      const out = new Range()
      for (const [name, { value, deadline }] of model) {
        const valueAt = packed.next(region.buf, region.find(Buffer.from(name, 'latin1'), stride))
        const after = packed.read(region.buf, valueAt, out)
        expect(out.copy()).toEqual(value)
        if (stride === 3) expect(packed.readNumber(region.buf, after)).toBe(deadline)
      }
    }
  })

  it('never takes a value for a field', () => {
    const region = new Region()
    region.write((buf, start, end) => packed.appendPair(buf, start, end, Range.of('a'), Range.of('b')))
    expect(region.find(Buffer.from('b'), 2)).toBe(-1)
  })

  it('becomes a hash with deadlines, a byte a field larger', () => {
    const region = new Region()
    for (const name of ['a', 'bb', 'c'.repeat(500)])
      region.write((buf, start, end) => packed.appendPair(buf, start, end, Range.of(name), Range.of(`${name}!`)))
    const before = packed.size(region.buf, region.start)
    const wide = Buffer.alloc(before + 3)
    expect(packed.widen(region.buf, region.start, wide, 0)).toBe(before + 3)
    const at = packed.find(wide, 0, Range.of('bb'), 3)
    expect(packed.readNumber(wide, packed.skip(wide, at, 2))).toBe(packed.NO_DEADLINE)
    expect(packed.count(wide, 0)).toBe(9)
    expect(packed.find(wide, 0, Range.of('c'.repeat(500)), 3)).toBeGreaterThan(at)
  })
})

describe('packed sorted set', () => {
  interface Scored {
    member: Buffer
    score: number
  }
  const order = (a: Scored, b: Scored) => a.score - b.score || Buffer.compare(a.member, b.member)

  function scored(region: Region): Scored[] {
    const out = new Range()
    const all: Scored[] = []
    for (let at = packed.first(region.start); at < region.last; ) {
      const scoreAt = packed.read(region.buf, at, out)
      all.push({ member: out.copy(), score: packed.readNumber(region.buf, scoreAt) })
      expect(packed.scoreOf(region.buf, at)).toBe(all[all.length - 1]!.score)
      at = packed.next(region.buf, scoreAt)
    }
    return all
  }

  const someScore = (random: () => number) => {
    const kind = random()
    if (kind < 0.5) return below(random, 8) - 4
    if (kind < 0.7) return below(random, 100_000) - 50_000
    if (kind < 0.8) return below(random, 2 ** 32) - 2 ** 31
    return (random() - 0.5) * 10 ** (random() < 0.5 ? 3 : 300)
  }

  it('agrees with a sorted array over random additions, new scores and removals', () => {
    for (let seed = 1; seed <= times(6); seed++) {
      const random = seeded(seed * 77)
      const region = new Region()
      let model: Scored[] = []
      for (let step = 0; step < 150; step++) {
        const member = someBytes(random, longest(random))
        const score = someScore(random)
        const at = region.find(member, 2)
        const held = model.find(entry => entry.member.equals(member))
        if (held === undefined) {
          expect(at).toBe(-1)
          region.write((buf, start, end) => packed.insertScored(buf, start, end, Range.of(member), score))
          model.push({ member, score })
        } else if (random() < 0.3) {
          packed.remove(region.buf, region.start, at, 2)
          model = model.filter(entry => entry !== held)
        } else {
          region.write((buf, start, end) => packed.rescore(buf, start, end, at, score))
          held.score = score
        }
        model.sort(order)
        const after = random() < 0.5
        const rank = (position: number) => packed.indexOf(region.buf, region.start, position) / 2
        expect(rank(packed.scoreBound(region.buf, region.start, score, after))).toBe(
          model.filter(entry => entry.score < score || (after && entry.score === score)).length,
        )
      }
      expect(scored(region)).toEqual(model)
    }
  })

  it('finds where a member range begins among equal scores', () => {
    const random = seeded(5)
    const region = new Region()
    const members = [...new Set(Array.from({ length: 60 }, () => someBytes(random, 90).latin1Slice()))]
    const sorted = members.map(name => Buffer.from(name, 'latin1')).sort(Buffer.compare)
    for (const member of sorted)
      region.write((buf, start, end) => packed.appendScored(buf, start, end, Range.of(member), 0))
    expect(scored(region).map(entry => entry.member)).toEqual(sorted)
    for (const probe of [...sorted, Buffer.from('bb'), Buffer.from(''), Buffer.from('zzz')])
      for (const after of [false, true]) {
        const at = packed.memberBound(region.buf, region.start, Range.of(probe), after)
        const expected = sorted.filter(m => Buffer.compare(m, probe) < (after ? 1 : 0)).length
        expect(packed.indexOf(region.buf, region.start, at) / 2).toBe(expected)
      }
  })

  it('keeps every score exactly', () => {
    const scores = [
      0,
      -0,
      1,
      -1,
      127,
      128,
      -128,
      -129,
      32_767,
      32_768,
      -32_768,
      -32_769,
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31),
    ]
    scores.push(0.1, 2 ** 53, -(2 ** 53), 5e-324, Number.MAX_VALUE, Infinity, -Infinity)
    for (const score of scores) {
      const region = new Region()
      region.write((buf, start, end) => packed.insertScored(buf, start, end, Range.of('m'), score))
      expect(Object.is(packed.scoreOf(region.buf, packed.first(region.start)), score)).toBe(true)
      expect(packed.size(region.buf, region.start)).toBe(6 + 2 + packed.scoreBytes(score))
    }
  })

  it('stays put when a new score does not change the order', () => {
    const region = new Region()
    for (const [i, name] of ['a', 'b', 'c'].entries())
      region.write((buf, start, end) => packed.insertScored(buf, start, end, Range.of(name), i * 10))
    region.write((buf, start, end) => packed.rescore(buf, start, end, packed.skip(buf, packed.first(start), 2), 12.5))
    expect(scored(region).map(entry => `${entry.member} ${entry.score}`)).toEqual(['a 0', 'b 12.5', 'c 20'])
  })
})
