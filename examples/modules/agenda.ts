/* Agenda -- a module with a kind of value of its own: tasks, each to be done before a time, the most urgent first.
 *
 *      AGENDA.ADD home 1767225600000 "water the plants"     how many there are now
 *      AGENDA.NEXT home              take the most urgent task, or nil
 *      AGENDA.WAIT home 30           the same; waits up to 30 seconds for one
 *      AGENDA.SWEEP home 1767225600000                      drop what should have been done before
 *
 * Once a second, what is overdue is swept out of every agenda. docs/modules/writing-a-module.md walks through this file. */

import {
  type Args,
  type Context,
  cmd,
  type Database,
  EVENT,
  type Host,
  type Module,
  numberParameter,
  type Range,
  replyError,
  type Suspended,
  takeTimeout,
  type TypeDeclaration,
  type ValueType,
} from 'redstrata/module'

interface Task {
  /** Milliseconds since 1970. */
  readonly dueMs: number
  readonly text: string
}

/** The tasks of a key, the most urgent first. */
class Agenda {
  tasks: Task[] = []

  add(task: Task): void {
    const at = this.tasks.findIndex(other => other.dueMs > task.dueMs)
    this.tasks.splice(at < 0 ? this.tasks.length : at, 0, task)
  }
}

const agendaType: TypeDeclaration<Agenda> = {
  name: 'agenda',
  form: 'object',
  module: { name: 'agenda-ex', version: 1 },
  create: () => new Agenda(),
  release: () => {},
  sizeBytes: ({ tasks }) => tasks.reduce((bytes, { text }) => bytes + 64 + text.length, 0),
  encoding: () => 'raw',
  copy: (from, to) => void (to.tasks = [...from.tasks]),
  save({ tasks }, sink) {
    sink.unsigned(tasks.length)
    for (const { dueMs, text } of tasks) {
      sink.signed(dueMs)
      sink.text(text)
    }
  },
  load(agenda, source) {
    for (let left = source.unsigned(); left > 0; left--) agenda.add({ dueMs: source.signed(), text: source.text() })
  },
  digest({ tasks }, sink) {
    for (const { dueMs, text } of tasks) {
      const bytes = Buffer.from(`${dueMs} ${text}`)
      sink.inOrder(bytes, 0, bytes.length)
    }
  },
}

const FULL = replyError('AGENDA has no room for more tasks')

/** The module in one server. */
class Agendas {
  readonly #host: Host
  readonly #type: ValueType<Agenda>
  readonly #settings = { tasksMax: 1000 }
  #overdue = 0

  constructor(host: Host) {
    this.#host = host
    this.#type = host.type(agendaType)
    host.category('agenda')
    host.config([numberParameter('agenda-tasks-max', this.#settings, 'tasksMax', { min: 1, max: 1_000_000 })])
    host.info('stats', () => [['overdue', this.#overdue]])
    host.commands([
      cmd('AGENDA.ADD key due-ms text', 'write denyoom @agenda', 'RW insert', (ctx, args) => this.#add(ctx, args)),
      cmd('AGENDA.NEXT key', 'write fast @agenda', 'RW access delete', (ctx, args) => this.#next(ctx, args)),
      cmd('AGENDA.WAIT key timeout', 'write blocking @agenda', 'RW access delete', (ctx, args) =>
        this.#wait(ctx, args),
      ),
      cmd('AGENDA.SWEEP key before-ms', 'write @agenda', 'RW delete', (ctx, args) => this.#sweep(ctx, args)),
    ])
    host.onStart(() => this.#tick())
  }

  #add({ db, reply }: Context, args: Args): void {
    const key = args.key()
    const task = { dueMs: args.int(), text: args.text() }
    const found = db.open(key, this.#type)
    if (found !== null && found.tasks.length >= this.#settings.tasksMax) throw FULL
    const agenda = found ?? db.create(key, this.#type)
    agenda.add(task)
    db.changed(key)
    db.notify(EVENT.module, 'agenda.add', key)
    reply.integer(agenda.tasks.length)
  }

  #next({ db, reply }: Context, args: Args): void {
    const key = args.key()
    const agenda = db.open(key, this.#type)
    const task = agenda?.tasks.shift()
    if (agenda === null || task === undefined) {
      reply.null()
      return
    }
    tookOut(db, key, agenda, 'agenda.next')
    reply.array(2)
    reply.integer(task.dueMs)
    reply.text(task.text)
  }

  #wait(ctx: Context, args: Args): Suspended | undefined {
    const key = args.at(1)
    if (ctx.db.open(key, this.#type) !== null) {
      ctx.propagate('AGENDA.NEXT', key) // whoever repeats it need not wait
      this.#next(ctx, args)
      return undefined
    }
    args.key()
    const timeoutMs = takeTimeout(args)
    return ctx.waitForKeys({ keys: [key], types: [this.#type.id], timeoutMs, onTimeout: reply => reply.null() })
  }

  #sweep({ db, reply }: Context, args: Args): void {
    const key = args.key()
    const beforeMs = args.int()
    const late = db.read(key, this.#type)?.tasks.filter(({ dueMs }) => dueMs < beforeMs).length ?? 0
    reply.integer(late)
    if (late === 0) return
    const agenda = db.open(key, this.#type)!
    agenda.tasks.splice(0, late)
    this.#overdue += late
    tookOut(db, key, agenda, 'agenda.sweep')
  }

  #tick(): void {
    for (const db of this.#host.databases) this.#sweepSome(db, -1)
    this.#host.timer(1000, () => this.#tick())
  }

  /** Sweep all agendas of a database, a hundred keys a turn of the loop. */
  #sweepSome(db: Database, cursor: number): void {
    const host = this.#host
    const rest = host.scan(db, cursor, 100, (key, record) => {
      if (db.typeOf(record) === this.#type.id) host.call(db, 'AGENDA.SWEEP', key.copy(), host.clock.nowMs())
    })
    if (rest > 0) host.soon(() => this.#sweepSome(db, rest))
  }
}

/** After tasks were taken out. An agenda without tasks is no key. */
function tookOut(db: Database, key: Range, agenda: Agenda, event: string): void {
  const isEmpty = agenda.tasks.length === 0
  if (isEmpty) db.delete(key)
  db.changed(key)
  db.notify(EVENT.module, event, key)
  if (isEmpty) db.notify(EVENT.generic, 'del', key)
}

export default {
  name: 'agenda',
  version: 10000,
  load(host) {
    new Agendas(host)
  },
} satisfies Module
