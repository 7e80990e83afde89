/* Scope -- the properties that rows have at a place in the plan: their names, in the order in which they are shown, and the slots
 * of their lanes.
 *
 *      name      price    n         total
 *      slot      0        1         2             lanes[1] holds @n
 *
 * Rows of documents start with none, and get those that are named: a sortable field as soon as an expression reads it, others
 * where LOAD, GROUPBY, SORTBY or a reducer names them. Rows of groups have the properties of their grouping and no others. */

import type { Lane } from './lane.ts'

/** A property of rows. */
export interface Property {
  readonly name: string
  slot: number
  /** Whether it was read from the sortable form of a field, which may differ from the field. */
  sortable: boolean
  /** Whether its values are JSON text of lists. */
  isJson: boolean
  /** The slot of the first values of those lists, by which is reckoned and sorted; -1 while there is none. */
  firstSlot: number
}

/** Properties and lanes of the rows at a place. */
export class Scope {
  /** By slot. */
  readonly lanes: Lane[]
  /** As they are shown. */
  readonly properties: Property[]
  /** Slots that no property has: scores before they are asked for, matched words. */
  readonly hidden: Set<number>

  constructor(lanes: Lane[] = [], properties: Property[] = [], hidden: Set<number> = new Set()) {
    this.lanes = lanes
    this.properties = properties
    this.hidden = hidden
  }

  find(name: string): Property | null {
    for (const property of this.properties) if (property.name === name) return property
    return null
  }

  /** Add a lane; returns its slot. */
  addLane(lane: Lane): number {
    return this.lanes.push(lane) - 1
  }

  /** Let a name mean a slot from now on; a name that is there keeps its place. */
  set(name: string, slot: number, sortable = false): void {
    const known = this.find(name)
    if (known === null) this.properties.push({ name, slot, sortable, isJson: false, firstSlot: -1 })
    else {
      known.slot = slot
      known.sortable = sortable
      known.isJson = false
      known.firstSlot = -1
    }
  }

  /** Slots whose values are to be carried along. */
  slots(): number[] {
    return [...this.properties.map(property => property.slot), ...this.hidden]
  }

  /** The same names and slots over other lanes: what comes out of sorting. */
  over(lanes: Lane[]): Scope {
    return new Scope(
      lanes,
      this.properties.map(property => ({ ...property })),
      this.hidden,
    )
  }
}
