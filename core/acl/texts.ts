/* Texts of access control on the wire. */

import { ReplyError } from '../base/errors.ts'

/** Why a rule was not accepted. */
export const RULE_FAULT = {
  syntax: 'Syntax error',
  unknown: 'Unknown command or category name in ACL',
  keysAlready:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
  channelsAlready:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
  noPassword: 'The password you are trying to remove from the user does not exist',
  badHash: 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
  firstArgOfSub: 'Allowing first-arg of a subcommand is not supported',
} as const

export const ACL_ERR = {
  key: new ReplyError('NOPERM No permissions to access a key'),
  channel: new ReplyError('NOPERM No permissions to access a channel'),
  badName: new ReplyError("ERR Usernames can't contain spaces or null characters"),
  defaultStays: new ReplyError("ERR The 'default' user cannot be removed"),
  noFile: new ReplyError(
    'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
  ),
  genpass: new ReplyError(
    'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
  ),
} as const

const QUEUED =
  'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: '

/** What EXEC says to a command that was queued when it was still allowed, by kind of denial. */
export const QUEUED_ERR: readonly ReplyError[] = [
  'no permission to execute the command or subcommand',
  'no permission to execute the command or subcommand',
  'no permission to touch the specified keys',
  'no permission to access one of the channels used as argument to the command',
].map(reason => new ReplyError(QUEUED + reason))

export const ACL_HELP = [
  'ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CAT [<category>]',
  '    List all commands that belong to <category>, or all command categories',
  '    when no category is specified.',
  'DELUSER <username> [<username> ...]',
  '    Delete a list of users.',
  'DRYRUN <username> <command> [<arg> ...]',
  '    Returns whether the user can execute the given command without executing the command.',
  'GETUSER <username>',
  "    Get the user's details.",
  'GENPASS [<bits>]',
  '    Generate a secure 256-bit user password. The optional `bits` argument can',
  '    be used to specify a different size.',
  'LIST',
  '    Show users details in config file format.',
  'LOAD',
  '    Reload users from the ACL file.',
  'LOG [<count> | RESET]',
  '    Show the ACL log entries.',
  'SAVE',
  '    Save the current config to the ACL file.',
  'SETUSER <username> <attribute> [<attribute> ...]',
  '    Create or modify a user with the specified attributes.',
  'USERS',
  '    List all the registered usernames.',
  'WHOAMI',
  '    Return the current connection username.',
  'HELP',
  '    Print this help.',
]
