/* JSON -- what the JSON module offers under the name `json`, as far as it is used here.
 *
 * Modules know each other by what they provide; this is the shape of it, and `host.find` says whether it is there. */

import type { Database, EventDetail, Host, Range } from 'redstrata/module'

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

/** A path that was read once, to be followed in many documents. */
export interface JsonPath {
  readonly isStatic: boolean
  readonly legacy: boolean
}

export interface JsonService {
  readonly typeId: number
  path(text: string): JsonPath | null
  reader(): JsonReader
  touches(path: JsonPath, detail: EventDetail | undefined): boolean
}

/** Looks at one document at a time; what it names is good until the next write. */
export interface JsonReader {
  openRecord(db: Database, record: number): void
  find(path: JsonPath): number
  kind(n: number): JsonKind
  isTrue(n: number): boolean
  number(n: number): number
  bytes(n: number, out: Range): Range
  text(n: number, out: Range): Range
  list(out: Range): Range
  count(n: number): number
  children(n: number): number
}

/** The JSON module's service, or null while it is not loaded. */
export function jsonService(host: Host): JsonService | null {
  return host.find<JsonService>('json')
}

/** Read a path as the module does: what does not begin with `$` is a name, and leads nowhere. */
export function readJsonPath(service: JsonService, text: string): JsonPath | null {
  return text.startsWith('$') ? service.path(text) : null
}
