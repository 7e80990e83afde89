/* Fragments -- the parts of a text that show why it was found: HIGHLIGHT and SUMMARIZE.
 *
 *      HIGHLIGHT                  the old <b>bridge</b> and the new one
 *      SUMMARIZE LEN 5 FRAGS 2    crossed the bridge by night... of the new bridge in spring...
 *
 * Matched words that stand within eight words of the one before are one fragment. A fragment's worth is that of the
 * different terms in it; the most worthy ones are shown, in the order of the text. Around each goes as much of the text as
 * LEN leaves: the words wanted less those between the matches, half of them to each side, a word counted as six bytes, cut
 * back to whole words. A text without a match shows its beginning.
 *
 * Lengths and cuts are the real module's, down to which comma stays. */

import { isSeparator } from '../text/tokenizer.ts'
import type { Place } from './matched-words.ts'

/** What goes around a matched word. */
export interface Tags {
  readonly open: Buffer
  readonly close: Buffer
}

/** What SUMMARIZE was asked for. */
export interface SummaryOptions {
  /** Words a fragment. */
  readonly words: number
  readonly fragments: number
  /** Goes behind each fragment. */
  readonly separator: Buffer
}

/** Words that may lie between two matches of one fragment. */
const APART_MAX = 8
/** Bytes that a word is taken to have. */
const WORD_BYTES = 6
/** A summary without highlights. */
const NO_TAGS: Tags = { open: Buffer.from(''), close: Buffer.from('') }

/** The whole text with its matched words in tags; null when there are none. */
export function highlight(text: Buffer, places: readonly Place[], tags: Tags): Buffer | null {
  if (places.length === 0) return null
  const parts: Buffer[] = []
  const end = pushTagged(text, 0, places, tags, parts)
  parts.push(text.subarray(end))
  return Buffer.concat(parts)
}

/** Push the text from `at` up to the last matched word, with tags; returns where that ends. */
function pushTagged(text: Buffer, at: number, matched: readonly Place[], tags: Tags, parts: Buffer[]): number {
  for (const { start, end } of matched) {
    parts.push(text.subarray(at, start), tags.open, text.subarray(start, end), tags.close)
    at = end
  }
  return at
}

/** Matched words near each other. */
interface Fragment {
  readonly start: number
  end: number
  readonly matched: Place[]
  /** Words that did not match between the first and the last. */
  between: number
  worth: number
}

/**
 * The best fragments of a text.
 * @param worths what each term is worth.
 * @param tags null: without tags.
 */
export function summarize(
  text: Buffer,
  places: readonly Place[],
  worths: readonly number[],
  options: SummaryOptions,
  tags: Tags | null,
): Buffer {
  const all = fragmentsOf(places, worths)
  if (all.length === 0) return beginning(text, options)
  const chosen = all
    .map((fragment, at) => ({ fragment, at }))
    .sort((a, b) => b.fragment.worth - a.fragment.worth || a.at - b.at)
    .slice(0, options.fragments)
    .sort((a, b) => a.at - b.at)
    .map(pick => pick.fragment)
  const parts: Buffer[] = []
  chosen.forEach((fragment, i) => {
    const low = i === 0 ? 0 : chosen[i - 1]!.end
    const high = i + 1 < chosen.length ? chosen[i + 1]!.start : text.length - 1
    const piece: Buffer[] = []
    const [from, to] = withContext(text, fragment, low, high, options.words)
    const end = pushTagged(text, from, fragment.matched, tags ?? NO_TAGS, piece)
    piece.push(text.subarray(end, to))
    parts.push(withoutRepeatedSpaces(Buffer.concat(piece)), options.separator)
  })
  return Buffer.concat(parts)
}

function fragmentsOf(places: readonly Place[], worths: readonly number[]): Fragment[] {
  const fragments: Fragment[] = []
  let last: Place | null = null
  for (const place of places) {
    let fragment = fragments[fragments.length - 1]
    if (fragment === undefined || last === null || place.position - last.position > APART_MAX) {
      fragment = { start: place.start, end: place.end, matched: [], between: 0, worth: 0 }
      fragments.push(fragment)
    } else fragment.between += place.position - last.position - 1
    if (!fragment.matched.some(other => other.term === place.term)) fragment.worth += worths[place.term]!
    fragment.matched.push(place)
    fragment.end = place.end
    last = place
  }
  return fragments
}

/** Where a fragment with its context begins and ends, between two bounds. */
function withContext(text: Buffer, fragment: Fragment, low: number, high: number, words: number): [number, number] {
  const { start, end } = fragment
  if (words <= fragment.between) return [start, end]
  const bytes = Math.floor((words - fragment.between) / 2) * WORD_BYTES
  let from = Math.max(start - bytes, low)
  while (from < start && !isBoundary(text, from)) from++
  while (from < start && isBoundary(text, from)) from++
  let to = Math.min(end + bytes, high)
  while (to > end && !isBoundary(text, to)) to--
  while (to > end && isBoundary(text, to)) to--
  // The byte that the cut came to rest on is shown, even a mark right behind the last matched word.
  return [from, Math.min(to + 1, text.length)]
}

function isBoundary(text: Buffer, at: number): boolean {
  return at >= text.length || isSeparator(text[at]!)
}

/** The beginning of a text, as long as all fragments would be. */
function beginning(text: Buffer, options: SummaryOptions): Buffer {
  const bytes = WORD_BYTES * options.words * options.fragments + WORD_BYTES
  const head = withoutRepeatedSpaces(text.subarray(0, Math.min(bytes, text.length)))
  let end = head.length
  while (end > 1 && !isSeparator(head[end - 1]!)) end--
  while (end > 0 && isSpace(head[end - 1]!)) end--
  return head.subarray(0, end)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13)
}

/** Runs of white space become one space. */
function withoutRepeatedSpaces(text: Buffer): Buffer {
  const out = Buffer.from(text)
  let to = 0
  let inSpace = false
  for (const byte of text) {
    const space = isSpace(byte)
    if (space && inSpace) continue
    inSpace = space
    out[to++] = space ? 0x20 : byte
  }
  return out.subarray(0, to)
}
