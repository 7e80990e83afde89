/* Publish and subscribe. */

import { Range } from '../base/bytes.ts'
import { subcommandSyntax } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { InfoRegistry } from '../command/info.ts'
import { cmd, type Command, sub } from '../command/spec.ts'
import { EVENT, eventBits, eventLetters } from '../keyspace/event.ts'
import { type Kind, PubSub } from './pubsub.ts'

const LISTEN = 'pubsub noscript loading stale'
const TELL = 'pubsub loading stale'

export const commands: readonly Command[] = [
  cmd('PSUBSCRIBE pattern [pattern ...]', LISTEN, '', subscribeTo('pattern', 'psubscribe')),
  cmd('PUBLISH channel message', `${TELL} fast`, '', publish),
  sub('PUBSUB CHANNELS [pattern]', TELL, '', pubsubChannels),
  sub('PUBSUB HELP', 'loading stale', '', pubsubHelp),
  sub('PUBSUB NUMPAT', TELL, '', pubsubNumpat),
  sub('PUBSUB NUMSUB [channel [channel ...]]', TELL, '', pubsubNumsub),
  sub('PUBSUB SHARDCHANNELS [pattern]', TELL, '', pubsubShardchannels),
  sub('PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]', TELL, '', pubsubShardnumsub),
  cmd('PUNSUBSCRIBE [pattern [pattern ...]]', LISTEN, '', unsubscribeFrom('pattern', 'punsubscribe')),
  cmd('SPUBLISH shardchannel message', `${TELL} fast`, 'not_key@1', spublish),
  cmd('SSUBSCRIBE shardchannel [shardchannel ...]', LISTEN, 'not_key@1..-1', subscribeTo('shard', 'ssubscribe')),
  cmd('SUBSCRIBE channel [channel ...]', LISTEN, '', subscribeTo('channel', 'subscribe')),
  cmd(
    'SUNSUBSCRIBE [shardchannel [shardchannel ...]]',
    LISTEN,
    'not_key@1..-1',
    unsubscribeFrom('shard', 'sunsubscribe'),
  ),
  cmd('UNSUBSCRIBE [channel [channel ...]]', LISTEN, '', unsubscribeFrom('channel', 'unsubscribe')),
]

/** Set up the tables, and the notifications of key events. */
export function installPubSub(engine: Engine): void {
  const pubsub = engine.provide(PubSub, new PubSub(engine))
  const listen = pubsub.notify.bind(pubsub)
  engine.service(InfoRegistry).extend('Stats', () => [
    ['pubsub_channels', pubsub.channel.size],
    ['pubsub_patterns', pubsub.pattern.size],
    ['pubsubshard_channels', pubsub.shard.size],
  ])
  engine.config.add([
    {
      name: 'notify-keyspace-events',
      get: () => eventLetters(pubsub.events),
      set(text) {
        const bits = eventBits(text)
        if (bits < 0) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
        pubsub.events = bits
        const toChannels = bits & (EVENT.keyspace | EVENT.keyevent)
        engine.listen(listen, toChannels === 0 ? 0 : bits & ~(EVENT.keyspace | EVENT.keyevent))
        return null
      },
    },
  ])
}

/** What a client is told to be subscribed to: shard channels count by themselves. */
function count(client: Client, kind: Kind): number {
  return kind === 'shard' ? (client.shardChannels?.size ?? 0) : client.subscriptions
}

function subscribeTo(kind: Kind, word: string): (ctx: Context, args: Args) => void {
  return ({ client, engine, reply }, args) => {
    const pubsub = engine.service(PubSub)
    client.pushed = true
    while (args.left > 0) {
      const name = args.bytes()
      pubsub.add(client, kind, name.latin1())
      reply.push(3)
      reply.text(word)
      reply.bulk(name)
      reply.integer(count(client, kind))
    }
  }
}

function unsubscribeFrom(kind: Kind, word: string): (ctx: Context, args: Args) => void {
  return ({ client, engine, reply }, args) => {
    const pubsub = engine.service(PubSub)
    client.pushed = true
    const names: string[] = []
    while (args.left > 0) names.push(args.bytes().latin1())
    const own = { channel: client.channels, pattern: client.patterns, shard: client.shardChannels }[kind]
    if (args.argc === 1) names.push(...(own ?? []))
    for (const name of names) {
      pubsub.remove(client, kind, name)
      reply.push(3)
      reply.text(word)
      const bytes = Buffer.from(name, 'latin1')
      reply.bytes(bytes, 0, bytes.length)
      reply.integer(count(client, kind))
    }
    if (names.length > 0) return
    reply.push(3)
    reply.text(word)
    reply.null()
    reply.integer(count(client, kind))
  }
}

function publish(ctx: Context, args: Args): void {
  const channel = args.bytes()
  const message = args.bytes()
  const receivers = ctx.engine.service(PubSub).publish(channel, message)
  ctx.propagate('PUBLISH', channel, message)
  ctx.reply.integer(receivers)
}

function spublish(ctx: Context, args: Args): void {
  const channel = args.bytes()
  const message = args.bytes()
  const receivers = ctx.engine.service(PubSub).publishShard(channel, message)
  ctx.propagate('SPUBLISH', channel, message)
  ctx.reply.integer(receivers)
}

function replyNames(ctx: Context, args: Args, kind: 'channel' | 'shard'): void {
  if (args.left > 1) throw subcommandSyntax('PUBSUB', args.at(1).latin1())
  const names = ctx.engine.service(PubSub).names(kind, args.left > 0 ? args.bytes() : null)
  ctx.reply.array(names.length)
  for (const name of names) ctx.reply.bulk(Range.of(Buffer.from(name, 'latin1')))
}

function pubsubChannels(ctx: Context, args: Args): void {
  replyNames(ctx, args, 'channel')
}

function pubsubShardchannels(ctx: Context, args: Args): void {
  replyNames(ctx, args, 'shard')
}

function replyCounts(ctx: Context, args: Args, kind: 'channel' | 'shard'): void {
  const table = ctx.engine.service(PubSub)[kind]
  ctx.reply.array(args.left * 2)
  while (args.left > 0) {
    const name = args.bytes()
    ctx.reply.bulk(name)
    ctx.reply.integer(table.get(name.latin1())?.size ?? 0)
  }
}

function pubsubNumsub(ctx: Context, args: Args): void {
  replyCounts(ctx, args, 'channel')
}

function pubsubShardnumsub(ctx: Context, args: Args): void {
  replyCounts(ctx, args, 'shard')
}

function pubsubNumpat({ engine, reply }: Context): void {
  reply.integer(engine.service(PubSub).pattern.size)
}

const HELP = [
  'PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
  'SHARDCHANNELS [<pattern>]',
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Return the number of subscribers for the specified shard level channel(s)',
  'HELP',
  '    Print this help.',
]

function pubsubHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
