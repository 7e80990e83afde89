/* Source -- what a rule of tidiness needs to know about a file, without a compiler.
 *
 * TypeScript 7 has no interface for programs, and the rules ask little: what is code and what is text, where a brace
 * closes, what is imported. `blank` turns comments and the insides of strings, templates and patterns into spaces, each
 * character into one, so that positions and line numbers stay and a rule can look for words with a plain pattern:
 *
 *      const a = 'let b' // var c          const a = '     '
 *
 * Left out: telling a division from a pattern in every case (a slash behind `)` or `}` is taken for a division, unless a
 * line begins with it), which is enough for code that biome has formatted. */

/** A TypeScript file, read for the rules. */
export interface Source {
  /** Path from the top of the repository. */
  readonly path: string
  readonly text: string
  /** The text with comments and the insides of literals blanked. */
  readonly code: string
  /** The text with everything blanked but comments. */
  readonly comments: string
}

/** A function's body in a file. */
export interface FunctionSpan {
  readonly name: string
  readonly firstLine: number
  readonly lines: number
}

/** What a file imports or re-exports. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** Whether only types cross, which vanish before the program runs. */
  readonly typeOnly: boolean
}

export function readSource(path: string, text: string): Source {
  const { code, comments } = blank(text)
  return { path, text, code, comments }
}

/** The number of the line that holds a position, from 1. */
export function lineAt(text: string, position: number): number {
  let line = 1
  for (let i = text.indexOf('\n'); i >= 0 && i < position; i = text.indexOf('\n', i + 1)) line++
  return line
}

const PATTERN_BEFORE = /(^|[(,=:[!&|?{;+\-*%<>~^]|\b(return|typeof|case|in|of|delete|void|throw|new|else|do))\s*$/

class Blanker {
  readonly text: string
  readonly code: string[]
  readonly comments: string[]
  at = 0

  constructor(text: string) {
    this.text = text
    this.code =
      [...text].length === text.length ? text.split('') : Array.from({ length: text.length }, (_, i) => text[i])
    this.comments = this.code.map(c => (c === '\n' ? c : ' '))
  }

  /** Blank `count` characters of the code; in `comments` they show if they are one. */
  hide(count: number, comment = false): void {
    for (let i = 0; i < count && this.at < this.text.length; i++, this.at++) {
      const c = this.text[this.at]
      if (c === '\n') continue
      this.code[this.at] = ' '
      if (comment) this.comments[this.at] = c
    }
  }

  /** Code up to the end, or up to the brace that closes a template's hole. */
  run(inHole: boolean): void {
    for (let depth = 0; this.at < this.text.length; ) {
      const c = this.text[this.at]
      const two = c + (this.text[this.at + 1] ?? '')
      if (two === '//') this.hide(this.until('\n'), true)
      else if (two === '/*') this.hide(this.until('*/') + 2, true)
      else if (c === "'" || c === '"') this.literal(c)
      else if (c === '`') this.template()
      else if (c === '/' && this.beginsPattern()) this.pattern()
      else {
        if (c === '{') depth++
        if (c === '}' && depth-- === 0 && inHole) return
        this.at++
      }
    }
  }

  until(mark: string): number {
    const end = this.text.indexOf(mark, this.at)
    return (end < 0 ? this.text.length : end) - this.at
  }

  literal(quote: string): void {
    this.at++
    while (this.at < this.text.length && this.text[this.at] !== quote && this.text[this.at] !== '\n')
      this.hide(this.text[this.at] === '\\' ? 2 : 1)
    this.at++
  }

  template(): void {
    this.at++
    while (this.at < this.text.length && this.text[this.at] !== '`') {
      if (this.text.startsWith('${', this.at)) {
        this.at += 2
        this.run(true)
        this.at++
      } else this.hide(this.text[this.at] === '\\' ? 2 : 1)
    }
    this.at++
  }

  beginsPattern(): boolean {
    const before = this.code.slice(Math.max(0, this.at - 40), this.at).join('')
    return PATTERN_BEFORE.test(before) || /[)}]\s*\n\s*$/.test(before)
  }

  pattern(): void {
    this.at++
    for (let inClass = false; this.at < this.text.length; ) {
      const c = this.text[this.at]
      if (c === '\n' || (c === '/' && !inClass)) break
      if (c === '[') inClass = true
      if (c === ']') inClass = false
      this.hide(c === '\\' ? 2 : 1)
    }
    this.at++
  }
}

/** Blank all that is not code, and all that is not comment. */
export function blank(text: string): { code: string; comments: string } {
  const blanker = new Blanker(text)
  blanker.run(false)
  return { code: blanker.code.join(''), comments: blanker.comments.join('') }
}

const IMPORT = /(?:^|[;\n])\s*(import|export)\b([^;'"()=]*?)\bfrom\s*(?=['"])|\bimport\s*\(?\s*(?=['"])/g

/** What the file imports, re-exports or loads by a literal name. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  for (const match of source.code.matchAll(IMPORT)) {
    const quote = match.index + match[0].length
    const end = source.text.indexOf(source.text[quote], quote + 1)
    found.push({
      specifier: source.text.slice(quote + 1, end),
      line: lineAt(source.text, quote),
      typeOnly: crossesOnlyTypes(match[2] ?? ''),
    })
  }
  return found
}

function crossesOnlyTypes(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    .split(',')
    .filter(name => name.trim() !== '')
  return names !== undefined && names.length > 0 && names.every(name => /^\s*type\s/.test(name))
}

/** For each bracket of the code, where its partner stands. */
export function partners(code: string): Map<number, number> {
  const open: number[] = []
  const found = new Map<number, number>()
  for (let i = 0; i < code.length; i++) {
    const c = code[i]
    if (c === '(' || c === '[' || c === '{') open.push(i)
    else if (c === ')' || c === ']' || c === '}') {
      const at = open.pop()
      if (at === undefined) break
      found.set(at, i)
      found.set(i, at)
    }
  }
  return found
}

const NOT_A_FUNCTION = /\b(if|for|while|switch|catch|with|await)\s*$/
const RETURN_TYPE = /\)\s*(:[^;{}()=]*)?$/

/** The functions of a file: declarations, methods and arrows with a body. */
export function functionsOf(source: Source): FunctionSpan[] {
  const { code } = source
  const pairs = partners(code)
  const found: FunctionSpan[] = []
  for (let at = code.indexOf('{'); at >= 0; at = code.indexOf('{', at + 1)) {
    const end = pairs.get(at)
    const start = end === undefined ? -1 : headOf(code, at, pairs)
    if (end === undefined || start < 0) continue
    const firstLine = lineAt(code, start)
    found.push({ name: nameBefore(code, start), firstLine, lines: lineAt(code, end) - firstLine + 1 })
  }
  return found
}

/** Where the parameters begin of the function whose body opens at `brace`, or -1 when no function does. */
function headOf(code: string, brace: number, pairs: Map<number, number>): number {
  const before = code.slice(Math.max(0, brace - 400), brace)
  const arrow = /=>\s*$/.exec(before)
  const head = arrow ? before.slice(0, arrow.index) : before
  const offset = brace - before.length
  const bare = arrow === null ? null : /(\w+)\s*$/.exec(head)
  if (bare !== null && !RETURN_TYPE.test(head)) return offset + bare.index
  const close = RETURN_TYPE.exec(head)
  if (close === null) return headBeforeBracedType(code, offset + head.trimEnd().length, pairs)
  const open = pairs.get(offset + close.index)
  if (open === undefined || NOT_A_FUNCTION.test(code.slice(Math.max(0, open - 20), open))) return -1
  return open
}

/** The same where the return type ends in braces of its own: `function f(): { a: number } {`. */
function headBeforeBracedType(code: string, end: number, pairs: Map<number, number>): number {
  if (code[end - 1] !== '}') return -1
  const opening = pairs.get(end - 1)
  if (opening === undefined) return -1
  const before = code.slice(0, opening)
  const close = /\)\s*:[^;{}()=]*$/.exec(before.slice(-200))
  return close === null ? -1 : (pairs.get(before.length - Math.min(200, before.length) + close.index) ?? -1)
}

function nameBefore(code: string, start: number): string {
  const before = code.slice(Math.max(0, start - 120), start)
  return (
    /([\w$#]+)\s*(<[^<>]*>)?\s*$/.exec(before)?.[1] ??
    /([\w$#]+)\s*[=:]\s*(async\s*)?$/.exec(before)?.[1] ??
    'a function'
  )
}

/** Statements at the top level that declare names: `const`, `let` and `var`, with the text of their initialiser. */
export function topLevelDeclarations(source: Source): { kind: string; name: string; init: string; line: number }[] {
  const { code } = source
  const depths = depthsOf(code)
  const found: { kind: string; name: string; init: string; line: number }[] = []
  for (const match of code.matchAll(/(^|\n)(?:export )?(?:declare )?(const|let|var) ([\w$]+|[[{])([^\n]*)/g)) {
    const at = match.index + match[1].length
    if (depths[at] !== 0) continue
    const init = /(?:^|[^=!<>])=(?![=>])\s*(.*)$/.exec(match[4])?.[1] ?? ''
    found.push({ kind: match[2], name: match[3], init, line: lineAt(code, at) })
  }
  return found
}

/** How many brackets are open at each position. */
function depthsOf(code: string): Uint16Array {
  const depths = new Uint16Array(code.length)
  let depth = 0
  for (let i = 0; i < code.length; i++) {
    depths[i] = depth
    if ('([{'.includes(code[i])) depth++
    else if (')]}'.includes(code[i])) depth--
  }
  return depths
}
