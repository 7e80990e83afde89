/* Quotations -- the words of an exact phrase in dialects 2 to 4. No word is left out, not even a stop word. */

import { lowered } from '../text/lower.ts'
import { isSeparator } from '../text/tokenizer.ts'
import { withoutEscapes } from './lexer.ts'

const BACKSLASH = 0x5c
const DOLLAR = 0x24

/** The lower-case words of a quotation; a dollar sign belongs to its word. */
export function exactWords(text: Buffer): Buffer[] {
  const words: Buffer[] = []
  let start = 0
  const close = (end: number) => {
    if (end > start) words.push(lowered(withoutEscapes(text.subarray(start, end))))
  }
  for (let at = 0; at < text.length; at++) {
    if (text[at] === BACKSLASH) at++
    else if (isSeparator(text[at]!) && text[at] !== DOLLAR) {
      close(at)
      start = at + 1
    }
  }
  close(text.length)
  return words
}
