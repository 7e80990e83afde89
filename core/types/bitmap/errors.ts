/* What bitmap commands refuse with. */

import { ReplyError } from '../../base/errors.ts'

export const BIT_ERR = {
  offset: new ReplyError('ERR bit offset is not an integer or out of range'),
  bit: new ReplyError('ERR bit is not an integer or out of range'),
  bitArgument: new ReplyError('ERR The bit argument must be 1 or 0.'),
  notSources: new ReplyError('ERR BITOP NOT must be called with a single source key.'),
  fieldType: new ReplyError(
    'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
  ),
  overflow: new ReplyError('ERR Invalid OVERFLOW type specified'),
  readOnly: new ReplyError('ERR BITFIELD_RO only supports the GET subcommand'),
} as const
