/* The JSON module: documents as values, and the JSON.* commands on them.
 *
 *   document/     the packed document: nodes, parsing, printing, editing             pure
 *   path/         the path language: reading a path, finding what it leads to        pure
 *   type.ts       the value type: saving, loading, copying
 *   workspace.ts  what the commands of one server work with
 *   commands.ts   the table of commands; commands/ what they do
 *   share.ts      documents for other modules */

import type { Module } from 'redstrata/module'
import { jsonCommands } from './commands.ts'
import { JsonShare } from './share.ts'
import { jsonType } from './type.ts'
import { Workspace } from './workspace.ts'
import { JSON_DOCS } from './docs.ts'

export default {
  name: 'ReJSON',
  version: 20819,
  load(host) {
    const type = host.type(jsonType(host.memory))
    const workspace = new Workspace(host.memory, type)
    host.commands(jsonCommands(workspace), { docs: JSON_DOCS })
    host.provide('json', new JsonShare(host.memory, type))
    host.onStop(() => workspace.release())
  },
} satisfies Module
