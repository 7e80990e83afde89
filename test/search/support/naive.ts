/* A query answered the long way: the tree is evaluated on every document. */

import type { FieldMask, Node } from '../../../modules/search/query/ast.ts'
import { distance } from '../../../modules/search/index/geo.ts'

export interface NaiveDocument {
  /** Words of each TEXT field, in order. */
  readonly texts: readonly (readonly string[])[]
  readonly tags: Readonly<Record<string, readonly string[]>>
  readonly numbers: Readonly<Record<string, readonly number[]>>
  readonly points: Readonly<Record<string, readonly [number, number]>>
}

interface Word {
  readonly text: string
  readonly field: number
  readonly position: number
}

function wordsOf(document: NaiveDocument): Word[] {
  let position = 0
  return document.texts.flatMap((words, field) => words.map(text => ({ text, field, position: ++position })))
}

/** Whether a document matches a tree. */
export function matches(node: Node, document: NaiveDocument, slop = -1, inOrder = false): boolean {
  switch (node.kind) {
    case 'phrase': {
      if (!node.children.every(child => matches(child, document, slop, inOrder))) return false
      if (node.children.length === 1) return true
      const nodeSlop = node.exact ? 0 : node.slop >= 0 ? node.slop : slop
      const ordered = node.exact || node.inOrder || inOrder
      if (nodeSlop < 0 && !ordered) return true
      const lists = node.children.map(child => positions(child, document)).filter(list => list.length > 0)
      if (lists.length < 2) return true
      return near(lists, nodeSlop < 0 ? Infinity : nodeSlop, ordered)
    }
    case 'union':
      return node.children.some(child => matches(child, document, slop, inOrder))
    case 'not':
      return !matches(node.children[0], document, slop, inOrder)
    case 'optional':
    case 'all':
      return true
    case 'numeric': {
      const values = document.numbers[node.field.toString()] ?? []
      const [low, high] = [node.low.value, node.high.value]
      return values.some(v => (node.lowOpen ? v > low : v >= low) && (node.highOpen ? v < high : v <= high))
    }
    case 'geo': {
      const point = document.points[node.field.toString()]
      if (point === undefined) return false
      const metres = distance(node.longitude.value, node.latitude.value, point[0], point[1])
      return metres <= node.radius.value * 1000
    }
    case 'tag':
      return node.children.some(child =>
        (document.tags[node.field.toString()] ?? []).some(tag => matchesText(child, tag)),
      )
    case 'missing':
      return isMissing(node.field.toString(), document)
    case 'nothing':
      return false
  }
  return positions(node, document).length > 0
}

function isMissing(field: string, document: NaiveDocument): boolean {
  const values = document.tags[field] ?? document.numbers[field] ?? document.texts[['title', 'body'].indexOf(field)]
  return values === undefined ? document.points[field] === undefined : values.length === 0
}

/** Whether a word node matches a word by its text. */
function matchesText(node: Node, text: string): boolean {
  switch (node.kind) {
    case 'token':
      return node.text.text.toString().toLowerCase() === text
    case 'phrase':
      return node.children.map(child => (child.kind === 'token' ? child.text.text.toString() : '')).join(' ') === text
    case 'affix': {
      const part = node.text.text.toString()
      if (node.before && node.after) return text.includes(part)
      return node.before ? text.startsWith(part) : text.endsWith(part)
    }
    case 'fuzzy':
      return edits(node.text.text.toString(), text) <= node.edits
    case 'pattern': {
      const pattern = node.text.text.toString().replaceAll('*', '.*').replaceAll('?', '.')
      return new RegExp(`^${pattern}$`, 'u').test(text)
    }
  }
  return false
}

/** Positions of what a tree matched in a document, growing. A word that stands for many counts for the least of them. */
function positions(node: Node, document: NaiveDocument): number[] {
  const words = wordsOf(document)
  if (
    node.kind === 'not' ||
    node.kind === 'numeric' ||
    node.kind === 'tag' ||
    node.kind === 'geo' ||
    node.kind === 'missing' ||
    node.kind === 'all'
  )
    return []
  if ('children' in node) {
    const children = node.children as Node[]
    const parts = children.filter(child => matches(child, document)).flatMap(child => positions(child, document))
    return parts.sort((a, b) => a - b)
  }
  const texts = [
    ...new Set(
      words
        .filter(word => matchesText(node, word.text) && inFields(node.fields, words, word.text))
        .map(word => word.text),
    ),
  ]
  const first = texts.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))[0]
  return words.filter(word => word.text === first).map(word => word.position)
}

function inFields(fields: FieldMask, words: readonly Word[], text: string): boolean {
  return words.some(word => word.text === text && ((fields >> BigInt(word.field)) & 1n) === 1n)
}

function near(lists: readonly number[][], slop: number, inOrder: boolean): boolean {
  const pick = (part: number, chosen: number[]): boolean => {
    if (part === lists.length) {
      // A span that was too wide once stays so, even if a later word stands at the same place.
      if (inOrder) return chosen.every((_, i) => span(chosen.slice(0, i + 1)) <= slop)
      const [low, high] = [Math.min(...chosen), Math.max(...chosen)]
      return low !== high && high - low - (chosen.length - 1) <= slop
    }
    return lists[part]!.some(
      position => (!inOrder || part === 0 || position >= chosen[part - 1]!) && pick(part + 1, [...chosen, position]),
    )
  }
  return pick(0, [])
}

function span(chosen: readonly number[]): number {
  return chosen.slice(1).reduce((sum, position, i) => sum + position - chosen[i]! - 1, 0)
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), row[j]! + 1, next[j - 1]! + 1)
    row = next
  }
  return row[b.length]!
}
