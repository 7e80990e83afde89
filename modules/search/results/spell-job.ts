/* Spelling -- for each word of a query that no document holds, words near it that some do, found in slices.
 *
 *      words of the query ─> unknown ones ─> near them in the index ─> near them in dictionaries ─> proposals
 *
 * A walk through the terms remembers where it was when it is paused; a dictionary is a list of words and a place in it. */

import { type Address, Range, type Reply, replyError } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { LevenshteinWalk } from '../index/levenshtein.ts'
import { Walk } from '../index/terms.ts'
import { END } from '../iterators/iterator.ts'
import { TermIterator } from '../iterators/term.ts'
import type { Job, SliceWatch } from '../plan/slices.ts'
import { ALL_FIELDS, childrenOf, type FieldMask, type Node } from '../query/ast.ts'
import { lowered } from '../text/lower.ts'

/** Words near one word of the query; of more, those that most documents hold. */
const NEAR_MAX = 1000
/** Words of dictionaries that a query may be told of, all its words together. */
const LISTED_MAX = 2 ** 20
const TOO_MANY = replyError('Limit exceeded')
const EMPTY = Buffer.from('')

/** How a query is to be checked. */
export interface SpellOptions {
  /** Edits between a word and what is proposed for it. */
  distance: number
  /** Dictionaries of words that are right, and of words to propose. */
  readonly excluded: Set<ReadonlySet<string>>
  readonly included: Set<ReadonlySet<string>>
}

/** A word to propose. */
interface Proposal {
  readonly text: Buffer
  /** Part of the documents that hold it. */
  readonly score: number
}

/** A word of the query, and the fields where it was to be. */
interface Asked {
  readonly word: Buffer
  readonly fields: FieldMask
}

/** A word that is not known. */
interface Unknown {
  readonly word: Buffer
  readonly proposals: readonly Proposal[]
}

/** One FT.SPELLCHECK. */
export class SpellJob implements Job {
  readonly index: Index
  readonly #options: SpellOptions
  readonly #asked: Asked[] = []
  readonly #dictionaries: readonly (readonly string[])[]
  readonly #unknown: Unknown[] = []
  readonly #distances = new LevenshteinWalk()
  readonly #text = new Range()
  /** Words that are done. */
  #done = 0
  /** Of the word that is looked at: the way through the terms, what they gave, and what dictionaries did so far. */
  #walk = new Walk()
  #near: Proposal[] | null = null
  #listed = new Map<string, Buffer>()
  #dictionary = 0
  #place = 0
  #listedCount = 0

  constructor(index: Index, root: Node | null, options: SpellOptions) {
    this.index = index
    this.#options = options
    this.#dictionaries = [...options.included].map(words => [...words])
    if (root !== null) this.#gather(root, ALL_FIELDS)
  }

  /** The words of a query count wherever they stand. */
  #gather(node: Node, fields: FieldMask): void {
    const inside = fields & node.fields
    if (node.kind === 'token') this.#asked.push({ word: lowered(node.text.text), fields: inside })
    else if (node.kind !== 'tag') for (const child of childrenOf(node)) this.#gather(child, inside)
  }

  run(watch: SliceWatch): void {
    for (; this.#done < this.#asked.length; this.#done++) this.#check(this.#asked[this.#done]!, watch)
  }

  #check(asked: Asked, watch: SliceWatch): void {
    const { word } = asked
    const { terms } = this.index.structures
    watch.tick()
    if (terms.find(word, 0, word.length) !== 0) return
    const name = word.latin1Slice()
    for (const words of this.#options.excluded) if (words.has(name)) return
    this.#near ??= this.#findNear(asked, watch)
    this.#list(word, watch)
    const proposals = [...this.#near, ...this.#fromDictionaries(asked)]
    proposals.sort((a, b) => b.score - a.score)
    this.#unknown.push({ word, proposals })
    this.#walk = new Walk()
    this.#near = null
    this.#listed = new Map()
    this.#dictionary = 0
  }

  /** Words of the index near a word, which a document has in one of the fields. */
  #findNear({ word, fields }: Asked, watch: SliceWatch): Proposal[] {
    const { terms } = this.index.structures
    const goOn = (): boolean => {
      watch.tick()
      return true
    }
    const found: Proposal[] = []
    for (const record of terms.withEdits(Range.of(word), this.#options.distance, NEAR_MAX, goOn, this.#walk)) {
      const score = this.#score(record, fields)
      if (score > 0) found.push({ text: terms.key(record, this.#text).copy(), score })
    }
    return found
  }

  /** Gather the words of dictionaries that are near a word. */
  #list(word: Buffer, watch: SliceWatch): void {
    for (; this.#dictionary < this.#dictionaries.length; this.#dictionary++, this.#place = 0) {
      const words = this.#dictionaries[this.#dictionary]!
      while (this.#place < words.length) {
        const other = words[this.#place++]!
        const text = Buffer.from(other, 'latin1')
        if (this.#distances.between(word, lowered(text), this.#options.distance) >= 0) {
          this.#listed.set(other, text)
          if (++this.#listedCount > LISTED_MAX) throw TOO_MANY
        }
        watch.tick()
      }
    }
  }

  #fromDictionaries({ fields }: Asked): Proposal[] {
    const { terms } = this.index.structures
    const known = new Set(this.#near!.map(({ text }) => text.latin1Slice()))
    const names = [...this.#listed.keys()].filter(name => !known.has(name)).sort()
    return names.map(name => {
      const text = this.#listed.get(name)!
      return { text, score: this.#score(terms.find(text, 0, text.length), fields) }
    })
  }

  /** The part of the documents that hold a term; 0 when none has it in one of the fields. */
  #score(record: Address, fields: FieldMask): number {
    const { terms, fieldSets, documents, schema } = this.index.structures
    if (record === 0 || documents.count === 0) return 0
    const allowed = schema.rules.fieldMasks ? fieldSets.allowed(fields) : null
    const holders = new TermIterator(terms.postings, record, EMPTY, allowed, 1, documents.count)
    if (holders.next() === END) return 0
    return terms.postings.count(record) / documents.count
  }

  /** There is no time to be up. */
  timedOut(reply: Reply): void {
    this.write(reply)
  }

  write(reply: Reply): void {
    write(reply, this.#unknown)
  }
}

function write(reply: Reply, unknown: readonly Unknown[]): void {
  if (reply.protocol === 3) {
    reply.map(1)
    reply.status('results')
    reply.map(unknown.length)
  } else reply.array(unknown.length)
  for (const { word, proposals } of unknown) {
    if (reply.protocol === 2) {
      reply.array(3)
      reply.status('TERM')
    }
    reply.bytes(word, 0, word.length)
    reply.array(proposals.length)
    for (const { text, score } of proposals) writeProposal(reply, text, score)
  }
}

/** A pair in RESP2, with the score first; a map in RESP3. */
function writeProposal(reply: Reply, text: Buffer, score: number): void {
  if (reply.protocol === 3) {
    reply.map(1)
    reply.bytes(text, 0, text.length)
    reply.double(score)
    return
  }
  reply.array(2)
  reply.double(score)
  reply.bytes(text, 0, text.length)
}
