/* The default user and its password, `requirepass`. */

import { sameSecret } from '../base/hash.ts'
import { Authenticator } from '../command/authenticator.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Parameter } from '../command/config.ts'

export class DefaultUserOnly extends Authenticator {
  password = ''

  get requiresPassword(): boolean {
    return this.password !== ''
  }

  get defaultIsOpen(): boolean {
    return this.password === ''
  }

  login(client: Client, user: string, password: string): boolean {
    if (user !== 'default') return false
    if (this.password !== '' && !sameSecret(password, this.password)) return false
    client.user = 'default'
    client.gate(CLIENT_GATE.unauthenticated, false)
    return true
  }

  reset(client: Client): void {
    client.user = 'default'
    client.gate(CLIENT_GATE.unauthenticated, this.requiresPassword)
  }

  exists(user: string): boolean {
    return user === 'default'
  }

  parameters(): Parameter[] {
    return [
      {
        name: 'requirepass',
        get: () => this.password,
        set: text => {
          this.password = text
          return null
        },
      },
    ]
  }
}
