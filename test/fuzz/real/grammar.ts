/* Grammar -- random commands from patterns, such as
 *
 *      SET <s> <v> [{NX|XX}] [GET] [{EX <int>|KEEPTTL}]
 *
 *      <name>     a value drawn from a pool            [ ... ]      there or not
 *      {a|b}      one of them                          ...          what stands before once to four times
 *
 * One command in some is spoiled: an argument goes, comes twice or becomes another, so that refusals are compared too. */

import type { Random } from '../../support/random.ts'

/** What a placeholder stands for. */
export type Pools = Readonly<Record<string, (random: Random) => string>>

type Node =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'pool'; readonly name: string }
  | { readonly kind: 'maybe'; readonly nodes: readonly Node[] }
  | { readonly kind: 'group'; readonly nodes: readonly Node[] }
  | { readonly kind: 'one'; readonly choices: readonly (readonly Node[])[] }
  | { readonly kind: 'many'; readonly node: Node }

/** A pattern that can be drawn from any number of times. */
export class Pattern {
  readonly #nodes: readonly Node[]

  constructor(text: string) {
    const tokens = text.match(/\.\.\.|[[\]{}|()]|[^\s[\]{}|()]+/g) ?? []
    this.#nodes = parse(tokens, '')
  }

  draw(random: Random, pools: Pools): string[] {
    const args: string[] = []
    write(this.#nodes, random, pools, args)
    return args
  }
}

function parse(tokens: string[], end: string): Node[] {
  const nodes: Node[] = []
  while (tokens.length > 0 && tokens[0] !== end && tokens[0] !== '|') {
    const token = tokens.shift()!
    if (token === '[') nodes.push({ kind: 'maybe', nodes: closed(tokens, ']') })
    else if (token === '(') nodes.push({ kind: 'group', nodes: closed(tokens, ')') })
    else if (token === '{') nodes.push({ kind: 'one', choices: choices(tokens) })
    else if (token === '...') nodes.push({ kind: 'many', node: nodes.pop()! })
    else if (/^<.+>$/.test(token)) nodes.push({ kind: 'pool', name: token.slice(1, -1) })
    else nodes.push({ kind: 'word', text: token })
  }
  return nodes
}

function closed(tokens: string[], end: string): Node[] {
  const nodes = parse(tokens, end)
  if (tokens.shift() !== end) throw new Error(`${end} is missing`)
  return nodes
}

function choices(tokens: string[]): Node[][] {
  const found = [parse(tokens, '}')]
  while (tokens[0] === '|') {
    tokens.shift()
    found.push(parse(tokens, '}'))
  }
  if (tokens.shift() !== '}') throw new Error('} is missing')
  return found
}

function write(nodes: readonly Node[], random: Random, pools: Pools, args: string[]): void {
  for (const node of nodes) {
    if (node.kind === 'word') args.push(random.oneIn(4) ? node.text.toLowerCase() : node.text)
    else if (node.kind === 'pool') args.push(drawn(node.name, random, pools))
    else if (node.kind === 'group') write(node.nodes, random, pools, args)
    else if (node.kind === 'maybe') {
      if (random.oneIn(2)) write(node.nodes, random, pools, args)
    } else if (node.kind === 'one') write(random.pick(node.choices), random, pools, args)
    else for (let times = 1 + random.below(4); times > 0; times--) write([node.node], random, pools, args)
  }
}

function drawn(name: string, random: Random, pools: Pools): string {
  const pool = pools[name]
  if (pool === undefined) throw new Error(`there is no pool <${name}>`)
  return pool(random)
}

/** Spoil a command: an argument goes, comes twice, or becomes `other`. */
export function spoil(args: readonly string[], random: Random, other: string): string[] {
  const spoiled = [...args]
  const at = 1 + random.below(Math.max(1, args.length - 1))
  const how = random.below(4)
  if (args.length === 1) spoiled.push(other)
  else if (how === 0) spoiled.pop()
  else if (how === 1) spoiled.splice(at, 1)
  else if (how === 2) spoiled.splice(at, 0, spoiled[at] ?? other)
  else spoiled[at] = other
  return spoiled
}
