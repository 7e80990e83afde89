/* Commands that change one scalar at each match: JSON.NUMINCRBY, NUMMULTBY, NUMPOWBY, TOGGLE and STRAPPEND.
 *
 * A match of another type is a null in the reply and stays as it is. A legacy path is answered with the last match that
 * was changed, and with an error when there was none. */

import { type Args, type Context, NUMBER_BYTES_MAX, parseInteger, type Range, writeInteger } from 'redstrata/module'
import { appendText, replaceScalar } from '../document/edit.ts'
import { DOUBLE, ESCAPED, FALSE, INTEGER, KIND_MASK, STRING, textLength, TRUE } from '../document/node.ts'
import { calculate, numberValue, type Operand, type Operation } from '../document/number.ts'
import { saidLength } from '../document/text.ts'
import { JSON_ERROR } from '../errors.ts'
import type { Matches } from '../path/eval.ts'
import { readable, type Workspace } from '../workspace.ts'

const OPEN = 0x5b
const CLOSE = 0x5d
/** Integers of so few digits are exact as numbers. */
const EXACT_DIGITS = 15

/** JSON.NUMINCRBY key path number */
export function numincrby(json: Workspace, ctx: Context, args: Args): void {
  arithmetic(json, ctx, args, 'json.numincrby', 'add')
}

/** JSON.NUMMULTBY key path number */
export function nummultby(json: Workspace, ctx: Context, args: Args): void {
  arithmetic(json, ctx, args, 'json.nummultby', 'multiply')
}

/** JSON.NUMPOWBY key path number */
export function numpowby(json: Workspace, ctx: Context, args: Args): void {
  arithmetic(json, ctx, args, 'json.numpowby', 'power')
}

function arithmetic(json: Workspace, ctx: Context, args: Args, event: string, operation: Operation): void {
  const key = args.key()
  const path = json.path(args.bytes())
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const argument = args.bytes()
  const small = parseInteger(argument.buf, argument.start, argument.end)
  const operand = Number.isFinite(small) ? null : numberArgument(json, argument)
  const matches = json.find(path)
  if (operand === null && matches.count === 1 && countUp(json, matches, operation, small)) {
    json.doc.settle()
    replyCounted(json, ctx, path.legacy)
    json.tell(ctx, key, event, json.detail(ctx, readable(path)))
    return
  }
  const results = calculated(json, matches, operation, operand ?? { kind: INTEGER, text: String(small) })
  // Results end early where one is no number: those before it are kept, as in the real module.
  const failed = results.length < matches.count
  if (results.some(result => result !== null)) {
    putNumbers(json, matches, results)
    json.done(ctx, key, event, json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  if (failed) {
    if (results.some(result => result !== null)) json.stateWhole(ctx, key)
    throw JSON_ERROR.notFinite
  }
  replyNumbers(ctx, path.legacy, results)
}

/**
 * The usual case: one integer, and a result that a number holds exactly. It is left in `spare`, in brackets. False when
 * it is another case.
 */
function countUp(json: Workspace, matches: Matches, operation: Operation, operand: number): boolean {
  const { doc, spare, trail } = json
  const i = matches.i[0]!
  const length = textLength(doc.words, i)
  if ((doc.words[i]! & KIND_MASK) !== INTEGER || length > EXACT_DIGITS || operation === 'power') return false
  const before = numberValue(doc.text, matches.t[0]!, length)
  const result = operation === 'add' ? before + operand : before * operand
  if (!Number.isSafeInteger(result) || Object.is(result, -0)) return false
  spare.clear().reserve(0, NUMBER_BYTES_MAX + 2)
  const { text, start } = spare
  text[start] = OPEN
  const end = writeInteger(text, start + 1, result)
  text[end] = CLOSE
  spare.textEnd = end + 1
  json.goTo(i)
  replaceScalar(doc, trail, INTEGER, text, start + 1, end - start - 1)
  return true
}

function replyCounted({ spare }: Workspace, { reply }: Context, legacy: boolean): void {
  if (reply.protocol === 3) {
    reply.array(1)
    reply.integer(parseInteger(spare.text, spare.start + 1, spare.textEnd - 1))
  } else if (legacy) reply.bytes(spare.text, spare.start + 1, spare.textEnd - 1)
  else reply.bytes(spare.text, spare.start, spare.textEnd)
}

function numberArgument(json: Workspace, argument: Range): Operand {
  const { values } = json
  values.clear()
  json.parse(argument, 'ERR ')
  const kind = values.words[values.first]! & KIND_MASK
  if (kind !== INTEGER && kind !== DOUBLE) throw JSON_ERROR.inputNumber
  return { kind, text: values.text.latin1Slice(values.start, values.textEnd) }
}

/** The result at each match, null where there is no number; fewer than the matches when one is not finite. */
function calculated({ doc }: Workspace, matches: Matches, operation: Operation, operand: Operand): (Operand | null)[] {
  const { words, text } = doc
  const results: (Operand | null)[] = []
  const again = matches.count > 1 ? new Map<number, Operand>() : null
  for (let n = 0; n < matches.count; n++) {
    const i = matches.i[n]!
    const t = matches.t[n]!
    const kind = words[i]! & KIND_MASK
    if (kind !== INTEGER && kind !== DOUBLE) {
      results.push(null)
      continue
    }
    const before = again?.get(i) ?? { kind, text: text.latin1Slice(t, t + textLength(words, i)) }
    const result = calculate(operation, before, operand)
    if (result === null) break
    again?.set(i, result)
    results.push(result)
  }
  return results
}

function putNumbers(json: Workspace, matches: Matches, results: readonly (Operand | null)[]): void {
  const targets = json.chosen.clear()
  const numbers: Operand[] = []
  results.forEach((result, n) => {
    if (result === null) return
    targets.push(matches.i[n]!, matches.t[n]!, matches.parent[n]!)
    numbers.push(result)
  })
  const { spare } = json
  json.update(targets, {
    instead: false,
    apply(tree, trail, n) {
      const { kind, text } = numbers[n]!
      spare.clear().reserve(0, text.length)
      spare.text.latin1Write(text, spare.start)
      replaceScalar(tree, trail, kind, spare.text, spare.start, text.length)
    },
  })
}

function replyNumbers({ reply }: Context, legacy: boolean, results: readonly (Operand | null)[]): void {
  if (reply.protocol === 3) {
    reply.array(results.length)
    for (const result of results) {
      if (result === null) reply.null()
      else if (result.kind === DOUBLE) reply.double(Number(result.text))
      else if (result.text.length > 15) reply.bigInteger(BigInt.asIntN(64, BigInt(result.text)))
      else reply.integer(Number(result.text))
    }
    return
  }
  if (!legacy) {
    reply.text(`[${results.map(result => (result === null ? 'null' : result.text)).join(',')}]`)
    return
  }
  const last = results.findLast(result => result !== null)
  if (last === undefined || last === null) throw JSON_ERROR.notNumber
  reply.text(last.text)
}

/** JSON.TOGGLE key path */
export function toggle(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = json.path(args.bytes())
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const matches = json.find(path)
  const { words } = json.doc
  const targets = json.chosen.clear()
  const results: (boolean | null)[] = []
  const again = new Map<number, boolean>()
  for (let n = 0; n < matches.count; n++) {
    const i = matches.i[n]!
    const kind = words[i]! & KIND_MASK
    const isBoolean = kind === TRUE || kind === FALSE
    const result = isBoolean ? !(again.get(i) ?? kind === TRUE) : null
    results.push(result)
    if (result === null) continue
    again.set(i, result)
    targets.push(i, matches.t[n]!, matches.parent[n]!)
  }
  if (targets.count > 0) {
    json.update(targets, TOGGLE)
    json.done(ctx, key, 'json.toggle', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  replyToggled(ctx, path.legacy, results)
}

const TOGGLE: Parameters<Workspace['update']>[1] = {
  instead: false,
  apply(tree, trail) {
    const on = (tree.words[tree.first + trail.i[trail.depth - 1]!]! & KIND_MASK) === TRUE
    if (on) replaceScalar(tree, trail, FALSE, WORDS, 4, 5)
    else replaceScalar(tree, trail, TRUE, WORDS, 0, 4)
  },
}
const WORDS: Buffer = Buffer.from('truefalse')

function replyToggled({ reply }: Context, legacy: boolean, results: readonly (boolean | null)[]): void {
  if (legacy) {
    const last = results.findLast(result => result !== null)
    if (last === undefined || last === null) throw JSON_ERROR.notBoolean
    reply.text(String(last))
    return
  }
  reply.array(results.length)
  for (const result of results) {
    if (result === null) reply.null()
    else reply.integer(result ? 1 : 0)
  }
}

/** JSON.STRAPPEND key [path] value */
export function strappend(json: Workspace, ctx: Context, args: Args): void {
  const key = args.key()
  const path = args.argc > 3 ? json.path(args.bytes()) : json.rootPath
  if (json.write(ctx.db, key) === null) throw JSON_ERROR.noKey
  const { values, doc } = json
  values.clear()
  json.parse(args.bytes(), 'ERR ')
  const first = values.words[values.first]!
  if ((first & KIND_MASK) !== STRING) throw JSON_ERROR.expectedString
  const matches = json.find(path)
  const targets = json.chosen.clear()
  for (let n = 0; n < matches.count; n++)
    if ((doc.words[matches.i[n]!]! & KIND_MASK) === STRING)
      targets.push(matches.i[n]!, matches.t[n]!, matches.parent[n]!)
  const lengths = stringLengths(json, matches)
  if (targets.count > 0) {
    const at = values.start + 1
    const length = textLength(values.words, values.first) - 2
    json.update(targets, {
      instead: false,
      apply: (tree, trail) => appendText(tree, trail, first & ESCAPED, values.text, at, length),
    })
    json.done(ctx, key, 'json.strappend', json.detail(ctx, readable(path)))
  } else json.idle(ctx, key)
  replyLengths(ctx, path.legacy, lengths)
}

/** How long each match is going to be, null for what is no string. */
function stringLengths({ doc, values }: Workspace, matches: Matches): (number | null)[] {
  const more = saidLength(values.text, values.start + 1, textLength(values.words, values.first) - 2)
  const lengths: (number | null)[] = []
  const again = new Map<number, number>()
  for (let n = 0; n < matches.count; n++) {
    const i = matches.i[n]!
    if ((doc.words[i]! & KIND_MASK) !== STRING) {
      lengths.push(null)
      continue
    }
    const length = again.get(i) ?? saidLength(doc.text, matches.t[n]! + 1, textLength(doc.words, i) - 2)
    again.set(i, length + more)
    lengths.push(length + more)
  }
  return lengths
}

function replyLengths({ reply }: Context, legacy: boolean, lengths: readonly (number | null)[]): void {
  if (legacy) {
    const last = lengths.findLast(length => length !== null)
    if (last === undefined || last === null) throw JSON_ERROR.notString
    reply.integer(last)
    return
  }
  reply.array(lengths.length)
  for (const length of lengths) {
    if (length === null) reply.null()
    else reply.integer(length)
  }
}
