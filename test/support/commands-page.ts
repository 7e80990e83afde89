/* Commands page -- docs/commands.md out of the declarations: each command's synopsis, and a line about it where there is one. */

import { DOCS } from '../../core/introspection/docs.ts'
import type { Entry } from '../../core/command/table.ts'

const TITLES: Readonly<Record<string, string>> = {
  bf: 'Sketches: Bloom, Cuckoo, Count-Min, Top-K, t-digest',
  ReJSON: 'JSON documents',
  search: 'Search',
  timeseries: 'Time series',
}

/** The page for the commands of a server. */
export function commandsPage(entries: Iterable<Entry>): string {
  const groups = new Map<string, string[]>()
  let count = 0
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const group = entry.module === '' ? entry.group : (TITLES[entry.module] ?? entry.module)
    const lines = groups.get(group) ?? []
    groups.set(group, lines)
    for (const one of entry.subcommands === null ? [entry] : [...entry.subcommands]) {
      lines.push(line(one))
      count++
    }
  }
  const names = [...groups.keys()].sort()
  return [
    '# Commands',
    '',
    `The ${count} commands of Redstrata, made from their declarations. COMMAND DOCS tells the same to clients.`,
    '',
    names.map(name => `[${name}](#${anchor(name)})`).join(' · '),
    ...names.flatMap(name => ['', `## ${name}`, '', ...groups.get(name)!.sort()]),
    '',
  ].join('\n')
}

function line(entry: Entry): string {
  const summary = (entry.docs ?? DOCS.get(entry.name))?.summary
  return `- \`${entry.command.synopsis}\`${summary === undefined ? '' : `  \n  ${summary}`}`
}

function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}
