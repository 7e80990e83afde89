/* Restored -- a large value of a module in a base of commands: a RESTORE, made in pieces.
 *
 *      plan --> payload, aside, in buffers of 64 KB        then        RESTORE key 0 <length> --> the file, buffer by buffer
 *
 * The length of a payload stands before it, and nobody knows it before all of it was written. So it is gathered first. */

import type { Address } from '../../memory/arena.ts'
import { Aside } from '../aside.ts'
import type { Big } from '../big.ts'
import type { Plan } from '../plan.ts'
import { closePayload } from '../rdb/payload.ts'
import type { RdbWriter } from '../rdb/writer.ts'
import { putBulk, putHeader, putWord } from './requests.ts'

export class Restored implements Big {
  readonly type: number
  readonly #plan: Plan
  readonly #key: Buffer
  readonly #payload: Aside
  #isGathered = false
  #isPassedOn = false

  constructor(plan: Plan, key: Buffer) {
    this.type = plan.type
    this.#plan = plan
    this.#key = key
    this.#payload = new Aside(plan.options.memory, plan.options.compresses)
    this.#payload.writer.byte(plan.type)
  }

  get root(): Address {
    return this.#plan.root
  }

  get isDone(): boolean {
    return this.#isPassedOn
  }

  begin(): void {}

  step(writer: RdbWriter): void {
    if (!this.#isGathered) this.#gather(writer)
    else if (!this.#payload.passOn(writer)) {
      writer.ascii('\r\n')
      this.#isPassedOn = true
    }
  }

  #gather(writer: RdbWriter): void {
    const payload = this.#payload.writer
    if (!this.#plan.isDone) {
      this.#plan.step(payload)
      return
    }
    closePayload(payload)
    putHeader(writer, 4)
    putWord(writer, 'RESTORE')
    putBulk(writer, this.#key, 0, this.#key.length)
    putWord(writer, '0')
    writer.ascii(`$${payload.offset}\r\n`)
    this.#isGathered = true
  }

  end(): void {}

  release(): void {
    this.#plan.release()
    this.#payload.release()
  }
}
