/* CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO; what they do is in tracking.ts. */

import { ERR, ReplyError, replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import { numberParameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { InfoRegistry } from '../command/info.ts'
import { type Command, sub } from '../command/spec.ts'
import { Tracking, type TrackingMode, trackedOf } from './tracking.ts'

const BASE = 'noscript loading stale'

export const trackingCommands: readonly Command[] = [
  sub('CLIENT CACHING <YES|NO>', BASE, '', caching),
  sub('CLIENT GETREDIR', BASE, '', getredir),
  sub(
    'CLIENT TRACKING <ON|OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    BASE,
    '',
    tracking,
  ),
  sub('CLIENT TRACKINGINFO', BASE, '', trackinginfo),
]

const NOT_TRACKING = new ReplyError(
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
)
const ONLY_OPTIN = new ReplyError('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.')
const ONLY_OPTOUT = new ReplyError('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.')
const ONE_REDIRECT = new ReplyError('ERR A client can only redirect to a single other client')
const NO_REDIRECT = new ReplyError('ERR The client ID you want redirect to does not exist')
const PREFIX_ALONE = new ReplyError('ERR PREFIX option requires BCAST mode to be enabled')
const SWITCHES_BCAST = new ReplyError(
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
)
const SWITCHES_OPT = new ReplyError(
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
)
const OPT_WITH_BCAST = new ReplyError('ERR OPTIN and OPTOUT are not compatible with BCAST')
const BOTH_OPTS = new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode")

/** Set up tracking, its limit, and its lines of INFO. */
export function installTracking(engine: Engine): void {
  const service = engine.provide(Tracking, new Tracking(engine))
  engine.config.add([numberParameter('tracking-table-max-keys', service, 'keysMax')])
  engine.service(InfoRegistry).extend('Stats', () => [
    ['tracking_total_keys', service.keyCount],
    ['tracking_total_items', service.itemCount],
    ['tracking_total_prefixes', service.prefixCount],
  ])
}

function tracking(ctx: Context, args: Args): void {
  const { client, engine, reply } = ctx
  const isOn = args.word('on')
  if (!isOn && !args.word('off')) throw ERR.syntax
  const { mode, prefixes } = takeMode(engine, args)
  const service = engine.service(Tracking)
  if (isOn) {
    check(client, mode, prefixes)
    service.begin(client, mode, prefixes)
  } else service.end(client)
  reply.ok()
}

function takeMode(engine: Engine, args: Args): { mode: TrackingMode; prefixes: string[] } {
  const mode = { isBroadcast: false, isOptIn: false, isOptOut: false, isNoLoop: false, redirect: 0 }
  const prefixes: string[] = []
  while (args.left > 0)
    if (args.left > 1 && args.word('redirect')) {
      if (mode.redirect !== 0) throw ONE_REDIRECT
      mode.redirect = args.int()
      if (!engine.clients.has(mode.redirect)) throw NO_REDIRECT
    } else if (args.word('bcast')) mode.isBroadcast = true
    else if (args.word('optin')) mode.isOptIn = true
    else if (args.word('optout')) mode.isOptOut = true
    else if (args.word('noloop')) mode.isNoLoop = true
    else if (args.left > 1 && args.word('prefix')) prefixes.push(args.bytes().latin1())
    else throw ERR.syntax
  return { mode, prefixes }
}

function check(client: Client, mode: TrackingMode, prefixes: readonly string[]): void {
  const tracked = trackedOf(client)
  if (prefixes.length > 0 && !mode.isBroadcast) throw PREFIX_ALONE
  if (tracked !== null && tracked.mode.isBroadcast !== mode.isBroadcast) throw SWITCHES_BCAST
  if (mode.isBroadcast && (mode.isOptIn || mode.isOptOut)) throw OPT_WITH_BCAST
  if (mode.isOptIn && mode.isOptOut) throw BOTH_OPTS
  if (tracked !== null && ((mode.isOptIn && tracked.mode.isOptOut) || (mode.isOptOut && tracked.mode.isOptIn)))
    throw SWITCHES_OPT
  prefixes.forEach((prefix, i) => {
    const taken = tracked?.prefixes.find(other => overlap(prefix, other))
    if (taken !== undefined) throw clash(prefix, 'an existing prefix', taken)
    const other = prefixes.slice(i + 1).find(second => overlap(prefix, second))
    if (other !== undefined) throw clash(prefix, 'another provided prefix', other)
  })
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

function clash(prefix: string, which: string, other: string): ReplyError {
  return replyError(
    `ERR Prefix '${prefix}' overlaps with ${which} '${other}'. Prefixes for a single client must not overlap.`,
  )
}

function caching({ client, engine, reply }: Context, args: Args): void {
  const mode = trackedOf(client)?.mode
  if (mode === undefined || !(mode.isOptIn || mode.isOptOut)) throw NOT_TRACKING
  if (args.word('yes')) {
    if (!mode.isOptIn) throw ONLY_OPTIN
  } else if (args.word('no')) {
    if (!mode.isOptOut) throw ONLY_OPTOUT
  } else throw ERR.syntax
  engine.service(Tracking).caching(client)
  reply.ok()
}

/** Who is told in the place of a client: -1 when it does not track, 0 when itself. */
export function redirectOf(client: Client): number {
  return trackedOf(client)?.mode.redirect ?? -1
}

function getredir({ client, reply }: Context): void {
  reply.integer(redirectOf(client))
}

function trackinginfo({ client, reply }: Context): void {
  const tracked = trackedOf(client)
  const flags = [tracked === null ? 'off' : 'on']
  if (tracked !== null) {
    const { mode } = tracked
    if (mode.isBroadcast) flags.push('bcast')
    if (mode.isOptIn) flags.push('optin')
    if (mode.isOptIn && tracked.isCaching) flags.push('caching-yes')
    if (mode.isOptOut) flags.push('optout')
    if (mode.isOptOut && tracked.isCaching) flags.push('caching-no')
    if (mode.isNoLoop) flags.push('noloop')
    if (tracked.isBroken) flags.push('broken_redirect')
  }
  reply.map(3)
  reply.text('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.text(flag)
  reply.text('redirect')
  reply.integer(redirectOf(client))
  reply.text('prefixes')
  reply.array(tracked?.prefixes.length ?? 0)
  for (const prefix of tracked?.prefixes ?? []) {
    const bytes = Buffer.from(prefix, 'latin1')
    reply.bytes(bytes, 0, bytes.length)
  }
}
