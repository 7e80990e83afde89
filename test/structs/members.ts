/* Records of sorted-set members as the Dict lays them out, for tests of structures that only hold their addresses. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'

/** Store a member in a block of its own. */
export function makeMember(memory: Memory, member: Buffer, score = 0): Address {
  const isLong = member.length >= 255
  const head = isLong ? 20 : 16
  const record = memory.block(ACCOUNT.dataset, head + member.length)
  const slab = memory.u8[record >>> SLAB_BITS]!
  const at = (record & UNIT_MASK) << 3
  slab.fill(0, at, at + 16)
  slab[at + 4] = isLong ? 255 : member.length
  memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1] = score
  if (isLong) slab.writeUInt32LE(member.length, at + 16)
  member.copy(slab, at + head)
  return record
}

export function freeMember(memory: Memory, record: Address): void {
  memory.free(ACCOUNT.dataset, record)
}
