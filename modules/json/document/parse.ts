/* Parser -- JSON text into a draft.
 *
 * One pass, no recursion. Text that is canonical already, as most clients send it, is not touched: the parser only
 * remembers where such a run began and copies it whole. What differs (space between tokens, another way to escape, a
 * number written otherwise) ends the run, is put in its canonical form, and a new run begins behind it:
 *
 *   {"a": 1.50, "b":[1,2]}        runs {"a":  and  ,  and  "b":[1,2]}, and 1.5 in place of 1.50
 *
 * The words are written as values end; those of a container are filled in when it closes. Faults are found at the same
 * byte and named by the same words as in the real module (which reads with Rust's serde_json), so `at` counts the bytes
 * that reader would have consumed.
 *
 * Limits: nesting as deep as the caller says; a text of 1 GB. */

import { isUtf8 } from 'node:buffer'
import { DIRECTORY_MIN, directoryWords, entriesWanted, writeDirectory } from './directory.ts'
import { MemberTable } from './member-table.ts'
import {
  ARRAY,
  countOf,
  DOCUMENT_DEPTH_MAX,
  DOUBLE,
  ESCAPED,
  FALSE,
  firstChild,
  INDEXED,
  INTEGER,
  KEY_MAX,
  KEY_SHIFT,
  LENGTH_MAX,
  LENGTH_SHIFT,
  keyLength,
  NULL,
  OBJECT,
  openContainer,
  spanOf,
  STRING,
  TEXT_DEPTH_MAX,
  textLength,
  TRUE,
  writeScalar,
} from './node.ts'
import { NUMBER_ERROR, NumberScan, scanNumber } from './number.ts'
import { escapedByte, hexValue, writeEscapedByte } from './text.ts'
import { copyWords, type Tree } from './tree.ts'

/** What is wrong with a text, in the words of the real module. */
export const FAULT = {
  endOfValue: 'EOF while parsing a value',
  endOfList: 'EOF while parsing a list',
  endOfObject: 'EOF while parsing an object',
  endOfString: 'EOF while parsing a string',
  value: 'expected value',
  ident: 'expected ident',
  colon: 'expected `:`',
  listCommaOrEnd: 'expected `,` or `]`',
  objectCommaOrEnd: 'expected `,` or `}`',
  trailingComma: 'trailing comma',
  trailing: 'trailing characters',
  key: 'key must be a string',
  number: 'invalid number',
  range: 'number out of range',
  escape: 'invalid escape',
  control: 'control character (\\u0000-\\u001F) found while parsing a string',
  loneSurrogate: 'lone leading surrogate in hex escape',
  hexEnd: 'unexpected end of hex escape',
  depth: 'recursion limit exceeded',
  utf8: "Couldn't parse as UTF-8 string",
} as const
export type Fault = (typeof FAULT)[keyof typeof FAULT]

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const SMALL_E = 0x65
const SMALL_U = 0x75
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** 1 for bytes that stand for themselves inside a string: those of ASCII, and those of a text that is known to be UTF-8. */
const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, c) => (isPlain(c) && c < 0x80 ? 1 : 0))
const PLAIN_UTF8: Uint8Array = Uint8Array.from({ length: 256 }, (_, c) => (isPlain(c) ? 1 : 0))

const WORD_NULL = Buffer.from('null')
const WORD_TRUE = Buffer.from('true')
const WORD_FALSE = Buffer.from('false')
/** Members of an object that are compared pair by pair; more go through a table. */
const PAIRS_MAX = 16

/** What is due: nothing, a value, what follows a value; or nothing any more. */
const DONE = 0
const VALUE = 1
const REST = 2
const FAILED = 3

/** Integers of so many digits are canonical as they stand, but for zeros in front. */
const PLAIN_DIGITS = 15

export class Parser {
  /** What was wrong, and how many bytes had been read. */
  fault: Fault = FAULT.value
  at = 0
  /** How deep the text nested. */
  depth = 0

  #source: Buffer = WORD_NULL
  #start = 0
  #end = 0
  #p = 0
  /** Where the run began that is not in the draft yet. */
  #run = 0
  #tree!: Tree
  #checked = false
  #open = 0
  #depthMax = 0
  /** Length of the key whose value is due; 0 in an array. */
  #key = 0
  /** Whether the string read last holds escapes. */
  #escaped = 0

  readonly #number: NumberScan
  /** For each open container: its kind, its first word, its first byte of text, its children, the signatures before it. */
  readonly #kinds: Uint8Array = new Uint8Array(DOCUMENT_DEPTH_MAX + 2)
  readonly #words: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)
  readonly #texts: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)
  readonly #counts: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)
  readonly #bases: Int32Array = new Int32Array(DOCUMENT_DEPTH_MAX + 2)
  #signatures: Int32Array = new Int32Array(256)
  #signed = 0
  readonly #table: MemberTable = new MemberTable()

  /** @param exact read doubles to the nearest, for text that was printed from a document */
  constructor(exact = false) {
    this.#number = new NumberScan()
    this.#number.exact = exact
  }

  /**
   * Add the one value that the text spells to a draft. False when it is no JSON: then `fault` and `at` tell why, and the
   * draft is as it was.
   */
  parse(source: Buffer, start: number, end: number, into: Tree, depthMax: number = TEXT_DEPTH_MAX): boolean {
    const words = into.wordEnd - into.first
    const text = into.textEnd - into.start
    into.reserve(64, end - start + 32)
    this.#source = source
    this.#start = this.#p = this.#run = start
    this.#end = end
    this.#tree = into
    this.#checked = false
    this.#open = this.#key = this.#signed = this.depth = 0
    this.#depthMax = depthMax
    const good = this.#values()
    if (good) this.#flush(this.#p)
    else {
      into.wordEnd = into.first + words
      into.textEnd = into.start + text
      if (!this.#checked && !isUtf8(source.subarray(start, end))) this.fault = FAULT.utf8
    }
    this.#source = WORD_NULL
    return good
  }

  /** The message for a client: what is wrong and, where the real module tells it, the line and the column. */
  message(source: Buffer, start: number): string {
    if (this.fault === FAULT.utf8) return this.fault
    let line = 1
    let begin = start
    for (let p = start; p < start + this.at; p++) {
      if (source[p] !== 0x0a) continue
      line++
      begin = p + 1
    }
    return `${this.fault} at line ${line} column ${start + this.at - begin}`
  }

  #values(): boolean {
    let state = VALUE
    while (state !== DONE) {
      if (state === VALUE) state = this.#quick()
      state = state === VALUE ? this.#value() : this.#next()
      if (state === FAILED) return false
    }
    const end = this.#p
    const p = this.#skip()
    if (p < this.#end) return this.#fail(FAULT.trailing, p + 1)
    this.#p = end
    return true
  }

  /** Read one value with all that may be about it: the scalar whole, of a container the beginning. */
  #value(): number {
    const p = this.#skip()
    if (p >= this.#end) return this.#failed(FAULT.endOfValue, p)
    const c = this.#source[p]!
    if (c === OPEN_OBJECT) return this.#openObject(p)
    if (c === OPEN_ARRAY) return this.#openArray(p)
    return this.#scalar(c, p) ? REST : FAILED
  }

  /**
   * Read on while the text is of the plainest: strings without escapes, short numbers, no space. Stops where anything
   * else begins, and says what is due there. This is where most of a text goes by, so it keeps what it can in locals.
   */
  #quick(): number {
    const source = this.#source
    const end = this.#end
    const tree = this.#tree
    const plain = this.#checked ? PLAIN_UTF8 : PLAIN
    let p = this.#p
    let key = this.#key
    for (;;) {
      const c = source[p]!
      let q = p + 1
      let kind = STRING
      if (c === QUOTE) {
        while (plain[source[q]!] === 1) q++
        if (source[q++] !== QUOTE) break
      } else if (c <= 0x39) {
        q = plainNumberEnd(source, p)
        if (q < 0) break
        kind = source[q] === DOT ? DOUBLE : INTEGER
        if (kind === DOUBLE) q = plainFractionEnd(source, p, q)
        if (q < 0) break
      } else {
        q = plainWordEnd(source, p)
        if (q < 0) break
        kind = c === 0x74 ? TRUE : c === 0x66 ? FALSE : NULL
      }
      const length = q - p
      if (q >= end || length > LENGTH_MAX || key > KEY_MAX) break
      if (tree.wordRoom === 0) tree.reserve(64, 0)
      tree.words[tree.wordEnd++] = kind | (key << KEY_SHIFT) | (length << LENGTH_SHIFT)
      this.#p = q
      p = this.#quickRest(q)
      if (p < 0) return REST
      key = this.#key
    }
    this.#p = p
    this.#key = key
    return VALUE
  }

  /**
   * What follows a value, as far as it is plain: brackets, a comma, a key. Returns where the next value is due, or -1
   * when something else comes, which #p points at then.
   */
  #quickRest(p: number): number {
    const source = this.#source
    const end = this.#end
    while (this.#open > 0 && p < end) {
      const level = this.#open - 1
      const inObject = this.#kinds[level] === OBJECT
      const c = source[p]!
      if (c === COMMA) {
        if (inObject) return this.#quickKey(p + 1)
        if (p + 1 >= end || source[p + 1] === CLOSE_ARRAY) return -1
        this.#counts[level]!++
        return p + 1
      }
      if (c !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return -1
      this.#close(++p)
    }
    return -1
  }

  /** Read a plain key and its colon. Returns where its value is due, or -1 with nothing read. */
  #quickKey(p: number): number {
    const source = this.#source
    if (source[p] !== QUOTE) return -1
    const plain = this.#checked ? PLAIN_UTF8 : PLAIN
    const start = p + 1
    let q = start
    while (plain[source[q]!] === 1) q++
    if (source[q] !== QUOTE || source[q + 1] !== COLON || q + 2 >= this.#end) return -1
    const length = q - start
    if (this.#signed === this.#signatures.length) this.#growSignatures()
    this.#signatures[this.#signed++] = length === 0 ? 0 : length + keySignature(source, start, length)
    this.#counts[this.#open - 1]!++
    this.#key = length
    return q + 2
  }

  /** What follows a value: close containers, step over a comma, read the key of the next value. */
  #next(): number {
    while (this.#open > 0) {
      const p = this.#skip()
      const inObject = this.#kinds[this.#open - 1] === OBJECT
      if (p >= this.#end) return this.#failed(inObject ? FAULT.endOfObject : FAULT.endOfList, p)
      const c = this.#source[p]!
      if (c === COMMA) {
        this.#p = p + 1
        return inObject ? this.#nextKey() : this.#nextElement()
      }
      if (c !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY))
        return this.#failed(inObject ? FAULT.objectCommaOrEnd : FAULT.listCommaOrEnd, p + 1)
      this.#close(p + 1)
    }
    return DONE
  }

  #nextElement(): number {
    const p = this.#skip()
    if (p < this.#end && this.#source[p] === CLOSE_ARRAY) return this.#failed(FAULT.trailingComma, p + 1)
    this.#counts[this.#open - 1]!++
    return VALUE
  }

  #nextKey(): number {
    const p = this.#skip()
    if (p < this.#end && this.#source[p] === CLOSE_OBJECT) return this.#failed(FAULT.trailingComma, p + 1)
    return this.#readKey(p)
  }

  #openObject(p: number): number {
    if (!this.#openContainer(OBJECT, p)) return FAILED
    const q = this.#skip()
    if (q >= this.#end) return this.#failed(FAULT.endOfObject, q)
    if (this.#source[q] !== CLOSE_OBJECT) return this.#readKey(q)
    this.#close(q + 1)
    return this.#next()
  }

  #openArray(p: number): number {
    if (!this.#openContainer(ARRAY, p)) return FAILED
    const q = this.#skip()
    if (q >= this.#end) return this.#failed(FAULT.endOfList, q)
    this.#key = 0
    if (this.#source[q] !== CLOSE_ARRAY) {
      this.#counts[this.#open - 1] = 1
      return VALUE
    }
    this.#close(q + 1)
    return this.#next()
  }

  #openContainer(kind: number, p: number): boolean {
    if (this.#open === this.#depthMax) return this.#fail(FAULT.depth, p + 1)
    const tree = this.#tree
    const level = this.#open++
    if (this.#open > this.depth) this.depth = this.#open
    this.#kinds[level] = kind
    this.#words[level] = tree.wordEnd - tree.first
    this.#texts[level] = this.#position(p)
    this.#counts[level] = 0
    this.#bases[level] = this.#signed
    tree.reserve(8, 0)
    tree.wordEnd += openContainer(tree.words, tree.wordEnd, kind, this.#key)
    this.#p = p + 1
    return true
  }

  /** Fill in the words of the innermost container, whose text ends at a byte of the source. */
  #close(end: number): void {
    const tree = this.#tree
    const level = --this.#open
    const c = this.#words[level]!
    const t = this.#texts[level]!
    const count = this.#counts[level]!
    this.#p = end
    tree.words[tree.first + c + 3] = count
    if (this.#kinds[level] === OBJECT) {
      if (count > 1 && !this.#keysDiffer(level, count)) this.#dropRepeated(c, t, end)
      this.#signed = this.#bases[level]!
    }
    tree.words[tree.first + c + 1] = this.#position(end) - t
    tree.words[tree.first + c + 2] = tree.wordEnd - tree.first - c
    if (count >= DIRECTORY_MIN && this.#kinds[level] === ARRAY) this.#addDirectory(c)
    this.#key = 0
  }

  #addDirectory(c: number): void {
    const tree = this.#tree
    const entries = entriesWanted(tree.words, tree.first + c, 0)
    const more = directoryWords(entries)
    tree.reserve(more, 0)
    tree.wordEnd += more
    const at = tree.first + c
    tree.words[at + 2]! += more
    tree.words[at]! |= INDEXED
    writeDirectory(tree.words, at, 0, entries)
  }

  #readKey(p: number): number {
    if (p >= this.#end) return this.#failed(FAULT.endOfValue, p)
    if (this.#source[p] !== QUOTE) return this.#failed(FAULT.key, p + 1)
    const from = this.#position(p + 1)
    if (!this.#string(p)) return FAILED
    const key = this.#position(this.#p - 1) - from
    this.#sign(from, key)
    this.#counts[this.#open - 1]!++
    const q = this.#skip()
    if (q >= this.#end) return this.#failed(FAULT.endOfObject, q)
    if (this.#source[q] !== COLON) return this.#failed(FAULT.colon, q + 1)
    this.#p = q + 1
    this.#key = key
    return VALUE
  }

  #scalar(c: number, p: number): boolean {
    const tree = this.#tree
    tree.reserve(4, 0)
    if (c === QUOTE) {
      const from = this.#position(p)
      if (!this.#string(p)) return false
      tree.wordEnd += writeScalar(
        tree.words,
        tree.wordEnd,
        STRING,
        this.#escaped,
        this.#key,
        this.#position(this.#p) - from,
      )
      return true
    }
    if (c === MINUS || (c >= 0x30 && c <= 0x39)) return this.#readNumber(p)
    if (c === 0x6e) return this.#word(p, WORD_NULL, NULL)
    if (c === 0x74) return this.#word(p, WORD_TRUE, TRUE)
    if (c === 0x66) return this.#word(p, WORD_FALSE, FALSE)
    return this.#fail(FAULT.value, p + 1)
  }

  #word(p: number, word: Buffer, kind: number): boolean {
    for (let k = 1; k < word.length; k++) {
      if (p + k >= this.#end) return this.#fail(FAULT.endOfValue, p + k)
      if (this.#source[p + k] !== word[k]) return this.#fail(FAULT.ident, p + k + 1)
    }
    this.#p = p + word.length
    this.#tree.wordEnd += writeScalar(this.#tree.words, this.#tree.wordEnd, kind, 0, this.#key, word.length)
    return true
  }

  #readNumber(p: number): boolean {
    const number = this.#number
    if (!scanNumber(this.#source, p, this.#end, number)) {
      const { error } = number
      return this.#fail(
        error === NUMBER_ERROR.range ? FAULT.range : error === NUMBER_ERROR.ended ? FAULT.endOfValue : FAULT.number,
        number.end,
      )
    }
    const tree = this.#tree
    let length = number.end - p
    if (number.canonical !== null) {
      length = number.canonical.length
      this.#flush(p)
      tree.reserve(0, length)
      tree.textEnd += tree.text.latin1Write(number.canonical, tree.textEnd)
      this.#run = number.end
    }
    this.#p = number.end
    tree.wordEnd += writeScalar(tree.words, tree.wordEnd, number.kind, 0, this.#key, length)
    return true
  }

  /** Read the string whose quote is at a byte, and stand behind it. */
  #string(p: number): boolean {
    const source = this.#source
    const end = this.#end
    let q = p + 1
    this.#escaped = 0
    for (;;) {
      const plain = this.#checked ? PLAIN_UTF8 : PLAIN
      while (q < end && plain[source[q]!] === 1) q++
      if (q >= end) return this.#fail(FAULT.endOfString, q)
      const c = source[q]!
      if (c === QUOTE) break
      if (c === BACKSLASH) {
        q = this.#escape(q)
        if (q < 0) return false
      } else if (c < 0x20) return this.#fail(FAULT.control, q + 1)
      else if (!this.#checkUtf8()) return false
    }
    this.#p = q + 1
    return true
  }

  #checkUtf8(): boolean {
    if (!isUtf8(this.#source.subarray(this.#start, this.#end))) return this.#fail(FAULT.utf8, 0)
    this.#checked = true
    return true
  }

  /** Read the escape at a byte. Returns where it ends, or -1. */
  #escape(q: number): number {
    if (q + 1 >= this.#end) return this.#lost(FAULT.endOfString, q + 1)
    const letter = this.#source[q + 1]!
    if (letter === SMALL_U) return this.#longEscape(q)
    const byte = escapedByte(letter)
    if (byte === 0) return this.#lost(FAULT.escape, q + 2)
    if (letter === byte && letter !== QUOTE && letter !== BACKSLASH) {
      this.#flush(q)
      this.#tree.reserve(0, 1)
      this.#tree.putByte(byte)
      this.#run = q + 2
    } else this.#escaped = ESCAPED
    return q + 2
  }

  #longEscape(q: number): number {
    const code = this.#hex(q + 2)
    if (code < 0) return -1
    if (code >= 0xdc00 && code <= 0xdfff) return this.#lost(FAULT.loneSurrogate, q + 6)
    let end = q + 6
    let point = code
    if (code >= 0xd800 && code <= 0xdbff) {
      for (const wanted of [BACKSLASH, SMALL_U]) {
        if (end >= this.#end) return this.#lost(FAULT.endOfString, end)
        if (this.#source[end++] !== wanted) return this.#lost(FAULT.hexEnd, end)
      }
      const low = this.#hex(end)
      if (low < 0) return -1
      end += 4
      if (low < 0xdc00 || low > 0xdfff) return this.#lost(FAULT.loneSurrogate, end)
      point = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
    }
    this.#flush(q)
    this.#run = end
    this.#putPoint(point)
    return end
  }

  /** Four hexadecimal digits, or -1. */
  #hex(p: number): number {
    if (p + 4 > this.#end) return this.#lost(FAULT.endOfString, this.#end)
    let value = 0
    for (let k = 0; k < 4; k++) {
      const digit = hexValue(this.#source[p + k]!)
      if (digit < 0) return this.#lost(FAULT.escape, p + 4)
      value = (value << 4) | digit
    }
    return value
  }

  #putPoint(point: number): void {
    const tree = this.#tree
    tree.reserve(0, 8)
    if (point < 0x80) {
      const end = writeEscapedByte(point, tree.text, tree.textEnd)
      if (end - tree.textEnd > 1) this.#escaped = ESCAPED
      tree.textEnd = end
    } else if (point < 0x800) {
      tree.putByte(0xc0 | (point >>> 6))
      tree.putByte(0x80 | (point & 63))
    } else {
      if (point < 0x10000) tree.putByte(0xe0 | (point >>> 12))
      else {
        tree.putByte(0xf0 | (point >>> 18))
        tree.putByte(0x80 | ((point >>> 12) & 63))
      }
      tree.putByte(0x80 | ((point >>> 6) & 63))
      tree.putByte(0x80 | (point & 63))
    }
  }

  /** Step over space. Space is not canonical, so it ends the run. Returns where the next token begins. */
  #skip(): number {
    const source = this.#source
    const end = this.#end
    const p = this.#p
    let q = p
    while (q < end && source[q]! <= 0x20 && isSpace(source[q]!)) q++
    if (q === p) return p
    this.#flush(p)
    this.#run = this.#p = q
    return q
  }

  /** Copy the run that ends at a byte of the source into the draft. */
  #flush(p: number): void {
    if (p > this.#run) this.#tree.putText(this.#source, this.#run, p - this.#run)
    this.#run = p
  }

  /** Where a byte of the current run comes to lie in the draft. */
  #position(p: number): number {
    return this.#tree.textEnd - this.#tree.start + p - this.#run
  }

  /** Keep a number of the key that differs for most keys that differ. */
  #sign(from: number, length: number): void {
    if (this.#signed === this.#signatures.length) this.#growSignatures()
    let signature = length
    if (length > 0) {
      const begin = this.#tree.textEnd - this.#tree.start
      // The key is in the run, in the draft, or begins in the draft and ends in the run: then it is in neither whole.
      if (from >= begin) {
        const at = this.#run + from - begin
        signature += keySignature(this.#source, at, length)
      } else {
        this.#flush(this.#p - 1)
        signature += keySignature(this.#tree.text, this.#tree.start + from, length)
      }
    }
    this.#signatures[this.#signed++] = signature
  }

  #growSignatures(): void {
    const longer = new Int32Array(this.#signed * 2)
    longer.set(this.#signatures)
    this.#signatures = longer
  }

  #keysDiffer(level: number, count: number): boolean {
    if (count > PAIRS_MAX) return false
    const signatures = this.#signatures
    const end = this.#signed
    for (let a = this.#bases[level]!; a < end; a++)
      for (let b = a + 1; b < end; b++) if (signatures[a] === signatures[b]) return false
    return true
  }

  /** Keep one member of each key in the container that is about to close: the last one's value in the first one's place. */
  #dropRepeated(c: number, t: number, end: number): void {
    const tree = this.#tree
    this.#flush(end - 1)
    const table = this.#table
    const at = tree.first + c
    table.build(tree.words, at, tree.text, tree.start + t)
    if (table.repeated === 0) return
    const words = firstChild(tree.words, at) - tree.first
    const wordEnd = tree.wordEnd - tree.first
    const textEnd = tree.textEnd - tree.start
    tree.reserve(wordEnd - words, textEnd - t)
    table.build(tree.words, tree.first + c, tree.text, tree.start + t)
    for (let n = 0; n < table.count; n++) {
      if (table.last[n]! < 0) continue
      const from = table.last[n]!
      const i = table.i[from]!
      const key = keyLength(tree.words, i)
      const span = spanOf(tree.words, i)
      if (tree.textEnd - tree.start > textEnd) tree.putByte(COMMA)
      tree.putText(tree.text, table.t[from]! - key - 3, key + 3 + textLength(tree.words, i))
      copyWords(tree.words, i, tree.words, tree.wordEnd, span)
      tree.wordEnd += span
    }
    const keptWords = tree.wordEnd - tree.first - wordEnd
    const keptText = tree.textEnd - tree.start - textEnd
    tree.words.copyWithin(tree.first + words, tree.first + wordEnd, tree.wordEnd)
    tree.text.copyWithin(tree.start + t + 1, tree.start + textEnd, tree.textEnd)
    tree.wordEnd = tree.first + words + keptWords
    tree.textEnd = tree.start + t + 1 + keptText
    tree.words[tree.first + c + 3] = countOf(tree.words, tree.first + c) - table.repeated
  }

  #failed(fault: Fault, at: number): number {
    this.#fail(fault, at)
    return FAILED
  }

  #lost(fault: Fault, at: number): -1 {
    this.#fail(fault, at)
    return -1
  }

  #fail(fault: Fault, at: number): false {
    this.fault = fault
    this.at = at - this.#start
    return false
  }
}

/** Where the digits of a number end that begins like most do, with a digit from 1 to 9; else -1. */
function plainNumberEnd(source: Buffer, p: number): number {
  let q = source[p] === MINUS ? p + 1 : p
  if (source[q]! < 0x31 || source[q]! > 0x39) return -1
  do q++
  while (source[q]! >= 0x30 && source[q]! <= 0x39)
  return q - p > PLAIN_DIGITS || (source[q]! | 0x20) === SMALL_E ? -1 : q
}

/** Where a fraction ends whose point is at `dot`, when the number is canonical as it stands; else -1. */
function plainFractionEnd(source: Buffer, p: number, dot: number): number {
  let q = dot + 1
  while (source[q]! >= 0x30 && source[q]! <= 0x39) q++
  const digits = q - dot - 1
  if (digits === 0 || q - p > PLAIN_DIGITS + 1 || (source[q]! | 0x20) === SMALL_E) return -1
  return source[q - 1] === 0x30 && digits > 1 ? -1 : q
}

/** Where the word `true`, `false` or `null` ends, or -1 when none is there. */
function plainWordEnd(source: Buffer, p: number): number {
  const word = source[p] === 0x74 ? WORD_TRUE : source[p] === 0x66 ? WORD_FALSE : WORD_NULL
  for (let k = 0; k < word.length; k++) if (source[p + k] !== word[k]) return -1
  return p + word.length
}

function isPlain(c: number): boolean {
  return c >= 0x20 && c !== QUOTE && c !== BACKSLASH
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

function keySignature(buf: Buffer, at: number, length: number): number {
  return (buf[at]! << 8) | (buf[at + (length >>> 1)]! << 16) | (buf[at + length - 1]! << 24)
}
