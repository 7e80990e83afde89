import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { checkFile } from '../../core/persistence/check.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { temporaryFolder } from '../support/folder.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const SET = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n'
const UNIT = `*1\r\n$5\r\nMULTI\r\n${SET}*1\r\n$4\r\nEXEC\r\n`

function check(path: string, fixes = false, until = 0): { isSound: boolean; lines: string[] } {
  const lines: string[] = []
  const isSound = checkFile(path, { files: systemFiles(), print: line => lines.push(line), fixes, until })
  return { isSound, lines }
}

function written(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

describe('redstrata check', () => {
  it('finds the files of real servers sound', () => {
    for (const name of ['core', 'bloom', 'json', 'timeseries', 'search'])
      expect(check(join(FIXTURES, `${name}.rdb`))).toMatchObject({ isSound: true })
    expect(check(join(FIXTURES, 'core.rdb')).lines[0]).toContain(': OK, 29 keys (')
  })

  it('finds any byte that was flipped, and any cut', () => {
    const whole = readFileSync(join(FIXTURES, 'json.rdb'))
    const random = new SeededRandom(1)
    for (let i = 0; i < 100; i++) {
      const damaged = Buffer.from(whole)
      damaged[random.below(whole.length)]! ^= 1 << random.below(8)
      const { isSound, lines } = check(written('dump.rdb', damaged))
      // Only the magic can become something else than RDB.
      expect(isSound, lines[0]).toBe(false)
      expect(lines[0]).toMatch(/ at offset \d+| up to offset 0/)
      const cut = check(written('dump.rdb', whole.subarray(0, 1 + random.below(whole.length - 1))))
      expect(cut.isSound).toBe(false)
    }
  })

  it('cuts a log behind its last whole unit when it is told to', () => {
    for (const [content, end] of [
      [`${SET}${SET.slice(0, -3)}`, SET.length],
      [`${SET}${UNIT.slice(0, -5)}`, SET.length],
      [`${UNIT}garbage`, UNIT.length],
      [`#TS:12\r\n${UNIT}#TS:1`, UNIT.length + 8],
    ] as const) {
      const path = written('appendonly.aof', content)
      expect(check(path)).toMatchObject({ isSound: false })
      expect(check(path).lines[0]).toContain(`up to offset ${end}; ${content.length - end} bytes follow`)
      expect(readFileSync(path).length).toBe(content.length)
      expect(check(path, true)).toMatchObject({ isSound: true })
      expect(readFileSync(path, 'latin1')).toBe(content.slice(0, end))
      expect(check(path)).toMatchObject({ isSound: true })
    }
  })

  it('checks all files of a manifest, and mends only the last', () => {
    const folder = temporaryFolder()
    const line = (name: string, seq: number, type: string): string => `file ${name} seq ${seq} type ${type}\n`
    const manifest = join(folder, 'a.manifest')
    writeFileSync(manifest, line('base.rdb', 1, 'b') + line('one.aof', 1, 'i') + line('two.aof', 2, 'i'))
    writeFileSync(join(folder, 'base.rdb'), readFileSync(join(FIXTURES, 'core.rdb')))
    writeFileSync(join(folder, 'one.aof'), SET)
    writeFileSync(join(folder, 'two.aof'), `${SET}*`)
    expect(check(manifest)).toMatchObject({ isSound: false })
    expect(check(manifest, true)).toMatchObject({ isSound: true })
    writeFileSync(join(folder, 'one.aof'), `${SET}*`)
    expect(check(manifest, true)).toMatchObject({ isSound: false })
    expect(readFileSync(join(folder, 'one.aof'), 'latin1')).toBe(`${SET}*`)
  })

  it('finds damage between arguments, and says where', () => {
    for (const [content, fault] of [
      [`${SET}*1\r\n$4\r\nPING\rx`, `an argument without its end at offset ${SET.length + 12}`],
      [`${SET}*0\r\n`, `a command without a name at offset ${SET.length}`],
      [`${SET}*1\r\n!4\r\nPING\r\n`, `at offset ${SET.length}`],
      [`${UNIT}${UNIT.slice(15)}`, `EXEC without MULTI at offset ${UNIT.length + SET.length}`],
    ] as const) {
      const { isSound, lines } = check(written('appendonly.aof', content))
      expect(isSound).toBe(false)
      expect(lines[0]).toContain(fault)
    }
  })

  it('cuts a log in front of what is later than a time', () => {
    const content = `#TS:100\r\n${SET}#TS:200\r\n${UNIT}#TS:300\r\n${SET}`
    for (const [until, size] of [
      [50, 0],
      [100, content.indexOf('#TS:200')],
      [250, content.indexOf('#TS:300')],
      [300, content.length],
    ] as const) {
      const path = written('appendonly.aof', content)
      expect(check(path, false, until)).toMatchObject({ isSound: true })
      expect(readFileSync(path, 'latin1')).toBe(content.slice(0, size))
    }
  })

  it('checks all that is in a folder', () => {
    const folder = temporaryFolder()
    expect(check(folder)).toMatchObject({ isSound: false })
    writeFileSync(join(folder, 'dump.rdb'), readFileSync(join(FIXTURES, 'core.rdb')))
    mkdirSync(join(folder, 'appendonlydir'))
    writeFileSync(join(folder, 'appendonlydir', 'a.manifest'), 'file a.aof seq 1 type i\n')
    writeFileSync(join(folder, 'appendonlydir', 'a.aof'), `${SET}*`)
    expect(check(folder)).toMatchObject({ isSound: false })
    expect(check(folder).lines.map(line => line.replace(/:.*/, '').slice(folder.length + 1))).toEqual([
      'dump.rdb',
      join('appendonlydir', 'a.aof'),
    ])
    expect(check(join(folder, 'appendonlydir'), true)).toMatchObject({ isSound: true })
    expect(check(folder)).toMatchObject({ isSound: true })
  })

  it('goes on with commands behind RDB', () => {
    const base = readFileSync(join(FIXTURES, 'core.rdb'))
    const path = written('appendonly.aof', Buffer.concat([base, Buffer.from(`${SET}*3\r`)]))
    expect(check(path).lines[0]).toContain(`up to offset ${base.length + SET.length}; 3 bytes follow`)
  })
})
