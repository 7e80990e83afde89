/* Functions: FCALL, FCALL_RO and FUNCTION. */

import { Range } from '../base/bytes.ts'
import { ReplyError, replyError, subcommandSyntax } from '../base/errors.ts'
import { matchGlob } from '../base/glob.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import { cmd, type Command, sub } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import { OPCODE } from '../persistence/rdb/format.ts'
import { closePayload, openPayload } from '../persistence/rdb/payload.ts'
import { RdbReader } from '../persistence/rdb/reader.ts'
import { writeLibrary } from '../persistence/rdb/file.ts'
import { RdbWriter } from '../persistence/rdb/writer.ts'
import type { Reply } from '../resp/reply.ts'
import { keyCount } from './commands.ts'
import { SCRIPT_ERR } from './errors.ts'
import { flagNames } from './flags.ts'
import { FunctionStore, type Library } from './functions.ts'
import { Scripts } from './scripts.ts'

const RUN = 'noscript stale skip_monitor no_mandatory_keys'
const SHARDS = '~request_policy:all_shards ~response_policy:all_succeeded'
const REST = 'numkeys [key [key ...]] [arg [arg ...]]'

export const commands: readonly Command[] = [
  cmd(`FCALL function ${REST}`, RUN, 'RW access update', (ctx, args) => fcall(ctx, args, false)),
  cmd(`FCALL_RO function ${REST}`, `read ${RUN}`, 'RO access', (ctx, args) => fcall(ctx, args, true)),
  sub('FUNCTION DELETE library-name', `write noscript ${SHARDS}`, '', functionDelete),
  sub('FUNCTION DUMP', 'noscript', '', functionDump),
  sub('FUNCTION FLUSH [<ASYNC|SYNC>]', `write noscript ${SHARDS}`, '', functionFlush),
  sub('FUNCTION HELP', 'loading stale', '', functionHelp),
  sub(
    'FUNCTION KILL',
    'noscript allow_busy ~request_policy:all_shards ~response_policy:one_succeeded',
    '',
    functionKill,
  ),
  sub(
    'FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]',
    'noscript ~nondeterministic_output_order',
    '',
    functionList,
  ),
  sub('FUNCTION LOAD [REPLACE] function-code', `write denyoom noscript ${SHARDS}`, '', functionLoad),
  sub(
    'FUNCTION RESTORE serialized-value [<FLUSH|APPEND|REPLACE>]',
    `write denyoom noscript ${SHARDS}`,
    '',
    functionRestore,
  ),
  sub(
    'FUNCTION STATS',
    'noscript allow_busy ~nondeterministic_output ~request_policy:all_shards ~response_policy:special',
    '',
    functionStats,
  ),
]

function fcall(ctx: Context, args: Args, readOnlyCommand: boolean): Suspended | undefined {
  const store = ctx.engine.service(FunctionStore)
  const name = args.at(1).latin1()
  if (store.find(name) === null) throw SCRIPT_ERR.noFunction
  const keys = keyCount(args, SCRIPT_ERR.badKeyCount)
  const { machine } = store // may give the functions new references
  return ctx.engine.service(Scripts).start(ctx, args, machine, store.find(name)!, readOnlyCommand, keys)
}

function functionLoad({ engine, reply }: Context, args: Args): void {
  let replaces = false
  while (args.left > 1) {
    if (!args.word('replace')) throw replyError(`ERR Unknown option given: ${args.bytes().latin1()}`)
    replaces = true
  }
  const name = engine.service(FunctionStore).load(args.bytes().copy(), replaces)
  engine.keyspace.dirty++
  reply.text(name)
}

function functionDelete({ engine, reply }: Context, args: Args): void {
  if (!engine.service(FunctionStore).delete(args.bytes().latin1())) throw SCRIPT_ERR.noLibrary
  engine.keyspace.dirty++
  reply.ok()
}

function functionFlush({ engine, reply }: Context, args: Args): void {
  if (args.left > 1) throw subcommandSyntax('FUNCTION', args.at(1).latin1())
  if (args.left > 0 && !args.word('async') && !args.word('sync')) throw SCRIPT_ERR.functionFlushOption
  engine.service(FunctionStore).clear()
  engine.keyspace.dirty++
  reply.ok()
}

function functionKill({ engine, reply }: Context): void {
  engine.service(Scripts).kill('function')
  reply.ok()
}

// ------------------------------------------------------------------ what there is

function functionList({ engine, reply, out }: Context, args: Args): void {
  let pattern: Range | null = null
  let withCode = false
  while (args.left > 0) {
    if (!withCode && args.word('withcode')) withCode = true
    else if (pattern === null && args.word('libraryname')) {
      if (args.left === 0) throw SCRIPT_ERR.libraryNameMissing
      pattern = args.bytes()
    } else throw replyError(`ERR Unknown argument ${args.bytes().latin1()}`)
  }
  const list = reply.deferred()
  let count = 0
  for (const library of engine.service(FunctionStore).libraries) {
    const name = Buffer.from(library.name, 'latin1')
    if (pattern !== null && !matchGlob(pattern, out.set(name, 0, name.length), true)) continue
    writeLibraryEntry(reply, library, withCode)
    count++
  }
  reply.fillArray(list, count)
}

function writeLibraryEntry(reply: Reply, library: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3)
  reply.text('library_name')
  reply.text(library.name)
  reply.text('engine')
  reply.text('LUA')
  reply.text('functions')
  reply.array(library.functions.length)
  for (const { name, description, flags } of library.functions) {
    reply.map(3)
    reply.text('name')
    reply.text(name)
    reply.text('description')
    if (description === null) reply.null()
    else reply.bulk(Range.of(Buffer.from(description, 'latin1')))
    reply.text('flags')
    const names = flagNames(flags)
    reply.set(names.length)
    for (const flag of names) reply.status(flag)
  }
  if (!withCode) return
  reply.text('library_code')
  reply.bulk(Range.of(library.code))
}

function functionStats({ engine, reply }: Context): void {
  const { running } = engine.service(Scripts)
  const store = engine.service(FunctionStore)
  reply.map(2)
  reply.text('running_script')
  if (running === null) reply.null()
  else {
    reply.map(3)
    reply.text('name')
    reply.text(running.code.name)
    reply.text('command')
    reply.array(running.command.length)
    for (const part of running.command) reply.bulk(Range.of(part))
    reply.text('duration_ms')
    reply.integer(Math.floor((engine.clock.microseconds() - running.startMicros) / 1000))
  }
  reply.text('engines')
  reply.map(1)
  reply.text('LUA')
  reply.map(2)
  reply.text('libraries_count')
  reply.integer(store.libraryCount)
  reply.text('functions_count')
  reply.integer(store.functionCount)
}

// ------------------------------------------------------------------ payloads

function functionDump({ engine, reply, out }: Context): void {
  const writer = new RdbWriter(engine.keyspace.memory)
  for (const code of engine.service(FunctionStore).codes()) writeLibrary(writer, Range.of(code))
  closePayload(writer)
  reply.bulk(writer.result(out))
  writer.release()
}

function functionRestore({ engine, reply }: Context, args: Args): void {
  if (args.left > 2) throw subcommandSyntax('FUNCTION', args.at(1).latin1())
  const payload = args.bytes()
  const policy = args.word('flush') ? 'flush' : args.word('replace') ? 'replace' : 'append'
  if (policy === 'append' && args.left > 0 && !args.word('append')) throw SCRIPT_ERR.restorePolicy
  if (!openPayload(payload)) throw SCRIPT_ERR.payload
  const codes = payloadCodes(new RdbReader(engine.keyspace.memory), payload)
  engine.service(FunctionStore).restoreAll(codes, policy)
  engine.keyspace.dirty++
  reply.ok()
}

/** The codes in a payload. @throws when it holds anything else. */
function payloadCodes(reader: RdbReader, payload: Range): Buffer[] {
  const codes: Buffer[] = []
  const code = new Range()
  reader.over(payload)
  try {
    while (!reader.isAtEnd) {
      if (reader.byte() !== OPCODE.function) throw SCRIPT_ERR.payloadContent
      reader.string(code)
      codes.push(code.copy())
    }
  } catch (error) {
    throw error instanceof ReplyError ? error : SCRIPT_ERR.payloadContent
  } finally {
    reader.release()
  }
  return codes
}

const HELP = [
  'FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'LOAD [REPLACE] <FUNCTION CODE>',
  '    Create a new library with the given library name and code.',
  'DELETE <LIBRARY NAME>',
  '    Delete the given library.',
  'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
  '    Return general information on all the libraries:',
  '    * Library name',
  '    * The engine used to run the Library',
  '    * Functions list',
  '    * Library code (if WITHCODE is given)',
  '    It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
  'STATS',
  '    Return information about the current function running:',
  '    * Function name',
  '    * Command used to run the function',
  '    * Duration in MS that the function is running',
  '    If no function is running, return nil',
  '    In addition, returns a list of available engines.',
  'KILL',
  '    Kill the current running function.',
  'FLUSH [ASYNC|SYNC]',
  '    Delete all the libraries.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the libraries.',
  '    * SYNC: Synchronously flush the libraries.',
  'DUMP',
  '    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command',
  'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
  '    Restore the libraries represented by the given payload, it is possible to give a restore policy to',
  '    control how to handle existing libraries (default APPEND):',
  '    * FLUSH: delete all existing libraries.',
  '    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.',
  '    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old',
  '      libraries with the new libraries (notice that even on this option there is a chance of failure',
  '      in case of functions name collision with another library).',
  'HELP',
  '    Print this help.',
]

function functionHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
