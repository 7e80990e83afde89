/* redis.conf -- the one syntax of the configuration file and of the command line.
 *
 *      # a comment
 *      save 900 1
 *      dir "/a path/with spaces"
 *      --port 7000 --save "" --appendonly yes
 *
 * A line is words, with the quoting of inline commands. The command line is the same: each `--name` begins a line, and what
 * follows up to the next one is its values. The first value may look like a name (`--logfile --x`), but for `--save`, which
 * may have none; a name may have its values in the same word (`"--maxmemory 1gb"`), and the first needs no dashes. */

/** One directive: its name in lower case, and its values. */
export interface Directive {
  readonly name: string
  readonly values: readonly string[]
  /** Where it stands, for messages: `line 12` or `option --port`. */
  readonly where: string
}

/** A fault of the configuration, told to the user as it is. */
export class ConfigFault extends Error {}

/** Read the text of a configuration file. @throws ConfigFault for a quote that is not closed. */
export function parseConfig(text: string): Directive[] {
  const directives: Directive[] = []
  text.split(/\r?\n/).forEach((line, at) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed[0] === '#') return
    const words = splitWords(trimmed)
    if (words === null) throw new ConfigFault(`line ${at + 1}: a quote is not closed: ${trimmed}`)
    directives.push({ name: words[0]!.toLowerCase(), values: words.slice(1), where: `line ${at + 1}` })
  })
  return directives
}

/** Read `--name value ...` words of the command line. @throws ConfigFault for a quote that is not closed. */
export function parseOptions(words: readonly string[]): Directive[] {
  const directives: { name: string; values: string[]; where: string }[] = []
  for (const word of words) {
    const last = directives.at(-1)
    const isComplete = last === undefined || last.values.length > 0 || last.name === 'save'
    if (last !== undefined && !(word.startsWith('--') && word.length > 2 && isComplete)) {
      last.values.push(word)
      continue
    }
    const parts = splitWords(word.replace(/^--/, ''))
    if (parts === null) throw new ConfigFault(`option ${word}: a quote is not closed`)
    const [name = '', ...values] = parts
    directives.push({ name: name.toLowerCase(), values, where: `option ${word}` })
  }
  return directives
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

/** Words of a line: bare, 'single' or "double quoted"; null when a quote is not closed. */
export function splitWords(line: string): string[] | null {
  const words: string[] = []
  let at = 0
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at++
      continue
    }
    let word = ''
    while (at < line.length && !/\s/.test(line[at]!)) {
      const quote = line[at]!
      if (quote !== '"' && quote !== "'") {
        word += quote
        at++
        continue
      }
      const end = quoted(line, at)
      if (end === null) return null
      word += end.text
      at = end.at
    }
    words.push(word)
  }
  return words
}

function quoted(line: string, start: number): { text: string; at: number } | null {
  const quote = line[start]!
  let text = ''
  for (let at = start + 1; at < line.length; at++) {
    const c = line[at]!
    if (c === quote) return { text, at: at + 1 }
    if (c !== '\\') {
      text += c
      continue
    }
    const hex = /^x([0-9a-f]{2})/i.exec(line.slice(at + 1, at + 4))
    if (quote === '"' && hex !== null) {
      text += String.fromCharCode(parseInt(hex[1]!, 16))
      at += 3
    } else {
      const next = line[++at] ?? ''
      text += quote === '"' ? (ESCAPES[next] ?? next) : next === "'" ? next : `\\${next}`
    }
  }
  return null
}
