/* Files that are written in the background: in order, in bounded memory, and failing once. */

import { expect, it } from 'vitest'
import { ACCOUNT, Memory } from '../../core/memory/arena.ts'
import type { NewFile } from '../../core/persistence/file.ts'
import { QueuedFile } from '../../core/persistence/queued-file.ts'

const MEGABYTE = 1 << 20

/** A disk that does nothing until it is told to. */
class Disk implements NewFile {
  readonly written: Buffer[] = []
  isCommitted = false
  isGone = false
  fails = false
  #waiting: (() => void) | null = null

  write(): void {
    expect.unreachable('nothing is written while the loop waits')
  }

  writeSoon(buf: Buffer, start: number, end: number, done: (failure: Error | null) => void): void {
    expect(this.#waiting).toBe(null)
    this.#waiting = () => {
      if (!this.fails) this.written.push(Buffer.from(buf.subarray(start, end)))
      done(this.fails ? new Error('the disk is full') : null)
    }
  }

  commit(): void {}

  commitSoon(done: (failure: Error | null) => void): void {
    this.isCommitted = true
    done(null)
  }

  abandon(): void {
    this.isGone = true
  }

  /** Do one write that was asked for. */
  turn(): boolean {
    const run = this.#waiting
    this.#waiting = null
    run?.()
    return run !== null
  }
}

function setUp(): { memory: Memory; disk: Disk; file: QueuedFile } {
  const memory = new Memory()
  const disk = new Disk()
  return { memory, disk, file: new QueuedFile(memory, disk) }
}

const noise = Buffer.from(Array.from({ length: MEGABYTE }, (_, i) => (i * 31) & 255))

it('bytes go to the disk in order, and the file is closed behind the last', () => {
  const { memory, disk, file } = setUp()
  let outcome: Error | null | undefined
  for (let at = 0; at < MEGABYTE; at += 1000) file.write(noise, at, Math.min(MEGABYTE, at + 1000))
  file.commitSoon(failure => (outcome = failure))
  expect(disk.isCommitted).toBe(false)
  while (disk.turn());
  expect(outcome).toBe(null)
  expect(disk.isCommitted).toBe(true)
  expect(Buffer.concat(disk.written).equals(noise)).toBe(true)
  expect(memory.used[ACCOUNT.overhead]).toBe(0)
})

it('a walk that minds a slow disk holds a few megabytes', () => {
  const { memory, disk, file } = setUp()
  let most = 0
  let pauses = 0
  for (let i = 0; i < 30; i++) {
    for (let at = 0; at < MEGABYTE; at += 65536) {
      while (file.isFull) {
        let mayGoOn = false
        file.whenWritable(() => (mayGoOn = true))
        while (!mayGoOn) disk.turn()
        pauses++
      }
      file.write(noise, at, at + 65536)
      most = Math.max(most, memory.used[ACCOUNT.overhead]!)
    }
  }
  expect(pauses).toBeGreaterThan(20)
  expect(most).toBeLessThan(4 * MEGABYTE)
  file.abandon()
  disk.turn()
  expect(memory.used[ACCOUNT.overhead]).toBe(0)
})

it('a failure wakes the walk, is thrown by the next write, and is the outcome of all', () => {
  const { memory, disk, file } = setUp()
  disk.fails = true
  let woken = false
  for (let i = 0; i < 4; i++) file.write(noise, 0, MEGABYTE)
  expect(file.isFull).toBe(true)
  file.whenWritable(() => (woken = true))
  disk.turn()
  expect(woken).toBe(true)
  expect(file.isFull).toBe(false)
  expect(() => file.write(noise, 0, 1)).toThrow('the disk is full')
  let outcome: Error | null = null
  file.commitSoon(failure => (outcome = failure))
  expect(outcome).toEqual(new Error('the disk is full'))
  file.abandon()
  expect(disk.isGone).toBe(true)
  expect(disk.isCommitted).toBe(false)
  expect(memory.used[ACCOUNT.overhead]).toBe(0)
})

it('a file that is given up waits for what is on its way', () => {
  const { memory, disk, file } = setUp()
  for (let i = 0; i < 2; i++) file.write(noise, 0, MEGABYTE)
  file.abandon()
  expect(disk.isGone).toBe(true)
  expect(memory.used[ACCOUNT.overhead]).toBe(256 << 10)
  disk.turn()
  expect(disk.turn()).toBe(false)
  expect(memory.used[ACCOUNT.overhead]).toBe(0)
})
