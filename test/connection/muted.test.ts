import { describe, expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

describe('CLIENT REPLY', () => {
  it('mutes answers, and not what is pushed', async () => {
    const { connect, call } = await serverForTest()
    const client = await connect()
    client.write(Buffer.from('CLIENT REPLY OFF\r\nPING\r\nSUBSCRIBE news\r\n'))
    expect(printReply(await client.read())).toBe('["subscribe" "news" :1]')
    await call('PUBLISH', 'news', 'today')
    expect(printReply(await client.read())).toBe('["message" "news" "today"]')
    client.write(Buffer.from('SUBSCRIBE\r\nUNSUBSCRIBE\r\nCLIENT REPLY ON\r\n'))
    expect(printReply(await client.read())).toBe('["unsubscribe" "news" :0]')
    expect(printReply(await client.read())).toBe('+OK')
  })

  it('SKIP may follow SKIP', async () => {
    const { connect } = await serverForTest()
    const client = await connect()
    client.write(Buffer.from('CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\n'))
    expect(printReply(await client.read())).toBe('"b"')
    client.write(
      Buffer.from(
        'CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n',
      ),
    )
    for (const answer of ['+OK', '+OK', '+PONG']) expect(printReply(await client.read())).toBe(answer)
  })
})

describe('words of a browser', () => {
  it('end the connection without an answer, whatever comes behind', async () => {
    const { connect, call } = await serverForTest()
    for (const line of ['POST / HTTP/1.1', 'host: example']) {
      const client = await connect()
      client.write(Buffer.from(`${line}\r\nSET k v\r\n`))
      await expect(client.read(), line).rejects.toThrow()
    }
    expect(await call('EXISTS', 'k')).toBe(0)
  })
})
