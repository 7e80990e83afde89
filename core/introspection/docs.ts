/* Docs -- a line about each command, for COMMAND DOCS, docs/commands.md and the completion of consoles. In our own words.
 *
 *      append 2.0.0 O(1): Adds text to the end of a string.
 *      name   since complexity: summary                            */

import { DATA_DOCS } from './docs-data.ts'
import { SERVER_DOCS } from './docs-server.ts'

export interface CommandDocs {
  readonly summary: string
  readonly since: string
  readonly complexity: string
}

const LINE = /^(\S+) (\S+) (.*?): (.*)$/

function read(text: string): Map<string, CommandDocs> {
  const docs = new Map<string, CommandDocs>()
  for (const line of text.split('\n')) {
    const [, name, since, complexity, summary] = LINE.exec(line) ?? []
    if (name !== undefined) docs.set(name, { summary: summary!, since: since!, complexity: complexity! })
  }
  return docs
}

/** By name, subcommands as `config|get`. */
export const DOCS: ReadonlyMap<string, CommandDocs> = read(DATA_DOCS + SERVER_DOCS)
