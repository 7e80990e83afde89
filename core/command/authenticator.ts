/* Authenticator -- who may log in. The ACL feature provides it; connection commands ask it. */

import type { Client } from './client.ts'

export abstract class Authenticator {
  /** Whether a client that just connected must authenticate before anything else. */
  abstract get requiresPassword(): boolean
  /** Whether the default user has no password at all, which AUTH with one argument complains about. */
  abstract get defaultIsOpen(): boolean
  /**
   * Log a client in as a user; false when the name or the password is wrong. Both have one character a byte; `how` is the
   * word of the command, for the log.
   */
  abstract login(client: Client, user: string, password: string, how: string): boolean
  /** Make a client the default user again: a new connection, or RESET. */
  abstract reset(client: Client): void
  /** Whether a user of this name exists. */
  abstract exists(user: string): boolean
}
