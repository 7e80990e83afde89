/* Command target -- a snapshot as the commands that make the data: a base of an append-only file with
 * `aof-use-rdb-preamble no`.
 *
 * A small value is written at once, by the commands that its type names, or as a RESTORE of its payload when it names none. A large
 * one is written in pieces, as in an RDB file, each of them a command or some (command-pieces.ts); a large value of a module becomes
 * a RESTORE whose payload is gathered in pieces, since its length stands before it (restored.ts). */

import { Range } from '../../base/bytes.ts'
import { Args } from '../../command/args.ts'
import { encodeCommand } from '../../command/propagate.ts'
import type { Database } from '../../keyspace/database.ts'
import type { Keyspace } from '../../keyspace/keyspace.ts'
import type { Address } from '../../memory/arena.ts'
import type { Dict } from '../../memory/dict.ts'
import { ValueWriter } from '../encode.ts'
import type { WholeFile } from '../file.ts'
import { Plan } from '../plan.ts'
import { TYPE } from '../rdb/format.ts'
import { closePayload } from '../rdb/payload.ts'
import { RdbWriter } from '../rdb/writer.ts'
import { type PendingBig, PieceTarget, type TargetOptions } from '../target.ts'
import type { Watch } from '../watch.ts'
import { CommandPieces } from './command-pieces.ts'
import { Restored } from './restored.ts'

/** Writes commands. */
export class CommandTarget extends PieceTarget {
  readonly #payload: RdbWriter
  readonly #values: ValueWriter
  readonly #pieces: CommandPieces
  readonly #args = new Args()
  readonly #key = new Range()
  #selected = -1

  constructor(keyspace: Keyspace, file: WholeFile, options: TargetOptions) {
    super(keyspace, file, options)
    this.#payload = new RdbWriter(keyspace.memory)
    this.#values = new ValueWriter(keyspace.memory)
    this.#pieces = new CommandPieces(keyspace.memory)
  }

  readonly #emit = (values: readonly (string | Buffer | number | bigint)[]): void => {
    this.#args.loadValues(values)
    const bytes = encodeCommand(this.#args)
    this.writer.raw(bytes, 0, bytes.length)
  }

  begin(): void {
    for (const code of this.options.libraries) this.#emit(['FUNCTION', 'LOAD', code])
  }

  key(number: number, keys: Dict, db: Database, record: Address, watch: Watch): PendingBig | null {
    const key = keys.key(record, this.#key).copy()
    const type = this.#values.typeOf(db, record)
    this.#pieces.key = key
    const planned = this.#values.bigOf(db, record, type, this.options.elementsAtOnce, watch, this.#pieces)
    const exactMs = db.deadlines.of(record) < 0 ? -1n : BigInt(db.deadlines.exactOf(record))
    if (planned !== null) {
      const big = planned instanceof Plan && type === TYPE.module ? new Restored(planned, key) : planned
      return { number, key, facts: { expireMs: Number(exactMs), exactMs, idleSeconds: -1, frequency: -1 }, big }
    }
    this.#select(number)
    const declared = db.keyspace.types[db.typeOf(record)]!
    if (declared.rewrite === undefined) this.#restore(key, db, record, type)
    else declared.rewrite(Range.of(key), db.view(record, declared), this.#emit)
    this.#expire(key, exactMs)
    return null
  }

  #select(number: number): void {
    if (number !== this.#selected) this.#emit(['SELECT', number])
    this.#selected = number
  }

  #expire(key: Buffer, exactMs: bigint): void {
    if (exactMs >= 0n) this.#emit(['PEXPIREAT', key, exactMs])
  }

  protected head({ number }: PendingBig): void {
    this.#select(number)
  }

  /** It stands in the file, before the keys that wait aside. */
  protected tail({ key, facts }: PendingBig): void {
    const aside = this.writer
    this.writer = this.file
    this.#expire(key, facts.exactMs)
    this.writer = aside
  }

  #restore(key: Buffer, db: Database, record: Address, type: number): void {
    const payload = this.#payload.begin()
    payload.byte(type)
    this.#values.write(payload, db, record, type)
    closePayload(payload)
    this.#emit(['RESTORE', key, '0', payload.result(new Range()).copy()])
  }

  end(): void {
    this.file.flush()
  }

  override release(): void {
    super.release()
    this.#payload.release()
    this.#values.release()
    this.#pieces.release()
  }
}
