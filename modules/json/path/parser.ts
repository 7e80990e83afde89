/* Parser -- the text of a path into steps.
 *
 *   path      $ steps
 *   step      .name   .*   ..name   ..*   .['name', …]   [1]   [1,2]   [1:9:2]   [*]   [?filter]   ..[…]
 *   filter    test && test || test …         test    term   term op term   ( filter )
 *   term      @ steps   $ steps   12.5   'text'   true   false   null
 *   op        ==  !=  <  <=  >  >=  =~
 *
 * Alternatives are tried in the order of the real module's grammar, for that order decides which words it has for what it
 * cannot read (scanner.ts). `&&` binds tighter than `||`. A name without quotes is ASCII; in quotes it may be anything, a
 * backslash standing only before a quote or another backslash. In the string literals of a filter the real module takes
 * the wrong quote for escaped: "it\'s" and 'say \"hi\"' lose a backslash, 'it\'s' and "say \"hi\"" do not.
 *
 * Reading takes time in proportion to the text: no alternative reads again what another could not finish, but for a
 * number or a name. Brackets nest 64 deep. */

import {
  DOUBLE,
  ESCAPED,
  FALSE,
  INTEGER,
  LENGTH_MAX,
  LONG_SCALAR,
  NULL,
  STRING,
  TRUE,
  writeScalar,
} from '../document/node.ts'
import { escapedLength, hasEscapes, writeEscaped } from '../document/text.ts'
import { type Filter, Operand, STEP, Step, TEST, type Test, type TestKind } from './path.ts'
import { type Quoted, Scanner } from './scanner.ts'

const NESTING_MAX = 64
const I64_MIN = -(1n << 63n)
const I64_MAX = (1n << 63n) - 1n

/** The operators in the order in which they are tried. */
const OPERATORS = [
  ['ge', '>=', TEST.greaterOrEqual],
  ['gt', '>', TEST.greater],
  ['le', '<=', TEST.lessOrEqual],
  ['lt', '<', TEST.less],
  ['eq', '==', TEST.equal],
  ['ne', '!=', TEST.unequal],
  ['re', '=~', TEST.like],
] as const

export class PathParser {
  /** Paths from the root inside filters. */
  rootSlots = 0
  readonly #scan: Scanner
  #nesting = 0

  /** @param text the path, one character a byte */
  constructor(text: string) {
    this.#scan = new Scanner(text)
  }

  /** What could not be read, in the real module's words. */
  get complaint(): string {
    return this.#scan.complaint
  }

  /** The steps of the whole text; null when it is no path. */
  read(): Step[] | null {
    if (!this.#scan.mark('$')) return null
    const steps = this.#steps() ?? []
    return this.#scan.end() ? steps : null
  }

  /** One step and more. */
  #steps(): Step[] | null {
    return this.#spaced(() =>
      this.#scan.rule('root', () => {
        const first = this.#step() ?? this.#firstName()
        if (first === null) return null
        const steps: Step[] = []
        for (let step: Step | null = first; step !== null; step = this.#spaced(() => this.#step())) steps.push(step)
        return steps
      }),
    )
  }

  #step(): Step | null {
    const scan = this.#scan
    return (
      scan.whole(() => (scan.mark('.') ? this.#name() : null)) ??
      scan.whole(() =>
        scan.named("'..'", '..') ? descending(this.#name() ?? this.#all() ?? this.#bracket()) : null,
      ) ??
      scan.whole(() => (scan.mark('.') ? this.#all() : null)) ??
      scan.whole(() => {
        scan.mark('.')
        return this.#bracket()
      })
    )
  }

  /** What may follow `@` or `$` without a point: a name or a star. */
  #firstName(): Step | null {
    return this.#name() ?? this.#all()
  }

  #name(): Step | null {
    const name = this.#scan.name()
    return name === null ? null : named(Buffer.from(name, 'latin1'))
  }

  #all(): Step | null {
    return this.#scan.named("'*'", '*') ? new Step(STEP.all) : null
  }

  #bracket(): Step | null {
    const scan = this.#scan
    return scan.whole(() => {
      if (!scan.mark('[')) return null
      const step = this.#range() ?? this.#indexes() ?? this.#names() ?? this.#all() ?? this.#filterStep()
      return step !== null && scan.mark(']') ? step : null
    })
  }

  #range(): Step | null {
    const scan = this.#scan
    const colon = () => scan.mark(':')
    const made = (from: string | null, to: string | null): Step => {
      const step = new Step(STEP.slice)
      if (from !== null) step.from = Number(from)
      if (to !== null) step.to = Number(to)
      const by = scan.whole(() => (colon() ? scan.positive() : null))
      if (by !== null) step.by = Number(by)
      else colon() // a colon with no step behind it
      return step
    }
    const full = () => {
      const from = scan.integer()
      const to = from !== null && colon() ? scan.integer() : null
      return to === null ? null : made(from, to)
    }
    const right = () => {
      const to = colon() ? scan.integer() : null
      return to === null ? null : made(null, to)
    }
    const all = () => (colon() ? made(null, null) : null)
    const left = () => {
      const from = scan.integer()
      return from !== null && colon() ? made(from, null) : null
    }
    return this.#spaced(() =>
      scan.rule(
        "['start:end:steps']",
        () =>
          scan.rule('full_range', full) ??
          scan.rule('right_range', right) ??
          scan.rule('all_range', all) ??
          scan.rule('left_range', left),
      ),
    )
  }

  #indexes(): Step | null {
    const scan = this.#scan
    const list = this.#spaced(() => scan.rule("'<number>[,<number>,...]'", () => this.#list(() => scan.integer())))
    if (list === null) return null
    const step = new Step(list.length === 1 ? STEP.index : STEP.indexes)
    step.indexes = list.map(Number)
    step.index = step.indexes[0]!
    return step
  }

  #names(): Step | null {
    const scan = this.#scan
    const list = this.#spaced(() => scan.rule("'<string>[,<string>,...]'", () => this.#list(() => scan.quoted())))
    if (list === null) return null
    const names = list.map(nameBytes)
    if (names.length === 1) return named(names[0]!)
    const step = new Step(STEP.names)
    step.names = names
    return step
  }

  /** One thing or more, with commas between. */
  #list<T>(read: () => T | null): T[] | null {
    const list: T[] = []
    for (let one = read(); one !== null; one = this.#scan.whole(() => (this.#scan.mark(',') ? read() : null)))
      list.push(one)
    return list.length === 0 ? null : list
  }

  #filterStep(): Step | null {
    if (!this.#scan.mark('?')) return null
    const filter = this.#filter()
    if (filter === null) return null
    const step = new Step(STEP.filter)
    step.filter = filter
    return step
  }

  #filter(): Filter | null {
    if (this.#nesting === NESTING_MAX) return null
    this.#nesting++
    const filter = this.#spaced(() => this.#scan.rule('filter', () => this.#tests()))
    this.#nesting--
    return filter
  }

  #tests(): Filter | null {
    const scan = this.#scan
    let test = this.#test()
    if (test === null) return null
    const any: Test[][] = [[]]
    let or = false
    while (test !== null) {
      if (or) any.push([])
      any[any.length - 1]!.push(test)
      test = scan.whole(() => {
        or = false
        if (!scan.named('and', '&&')) or = scan.named('or', '||')
        else return this.#test()
        return or ? this.#test() : null
      })
    }
    return { any }
  }

  #test(): Test | null {
    const single = this.#spaced(() => this.#scan.rule('single_filter', () => this.#comparison()))
    if (single !== null) return single
    return this.#scan.whole(() => {
      const group = this.#scan.mark('(') ? this.#filter() : null
      return group !== null && this.#scan.mark(')') ? { kind: TEST.group, left: null, right: null, group } : null
    })
  }

  #comparison(): Test | null {
    const left = this.#term()
    if (left === null) return null
    const compared = this.#scan.whole(() => {
      const kind = this.#operator()
      const right = kind === null ? null : this.#term()
      return kind === null || right === null ? null : { kind, left, right, group: null }
    })
    return compared ?? { kind: TEST.exists, left, right: null, group: null }
  }

  #operator(): TestKind | null {
    for (const [rule, mark, kind] of OPERATORS) if (this.#scan.named(rule, mark)) return kind
    return null
  }

  #term(): Operand | null {
    const scan = this.#scan
    const current = this.#from('from_current', '@')
    if (current !== null) return new Operand(current, -1, NO_WORDS, NO_TEXT, false)
    const root = this.#from('from_root', '$')
    if (root !== null) return new Operand(root, this.rootSlots++, NO_WORDS, NO_TEXT, false)
    const number = scan.decimal()
    if (number !== null) return numberLiteral(number)
    const string = scan.quoted()
    if (string !== null) return stringLiteral(string)
    if (scan.named('boolean_true', 'true')) return literal(TRUE, 0, Buffer.from('true'), false)
    if (scan.named('boolean_false', 'false')) return literal(FALSE, 0, Buffer.from('false'), false)
    return scan.named('null', 'null') ? literal(NULL, 0, Buffer.from('null'), false) : null
  }

  #from(rule: 'from_current' | 'from_root', mark: string): Step[] | null {
    return this.#spaced(() => this.#scan.rule(rule, () => (this.#scan.mark(mark) ? (this.#steps() ?? []) : null)))
  }

  #spaced<T>(read: () => T | null): T | null {
    return this.#scan.whole(() => {
      this.#scan.space()
      return read()
    })
  }
}

const NO_WORDS: Int32Array = new Int32Array(0)
const NO_TEXT: Buffer = Buffer.from('')

function descending(step: Step | null): Step | null {
  if (step !== null) step.descends = true
  return step
}

function named(name: Buffer): Step {
  const step = new Step(STEP.name)
  step.name = name
  return step
}

/** A quoted name as a key stands in a document's text. */
function nameBytes({ raw }: Quoted): Buffer {
  return canonical(Buffer.from(raw.replace(/\\(.)/gs, '$1'), 'latin1'))
}

function canonical(said: Buffer): Buffer {
  const length = escapedLength(said, 0, said.length)
  if (length === said.length) return said
  const text = Buffer.from(new Uint8Array(length))
  writeEscaped(said, 0, said.length, text, 0)
  return text
}

function stringLiteral({ raw, quote }: Quoted): Operand {
  const other = quote === '"' ? "\\'" : '\\"'
  const said = raw.replaceAll('\\\\', '\\').replaceAll(other, other[1]!)
  const text = canonical(Buffer.from(said, 'latin1'))
  return literal(
    STRING,
    hasEscapes(text, 0, text.length) ? ESCAPED : 0,
    Buffer.concat([QUOTE, text, QUOTE]),
    raw.includes('\\'),
  )
}

const QUOTE: Buffer = Buffer.from('"')

function numberLiteral(digits: string): Operand {
  if (!digits.includes('.')) {
    const value = BigInt(digits)
    if (value >= I64_MIN && value <= I64_MAX) return literal(INTEGER, 0, Buffer.from(String(value)), false)
  }
  return literal(DOUBLE, 0, Buffer.from(String(Number(digits))), false)
}

function literal(kind: number, flag: number, text: Buffer, escaped: boolean): Operand {
  const words = new Int32Array(text.length > LENGTH_MAX ? LONG_SCALAR : 1)
  writeScalar(words, 0, kind, flag, 0, text.length)
  return new Operand(null, -1, words, text, escaped)
}
