/* What does writing a reply cost, beside putting strings together?
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/reply-writer.ts
 *
 * Each row writes a pipeline of 16 replies and takes the bytes, as a read event does. The peer concatenates text and
 * encodes it once, which is the fastest that text gets. */

import { Range } from '../../core/base/bytes.ts'
import { Reply, SegmentPool } from '../../core/resp/reply.ts'
import { compare } from './compare.ts'

const PIPELINE = 16

const reply = new Reply(new SegmentPool())

function ours(write: () => void): () => number {
  return () => {
    for (let i = 0; i < PIPELINE; i++) write()
    const length = reply.length
    reply.rewind(0)
    return length
  }
}

function theirs(text: () => string): () => number {
  return () => {
    let all = ''
    for (let i = 0; i < PIPELINE; i++) all += text()
    return Buffer.from(all, 'latin1').length
  }
}

function bulk(length: number): [() => number, () => number] {
  const value = Buffer.alloc(length, 'v')
  const range = new Range(value, 0, length)
  return [ours(() => reply.bulk(range)), theirs(() => `$${value.length}\r\n${value.latin1Slice()}\r\n`)]
}

function list(count: number): [() => number, () => number] {
  const value = Range.of('abc')
  const write = (): void => {
    reply.array(count)
    for (let i = 0; i < count; i++) reply.bulk(value)
  }
  const text = (): string => {
    let all = `*${count}\r\n`
    for (let i = 0; i < count; i++) all += `$${value.length}\r\n${value.latin1()}\r\n`
    return all
  }
  return [ours(write), theirs(text)]
}

let n = 0
const rows: Record<string, [() => number, () => number]> = {
  '+OK': [ours(() => reply.ok()), theirs(() => '+OK\r\n')],
  'integer of six digits': [
    ours(() => reply.integer(100_000 + (n++ & 0xffff))),
    theirs(() => `:${100_000 + (n++ & 0xffff)}\r\n`),
  ],
  score: [
    ours(() => reply.double((n++ & 0xffff) / 8)),
    theirs(() => {
      const text = String((n++ & 0xffff) / 8)
      return `$${text.length}\r\n${text}\r\n`
    }),
  ],
  'bulk string, 16 B': bulk(16),
  'bulk string, 100 B': bulk(100),
  'bulk string, 1 KB': bulk(1024),
  'array of 100 strings, 3 B': list(100),
}

for (const [name, [write, concatenate]] of Object.entries(rows))
  await compare(`${name}, ns a reply`, PIPELINE, { writer: write, strings: concatenate })
