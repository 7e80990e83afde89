import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyDirectives } from '../../core/config/apply.ts'
import { parseConfig } from '../../core/config/file.ts'
import { serverForTest, type TestServer } from '../support/server.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'

async function said(connection: RawConnection, ...args: string[]): Promise<string> {
  return printReply(await connection.call(...args))
}

function useFile(server: TestServer, text: string): string {
  const path = join(server.dir, 'users.acl')
  writeFileSync(path, text)
  server.server.config.find('aclfile')!.set(path)
  return path
}

describe('the file of users', () => {
  it('is written by SAVE and read by LOAD', async () => {
    const server = await serverForTest()
    const path = useFile(server, '')
    const connection = await server.connect()
    await said(connection, 'ACL', 'SETUSER', 'ana', 'on', '>pw', '~a:*', '&news', '+@read', '-get', '(+set', '~b)')
    expect(await said(connection, 'ACL', 'SAVE')).toBe('+OK')
    expect(readFileSync(path, 'utf8').split('\n')).toEqual([
      'user ana on sanitize-payload #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a:* resetchannels &news -@all +@read -get (~b resetchannels -@all +set)',
      'user default on nopass sanitize-payload ~* &* +@all',
      '',
    ])
    const before = await said(connection, 'ACL', 'LIST')
    await said(connection, 'ACL', 'DELUSER', 'ana')
    expect(await said(connection, 'ACL', 'LOAD')).toBe('+OK')
    expect(await said(connection, 'ACL', 'LIST')).toBe(before)
  })

  it('changes nothing when a line is wrong', async () => {
    const server = await serverForTest()
    const path = useFile(server, 'user ana on +get\nuser bob +nosuch\nnobody x\n')
    const connection = await server.connect()
    const reply = await said(connection, 'ACL', 'LOAD')
    expect(reply).toContain(`${path}:2: Unknown command or category name in ACL`)
    expect(reply).toContain(`${path}:3: line should start with user keyword`)
    expect(await said(connection, 'ACL', 'USERS')).toBe('["default"]')
  })

  it('closes the connections of users that are gone or changed, and of no others', async () => {
    const server = await serverForTest()
    useFile(server, 'user ana on nopass +@all ~*\nuser bob on nopass +@all ~*\n')
    const [admin, ana, bob] = [await server.connect(), await server.connect(), await server.connect()]
    await said(admin, 'ACL', 'LOAD')
    await said(ana, 'AUTH', 'ana', '')
    await said(bob, 'AUTH', 'bob', '')
    useFile(server, 'user ana on nopass +@all ~*\nuser bob on nopass +get ~*\n')
    expect(await said(admin, 'ACL', 'LOAD')).toBe('+OK')
    await bob.whenClosed()
    expect(await said(ana, 'ACL', 'WHOAMI')).toBe('"ana"')
  })
})

describe('users of the configuration', () => {
  it('are there when the server has loaded, with rules about modules', async () => {
    const server = await serverForTest()
    applyDirectives(server.server, parseConfig('user ana on >pw ~* +json.get (+get ~x)\nuser default off'))
    server.server.prepare()
    const connection = await server.connect()
    expect(await said(connection, 'GET', 'x')).toBe('-NOAUTH Authentication required.')
    expect(await said(connection, 'AUTH', 'ana', 'pw')).toBe('+OK')
    expect(await said(connection, 'JSON.GET', 'd')).toBe('nil')
    expect(await said(connection, 'GET', 'x')).toBe('nil')
    expect(await said(connection, 'GET', 'y')).toBe('-NOPERM No permissions to access a key')
  })

  it('say all that the default user may do, too', async () => {
    const server = await serverForTest()
    applyDirectives(server.server, parseConfig('user default on nopass ~* +@all'))
    server.server.prepare()
    const connection = await server.connect()
    expect(await said(connection, 'SET', 'x', '1')).toBe('+OK')
    expect(await said(connection, 'SUBSCRIBE', 'c')).toBe('-NOPERM No permissions to access a channel')
  })

  it('are refused when a rule is wrong', async () => {
    const server = await serverForTest()
    applyDirectives(server.server, parseConfig('user ana on +nosuch'))
    expect(() => server.server.prepare()).toThrow('user ana: Unknown command or category name in ACL: +nosuch')
  })
})

describe('access rules', () => {
  it('close a subscriber whose channel is taken from it', async () => {
    const server = await serverForTest()
    const [admin, ana] = [await server.connect(), await server.connect()]
    await said(admin, 'ACL', 'SETUSER', 'ana', 'on', 'nopass', '+@all', '&news', '&chat')
    await said(ana, 'AUTH', 'ana', '')
    await said(ana, 'SUBSCRIBE', 'news')
    await said(admin, 'ACL', 'SETUSER', 'ana', 'resetchannels', '&chat', '&news')
    expect(ana.closed).toBe(false)
    await said(admin, 'ACL', 'SETUSER', 'ana', 'resetchannels', '&chat')
    await ana.whenClosed()
  })

  it('are noted in the log with the script that met them', async () => {
    const server = await serverForTest()
    const [admin, ana] = [await server.connect(), await server.connect()]
    await said(admin, 'ACL', 'SETUSER', 'ana', 'on', 'nopass', '+eval', '~k')
    await said(ana, 'AUTH', 'ana', '')
    await said(ana, 'EVAL', "return redis.pcall('GET','k')", '0')
    expect(await said(admin, 'ACL', 'LOG')).toContain(
      '"reason" "command" "context" "lua" "object" "get" "username" "ana"',
    )
  })

  it('keep no more refusals than the log may hold', async () => {
    const server = await serverForTest()
    const connection = await server.connect()
    await said(connection, 'CONFIG', 'SET', 'acllog-max-len', '3')
    for (let i = 0; i < 9; i++) await said(connection, 'AUTH', `nobody${i}`, 'x')
    expect(((await said(connection, 'ACL', 'LOG')).match(/"nobody/g) ?? []).length).toBe(3)
    expect(await said(connection, 'INFO', 'stats')).toContain('acl_access_denied_auth:9')
  })

  it('let BITFIELD read where it may only read', async () => {
    const server = await serverForTest()
    const [admin, ana] = [await server.connect(), await server.connect()]
    await said(admin, 'ACL', 'SETUSER', 'ana', 'on', 'nopass', '+@all', '%R~*')
    await said(ana, 'AUTH', 'ana', '')
    expect(await said(ana, 'BITFIELD', 'k', 'GET', 'u8', '0')).toBe('[:0]')
    expect(await said(ana, 'BITFIELD', 'k', 'GET', 'u8', '0', 'SET', 'u8', '0', '1')).toBe(
      '-NOPERM No permissions to access a key',
    )
  })

  it('reach a client that waits for a password when none is wanted any more', async () => {
    const server = await serverForTest()
    const admin = await server.connect()
    await said(admin, 'CONFIG', 'SET', 'requirepass', 'pw')
    const late = await server.connect()
    expect(await said(late, 'PING')).toBe('-NOAUTH Authentication required.')
    await said(admin, 'CONFIG', 'SET', 'requirepass', '')
    expect(await said(late, 'PING')).toBe('+PONG')
  })

  it('hold for a command that waited when it goes on', async () => {
    const { connect, call } = await serverForTest()
    await call('ACL', 'SETUSER', 'bob', 'on', 'nopass', '~*', '+@all')
    const client = await connect()
    await said(client, 'AUTH', 'bob', 'x')
    client.send(['BLPOP', 'k', '0'])
    await said(await connect(), 'PING')
    await call('ACL', 'SETUSER', 'bob', 'resetkeys', '~other')
    await call('RPUSH', 'k', 'v')
    expect(printReply(await client.read())).toBe('-NOPERM No permissions to access a key')
    expect(await call('LLEN', 'k')).toBe(1)
  })

  it('note the command that was refused, and let SORT look up keys when all of them may be read', async () => {
    const { connect, call } = await serverForTest()
    await call('ACL', 'SETUSER', 'bob', 'on', 'nopass', '(+sort ~list %R~*)')
    await call('RPUSH', 'list', '1')
    const client = await connect()
    await said(client, 'AUTH', 'bob', 'x')
    expect(await said(client, 'SORT', 'list', 'BY', 'v*')).toBe('["1"]')
    await said(client, 'GET', 'k')
    const log = printReply(await (await connect()).call('ACL', 'LOG'))
    expect(log).toContain(' cmd=get user=bob')
  })
})
