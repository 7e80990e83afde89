/* Expansion -- a word of a query joined by what else it may mean: synonyms, words that sound alike, its stem.
 *
 *      running   ->   UNION { running, ~g1 (a synonym group), <RNNK (a sound), +run (stems), run }
 *
 * Words in quotation marks, tags, and fields that want no stems are left alone, and all of them under VERBATIM. */

import { ALL_FIELDS, type FieldMask, type Node, type TokenNode, tokenNode, unionNode } from '../query/ast.ts'
import { refuse } from '../query/failure.ts'
import type { Schema } from '../schema/schema.ts'
import { ChineseWords } from '../text/chinese.ts'
import { doubleMetaphone } from '../text/phonetic.ts'
import { CHINESE, type Stemmers } from '../text/stem/stemmers.ts'
import type { Synonyms } from '../text/synonyms.ts'
import { TOKEN_BYTES_MAX } from '../text/tokenizer.ts'

/** What words are expanded by. */
export interface Expansion {
  readonly schema: Schema
  readonly synonyms: Synonyms
  readonly stemmers: Stemmers
  readonly language: number
  /** EXPANDER: in lower case; empty: all that there are. */
  readonly expander: string
}

/** The tree with its words expanded. */
export function expand(node: Node, by: Expansion): Node {
  if (node.verbatim || node.kind === 'tag' || (node.kind === 'phrase' && node.exact)) return node
  if (!mayExpand(node.fields, by.schema)) return node
  if (node.kind === 'token') {
    const { length } = node.text.text
    return length > 0 && length <= TOKEN_BYTES_MAX ? expandToken(node, by) : node
  }
  if ('children' in node) {
    const children = node.children as Node[]
    for (let i = 0; i < children.length; i++) children[i] = expand(children[i]!, by)
  }
  return node
}

/** Whether one of the fields has stems. */
function mayExpand(fields: FieldMask, schema: Schema): boolean {
  if (fields === ALL_FIELDS) return true
  return schema.fields.some(field => field.kind === 'text' && !field.noStem && hasBit(fields, field.bit))
}

function hasBit(fields: FieldMask, bit: number): boolean {
  return ((fields >> BigInt(bit)) & 1n) === 1n
}

/** Those of the fields that have stems; a word of all fields is looked for in all of them. */
function stemmedFields(fields: FieldMask, { fields: all }: Schema): FieldMask {
  if (fields === ALL_FIELDS) return fields
  let unstemmed = 0n
  for (const field of all) if (field.kind === 'text' && field.noStem) unstemmed |= 1n << BigInt(field.bit)
  return fields & ~unstemmed
}

function expandToken(node: TokenNode, by: Expansion): Node {
  const { expander } = by
  const text = node.text.text
  const others: TokenNode[] = []
  const add = (word: Buffer, fields = node.fields): void => {
    others.push(tokenNode(word, true, fields))
  }
  if (expander === '' || expander === 'synonym') for (const group of synonymsOf(text, by.synonyms)) add(group)
  if (expander === '' || expander === 'phonetic') {
    const sound = wantsSound(node, by.schema) ? doubleMetaphone(text.utf8Slice()) : ''
    if (sound !== '') add(Buffer.from(`<${sound}`))
  }
  if (expander === '' || expander === 'sbstem') {
    if (by.language === CHINESE) return joinUnion(node, others, chineseWords(node))
    const fields = stemmedFields(node.fields, by.schema)
    for (const stem of stemsOf(text, by)) add(stem, fields)
  }
  return joinUnion(node, others, node)
}

/** The word with its relations. */
function joinUnion(node: TokenNode, others: readonly TokenNode[], word: Node): Node {
  return others.length === 0 ? word : unionNode([word, ...others], node.fields)
}

function synonymsOf(text: Buffer, synonyms: Synonyms): Buffer[] {
  const groups = synonyms.find(text, 0, text.length) ?? []
  return groups.map(group => Buffer.concat([Buffer.from('~'), Buffer.from(group, 'latin1')]))
}

function wantsSound(node: TokenNode, schema: Schema): boolean {
  const sounded = schema.fields.some(
    field => field.phonetic !== '' && (node.fields === ALL_FIELDS || hasBit(node.fields, field.bit)),
  )
  if (node.phonetic !== 'default' && !sounded) refuse('field does not support phonetics')
  return sounded && node.phonetic !== 'off'
}

function stemsOf(text: Buffer, by: Expansion): Buffer[] {
  const stemmer = by.stemmers.for(by.language)
  if (stemmer === null) return []
  const word = text.utf8Slice()
  const stem = stemmer(word)
  const stems = [Buffer.from(`+${stem}`)]
  if (stem !== word) stems.push(Buffer.from(stem))
  return stems
}

/** A run of Chinese as its words. */
function chineseWords(node: TokenNode): Node {
  const words = new ChineseWords().cut(node.text.text, null)
  if (words.length < 2) return node
  const children = words.map((word): Node => tokenNode(word.text, false, node.fields))
  return { ...node, kind: 'phrase', exact: false, children } as Node
}
