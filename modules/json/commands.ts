/* The JSON commands. */

import { type Args, type Command, type Context, cmd } from 'redstrata/module'
import { arrappend, arrinsert, arrpop, arrtrim } from './commands/array.ts'
import { get, mget } from './commands/get.ts'
import { arrindex, arrlen, debug, objkeys, objlen, resp, strlen, type } from './commands/inspect.ts'
import { clear, del } from './commands/remove.ts'
import { numincrby, nummultby, numpowby, strappend, toggle } from './commands/scalar.ts'
import { merge, mset, set } from './commands/set.ts'
import type { Workspace } from './workspace.ts'

type JsonHandler = (json: Workspace, ctx: Context, args: Args) => void

const KEY = 'RW access update'

/** The commands of one server, which work in its workspace. */
export function jsonCommands(json: Workspace): readonly Command[] {
  // As in the real module, arguments beyond those that a command knows are passed over unless it minds.
  const on = (synopsis: string, flags: string, handler: JsonHandler, keys = KEY): Command => {
    const command = cmd(synopsis, flags, keys, (ctx, args) => {
      handler(json, ctx, args)
      json.trim()
    })
    return { ...command, arity: -Math.abs(command.arity) }
  }
  return [
    on('JSON.SET key path value [NX|XX] [FORMAT format]', 'write denyoom', set),
    on('JSON.MSET key path value [key path value ...]', 'write denyoom', mset, `${KEY} @1..-1/3`),
    on('JSON.MERGE key path value', 'write denyoom', merge),
    on('JSON.GET key [INDENT indent] [NEWLINE newline] [SPACE space] [path [path ...]]', 'read', get),
    on('JSON.MGET key [key ...] path', 'read', mget, `${KEY} @1`),
    on('JSON.DEL key [path]', 'write', del),
    on('JSON.FORGET key [path]', 'write', del),
    on('JSON.CLEAR key [path]', 'write', clear),
    on('JSON.TYPE key [path]', 'read', type),
    on('JSON.NUMINCRBY key path value', 'write', numincrby),
    on('JSON.NUMMULTBY key path value', 'write', nummultby),
    on('JSON.NUMPOWBY key path value', 'write', numpowby),
    on('JSON.TOGGLE key path', 'write denyoom', toggle),
    on('JSON.STRAPPEND key [path] value', 'write denyoom', strappend),
    on('JSON.STRLEN key [path]', 'read', strlen),
    on('JSON.ARRAPPEND key [path] value [value ...]', 'write denyoom', arrappend),
    on('JSON.ARRINDEX key path value [start [stop]]', 'read', arrindex),
    on('JSON.ARRINSERT key path index value [value ...]', 'write denyoom', arrinsert),
    on('JSON.ARRLEN key [path]', 'read', arrlen),
    on('JSON.ARRPOP key [path [index]]', 'write', arrpop),
    on('JSON.ARRTRIM key path start stop', 'write', arrtrim),
    on('JSON.OBJKEYS key [path]', 'read', objkeys),
    on('JSON.OBJLEN key [path]', 'read', objlen),
    on('JSON.RESP key [path]', 'read', resp),
    on('JSON.DEBUG subcommand', 'read', debug, `${KEY} @2`),
  ]
}
