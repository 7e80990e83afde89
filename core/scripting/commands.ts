/* Scripts: EVAL and its kin, SCRIPT. */

import { type Range, Range as ByteRange } from '../base/bytes.ts'
import { ERR, replyError } from '../base/errors.ts'
import { Log } from '../base/log.ts'
import { parseInteger } from '../base/numbers.ts'
import { REDIS_VERSION } from '../base/version.ts'
import type { Args } from '../command/args.ts'
import { memoryParameter, numberParameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import { humanBytes, InfoRegistry } from '../command/info.ts'
import type { Engine } from '../command/engine.ts'
import { Libraries } from '../command/libraries.ts'
import { cmd, type Command, sub } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import type { Entry } from '../command/table.ts'
import { Script, shaOf } from './cache.ts'
import { SCRIPT_ERR } from './errors.ts'
import { SCRIPT_FLAG, scriptHead } from './flags.ts'
import { FunctionStore } from './functions.ts'
import { Scripts } from './scripts.ts'

const RUN = 'noscript stale skip_monitor no_mandatory_keys'
const NODES = '~request_policy:all_nodes ~response_policy:all_succeeded'
const REST = 'numkeys [key [key ...]] [arg [arg ...]]'

export const commands: readonly Command[] = [
  cmd(`EVAL script ${REST}`, RUN, 'RW access update', (ctx, args) => evalText(ctx, args, false)),
  cmd(`EVALSHA sha1 ${REST}`, RUN, 'RW access update', (ctx, args) => evalSha(ctx, args, false)),
  cmd(`EVALSHA_RO sha1 ${REST}`, `read ${RUN}`, 'RO access', (ctx, args) => evalSha(ctx, args, true)),
  cmd(`EVAL_RO script ${REST}`, `read ${RUN}`, 'RO access', (ctx, args) => evalText(ctx, args, true)),
  sub('SCRIPT DEBUG <YES|SYNC|NO>', 'noscript', '', scriptDebug),
  sub(
    'SCRIPT EXISTS sha1 [sha1 ...]',
    'noscript ~request_policy:all_shards ~response_policy:agg_logical_and',
    '',
    scriptExists,
  ),
  sub('SCRIPT FLUSH [<ASYNC|SYNC>]', `noscript ${NODES}`, '', scriptFlush),
  sub('SCRIPT HELP', 'loading stale', '', scriptHelp),
  sub('SCRIPT KILL', 'noscript allow_busy ~request_policy:all_shards ~response_policy:one_succeeded', '', scriptKill),
  sub('SCRIPT LOAD script', `noscript stale ${NODES}`, '', scriptLoad),
]

/** Set up scripts and functions. Nothing is made of the Lua machine before the first of them runs. */
export function installScripting(engine: Engine): void {
  const scripts = engine.provide(Scripts, new Scripts(engine, REDIS_VERSION, engine.service(Log)))
  const functions = engine.provide(FunctionStore, new FunctionStore(scripts))
  engine.provide(Libraries, functions)
  engine.checks.mayWrite = (entry, args) => mayWrite(scripts, functions, entry, args)
  engine.service(InfoRegistry).extend('Memory', () => [
    ['used_memory_lua', scripts.usedBytes],
    ['used_memory_lua_human', humanBytes(scripts.usedBytes)],
    ['used_memory_vm_eval', scripts.usedBytes],
    ['used_memory_vm_functions', functions.usedBytes],
    ['used_memory_vm_total', scripts.usedBytes + functions.usedBytes],
    ['used_memory_vm_total_human', humanBytes(scripts.usedBytes + functions.usedBytes)],
    ['number_of_cached_scripts', scripts.cache.count],
    ['number_of_functions', functions.functionCount],
    ['number_of_libraries', functions.libraryCount],
  ])
  engine.service(InfoRegistry).extend('Stats', () => [['evicted_scripts', scripts.cache.evicted]])
  engine.config.add([
    numberParameter('busy-reply-threshold', scripts.settings, 'busyThresholdMs', { alias: 'lua-time-limit' }),
    memoryParameter('lua-memory-limit', scripts.settings, 'memoryMax', { min: 4 << 20, max: 2 ** 31 }),
  ])
}

/** Whether what EVAL, EVALSHA or FCALL would run may write: all but what says that it does not. */
function mayWrite(scripts: Scripts, functions: FunctionStore, entry: Entry, args: Args): boolean {
  switch (entry.name) {
    case 'eval':
      return !(flagsOf(args.at(1)) & SCRIPT_FLAG.noWrites)
    case 'evalsha':
      return !((scripts.cache.useNamed(args.at(1))?.flags ?? 0) & SCRIPT_FLAG.noWrites)
    case 'fcall':
      return !((functions.find(args.at(1).latin1())?.flags ?? 0) & SCRIPT_FLAG.noWrites)
    default:
      return false
  }
}

/** The flags that a script gives itself; none when they cannot be read. */
function flagsOf(text: Range): number {
  try {
    return scriptHead(text).flags
  } catch {
    return 0
  }
}

/** The number of keys at argument 2, checked. */
export function keyCount(args: Args, refusal = ERR.notInteger): number {
  const count = parseInteger(args.buf, args.starts[2]!, args.ends[2]!)
  if (!Number.isFinite(count)) throw refusal
  if (count > args.argc - 3) throw SCRIPT_ERR.tooManyKeys
  if (count < 0) throw SCRIPT_ERR.negativeKeys
  return count
}

// ------------------------------------------------------------------ running

function evalText(ctx: Context, args: Args, readOnlyCommand: boolean): Suspended | undefined {
  const scripts = ctx.engine.service(Scripts)
  const keys = keyCount(args)
  const text = args.at(1)
  const sha = shaOf(text)
  const script = scripts.cache.use(sha) ?? addScript(scripts, sha, text, false)
  return run(ctx, args, scripts, script, keys, readOnlyCommand)
}

const SHA_LENGTH = 40

function evalSha(ctx: Context, args: Args, readOnlyCommand: boolean): Suspended | undefined {
  const scripts = ctx.engine.service(Scripts)
  const name = args.at(1)
  if (name.length !== SHA_LENGTH) throw SCRIPT_ERR.noScript
  const keys = keyCount(args)
  const script = scripts.cache.useNamed(name)
  if (script === null) throw SCRIPT_ERR.noScript
  return run(ctx, args, scripts, script, keys, readOnlyCommand)
}

function run(
  ctx: Context,
  args: Args,
  scripts: Scripts,
  script: Script,
  keys: number,
  readOnlyCommand: boolean,
): Suspended | undefined {
  const { machine } = scripts
  if (script.generation !== scripts.generation) compile(scripts, script)
  return scripts.start(ctx, args, machine, script, readOnlyCommand, keys)
}

/** A script that is not in the cache: read its head, compile it, keep it. @throws what is wrong with it. */
function addScript(scripts: Scripts, sha: string, text: Range, keeps: boolean): Script {
  const { flags, codeStart } = scriptHead(text)
  const script = new Script(sha, text.copy(), codeStart - text.start, flags)
  compile(scripts, script)
  if (keeps) scripts.cache.keep(script)
  else scripts.cache.add(script)
  return script
}

function compile(scripts: Scripts, script: Script): void {
  const { machine } = scripts
  const code = new ByteRange(script.text, script.codeStart, script.text.length)
  const compiled = machine.compile(code)
  if (machine.broken) scripts.dropMachine()
  if (typeof compiled === 'string') throw replyError(`ERR Error compiling script (new function): ${compiled}`)
  script.reference = compiled
  script.generation = scripts.generation
}

// ------------------------------------------------------------------ SCRIPT

function scriptLoad({ engine, reply }: Context, args: Args): void {
  const scripts = engine.service(Scripts)
  const text = args.bytes()
  const sha = shaOf(text)
  const known = scripts.cache.use(sha)
  if (known !== null) scripts.cache.keep(known)
  else addScript(scripts, sha, text, true)
  reply.text(sha)
}

function scriptExists({ engine, reply }: Context, args: Args): void {
  const { cache } = engine.service(Scripts)
  reply.array(args.left)
  while (args.left > 0) reply.integer(cache.has(args.bytes().latin1().toLowerCase()) ? 1 : 0)
}

function scriptFlush({ engine, reply }: Context, args: Args): void {
  if (args.left > 0 && !args.word('async') && !args.word('sync')) throw SCRIPT_ERR.flushOption
  if (args.left > 0) throw SCRIPT_ERR.flushOption
  const scripts = engine.service(Scripts)
  scripts.cache.clear()
  scripts.dropMachine()
  reply.ok()
}

function scriptKill({ engine, reply }: Context): void {
  engine.service(Scripts).kill('script')
  reply.ok()
}

function scriptDebug({ reply }: Context, args: Args): void {
  if (args.word('no')) {
    reply.ok()
    return
  }
  throw args.word('yes') || args.word('sync') ? SCRIPT_ERR.debugRefused : SCRIPT_ERR.debugOption
}

const HELP = [
  'SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'DEBUG (YES|SYNC|NO)',
  '    Set the debug mode for subsequent scripts executed.',
  'EXISTS <sha1> [<sha1> ...]',
  '    Return information about the existence of the scripts in the script cache.',
  'FLUSH [ASYNC|SYNC]',
  '    Flush the Lua scripts cache. Very dangerous on replicas.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the scripts cache.',
  '    * SYNC: Synchronously flush the scripts cache.',
  'KILL',
  '    Kill the currently executing Lua script.',
  'LOAD <script>',
  '    Load a script into the scripts cache without executing it.',
  'HELP',
  '    Print this help.',
]

function scriptHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
