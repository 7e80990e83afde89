/* PFSELFTEST: the server tries its own HyperLogLog, as installed and on this machine.
 *
 * Items are numbered, so every run does the same. */

import { Range } from '../../base/bytes.ts'
import { writeInteger } from '../../base/numbers.ts'
import { addToDense, HLL, HLL_REGISTERS, type HllEditor } from '../../structs/hyperloglog.ts'

const REGISTER_MAX = 51
const ITEMS = 100_000
/** So many go into a sparse string, too, where each costs as much as the string is long. */
const SPARSE_ITEMS = 1000
/** Long enough that a sparse string never becomes dense by its length. */
const NO_SPARSE_LIMIT = 1 << 20
/** Errors beyond six standard deviations are faults, not chance. */
const ERROR_MAX = (6 * 1.04) / Math.sqrt(HLL_REGISTERS)

/** What is wrong, or null. */
export function selfTest(editor: HllEditor): string | null {
  return registersFault(editor) ?? countFault(editor)
}

/** Every register keeps every value, beside whatever its neighbours hold. */
function registersFault(editor: HllEditor): string | null {
  editor.create()
  if (!editor.toDense()) return 'an empty string cannot be made dense'
  for (let i = 0; i < HLL_REGISTERS; i++) editor.raise(i, testValue(i), NO_SPARSE_LIMIT)
  const string = new Range()
  editor.registers.fill(0)
  editor.merge(editor.result(string))
  for (let i = 0; i < HLL_REGISTERS; i++)
    if (editor.registers[i] !== testValue(i)) return `register ${i} holds ${editor.registers[i]}, not ${testValue(i)}`
  return null
}

function testValue(register: number): number {
  return 1 + ((register * 29) % REGISTER_MAX)
}

/** Sparse and dense strings agree, and both are right within the error that they claim. */
function countFault(editor: HllEditor): string | null {
  const item = Range.of('element:000000')
  const dense = new Range()
  const sparse = new Range()
  editor.create()
  editor.toDense()
  const copy = editor.result(dense).copy()
  dense.set(copy, 0, copy.length)
  editor.create()
  let checkpoint = 1
  for (let i = 1; i <= ITEMS; i++) {
    item.end = writeInteger(item.buf, 8, i)
    addToDense(dense, item)
    if (i <= SPARSE_ITEMS && editor.add(item, NO_SPARSE_LIMIT) === HLL.corrupt)
      return `item ${i} found a corrupt string`
    if (i < checkpoint) continue
    checkpoint *= 10
    const count = editor.count(dense)
    if (i <= SPARSE_ITEMS && count !== editor.count(editor.result(sparse)))
      return `sparse and dense differ after ${i} items`
    if (Math.abs(count - i) > Math.max(1, i * ERROR_MAX)) return `${i} items are counted as ${count}`
  }
  return null
}
