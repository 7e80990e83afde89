/* Layout -- which folder may import which.
 *
 * The house has floors; a file may reach into its own folder and into floors below, never up and never sideways, except
 * where a line here says so. This table is section 2 of docs/architecture.md as data. A new folder gets its line here. */

/** The floors from the ground up. Folders of one line do not see each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['core/base'],
  ['core/memory', 'core/resp'],
  ['core/structs', 'core/net'],
  ['core/keyspace'],
  ['core/command'],
  [
    'core/types/string',
    'core/types/list',
    'core/types/hash',
    'core/types/set',
    'core/types/zset',
    'core/types/stream',
    'core/types/geo',
    'core/types/hyperloglog',
    'core/types/bitmap',
    'core/types/keys',
    'core/connection',
    'core/transactions',
    'core/pubsub',
    'core/scripting',
    'core/acl',
    'core/config',
    'core/persistence',
    'core/replication',
    'core/introspection',
  ],
  ['core/module'],
]

/** Lower floors that a folder does without. */
const NARROWER: Record<string, readonly string[]> = {
  'core/memory': ['core/base'],
  'core/resp': ['core/base'],
  'core/structs': ['core/base', 'core/memory'],
  'core/net': ['core/base', 'core/resp'],
  'core/keyspace': ['core/base', 'core/memory', 'core/structs'],
}

/** Neighbours on one floor that a folder may see. */
const NEIGHBOURS: Record<string, readonly string[]> = {
  'core/types/geo': ['core/types/zset'],
  'core/types/bitmap': ['core/types/string'],
  'core/types/hyperloglog': ['core/types/string'],
  'core/replication': ['core/persistence'],
  'core/scripting': ['core/persistence'],
}

/** Files at the top of core/, which wire everything together. */
export const TOP_FILES: readonly string[] = ['server', 'commands', 'main', 'index'].map(name => `core/${name}.ts`)

/** Packages that a module may use, each for a reason stated in docs/decisions. */
const MODULE_PACKAGES: readonly string[] = ['snowball-stemmers', 'multilingual-stemmer']

/** What a module imports of ours. */
const MODULE_API = 'redstrata/module'

/** The folder that a file counts to: `core/types/list`, `core/net`, `modules/json`, or `core` for the files at its top. */
export function folderOf(path: string): string {
  const parts = path.split('/')
  if (parts[0] === 'modules') return parts.slice(0, 2).join('/')
  if (parts[0] !== 'core') return parts[0]
  if (parts.length === 2) return 'core'
  return parts.slice(0, parts[1] === 'types' ? 3 : 2).join('/')
}

/** Why `path` may not import `target`, or null when it may. Both are paths from the top; a package is its name. */
export function importFault(path: string, target: string): string | null {
  const from = folderOf(path)
  if (from === 'test' || from === 'bench' || from === 'examples' || !/^(core|modules)\//.test(path)) return null
  if (target.startsWith('node:')) return null
  const isFile = /^(core|modules|test|bench|examples|docs)\//.test(target)
  if (from.startsWith('modules/')) return moduleFault(from, target, isFile)
  if (!isFile) return `core has no dependencies, and ${target} is one`
  const to = folderOf(target)
  if (to === from) return null
  if (from === 'core') return topFault(path, target, to)
  if (!/^core(\/|$)/.test(to)) return `core never imports ${to}`
  const floor = FLOORS.findIndex(folders => folders.includes(from))
  if (floor < 0) return `${from} has no floor: give it one in test/support/tidy/layout.ts`
  const below = NARROWER[from] ?? FLOORS.slice(0, floor).flat()
  if (below.includes(to) || NEIGHBOURS[from]?.includes(to)) return null
  return `${from} may not import ${to}`
}

function moduleFault(from: string, target: string, isFile: boolean): string | null {
  if (target === MODULE_API || MODULE_PACKAGES.includes(target)) return null
  if (!isFile) return `a module may not use the package ${target}`
  if (folderOf(target) === from) return null
  return `a module may import ${MODULE_API} and its own files, not ${target}`
}

function topFault(path: string, target: string, to: string): string | null {
  if (!TOP_FILES.includes(path)) return 'only the files that wire the server stand at the top of core'
  if (/^core(\/|$)/.test(to)) return null
  const faces = path === 'core/main.ts' || path === 'core/index.ts'
  return faces && /^modules\/[a-z-]+\/module\.ts$/.test(target) ? null : `${path} may not import ${target}`
}
