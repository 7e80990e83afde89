/* What does finding a command cost, beside a Map of names?
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/dispatch.ts
 *
 * Names as clients send them, in any case, out of a buffer. */

import type { CommandTable } from '../../core/command/table.ts'
import { createServer } from '../../core/index.ts'
import { compare } from './compare.ts'

const server = await createServer({ port: null })
const table: CommandTable = server.server.engine.table
const names = ['GET', 'set', 'Incr', 'MSET', 'expire', 'EXISTS', 'PING', 'getrange']
const bytes = Buffer.from(names.join(''))
const starts = names.map((_, i) => names.slice(0, i).join('').length)
const map = new Map([...table].map(entry => [entry.name.toUpperCase(), entry]))

function everyName(find: (start: number, end: number) => unknown): () => void {
  return () => {
    for (let i = 0; i < names.length; i++)
      if (!find(starts[i]!, starts[i]! + names[i]!.length)) throw new Error(`${names[i]} was not found`)
  }
}

await compare('finding a command, ns', names.length, {
  'by bytes': everyName((start, end) => table.find(bytes, start, end)),
  'by text, in upper case': everyName((start, end) => map.get(bytes.latin1Slice(start, end).toUpperCase())),
})
await server.close()
