/* What stream commands refuse with. */

import type { Range } from '../../base/bytes.ts'
import { ReplyError, replyError } from '../../base/errors.ts'

export const STREAM_ERR = {
  invalidId: new ReplyError('ERR Invalid stream ID specified as stream command argument'),
  invalidStart: new ReplyError('ERR invalid start ID for the interval'),
  invalidEnd: new ReplyError('ERR invalid end ID for the interval'),
  idZero: new ReplyError('ERR The ID specified in XADD must be greater than 0-0'),
  idNotGreater: new ReplyError('ERR The ID specified in XADD is equal or smaller than the target stream top item'),
  exhausted: new ReplyError('ERR The stream has exhausted the last possible ID, unable to add more items'),
  tooLarge: new ReplyError('ERR Elements are too large to be stored'),
  twoStrategies: new ReplyError('ERR syntax error, MAXLEN and MINID options at the same time are not compatible'),
  maxLenNegative: new ReplyError('ERR The MAXLEN argument must be >= 0.'),
  limitNegative: new ReplyError('ERR The LIMIT argument must be >= 0.'),
  limitAlone: new ReplyError('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy'),
  limitExact: new ReplyError('ERR syntax error, LIMIT cannot be used without the special ~ option'),
  noStrategy: new ReplyError('ERR syntax error, XTRIM must be called with a trimming strategy'),
  setIdBelowTop: new ReplyError('ERR The ID specified in XSETID is smaller than the target stream top item'),
  setIdBelowDeleted: new ReplyError('ERR The ID specified in XSETID is smaller than current max_deleted_entry_id'),
  setIdBelowGiven: new ReplyError('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id'),
  addedNegative: new ReplyError('ERR entries_added must be positive'),
  addedBelowLength: new ReplyError(
    'ERR The entries_added specified in XSETID is smaller than the target stream length',
  ),
  timeoutNotInteger: new ReplyError('ERR timeout is not an integer or out of range'),
  groupOfRead: new ReplyError('ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.'),
  noAckOfRead: new ReplyError('ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.'),
  noGroup: new ReplyError('ERR Missing GROUP option for XREADGROUP'),
  newOfRead: new ReplyError(
    'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
  ),
  keyNeeded: new ReplyError(
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
  ),
  entriesRead: new ReplyError('ERR value for ENTRIESREAD must be positive or -1'),
  busyGroup: new ReplyError('BUSYGROUP Consumer Group name already exists'),
  countPositive: new ReplyError('ERR COUNT must be > 0'),
} as const

/** The refusal of an argument of XCLAIM or XAUTOCLAIM that is no number. */
export function invalidArgument(what: string, command: string): ReplyError {
  return replyError(`ERR Invalid ${what} argument for ${command}`)
}

export function unknownClaimOption(option: Range): ReplyError {
  return replyError(`ERR Unrecognized XCLAIM option '${shown(option)}'`)
}

/** XREADGROUP's word for a group that is not there. */
export function noGroupToRead(key: Range, group: Range): ReplyError {
  return replyError(
    `NOGROUP No such key '${shown(key)}' or consumer group '${shown(group)}' in XREADGROUP with GROUP option`,
  )
}

/** The same of XPENDING, XCLAIM and XAUTOCLAIM. */
export function noKeyOrGroup(key: Range, group: Range): ReplyError {
  return replyError(`NOGROUP No such key '${shown(key)}' or consumer group '${shown(group)}'`)
}

/** The same of XGROUP and XINFO. */
export function noSuchGroup(key: Range, group: Range): ReplyError {
  return replyError(`NOGROUP No such consumer group '${shown(group)}' for key name '${shown(key)}'`)
}

/** Keys and ids of XREAD and XREADGROUP do not pair up. */
export function unbalanced(command: string): ReplyError {
  const id = command === 'xread' ? '$' : '>'
  return replyError(
    `ERR Unbalanced '${command}' list of streams: for each stream key an ID or '${id}' must be specified.`,
  )
}

/** `$` and `+` name what is new, which a group knows better. */
export function meaninglessId(id: '$' | '+'): ReplyError {
  return replyError(
    `ERR The ${id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The ${id} ID would just return an empty result set.`,
  )
}

/** A name as C prints it: up to a zero byte. */
function shown(bytes: Range): string {
  return bytes.latin1().split('\0', 1)[0]!
}
