import { expect, test } from 'vitest'
import { LEVEL, Log } from '../../core/base/log.ts'

const moment = new Date(2026, 10, 20, 17, 28, 0, 123).getTime()

function logged(write: (log: Log) => void): string[] {
  const lines: string[] = []
  write(new Log({ pid: 4711, now: () => moment, sink: line => lines.push(line) }))
  return lines
}

test('a line has the form that Redis writes', () => {
  expect(logged(log => log.notice('Ready to accept connections tcp'))).toEqual([
    '4711:M 20 Nov 2026 17:28:00.123 * Ready to accept connections tcp',
  ])
  expect(
    logged(log => {
      log.role = 'S'
      log.warning('low')
    }),
  ).toEqual(['4711:S 20 Nov 2026 17:28:00.123 # low'])
})

test('what is below the level is not written', () => {
  const all = (log: Log): void => {
    log.debug('a')
    log.verbose('b')
    log.notice('c')
    log.warning('d')
  }
  const marks = (level: 0 | 1 | 2 | 3 | 4): string =>
    logged(log => {
      log.level = level
      all(log)
    })
      .map(line => line.slice(-3))
      .join('|')
  expect(marks(LEVEL.debug)).toBe('. a|- b|* c|# d')
  expect(marks(LEVEL.notice)).toBe('* c|# d')
  expect(marks(LEVEL.nothing)).toBe('')
  expect(logged(all)).toHaveLength(2)
})

test('a very long text is cut', () => {
  const [line] = logged(log => log.notice('x'.repeat(100_000)))
  expect(line!.length).toBeLessThan(1100)
})
