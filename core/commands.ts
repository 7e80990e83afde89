/* Commands -- the whole surface of the core, by the groups of the manual.
 *
 * A new family of commands, a new type or a new feature is added to one of these lists, and nowhere else. */

import { commands as aclCommands } from './acl/commands.ts'
import type { Command } from './command/spec.ts'
import type { Engine } from './command/engine.ts'
import { commands as configCommands } from './config/commands.ts'
import { installMemoryLimit } from './config/memory.ts'
import { commands as connectionCommands, installConnection } from './connection/commands.ts'
import type { ValueType } from './keyspace/value-type.ts'
import { commands as introspectionCommands } from './introspection/commands.ts'
import { installLatency } from './introspection/latency.ts'
import { installProtected } from './config/protected.ts'
import { installInfo } from './introspection/info.ts'
import { installMonitors } from './introspection/memory.ts'
import { installSlowLog } from './introspection/slowlog.ts'
import { clusterCommands } from './replication/cluster.ts'
import { commands as migrateCommands } from './replication/migrate.ts'
import { commands as replicationCommands, installReplication, waitCommands } from './replication/commands.ts'
import { installModules, commands as moduleCommands } from './module/commands.ts'
import { commands as persistenceCommands, dumpCommands } from './persistence/commands.ts'
import { commands as pubsubCommands, installPubSub } from './pubsub/commands.ts'
import { commands as scriptCommands, installScripting } from './scripting/commands.ts'
import { commands as functionCommands } from './scripting/function-commands.ts'
import { commands as transactionCommands, installTransactions } from './transactions/commands.ts'
import { commands as keyCommands, databaseCommands } from './types/keys/commands.ts'
import { commands as hashCommands } from './types/hash/commands.ts'
import { hashType } from './types/hash/type.ts'
import { commands as listCommands } from './types/list/commands.ts'
import { listType } from './types/list/value.ts'
import { commands as setCommands } from './types/set/commands.ts'
import { setType } from './types/set/value.ts'
import { commands as bitmapCommands } from './types/bitmap/commands.ts'
import { commands as geoCommands } from './types/geo/commands.ts'
import { commands as hyperLogLogCommands, installHyperLogLog } from './types/hyperloglog/commands.ts'
import { commands as streamCommands } from './types/stream/commands.ts'
import { streamType } from './types/stream/value.ts'
import { commands as zsetCommands } from './types/zset/commands.ts'
import { zsetType } from './types/zset/value.ts'
import { commands as stringCommands } from './types/string/commands.ts'
import { stringType } from './types/string/value.ts'

/** Tables of commands with their groups. */
export const commandTables: readonly (readonly [string, readonly Command[]])[] = [
  ['connection', connectionCommands],
  ['server', aclCommands],
  ['server', configCommands],
  ['server', introspectionCommands],
  ['server', moduleCommands],
  ['server', replicationCommands],
  ['cluster', clusterCommands],
  ['generic', waitCommands],
  ['transactions', transactionCommands],
  ['pubsub', pubsubCommands],
  ['scripting', scriptCommands],
  ['scripting', functionCommands],
  ['server', persistenceCommands],
  ['generic', dumpCommands],
  ['generic', migrateCommands],
  ['server', databaseCommands],
  ['generic', keyCommands],
  ['string', stringCommands],
  ['list', listCommands],
  ['hash', hashCommands],
  ['set', setCommands],
  ['sorted-set', zsetCommands],
  ['stream', streamCommands],
  ['bitmap', bitmapCommands],
  ['hyperloglog', hyperLogLogCommands],
  ['geo', geoCommands],
]

/** Types of the core; each has a fixed number. */
export const nativeTypes: readonly ValueType[] = [stringType, listType, setType, zsetType, hashType, streamType].map(
  type => type as unknown as ValueType,
)

/** What features set up in a new server, in this order. */
export const features: readonly ((engine: Engine) => void)[] = [
  installInfo,
  installMemoryLimit,
  installSlowLog,
  installMonitors,
  installLatency,
  installReplication,
  installProtected,
  installConnection,
  installTransactions,
  installPubSub,
  installScripting,
  installModules,
  installHyperLogLog,
]
