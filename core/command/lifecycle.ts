/* Lifecycle -- how a server is asked to end, and to begin anew. Both are declared here and done by persistence. */

/** How a server is asked to end. */
export interface Shutdown {
  /** Whether data are saved first: as the save points say, or regardless of them. */
  readonly saves: 'default' | 'yes' | 'no'
  /** It ends even if saving fails. */
  readonly isForced: boolean
}

/** What DEBUG RELOAD does: whether the data are saved first, whether they are forgotten, and whether the file's keys replace others. */
export interface ReloadOptions {
  readonly saves: boolean
  readonly flushes: boolean
  readonly merges: boolean
}
