import { describe, expect, it } from 'vitest'
import { Memory } from '../../../core/memory/arena.ts'
import { findSuggestions } from '../../../modules/search/suggest/find.ts'
import { fold, Trie } from '../../../modules/search/suggest/trie.ts'
import { TrieWalk } from '../../../modules/search/suggest/walk.ts'
import { Random } from '../../support/random.ts'
import { serverForTest } from '../../support/server.ts'

const LONG = process.env['REDSTRATA_TEST'] === 'long'
const LETTERS = ['a', 'b', 'A', 'é', 'É', 'ß', '日', ' ', '😀']

function randomText(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: random.below(most + 1) }, () => random.pick(LETTERS)).join(''))
}

/** Edits between two words, by the whole table. */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = b.map((_, i) => i + 1)
  row.unshift(0)
  for (const letter of a) {
    const next = [row[0]! + 1]
    for (let i = 0; i < b.length; i++)
      next.push(Math.min(row[i]! + (letter === b[i] ? 0 : 1), row[i + 1]! + 1, next[i]! + 1))
    row = next
  }
  return row[b.length]!
}

interface Model {
  score: number
  payload: Buffer | null
}

/** Scores of all texts that match, by trying each. */
function naive(model: ReadonlyMap<string, Model>, prefix: string, fuzzy: boolean): Map<string, number> {
  const wanted = Array.from(prefix.toLowerCase())
  const found = new Map<string, number>()
  for (const [text, { score }] of model) {
    const letters = Array.from(text.toLowerCase())
    let edits = letters.slice(0, wanted.length).join('') === wanted.join('') ? 0 : 2
    if (fuzzy)
      for (let end = 0; end <= letters.length; end++) edits = Math.min(edits, distance(wanted, letters.slice(0, end)))
    if (edits > (fuzzy ? 1 : 0)) continue
    const exact = text === prefix.toLowerCase()
    const near = score * Math.exp(-2 * edits)
    found.set(text, exact ? 2 ** 31 : near / Math.sqrt(1 + Math.abs(letters.length - wanted.length)))
  }
  return found
}

describe('a trie of suggestions', () => {
  it('answers as a list of all texts does, and gives all its memory back', () => {
    for (let seed = 1; seed <= (LONG ? 200 : 12); seed++) {
      const random = new Random(seed)
      const memory = new Memory({ poison: true })
      const before = memory.usedBytes
      const root = new Trie(memory).create()
      const trie = new Trie(memory).at(root)
      const model = new Map<string, Model>()
      for (let step = 0; step < 300; step++) {
        const text = randomText(random, 6)
        const name = text.toString()
        if (random.oneIn(4)) {
          expect(trie.remove(text)).toBe(model.delete(name))
        } else {
          const score = Math.fround(random.below(200) / 8 - (random.oneIn(8) ? 20 : 0))
          const increments = random.oneIn(3)
          const payload = random.oneIn(3) ? randomText(random, 3) : null
          const old = model.get(name)
          expect(trie.add(text, score, increments, payload)).toBe(old === undefined && text.length > 0)
          if (text.length > 0)
            model.set(name, {
              score: increments && old !== undefined ? Math.fround(old.score + score) : score,
              payload: payload ?? old?.payload ?? null,
            })
        }
        expect(trie.count).toBe(model.size)
      }
      const all = [...trie.all()].map(entry => trie.text(entry).toString())
      expect([...all].sort()).toEqual([...model.keys()].sort())
      for (const [name, { score, payload }] of model) {
        const entry = trie.find(Buffer.from(name))
        expect([trie.score(entry), trie.payload(entry)]).toEqual([score, payload])
      }
      for (let query = 0; query < 60; query++) compare(trie, model, randomText(random, 4), random)
      for (let walks = 0; walks < 20; walks++) walkBehind(trie, model, fold(randomText(random, 5)))
      for (let steps = 0; !trie.freeStep(root, 7); steps++) expect(steps).toBeLessThan(300)
      expect(memory.usedBytes).toBe(before)
    }
  })

  /** The folded texts behind one are walked through in their order, each once. */
  function walkBehind(trie: Trie, model: ReadonlyMap<string, Model>, after: Buffer): void {
    const names = new Set([...model.keys()].map(text => fold(Buffer.from(text)).toString('hex')))
    const behind = [...names].filter(name => after.length === 0 || name > after.toString('hex')).sort()
    const walk = new TrieWalk(trie)
    const walked: string[] = []
    for (walk.start(after.length === 0 ? null : after); walk.next(); ) walked.push(walk.name.toString('hex'))
    expect(walked).toEqual(behind)
  }

  function compare(trie: Trie, model: ReadonlyMap<string, Model>, prefix: Buffer, random: Random): void {
    const fuzzy = random.oneIn(2)
    const count = random.pick([0, 1, 3, 1000])
    const want = naive(model, prefix.toString(), fuzzy)
    const got = findSuggestions(trie, prefix, count, fuzzy)
    expect(got.length).toBe(Math.min(count, want.size))
    const scores = [...want.values()].sort((a, b) => b - a)
    got.forEach(({ entry, score }, i) => {
      expect(score).toBeCloseTo(want.get(trie.text(entry).toString())!, 3)
      expect(score).toBeCloseTo(scores[i]!, 3)
    })
    expect(new Set(got.map(({ entry }) => entry)).size).toBe(got.length)
  }

  it('is left as it was when memory ends in the middle of an addition', () => {
    const memory = new Memory()
    const trie = new Trie(memory)
    const root = trie.create()
    trie.at(root)
    for (const text of ['alpha', 'alphabet', 'beta']) trie.add(Buffer.from(text), 1, false, null)
    const used = memory.usedBytes
    const texts = () => [...trie.all()].map(entry => trie.text(entry).toString())
    const before = texts()
    const block = memory.block.bind(memory)
    for (let allowed = 0; allowed < 3; allowed++) {
      let left = allowed
      memory.block = (account, bytes) => {
        if (left-- === 0) throw new Error('full')
        return block(account, bytes)
      }
      expect(() => trie.add(Buffer.from('alpine'), 9, false, null)).toThrow('full')
      memory.block = block
      expect(texts()).toEqual(before)
      expect(memory.usedBytes).toBe(used)
    }
    expect(trie.add(Buffer.from('alpine'), 9, false, null)).toBe(true)
  })
})

/** Counts the nodes that are looked at. */
class CountingTrie extends Trie {
  looks = 0

  override best(node: number): number {
    this.looks++
    return super.best(node)
  }
}

/** Edits between a prefix and the nearest beginning of what is below a node, or of what could be; more than one: none fits. */
function editsOf(way: string, prefix: string, fuzzy: boolean): number {
  if (!fuzzy) return 0
  const wanted = [...prefix]
  const ways = Array.from({ length: way.length + 1 }, (_, end) => distance(wanted, [...way.slice(0, end)]))
  const parts = wanted.map((_, end) => distance(wanted.slice(0, end), [...way]))
  return Math.min(...ways, ...parts)
}

/**
 * Nodes below one that a search must look at: children of all that promise no less than the last result. No search by promises
 * can leave one out.
 */
function nodesToLookAt(trie: Trie, node: number, way: string, prefix: string, least: number, fuzzy: boolean): number {
  const promise = (at: number, edits: number) =>
    Math.fround(
      Math.fround(trie.best(at) * Math.exp(-2 * edits)) /
        Math.sqrt(1 + Math.max(trie.fewest(at), prefix.length) - prefix.length),
    )
  let count = 0
  for (let i = 0; i < trie.childCount(node); i++) {
    const child = trie.child(node, i)
    const label = Array.from({ length: trie.labelLength(child) }, (_, b) => trie.labelByte(child, b))
    const text = way + String.fromCharCode(...label)
    const edits = editsOf(text, prefix, fuzzy)
    if (edits > 1) continue
    count++
    if (promise(child, edits) >= least) count += nodesToLookAt(trie, child, text, prefix, least, fuzzy)
  }
  return count
}

it('no more nodes are looked at than those that promise as much as the last result', () => {
  const memory = new Memory()
  const trie = new CountingTrie(memory)
  trie.at(trie.create())
  const random = new Random(7)
  const size = LONG ? 1_000_000 : 50_000
  const word = () => random.below(size).toString(26)
  for (let i = 0; i < size; i++) trie.add(Buffer.from(`${word()} ${word()}`), 1 + random.below(1000), false, null)
  expect(trie.count).toBeGreaterThan(size * 0.9)
  for (const prefix of ['', 'b', 'bc', '1bc', 'bcd ', 'none of them'])
    for (const fuzzy of [false, true]) {
      trie.looks = 0
      const found = findSuggestions(trie, Buffer.from(prefix), 5, fuzzy)
      const { looks } = trie
      const start = fuzzy ? trie.top : (trie.seek(Buffer.from(prefix))?.node ?? 0)
      const least = found.length < 5 ? 0 : found.at(-1)!.score
      // FUZZY begins with a look at the top.
      const most =
        Number(fuzzy) + (start === 0 ? 0 : nodesToLookAt(trie, start, fuzzy ? '' : prefix, prefix, least, fuzzy))
      expect(looks, `'${prefix}' ${fuzzy}`).toBeLessThanOrEqual(most)
      expect(most, `'${prefix}' ${fuzzy}`).toBeLessThan(size / 10)
    }
})

describe('a key of suggestions', () => {
  it('takes texts up to 254 letters, and finds nothing for a longer prefix', async () => {
    const server = await serverForTest()
    const longest = 'é'.repeat(254)
    expect(await server.call('FT.SUGADD', 's', longest, 1)).toBe(1)
    expect(await server.call('FT.SUGADD', 's', `${longest}é`, 1)).toBe(1)
    expect(await server.call('FT.SUGGET', 's', longest)).toEqual([longest])
    expect(await server.call('FT.SUGGET', 's', `${longest}é`)).toEqual([])
    expect(await server.call('FT.SUGGET', 's', `${longest}é`, 'FUZZY')).toEqual([longest])
    expect(await server.call('FT.SUGGET', 's', 'x'.repeat(100_000), 'FUZZY')).toEqual([])
  })

  it('is renamed, dumped and restored like any other, with payloads and scores', async () => {
    const server = await serverForTest()
    await server.call('FT.SUGADD', 's', 'wired headset', 5)
    await server.call('FT.SUGADD', 's', 'wireless', 10, 'PAYLOAD', 'p1')
    const want = await server.call('FT.SUGGET', 's', 'wire', 'WITHSCORES', 'WITHPAYLOADS')
    await server.call('RENAME', 's', 't')
    const dump = (await server.client().call('DUMP', 't')) as unknown
    expect(await server.call('FT.SUGGET', 't', 'wire', 'WITHSCORES', 'WITHPAYLOADS')).toEqual(want)
    expect(await server.call('COPY', 't', 'u')).toBe(1)
    expect(await server.call('FT.SUGGET', 'u', 'wire', 'WITHSCORES', 'WITHPAYLOADS')).toEqual(want)
    expect(dump).not.toBeNull()
    await server.call('FLUSHALL')
    expect(await server.call('DBSIZE')).toBe(0)
  })
})
