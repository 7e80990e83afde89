/* FT.SPELLCHECK -- for each word of a query that no document holds, words near it that some do.
 *
 *      FT.SPELLCHECK idx "lantrn" TERMS INCLUDE extra         lantern 1     held by all documents
 *                                                              lanten  0     only in the dictionary
 *
 * A word of the index scores the part of the documents that hold it. A word that is in the index, or in a dictionary
 * that is excluded, is right and is not mentioned. The words of a query count wherever they stand; stop words too. */

import { type Address, type Args, type Context, Range, type Reply, replyError } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { LevenshteinWalk } from '../index/levenshtein.ts'
import { END } from '../iterators/iterator.ts'
import { TermIterator } from '../iterators/term.ts'
import { prepareQuery } from '../plan/prepare.ts'
import { ALL_FIELDS, childrenOf, type FieldMask, type Node } from '../query/ast.ts'
import { lowered } from '../text/lower.ts'
import { ENGLISH } from '../text/stem/stemmers.ts'
import { NO_STOP_WORDS } from '../text/stop-words.ts'
import type { Workspace } from '../workspace.ts'
import { takeDialect, takeParameters } from './query-options.ts'

const DISTANCE_MAX = 4
/** Words near one word of the query; of more, those that most documents hold. */
const NEAR_MAX = 1000

const SPELL_ERR = {
  noDistance: replyError('DISTANCE arg is given but no DISTANCE comes after'),
  badDistance: replyError(`bad distance given, distance must be a natural number between 1 to ${DISTANCE_MAX}`),
  noTerms: replyError('TERM arg is given but no TERM params comes after'),
  badTerms: replyError('bad format, exlude/include operation was not given'),
} as const

interface Options {
  distance: number
  dialect: number
  readonly parameters: Map<string, Buffer>
  /** Dictionaries of words that are right, and of words to propose. */
  readonly excluded: ReadonlySet<string>[]
  readonly included: ReadonlySet<string>[]
}

/** A word to propose. */
interface Proposal {
  readonly text: Buffer
  /** Part of the documents that hold it. */
  readonly score: number
}

/** A word that is not known. */
interface Unknown {
  readonly word: Buffer
  readonly proposals: readonly Proposal[]
}

export function spellcheck(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  const query = args.bytes().copy()
  const options = readOptions(workspace, args)
  const root = prepareQuery(
    query,
    index,
    {
      dialect: options.dialect,
      parameters: options.parameters,
      stopWords: NO_STOP_WORDS,
      verbatim: true,
      language: ENGLISH,
      expander: '',
    },
    workspace.stemmers,
  )
  const checker = new Checker(index, options)
  if (root !== null) checker.visit(root, ALL_FIELDS)
  write(reply, checker.unknown)
}

/** Unknown words among the options are passed over, as by the real module. */
function readOptions(workspace: Workspace, args: Args): Options {
  const options: Options = {
    distance: 1,
    dialect: workspace.settings.defaultDialect,
    parameters: new Map(),
    excluded: [],
    included: [],
  }
  while (args.left > 0)
    if (args.word('distance')) options.distance = readDistance(args)
    else if (args.word('dialect')) takeDialect(args, options)
    else if (args.word('params')) takeParameters(args, options)
    else if (args.word('terms')) readTerms(workspace, args, options)
    else args.bytes()
  return options
}

function readDistance(args: Args): number {
  if (args.left === 0) throw SPELL_ERR.noDistance
  const distance = args.int(SPELL_ERR.badDistance)
  if (distance < 1 || distance > DISTANCE_MAX) throw SPELL_ERR.badDistance
  return distance
}

function readTerms(workspace: Workspace, args: Args, options: Options): void {
  if (args.left < 2) throw SPELL_ERR.noTerms
  const excludes = args.word('exclude')
  if (!excludes && !args.word('include')) throw SPELL_ERR.badTerms
  const name = args.bytes().latin1()
  const words = workspace.dictionaries.get(name)
  if (words === undefined) throw replyError(`Dict does not exist: ${name}`)
  if (excludes) options.excluded.push(words)
  else options.included.push(words)
}

/** Goes through a query, and gathers what is unknown. */
class Checker {
  readonly unknown: Unknown[] = []
  readonly #index: Index
  readonly #options: Options
  readonly #distances = new LevenshteinWalk()
  readonly #text = new Range()

  constructor(index: Index, options: Options) {
    this.#index = index
    this.#options = options
  }

  visit(node: Node, fields: FieldMask): void {
    const inside = fields & node.fields
    if (node.kind === 'token') this.#check(lowered(node.text.text), inside)
    else if (node.kind !== 'tag') for (const child of childrenOf(node)) this.visit(child, inside)
  }

  #check(word: Buffer, fields: FieldMask): void {
    const { excluded, included, distance } = this.#options
    const { terms } = this.#index.structures
    if (terms.find(word, 0, word.length) !== 0) return
    const name = word.latin1Slice()
    if (excluded.some(words => words.has(name))) return
    const proposals = this.#near(word, fields)
    for (const words of included)
      for (const other of [...words].sort()) {
        const text = Buffer.from(other, 'latin1')
        const isNew = !proposals.some(proposal => proposal.text.equals(text))
        if (isNew && this.#distances.between(word, lowered(text), distance) >= 0)
          proposals.push({ text, score: this.#score(terms.find(text, 0, text.length), fields) })
      }
    proposals.sort((a, b) => b.score - a.score)
    this.unknown.push({ word, proposals })
  }

  /** Words of the index near a word, which a document has in one of the fields. */
  #near(word: Buffer, fields: FieldMask): Proposal[] {
    const { terms } = this.#index.structures
    const found: Proposal[] = []
    for (const record of terms.withEdits(Range.of(word), this.#options.distance, NEAR_MAX, () => true)) {
      const score = this.#score(record, fields)
      if (score > 0) found.push({ text: terms.key(record, this.#text).copy(), score })
    }
    return found
  }

  /** The part of the documents that hold a term; 0 when none has it in one of the fields. */
  #score(record: Address, fields: FieldMask): number {
    const { terms, fieldSets, documents, schema } = this.#index.structures
    if (record === 0 || documents.count === 0) return 0
    const allowed = schema.rules.fieldMasks ? fieldSets.allowed(fields) : null
    const holders = new TermIterator(terms.postings, record, EMPTY, allowed, 1, documents.count)
    if (holders.next() === END) return 0
    return terms.postings.count(record) / documents.count
  }
}

const EMPTY = Buffer.from('')

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
