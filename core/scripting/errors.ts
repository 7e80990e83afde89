/* What scripts and functions answer when something is wrong, word for word. */

import { ReplyError } from '../base/errors.ts'

export const SCRIPT_ERR = {
  noScript: new ReplyError('NOSCRIPT No matching script. Please use EVAL.'),
  negativeKeys: new ReplyError("ERR Number of keys can't be negative"),
  tooManyKeys: new ReplyError("ERR Number of keys can't be greater than number of args"),
  badKeyCount: new ReplyError('ERR Bad number of keys provided'),
  noFunction: new ReplyError('ERR Function not found'),
  noLibrary: new ReplyError('ERR Library not found'),
  writesInReadOnly: new ReplyError('ERR Can not execute a script with write flag using *_ro command.'),
  notBusy: new ReplyError('NOTBUSY No scripts in execution right now.'),
  busyScript: new ReplyError('BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'),
  busyFunction: new ReplyError(
    'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
  ),
  unkillable: new ReplyError(
    'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script ' +
      'termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
  ),
  flushOption: new ReplyError('ERR SCRIPT FLUSH only support SYNC|ASYNC option'),
  functionFlushOption: new ReplyError('ERR FUNCTION FLUSH only supports SYNC|ASYNC option'),
  debugOption: new ReplyError('ERR Use SCRIPT DEBUG YES/SYNC/NO'),
  debugRefused: new ReplyError('ERR the debugger of scripts is not part of this server'),
  noArgumentsMemory: new ReplyError('ERR not enough memory for the arguments of the script'),
  payload: new ReplyError('ERR DUMP payload version or checksum are wrong'),
  payloadContent: new ReplyError('ERR failed loading functions payload'),
  restorePolicy: new ReplyError('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.'),
  libraryNameMissing: new ReplyError('ERR library name argument was not given'),
} as const

/** What a command inside a script is refused with; the machine adds where it happened. */
export const CALL_ERR = {
  unknown: new ReplyError('ERR Unknown Redis command called from script'),
  arity: new ReplyError('ERR Wrong number of args calling Redis command from script'),
  notAllowed: new ReplyError('ERR This Redis command is not allowed from script'),
  readOnly: new ReplyError('ERR Write commands are not allowed from read-only scripts.'),
} as const

/** Why the host stopped a script. */
export const KILL_TEXT = {
  script: 'ERR Script killed by user with SCRIPT KILL...',
  function: 'ERR Script killed by user with FUNCTION KILL.',
  loading: 'ERR FUNCTION LOAD timeout',
  tooLong: 'ERR Script killed: it ran too long in a place where it cannot be suspended',
} as const
