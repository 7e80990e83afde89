/* Commands that take values away: JSON.DEL (and JSON.FORGET) and JSON.CLEAR. */

import type { Args, Context, Range } from 'redstrata/module'
import { emptyContainer, removeElements, removeMember, replaceScalar } from '../document/edit.ts'
import { ordinalAt } from '../document/navigate.ts'
import {
  ARRAY,
  countOf,
  DOUBLE,
  firstChild,
  INTEGER,
  KIND_MASK,
  keyLength,
  spanOf,
  textLength,
} from '../document/node.ts'
import { numberValue } from '../document/number.ts'
import type { Change } from '../document/rewrite.ts'
import { dropChild, keepChildren, withoutElements, withoutMembers } from '../document/select.ts'
import type { Tree } from '../document/tree.ts'
import { JSON_ERROR } from '../errors.ts'
import type { Matches } from '../path/eval.ts'
import { orderOf, readable, type Workspace } from '../workspace.ts'

const ZERO: Buffer = Buffer.from('0')

/** JSON.DEL key [path] */
export function del(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = args.left > 0 ? json.path(args.bytes()) : json.rootPath
  if (json.write(ctx.db, key) === null) {
    json.idle(ctx, key)
    ctx.reply.integer(0)
    return
  }
  const matches = json.find(path)
  const removed = remove(json, ctx, key, matches)
  if (removed > 0) json.tell(ctx, key, 'json.del', json.detail(ctx, readable(path), true))
  else json.idle(ctx, key)
  ctx.reply.integer(removed)
}

/** Remove the matches, the key itself if one of them is the root. Returns how many values went. */
function remove(json: Workspace, ctx: Context, key: Range, matches: Matches): number {
  for (let n = 0; n < matches.count; n++) {
    if (matches.parent[n]! >= 0) continue
    ctx.db.delete(key)
    return 1
  }
  if (matches.count === 0) return 0
  const removed = matches.count === 1 ? removeOne(json, matches.i[0]!) : removeMany(json, matches)
  json.doc.settle()
  return removed
}

function removeOne(json: Workspace, i: number): number {
  const { doc, trail } = json
  json.goTo(i)
  const t = trail.t[--trail.depth]!
  const parent = doc.first + trail.i[trail.depth - 1]!
  if ((doc.words[parent]! & KIND_MASK) === ARRAY) {
    const ordinal = ordinalAt(doc.words, parent, i)
    removeElements(doc, trail, ordinal, ordinal + 1)
  } else removeMember(doc, trail, i - doc.first, t, json.spare)
  return 1
}

/** Remove many values, each container's at once. What lies inside another match goes with it and does not count. */
function removeMany(json: Workspace, matches: Matches): number {
  const { words } = json.doc
  const numbers = new Int32Array(matches.count)
  orderOf(matches, numbers)
  const children = new Map<number, number[]>()
  let removed = 0
  let end = 0
  let before = -1
  for (const n of numbers) {
    const i = matches.i[n]!
    if (i < end && i !== before) continue
    const parent = matches.parent[n]!
    const again = i === before
    before = i
    end = i + spanOf(words, i)
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [n])
    else if (!again || (words[parent]! & KIND_MASK) === ARRAY) siblings.push(n)
  }
  const parents = json.chosen.clear()
  const changes: (number | number[])[] = []
  for (const [parent, list] of children) {
    parents.push(parent, 0, -1)
    const ordinals = ordinalsOf(words, parent, matches, list)
    const kept = list.length === 1 ? null : keptOf(json.doc, matches, parent, list, ordinals)
    removed += kept === null ? 1 : countOf(words, parent) - kept.length
    changes.push(kept ?? ordinals[0]!)
  }
  json.update(parents, {
    instead: false,
    apply(tree, trail, n) {
      const change = changes[n]!
      if (typeof change === 'number') dropChild(tree, trail, change, json.spare)
      else keepChildren(tree, trail, change, json.spare)
    },
  })
  return removed
}

/** The ordinals of a container's children that stay, when some matches among them go. */
function keptOf(
  doc: Tree,
  matches: Matches,
  parent: number,
  list: readonly number[],
  ordinals: readonly number[],
): number[] {
  const { words } = doc
  const count = countOf(words, parent)
  if ((words[parent]! & KIND_MASK) === ARRAY) return withoutElements(count, ordinals)
  const names = list.map(n => nameOf(doc, matches.i[n]!, matches.t[n]!))
  return withoutMembers(
    count,
    namedOrder(names).map(k => ordinals[k]!),
  )
}

/** The ordinals of matches among a container's children, given in the order in which they lie. */
function ordinalsOf(words: Int32Array, parent: number, matches: Matches, list: readonly number[]): number[] {
  let child = firstChild(words, parent)
  let ordinal = 0
  return list.map(n => {
    for (; child < matches.i[n]!; ordinal++) child += spanOf(words, child)
    return ordinal
  })
}

function nameOf({ words, text }: Tree, i: number, t: number): Buffer {
  const start = t - 2 - keyLength(words, i)
  return text.subarray(start, t - 2)
}

const NUMERIC = /^\+?[0-9]{1,19}$/

/** The order in which the real module removes members: names that are no numbers by their bytes, then numbers, highest first. */
function namedOrder(names: readonly Buffer[]): number[] {
  const values = names.map(name => (NUMERIC.test(name.latin1Slice()) ? Number(name.latin1Slice()) : -1))
  return names
    .map((_, n) => n)
    .sort((a, b) => {
      if (values[a]! < 0 && values[b]! < 0) return names[a]!.compare(names[b]!)
      return values[a]! < 0 ? -1 : values[b]! < 0 ? 1 : values[b]! - values[a]!
    })
}

/** JSON.CLEAR key [path] */
export function clear(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = args.left > 0 ? json.path(args.bytes()) : json.rootPath
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const matches = clearable(json, json.find(path))
  if (matches.count > 0) {
    json.update(matches, CLEAR)
    json.done(ctx, key, 'json.clear', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  ctx.reply.integer(matches.count)
}

/** The matches that clearing changes: not what is empty or zero already, nor what goes with a match around it. */
function clearable({ doc, chosen }: Workspace, matches: Matches): Matches {
  const { words, text } = doc
  const numbers = new Int32Array(matches.count)
  orderOf(matches, numbers)
  chosen.clear()
  let end = 0
  for (const n of numbers) {
    const i = matches.i[n]!
    if (i < end) continue
    const kind = words[i]! & KIND_MASK
    end = i + spanOf(words, i)
    const isNumber = kind === INTEGER || kind === DOUBLE
    if (
      isNumber ? numberValue(text, matches.t[n]!, textLength(words, i)) !== 0 : kind >= ARRAY && countOf(words, i) > 0
    )
      chosen.push(i, matches.t[n]!, matches.parent[n]!)
  }
  return chosen
}

const CLEAR: Change = {
  instead: false,
  apply(tree, trail): void {
    const kind = tree.words[tree.first + trail.i[trail.depth - 1]!]! & KIND_MASK
    if (kind >= ARRAY) emptyContainer(tree, trail)
    else replaceScalar(tree, trail, INTEGER, ZERO, 0, 1)
  },
}
