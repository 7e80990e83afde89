/* Parameters of what is not here: replicas, a cluster, threads, what only a process of C can do to its system.
 *
 * Tools and configuration files name them, so they are known, checked, kept, and read back; they change nothing.
 * docs/compat.md says so. A line is a name, the value it has at first, which tells its kind (`1mb`: a size), and an old name. */

import {
  booleanParameter,
  memoryParameter,
  numberParameter,
  type Parameter,
  parseBytes,
  textParameter,
  wordParameter,
} from '../command/config.ts'

type Line = readonly [name: string, initial: string | number | boolean, alias?: string]

const LINES: readonly Line[] = [
  // The arena gives empty slabs back by itself.
  ['active-defrag-cycle-max', 25],
  ['active-defrag-cycle-min', 1],
  ['active-defrag-ignore-bytes', '100mb'],
  ['active-defrag-max-scan-fields', 1000],
  ['active-defrag-threshold-lower', 10],
  ['active-defrag-threshold-upper', 100],
  // Replication.
  ['masterauth', ''],
  ['masteruser', ''],
  ['repl-backlog-size', '1mb'],
  ['repl-backlog-ttl', 3600],
  ['repl-disable-tcp-nodelay', false],
  ['repl-diskless-sync', true],
  ['repl-diskless-sync-delay', 5],
  ['repl-diskless-sync-max-replicas', 0],
  ['repl-ping-replica-period', 10, 'repl-ping-slave-period'],
  ['repl-timeout', 60],
  ['replica-announce-ip', '', 'slave-announce-ip'],
  ['replica-announce-port', 0, 'slave-announce-port'],
  ['replica-announced', true],
  ['replica-ignore-disk-write-errors', false],
  ['replica-ignore-maxmemory', true, 'slave-ignore-maxmemory'],
  ['replica-lazy-flush', false, 'slave-lazy-flush'],
  ['replica-priority', 100, 'slave-priority'],
  ['replica-read-only', true, 'slave-read-only'],
  ['replica-serve-stale-data', true, 'slave-serve-stale-data'],
  // The cluster.
  ['cluster-allow-pubsubshard-when-down', true],
  ['cluster-allow-reads-when-down', false],
  ['cluster-allow-replica-migration', true],
  ['cluster-announce-bus-port', 0],
  ['cluster-announce-hostname', ''],
  ['cluster-announce-human-nodename', ''],
  ['cluster-announce-ip', ''],
  ['cluster-announce-port', 0],
  ['cluster-announce-tls-port', 0],
  ['cluster-link-sendbuf-limit', '0b'],
  ['cluster-migration-barrier', 1],
  ['cluster-node-timeout', 15_000],
  ['cluster-replica-no-failover', false, 'cluster-slave-no-failover'],
  ['cluster-replica-validity-factor', 10, 'cluster-slave-validity-factor'],
  ['cluster-require-full-coverage', true],
  // Sessions and certificates of encrypted connections that go out.
  ['tls-ca-cert-dir', ''],
  ['tls-client-cert-file', ''],
  ['tls-client-key-file', ''],
  ['tls-client-key-file-pass', ''],
  ['tls-cluster', false],
  ['tls-dh-params-file', ''],
  ['tls-replication', false],
  ['tls-session-cache-size', 20_480],
  ['tls-session-cache-timeout', 300],
  // The process and its system.
  ['crash-log-enabled', true],
  ['crash-memcheck-enabled', true],
  ['oom-score-adj-values', '0 200 800'],
  ['proc-title-template', '{title} {listen-addr} {server-mode}'],
  ['max-new-connections-per-cycle', 10],
  ['max-new-tls-connections-per-cycle', 1],
  ['bind-source-addr', ''],
  ['shutdown-timeout', 10],
  ['locale-collate', ''],
  ['ignore-warnings', ''],
  ['aof-disable-auto-gc', false],
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
  ['repl-diskless-load', ['disabled', 'on-empty-db', 'swapdb', 'flush-before-load']],
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

function parameterOf([name, initial, alias]: Line, immutable = false): Parameter {
  const options = { ...(alias === undefined ? {} : { alias }), ...(immutable ? { immutable } : {}) }
  if (typeof initial === 'boolean') return booleanParameter(name, { value: initial }, 'value', options)
  if (typeof initial === 'number') return numberParameter(name, { value: initial }, 'value', options)
  const bytes = /^\d+m?b$/.test(initial) ? parseBytes(initial) : null
  if (bytes !== null) return memoryParameter(name, { value: bytes }, 'value', options)
  return { ...textParameter(name, { value: initial }, 'value', options), multiple: true }
}

function atEnd(name: string): Parameter {
  const check = (text: string): string | null =>
    text.split(' ').every(word => ['default', 'save', 'nosave', 'now', 'force'].includes(word.toLowerCase()))
      ? null
      : 'argument(s) must be one of the following: default, save, nosave, now, force'
  return { ...textParameter(name, { value: 'default' }, 'value', { check }), multiple: true }
}

function off(name: string): Parameter {
  return {
    name,
    immutable: true,
    get: () => 'no',
    set: text => (text.toLowerCase() === 'no' ? null : 'there is no such thing in this server'),
  }
}
