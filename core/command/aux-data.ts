/* Aux data -- what is kept in an RDB file beside the keys.
 *
 * A module registers it with `host.aux`; persistence/ saves and loads it. The real modules keep the schemas of indexes and
 * dictionaries there, under the type names that are given here, so files can go both ways. */

import type { LoadSource, SaveSink } from '../keyspace/value-type.ts'

/** What a module keeps in an RDB file beside keys. */
export interface AuxData {
  /** Before all keys. False: there is nothing to be kept, and nothing was written. */
  saveBefore?(sink: SaveSink): boolean
  /** After all keys. */
  saveAfter?(sink: SaveSink): boolean
  /** Take what was kept; called once for each time at which something was. Throws on damaged data. */
  load(source: LoadSource, version: number, when: 'before' | 'after'): void
  /** The nine characters of the module type under which the real module stores it. */
  readonly typeName: string
  /** The version that is written, 0 to 1023. */
  readonly version: number
}
