/* Settings -- the values of redis.conf that belong to no single feature, with their parameters. */

import { resolve } from 'node:path'
import {
  booleanParameter,
  memoryParameter,
  numberParameter,
  type Parameter,
  parseBytes,
  textParameter,
  wordParameter,
} from '../command/config.ts'
import type { RequestLimits } from '../resp/request.ts'
import { defaultTls, type TlsSettings, tlsParameters } from './tls.ts'

/** How much output a class of clients may leave unread: at once, or for some seconds. 0: no limit. */
export interface OutputLimit {
  hardBytes: number
  softBytes: number
  softSeconds: number
}

export interface Settings extends RequestLimits {
  /** client-query-buffer-limit. */
  inputMax: number
  clientsMax: number
  /** Seconds of idleness after which a client is closed; 0: never. */
  timeoutSeconds: number
  keepaliveSeconds: number
  backlog: number
  databases: number
  hz: number
  dynamicHz: boolean
  dir: string
  logFile: string
  logLevel: string
  pidFile: string
  daemonize: boolean
  showLogo: boolean
  port: number
  bind: string
  unixSocket: string
  unixSocketPermissions: string
  /** The addresses are in use. */
  isListening: boolean
  protectedMode: boolean
  tls: TlsSettings
  outputNormal: OutputLimit
  outputReplica: OutputLimit
  outputPubsub: OutputLimit
}

export function defaultSettings(limits: RequestLimits): Settings {
  return Object.assign(limits, {
    inputMax: 1 << 30,
    clientsMax: 10_000,
    timeoutSeconds: 0,
    keepaliveSeconds: 300,
    backlog: 511,
    databases: 16,
    hz: 10,
    dynamicHz: true,
    dir: '.',
    logFile: '',
    logLevel: 'notice',
    pidFile: '',
    daemonize: false,
    showLogo: false,
    port: 6379,
    bind: '127.0.0.1 -::1',
    unixSocket: '',
    unixSocketPermissions: '0',
    isListening: false,
    protectedMode: true,
    tls: defaultTls(),
    outputNormal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    outputReplica: { hardBytes: 256 << 20, softBytes: 64 << 20, softSeconds: 60 },
    outputPubsub: { hardBytes: 32 << 20, softBytes: 8 << 20, softSeconds: 60 },
  })
}

/** The folder of the server: one that is there, always shown whole. */
function directory(s: Settings, folderFault: (path: string) => string | null): Parameter {
  return {
    name: 'dir',
    isProtected: true,
    get: () => s.dir,
    set(text) {
      const path = resolve(s.dir, text)
      const reason = folderFault(path)
      if (reason === null) s.dir = path
      return reason
    },
  }
}

/** @param folderFault why a path is no folder, or null. */
export function settingsParameters(s: Settings, folderFault: (path: string) => string | null): Parameter[] {
  return [
    memoryParameter('proto-max-bulk-len', s, 'bulkLengthMax', { min: 1 << 20 }),
    memoryParameter('client-query-buffer-limit', s, 'inputMax', { min: 1 << 20 }),
    numberParameter('maxclients', s, 'clientsMax', { min: 1, max: 0xffffffff }),
    numberParameter('timeout', s, 'timeoutSeconds', { max: 0x7fffffff }),
    numberParameter('tcp-keepalive', s, 'keepaliveSeconds', { max: 0x7fffffff }),
    numberParameter('tcp-backlog', s, 'backlog', { max: 0x7fffffff, immutable: true }),
    numberParameter('databases', s, 'databases', { min: 1, max: 0x7fffffff, immutable: true }),
    clamped('hz', s),
    booleanParameter('dynamic-hz', s, 'dynamicHz'),
    directory(s, folderFault),
    textParameter('logfile', s, 'logFile', { immutable: true }),
    wordParameter('loglevel', s, 'logLevel', ['debug', 'verbose', 'notice', 'warning', 'nothing']),
    textParameter('pidfile', s, 'pidFile', { immutable: true }),
    onlyNo('daemonize', s),
    booleanParameter('always-show-logo', s, 'showLogo', { immutable: true }),
    settled(s, numberParameter('port', s, 'port', { max: 65535 }), NO_PORT),
    { ...settled(s, textParameter('bind', s, 'bind'), NO_BIND), multiple: true },
    textParameter('unixsocket', s, 'unixSocket', { immutable: true }),
    textParameter('unixsocketperm', s, 'unixSocketPermissions', { immutable: true }),
    booleanParameter('protected-mode', s, 'protectedMode'),
    outputLimits(s),
    ...tlsParameters(s.tls).map(one => (one.name === 'tls-port' ? settled(s, one, NO_PORT) : one)),
  ]
}

const NO_PORT = 'Unable to listen on this port: the port can be changed by a restart only'
const NO_BIND = 'Failed to bind to specified addresses: they can be changed by a restart only'

/** Where the server listens is settled once it does: then such a parameter can be set only to what it is. */
function settled(s: Settings, parameter: Parameter, refusal: string): Parameter {
  return { ...parameter, set: text => (s.isListening && text !== parameter.get() ? refusal : parameter.set(text)) }
}

/** hz takes any number and keeps it within 1 and 500. */
function clamped(name: string, s: Settings): Parameter {
  const plain = numberParameter(name, s, 'hz', { max: 0x7fffffff })
  return {
    ...plain,
    set(text) {
      const reason = plain.set(text)
      if (reason === null) s.hz = Math.min(500, Math.max(1, s.hz))
      return reason
    },
  }
}

function outputLimits(s: Settings): Parameter {
  const classes: readonly (readonly [string, OutputLimit])[] = [
    ['normal', s.outputNormal],
    ['slave', s.outputReplica],
    ['pubsub', s.outputPubsub],
  ]
  return {
    name: 'client-output-buffer-limit',
    multiple: true,
    repeatable: true,
    get: () => classes.map(([n, l]) => `${n} ${l.hardBytes} ${l.softBytes} ${l.softSeconds}`).join(' '),
    set(text) {
      const words = text.split(/\s+/).filter(word => word !== '')
      if (words.length % 4 !== 0) return 'Wrong number of arguments in buffer limit configuration.'
      const found: { limit: OutputLimit; hard: number; soft: number; seconds: number }[] = []
      for (let i = 0; i < words.length; i += 4) {
        const name = words[i]!.toLowerCase()
        const limit = classes.find(([n]) => n === (name === 'replica' ? 'slave' : name))?.[1]
        if (limit === undefined) return 'Invalid client class specified in buffer limit configuration.'
        const hard = parseBytes(words[i + 1]!)
        const soft = parseBytes(words[i + 2]!)
        if (hard === null || soft === null || !/^\d+$/.test(words[i + 3]!))
          return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'
        found.push({ limit, hard, soft, seconds: Number(words[i + 3]) })
      }
      for (const { limit, hard, soft, seconds } of found)
        Object.assign(limit, { hardBytes: hard, softBytes: soft, softSeconds: seconds })
      return null
    },
  }
}

/** It is the program that leaves its terminal (main.ts); a server in a process of somebody else's does not take that along. */
function onlyNo(name: string, s: Settings): Parameter {
  const plain = booleanParameter(name, s, 'daemonize', { immutable: true })
  return {
    ...plain,
    set: text => (text.toLowerCase() === 'yes' ? 'only the program can leave its terminal' : plain.set(text)),
  }
}
