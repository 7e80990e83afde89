/* Outgoing -- a request to another server: connect, send, read as many replies as were asked for, and part. */

import { connect } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { ReplyReader, type ReplyValue } from '../resp/reader.ts'

type Stage = 'connecting' | 'writing' | 'reading'

/** What went wrong on the way. */
export class OutgoingFault extends Error {
  readonly stage: Stage
  /** The replies that came before. */
  readonly replies: readonly ReplyValue[]

  constructor(stage: Stage, message: string, replies: readonly ReplyValue[]) {
    super(message)
    this.stage = stage
    this.replies = replies
  }
}

/** Where a request goes, and how long may pass without progress. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

/** Longest reply that is taken. */
const REPLY_BYTES_MAX = 1 << 20

/** Send bytes and read replies. Rejects with an OutgoingFault. `onOpen` is given what breaks it off. */
export function exchange(
  clock: Clock,
  { host, port, timeoutMs }: Target,
  request: readonly Buffer[],
  replies: number,
  onOpen: (abort: () => void) => void,
): Promise<ReplyValue[]> {
  return new Promise((resolve, reject) => {
    const reader = new ReplyReader({}, REPLY_BYTES_MAX)
    const found: ReplyValue[] = []
    let stage: Stage = 'connecting'
    const socket = connect({ host, port, noDelay: true })
    const end = (finish: () => void): void => {
      timer.cancel()
      socket.destroy()
      finish()
    }
    const fail = (message: string): void => end(() => reject(new OutgoingFault(stage, message, found)))
    let timer = clock.after(timeoutMs, () => fail('timeout'))
    const progress = (): void => {
      timer.cancel()
      timer = clock.after(timeoutMs, () => fail('timeout'))
    }
    onOpen(() => fail('aborted'))
    socket.once('connect', () => {
      stage = 'writing'
      progress()
      for (const bytes of request) socket.write(bytes)
      socket.write('', () => (stage = 'reading'))
    })
    socket.on('data', piece => {
      progress()
      try {
        reader.feed(piece)
        for (let value = reader.next(); value !== undefined; value = reader.next()) found.push(value)
      } catch (error) {
        fail((error as Error).message)
        return
      }
      if (found.length >= replies) end(() => resolve(found))
    })
    socket.once('error', error => fail(error.message))
    socket.once('close', () => fail('closed'))
  })
}
