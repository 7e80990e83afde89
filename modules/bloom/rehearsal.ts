/* Rehearsal -- commands on sketches of its own, played when the first sketch of a kind came to be, so that the code of that kind is
 * compiled before many items come (see core/module/rehearsal.ts and stage.ts).
 *
 *      BF.RESERVE r ...      then rounds of      BF.ADD r item:000000412077   and its like, sixteen at a time
 *                                                BF.EXISTS r ...
 *
 * What the compiler learns is what kinds of values there are: so items are of several lengths, short and long, some known and some
 * new, and the sketches are small, but not so small that they fill up. */

import { type Command, type Host, Lines, SeededRandom } from 'redstrata/module'

/** Commands of one kind that are played together. */
const AT_ONCE = 16
/** How often each line is played, AT_ONCE times each: the optimizing compiler has then seen them long enough. */
export const ROUNDS = 300

/** What is played for a kind: what makes a sketch, what is asked of it, and below what the numbers of items are. */
export interface Scene {
  readonly make: string
  readonly lines: readonly string[]
  readonly span: number
}

export const SCENES = {
  bloom: {
    make: 'BF.RESERVE r 0.01 20000',
    lines: ['BF.ADD r', 'BF.EXISTS r'],
    span: 100_000,
  },
  cuckoo: {
    make: 'CF.RESERVE r 20000',
    lines: ['CF.ADDNX r', 'CF.EXISTS r'],
    span: 15_000,
  },
  cms: {
    make: 'CMS.INITBYDIM r 2000 5',
    lines: ['CMS.INCRBY r', 'CMS.QUERY r'],
    span: 100_000,
  },
  topk: {
    make: 'TOPK.RESERVE r 50 2000 7 0.9',
    lines: ['TOPK.ADD r'],
    span: 10_000,
  },
  tdigest: {
    make: 'TDIGEST.CREATE r COMPRESSION 100',
    lines: ['TDIGEST.ADD r'],
    span: 100_000,
  },
} as const satisfies Record<string, Scene>

/** The pieces of the rehearsal of one kind, whose commands are made for a host. */
export function* rehearsal(host: Host, scene: Scene, commandsFor: (host: Host) => Command[]): Generator<void> {
  const { make, lines, span } = scene
  const stage = host.stage()
  try {
    stage.host.commands(commandsFor(stage.host))
    if (!stage.run(new Lines([make]))) return
    const batches = lines.map(
      line => new Lines(Array.from({ length: AT_ONCE }, (_, i) => `${line} ${itemOf(line, i)}`)),
    )
    const random = new SeededRandom(1)
    const chance = (): number => random.next()
    for (let round = 0; round < ROUNDS; round++)
      for (const batch of batches) {
        yield
        if (!stage.run(batch.vary(chance, span))) return
      }
  } finally {
    stage.end()
  }
}

/** The arguments behind the key: one in four is of another length than the others. */
function itemOf(line: string, i: number): string {
  if (line.startsWith('TDIGEST')) return i % 4 === 3 ? '%.25' : '%'
  const item = i % 4 !== 3 ? 'item:%' : OTHERS[(i >> 2) % 4]!
  return line.startsWith('CMS.INCRBY') ? `${item} 1` : item
}

const OTHERS = ['%', 'u%', 'visitor:of:today:%', 'page:%:en']
