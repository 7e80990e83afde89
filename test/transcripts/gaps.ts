/* Gaps -- recorded cases that the server does not pass yet, each with the reason; they are shown as skipped.
 *
 * The key is `folder/file: title`; with a mode before it the case is left out in that mode only. */

/** Reasons by case. */
export const GAPS: Readonly<Record<string, string>> = {
  'core/keys.txt: RESTORE': 'RESTORE IDLETIME keeps the idle time (docs/compat.md)',
}
