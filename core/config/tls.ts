/* Parameters of encrypted connections, and the certificates that they name. */

import { booleanParameter, numberParameter, type Parameter, textParameter, wordParameter } from '../command/config.ts'
import type { Identity } from '../net/secure.ts'

export interface TlsSettings {
  port: number
  certFile: string
  keyFile: string
  keyPassword: string
  caFile: string
  clients: string
  protocols: string
  ciphers: string
  cipherSuites: string
  prefersOwnCiphers: boolean
  sessionCaching: boolean
}

const PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

export function defaultTls(): TlsSettings {
  return {
    port: 0,
    certFile: '',
    keyFile: '',
    keyPassword: '',
    caFile: '',
    clients: 'yes',
    protocols: '',
    ciphers: '',
    cipherSuites: '',
    prefersOwnCiphers: false,
    sessionCaching: true,
  }
}

export function tlsParameters(s: TlsSettings): Parameter[] {
  return [
    numberParameter('tls-port', s, 'port', { max: 65535 }),
    textParameter('tls-cert-file', s, 'certFile'),
    textParameter('tls-key-file', s, 'keyFile'),
    textParameter('tls-key-file-pass', s, 'keyPassword'),
    textParameter('tls-ca-cert-file', s, 'caFile'),
    wordParameter('tls-auth-clients', s, 'clients', ['no', 'yes', 'optional']),
    textParameter('tls-protocols', s, 'protocols', { check: unknownProtocol }),
    textParameter('tls-ciphers', s, 'ciphers'),
    textParameter('tls-ciphersuites', s, 'cipherSuites'),
    booleanParameter('tls-prefer-server-ciphers', s, 'prefersOwnCiphers'),
    booleanParameter('tls-session-caching', s, 'sessionCaching'),
  ]
}

function protocolsOf(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '')
}

function unknownProtocol(text: string): string | null {
  const known = PROTOCOLS.map(name => name.toLowerCase())
  const unknown = protocolsOf(text).find(word => !known.includes(word.toLowerCase()))
  return unknown === undefined ? null : `Invalid tls-protocols specified: ${unknown}`
}

/** Read what the parameters name. @throws when a file is missing. */
export function identityOf(s: TlsSettings, readText: (path: string) => string): Identity {
  if (s.certFile === '') throw new Error('tls-port needs a tls-cert-file')
  if (s.clients !== 'no' && s.caFile === '') throw new Error('tls-auth-clients needs a tls-ca-cert-file')
  return {
    cert: readText(s.certFile),
    key: readText(s.keyFile === '' ? s.certFile : s.keyFile),
    passphrase: s.keyPassword,
    ca: s.caFile === '' ? '' : readText(s.caFile),
    clients: s.clients.toLowerCase() as Identity['clients'],
    protocols: protocolsOf(s.protocols).map(
      word => PROTOCOLS.find(name => name.toLowerCase() === word.toLowerCase()) ?? word,
    ),
    ciphers: [s.cipherSuites, s.ciphers].filter(text => text !== '').join(':'),
    prefersOwnCiphers: s.prefersOwnCiphers,
  }
}
