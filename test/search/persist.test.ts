import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import type { ReplyValue } from '../../core/index.ts'
import type { Address, AuxData, LoadSource, NamedParts, SaveSink } from '../../core/module/api.ts'
import { printReply } from '../support/transcript/reply.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

type Info = Map<string, ReplyValue>

/** The part of FT.INFO that says what an index is. */
async function definition(server: TestServer, index: string): Promise<ReplyValue[]> {
  const info = (await server.call('FT.INFO', index)) as Info
  return ['index_options', 'index_definition', 'attributes', 'stopwords_list'].map(name => info.get(name) ?? null)
}

/** Wait until no index looks at keys any more. */
async function settled(server: TestServer): Promise<void> {
  for (const index of ['h', 'j', 'k'])
    while (((await server.call('FT.INFO', index)) as Info).get('indexing') !== 0)
      await new Promise(resolve => setImmediate(resolve))
}

const CREATE = [
  'FT.CREATE h PREFIX 2 a: b: FILTER @n>1 LANGUAGE german LANGUAGE_FIELD lang SCORE 0.5 SCORE_FIELD sc PAYLOAD_FIELD p' +
    ' STOPWORDS 2 le la SCHEMA t AS title TEXT WEIGHT 2.5 NOSTEM SORTABLE u TEXT PHONETIC dm:en WITHSUFFIXTRIE INDEXEMPTY' +
    ' n NUMERIC SORTABLE NOINDEX g TAG SEPARATOR ; CASESENSITIVE INDEXMISSING SORTABLE UNF o GEO s GEOSHAPE FLAT' +
    ' v VECTOR HNSW 12 TYPE FLOAT64 DIM 3 DISTANCE_METRIC COSINE M 40 EF_CONSTRUCTION 250 EF_RUNTIME 20' +
    ' w VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2',
  'FT.CREATE j ON JSON NOOFFSETS NOFREQS NOFIELDS SCHEMA $.a AS a TEXT $.b[*] AS b TAG $.c NUMERIC',
  'FT.CREATE k NOHL STOPWORDS 0 SCHEMA t TEXT',
]

describe('definitions of indexes', () => {
  it('are the same after they were saved and loaded', async () => {
    const server = await serverForTest()
    for (const line of CREATE) await server.call(...line.split(' '))
    await server.call('FT.ALIASADD', 'nick', 'h')
    await server.call('FT.SYNUPDATE', 'h', 'g1', 'boy', 'lad')
    await server.call('FT.DICTADD', 'words', 'one', 'two')
    await server.call('HSET', 'a:1', 't', 'lad', 'n', '5')
    await server.call('HSET', 'k:1', 't', 'word')
    await server.call('SELECT', '1')
    await server.call('HSET', 'k:2', 't', 'word')
    await server.call('SELECT', '0')
    const before = await Promise.all(['h', 'j', 'k'].map(index => definition(server, index)))
    expect(await server.call('DEBUG', 'RELOAD')).toBe('OK')
    await settled(server)
    expect(await Promise.all(['h', 'j', 'k'].map(index => definition(server, index)))).toEqual(before)
    const client = await server.connect()
    const ask = async (...words: string[]) => printReply(await client.call(...words))
    expect(await ask('FT.SYNDUMP', 'nick')).toBe('["boy" ["g1"] "lad" ["g1"]]')
    expect(await ask('FT.DICTDUMP', 'words')).toBe('["one" "two"]')
    expect(await ask('FT.SEARCH', 'nick', 'boy', 'NOCONTENT')).toBe('[:1 "a:1"]')
    // What was loaded enters from every database, as what is written does.
    expect(await ask('FT.SEARCH', 'k', 'word', 'LIMIT', '0', '0')).toBe('[:2]')
  })

  it('are written as the real module writes them', async () => {
    const server = await serverForTest()
    const list = server.server.engine.auxData
    const data = list.find(one => one.typeName === 'ft_index0')!
    const recorded = readFileSync(join(import.meta.dirname, 'fixtures/ft-index.txt'), 'latin1')
      .trimEnd()
      .split('\n')
    data.load(new Parts(recorded), 23, 'before')
    const sink = new Written()
    expect(data.saveBefore!(sink)).toBe(true)
    expect(sink.lines).toEqual(recorded)
  })

  it('of a version that is not known are refused', async () => {
    const server = await serverForTest()
    const data: AuxData = server.server.engine.auxData.find(one => one.typeName === 'ft_index0')!
    expect(() => data.load(new Parts([]), 22, 'before')).toThrow('version 22')
  })
})

/** Reads parts that stand in lines: `u 5`, `d 1.5`, `S "text"`. */
class Parts implements LoadSource {
  readonly #lines: readonly string[]
  #at = 0

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  #next(kind: string): string {
    const line = this.#lines[this.#at++]!
    expect(line[0]).toBe(kind)
    return line.slice(2)
  }

  unsigned = (): number => Number(this.#next('u'))
  unsigned64 = (): bigint => BigInt(this.#next('u'))
  signed = (): number => Number(this.#next('s'))
  signed64 = (): bigint => BigInt(this.#next('s'))
  double = (): number => Number(this.#next('d'))
  float = (): number => Number(this.#next('f'))
  text = (): string => this.string(new Range()).text()

  string(out: Range): Range {
    const bytes = Buffer.from(JSON.parse(this.#next('S')) as string, 'latin1')
    return out.set(bytes, 0, bytes.length)
  }
}

/** Writes the same lines. */
class Written implements SaveSink {
  readonly lines: string[] = []

  unsigned = (n: number | bigint): void => void this.lines.push(`u ${n}`)
  signed = (n: number | bigint): void => void this.lines.push(`s ${n}`)
  double = (d: number): void => void this.lines.push(`d ${d}`)
  float = (d: number): void => void this.lines.push(`f ${d}`)
  text = (text: string): void => void this.lines.push(`S ${JSON.stringify(text)}`)

  string(from: Buffer, start: number, end: number): void {
    this.lines.push(`S ${JSON.stringify(from.latin1Slice(start, end))}`)
  }

  block = (): void => expect.unreachable('nothing lies in blocks')

  row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void {
    for (const block of blocks) save(this, block)
  }

  doubles = (): void => expect.unreachable('nothing lies in blocks')

  parts(_root: Address, parts: NamedParts): void {
    for (let last = parts.some(this, null, 3, () => false); last !== null; )
      last = parts.some(this, last, 3, () => false)
  }
}
