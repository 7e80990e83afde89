/* Chinese words -- text without spaces, cut where the platform's dictionary sees words.
 *
 *      我们喜欢在北京学习中文   ->   我们 | 喜欢 | 在 | 北京 | 学习 | 中文
 *
 * The segmenter takes time that grows with the square of its input, so the text is handed over in pieces of a few
 * hundred characters that end at punctuation or, failing that, anywhere. What is not Chinese in the text comes out as
 * words too, in lower case.
 *
 * RediSearch cuts with a dictionary of its own (Friso), so the words of a text may differ from its words. */

import type { StopWords } from './stop-words.ts'

/** Characters per piece. */
const PIECE_MAX = 400

/** A word and where it stands: byte offsets in the text. */
export interface Word {
  readonly text: Buffer
  readonly start: number
  readonly end: number
}

/** Cuts texts into words. */
export class ChineseWords {
  readonly #segmenter = new Intl.Segmenter('zh', { granularity: 'word' })

  /** The words of a text that are no stop words, in order. */
  cut(text: Buffer, stopWords: StopWords | null): Word[] {
    const words: Word[] = []
    const all = text.utf8Slice(0, text.length)
    let byte = 0
    for (let at = 0; at < all.length; ) {
      const end = pieceEnd(all, at)
      for (const part of this.#segmenter.segment(all.slice(at, end))) {
        const bytes = Buffer.byteLength(part.segment)
        if (part.isWordLike === true) {
          const word = Buffer.from(part.segment.toLowerCase())
          if (stopWords === null || !stopWords.has(word, 0, word.length))
            words.push({ text: word, start: byte, end: byte + bytes })
        }
        byte += bytes
      }
      at = end
    }
    return words
  }
}

function pieceEnd(text: string, at: number): number {
  if (text.length - at <= PIECE_MAX) return text.length
  for (let end = at + PIECE_MAX; end > at + PIECE_MAX / 2; end--)
    if (/[\s,.!?;，。！？；、]/u.test(text[end - 1]!)) return end
  const end = at + PIECE_MAX
  // Not between the halves of a surrogate pair.
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end
}
