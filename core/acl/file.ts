/* The file of users: one line each, `user NAME rule ...`, as ACL LIST shows them. */

import type { Acl } from './acl.ts'
import { joinSelectors, User } from './user.ts'

/** What is done to the disk. */
export interface AclFiles {
  exists(path: string): boolean
  readText(path: string): string
  writeText(path: string, text: string): void
}

/** Read users. The first fault as a text, or the users. */
export function readUsers(acl: Acl, text: string, path: string): string | Map<string, User> {
  const users = new Map<string, User>()
  const faults: string[] = []
  text.split('\n').forEach((line, i) => {
    const words = Buffer.from(line.trim()).toString('latin1').split(/\s+/)
    if (words[0] === '' || words[0]![0] === '#') return
    const at = `${path}:${i + 1}: `
    const [keyword, name, ...rules] = words
    if (keyword !== 'user' || name === undefined)
      faults.push(`${at}line should start with user keyword followed by the username`)
    else if (users.has(name)) faults.push(`${at}user '${name}' is duplicated`)
    else {
      const user = new User(name, acl.names, acl.defaults)
      const fault = applyAll(user, rules)
      if (fault !== null) faults.push(`${at}${fault}`)
      users.set(name, user)
    }
  })
  return faults.length === 0 ? users : faults.join('. ')
}

/** Apply the rules of a line; null, or what is wrong with one of them. */
export function applyAll(user: User, words: readonly string[]): string | null {
  const rules = joinSelectors(words)
  if ('unmatched' in rules) return `Unmatched parenthesis in acl selector starting at '${rules.unmatched}'.`
  for (const rule of rules) {
    const fault = user.apply(rule)
    if (fault !== null) return `${fault}: ${rule}`
  }
  return null
}

/** The text of a file that holds these users. */
export function writeUsers(acl: Acl): string {
  const lines = acl.sorted.map(user => `user ${user.name} ${user.text}\n`).join('')
  return Buffer.from(lines, 'latin1').toString()
}
