/* Introspection: INFO and what else tells of the server. */

import type { Command } from '../command/spec.ts'
import { commandCommands } from './command.ts'
import { debugCommands } from './debug.ts'
import { infoCommands } from './info.ts'
import { latencyCommands } from './latency.ts'
import { memoryCommands } from './memory.ts'
import { slowlogCommands } from './slowlog.ts'

export const commands: readonly Command[] = [
  ...commandCommands,
  ...debugCommands,
  ...infoCommands,
  ...latencyCommands,
  ...memoryCommands,
  ...slowlogCommands,
]
