import { Memory } from '../../core/memory/arena.ts'
import { directoryWords, entriesOf } from '../../modules/json/document/directory.ts'
import {
  ARRAY,
  countOf,
  DOUBLE,
  ESCAPED,
  FALSE,
  firstChild,
  INDEXED,
  INTEGER,
  KIND_MASK,
  keyLength,
  NULL,
  OBJECT,
  spanOf,
  STRING,
  textLength,
  TRUE,
} from '../../modules/json/document/node.ts'
import { Parser } from '../../modules/json/document/parse.ts'
import { storeDocument, Tree } from '../../modules/json/document/tree.ts'

/** A parser, an arena that poisons what is freed, and a document open in it. */
export class Desk {
  readonly memory = new Memory({ poison: true })
  readonly parser = new Parser()
  readonly values = Tree.draft(this.memory)
  readonly draft = Tree.draft(this.memory)
  readonly doc = Tree.forDocuments(this.memory)

  /** Parse a text into the values' draft, behind what it holds. Returns the fault's message or null. */
  parse(text: string | Buffer, depthMax?: number): string | null {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    // The parser must not look beyond the end it was given.
    const framed = Buffer.concat([Buffer.from('1'), bytes, Buffer.from('1')])
    return this.parser.parse(framed, 1, bytes.length + 1, this.values, depthMax) ? null : this.parser.message(framed, 1)
  }

  /** Store a text as a document and open it. */
  open(text: string): Tree {
    this.values.clear()
    const fault = this.parse(text, 1000)
    if (fault !== null) throw new Error(fault)
    return this.doc.open(storeDocument(this.memory, this.values, 0, 0))
  }

  close(): void {
    this.memory.free(this.doc.account, this.doc.address)
  }
}

/** The text of a tree's first value. */
export function textOf(tree: Tree): string {
  return tree.text.utf8Slice(tree.start, tree.start + textLength(tree.words, tree.first))
}

/** Walk a document and hold its words against its text; throws on the first thing that is wrong. */
export function checkTree(tree: Tree): void {
  const end = checkValue(tree, tree.first, tree.start)
  if (end !== tree.wordEnd) throw new Error(`words end at ${tree.wordEnd}, the root at ${end}`)
  if (tree.start + textLength(tree.words, tree.first) !== tree.textEnd)
    throw new Error('the text does not end with the root')
  JSON.parse(textOf(tree))
}

function checkValue(tree: Tree, i: number, t: number): number {
  const { words, text } = tree
  const kind = words[i]! & KIND_MASK
  const length = textLength(words, i)
  if (kind >= ARRAY) return checkContainer(tree, i, t, kind)
  const raw = text.utf8Slice(t, t + length)
  const pattern = [/^null$/, /^false$/, /^true$/, /^-?\d+$/, /^-?\d+(\.\d+)?(e-?\d+)?$/, /^"(?:[^"\\]|\\.)*"$/s][kind]!
  if (!pattern.test(raw)) throw new Error(`kind ${kind} with the text ${raw}`)
  if (kind === DOUBLE && !/[.e]/.test(raw)) throw new Error(`a double without a point: ${raw}`)
  if (kind === STRING && raw.includes('\\') !== ((words[i]! & ESCAPED) !== 0))
    throw new Error(`escapes not flagged: ${raw}`)
  return i + spanOf(words, i)
}

function checkContainer(tree: Tree, i: number, t: number, kind: number): number {
  const { words, text } = tree
  const [open, close] = kind === OBJECT ? '{}' : '[]'
  const places: [number, number][] = []
  if (String.fromCharCode(text[t]!) !== open) throw new Error(`expected ${open} at ${t - tree.start}`)
  let child = firstChild(words, i)
  let at = t + 1
  for (let n = 0; n < countOf(words, i); n++) {
    if (n > 0 && text[at++] !== 0x2c) throw new Error(`expected a comma at ${at - 1 - tree.start}`)
    if (kind === OBJECT) {
      const key = keyLength(words, child)
      if (text[at] !== 0x22 || text.latin1Slice(at + key + 1, at + key + 3) !== '":')
        throw new Error(`key at ${at - tree.start}`)
      at += key + 3
    } else if (keyLength(words, child) !== 0) throw new Error('an element with a key')
    places.push([child, at])
    const length = textLength(words, child)
    child = checkValue(tree, child, at)
    at += length
  }
  if (String.fromCharCode(text[at]!) !== close) throw new Error(`expected ${close} at ${at - tree.start}`)
  if (at + 1 - t !== textLength(words, i)) throw new Error('text length of a container')
  const indexed = (words[i]! & INDEXED) !== 0
  if (indexed !== (kind === ARRAY && places.length >= 64)) throw new Error(`directory of ${places.length} children`)
  if (indexed) child = checkDirectory(words, i, t, child, places)
  if (child !== i + spanOf(words, i)) throw new Error('span of a container')
  return child
}

function checkDirectory(words: Int32Array, i: number, t: number, from: number, places: [number, number][]): number {
  const entries = entriesOf(words, i)
  let previous = 0
  for (let e = 0; e < entries; e++) {
    const [ordinal, word, byte] = words.subarray(from + e * 3, from + e * 3 + 3)
    const place = places[ordinal!]
    if (place === undefined || place[0] !== i + word! || place[1] !== t + byte!) throw new Error(`directory entry ${e}`)
    if (ordinal! - previous > 96) throw new Error(`a gap before entry ${e}`)
    previous = ordinal!
  }
  if (places.length - previous > 96) throw new Error('a gap behind the last entry')
  return from + directoryWords(entries)
}

export const KINDS = { null: NULL, false: FALSE, true: TRUE, integer: INTEGER, double: DOUBLE, string: STRING } as const
