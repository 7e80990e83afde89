/* What is switched off unless the configuration says otherwise: DEBUG, MODULE, and CONFIG SET of where files go. */

import { type ReplyError, replyError } from '../base/errors.ts'
import type { Client } from '../command/client.ts'
import { wordParameter } from '../command/config.ts'
import type { Engine } from '../command/engine.ts'

const CHOICES = ['no', 'yes', 'local']

/** `rename-command`: another name, or none at all. */
function installRenames(engine: Engine): void {
  const renames: (readonly [string, string])[] = []
  engine.config.directives.set('rename-command', words => {
    if (words.length !== 2) return 'rename-command wants a command and a name'
    renames.push([words[0]!, words[1]!.toLowerCase()])
    return null
  })
  // The commands of modules can be renamed too, so it is done when they are there.
  engine.onPrepare.push(() => {
    for (const [name, other] of renames.splice(0)) {
      const entry = engine.table.get(name)
      if (entry === null) throw new Error(`rename-command: no command is called '${name}'`)
      if (other !== '' && engine.table.get(other) !== null)
        throw new Error(`rename-command: '${other}' is the name of a command already`)
      engine.table.rename(entry, other)
    }
  })
}

export function installProtected(engine: Engine): void {
  installRenames(engine)
  const settings = { debug: 'no', module: 'no', configs: 'no' }
  engine.config.add([
    wordParameter('enable-debug-command', settings, 'debug', CHOICES, { immutable: true }),
    wordParameter('enable-module-command', settings, 'module', CHOICES, { immutable: true }),
    wordParameter('enable-protected-configs', settings, 'configs', CHOICES, { immutable: true }),
  ])
  const allows = (choice: string, client: Client): boolean =>
    choice === 'yes' || (choice === 'local' && isLocal(client))
  // Who calls from inside has the process, and what it may write, anyway.
  engine.config.mayChangeProtected = client =>
    client.connection?.isInProcess === true || allows(settings.configs, client)
  engine.checks.protected = (client, entry) => {
    const isDebug = entry.name === 'debug'
    if (allows(isDebug ? settings.debug : settings.module, client)) return null
    return notAllowed(isDebug ? 'debug' : 'module')
  }
}

function isLocal({ connection }: Client): boolean {
  if (connection === null || connection.isUnix) return true
  return /^(127\.|\[?::1\]?:|in-process:)/.test(connection.address)
}

function notAllowed(name: string): ReplyError {
  return replyError(
    `ERR ${name.toUpperCase()} command not allowed. If the enable-${name}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`,
  )
}
