/* Secure -- a listener whose connections are encrypted.
 *
 * Node decrypts on its own buffers, so there is no way around 'data' events here, and what is written is copied: the
 * socket may still read from it after `write` has returned. Apart from that a connection is one like any other. A
 * client that never ends its handshake is dropped after a while, and with the listener. */

import type { Socket } from 'node:net'
import { createServer, type Server as TlsServer, type TlsOptions } from 'node:tls'
import { type Dispatcher, SocketConnection } from './connection.ts'
import { beginListening, type ListenOptions } from './listener.ts'

/** What a client needs to know the server by, and the other way round. Contents of PEM files. */
export interface Identity {
  readonly cert: string
  readonly key: string
  readonly passphrase: string
  /** Certificates that clients' ones must be signed by. */
  readonly ca: string
  /** Whether clients must show a certificate, may, or are not asked. */
  readonly clients: 'yes' | 'no' | 'optional'
  /** Words of `tls-protocols`, such as TLSv1.2; none: what is safe today. */
  readonly protocols: readonly string[]
  /** `tls-ciphers` and `tls-ciphersuites`, '' for the usual ones. */
  readonly ciphers: string
  readonly prefersOwnCiphers: boolean
}

const HANDSHAKE_MS = 30_000

function optionsOf(identity: Identity): TlsOptions {
  const { cert, key, passphrase, ca, clients, protocols, ciphers } = identity
  const versions = [...protocols].sort() as NonNullable<TlsOptions['minVersion']>[]
  return {
    cert,
    key,
    ...(passphrase === '' ? {} : { passphrase }),
    ...(ca === '' ? {} : { ca }),
    requestCert: clients !== 'no',
    // A certificate that is shown must be good; whether there must be one is asked when the handshake is over.
    rejectUnauthorized: clients === 'yes',
    ...(versions.length === 0 ? {} : { minVersion: versions[0]!, maxVersion: versions.at(-1)! }),
    ...(ciphers === '' ? {} : { ciphers }),
    honorCipherOrder: identity.prefersOwnCiphers,
    handshakeTimeout: HANDSHAKE_MS,
  }
}

export class SecureListener {
  readonly #server: TlsServer
  readonly #dispatcher: Dispatcher
  readonly #connections: Set<SocketConnection>
  /** Sockets as they were accepted, which outlive a handshake that does not end. */
  readonly #sockets = new Set<Socket>()
  #clients: Identity['clients']

  /** @throws when the certificate or its key cannot be used. */
  constructor(dispatcher: Dispatcher, connections: Set<SocketConnection>, identity: Identity) {
    this.#dispatcher = dispatcher
    this.#connections = connections
    this.#clients = identity.clients
    this.#server = createServer({ ...optionsOf(identity), noDelay: true } as TlsOptions, socket => {
      if (this.#clients === 'optional' && !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0)
        socket.destroy()
      else this.#add(socket)
    })
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  /** Begin to listen. Rejects with the system's error when the address cannot be had. */
  listen(options: ListenOptions): Promise<number> {
    return beginListening(this.#server, options)
  }

  /** Another certificate for connections from now on. @throws when it cannot be used. */
  renew(identity: Identity): void {
    this.#server.setSecureContext(optionsOf(identity))
    this.#clients = identity.clients
  }

  /** Stop accepting. Connections stay until they are closed; handshakes do not. */
  close(): void {
    this.#server.close()
    const kept = new Set([...this.#connections].map(connection => connection.address))
    for (const socket of this.#sockets) if (!kept.has(`${socket.remoteAddress}:${socket.remotePort}`)) socket.destroy()
  }

  #add(socket: Socket): void {
    const connection = new SocketConnection(socket, this.#dispatcher, -1, '', true)
    if (connection.isClosed) return
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    socket.on('data', chunk => connection.receive(chunk, chunk.length))
  }
}
