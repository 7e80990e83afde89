import { expect, it } from 'vitest'
import { serverForFile } from '../../support/server.ts'

const server = await serverForFile()
const ask = async (...words: (string | number)[]) => server.call('FT.DEBUG', ...words)

it('FT.DEBUG tells what an index holds', async () => {
  await server.call('FLUSHALL')
  await server.call('FT.CREATE', 'idx', 'SCHEMA', 't', 'TEXT', 'g', 'TAG', 'n', 'NUMERIC')
  await server.call('HSET', 'a', 't', 'hello old world', 'g', 'red,wet', 'n', '7')
  await server.call('HSET', 'b', 't', 'hello', 'g', 'red', 'n', '3')
  expect(await ask('DUMP_INVIDX', 'idx', 'hello')).toEqual([1, 2])
  expect(await ask('dump_terms', 'idx')).toEqual(['hello', 'old', 'world'])
  expect(await ask('DUMP_TAGIDX', 'idx', 'g')).toEqual([
    ['red', [1, 2]],
    ['wet', [1]],
  ])
  expect(await ask('INFO_TAGIDX', 'idx', 'g')).toEqual(new Map([['num_values', 2]]))
  expect(await ask('DUMP_NUMIDX', 'idx', 'n')).toEqual([[1, 2]])
  expect(await ask('DOCIDTOID', 'idx', 'b')).toBe(2)
  expect(await ask('DOCIDTOID', 'idx', 'c')).toBe(0)
  expect(await ask('IDTODOCID', 'idx', 2)).toBe('b')
  const entry = async (name: string, ...words: string[]) => ((await ask(...words)) as Map<string, unknown>).get(name)
  expect(await entry('numDocs', 'INVIDX_SUMMARY', 'idx', 'hello')).toBe(2)
  expect(await entry('numEntries', 'NUMIDX_SUMMARY', 'idx', 'n')).toBe(2)
  expect(await entry('num_tokens', 'DOCINFO', 'idx', 'a')).toBe(3)
  expect(await ask('DUMP_PHONETIC_HASH', 'night')).toEqual(['<NT', '<NT'])
  await server.call('DEL', 'b')
  await expect(ask('IDTODOCID', 'idx', 2)).rejects.toThrow('document was removed')
  expect(await ask('GC_FORCEINVOKE', 'idx')).toBe('DONE')
  expect(await ask('DUMP_INVIDX', 'idx', 'hello')).toEqual([1])
  expect(await ask('GC_FORCEBGINVOKE', 'idx')).toBe('OK')
  expect(await ask('GC_CLEAN_NUMERIC', 'idx', 'n')).toBe('OK')
})

it('FT.DEBUG refuses what is not there', async () => {
  await server.call('FLUSHALL')
  await server.call('FT.CREATE', 'idx', 'SCHEMA', 't', 'TEXT')
  await server.call('FT.CREATE', 'brief', 'TEMPORARY', '100', 'SCHEMA', 't', 'TEXT')
  expect(await ask('TTL', 'brief')).toBeGreaterThan(90)
  for (const [words, refusal] of [
    [['TTL', 'idx'], 'Index is not temporary'],
    [['DUMP_INVIDX', 'none', 'x'], 'Can not create a search ctx'],
    [['DUMP_INVIDX', 'idx', 'x'], 'Can not find the inverted index'],
    [['DUMP_NUMIDX', 'idx', 't'], 'Could not find given field in index spec'],
    [['IDTODOCID', 'idx', 'x'], 'bad id given'],
    [['IDTODOCID', 'idx', '9'], 'bad id given'],
    [['DOCINFO', 'idx', 'x'], 'Document not found in index'],
    [['NOSUCH'], 'unknown subcommand'],
    [['TTL'], "wrong number of arguments for 'FT.DEBUG|TTL' command"],
  ] as const)
    await expect(ask(...words)).rejects.toThrow(refusal)
  expect(await ask('HELP')).toContain('DUMP_TERMS')
})
