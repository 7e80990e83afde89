/* Applying directives to a server that is being built. */

import type { ConfigRegistry } from '../command/config.ts'
import { ConfigFault, type Directive } from './file.ts'

/** A module that the configuration asks for. */
export interface ModuleRequest {
  readonly path: string
  readonly args: readonly string[]
}

/** What a configuration leaves to be done. */
export interface Rest {
  /** Modules to load, and then ... */
  readonly modules: ModuleRequest[]
  /** ... parameters that nobody knows yet, which may be theirs. */
  readonly later: Directive[]
}

/**
 * Set parameters in order, later ones over earlier ones; those that add up (save, client-output-buffer-limit) are joined.
 * @throws ConfigFault that names the directive; for one that nobody knows only when it is the `last` chance.
 */
export function applyDirectives(
  server: { readonly config: ConfigRegistry },
  directives: readonly Directive[],
  last = false,
): Rest {
  const modules: ModuleRequest[] = []
  const later: Directive[] = []
  const repeated = new Map<string, string[]>()
  for (const line of directives) {
    const { name, values, where } = line
    if (name === 'loadmodule') {
      if (values.length === 0) throw new ConfigFault(`${where}: loadmodule wants a path`)
      modules.push({ path: values[0]!, args: values.slice(1) })
      continue
    }
    const directive = server.config.directives.get(name)
    if (directive !== undefined) {
      const reason = directive(values)
      if (reason !== null) throw new ConfigFault(`${where}: ${reason}`)
      continue
    }
    if (name === 'databases') continue // taken when the server was built
    const parameter = server.config.find(name)
    if (parameter === undefined) {
      if (last) throw new ConfigFault(`${where}: no parameter is called '${name}'`)
      later.push(line)
      continue
    }
    // `save` alone is `save ""`, as in Redis.
    if (values.length === 0 && parameter.repeatable !== true) throw new ConfigFault(`${where}: ${name} wants a value`)
    if (values.length > 1 && parameter.multiple !== true && parameter.repeatable !== true)
      throw new ConfigFault(`${where}: ${name} wants one value`)
    let text = values.join(' ')
    if (parameter.repeatable === true) {
      const before = repeated.get(name) ?? []
      if (text === '') before.length = 0
      else before.push(text)
      repeated.set(name, before)
      text = before.join(' ')
    }
    const reason = parameter.set(text)
    if (reason !== null) throw new ConfigFault(`${where}: ${name} ${text}: ${reason}`)
  }
  return { modules, later }
}
