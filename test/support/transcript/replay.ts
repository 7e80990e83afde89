/* Replay -- hold a server to a recorded conversation.
 *
 * Each mode takes a case and gives what differs, a line each; an empty list is a pass.
 *
 *   exact      over sockets, in the protocol of the recording
 *   resp3      a RESP2 case on RESP3 connections, through the projection
 *   inMulti    each command in a transaction of its own: same reply, inside EXEC's array
 *   inScript   each command called by a script that returns what it was answered, through the projection
 *   reloaded   exact, the whole dataset saved and loaded again before every command, or every third in usual tests
 *   inProcess  each command through server.call, through the projection
 *   twin       exact, and afterwards a second server that heard the propagated effects holds the same (see twin.ts)
 *
 * A mode runs only the cases in which it changes nothing else; `suits` says which, by the commands that they use. */

import type { ReplyValue } from '../../../core/resp/reader.ts'
import { fitsValue, plainForms, projects, sameThroughScript, sameReply, sameUnblocked } from './compare.ts'
import type { RawConnection } from './connection.ts'
import type { Case, Comparison, Step } from './notation.ts'
import { printReply, type Reply } from './reply.ts'

/** Where a case is replayed. */
export interface Target {
  connect(): Promise<RawConnection>
  call(...args: Buffer[]): Promise<ReplyValue>
}

export type Mode = 'exact' | 'resp3' | 'inMulti' | 'inScript' | 'reloaded' | 'inProcess' | 'twin'

const SILENCE_MS = 150

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** The name of a command that is sent, in lower case. */
export function commandOf(step: Step): string {
  return step.kind === 'send' && step.args.length > 0 ? step.args[0].latin1Slice().toLowerCase() : ''
}

/** Commands about the connection itself, which answer differently from one kind of caller to another. */
const ABOUT_CONNECTION =
  /^(hello|reset|quit|auth|client|monitor|(s|p)?(un)?subscribe|acl|info|config|debug|shutdown|failover|replicaof|slaveof|sync|psync|command|eval.*|fcall.*|function|script|slowlog|latency|memory|object|wait|waitaof|save|bgsave|bgrewriteaof|lolwut|module|cluster)$/
/** Commands that mean something else inside a transaction, or are refused there. */
const ABOUT_TRANSACTION = /^(multi|exec|discard|watch|unwatch)$/
/** What a plain in-process call does not keep from one command to the next. */
const ABOUT_STATE = /^(select|swapdb|move|asking|readonly|readwrite)$/

const BLOCKING = /^b(l|r|z)/

/** Whether a case can be replayed in a mode. */
export function suits(mode: Mode, one: Case): boolean {
  if (mode === 'exact' || mode === 'twin') return true
  if (one.resp3 && mode !== 'reloaded') return false
  const commands = one.steps.filter(step => step.kind === 'send').map(commandOf)
  if (commands.some(name => ABOUT_CONNECTION.test(name)) || one.steps.some(step => step.kind === 'raw')) return false
  if (mode === 'resp3') return true
  if (commands.some(name => ABOUT_TRANSACTION.test(name))) return false
  // A script is told in other words.
  if (mode === 'inScript' && one.steps.some(step => step.kind === 'expect' && /^-ERR unknown command/.test(step.text)))
    return false
  return (
    isOneByOne(one) && (mode === 'inMulti' || mode === 'reloaded' || !commands.some(name => ABOUT_STATE.test(name)))
  )
}

/** Whether every command is answered before the next is sent, so that one could wrap it. */
function isOneByOne(one: Case): boolean {
  return one.steps.every((step, i) => {
    if (step.kind === 'sleep') return true
    if (step.kind !== 'send') return i > 0 && one.steps[i - 1].kind === 'send'
    const next = one.steps[i + 1]
    const answered = next?.kind === 'expect' || next?.kind === 'any' || next?.kind === 'match'
    return answered && next.connection === step.connection
  })
}

/** Replay a case, and tell what differs. */
export function replay(mode: Mode, one: Case, target: Target): Promise<string[]> {
  if (mode === 'inMulti') return replayWrapped(one, target, callInMulti)
  if (mode === 'inScript') return replayWrapped(one, target, callInScript)
  if (mode === 'reloaded') return replayWrapped(one, target, reloading())
  if (mode === 'inProcess') return replayInProcess(one, target)
  return replayOverSockets(one, target, mode === 'resp3' || one.resp3, mode === 'resp3' ? projects : sameReply)
}

/** The connections of a case: made when first used, closed together. */
class Connections {
  readonly #target: Target
  readonly #resp3: boolean
  readonly #open = new Map<string, RawConnection>()

  constructor(target: Target, resp3: boolean) {
    this.#target = target
    this.#resp3 = resp3
  }

  async named(name: string): Promise<RawConnection> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const connection = await this.#target.connect()
    this.#open.set(name, connection)
    if (this.#resp3) await connection.call('HELLO', '3')
    return connection
  }

  close(): void {
    for (const connection of this.#open.values()) connection.close()
  }
}

type Agree = (want: Reply, got: Reply, how: Comparison) => boolean

/** Why an answer is not the expected one, or null. */
function difference(step: Step, got: Reply, agree: Agree, sent: string): string | null {
  const forms = agree === projects ? plainForms(got) : [got]
  if (step.kind === 'match' && !forms.some(form => step.pattern.test(printReply(form))))
    return `line ${step.line}: > ${sent}\n  want match ${step.pattern.source}\n  got  ${printReply(got)}`
  if (step.kind === 'expect' && !agree(step.reply, got, step.how))
    return `line ${step.line}: > ${sent}\n  want ${step.text}\n  got  ${printReply(got)}`
  return null
}

async function replayOverSockets(one: Case, target: Target, resp3: boolean, agree: Agree): Promise<string[]> {
  const connections = new Connections(target, resp3)
  const faults: string[] = []
  const sent = new Map<string, string>()
  try {
    const first = await connections.named('')
    if (!one.keep) await first.call('FLUSHALL')
    for (const step of one.steps) {
      if (step.kind === 'sleep') {
        await sleep(step.ms)
        continue
      }
      const connection = await connections.named(step.connection)
      if (step.kind === 'send') {
        sent.set(step.connection, step.text)
        connection.send(step.args)
      } else if (step.kind === 'raw') {
        sent.set(step.connection, JSON.stringify(step.bytes.latin1Slice()))
        connection.write(step.bytes)
      } else if (step.kind === 'silent') {
        const got = await connection.readWithin(SILENCE_MS)
        if (got !== null) faults.push(`line ${step.line}: want silence\n  got  ${printReply(got)}`)
      } else {
        const fault = difference(step, await connection.read(), agree, sent.get(step.connection) ?? '')
        if (fault !== null) faults.push(fault)
      }
    }
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error))
  } finally {
    connections.close()
  }
  return faults
}

/** Run one command as MULTI, command, EXEC. Gives its reply, wherever it was refused. */
export async function callInMulti(connection: RawConnection, args: readonly Buffer[]): Promise<Reply> {
  await connection.call('MULTI')
  const queued = await connection.call(...args)
  if (queued.kind === '-') {
    await connection.call('DISCARD')
    return queued
  }
  const done = await connection.call('EXEC')
  return 'items' in done && done.items.length === 1 ? done.items[0] : done
}

/** Call one command from a script. */
export function callInScript(connection: RawConnection, args: readonly Buffer[]): Promise<Reply> {
  return connection.call('EVAL', 'return redis.pcall(unpack(ARGV))', '0', ...args)
}

/** Saves everything and loads it again now and then, and runs one command. */
function reloading(): Wrapped {
  const every = process.env['REDSTRATA_TEST'] === 'long' ? 1 : 3
  let count = 0
  return async (connection, args) => {
    const reloaded = count++ % every === every - 1 ? await connection.call('DEBUG', 'RELOAD') : null
    return reloaded?.kind === '-' ? reloaded : connection.call(...args)
  }
}

type Wrapped = (connection: RawConnection, args: readonly Buffer[]) => Promise<Reply>

async function replayWrapped(one: Case, target: Target, call: Wrapped): Promise<string[]> {
  const connections = new Connections(target, one.resp3)
  const agree = call === callInScript ? sameThroughScript : sameReply
  try {
    const first = await connections.named('')
    if (!one.keep) await first.call('FLUSHALL')
    return await oneByOne(one, agree, async (step, connection) => call(await connections.named(connection), step.args))
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    connections.close()
  }
}

type Send = Extract<Step, { kind: 'send' }>

/** Give each command to `run` and compare what comes back with the step behind it. */
async function oneByOne(
  one: Case,
  usual: Agree,
  run: (step: Send, connection: string) => Promise<Reply>,
): Promise<string[]> {
  const faults: string[] = []
  for (let i = 0; i < one.steps.length; i++) {
    const step = one.steps[i]
    if (step.kind === 'sleep') await sleep(step.ms)
    if (step.kind !== 'send') continue
    const agree = BLOCKING.test(commandOf(step)) ? sameUnblocked : usual
    const fault = difference(one.steps[i + 1], await run(step, step.connection), agree, step.text)
    if (fault !== null) faults.push(fault)
  }
  return faults
}

async function replayInProcess(one: Case, target: Target): Promise<string[]> {
  const faults: string[] = []
  if (!one.keep) await target.call(Buffer.from('FLUSHALL'))
  for (let i = 0; i < one.steps.length; i++) {
    const step = one.steps[i]
    if (step.kind === 'sleep') await sleep(step.ms)
    if (step.kind !== 'send') continue
    const got = await target.call(...step.args).catch((error: ReplyValue) => error)
    const expected = one.steps[i + 1]
    if (expected.kind === 'expect' && !fitsValue(expected.reply, got, expected.how))
      faults.push(`line ${step.line}: > ${step.text}\n  want ${expected.text}\n  got  ${String(got)}`)
  }
  return faults
}
