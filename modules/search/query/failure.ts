/* Failures of a query -- thrown inside the pure parts, caught where a query is parsed or planned, shown to the client. */

/** Why a query cannot run: the text of the error reply. */
export class QueryFailure {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Give up on a query. */
export function refuse(text: string): never {
  throw new QueryFailure(text)
}
