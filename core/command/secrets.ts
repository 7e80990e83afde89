/* Secrets -- arguments that hold passwords, or the names that go with them.
 *
 * MONITOR and the slow log show `(redacted)` in their place. Commands are known by their entry, so that one that was
 * renamed gives nothing away. */

import type { Args } from './args.ts'
import type { Entry } from './table.ts'

/** Shown instead of a secret. */
export const REDACTED = '(redacted)'

const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  'masterauth',
  'masteruser',
  'requirepass',
  'tls-key-file-pass',
  'tls-client-key-file-pass',
])

/** The numbers of the arguments that nobody may see. */
export function secretsOf(entry: Entry, args: Args): readonly number[] {
  switch (entry.name) {
    case 'auth':
      return from(1, args)
    case 'acl|setuser':
    case 'acl|getuser':
    case 'acl|deluser':
      return from(2, args)
    case 'hello':
      return behind(args, 2, 'auth', 2)
    case 'migrate':
      return [...behind(args, 6, 'auth', 1), ...behind(args, 6, 'auth2', 2)]
    case 'config|set':
      return valuesOfSecrets(args)
    default:
      return []
  }
}

function from(first: number, { argc }: Args): readonly number[] {
  return Array.from({ length: Math.max(0, argc - first) }, (_, i) => first + i)
}

/** The `count` arguments behind a word that is sought from `first` on; what stands behind KEYS are keys. */
function behind(args: Args, first: number, word: string, count: number): readonly number[] {
  for (let i = first; i < args.argc && !args.is(i, 'keys'); i++)
    if (args.is(i, word)) return Array.from({ length: count }, (_, n) => i + 1 + n)
  return []
}

function valuesOfSecrets(args: Args): readonly number[] {
  const found: number[] = []
  for (let i = 2; i < args.argc; i += 2) if (SECRET_PARAMETERS.has(args.at(i).latin1().toLowerCase())) found.push(i + 1)
  return found
}
