import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memory } from '../../../core/memory/arena.ts'
import { highlight, summarize, type SummaryOptions } from '../../../modules/search/results/fragments.ts'
import { MatchedWords } from '../../../modules/search/results/matched-words.ts'
import { ENGLISH, languageNumber, Stemmers } from '../../../modules/search/text/stem/stemmers.ts'
import { DEFAULT_STOP_WORDS } from '../../../modules/search/text/stop-words.ts'
import { Synonyms } from '../../../modules/search/text/synonyms.ts'
import { Tokenizer } from '../../../modules/search/text/tokenizer.ts'
import { makeSchema } from '../support/index.ts'

const memory = new Memory()
let tokenizer: Tokenizer
beforeAll(() => {
  tokenizer = new Tokenizer(memory)
})
afterAll(() => {
  tokenizer.free()
})

const schema = makeSchema([
  { name: 'body', kind: 'text' },
  { name: 'code', kind: 'text', noStem: true },
  { name: 'name', kind: 'text', phonetic: 'dm:en' },
])
const B = { open: Buffer.from('<b>'), close: Buffer.from('</b>') }

function placesOf(text: string, terms: string, field = 'body', language = ENGLISH) {
  const synonyms = new Synonyms()
  synonyms.add(Buffer.from('g1'), [Buffer.from('boy'), Buffer.from('lad')])
  const vocabulary = { tokenizer, stopWords: DEFAULT_STOP_WORDS, stemmers: new Stemmers(), synonyms }
  const matched = terms.split(' ').map(term => ({ text: Buffer.from(term), idf: 1 }))
  const words = new MatchedWords(vocabulary, matched, language)
  return words.find(Buffer.from(text), schema.fields.find(f => f.name.toString() === field)!)
}

function marked(text: string, terms: string, field?: string, language?: number): string | undefined {
  return highlight(Buffer.from(text), placesOf(text, terms, field, language), B)?.toString()
}

function summary(text: string, terms: string, options: Partial<SummaryOptions> = {}, worths: number[] = []): string {
  const all = { words: 20, fragments: 3, separator: Buffer.from('... '), ...options }
  const given = terms.split(' ').map((_, i) => worths[i] ?? 1)
  return summarize(Buffer.from(text), placesOf(text, terms), given, all, null).toString()
}

const BAKERS =
  'Forty bakers brought bread to the town hall. The golden loaf went to a rye bread with caraway, they said.'

describe('highlighting', () => {
  it('marks words in any case, and nothing else', () => {
    expect(marked('The old Bridge, the bridge-head', 'bridge')).toBe('The old <b>Bridge</b>, the <b>bridge</b>-head')
    expect(marked('nothing here', 'bridge')).toBeUndefined()
  })

  it('marks words by their stem, but not where there are no stems', () => {
    expect(marked('bridges and bridging', 'bridge +bridg')).toBe('<b>bridges</b> and <b>bridging</b>')
    expect(marked('bridges and bridge', 'bridge +bridg', 'code')).toBe('bridges and <b>bridge</b>')
  })

  it('marks synonyms and words of the same sound', () => {
    expect(marked('a lad and a girl', '~g1')).toBe('a <b>lad</b> and a girl')
    expect(marked('Smyth met Jones', 'smith <SM0', 'name')).toBe('<b>Smyth</b> met Jones')
    expect(marked('Smyth met Jones', 'smith <SM0', 'body')).toBeUndefined()
  })

  it('marks Chinese words', () => {
    expect(marked('我们喜欢在北京学习', '北京', 'body', languageNumber('chinese'))).toBe('我们喜欢在<b>北京</b>学习')
  })

  it('keeps escapes of the text as they are', () => {
    expect(marked('hello\\-world again', 'hello-world')).toBe('<b>hello\\-world</b> again')
  })
})

describe('summaries', () => {
  it('show whole words around a match', () => {
    expect(summary(BAKERS, 'loaf', { words: 6 })).toBe('hall. The golden loaf went to a rye... ')
    expect(summary(BAKERS, 'loaf', { words: 1 })).toBe('loaf ... ')
  })

  it('join matches that stand near each other', () => {
    expect(summary(BAKERS, 'bakers town', { words: 2 })).toBe('bakers brought bread to the town... ')
  })

  it('choose the fragments that are worth most, and show them in order', () => {
    const filler = 'one two three four five six seven eight nine ten eleven '
    const text = `alpha ${filler}beta ${filler}gamma delta`
    expect(summary(text, 'alpha beta gamma delta', { words: 1, fragments: 2 })).toBe('alpha ... gamma delta... ')
    const worths = [1, 5, 1, 1]
    expect(summary(text, 'alpha beta gamma delta', { words: 1, fragments: 2 }, worths)).toBe('beta ... gamma delta... ')
  })

  it('show the beginning of a text without a match', () => {
    expect(summary(BAKERS, 'zebra', { words: 2, fragments: 1 })).toBe('Forty bakers')
    expect(summary('short', 'zebra')).toBe('s')
  })

  it('write runs of white space as one space', () => {
    expect(summary(' one \n\t two   loaf  three ', 'loaf')).toBe('one two loaf three... ')
  })

  it('lose the first and the last word when no separator stands beside them, as in the real module', () => {
    expect(summary('one two loaf three four', 'loaf')).toBe('two loaf three... ')
  })

  it('put tags around matches', () => {
    const options = { words: 4, fragments: 1, separator: Buffer.from(' ~') }
    const places = placesOf(BAKERS, 'rye')
    expect(summarize(Buffer.from(BAKERS), places, [1], options, B).toString()).toBe('went to a <b>rye</b> bread with ~')
  })
})
