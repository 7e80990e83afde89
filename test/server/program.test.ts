import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { freePort, PROGRAM, startProgram } from '../support/program.ts'
import { RawConnection } from '../support/transcript/connection.ts'

describe('the program', () => {
  it('leaves its number in the pidfile while it runs', async () => {
    const dir = temporaryFolder()
    const program = await startProgram(dir, ['--save', '', '--pidfile', 'run.pid'])
    const path = join(dir, 'run.pid')
    const client = await program.connect()
    const told = String(JSON.stringify(await client.call('INFO', 'server')))
    expect(readFileSync(path, 'latin1')).toMatch(/^\d+\n$/)
    expect(told).toContain(`process_id:${readFileSync(path, 'latin1').trim()}`)
    client.send(['SHUTDOWN', 'NOSAVE'])
    await client.whenClosed()
    while (existsSync(path)) await new Promise(resolve => setImmediate(resolve))
    await program.kill()
  })
})

/** What a program that ends said, and its exit code. */
function run(words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
  return new Promise(resolve => child.once('close', code => resolve({ code, said })))
}

/** Let a server without a terminal end, and wait until it has. */
async function shutDown(port: number, pidFile: string): Promise<void> {
  const client = await RawConnection.open(port)
  client.send(['SHUTDOWN', 'NOSAVE'])
  await client.whenClosed()
  while (existsSync(pidFile)) await new Promise(resolve => setImmediate(resolve))
}

/** The directives of a redis.conf as a distribution ships it, but for where things are. */
const SHIPPED = `
# as a service
bind 127.0.0.1 -::1
protected-mode yes
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize yes
loglevel notice
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
repl-diskless-sync-delay 5
repl-diskless-sync-max-replicas 0
repl-diskless-load disabled
repl-disable-tcp-nodelay no
replica-priority 100
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
replica-lazy-flush no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
aof-use-rdb-preamble yes
aof-timestamp-enabled no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
list-max-listpack-size -2
list-compress-depth 0
set-max-intset-entries 512
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
aof-rewrite-incremental-fsync yes
rdb-save-incremental-fsync yes
jemalloc-bg-thread yes
`

describe('a program without a terminal', () => {
  it('starts with the configuration that a distribution ships, leaves when it serves, and writes its log and number', async () => {
    const dir = temporaryFolder()
    const port = await freePort()
    const pidFile = join(dir, 'server.pid')
    const logFile = join(dir, 'server.log')
    const config = join(dir, 'redis.conf')
    writeFileSync(config, `${SHIPPED}\nport ${port}\ndir ${dir}\npidfile ${pidFile}\nlogfile ${logFile}\n`)
    expect(await run([config])).toEqual({ code: 0, said: '' })
    const client = await RawConnection.open(port)
    const told = String(JSON.stringify(await client.call('INFO', 'server')))
    expect(told).toContain(`process_id:${readFileSync(pidFile, 'latin1').trim()}`)
    expect(JSON.stringify(await client.call('CONFIG', 'GET', 'daemonize'))).toContain('yes')
    expect(readFileSync(logFile, 'latin1')).toContain('Server initialized')
    client.close()

    // Another one on the same port is refused, says why, and leaves the number of the first where it is.
    const second = await run([config])
    expect(second.code).toBe(1)
    expect(second.said).toContain(`127.0.0.1:${port}`)
    expect(existsSync(pidFile)).toBe(true)
    await shutDown(port, pidFile)
  })

  it('says what is wrong with its configuration, and where', async () => {
    const dir = temporaryFolder()
    const config = join(dir, 'redis.conf')
    writeFileSync(config, 'daemonize yes\nport 0\nno-such-thing 1\n')
    expect(await run([config])).toEqual({
      code: 1,
      said: "redstrata: line 3: no parameter is called 'no-such-thing'\n",
    })
    const missing = join(dir, 'no', 'such', 'folder')
    const { code, said } = await run(['--daemonize', 'yes', '--port', '0', '--logfile', missing])
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(`cannot write the log file ${missing}`) })
  })

  it('stays where it was started when the last word is no', async () => {
    const dir = temporaryFolder()
    const config = join(dir, 'redis.conf')
    writeFileSync(config, 'daemonize yes\n')
    const program = await startProgram(dir, ['--daemonize', 'no'], [config])
    await program.kill()
  })
})
