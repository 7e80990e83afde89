/* Docs -- the lines about the commands of the core, in our own words; see command/docs.ts for their form. */

import { type CommandDocs, readDocs } from '../command/docs.ts'
import { DATA_DOCS } from './docs-data.ts'
import { SERVER_DOCS } from './docs-server.ts'

/** By name, subcommands as `config|get`. */
export const DOCS: ReadonlyMap<string, CommandDocs> = readDocs(DATA_DOCS + SERVER_DOCS)
