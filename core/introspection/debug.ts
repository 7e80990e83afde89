/* DEBUG -- for tests and for those who look inside. */

import type { Range } from '../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../base/errors.ts'
import { Log } from '../base/log.ts'
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
      sleep(ctx, args)
      break
    case 'error':
      throw replyError(
        onlyOne(args)
          .text()
          .replace(/[\r\n]/g, ' '),
      )
    case 'log':
      engine.service(Log).warning(`DEBUG LOG: ${onlyOne(args).text()}`)
      reply.ok()
      break
    case 'populate':
      populate(ctx, args)
      break
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
      protocol(reply, onlyOne(args).text().toLowerCase())
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

/** The argument of a subcommand that takes one. */
function onlyOne(args: Args): Range {
  if (args.argc !== 3) throw unknownSubcommand(args)
  return args.bytes()
}

/** As in Redis everyone waits, not this client alone, and what is no number counts as 0. */
function sleep({ engine, reply }: Context, args: Args): void {
  const seconds = Number.parseFloat(onlyOne(args).text())
  if (seconds > 0) engine.clock.block(seconds * 1000)
  engine.setTime()
  reply.ok()
}

const NOT_POSITIVE = replyError('ERR value is out of range, must be positive')

/** Keys `prefix:0` and on, with strings `value:0` and on, filled up with zero bytes; keys that are there stay as they are. */
function populate({ db, engine, reply }: Context, args: Args): void {
  if (args.left === 0 || args.argc > 5) throw unknownSubcommand(args)
  const count = args.int(NOT_POSITIVE)
  if (count < 0) throw NOT_POSITIVE
  const prefix = args.left > 0 ? args.text() : 'key'
  const size = args.left > 0 ? args.int(NOT_POSITIVE) : 0
  if (size < 0) throw NOT_POSITIVE
  const client = engine.addClient(null, true)
  client.db = db
  for (let i = 0; i < count; i++) {
    const value = `value:${i}`
    engine.call(client, ['SET', `${prefix}:${i}`, size === 0 ? value : value.padEnd(size, '\0').slice(0, size), 'NX'])
    client.reply.take()
  }
  engine.dropClient(client)
  reply.ok()
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
  if (args.left === 0) throw unknownSubcommand(args)
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
  attrib(reply) {
    if (reply.protocol === 3) {
      reply.attribute(1)
      reply.text('key-popularity')
      reply.array(2)
      reply.text('key:123')
      reply.integer(90)
    }
    reply.text('Some real reply following the attribute')
  },
  push(reply) {
    if (reply.protocol !== 3) throw replyError('ERR RESP2 is not supported by this command')
    reply.text('Some real reply following the push reply')
    reply.push(2)
    reply.text('server-cpu-usage')
    reply.integer(42)
  },
  bignum: reply => reply.bigNumber('1234567999999999999999999999999999999'),
  true: reply => reply.bool(true),
  false: reply => reply.bool(false),
  verbatim: reply => reply.verbatim('txt', 'This is a verbatim\nstring'),
}

const BAD_KIND = replyError(
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
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
  'ERROR <string>',
  '    Reply with this error.',
  'LOG <message>',
  '    Write a line to the log.',
  'OBJECT <key>',
  '    How the value of a key is kept.',
  'POPULATE <count> [<prefix>] [<size>]',
  '    Make string keys <prefix>:0 and on, filled up to <size> bytes.',
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
  '    Stop the server for so long: nobody is answered meanwhile.',
  'HELP',
  '    Print this help.',
]

function help(reply: Reply): void {
  reply.statuses(HELP)
}
