import { describe, expect, it } from 'vitest'
import { type RecordedCommand, type RecordedKeySpec, recordedCommands } from '../support/command-list.ts'
import { serverForFile } from '../support/server.ts'
import { commandsOf } from '../support/transcript/suite.ts'
import type { ReplyValue } from '../../core/index.ts'

const server = await serverForFile()
const recorded = recordedCommands()
const known = commandsOf(server)

/** What COMMAND INFO says of a command, in the form of the recording. Lists without an order are sorted. */
function described(reply: ReplyValue): Omit<RecordedCommand, 'name' | 'synopsis' | 'group' | 'since'> {
  const [, arity, flags, first, last, step, categories, tips, specs] = reply as ReplyValue[]
  return {
    arity: arity as number,
    flags: sorted(flags),
    keys: [first as number, last as number, step as number],
    categories: sorted(categories).map(name => name.replace(/^@/, '')),
    tips: sorted(tips),
    // Notes are prose beside the specification, and the list has none.
    key_specs: [...(specs as Iterable<ReplyValue>)].map(spec => {
      const { notes: _, ...rest } = plain(spec) as Record<string, unknown>
      return rest as unknown as RecordedKeySpec
    }),
  }
}

function sorted(list: ReplyValue): string[] {
  return [...(list as Iterable<string>)].sort()
}

/** Maps as objects and sets as sorted lists, at every level. */
function plain(value: ReplyValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]))
  if (value instanceof Set) return [...value].map(plain).sort()
  return Array.isArray(value) ? value.map(plain) : value
}

function expected(command: RecordedCommand): ReturnType<typeof described> {
  return {
    arity: command.arity,
    flags: [...command.flags].sort(),
    keys: command.keys,
    categories: [...command.categories].sort(),
    tips: [...command.tips].sort(),
    key_specs: command.key_specs.map(spec => ({ ...spec, flags: [...spec.flags].sort() })),
  }
}

describe('COMMAND INFO', () => {
  const names = [...known].filter(name => recorded.has(name)).sort()

  it.each(names)('describes %s as the real server does', async name => {
    const command = recorded.get(name)
    if (command === undefined) throw new Error(`${name} is not recorded`)
    const [reply] = (await server.call('COMMAND', 'INFO', name.toLowerCase().replace(' ', '|'))) as ReplyValue[]
    expect(described(reply)).toEqual(expected(command))
  })

  it('knows no command that the real server does not, but for those that are ours', () => {
    const ours = [
      // Of newer releases of the modules.
      ...['FT.ALIASLIST', 'FT.HYBRID', 'TS.NRANGE', 'TS.NREVRANGE', 'TS.QUERYLABELS', 'TS.READ'],
      // Served by the real module, and not in the list.
      ...[
        'FT.ADD',
        'FT.DEBUG',
        'FT.DEL',
        'FT.DROP',
        'FT.GET',
        'FT.MGET',
        'FT.SAFEADD',
        'FT.SYNADD',
        'FT._ALIASADDIFNX',
        'FT._ALIASDELIFX',
      ],
      ...['FT._ALTERIFNX', 'FT._CREATEIFNX', 'FT._DROPIFX', 'FT._DROPINDEXIFX'],
    ]
    expect([...known].filter(name => !recorded.has(name)).sort()).toEqual(ours.sort())
  })
})
