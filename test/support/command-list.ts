/* Command list -- what Redis 7.4.1 with its four modules says of its commands, recorded from the real server. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from './transcript/notation.ts'

/** Where keys stand, in the words of COMMAND INFO. */
export interface RecordedKeySpec {
  readonly flags: readonly string[]
  readonly begin_search: { readonly type: string; readonly spec: Readonly<Record<string, string | number>> }
  readonly find_keys: { readonly type: string; readonly spec: Readonly<Record<string, string | number>> }
}

export interface RecordedCommand {
  /** `GET`, or `CONFIG GET` for a subcommand. */
  readonly name: string
  readonly synopsis: string
  readonly arity: number
  readonly flags: readonly string[]
  /** First key, last key, step. */
  readonly keys: readonly [number, number, number]
  readonly categories: readonly string[]
  readonly tips: readonly string[]
  readonly key_specs: readonly RecordedKeySpec[]
  readonly group: string
  readonly since: string
}

/** All recorded commands by name. */
export function recordedCommands(): Map<string, RecordedCommand> {
  const lines = readFileSync(join(import.meta.dirname, 'commands-7.4.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const commands = lines.map(line => JSON.parse(line) as RecordedCommand)
  return new Map(commands.map(command => [command.name, command]))
}

/** The real commands that a case uses and that `known` does not hold. Names that Redis does not know either are left out. */
export function missingCommands(
  one: Case,
  recorded: ReadonlyMap<string, RecordedCommand>,
  known: ReadonlySet<string>,
): string[] {
  const missing = new Set<string>()
  for (const step of one.steps) {
    if (step.kind !== 'send' && step.kind !== 'raw') continue
    const words =
      step.kind === 'send' ? step.args.map(arg => arg.latin1Slice()) : step.bytes.latin1Slice().split(/[\s$*\d]+/)
    const upper = words.map(word => word.toUpperCase())
    for (const name of step.kind === 'send' ? [upper[0], `${upper[0]} ${upper[1]}`] : upper)
      if (recorded.has(name) && !known.has(name)) missing.add(name)
    if (step.kind !== 'send' || !/^(EVAL|FUNCTION|SCRIPT)/.test(upper[0]!)) continue
    for (const name of commandsInScript(words.join(' '))) if (recorded.has(name) && !known.has(name)) missing.add(name)
  }
  return [...missing]
}

/** Commands that a script names where it calls them. */
function commandsInScript(text: string): string[] {
  const calls = text.matchAll(/redis\.p?call\(\s*["'](\w+)["'](?:\s*,\s*["'](\w+)["'])?/g)
  return [...calls].flatMap(([, name, next]) => [name!.toUpperCase(), `${name} ${next}`.toUpperCase()])
}
