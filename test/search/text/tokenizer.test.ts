import { describe, expect, it } from 'vitest'
import { Memory } from '../../../core/memory/arena.ts'
import { lowerRoom, writeLower } from '../../../modules/search/text/lower.ts'
import { DEFAULT_STOP_WORDS, NO_STOP_WORDS, StopWords } from '../../../modules/search/text/stop-words.ts'
import { TOKEN_BYTES_MAX, Tokenizer } from '../../../modules/search/text/tokenizer.ts'

function tokens(text: string | Buffer, stopWords: StopWords | null = DEFAULT_STOP_WORDS): string[] {
  const tokenizer = new Tokenizer(new Memory())
  const bytes = Buffer.from(text)
  tokenizer.begin(bytes, 0, bytes.length, stopWords, 0)
  const out: string[] = []
  while (tokenizer.next()) {
    expect(tokenizer.position).toBe(out.length + 1)
    out.push(tokenizer.bytes.utf8Slice(tokenizer.start, tokenizer.end))
  }
  return out
}

describe('tokenizer', () => {
  it('separates at white space and punctuation but not at underscores', () => {
    expect(tokens("salt-and-pepper, (freshly) ground; 3.5 grams/serving don't")).toEqual([
      'salt',
      'pepper',
      'freshly',
      'ground',
      '3',
      '5',
      'grams',
      'serving',
      'don',
      't',
    ])
    expect(tokens('part_no a4b7 X2')).toEqual(['part_no', 'a4b7', 'x2'])
    expect(tokens('one\ntwo\r\nthree\tfour')).toEqual(['one', 'two', 'three', 'four'])
  })

  it('keeps an escaped separator in the word and drops the backslash', () => {
    expect(tokens('hello\\-World')).toEqual(['hello-world'])
    expect(tokens('a\\b\\\\c')).toEqual(['ab\\c'])
    expect(tokens('login\\\\,today')).toEqual(['login\\', 'today'])
    expect(tokens('end\\')).toEqual(['end'])
    expect(tokens('two\\ words')).toEqual(['two words'])
  })

  it('drops control characters inside a word and tokens that are nothing else', () => {
    expect(tokens('ab\x01cd \x02\x03 e')).toEqual(['abcd', 'e'])
    expect(tokens('\\')).toEqual([])
    expect(tokens('')).toEqual([])
  })

  it('gives stop words no position', () => {
    expect(tokens('THE king of the Hill')).toEqual(['king', 'hill'])
    expect(tokens('the king', NO_STOP_WORDS)).toEqual(['the', 'king'])
    expect(tokens('The FOO of bar', new StopWords([Buffer.from('Foo'), Buffer.from('bar')]))).toEqual(['the', 'of'])
  })

  it('lower-cases beyond ASCII and keeps accents', () => {
    expect(tokens('Café ÅNGSTRÖM ПРИВЕТ ΑΣ ẞ Ⱥ')).toEqual([
      'café',
      'ångström',
      'привет',
      'ας'.replace('ς', 'σ'),
      'ß',
      'ⱥ',
    ])
    expect(tokens('𐐀x')).toEqual(['𐐨x'])
  })

  it('names the place of each token in the text', () => {
    const tokenizer = new Tokenizer(new Memory())
    const text = Buffer.from('Ünder the Sea')
    tokenizer.begin(text, 0, text.length, DEFAULT_STOP_WORDS, 10)
    tokenizer.next()
    expect([tokenizer.rawStart, tokenizer.rawEnd, tokenizer.position]).toEqual([0, 6, 11])
    tokenizer.next()
    expect([tokenizer.rawStart, tokenizer.rawEnd, tokenizer.position]).toEqual([11, 14, 12])
  })

  it('cuts endless words off and passes bytes that are no UTF-8', () => {
    const long = tokens('X'.repeat(10_000))
    expect(long).toEqual(['x'.repeat(TOKEN_BYTES_MAX)])
    const tokenizer = new Tokenizer(new Memory())
    const text = Buffer.from([0x41, 0xff, 0xc3, 0x20, 0xe2, 0x82])
    tokenizer.begin(text, 0, text.length, null, 0)
    tokenizer.next()
    expect([...tokenizer.bytes.subarray(tokenizer.start, tokenizer.end)]).toEqual([0x61, 0xff, 0xc3])
    tokenizer.next()
    expect([...tokenizer.bytes.subarray(tokenizer.start, tokenizer.end)]).toEqual([0xe2, 0x82])
  })

  it('lower-cases every code point as the language does', () => {
    const to = Buffer.alloc(lowerRoom(8))
    const wrong: number[] = []
    for (let point = 0; point < 0x20000; point += point < 0x3000 ? 1 : 7) {
      if (point >= 0xd800 && point < 0xe000) continue
      const text = String.fromCodePoint(point)
      const bytes = Buffer.from(text)
      const end = writeLower(bytes, 0, bytes.length, to, 0)
      if (end > lowerRoom(bytes.length) || to.utf8Slice(0, end) !== text.toLowerCase()) wrong.push(point)
    }
    expect(wrong).toEqual([])
  })
})
