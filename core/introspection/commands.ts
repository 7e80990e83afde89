/* Introspection: INFO and what else tells of the server. */

import type { Command } from '../command/spec.ts'
import { commandCommands } from './command.ts'
import { infoCommands } from './info.ts'

export const commands: readonly Command[] = [...commandCommands, ...infoCommands]
