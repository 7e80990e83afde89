/* Native values -- FORMAT EXPAND: what a document says as the protocol's own kinds rather than as JSON text. */

import type { Range, Reply } from 'redstrata/module'
import type { ShownField } from './fields.ts'

/** Write a value: a list of JSON values, a number, or text. */
export function writeNative(reply: Reply, value: Range, field: ShownField | null): void {
  const source = field?.source
  if (source === undefined || (source.from === 'document' && source.asList)) writeJson(reply, JSON.parse(value.text()))
  else if (source.from === 'number') writeJson(reply, Number(value.latin1()))
  else reply.bulk(value)
}

/** Write a JSON value. Documents nest no deeper than the JSON module lets them. */
export function writeJson(reply: Reply, value: unknown): void {
  if (value === null || value === undefined) reply.null()
  else if (typeof value === 'boolean') reply.bool(value)
  else if (typeof value === 'string') reply.text(value)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) reply.integer(value)
    else reply.double(value)
  } else if (Array.isArray(value)) {
    reply.array(value.length)
    for (const element of value) writeJson(reply, element)
  } else {
    const members = Object.entries(value)
    reply.map(members.length)
    for (const [name, member] of members) {
      reply.text(name)
      writeJson(reply, member)
    }
  }
}
