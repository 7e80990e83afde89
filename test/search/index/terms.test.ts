import { describe, expect, it } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { ACCOUNT, type Address, Memory, SLAB_BITS, UNIT_MASK } from '../../../core/memory/arena.ts'
import { LevenshteinWalk } from '../../../modules/search/index/levenshtein.ts'
import { Block } from '../../../modules/search/index/posting-block.ts'
import { Terms, Walk } from '../../../modules/search/index/terms.ts'
import { compilePattern, matchPattern } from '../../../modules/search/index/wildcard.ts'
import { ROUNDS, seeded, TEST_KEY } from '../support/random.ts'

const PLAIN = { freqs: false, fields: false, offsets: false }
const always = () => true

function setUp(words: Iterable<string>) {
  const memory = new Memory({ poison: true })
  const terms = new Terms(memory, TEST_KEY, PLAIN, [new Block(), new Block()], new LevenshteinWalk())
  for (const word of words) {
    const bytes = Buffer.from(word)
    const record = terms.intern(bytes, 0, bytes.length)
    terms.postings.appendPlain(record, 1)
  }
  const range = new Range()
  const names = (records: Address[]) => records.map(record => terms.key(record, range).text())
  return { memory, terms, names }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function distance(a: string, b: string): number {
  const x = [...a]
  const y = [...b]
  let row = Array.from({ length: y.length + 1 }, (_, i) => i)
  for (let i = 1; i <= x.length; i++) {
    const next = [i]
    for (let j = 1; j <= y.length; j++)
      next[j] = Math.min(row[j - 1]! + (x[i - 1] === y[j - 1] ? 0 : 1), row[j]! + 1, next[j - 1]! + 1)
    row = next
  }
  return row[y.length]!
}

function randomWords(random: ReturnType<typeof seeded>, count: number, letters: string, longest: number): Set<string> {
  const words = new Set<string>()
  const alphabet = [...letters]
  while (words.size < count) {
    let word = ''
    for (let n = 1 + random.below(longest); n > 0; n--) word += random.pick(alphabet)
    words.add(word)
  }
  return words
}

describe('terms', () => {
  it('begin in a block that held something else before', () => {
    const memory = new Memory()
    const clean = memory.block.bind(memory)
    memory.block = (account, bytes) => {
      const block = clean(account, bytes)
      const at = (block & UNIT_MASK) << 1
      memory.i32[block >>> SLAB_BITS]!.fill(-1, at, at + (bytes >>> 2))
      return block
    }
    const terms = new Terms(memory, TEST_KEY, PLAIN, [new Block(), new Block()], new LevenshteinWalk())
    for (const word of ['bee', 'ant']) terms.intern(Buffer.from(word), 0, 3)
    expect(terms.withPrefix(Range.of(''), 9, always)).toHaveLength(2)
  })

  it('stay in order through random insertions and removals', () => {
    for (let seed = 0; seed < 3 * ROUNDS; seed++) {
      const random = seeded(seed)
      const { memory, terms } = setUp([])
      const model = new Set<string>()
      const pool = [...randomWords(random, 4000, 'abcdé', 9)]
      if (seed === 0) pool.sort(byBytes)
      const range = new Range()
      const wrong: string[] = []
      for (let step = 0; step < 12_000; step++) {
        const word = step < 4000 ? pool[step]! : random.pick(pool)
        const bytes = Buffer.from(word)
        const record = terms.find(bytes, 0, bytes.length)
        if ((record !== 0) !== model.has(word)) wrong.push(word)
        if (record === 0) {
          terms.intern(bytes, 0, bytes.length)
          model.add(word)
        } else if (random.next() < (step < 8000 ? 0.3 : 0.95)) {
          terms.remove(record)
          model.delete(word)
        }
      }
      expect(wrong).toEqual([])
      const seen: string[] = []
      for (let r = terms.keys.first(); r !== 0; r = terms.keys.step()) seen.push(terms.key(r, range).text())
      expect(seen).toEqual([...model].sort(byBytes))
      terms.free()
      expect(memory.used[ACCOUNT.index]).toBe(0)
    }
  })

  it('are found by prefix, part and end', () => {
    const random = seeded(3)
    const words = randomWords(random, 3000, 'abcß', 8)
    const { terms, names } = setUp(words)
    const sorted = [...words].sort(byBytes)
    for (let i = 0; i < 30; i++) {
      const part = [...randomWords(random, 1, 'abcß', 3)][0]!
      const range = Range.of(part)
      expect(names(terms.withPrefix(range, 1e6, always))).toEqual(sorted.filter(word => word.startsWith(part)))
      expect(names(terms.withPart(range, true, 1e6, always))).toEqual(sorted.filter(word => word.endsWith(part)))
      expect(names(terms.withPart(range, false, 1e6, always))).toEqual(sorted.filter(word => word.includes(part)))
    }
  })

  it('are found by edits as a table of distances finds them', () => {
    for (const [letters, longest] of [
      ['ab', 9],
      ['abcdefgh', 7],
      ['aé', 6],
    ] as const) {
      const random = seeded(letters.length)
      const words = randomWords(random, letters === 'aé' ? 100 : 700, letters, longest)
      const { terms, names } = setUp(words)
      const sorted = [...words].sort(byBytes)
      for (let i = 0; i < 15 * ROUNDS; i++) {
        const word = [...randomWords(random, 1, letters, longest)][0]!
        const edits = 1 + random.below(3)
        expect(names(terms.withEdits(Range.of(word), edits, 1e6, always))).toEqual(
          sorted.filter(other => distance(word, other) <= edits),
        )
      }
    }
  })

  it('are skipped by the walk for edits where nothing can match', () => {
    const { terms } = setUp(Array.from({ length: 20_000 }, (_, i) => 'w' + String(i).padStart(12, '0')))
    let visited = 0
    const found = terms.withEdits(Range.of('w000000000123'), 1, 1000, () => ++visited > 0)
    expect(found.length).toBe(38)
    expect(visited).toBeLessThan(1000)
  })

  it('do not show what stands for stems, synonyms and sounds to patterns', () => {
    const { terms, names } = setUp(['run', '+run', '~run', '<run', 'runs'])
    expect(names(terms.withPart(Range.of('un'), false, 10, always))).toEqual(['run', 'runs'])
    expect(names(terms.withEdits(Range.of('run'), 1, 10, always))).toEqual(['run', 'runs'])
    expect(names(terms.withPattern(compilePattern(Buffer.from('*un')), 10, always))).toEqual(['run'])
  })

  it('beyond a limit are those with the most postings', () => {
    const { terms, names } = setUp(Array.from({ length: 3000 }, (_, i) => 'w' + String(i).padStart(4, '0')))
    for (const word of ['w0007', 'w1234', 'w2999']) {
      const bytes = Buffer.from(word)
      terms.postings.appendPlain(terms.find(bytes, 0, bytes.length), 2)
    }
    expect(names(terms.withPrefix(Range.of('w'), 3, always))).toEqual(['w0007', 'w1234', 'w2999'])
  })

  it('are all found by a walk that is cut short again and again, and lets other walks pass', () => {
    const random = seeded(8)
    const words = randomWords(random, 2000, 'abc', 7)
    const { terms, names } = setUp(words)
    let left = 0
    const impatient = () => {
      if (left-- === 0) throw 'pause'
      return true
    }
    const inSlices = (walk: (watch: () => boolean, state: Walk) => Address[]): string[] => {
      const state = new Walk()
      for (;;) {
        left = random.below(40)
        try {
          return names(walk(impatient, state))
        } catch (thrown) {
          if (thrown !== 'pause') throw thrown
          terms.withEdits(Range.of('cab'), 1, 10, always)
          // A word that comes in between may be found or not; here it never matches.
          const word = Buffer.from(`${random.pick(['a', 'b', 'c'])}-${random.below(1e6)}`)
          terms.postings.appendPlain(terms.intern(word, 0, word.length), 1)
        }
      }
    }
    for (let i = 0; i < 10 * ROUNDS; i++) {
      const range = Range.of([...randomWords(random, 1, 'abc', 3)][0]!)
      const pattern = compilePattern(Buffer.from(`${random.pick(['a', ''])}*${range.text()}?`))
      for (const walk of [
        (watch, state) => terms.withPrefix(range, 1e6, watch, state),
        (watch, state) => terms.withPart(range, i % 2 === 0, 1e6, watch, state),
        (watch, state) => terms.withPattern(pattern, 1e6, watch, state),
        (watch, state) => terms.withEdits(range, 2, 1e6, watch, state),
      ] satisfies ((watch: () => boolean, state: Walk) => Address[])[]) {
        const found = inSlices(walk).filter(word => !word.includes('-'))
        expect(found).toEqual(names(walk(always, new Walk())).filter(word => !word.includes('-')))
      }
    }
  })

  it('end a walk when the watch says so', () => {
    const { terms } = setUp(['aa', 'ab', 'ac'])
    let left = 2
    expect(terms.withPrefix(Range.of('a'), 10, () => --left > 0).length).toBe(2)
  })
})

describe('wildcard patterns', () => {
  const match = (pattern: string, text: string) => matchPattern(compilePattern(Buffer.from(pattern)), Range.of(text))

  it('agree with regular expressions', () => {
    const random = seeded(8)
    const wrong: [string, string][] = []
    for (let i = 0; i < 3000; i++) {
      let pattern = ''
      for (let n = random.below(7); n > 0; n--) pattern += random.pick(['a', 'b', 'é', '*', '?'])
      let text = ''
      for (let n = random.below(8); n > 0; n--) text += random.pick(['a', 'b', 'é'])
      const regex = new RegExp('^' + pattern.replaceAll('*', '.*').replaceAll('?', '.') + '$', 'su')
      if (match(pattern, text) !== regex.test(text)) wrong.push([pattern, text])
    }
    expect(wrong).toEqual([])
  })

  it('take escaped signs as letters', () => {
    expect(match('a\\*b', 'a*b')).toBe(true)
    expect(match('a\\*b', 'axb')).toBe(false)
    expect(match('what\\?', 'what?')).toBe(true)
  })

  it('end quickly however many stars they have', () => {
    expect(match('*a'.repeat(500) + 'b', 'a'.repeat(4000))).toBe(false)
  })
})
