/* The error texts of the JSON commands, as the real module gives them: some with ERR, some without. */

import { replyError, type ReplyError } from 'redstrata/module'

export const JSON_ERROR = {
  wrongType: replyError('Existing key has wrong Redis type'),
  noPath: replyError('ERR Path does not exist'),
  notArray: replyError('ERR Path does not exist or not an array'),
  notObject: replyError('ERR Path does not exist or not an object'),
  notString: replyError('ERR Path does not exist or not a string'),
  notBoolean: replyError('ERR Path does not exist or not a bool'),
  notNumber: replyError('ERR Path does not exist or does not contains a number'),
  expectedArray: replyError('WRONGTYPE wrong type of path value - expected array'),
  expectedObject: replyError('WRONGTYPE wrong type of path value - expected object'),
  expectedString: replyError('WRONGTYPE wrong type of path value - expected string'),
  noKey: replyError("ERR could not perform this operation on a key that doesn't exist"),
  newAtRoot: replyError('ERR new objects must be created at the root'),
  notStatic: replyError('Err wrong static path'),
  indexRange: replyError('ERR array index out of range'),
  indexBounds: replyError('ERR index out of bounds'),
  notInteger: replyError("Couldn't parse as integer"),
  utf8: replyError("Couldn't parse as UTF-8 string"),
  inputNumber: replyError('bad input number'),
  notFinite: replyError('result is not a number'),
  depth: replyError('recursion limit exceeded'),
  tooCostly: replyError('ERR path matches too much'),
  setFormat: replyError('ERR wrong format'),
  replyFormat: replyError('ERR wrong reply format'),
  formatNeedsResp3: replyError('ERR FORMAT argument is not supported on RESP2'),
  legacyFormat: replyError('Legacy paths are supported only with FORMAT STRINGS'),
  unknownDebug: replyError('ERR unknown subcommand - try `JSON.DEBUG HELP`'),
} as const

/** The refusal of a command with too few or too many arguments, told where the real module tells it. */
export function wrongNumber(name: string): ReplyError {
  return replyError(`ERR wrong number of arguments for '${name}' command`)
}
