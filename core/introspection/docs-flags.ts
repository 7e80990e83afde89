/* Which commands are out of favour, since when, and what is in their place; and which only the server and its kin use. */

type Names = Readonly<Record<string, readonly [since: string, instead: string]>>

/** By name, subcommands as `cluster|slots`. */
export const DEPRECATED: Names = {
  brpoplpush: ['6.2.0', '`BLMOVE` with the `RIGHT` and `LEFT` arguments'],
  'cluster|slaves': ['5.0.0', '`CLUSTER REPLICAS`'],
  'cluster|slots': ['7.0.0', '`CLUSTER SHARDS`'],
  georadius: ['6.2.0', '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument'],
  georadius_ro: ['6.2.0', '`GEOSEARCH` with the `BYRADIUS` argument'],
  georadiusbymember: ['6.2.0', '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments'],
  georadiusbymember_ro: ['6.2.0', '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments'],
  getset: ['6.2.0', '`SET` with the `!GET` argument'],
  hmset: ['4.0.0', '`HSET` with multiple field-value pairs'],
  psetex: ['2.6.12', '`SET` with the `PX` argument'],
  quit: ['7.2.0', 'just closing the connection'],
  rpoplpush: ['6.2.0', '`LMOVE` with the `RIGHT` and `LEFT` arguments'],
  setex: ['2.6.12', '`SET` with the `EX` argument'],
  setnx: ['2.6.12', '`SET` with the `NX` argument'],
  slaveof: ['5.0.0', '`REPLICAOF`'],
  substr: ['2.0.0', '`GETRANGE`'],
  zrangebylex: ['6.2.0', '`ZRANGE` with the `BYLEX` argument'],
  zrangebyscore: ['6.2.0', '`ZRANGE` with the `BYSCORE` argument'],
  zrevrange: ['6.2.0', '`ZRANGE` with the `REV` argument'],
  zrevrangebylex: ['6.2.0', '`ZRANGE` with the `REV` and `BYLEX` arguments'],
  zrevrangebyscore: ['6.2.0', '`ZRANGE` with the `REV` and `BYSCORE` arguments'],
}

export const INTERNAL: readonly string[] = ['debug', 'pfdebug', 'pfselftest', 'replconf', 'restore-asking']
