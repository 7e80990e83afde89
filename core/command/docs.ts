/* Docs -- what a line about a command says, for COMMAND DOCS, docs/commands.md and the completion of consoles.
 *
 *      append 2.0.0 O(1): Adds text to the end of a string.
 *      name   since complexity: summary
 *
 * The core's lines are in introspection/, a module's come with its commands. */

export interface CommandDocs {
  readonly summary: string
  readonly since: string
  readonly complexity: string
}

const LINE = /^(\S+) (\S+) (.*?): (.*)$/

/** Lines by the name they begin with, subcommands as `config|get`. */
export function readDocs(text: string): Map<string, CommandDocs> {
  const docs = new Map<string, CommandDocs>()
  for (const line of text.split('\n')) {
    const [, name, since, complexity, summary] = LINE.exec(line) ?? []
    if (name !== undefined) docs.set(name, { summary: summary!, since: since!, complexity: complexity! })
  }
  return docs
}
