/* What does keeping a sorted set in order cost? The chunk tree beside a sorted array and a skip list of objects.
 *
 *   node --conditions=redstrata-source --import tsx bench/structs/ranked.ts [members]
 *
 * Uniform scores, members of 14 bytes; the array is measured at 100,000 at most, where it is already out of the race.
 * Times are CPU nanoseconds an operation. The Dict that finds a member's record is not part of this. */

import { ACCOUNT, type Address, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { Ranked } from '../../core/structs/ranked.ts'
import { seeded } from '../../test/structs/seeded.ts'

const members = Number(process.argv[2] ?? 1_000_000)
const probes = Math.min(members, 200_000)

interface Order {
  insert(i: number, score: number): void
  rescore(i: number, old: number, score: number): void
  rank(i: number, score: number): number
  /** Sum of the scores of ten entries from a score on. */
  range(score: number): number
}

function treeOrder(): Order {
  const memory = new Memory()
  const ranked = new Ranked(memory)
  ranked.create()
  const records = new Int32Array(members)
  return {
    insert(i, score) {
      records[i] = record(memory, i)
      ranked.insert(score, records[i]!)
    },
    rescore: (i, old, score) => void ranked.rescore(old, records[i]!, score),
    rank: (i, score) => ranked.rank(score, records[i]!),
    range(score) {
      let sum = 0
      let more = ranked.seekScore(score, false)
      for (let k = 0; more && k < 10; k++, more = ranked.next()) sum += ranked.score
      return sum
    },
  }
}

function record(memory: Memory, i: number): Address {
  const member = `member:${String(i).padStart(7, '0')}`
  const address = memory.block(ACCOUNT.dataset, 16 + member.length)
  const slab = memory.u8[address >>> SLAB_BITS]!
  const at = (address & UNIT_MASK) << 3
  slab[at + 4] = member.length
  slab.latin1Write(member, at + 16, member.length)
  return address
}

function arrayOrder(): Order {
  const scores: number[] = []
  const place = (score: number) => {
    let low = 0
    let high = scores.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (scores[middle]! < score) low = middle + 1
      else high = middle
    }
    return low
  }
  const insert = (score: number) => void scores.splice(place(score), 0, score)
  return {
    insert: (_, score) => insert(score),
    rescore(_, old, score) {
      scores.splice(place(old), 1)
      insert(score)
    },
    rank: (_, score) => place(score),
    range(score) {
      let sum = 0
      for (let k = place(score), end = k + 10; k < end && k < scores.length; k++) sum += scores[k]!
      return sum
    },
  }
}

interface Node {
  score: number
  member: string
  next: (Node | null)[]
  span: number[]
}

/** The textbook structure: towers of objects with the distance that each link jumps. */
function skipListOrder(): Order {
  const random = seeded(99)
  const levels = 24
  const head: Node = { score: -Infinity, member: '', next: Array(levels).fill(null), span: Array(levels).fill(0) }
  const path: Node[] = Array(levels).fill(head)
  const ranks: number[] = Array(levels).fill(0)
  const name = (i: number) => `member:${String(i).padStart(7, '0')}`
  const find = (score: number, member: string) => {
    let node = head
    let rank = 0
    for (let level = levels - 1; level >= 0; level--) {
      for (;;) {
        const next: Node | null = node.next[level] ?? null
        if (next === null || next.score > score || (next.score === score && next.member >= member)) break
        rank += node.span[level]!
        node = next
      }
      path[level] = node
      ranks[level] = rank
    }
    return node.next[0]
  }
  const insert = (score: number, member: string) => {
    find(score, member)
    let height = 1
    while (height < levels && random() < 0.25) height++
    const fresh: Node = { score, member, next: [], span: [] }
    for (let level = 0; level < levels; level++) {
      const before = path[level]!
      if (level >= height) {
        before.span[level]!++
        continue
      }
      fresh.next[level] = before.next[level]!
      before.next[level] = fresh
      const distance = ranks[0]! - ranks[level]!
      fresh.span[level] = before.span[level]! - distance
      before.span[level] = distance + 1
    }
  }
  return {
    insert: (i, score) => insert(score, name(i)),
    rescore(i, old, score) {
      const node = find(old, name(i))!
      for (let level = 0; level < levels; level++) {
        const before = path[level]!
        if (before.next[level] === node) {
          before.span[level]! += node.span[level]! - 1
          before.next[level] = node.next[level]!
        } else before.span[level]!--
      }
      insert(score, name(i))
    },
    rank(i, score) {
      find(score, name(i))
      return ranks[0]!
    },
    range(score) {
      let sum = 0
      let node = find(score, '') ?? null
      for (let k = 0; node !== null && k < 10; k++, node = node.next[0] ?? null) sum += node.score
      return sum
    },
  }
}

function cpuNanoseconds(operations: number, act: () => void): string {
  const begin = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(begin)
  return String(Math.round(((user + system) * 1000) / operations)).padStart(8)
}

function measure(name: string, order: Order, count: number): void {
  const random = seeded(1)
  const scores = Float64Array.from({ length: count }, () => random() * 1e6)
  const some = Int32Array.from({ length: Math.min(probes, count) }, () => Math.floor(random() * count))
  let sink = 0
  const insert = cpuNanoseconds(count, () => {
    for (let i = 0; i < count; i++) order.insert(i, scores[i]!)
  })
  const rank = cpuNanoseconds(some.length, () => {
    for (const i of some) sink += order.rank(i, scores[i]!)
  })
  const range = cpuNanoseconds(some.length, () => {
    for (const i of some) sink += order.range(scores[i]!)
  })
  const rescore = cpuNanoseconds(some.length, () => {
    for (const i of some) {
      const score = random() * 1e6
      order.rescore(i, scores[i]!, score)
      scores[i] = score
    }
  })
  console.log(`${name.padEnd(22)} ${String(count).padStart(9)} ${insert} ${rescore} ${rank} ${range}   (${sink > 0})`)
}

console.log('structure                members   insert  rescore     rank range 10   ns')
measure('chunk tree', treeOrder(), members)
measure('skip list of objects', skipListOrder(), Math.min(members, 1_000_000))
measure('sorted array', arrayOrder(), Math.min(members, 100_000))
