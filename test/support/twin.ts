/* Twin -- a second server that is told only what the first one propagates.
 *
 * When both then hold the same data, the log says all that happened. States are compared by DEBUG DIGEST EXACT, which every
 * type feeds with what it holds; an effect that the twin refuses is a fault too. */

import type { PropagationReader, Unit } from '../../core/command/propagate.ts'
import { startServer, type TestServer } from './server.ts'
import { encodeCommand, type RawConnection } from './transcript/connection.ts'
import { printReply } from './transcript/reply.ts'

const EXEC = encodeCommand(['EXEC'])

export class Twin implements PropagationReader {
  readonly #source: TestServer
  readonly #server: TestServer
  readonly #connection: RawConnection
  #db = 0
  #untold: Buffer[] = []
  #units = 0

  private constructor(source: TestServer, server: TestServer, connection: RawConnection) {
    this.#source = source
    this.#server = server
    this.#connection = connection
  }

  /** A twin of an empty server. The caller closes it. */
  static async of(source: TestServer): Promise<Twin> {
    const server = await startServer()
    const twin = new Twin(source, server, await server.connect())
    twin.listen(true)
    return twin
  }

  /** Hear of what the source does from now on, or stop to. */
  listen(on: boolean): void {
    const { propagation } = this.#source.server.engine
    if (on) propagation.addReader(this)
    else propagation.removeReader(this)
  }

  /** Units heard of so far. */
  get units(): number {
    return this.#units
  }

  unit(unit: Unit): void {
    this.#units++
    let start = unit.start
    for (let i = 0; i < unit.count; i++) {
      const db = unit.databases[i]!
      if (db !== this.#db) this.#untold.push(encodeCommand(['SELECT', String(db)]))
      this.#db = db
      this.#untold.push(Buffer.from(unit.buf.subarray(start, unit.ends[i]!)))
      start = unit.ends[i]!
    }
  }

  /** Tell the twin what it has not heard of yet. Gives how it then differs from the source: nothing when it does not. */
  async differences(): Promise<string[]> {
    const faults: string[] = []
    const told = this.#untold
    this.#untold = []
    this.#connection.write(Buffer.concat(told))
    for (const bytes of told) {
      const reply = await this.#connection.read()
      // Within a transaction each item is a whole answer; within others an item may well be an error, as it was before.
      const answers = bytes.equals(EXEC) && 'items' in reply ? reply.items : [reply]
      const refused = answers.some(answer => answer.kind === '-')
      if (refused) faults.push(`the twin answered ${printReply(reply)} to ${JSON.stringify(bytes.latin1Slice())}`)
    }
    const [source, twin] = await Promise.all([
      this.#source.call('DEBUG', 'DIGEST', 'EXACT'),
      this.#server.call('DEBUG', 'DIGEST', 'EXACT'),
    ])
    if (source !== twin) faults.push(`the digest is ${String(source)}, the twin's ${String(twin)}`)
    return faults
  }

  close(): Promise<void> {
    this.listen(false)
    return this.#server.close()
  }
}
