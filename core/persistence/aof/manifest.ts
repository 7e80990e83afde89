/* Manifest -- which files make up an append-only file.
 *
 *      file appendonly.aof.2.base.rdb seq 2 type b         the data as they were at some moment
 *      file appendonly.aof.3.incr.aof seq 3 type i         what changed since, one file after the other
 *      file appendonly.aof.4.incr.aof seq 4 type i
 *      file appendonly.aof.1.base.rdb seq 1 type h         history: to be removed
 *
 * A rewrite begins an increment of its own, writes a new base meanwhile, and then one new manifest says that the base replaces
 * the old one and all increments before its own. The manifest is replaced whole, so the data are those of the old
 * manifest or those of the new one, never a mixture.
 *
 * A name with blanks or quotes stands in double quotes, with \xNN for what is not printable. */

/** One file of the set. */
export interface AofPart {
  readonly name: string
  readonly seq: number
}

/** A manifest that cannot be read, and why. */
export class ManifestError extends Error {}

const NAME_BYTES_MAX = 255

/** The files of an append-only file. */
export class Manifest {
  base: AofPart | null = null
  increments: AofPart[] = []
  history: AofPart[] = []
  baseSeq = 0
  incrementSeq = 0

  /** The name of the next base. */
  nextBase(name: string, isRdb: boolean): AofPart {
    const seq = ++this.baseSeq
    return { name: `${name}.${seq}.base.${isRdb ? 'rdb' : 'aof'}`, seq }
  }

  /** The name of the next increment. */
  nextIncrement(name: string): AofPart {
    const seq = ++this.incrementSeq
    return { name: `${name}.${seq}.incr.aof`, seq }
  }

  /** A copy that can be changed while this one stands. */
  copy(): Manifest {
    const twin = new Manifest()
    twin.base = this.base
    twin.increments = [...this.increments]
    twin.history = [...this.history]
    twin.baseSeq = this.baseSeq
    twin.incrementSeq = this.incrementSeq
    return twin
  }

  /** The files with data, in the order in which they are loaded. */
  get parts(): AofPart[] {
    return this.base === null ? this.increments : [this.base, ...this.increments]
  }

  get isEmpty(): boolean {
    return this.base === null && this.increments.length === 0
  }

  text(): string {
    const line = (part: AofPart, type: string): string => `file ${quoted(part.name)} seq ${part.seq} type ${type}\n`
    let text = this.base === null ? '' : line(this.base, 'b')
    for (const part of this.history) text += line(part, 'h')
    for (const part of this.increments) text += line(part, 'i')
    return text
  }
}

/**
 * Read a manifest.
 * @throws ManifestError with the number of the line that is wrong.
 */
export function parseManifest(text: string): Manifest {
  const manifest = new Manifest()
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new ManifestError('The AOF manifest file contains an invalid line: the last has no end')
  if (lines.length === 0) throw new ManifestError('Found an empty AOF manifest')
  lines.forEach((line, i) => {
    if (line.startsWith('#') || line.trim() === '') return
    const fault = addLine(manifest, line.replace(/\r$/, ''))
    if (fault !== null) throw new ManifestError(`${fault} (line ${i + 1}: ${line.slice(0, 200)})`)
  })
  return manifest
}

function addLine(manifest: Manifest, line: string): string | null {
  const words = wordsOf(line)
  if (words === null || words.length < 6 || words.length % 2 !== 0) return 'Invalid AOF manifest file format'
  const values = new Map<string, string>()
  for (let i = 0; i < words.length; i += 2) values.set(words[i]!.toLowerCase(), words[i + 1]!)
  const name = values.get('file')
  const seq = Number(values.get('seq'))
  const type = values.get('type')
  if (name === undefined || name === '' || name.length > NAME_BYTES_MAX || !Number.isSafeInteger(seq) || seq < 1)
    return 'Invalid AOF manifest file format'
  if (name.includes('\0')) return 'Invalid AOF manifest file format'
  if (/[/\\]/.test(name)) return "File can't be a path, just a filename"
  const part = { name, seq }
  if (type === 'b') {
    if (manifest.base !== null) return 'Found duplicate base file information'
    manifest.base = part
    manifest.baseSeq = seq
  } else if (type === 'i') {
    if (seq <= manifest.incrementSeq) return 'Found a non-monotonic sequence number'
    manifest.increments.push(part)
    manifest.incrementSeq = seq
  } else if (type === 'h') manifest.history.push(part)
  else return 'Unknown AOF file type'
  return null
}

function quoted(name: string): string {
  if (/^[!#-&(-~]+$/.test(name)) return name
  const escaped = [...Buffer.from(name)].map(byte => {
    const character = String.fromCharCode(byte)
    if (character === '"' || character === '\\') return `\\${character}`
    return byte >= 32 && byte < 127 ? character : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `"${escaped.join('')}"`
}

/** Words between blanks, quoted ones without their quotes; null when a quote is not closed. */
function wordsOf(line: string): string[] | null {
  const words: string[] = []
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/y
  let at = 0
  while (line.slice(at).trim() !== '') {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (match === null) return null
    words.push(match[2] ?? unescaped(match[1]!))
    at = pattern.lastIndex
  }
  return words
}

function unescaped(text: string): string {
  const bytes = text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : code,
  )
  return Buffer.from(bytes, 'latin1').toString()
}
