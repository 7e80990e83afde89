/* What a client's name, and the name and version of its library, may hold. */

import { ReplyError } from '../base/errors.ts'

const BAD_NAME = new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')

/** Printable ASCII without spaces. */
export function isPlain(text: string): boolean {
  return /^[!-~]*$/.test(text)
}

/** @throws when a client may not be called this. */
export function checkName(name: string): void {
  if (!isPlain(name)) throw BAD_NAME
}
