/* Applying directives to a server that is being built. */

import type { ConfigRegistry } from '../command/config.ts'
import { ConfigFault, type Directive } from './file.ts'

/** A module that the configuration asks for. */
export interface ModuleRequest {
  readonly path: string
  readonly args: readonly string[]
}

/**
 * Set parameters in order, later ones over earlier ones; those that add up (save, client-output-buffer-limit) are joined.
 * Returns the modules to load. @throws ConfigFault that names the directive.
 */
export function applyDirectives(
  server: { readonly config: ConfigRegistry },
  directives: readonly Directive[],
): ModuleRequest[] {
  const modules: ModuleRequest[] = []
  const repeated = new Map<string, string[]>()
  for (const { name, values, where } of directives) {
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
    if (parameter === undefined) throw new ConfigFault(`${where}: no parameter is called '${name}'`)
    if (values.length === 0) throw new ConfigFault(`${where}: ${name} wants a value`)
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
  return modules
}
