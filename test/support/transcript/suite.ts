/* Suite -- the tests that come of a folder of transcripts, replayed in one mode. */

import { GAPS } from '../../transcripts/gaps.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingCommands, recordedCommands } from '../command-list.ts'
import { serverForFile, type TestServer } from '../server.ts'
import { type Case, parseTranscript } from './notation.ts'
import { type Mode, replay, suits, type Target } from './replay.ts'

const FOLDER = join(import.meta.dirname, '../../transcripts')

/** The transcripts of a folder of test/transcripts, by file. */
export function transcriptsOf(folder: string): Map<string, Case[]> {
  const names = readdirSync(join(FOLDER, folder)).filter(name => name.endsWith('.txt'))
  return new Map(names.map(name => [name, parseTranscript(readFileSync(join(FOLDER, folder, name), 'utf8'))]))
}

/** Names of the commands that a server has, subcommands as `CONFIG GET`. */
export function commandsOf(server: TestServer): Set<string> {
  const entries = [...server.server.engine.table].flatMap(entry => [entry, ...(entry.subcommands ?? [])])
  return new Set(entries.map(entry => entry.name.toUpperCase().replace('|', ' ')))
}

/** Commands that a mode uses besides those of the case. */
const USED: Record<Mode, readonly string[]> = {
  exact: ['FLUSHALL'],
  resp3: ['FLUSHALL', 'HELLO'],
  inMulti: ['FLUSHALL', 'MULTI', 'EXEC', 'DISCARD'],
  inScript: ['FLUSHALL', 'EVAL'],
  reloaded: ['FLUSHALL', 'DEBUG'],
  inProcess: ['FLUSHALL'],
  twin: ['FLUSHALL', 'SELECT', 'MULTI', 'EXEC', 'DEBUG'],
}

/** What the twin mode does after a case was replayed; gives what is wrong. */
export type Afterwards = () => Promise<string[]>

/**
 * A test for each case that suits the mode. A case that uses a real command which the server lacks is skipped, with the
 * names of what it lacks; so a command that arrives is tested from then on. `concerns` leaves out cases for a reason that
 * the folder knows.
 */
export async function replayFolder(
  mode: Mode,
  folder: string,
  prepare: (server: TestServer) => Promise<Afterwards> = async () => async () => [],
  concerns: (one: Case) => boolean = () => true,
): Promise<void> {
  const server = await serverForFile()
  const known = commandsOf(server)
  const recorded = recordedCommands()
  const afterwards = await prepare(server)
  const target: Target = { connect: () => server.connect(), call: (...args) => server.call(...args) }
  for (const [file, cases] of transcriptsOf(folder)) {
    const chosen = cases.filter(one => suits(mode, one) && concerns(one))
    if (chosen.length === 0) continue
    describe(`${folder}/${file}`, () => {
      for (const one of chosen) {
        const used = one.resp3 ? [...USED[mode], 'HELLO'] : USED[mode]
        const missing = [...used.filter(name => !known.has(name)), ...missingCommands(one, recorded, known)]
        it(`${one.title} (line ${one.line})`, async context => {
          context.skip(missing.length > 0, `needs ${missing.join(', ')}`)
          const name = `${folder}/${file}: ${one.title}`
          const gap = GAPS[name] ?? GAPS[`${mode} ${name}`]
          context.skip(gap !== undefined, gap)
          if (known.has('DEBUG')) await server.call('DEBUG', 'SET-ACTIVE-EXPIRE', waits(one) ? '1' : '0')
          const faults = await replay(mode, one, target)
          // Replies are the business of the exact mode; what counts for a twin is the state that they leave.
          expect(mode === 'twin' ? await afterwards() : faults).toEqual([])
        })
      }
    })
  }
}

/** Whether a case lets time pass. In any other, a key that is dead is found by a command, not by chance beforehand. */
function waits(one: Case): boolean {
  return one.steps.some(step => step.kind === 'sleep')
}
