/* Docs -- a line about each command, for COMMAND DOCS, docs/commands.md and the completion of consoles. In our own words. */

export interface CommandDocs {
  readonly summary: string
  readonly since: string
  readonly complexity: string
}

function entry(summary: string, since: string, complexity: string): CommandDocs {
  return { summary, since, complexity }
}

export const DOCS: Readonly<Record<string, CommandDocs>> = {
  append: entry('Adds text to the end of a string.', '2.0.0', 'O(1)'),
  auth: entry('Logs the connection in.', '1.0.0', 'O(N) in the number of passwords of the user'),
  decr: entry('Takes one from a whole number.', '1.0.0', 'O(1)'),
  decrby: entry('Takes an amount from a whole number.', '1.0.0', 'O(1)'),
  del: entry('Removes keys.', '1.0.0', 'O(N) in the number of keys'),
  echo: entry('Returns the given string.', '1.0.0', 'O(1)'),
  exists: entry('Counts which of the keys exist.', '1.0.0', 'O(N) in the number of keys'),
  expire: entry('Lets a key die after some seconds.', '1.0.0', 'O(1)'),
  get: entry('Returns the string of a key.', '1.0.0', 'O(1)'),
  getdel: entry('Returns a string and removes its key.', '6.2.0', 'O(1)'),
  getex: entry('Returns a string and changes when its key dies.', '6.2.0', 'O(1)'),
  getrange: entry('Returns a part of a string.', '2.4.0', 'O(N) in the length of the part'),
  hdel: entry('Removes fields of a hash.', '2.0.0', 'O(N) in the number of fields'),
  hget: entry('Returns a field of a hash.', '2.0.0', 'O(1)'),
  hgetall: entry('Returns all fields of a hash with their values.', '2.0.0', 'O(N) in the size of the hash'),
  hset: entry('Sets fields of a hash.', '2.0.0', 'O(1) for each field'),
  incr: entry('Adds one to a whole number.', '1.0.0', 'O(1)'),
  incrby: entry('Adds an amount to a whole number.', '1.0.0', 'O(1)'),
  llen: entry('Tells how long a list is.', '1.0.0', 'O(1)'),
  lpop: entry('Takes elements from the head of a list.', '1.0.0', 'O(N) in the number of elements'),
  lpush: entry('Puts elements before the head of a list.', '1.0.0', 'O(1) for each element'),
  lrange: entry('Returns a range of a list.', '1.0.0', 'O(N) in the length of the range'),
  mget: entry('Returns the strings of several keys.', '1.0.0', 'O(N) in the number of keys'),
  mset: entry('Sets several strings at once.', '1.0.1', 'O(N) in the number of keys'),
  ping: entry('Answers, to show that the server does.', '1.0.0', 'O(1)'),
  rpop: entry('Takes elements from the tail of a list.', '1.0.0', 'O(N) in the number of elements'),
  rpush: entry('Puts elements behind the tail of a list.', '1.0.0', 'O(1) for each element'),
  sadd: entry('Adds members to a set.', '1.0.0', 'O(1) for each member'),
  scan: entry('Walks over the keys in steps.', '2.8.0', 'O(1) for each step'),
  set: entry('Sets the string of a key, whatever it held.', '1.0.0', 'O(1)'),
  smembers: entry('Returns all members of a set.', '1.0.0', 'O(N) in the size of the set'),
  ttl: entry('Tells how many seconds a key has left.', '1.0.0', 'O(1)'),
  type: entry('Tells what kind of value a key holds.', '1.0.0', 'O(1)'),
  zadd: entry('Adds members to a sorted set, or changes their scores.', '1.2.0', 'O(log N) for each member'),
  zrange: entry('Returns a range of a sorted set.', '1.2.0', 'O(log N + M) for M members returned'),
  zscore: entry('Returns the score of a member.', '1.2.0', 'O(1)'),
}
