/* How should a JSON document be kept?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/json-document.ts
 *
 * Ours (canonical text beside a tape of words) in one run with the ways that were refused: see json-alternatives.ts and
 * docs/decisions/json-text-and-tape.md. Two documents: 200 bytes as a user record, and 330 KB of 5000 rows. */

import { ACCOUNT, Memory } from '../../core/memory/arena.ts'
import { locate, replaceScalar } from '../../modules/json/document/edit.ts'
import { INTEGER, spanOf, textLength } from '../../modules/json/document/node.ts'
import { numberValue } from '../../modules/json/document/number.ts'
import { Parser } from '../../modules/json/document/parse.ts'
import { storeDocument, Trail, Tree } from '../../modules/json/document/tree.ts'
import { Evaluator } from '../../modules/json/path/eval.ts'
import { readPath } from '../../modules/json/path/legacy.ts'
import type { Path } from '../../modules/json/path/path.ts'
import { compare } from '../structs/compare.ts'
import { type Kept, keptAsObjects, keptAsText, keptPacked, type Way } from './json-alternatives.ts'

const USER = Buffer.from(
  '{"id":7,"name":"user number 7","age":7,"active":false,"score":10.5,"tags":["red","green","blue"],"address":{"street":"1 Long Road","city":"Portland","zip":"97201","geo":{"lat":45.5,"lon":-122.6}}}',
)
const ROWS = Buffer.from(
  JSON.stringify({
    rows: Array.from({ length: 5000 }, (_, i) => ({
      id: i,
      price: i % 997,
      title: `title ${i}`,
      in: { stock: i % 7 },
    })),
  }),
)

const memory = new Memory()
const parser = new Parser()
const draft = Tree.draft(memory)
const doc = Tree.forDocuments(memory)
const evaluator = new Evaluator()
const trail = new Trail()

function path(way: Way): Path {
  const text = Buffer.from(`$${way.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`)
  return readPath(text, 0, text.length) as Path
}

const paths = new Map<Way, Path>()

function pathOf(way: Way): Path {
  let known = paths.get(way)
  if (known === undefined) paths.set(way, (known = path(way)))
  return known
}

function ours(text: Buffer): Kept & { drop(): void } {
  parser.parse(text, 0, text.length, draft.clear())
  let address = storeDocument(memory, draft, 0, 0)
  const find = (way: Way) => {
    doc.open(address)
    evaluator.run(pathOf(way), doc.words, doc.first, doc.text, doc.start)
  }
  const digits = Buffer.alloc(32)
  return {
    print(into) {
      doc.open(address)
      return doc.text.copy(into, 0, doc.start, doc.textEnd)
    },
    read(way, into) {
      find(way)
      const t = evaluator.matches.t[0]!
      return doc.text.copy(into, 0, t, t + textLength(doc.words, evaluator.matches.i[0]!))
    },
    countUp(way) {
      find(way)
      const i = evaluator.matches.i[0]!
      const next = numberValue(doc.text, evaluator.matches.t[0]!, textLength(doc.words, i)) + 1
      locate(doc, trail, i - doc.first)
      replaceScalar(doc, trail, INTEGER, digits, 0, digits.latin1Write(String(next)))
      address = doc.address
    },
    bytes: () => memory.sizeOf(address),
    drop: () => memory.free(ACCOUNT.dataset, address),
  }
}

const MAKERS = { ours, objects: keptAsObjects, text: keptAsText, packed: keptPacked } as const
const out = Buffer.alloc(1 << 20)

function ways(text: Buffer, run: (kept: Kept) => void): Record<string, () => void> {
  return Object.fromEntries(
    Object.entries(MAKERS).map(([name, make]) => {
      const kept = make(text)
      return [name, () => run(kept)]
    }),
  )
}

async function all(title: string, text: Buffer, field: Way, number: Way): Promise<void> {
  for (const [name, make] of Object.entries(MAKERS)) {
    const kept = make(text)
    if (out.utf8Slice(0, kept.print(out)) !== text.utf8Slice(0)) throw new Error(`${name} prints something else`)
    if (kept.bytes() > 0) console.log(`${title}: ${name} keeps ${text.length} bytes in ${kept.bytes()}`)
  }
  await compare(`${title}: store, ns`, 1, {
    ours: () => ours(text).drop(),
    objects: () => keptAsObjects(text),
    'text, not validated': () => keptAsText(text),
    packed: () => keptPacked(text),
  })
  await compare(
    `${title}: print whole, ns`,
    1,
    ways(text, kept => kept.print(out)),
  )
  await compare(
    `${title}: read ${field.join('.')}, ns`,
    1,
    ways(text, kept => kept.read(field, out)),
  )
  await compare(
    `${title}: count up ${number.join('.')}, ns`,
    1,
    ways(text, kept => kept.countUp(number)),
  )
}

await all('200 bytes', USER, ['address', 'city'], ['age'])
await all('330 KB', ROWS, ['rows', 4321, 'title'], ['rows', 4321, 'price'])

const whole = ours(ROWS)
const filter = readPath(Buffer.from('$.rows[?(@.price==5)].id'), 0, 24) as Path
whole.print(out)
await compare('330 KB: filter rows, ns a row', 5000, {
  ours: () => evaluator.run(filter, doc.words, doc.first, doc.text, doc.start),
})
console.log(`\nwords of the 330 KB document: ${spanOf(doc.words, doc.first)}`)
