/* Prepare -- a query's text as a tree that is ready to be built: parsed, its parameters put in, its words expanded. */

import { type ReplyError, replyError } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { Node } from '../query/ast.ts'
import { resolveParameters } from '../query/parameters.ts'
import { type ParseContext, parseQuery } from '../query/parser.ts'
import { QueryFailure } from '../query/failure.ts'
import { fieldNamed, type Schema } from '../schema/schema.ts'
import type { StopWords } from '../text/stop-words.ts'
import type { Stemmers } from '../text/stem/stemmers.ts'
import { lowered } from '../text/lower.ts'
import { expand } from './expand.ts'

/** How a query is to be read. */
export interface QueryOptions {
  readonly dialect: number
  /** PARAMS, by name as a byte string. */
  readonly parameters: ReadonlyMap<string, Buffer>
  readonly stopWords: StopWords
  /** VERBATIM: words are not expanded. */
  readonly verbatim: boolean
  readonly language: number
  /** EXPANDER in lower case; empty: everything. */
  readonly expander: string
}

/** The tree of a query; null when it can match nothing. @throws ReplyError when it cannot be read. */
export function prepareQuery(text: Buffer, index: Index, options: QueryOptions, stemmers: Stemmers): Node | null {
  const parsed = parseQuery(text, parseContext(index.schema, options))
  if ('error' in parsed) throw replyError(parsed.error)
  const { root } = parsed
  if (root === null) return null
  const error = resolveParameters(root, options.parameters)
  if (error !== null) throw replyError(error)
  if (options.verbatim) return root
  const { synonyms } = index.structures
  const { language, expander } = options
  return refusing(() => expand(root, { schema: index.schema, synonyms, stemmers, language, expander }))
}

/** Run a part of the planner, whose failures are the client's. */
export function refusing<T>(run: () => T): T {
  try {
    return run()
  } catch (failure) {
    throw failure instanceof QueryFailure ? asReply(failure) : failure
  }
}

function asReply(failure: QueryFailure): ReplyError {
  return replyError(failure.text)
}

function parseContext(schema: Schema, options: QueryOptions): ParseContext {
  return {
    dialect: options.dialect,
    isStopWord(word) {
      const lower = lowered(word)
      return options.stopWords.has(lower, 0, lower.length)
    },
    fieldBit(name) {
      const field = fieldNamed(schema, name)
      return field === null || field.bit < 0 ? 0n : 1n << BigInt(field.bit)
    },
    hasField: name => fieldNamed(schema, name) !== null,
    parameters: options.parameters,
  }
}
