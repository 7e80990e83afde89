/* Blocks -- the bytes of a sketch as one string, going out to a dump and coming in from one. */
import {
  ACCOUNT,
  type Address,
  ArenaFull,
  type Memory,
  type Range,
  type SaveSink,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'

/** A copy of bytes in a block of its own, or 0 when there is no room. */
export function copyToBlock(memory: Memory, bytes: Range): Address {
  let address: Address
  try {
    address = memory.block(ACCOUNT.dataset, Math.max(bytes.end - bytes.start, 1))
  } catch (error) {
    // A value that does not fit is not loaded; any other failure is a fault of ours.
    if (!(error instanceof ArenaFull)) throw error
    return 0
  }
  writeBlock(memory, address, bytes)
  return address
}

/** Write bytes to the start of a block. */
export function writeBlock(memory: Memory, address: Address, bytes: Range): void {
  bytes.buf.copy(memory.u8[address >>> SLAB_BITS]!, (address & UNIT_MASK) * 8, bytes.start, bytes.end)
}

/** Hand the first bytes of a block to a sink. */
export function sinkBlock(memory: Memory, address: Address, bytes: number, sink: SaveSink): void {
  sink.block(memory, address, 0, bytes)
}
