/* What does following a path cost, beside jsonpath-plus?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/json-paths.ts
 *
 * A catalogue of 2000 books. jsonpath-plus follows paths in objects that JSON.parse made, and prints nothing; ours follows
 * them in the stored document. Both are given the path's text each time, as a server is: ours finds it in its cache. */

import { JSONPath } from 'jsonpath-plus'
import { Memory } from '../../core/memory/arena.ts'
import { Parser } from '../../modules/json/document/parse.ts'
import { storeDocument, Tree } from '../../modules/json/document/tree.ts'
import { PathCache } from '../../modules/json/path/cache.ts'
import { Evaluator } from '../../modules/json/path/eval.ts'
import type { Path } from '../../modules/json/path/path.ts'
import { compare } from '../structs/compare.ts'

const BOOKS = JSON.stringify({
  store: {
    book: Array.from({ length: 2000 }, (_, n) => ({
      title: `Book number ${n}`,
      price: (n * 7) % 100,
      author: { first: 'A', last: `Name ${n % 50}` },
      tags: ['one', 'two'],
    })),
    open: true,
  },
})

const memory = new Memory()
const draft = Tree.draft(memory)
const text = Buffer.from(BOOKS)
new Parser().parse(text, 0, text.length, draft)
const doc = Tree.forDocuments(memory).open(storeDocument(memory, draft, 0, 0))
const objects = JSON.parse(BOOKS) as object
const evaluator = new Evaluator()
const cache = new PathCache()

for (const path of [
  '$.store.open',
  '$.store.book[1500].author.last',
  '$.store.book[?(@.price<10)].title',
  '$..price',
  '$..book[?(@.author.last=="Name 7")].title',
]) {
  const bytes = Buffer.from(path)
  const ours = () => evaluator.run(cache.get(bytes, 0, bytes.length) as Path, doc.words, doc.first, doc.text, doc.start)
  const theirs = () => JSONPath({ path, json: objects, wrap: true, eval: 'safe' }) as unknown[]
  ours()
  if (evaluator.matches.count !== theirs().length)
    throw new Error(`${path}: ${evaluator.matches.count} values, ${theirs().length} there`)
  await compare(`${path}, ns`, 1, { ours, 'jsonpath-plus': theirs })
}
