/* Rules -- what no file of ours may contain. Each is a function from a file to its faults, so that a bad sample can be
 * put before it; test/tidy.test.ts runs them all over the whole tree. */

import { posix } from 'node:path'
import { importFault } from './layout.ts'
import { functionsOf, importsOf, lineAt, type Source, topLevelDeclarations } from './source.ts'

export interface Fault {
  readonly path: string
  readonly line: number
  readonly what: string
}

const FILE_LINES_MAX = 800
const FUNCTION_LINES_MAX = 70

/** The server's own code, which the strict rules are about. */
function isProduct(path: string): boolean {
  return path.startsWith('core/') || path.startsWith('modules/')
}

/** Every place where a pattern stands in the code. */
function faultsAt(source: Source, text: string, pattern: RegExp, what: (found: string) => string): Fault[] {
  return [...text.matchAll(pattern)].map(match => ({
    path: source.path,
    line: lineAt(text, match.index),
    what: what(match[0].trim()),
  }))
}

/** A file is short enough to be read in one go. */
export function fileLength(source: Source): Fault[] {
  const lines = lineAt(source.text, source.text.length - 1)
  return lines <= FILE_LINES_MAX ? [] : [{ path: source.path, line: lines, what: `${lines} lines` }]
}

/** A function fits a screen. What a `describe` holds is a list of tests, each a function of its own. */
export function functionLength(source: Source): Fault[] {
  const lines = source.code.split('\n')
  return functionsOf(source)
    .filter(span => span.lines > FUNCTION_LINES_MAX && !/^\s*describe\b/.test(lines[span.firstLine - 1]))
    .map(span => ({ path: source.path, line: span.firstLine, what: `${span.name} has ${span.lines} lines` }))
}

// The clock waits on a word of shared memory.
const MEMORY_FOLDERS = /^core\/(?:(?:memory|net|resp)\/|base\/clock\.ts$)/

/** Off-heap memory comes from the arena; buffers belong to the network and to replies. */
export function offHeapMemory(source: Source): Fault[] {
  if (!isProduct(source.path) || MEMORY_FOLDERS.test(source.path)) return []
  const pattern = /\bnew (?:Shared)?ArrayBuffer\b|\bBuffer\s*\.\s*alloc\w*(?!\w|\(0\))/g
  return faultsAt(source, source.code, pattern, found => `${found}: memory comes from the arena`)
}

const EMPTY_CONTAINER = /^(?:new (?:Map|Set|WeakMap|WeakSet|WeakRef|Array)\b.*\(\)|\[\]|\{\})\s*(?:as Record\b.*)?$/
const SIZED_SCRATCH = /^new (?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array\((?!0\)|\[)/

/** State belongs to a server, not to the process. Scratch areas that live for one call may stand in base/. */
export function moduleState(source: Source): Fault[] {
  if (!isProduct(source.path)) return []
  const faults: Fault[] = []
  const scratchAllowed = source.path.startsWith('core/base/')
  for (const { kind, name, init, line } of topLevelDeclarations(source)) {
    const holds = EMPTY_CONTAINER.test(init) || SIZED_SCRATCH.test(init) || /^new Range\b/.test(init)
    if (kind !== 'const') faults.push({ path: source.path, line, what: `${kind} ${name} outlives a server` })
    else if (holds && !scratchAllowed)
      faults.push({ path: source.path, line, what: `${name} is filled and outlives a server` })
  }
  const statics = faultsAt(
    source,
    source.code,
    /^\s+(?:(?:public|private|protected) )?static (?!readonly\b)[#\w]+\s*[:=]/gm,
    found => {
      return `${found} a static field outlives a server`
    },
  )
  return [...faults, ...statics]
}

/** Time, chance, timers, disk and the process: where each may stand. */
const SEAMS: readonly { pattern: RegExp; allowed: RegExp }[] = [
  {
    pattern: /\bDate\s*\.\s*now\b|\bnew Date\(\)|\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/g,
    allowed: /^core\/base\/clock\.ts$/,
  },
  {
    pattern: /(?<![.\w])set(?:Timeout|Interval|Immediate)\b|(?<![.\w])queueMicrotask\b/g,
    allowed: /^core\/base\/clock\.ts$/,
  },
  { pattern: /\bMath\s*\.\s*random\b/g, allowed: /^core\/base\/random\.ts$/ },
  {
    pattern: /(?<![.\w$])process\s*\.\s*(?!hrtime)\w+/g,
    allowed: /^core\/(?:main|index|base\/(?:clock|log|machine)|persistence\/file)\.ts$/,
  },
]
const SEAM_IMPORTS: readonly { pattern: RegExp; allowed: RegExp }[] = [
  // The other reads the code of a package, not data.
  {
    pattern: /^node:fs(?:\/promises)?$/,
    allowed: /^core\/persistence\/file\.ts$|^modules\/search\/text\/stem\/wasm-library\.ts$/,
  },
  { pattern: /^node:crypto$/, allowed: /^core\/base\/(?:random|hash|sha\w*)\.ts$|^core\/acl\// },
  { pattern: /^node:timers/, allowed: /^core\/base\/clock\.ts$/ },
  { pattern: /^node:(?:net|tls)$/, allowed: /^core\/net\// },
  { pattern: /^node:(?:child_process|cluster|worker_threads)$/, allowed: /^core\/main\.ts$/ },
]

/** Time, chance and disk are handed in, and appear only at their seams. */
export function seams(source: Source): Fault[] {
  if (!isProduct(source.path)) return []
  const used = SEAMS.filter(seam => !seam.allowed.test(source.path)).flatMap(seam =>
    faultsAt(source, source.code, seam.pattern, found => `${found} outside its seam`),
  )
  const imported = importsOf(source).flatMap(({ specifier, line }) =>
    SEAM_IMPORTS.filter(seam => seam.pattern.test(specifier) && !seam.allowed.test(source.path)).map(() => ({
      path: source.path,
      line,
      what: `${specifier} outside its seam`,
    })),
  )
  return [...used, ...imported]
}

/** Nothing is hidden from the compiler. */
export function types(source: Source): Fault[] {
  const any = faultsAt(
    source,
    source.code,
    /(?::|\bas|[<|&,=]|\bextends)\s*any\b(?!\s*[:(.=])|\bany\[\]/g,
    found => `${found}: say what it is`,
  )
  const silenced = faultsAt(
    source,
    source.comments,
    /@ts-(?:ignore|nocheck|expect-error)/g,
    found => `${found}: mend it`,
  )
  return [...any, ...silenced]
}

/** A handler passes an argument on as a Range: a Buffer for each costs more than the whole parsing of the command. */
export function handlers(source: Source): Fault[] {
  if (!isProduct(source.path) || !/\/commands(\.ts|\/)/.test(source.path)) return []
  return faultsAt(source, source.code, /\.buf\s*\.\s*subarray\b/g, found => `${found} in a handler: pass the Range`)
}

/** Files are called what they are about. */
export function names(source: Source): Fault[] {
  const parts = source.path.replace(/(\.test|\.d)?\.ts$/, '').split('/')
  const odd = parts.find(
    part => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part) || /^(utils?|helpers?|common|manager|misc)$/.test(part),
  )
  return odd === undefined ? [] : [{ path: source.path, line: 1, what: `"${odd}" is no name for what is inside` }]
}

/** Every test that is written runs. */
export function tests(source: Source): Fault[] {
  if (!source.path.startsWith('test/')) return []
  return faultsAt(
    source,
    source.code,
    /\b(?:it|test|describe)\s*\.\s*(?:only|skip|todo)\b/g,
    found => `${found} hides a test`,
  )
}

/** What a specifier names: a path from the top of the repository, or a package. */
export function targetOf(path: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : specifier
}

/** Imports that the layout does not allow. */
export function importEdges(source: Source): Fault[] {
  const faults: Fault[] = []
  for (const { specifier, line } of importsOf(source)) {
    const what = importFault(source.path, targetOf(source.path, specifier))
    if (what !== null) faults.push({ path: source.path, line, what })
  }
  return faults
}

/** Files that import each other in a circle, each circle once, by its path. Types do not count: they vanish. */
export function importCycles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map(source => [
      source.path,
      importsOf(source)
        .filter(found => !found.typeOnly && found.specifier.startsWith('.'))
        .map(found => targetOf(source.path, found.specifier)),
    ]),
  )
  const done = new Set<string>()
  const trail: string[] = []
  const cycles: string[] = []
  const visit = (path: string): void => {
    const seen = trail.indexOf(path)
    if (seen >= 0) cycles.push([...trail.slice(seen), path].join(' -> '))
    if (seen >= 0 || done.has(path)) return
    trail.push(path)
    for (const next of edges.get(path) ?? []) visit(next)
    trail.pop()
    done.add(path)
  }
  for (const path of edges.keys()) visit(path)
  return cycles
}

/** The rules about a single file. */
export const RULES: readonly ((source: Source) => Fault[])[] = [
  fileLength,
  functionLength,
  offHeapMemory,
  moduleState,
  seams,
  handlers,
  types,
  names,
  tests,
]
