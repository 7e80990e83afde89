/* Gaps -- recorded cases that the server does not pass yet, each with the reason; they are shown as skipped.
 *
 * The key is `folder/file: title`; with a mode before it the case is left out in that mode only. */

/** Reasons by case. */
export const GAPS: Readonly<Record<string, string>> = {
  'core/acl.txt: ACL CAT of a few categories': 'lists commands that are not there yet',
  'core/keys.txt: RESTORE': 'RESTORE IDLETIME keeps the idle time (docs/compat.md)',
  'core/config.txt: defaults of common parameters': 'parameters of features that are not there yet',
  'core/server.txt: COMMAND COUNT and LIST': 'lists commands that are not there yet',
  'core/server.txt: COMMAND GETKEYS': 'asks about commands that are not there yet',
  'core/server.txt: INFO errorstats and commandstats': 'error counts are listed in another order',
  'core/server.txt: MONITOR': 'shows commands of scripts in another form',
  'core/server.txt: MODULE LIST holds the modules': 'MODULE is not switched off by default',
  'core/string.txt: INCRBYFLOAT formatting': 'the encoding of a float without fraction is reported as int',
  'core/string.txt: reference counts of shared integers': 'counts of values that Redis shares',
}
