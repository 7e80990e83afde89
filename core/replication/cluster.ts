/* CLUSTER -- its subcommands, as a Redis answers them that runs without cluster support. */

import { ReplyError } from '../base/errors.ts'
import { cmd, type Command, sub } from '../command/spec.ts'

const ADMIN = 'admin stale no_async_loading'
const ASK = 'admin stale ~nondeterministic_output'
const SEE = 'stale ~nondeterministic_output'
const RANGES = 'start-slot end-slot [start-slot end-slot ...]'

const SUBCOMMANDS: readonly (readonly [synopsis: string, flags: string])[] = [
  ['ADDSLOTS slot [slot ...]', ADMIN],
  [`ADDSLOTSRANGE ${RANGES}`, ADMIN],
  ['BUMPEPOCH', `${ADMIN} ~nondeterministic_output`],
  ['COUNT-FAILURE-REPORTS node-id', ASK],
  ['COUNTKEYSINSLOT slot', 'stale'],
  ['DELSLOTS slot [slot ...]', ADMIN],
  [`DELSLOTSRANGE ${RANGES}`, ADMIN],
  ['FAILOVER [<FORCE|TAKEOVER>]', ADMIN],
  ['FLUSHSLOTS', ADMIN],
  ['FORGET node-id', ADMIN],
  ['GETKEYSINSLOT slot count', SEE],
  ['HELP', 'loading stale'],
  ['INFO', SEE],
  ['KEYSLOT key', 'stale'],
  ['LINKS', SEE],
  ['MEET ip port [cluster-bus-port]', ADMIN],
  ['MYID', 'stale'],
  ['MYSHARDID', SEE],
  ['NODES', SEE],
  ['REPLICAS node-id', ASK],
  ['REPLICATE node-id', ADMIN],
  ['RESET [<HARD|SOFT>]', 'admin noscript stale'],
  ['SAVECONFIG', ADMIN],
  ['SET-CONFIG-EPOCH config-epoch', ADMIN],
  ['SETSLOT slot <IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE>', ADMIN],
  ['SHARDS', 'loading stale ~nondeterministic_output'],
  ['SLAVES node-id', ASK],
  ['SLOTS', 'loading stale ~nondeterministic_output'],
]

const NO_CLUSTER = new ReplyError('ERR This instance has cluster support disabled')

export const clusterCommands: readonly Command[] = [
  cmd('ASKING', 'fast @connection', '', noCluster),
  ...SUBCOMMANDS.map(([synopsis, flags]) => sub(`CLUSTER ${synopsis}`, flags, '', noCluster)),
  cmd('READONLY', 'loading stale fast @connection', '', noCluster),
  cmd('READWRITE', 'loading stale fast @connection', '', noCluster),
]

function noCluster(): void {
  throw NO_CLUSTER
}
