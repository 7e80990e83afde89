/* The Bloom module -- Bloom and cuckoo filters, Count-Min sketches, Top-K lists and t-digests, as RedisBloom has them.
 *
 *      bloom/ cuckoo/ cms/ topk/ tdigest/     each: sketch.ts (pure), persist.ts (dumps), commands.ts
 *      hash.ts chunks.ts blocks.ts words.ts   what the sketches share
 *      value.ts settings.ts errors.ts         how they are held under keys, their defaults, the wire texts */
import type { Module } from 'redstrata/module'
import { bloomCommands, bloomType } from './bloom/commands.ts'
import { cmsCommands, cmsType } from './cms/commands.ts'
import { cuckooCommands, cuckooType } from './cuckoo/commands.ts'
import { BLOOM_DOCS } from './docs.ts'
import { defaultSettings, settingsParameters, takeArguments } from './settings.ts'
import { tdigestCommands, tdigestType } from './tdigest/commands.ts'
import { topkCommands, topkType } from './topk/commands.ts'

export default {
  name: 'bf',
  version: 20820,
  load(host, args) {
    const settings = defaultSettings()
    const parameters = settingsParameters(settings)
    takeArguments(parameters, args)
    host.config(parameters)
    const { memory, random } = host
    const commands = [
      ...bloomCommands(memory, host.type(bloomType), settings),
      ...cuckooCommands(memory, host.type(cuckooType), settings),
      ...cmsCommands(memory, host.type(cmsType)),
      ...topkCommands(memory, random, host.type(topkType)),
      ...tdigestCommands(memory, host.type(tdigestType)),
    ]
    host.commands(commands, { docs: BLOOM_DOCS })
  },
} satisfies Module
