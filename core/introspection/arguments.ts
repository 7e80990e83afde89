/* Arguments -- what a synopsis says of a command's arguments, in the terms of COMMAND DOCS.
 *
 *      EXPIRE key seconds [<NX|XX|GT|LT>]
 *
 *      key        type key
 *      seconds    type integer
 *      condition  type oneof, optional: NX, XX, GT, LT, each a pure token
 *
 * A word in capitals is a token, which belongs to what follows it; `x [x ...]` is one argument that may be repeated. */

/** One argument. */
export interface Argument {
  name: string
  type: string
  /** The word that introduces it. */
  token?: string
  optional?: boolean
  multiple?: boolean
  /** Its token is said again each time. */
  multipleToken?: boolean
  /** Alternatives, or the parts of a block. */
  parts?: Argument[]
}

const KEY = /^(key\d*|source|destination|destkey|sourcekey|newkey|src|dst)$/
const INTEGER =
  /^(count|seconds|milliseconds|index|offset|start|stop|end|num[a-z]+|timeout|destination-db|index[12]|ttl|port|cursor|bits|len|rank|maxlen|threshold|limit|min-idle-time|ms|bit|client-id|decrement|maxage|min-match-len|group-index|level|min-idle)$/
const DOUBLE = /^(score|longitude|latitude|radius|width|height|weight)$/

function typeOf(name: string): string {
  if (KEY.test(name)) return 'key'
  if (name.includes('unix-time')) return 'unix-time'
  if (name === 'pattern') return 'pattern'
  if (INTEGER.test(name)) return 'integer'
  return DOUBLE.test(name) ? 'double' : 'string'
}

/** Types that the name alone does not tell. */
const EXCEPTIONS: readonly (readonly [commands: RegExp, name: RegExp, type: string])[] = [
  [/^B[LRZ]/, /^timeout$/, 'double'],
  [/^(XRANGE|XREVRANGE|XAUTOCLAIM|XPENDING) /, /^(start|end)$/, 'string'],
  [/^XAUTOCLAIM /, /^min-idle-time$/, 'string'],
  [/^XTRIM /, /^threshold$/, 'string'],
  [/^(ZCOUNT|ZREMRANGEBYSCORE) /, /^(min|max)$/, 'double'],
  [/^Z(UNION|INTER)/, /^weight$/, 'integer'],
  [/^[HZ]?INCRBY /, /^increment$/, 'integer'],
  [/^H?INCRBYFLOAT /, /^increment$/, 'double'],
  [/^SETBIT /, /^value$/, 'integer'],
  [/^CLUSTER KEYSLOT /, /^key$/, 'string'],
  [/^(CLUSTER|LOLWUT|LPOS|MOVE|RESTORE)/, /^(slot|config-epoch|version|num-matches|db|frequency)$/, 'integer'],
]

/** The arguments behind the name of a command, which has `nameWords` words. */
export function argumentsOf(synopsis: string, nameWords: number): Argument[] {
  const rest = synopsis.split(' ').slice(nameWords).join(' ')
  const found = readAll(rest.match(/[[\]<>|]|[^\s[\]<>|]+/g) ?? [])
  for (const [commands, name, type] of EXCEPTIONS) if (commands.test(synopsis)) retype(found, name, type)
  return found
}

function retype(list: readonly Argument[], name: RegExp, type: string): void {
  for (const argument of list) {
    if (argument.parts !== undefined) retype(argument.parts, name, type)
    else if (name.test(argument.name) && argument.type !== 'pure-token') argument.type = type
  }
}

/** Signs that are words of their own. */
const SIGNS: Readonly<Record<string, string>> = {
  '=': 'equal',
  '~': 'approximately',
  '*': 'auto-id',
  $: 'new-id',
  '""': 'empty-string',
}

const isToken = (word: string): boolean => /^[A-Z][A-Z0-9_-]*$/.test(word) || SIGNS[word] !== undefined
const isName = (word: string | undefined): word is string =>
  word !== undefined && !/^[[\]<>|]$/.test(word) && word !== '...' && !isToken(word)

function readAll(words: readonly string[]): Argument[] {
  const found: Argument[] = []
  for (let at = 0; at < words.length; ) {
    const word = words[at]!
    if (word === '[' || word === '<') {
      const end = closing(words, at)
      const inner = words.slice(at + 1, end)
      if (word === '<') found.push(oneOf(inner))
      else if (!repeats(found, inner)) found.push({ ...asOne(readAll(inner)), optional: true })
      at = end + 1
    } else if (isToken(word)) at = readToken(words, at, found)
    else {
      if (word !== '...') found.push({ name: word, type: typeOf(word) })
      at++
    }
  }
  return found
}

/** A token with what it introduces: a name, several, or nothing. Returns where it ends. */
function readToken(words: readonly string[], start: number, found: Argument[]): number {
  const token = words[start] === 'EMPTY-STRING' ? '""' : words[start]!
  let end = start + 1
  while (isName(words[end])) end++
  const parts = readAll(words.slice(start + 1, end))
  // What may be repeated belongs to the token too.
  while (words[end] === '[' && repeats(parts, words.slice(end + 1, closing(words, end)))) end = closing(words, end) + 1
  if (parts.length === 0 && words[end] === '<') {
    const close = closing(words, end)
    parts.push(oneOf(words.slice(end + 1, close)))
    end = close + 1
  }
  if (parts.length === 0) found.push({ name: SIGNS[token] ?? token.toLowerCase(), type: 'pure-token', token })
  else if (parts.length === 1) found.push({ ...parts[0]!, token })
  else found.push({ name: token.toLowerCase(), type: 'block', token, parts })
  return end
}

/** Whether `inner` repeats what was read last, as in `field value [field value ...]`; then that is marked. */
function repeats(found: Argument[], inner: readonly string[]): boolean {
  if (inner.at(-1) !== '...') return false
  const again = readAll(inner.slice(0, -1))
  const last = found.slice(-again.length)
  const isSame = again.length > 0 && again.length <= found.length && last.every((one, i) => one.name === again[i]!.name)
  if (!isSame) return false
  if (last.length === 1) {
    last[0]!.multiple = true
    if (again[0]!.token !== undefined) last[0]!.multipleToken = true
  } else found.splice(-last.length, last.length, { name: 'data', type: 'block', multiple: true, parts: last })
  return true
}

function oneOf(words: readonly string[]): Argument {
  const parts: Argument[] = []
  let from = 0
  let depth = 0
  for (let i = 0; i <= words.length; i++) {
    const word = words[i]
    if (word === '[' || word === '<') depth++
    if (word === ']' || word === '>') depth--
    if (i < words.length && (word !== '|' || depth > 0)) continue
    parts.push(asOne(readAll(words.slice(from, i))))
    from = i + 1
  }
  return { name: parts.every(part => part.type === 'pure-token') ? 'condition' : 'choice', type: 'oneof', parts }
}

function asOne(parts: Argument[]): Argument {
  return parts.length === 1 ? parts[0]! : { name: 'options', type: 'block', parts }
}

function closing(words: readonly string[], open: number): number {
  let depth = 0
  for (let i = open; i < words.length; i++) {
    if (words[i] === '[' || words[i] === '<') depth++
    else if ((words[i] === ']' || words[i] === '>') && --depth === 0) return i
  }
  return words.length
}
