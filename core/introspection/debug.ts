/* DEBUG -- for tests and for those who look inside. */

import { ERR, ReplyError, replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import { cmd, type Command } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import { LRU_WORD, recordWord } from '../keyspace/record.ts'
import type { Reply } from '../resp/reply.ts'
import { digestOfAll, digestOfValue } from './digest.ts'

export const debugCommands: readonly Command[] = [
  cmd('DEBUG subcommand [arg [arg ...]]', 'admin noscript loading stale protected', '', debug),
]

function debug(ctx: Context, args: Args): undefined | Suspended {
  const { engine, reply, db } = ctx
  const word = args.lower()
  switch (word) {
    case 'sleep':
      return sleep(ctx, args)
    case 'set-active-expire':
      engine.activeExpiry = args.int() !== 0
      reply.ok()
      break
    case 'object':
      object(ctx, args)
      break
    case 'digest':
      digest(ctx, args)
      break
    case 'digest-value':
      reply.array(args.left)
      while (args.left > 0) {
        reply.status(digestOfValue(db, db.find(args.key())))
      }
      break
    case 'jmap':
    case 'quicklist-packed-threshold':
    case 'stringmatch-len':
    case 'dict-resizing':
    case 'replybuffer':
    case 'change-repl-id':
      reply.ok() // nothing of the kind exists here, and the answer changes nothing
      break
    case 'protocol':
      protocol(reply, args.lower())
      break
    case 'reload':
      return reload(ctx, args)
    case 'loadaof':
      return finishWith(ctx, ctx.engine.onLoadAof?.(), 'ERR Error trying to load the AOF files, check server logs')
    case 'help':
      help(reply)
      break
    default:
      throw unknownSubcommand(args)
  }
  return undefined
}

function unknownSubcommand(args: Args): ReplyError {
  const name = args.at(1).latin1()
  return replyError(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`)
}

function digest({ engine, reply }: Context, args: Args): void {
  const isExact = args.left === 1 && args.word('exact')
  if (args.left > 0) throw unknownSubcommand(args)
  reply.status(digestOfAll(engine.keyspace, isExact))
}

function sleep(ctx: Context, args: Args): undefined | Suspended {
  const seconds = args.double(ERR.notFloat)
  if (seconds < 0) throw ERR.timeoutNegative
  if (!ctx.mayBlock) {
    ctx.reply.ok()
    return undefined
  }
  return ctx.suspend(finish => {
    ctx.engine.clock.after(seconds * 1000, () => finish(reply => reply.ok()))
  })
}

function reload(ctx: Context, args: Args): Suspended {
  const options = { saves: true, flushes: true, merges: false }
  while (args.left > 0) {
    if (args.word('merge')) options.merges = true
    else if (args.word('noflush')) options.flushes = false
    else if (args.word('nosave')) options.saves = false
    else throw replyError('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
  }
  return finishWith(ctx, ctx.engine.onReload?.(options), 'ERR Error trying to load the RDB dump, check server logs')
}

/** Answer when a load is done; `refusal` when it fails with anything but a refusal of its own. */
function finishWith(ctx: Context, load: Promise<void> | undefined, refusal: string): Suspended {
  if (load === undefined) throw replyError(refusal)
  return ctx.suspend(finish => {
    load.then(
      () => finish(reply => reply.ok()),
      (error: unknown) => finish(reply => reply.error(error instanceof ReplyError ? error : replyError(refusal))),
    )
  })
}

function object({ db, engine, reply }: Context, args: Args): void {
  const record = db.find(args.key())
  if (record === 0) throw ERR.noSuchKey
  const type = engine.keyspace.types[db.typeOf(record)]!
  const value = db.view(record, type)
  const lru = recordWord(engine.keyspace.memory, record, LRU_WORD) & 0xffffff
  const idle = (engine.keyspace.lruClock - lru) & 0xffffff
  reply.status(
    `Value at:0x${(record >>> 0).toString(16)} refcount:1 encoding:${type.encoding(value)} ` +
      `serializedlength:${db.sizeBytes(record)} lru:${lru} lru_seconds_idle:${idle}`,
  )
}

const THREE = [0, 1, 2]

/** One reply of each kind that a protocol has. */
const KINDS: Readonly<Record<string, (reply: Reply) => void>> = {
  string: reply => reply.text('Hello World'),
  integer: reply => reply.integer(12345),
  double: reply => reply.doubleText('3.141'),
  null: reply => reply.null(),
  array(reply) {
    reply.array(3)
    for (const n of THREE) reply.integer(n)
  },
  set(reply) {
    reply.set(3)
    for (const n of THREE) reply.integer(n)
  },
  map(reply) {
    reply.map(3)
    for (const n of THREE) {
      reply.integer(n)
      reply.bool(n === 1)
    }
  },
  bignum: reply => reply.bigNumber('1234567999999999999999999999999999999'),
  true: reply => reply.bool(true),
  false: reply => reply.bool(false),
  verbatim: reply => reply.verbatim('txt', 'This is a verbatim\nstring'),
}

const BAD_KIND = replyError(
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|attrib|push|verbatim|true|false',
)

function protocol(reply: Reply, kind: string): void {
  const write = KINDS[kind]
  if (write === undefined) throw BAD_KIND
  write(reply)
}

const HELP = [
  'DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'DIGEST',
  '    One number for all data, whatever its order.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    The same for the values of some keys.',
  'OBJECT <key>',
  '    How the value of a key is kept.',
  'PROTOCOL <type>',
  '    A reply of the given type.',
  'LOADAOF',
  '    Flush the AOF buffers on disk and reload the AOF in memory.',
  'RELOAD [<option> ...]',
  '    Save the data, forget it, and load it again. Options:',
  '    * MERGE: a key that is there already is replaced by that of the file.',
  '    * NOFLUSH: what is there is kept; a key that comes again is an error without MERGE.',
  '    * NOSAVE: the file is loaded as it is.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Whether keys whose time has come are looked for.',
  'SLEEP <seconds>',
  '    Answer after some time; others are served meanwhile.',
  'HELP',
  '    Print this help.',
]

function help(reply: Reply): void {
  reply.array(HELP.length)
  for (const line of HELP) reply.status(line)
}
