/* Libraries -- the functions of a server, as those see them who save and load data.
 *
 * scripting/ keeps them; an RDB file holds the code of each, and so does a rewritten append-only file (FUNCTION LOAD). */

export abstract class Libraries {
  /** The code of each library, as FUNCTION LOAD takes it. */
  abstract codes(): Iterable<Buffer>
  /** Take a library from a file, in place of one of the same name. Returns null, or why it could not be loaded. */
  abstract restore(code: Buffer): string | null
}
