/* Parameters of what is not here: replicas, a cluster, threads, what only a process of C can do to its system.
 *
 * Tools and configuration files name them, so they are known, checked, kept, and read back; they change nothing.
 * docs/compat.md says so. A line is a name, the value it has at first, which tells its kind (`1mb`: a size), its bounds and
 * an old name. */

import {
  ANY_SIZE,
  booleanParameter,
  memoryParameter,
  numberParameter,
  type Parameter,
  parseBytes,
  textParameter,
  wordParameter,
} from '../command/config.ts'

interface More {
  readonly alias?: string
  readonly min?: number
  readonly max?: number
  readonly isHidden?: boolean
  readonly check?: (text: string) => string | null
}
type Line = readonly [name: string, initial: string | number | boolean, more?: More]

const INT = { max: 0x7fffffff }
const INT_FROM_1 = { min: 1, max: 0x7fffffff }
const PORT = { max: 65_535 }

const LINES: readonly Line[] = [
  // The arena gives empty slabs back by itself.
  ['active-defrag-cycle-max', 25, { min: 1, max: 99 }],
  ['active-defrag-cycle-min', 1, { min: 1, max: 99 }],
  ['active-defrag-ignore-bytes', '100mb', { min: 1 }],
  ['active-defrag-max-scan-fields', 1000, { min: 1 }],
  ['active-defrag-threshold-lower', 10, { max: 1000 }],
  ['active-defrag-threshold-upper', 100, { max: 1000 }],
  // Replication.
  ['masterauth', ''],
  ['masteruser', ''],
  ['repl-backlog-size', '1mb', { min: 1 }],
  ['repl-backlog-ttl', 3600],
  ['repl-disable-tcp-nodelay', false],
  ['repl-diskless-sync', true],
  ['repl-diskless-sync-delay', 5, INT],
  ['repl-diskless-sync-max-replicas', 0, INT],
  ['repl-ping-replica-period', 10, { ...INT_FROM_1, alias: 'repl-ping-slave-period' }],
  ['repl-timeout', 60, INT_FROM_1],
  ['replica-announce-ip', '', { alias: 'slave-announce-ip' }],
  ['replica-announce-port', 0, { ...PORT, alias: 'slave-announce-port' }],
  ['replica-announced', true],
  ['replica-ignore-disk-write-errors', false],
  ['replica-ignore-maxmemory', true, { alias: 'slave-ignore-maxmemory' }],
  ['replica-lazy-flush', false, { alias: 'slave-lazy-flush' }],
  ['replica-priority', 100, { ...INT, alias: 'slave-priority' }],
  ['replica-read-only', true, { alias: 'slave-read-only' }],
  ['replica-serve-stale-data', true, { alias: 'slave-serve-stale-data' }],
  // The cluster.
  ['cluster-allow-pubsubshard-when-down', true],
  ['cluster-allow-reads-when-down', false],
  ['cluster-allow-replica-migration', true],
  ['cluster-announce-bus-port', 0, PORT],
  ['cluster-announce-hostname', '', { check: hostName }],
  ['cluster-announce-human-nodename', '', { check: nodeName }],
  ['cluster-announce-ip', ''],
  ['cluster-announce-port', 0, PORT],
  ['cluster-announce-tls-port', 0, PORT],
  ['cluster-link-sendbuf-limit', '0b', ANY_SIZE],
  ['cluster-migration-barrier', 1, INT],
  ['cluster-node-timeout', 15_000],
  ['cluster-replica-no-failover', false, { alias: 'cluster-slave-no-failover' }],
  ['cluster-replica-validity-factor', 10, { ...INT, alias: 'cluster-slave-validity-factor' }],
  ['cluster-require-full-coverage', true],
  // Sessions and certificates of encrypted connections that go out.
  ['tls-ca-cert-dir', ''],
  ['tls-client-cert-file', ''],
  ['tls-client-key-file', ''],
  ['tls-client-key-file-pass', ''],
  ['tls-cluster', false],
  ['tls-dh-params-file', ''],
  ['tls-replication', false],
  ['tls-session-cache-size', 20_480, INT],
  ['tls-session-cache-timeout', 300, INT],
  // The process and its system.
  ['crash-log-enabled', true],
  ['crash-memcheck-enabled', true],
  ['oom-score-adj-values', '0 200 800', { check: scores }],
  ['proc-title-template', '{title} {listen-addr} {server-mode}', { check: titleTemplate }],
  ['max-new-connections-per-cycle', 10, { min: 1, max: 1000 }],
  ['max-new-tls-connections-per-cycle', 1, { min: 1, max: 1000 }],
  ['bind-source-addr', ''],
  ['shutdown-timeout', 10, INT],
  ['locale-collate', ''],
  ['ignore-warnings', ''],
  ['aof-disable-auto-gc', false],
  // For Redis's own tests: they slow it down, or change how it crashes.
  ['key-load-delay', 0, { min: -0x80000000, max: 0x7fffffff, isHidden: true }],
  ['rdb-key-save-delay', 0, { min: -0x80000000, max: 0x7fffffff, isHidden: true }],
  ['loading-process-events-interval-bytes', 2_097_152, { min: 1024, max: 0x7fffffff, isHidden: true }],
  ['use-exit-on-panic', false, { isHidden: true }],
]

/** The same for those that are fixed when the server starts. */
const FIXED: readonly Line[] = [
  ['aof_rewrite_cpulist', ''],
  ['bgsave_cpulist', ''],
  ['bio_cpulist', ''],
  ['cluster-config-file', 'nodes.conf'],
  ['cluster-port', 0],
  ['disable-thp', true],
  ['io-threads-do-reads', false],
  ['server_cpulist', ''],
  ['set-proc-title', true],
  ['socket-mark-id', 0],
  ['syslog-facility', 'local0'],
  ['syslog-ident', 'redis'],
]

const WORDS: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['cluster-preferred-endpoint-type', ['ip', 'hostname', 'unknown-endpoint']],
  ['oom-score-adj', ['no', 'yes', 'relative', 'absolute']],
  ['propagation-error-behavior', ['ignore', 'panic', 'panic-on-replicas']],
  ['repl-diskless-load', ['disabled', 'on-empty-db', 'swapdb']],
  ['sanitize-dump-payload', ['no', 'yes', 'clients']],
]

/** Taken by the program when it is told to end. */
const WORDS_AT_END = ['shutdown-on-sigint', 'shutdown-on-sigterm']

/** Features that cannot be switched on. */
const OFF = ['cluster-enabled', 'syslog-enabled']

export function absentParameters(): Parameter[] {
  const words = WORDS.map(([name, choices]) => {
    const values = { value: choices[0]! }
    return wordParameter(name, values, 'value', choices)
  })
  const supervised = wordParameter('supervised', { value: 'no' }, 'value', ['no', 'auto', 'upstart', 'systemd'], {
    immutable: true,
  })
  return [
    supervised,
    ...LINES.map(line => parameterOf(line)),
    ...FIXED.map(line => parameterOf(line, true)),
    ...words,
    ...WORDS_AT_END.map(atEnd),
    ...OFF.map(off),
  ]
}

function parameterOf([name, initial, more = {}]: Line, immutable = false): Parameter {
  const options = immutable ? { ...more, immutable } : more
  if (typeof initial === 'boolean') return booleanParameter(name, { value: initial }, 'value', options)
  if (typeof initial === 'number') return numberParameter(name, { value: initial }, 'value', options)
  const bytes = /^\d+m?b$/.test(initial) ? parseBytes(initial) : null
  if (bytes !== null) return memoryParameter(name, { value: bytes }, 'value', options)
  return { ...textParameter(name, { value: initial }, 'value', options), multiple: true }
}

function hostName(text: string): string | null {
  if (text.length >= 256) return 'Hostnames must be less than 256 characters'
  return /^[a-z0-9.-]*$/i.test(text) ? null : 'Hostnames may only contain alphanumeric characters, hyphens or dots'
}

/** What may stand in a line of the file of nodes. */
function nodeName(text: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(text) ? 'Announced human node name contained invalid character' : null
}

function scores(text: string): string | null {
  const words = text.split(' ')
  if (words.length !== 3) return 'wrong number of arguments'
  return words.every(word => /^-?\d+$/.test(word) && Math.abs(Number(word)) <= 2000)
    ? null
    : 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.'
}

const TITLE_PARTS = ['title', 'listen-addr', 'server-mode', 'port', 'tls-port', 'unixsocket', 'config-file']

function titleTemplate(text: string): string | null {
  const rest = text.replace(/\{([a-z-]+)\}/g, (whole, name) => (TITLE_PARTS.includes(name) ? '' : whole))
  return text !== '' && !rest.includes('{') ? null : 'template format is invalid or contains unknown variables'
}

const AT_END = ['default', 'save', 'nosave', 'now', 'force']

function atEnd(name: string): Parameter {
  const wordsOf = (text: string): string[] => text.toLowerCase().split(' ')
  const check = (text: string): string | null => {
    const words = wordsOf(text)
    if (!words.every(word => AT_END.includes(word)))
      return `argument(s) must be one of the following: ${AT_END.join(', ')}`
    const isBoth = words.includes('save') && words.includes('nosave')
    return isBoth ? "shutdown options SAVE and NOSAVE can't be used simultaneously" : null
  }
  // Read back in one order, and without `default` beside others.
  const asKept = (text: string): string =>
    AT_END.filter(word => wordsOf(text).includes(word))
      .join(' ')
      .replace(/^default /, '')
  return { ...textParameter(name, { value: 'default' }, 'value', { check, asKept }), multiple: true }
}

function off(name: string): Parameter {
  return {
    name,
    immutable: true,
    get: () => 'no',
    set: text => (text.toLowerCase() === 'no' ? null : 'there is no such thing in this server'),
  }
}
