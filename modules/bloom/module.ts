/* The Bloom module -- Bloom and cuckoo filters, Count-Min sketches, Top-K lists and t-digests, as RedisBloom has them.
 *
 *      bloom/ cuckoo/ cms/ topk/ tdigest/     each: sketch.ts (pure), persist.ts (dumps), commands.ts
 *      hash.ts chunks.ts blocks.ts words.ts   what the sketches share
 *      value.ts settings.ts errors.ts         how they are held under keys, their defaults, the wire texts
 *      rehearsal.ts                           commands played before many items come */
import type { Command, Host, Module } from 'redstrata/module'
import { bloomCommands, bloomType } from './bloom/commands.ts'
import { cmsCommands, cmsType } from './cms/commands.ts'
import { cuckooCommands, cuckooType } from './cuckoo/commands.ts'
import { BLOOM_DOCS } from './docs.ts'
import { rehearsal, type Scene, SCENES } from './rehearsal.ts'
import { defaultSettings, type Settings, settingsParameters, takeArguments } from './settings.ts'
import { tdigestCommands, tdigestType } from './tdigest/commands.ts'
import { topkCommands, topkType } from './topk/commands.ts'
import { heardOf } from './value.ts'

/** A kind of sketch: the commands of it, over a type that tells of its first value, and how they are rehearsed. */
interface Kind {
  readonly scene: Scene
  readonly commands: (host: Host, settings: Settings, onFirst: () => void) => Command[]
}

export const KINDS: readonly Kind[] = [
  {
    scene: SCENES.bloom,
    commands: (host, settings, onFirst) => bloomCommands(host.memory, host.type(heardOf(bloomType, onFirst)), settings),
  },
  {
    scene: SCENES.cuckoo,
    commands: (host, settings, onFirst) =>
      cuckooCommands(host.memory, host.type(heardOf(cuckooType, onFirst)), settings),
  },
  {
    scene: SCENES.cms,
    commands: (host, _, onFirst) => cmsCommands(host.memory, host.type(heardOf(cmsType, onFirst))),
  },
  {
    scene: SCENES.topk,
    commands: (host, _, onFirst) => topkCommands(host.memory, host.random, host.type(heardOf(topkType, onFirst))),
  },
  {
    scene: SCENES.tdigest,
    commands: (host, _, onFirst) => tdigestCommands(host.memory, host.type(heardOf(tdigestType, onFirst))),
  },
]

export default {
  name: 'bf',
  version: 20820,
  load(host, args) {
    const settings = defaultSettings()
    const parameters = settingsParameters(settings)
    takeArguments(parameters, args)
    host.config(parameters)
    const all = KINDS.flatMap(({ scene, commands }) =>
      commands(host, settings, () =>
        host.rehearse(() => rehearsal(host, scene, own => commands(own, defaultSettings(), () => {}))),
      ),
    )
    host.commands(all, { docs: BLOOM_DOCS })
  },
} satisfies Module
