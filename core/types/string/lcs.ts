/* LCS -- the longest common subsequence of two strings.
 *
 * The textbook table (Wagner, Fischer 1974): cell (i, j) is the length for the first i and j bytes. It is walked back from the
 * end, so matches come last first, as Redis gives them. The table has (m+1)(n+1) cells of 4 bytes and is refused beyond
 * CELLS_MAX, as Redis refuses what it cannot allocate. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { STRING_ID, stringType } from './value.ts'

const NOT_STRINGS = new ReplyError('ERR The specified keys must contain string values')
const BOTH = new ReplyError('ERR If you want both the length and indexes, please just use IDX.')
const TOO_LONG = new ReplyError('ERR Insufficient memory, failed allocating transient memory for LCS')
const CELLS_MAX = 256 << 20

interface Options {
  length: boolean
  indexes: boolean
  minimum: number
  withLengths: boolean
}

export function lcs({ db, reply }: Context, args: Args): void {
  const a = readString(db, args.key())
  const b = readString(db, args.key())
  const options: Options = { length: false, indexes: false, minimum: 0, withLengths: false }
  while (args.left > 0) {
    if (args.word('len')) options.length = true
    else if (args.word('idx')) options.indexes = true
    else if (args.word('withmatchlen')) options.withLengths = true
    else if (args.left > 1 && args.word('minmatchlen')) options.minimum = Math.max(0, args.int())
    else throw ERR.syntax
  }
  if (options.length && options.indexes) throw BOTH
  if ((a.length + 1) * (b.length + 1) > CELLS_MAX) throw TOO_LONG
  const table = lengths(a, b)
  const total = table[table.length - 1]!
  if (options.length) {
    reply.integer(total)
    return
  }
  const { bytes, matches } = walkBack(a, b, table, total)
  if (!options.indexes) {
    reply.bytes(bytes, 0, bytes.length)
    return
  }
  const shown = matches.filter(match => match.length >= options.minimum)
  reply.map(2)
  reply.text('matches')
  reply.array(shown.length)
  for (const { a: ofA, b: ofB, length } of shown) {
    reply.array(options.withLengths ? 3 : 2)
    for (const start of [ofA, ofB]) {
      reply.array(2)
      reply.integer(start)
      reply.integer(start + length - 1)
    }
    if (options.withLengths) reply.integer(length)
  }
  reply.text('len')
  reply.integer(total)
}

function readString(db: Context['db'], key: Range): Buffer {
  const record = db.lookup(key)
  if (record === 0) return EMPTY
  if (db.typeOf(record) !== STRING_ID) throw NOT_STRINGS
  return db.view(record, stringType).range(new Range()).copy()
}

const EMPTY = Buffer.from('')

function lengths(a: Buffer, b: Buffer): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const up = table[(i - 1) * width + j]!
      const left = table[i * width + j - 1]!
      table[i * width + j] = a[i - 1] === b[j - 1] ? table[(i - 1) * width + j - 1]! + 1 : Math.max(up, left)
    }
  return table
}

interface Match {
  a: number
  b: number
  length: number
}

function walkBack(a: Buffer, b: Buffer, table: Uint32Array, total: number): { bytes: Buffer; matches: Match[] } {
  const width = b.length + 1
  const bytes = Buffer.from(new Uint8Array(total).buffer)
  const matches: Match[] = []
  let left = total
  let i = a.length
  let j = b.length
  let run: Match | null = null
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      bytes[--left] = a[i - 1]!
      i--
      j--
      if (run !== null) {
        run.a = i
        run.b = j
        run.length++
      } else matches.push((run = { a: i, b: j, length: 1 }))
      continue
    }
    run = null
    if (table[(i - 1) * width + j]! > table[i * width + j - 1]!) i--
    else j--
  }
  return { bytes, matches }
}
