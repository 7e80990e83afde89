/* COMMAND -- what commands there are, worked out from their declarations. */

import { Range } from '../base/bytes.ts'
import { ERR, type ReplyError, replyError } from '../base/errors.ts'
import { matchGlob } from '../base/glob.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import { type KeyArgument, keysOf, legacyKeys } from '../command/keys.ts'
import { CATEGORIES, cmd, type Command, FLAG, type KeySpec, sub } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import type { Reply } from '../resp/reply.ts'
import { type Argument, argumentsOf } from './arguments.ts'
import { DEPRECATED, INTERNAL } from './docs-flags.ts'
import { DOCS } from './docs.ts'
import { COMMAND_HELP } from './help.ts'
import { allEntries } from './info.ts'

const BASE = 'loading stale @connection'
const UNORDERED = '~nondeterministic_output_order'

export const commandCommands: readonly Command[] = [
  cmd('COMMAND [subcommand ...]', `${BASE} ${UNORDERED}`, '', list),
  sub('COMMAND COUNT', BASE, '', count),
  sub('COMMAND DOCS [command-name [command-name ...]]', `${BASE} ${UNORDERED}`, '', docs),
  sub('COMMAND GETKEYS command [arg [arg ...]]', BASE, '', getkeys),
  sub('COMMAND GETKEYSANDFLAGS command [arg [arg ...]]', BASE, '', getkeysandflags),
  sub('COMMAND HELP', BASE, '', help),
  sub('COMMAND INFO [command-name [command-name ...]]', `${BASE} ${UNORDERED}`, '', info),
  sub(
    'COMMAND LIST [FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]',
    `${BASE} ${UNORDERED}`,
    '',
    names,
  ),
]

const NO_KEYS: ReplyError = replyError('ERR The command has no key arguments')
const BAD_ARGUMENTS: ReplyError = replyError('ERR Invalid arguments specified for command')
const NO_COMMAND: ReplyError = replyError('ERR Invalid command specified')
const BAD_COUNT: ReplyError = replyError('ERR Invalid number of arguments specified for command')

function list({ engine, reply }: Context): void {
  reply.array(engine.table.size)
  for (const entry of engine.table) replyEntry(reply, entry)
}

function count({ engine, reply }: Context): void {
  reply.integer(engine.table.size)
}

/** A command by name; subcommands are named `config|get`. */
function find({ engine }: Context, name: string): Entry | null {
  const [first, second, ...more] = name.split('|')
  const entry = engine.table.get(first!)
  if (second === undefined) return entry
  return more.length > 0 ? null : (entry?.subcommands?.get(second) ?? null)
}

function info(ctx: Context, args: Args): void {
  if (args.left === 0) {
    list(ctx)
    return
  }
  ctx.reply.array(args.left)
  while (args.left > 0) {
    const entry = find(ctx, args.text())
    if (entry === null) ctx.reply.null()
    else replyEntry(ctx.reply, entry)
  }
}

const FLAG_NAMES = Object.entries(FLAG).filter(([name]) => name !== 'protected' && name !== 'brief')

function replyEntry(reply: Reply, entry: Entry): void {
  const { command } = entry
  reply.array(10)
  reply.text(entry.name)
  reply.integer(entry.arity)
  const flags = FLAG_NAMES.filter(([, bit]) => entry.flags & bit).map(([name]) => name)
  reply.set(flags.length)
  for (const flag of flags) reply.status(flag)
  for (const n of legacyKeys(command.keySpecs)) reply.integer(n)
  reply.set(entry.categories.length)
  for (const category of entry.categories) reply.status(`@${category}`)
  reply.set(command.tips.length)
  for (const tip of command.tips) reply.text(tip)
  reply.set(command.keySpecs.length)
  for (const spec of command.keySpecs) replySpec(reply, entry, spec)
  const subcommands = entry.subcommands === null ? [] : [...entry.subcommands]
  reply.set(subcommands.length)
  for (const subcommand of subcommands) replyEntry(reply, subcommand)
}

/** What Redis adds to the specifications whose flags depend on the options. */
const NOTES: Readonly<Record<string, string>> = {
  set: 'RW and ACCESS due to the optional `GET` argument',
  bitfield: 'This command allows both access and modification of the key',
}

function replySpec(reply: Reply, entry: Entry, spec: KeySpec): void {
  const note = spec.flags.includes('variable_flags') ? NOTES[entry.name] : undefined
  reply.map(note === undefined ? 3 : 4)
  if (note !== undefined) {
    reply.text('notes')
    reply.text(note)
  }
  reply.text('flags')
  reply.set(spec.flags.length)
  for (const flag of spec.flags) reply.status(flag)
  const { begin, find: keys } = spec
  reply.text('begin_search')
  if (begin.type === 'index') replyPart(reply, 'index', [['index', begin.index]])
  else if (begin.type === 'keyword')
    replyPart(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.from],
    ])
  else replyPart(reply, 'unknown', [])
  reply.text('find_keys')
  if (keys.type === 'range')
    replyPart(reply, 'range', [
      ['lastkey', keys.last],
      ['keystep', keys.step],
      ['limit', keys.limit],
    ])
  else if (keys.type === 'keynum')
    replyPart(reply, 'keynum', [
      ['keynumidx', keys.at],
      ['firstkey', keys.first],
      ['keystep', keys.step],
    ])
  else replyPart(reply, 'unknown', [])
}

function replyPart(reply: Reply, type: string, values: readonly (readonly [string, string | number])[]): void {
  reply.map(2)
  reply.text('type')
  reply.text(type)
  reply.text('spec')
  reply.map(values.length)
  for (const [name, value] of values) {
    reply.text(name)
    if (typeof value === 'number') reply.integer(value)
    else reply.text(value)
  }
}

function names({ engine, reply }: Context, args: Args): void {
  let keep: (entry: Entry) => boolean = () => true
  if (args.left > 0) {
    if (args.left !== 3 || !args.word('filterby')) throw ERR.syntax
    if (args.word('module')) {
      const module = args.text().toLowerCase()
      keep = entry => entry.module.toLowerCase() === module && module !== ''
    } else if (args.word('aclcat')) {
      const category = args.text().toLowerCase()
      const isKnown = (CATEGORIES as readonly string[]).includes(category)
      keep = entry => isKnown && entry.categories.includes(category)
    } else if (args.word('pattern')) {
      const pattern = args.bytes()
      keep = entry => matchGlob(pattern, Range.of(entry.name), true)
    } else throw ERR.syntax
  }
  const found = [...allEntries(engine)].filter(keep)
  reply.array(found.length)
  for (const entry of found) reply.text(entry.name)
}

// ------------------------------------------------------------------ GETKEYS

/** The command behind COMMAND GETKEYS, as arguments of its own, and its keys. */
function inner(ctx: Context, args: Args): { whole: Args; keys: KeyArgument[] } {
  const whole = args.tail(2)
  const entry = ctx.engine.resolve(whole)
  if (entry === null) throw NO_COMMAND
  if (entry.command.keySpecs.every(spec => spec.flags.includes('not_key'))) throw NO_KEYS
  if (entry.arity > 0 ? whole.argc !== entry.arity : whole.argc < -entry.arity) throw BAD_COUNT
  const keys = keysOf(entry, whole)
  if (keys.length === 0 && !(entry.flags & FLAG.no_mandatory_keys)) throw BAD_ARGUMENTS
  return { whole, keys }
}

function getkeys(ctx: Context, args: Args): void {
  const { whole, keys } = inner(ctx, args)
  ctx.reply.array(keys.length)
  for (const { at } of keys) ctx.reply.bulk(whole.at(at))
}

function getkeysandflags(ctx: Context, args: Args): void {
  const { whole, keys } = inner(ctx, args)
  ctx.reply.array(keys.length)
  for (const { at, flags } of keys) {
    ctx.reply.array(2)
    ctx.reply.bulk(whole.at(at))
    ctx.reply.set(flags.length)
    for (const flag of flags) ctx.reply.status(flag)
  }
}

// ------------------------------------------------------------------ DOCS

function docs(ctx: Context, args: Args): void {
  const { engine, reply } = ctx
  const chosen: Entry[] = []
  if (args.left === 0) chosen.push(...engine.table)
  while (args.left > 0) {
    const entry = find(ctx, args.text())
    if (entry !== null) chosen.push(entry)
  }
  reply.map(chosen.length)
  for (const entry of chosen) replyDocs(reply, entry)
}

function replyDocs(reply: Reply, entry: Entry): void {
  const known = entry.docs ?? DOCS.get(entry.name)
  const subcommands = entry.subcommands === null ? [] : [...entry.subcommands]
  const isBare = entry.command.synopsis.includes('[subcommand') || entry.command.synopsis.startsWith('DEBUG')
  const parts = isBare ? [] : argumentsOf(entry.command.synopsis, entry.name.includes('|') ? 2 : 1)
  const lines: (readonly [string, string])[] = [['summary', known?.summary ?? entry.command.synopsis]]
  if (known !== undefined) lines.push(['since', known.since])
  lines.push(['group', entry.module === '' ? entry.group : 'module'])
  if (known !== undefined) lines.push(['complexity', known.complexity])
  if (entry.module !== '') lines.push(['module', entry.module])
  const deprecated = DEPRECATED[entry.name]
  const flag = deprecated !== undefined ? 'deprecated' : INTERNAL.includes(entry.name) ? 'syscmd' : null
  const more =
    deprecated === undefined
      ? []
      : ([
          ['deprecated_since', deprecated[0]],
          ['replaced_by', deprecated[1]],
        ] as const)
  const fields = [lines.length, more.length, +(flag !== null), +(parts.length > 0), +(subcommands.length > 0)]
  reply.text(entry.name)
  reply.map(fields.reduce((sum, n) => sum + n))
  replyLines(reply, lines)
  if (flag !== null) {
    reply.text('doc_flags')
    reply.set(1)
    reply.status(flag)
  }
  replyLines(reply, more)
  if (parts.length > 0) {
    reply.text('arguments')
    replyArguments(reply, parts, entry.command.keySpecs.length, { next: 0 })
  }
  if (subcommands.length === 0) return
  reply.text('subcommands')
  reply.map(subcommands.length)
  for (const subcommand of subcommands) replyDocs(reply, subcommand)
}

function replyLines(reply: Reply, lines: readonly (readonly [string, string])[]): void {
  for (const [name, value] of lines) {
    reply.text(name)
    reply.text(value)
  }
}

/** Keys are numbered by the specification that finds them; `keys.next` is the next one's number. */
function replyArguments(reply: Reply, parts: readonly Argument[], specs: number, keys: { next: number }): void {
  reply.array(parts.length)
  for (const part of parts) replyArgument(reply, part, specs, keys)
}

function replyArgument(reply: Reply, part: Argument, specs: number, keys: { next: number }): void {
  const lines: (readonly [string, string])[] = [
    ['name', part.name],
    ['type', part.type],
  ]
  if (part.parts === undefined) lines.push(['display_text', part.name])
  const flags = [...(part.optional ? ['optional'] : []), ...(part.multiple ? ['multiple'] : [])]
  if (part.multipleToken) flags.push('multiple_token')
  const isKey = part.type === 'key' && specs > 0
  const fields = lines.length + (isKey ? 1 : 0) + (part.token === undefined ? 0 : 1)
  reply.map(fields + (flags.length > 0 ? 1 : 0) + (part.parts === undefined ? 0 : 1))
  replyLines(reply, lines)
  if (isKey) {
    reply.text('key_spec_index')
    reply.integer(Math.min(keys.next++, specs - 1))
  }
  if (part.token !== undefined) replyLines(reply, [['token', part.token]])
  if (flags.length > 0) {
    reply.text('flags')
    reply.set(flags.length)
    for (const flag of flags) reply.status(flag)
  }
  if (part.parts === undefined) return
  reply.text('arguments')
  replyArguments(reply, part.parts, specs, keys)
}

function help({ reply }: Context): void {
  reply.statuses(COMMAND_HELP)
}
