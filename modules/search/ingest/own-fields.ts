/* Own fields -- what the kinds of field that have an index of their own (vectors, shapes) bring along.
 *
 * The rest of the module knows them by this alone; `Workspace.ownFields` holds one for each kind. */

import type { Range } from 'redstrata/module'
import type { OwnIndex } from '../index/field-index.ts'
import type { Field } from '../schema/schema.ts'

/** A kind of field with an index of its own. */
export interface OwnFields {
  /** The index of a field. */
  makeIndex(field: Field): OwnIndex
  /** The value that a hash field's bytes are, for OwnIndex.set; or why they are none. */
  fromBytes(field: Field, bytes: Range): object | string
  /** The value that a JSON string, or some arrays of numbers, is; or why it is none; null: as if it were not there. */
  fromJson(field: Field, value: string | readonly (readonly number[])[]): object | string | null
}
