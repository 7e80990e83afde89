/* Docs of commands on data; see docs.ts for the form. */

export const DATA_DOCS = `
append 2.0.0 O(1): Adds text to the end of a string.
decr 1.0.0 O(1): Takes one from a whole number.
decrby 1.0.0 O(1): Takes an amount from a whole number.
get 1.0.0 O(1): Returns the string of a key.
getdel 6.2.0 O(1): Returns a string and removes its key.
getex 6.2.0 O(1): Returns a string and changes when its key dies.
getrange 2.4.0 O(N) in the length of the part: Returns a part of a string.
getset 1.0.0 O(1): Sets a string and returns the one before.
incr 1.0.0 O(1): Adds one to a whole number.
incrby 1.0.0 O(1): Adds an amount to a whole number.
incrbyfloat 2.6.0 O(1): Adds an amount to a number.
lcs 7.0.0 O(N*M) for strings of N and M bytes: Finds the longest sequence of bytes that two strings share.
mget 1.0.0 O(N) in the number of keys: Returns the strings of several keys.
mset 1.0.1 O(N) in the number of keys: Sets several strings at once.
msetnx 1.0.1 O(N) in the number of keys: Sets several strings, if none of the keys exists.
psetex 2.6.0 O(1): Sets a string that dies after some milliseconds.
set 1.0.0 O(1): Sets the string of a key, whatever it held.
setex 2.0.0 O(1): Sets a string that dies after some seconds.
setnx 1.0.0 O(1): Sets a string, if the key does not exist.
setrange 2.2.0 O(N) in the length of the part: Writes over a part of a string.
strlen 2.2.0 O(1): Tells how long a string is.
substr 1.0.0 O(N) in the length of the part: Returns a part of a string; the old name of GETRANGE.
blmove 6.2.0 O(1): Moves an element from one list to another, and waits for one when there is none.
blmpop 7.0.0 O(N+M) for N keys and M elements: Takes elements from the first list that has any, and waits when none has.
blpop 2.0.0 O(N) in the number of keys: Takes the head of the first list that has one, and waits when none has.
brpop 2.0.0 O(N) in the number of keys: Takes the tail of the first list that has one, and waits when none has.
brpoplpush 2.2.0 O(1): Moves the tail of one list to the head of another, and waits for it; BLMOVE does more.
lindex 1.0.0 O(N) in the distance from the nearer end: Returns the element at a place.
linsert 2.2.0 O(N) in the number of elements before the place: Puts an element before or behind another.
llen 1.0.0 O(1): Tells how long a list is.
lmove 6.2.0 O(1): Moves an element from an end of one list to an end of another.
lmpop 7.0.0 O(N+M) for N keys and M elements: Takes elements from the first list that has any.
lpop 1.0.0 O(N) in the number of elements: Takes elements from the head of a list.
lpos 6.0.6 O(N) in the length of the list: Finds the places of an element.
lpush 1.0.0 O(1) for each element: Puts elements before the head of a list.
lpushx 2.2.0 O(1) for each element: Puts elements before the head of a list, if it exists.
lrange 1.0.0 O(N) in the length of the range: Returns a range of a list.
lrem 1.0.0 O(N) in the length of the list: Removes elements that are equal to one.
lset 1.0.0 O(N) in the distance from the nearer end: Writes over the element at a place.
ltrim 1.0.0 O(N) in the number of elements removed: Removes what is outside of a range.
rpop 1.0.0 O(N) in the number of elements: Takes elements from the tail of a list.
rpoplpush 1.2.0 O(1): Moves the tail of one list to the head of another; LMOVE does more.
rpush 1.0.0 O(1) for each element: Puts elements behind the tail of a list.
rpushx 2.2.0 O(1) for each element: Puts elements behind the tail of a list, if it exists.
sadd 1.0.0 O(1) for each member: Adds members to a set.
scard 1.0.0 O(1): Counts the members of a set.
sdiff 1.0.0 O(N) in the size of all sets: Returns the members of the first set that no other has.
sdiffstore 1.0.0 O(N) in the size of all sets: Stores the members of the first set that no other has.
sinter 1.0.0 O(N*M) for the smallest of M sets: Returns the members that all sets have.
sintercard 7.0.0 O(N*M) for the smallest of M sets: Counts the members that all sets have.
sinterstore 1.0.0 O(N*M) for the smallest of M sets: Stores the members that all sets have.
sismember 1.0.0 O(1): Tells whether a set has a member.
smembers 1.0.0 O(N) in the size of the set: Returns all members of a set.
smismember 6.2.0 O(N) in the number of members asked for: Tells which members a set has.
smove 1.0.0 O(1): Moves a member from one set to another.
spop 1.0.0 O(N) in the number of members: Takes members out by chance.
srandmember 1.0.0 O(N) in the number of members returned: Returns members by chance.
srem 1.0.0 O(N) in the number of members: Removes members.
sscan 2.8.0 O(1) for each step: Walks over the members of a set in steps.
sunion 1.0.0 O(N) in the size of all sets: Returns the members that any of the sets has.
sunionstore 1.0.0 O(N) in the size of all sets: Stores the members that any of the sets has.
bzmpop 7.0.0 O(K+M*log N) for K keys and M members: Takes members from the first sorted set that has any, and waits when none has.
bzpopmax 5.0.0 O(log N): Takes the member with the highest score, and waits for one when there is none.
bzpopmin 5.0.0 O(log N): Takes the member with the lowest score, and waits for one when there is none.
zadd 1.2.0 O(log N) for each member: Adds members to a sorted set, or changes their scores.
zcard 1.2.0 O(1): Counts the members of a sorted set.
zcount 2.0.0 O(log N): Counts the members with a score in a range.
zdiff 6.2.0 O(N) in the size of all sets: Returns the members of the first sorted set that no other has.
zdiffstore 6.2.0 O(N) in the size of all sets: Stores the members of the first sorted set that no other has.
zincrby 1.2.0 O(log N): Adds to the score of a member.
zinter 6.2.0 O(N*K+M*log M) for the smallest of K sets and M results: Returns the members that all sorted sets have.
zintercard 7.0.0 O(N*K) for the smallest of K sets: Counts the members that all sorted sets have.
zinterstore 2.0.0 O(N*K+M*log M) for the smallest of K sets and M results: Stores the members that all sorted sets have.
zlexcount 2.8.9 O(log N): Counts the members between two names, where all scores are the same.
zmpop 7.0.0 O(K+M*log N) for K keys and M members: Takes members from the first sorted set that has any.
zmscore 6.2.0 O(N) in the number of members asked for: Returns the scores of members.
zpopmax 5.0.0 O(M*log N) for M members: Takes the members with the highest scores.
zpopmin 5.0.0 O(M*log N) for M members: Takes the members with the lowest scores.
zrandmember 6.2.0 O(N) in the number of members returned: Returns members by chance.
zrange 1.2.0 O(log N + M) for M members returned: Returns a range of a sorted set.
zrangebylex 2.8.9 O(log N + M) for M members returned: Returns the members between two names; ZRANGE does more.
zrangebyscore 1.0.5 O(log N + M) for M members returned: Returns the members with a score in a range; ZRANGE does more.
zrangestore 6.2.0 O(log N + M) for M members stored: Stores a range of a sorted set.
zrank 2.0.0 O(log N): Tells the place of a member, from the lowest score.
zrem 1.2.0 O(log N) for each member: Removes members.
zremrangebylex 2.8.9 O(log N + M) for M members removed: Removes the members between two names.
zremrangebyrank 2.0.0 O(log N + M) for M members removed: Removes the members of a range of places.
zremrangebyscore 1.2.0 O(log N + M) for M members removed: Removes the members with a score in a range.
zrevrange 1.2.0 O(log N + M) for M members returned: Returns a range from the highest score down; ZRANGE does more.
zrevrangebylex 2.8.9 O(log N + M) for M members returned: Returns the members between two names, the last first; ZRANGE does more.
zrevrangebyscore 2.2.0 O(log N + M) for M members returned: Returns the members with a score in a range, the highest first; ZRANGE does more.
zrevrank 2.0.0 O(log N): Tells the place of a member, from the highest score.
zscan 2.8.0 O(1) for each step: Walks over the members of a sorted set in steps.
zscore 1.2.0 O(1): Returns the score of a member.
zunion 6.2.0 O(N + M*log M) for N members in all and M results: Returns the members that any of the sorted sets has.
zunionstore 2.0.0 O(N + M*log M) for N members in all and M results: Stores the members that any of the sorted sets has.
hdel 2.0.0 O(N) in the number of fields: Removes fields of a hash.
hexists 2.0.0 O(1): Tells whether a hash has a field.
hexpire 7.4.0 O(N) in the number of fields: Lets fields die after some seconds.
hexpireat 7.4.0 O(N) in the number of fields: Lets fields die at a time in seconds.
hexpiretime 7.4.0 O(N) in the number of fields: Tells when fields die, in seconds.
hget 2.0.0 O(1): Returns a field of a hash.
hgetall 2.0.0 O(N) in the size of the hash: Returns all fields of a hash with their values.
hincrby 2.0.0 O(1): Adds an amount to a whole number in a field.
hincrbyfloat 2.6.0 O(1): Adds an amount to a number in a field.
hkeys 2.0.0 O(N) in the size of the hash: Returns the names of all fields.
hlen 2.0.0 O(1): Counts the fields of a hash.
hmget 2.0.0 O(N) in the number of fields: Returns several fields of a hash.
hmset 2.0.0 O(N) in the number of fields: Sets fields of a hash; HSET does the same.
hpersist 7.4.0 O(N) in the number of fields: Lets fields live as long as their hash.
hpexpire 7.4.0 O(N) in the number of fields: Lets fields die after some milliseconds.
hpexpireat 7.4.0 O(N) in the number of fields: Lets fields die at a time in milliseconds.
hpexpiretime 7.4.0 O(N) in the number of fields: Tells when fields die, in milliseconds.
hpttl 7.4.0 O(N) in the number of fields: Tells how many milliseconds fields have left.
hrandfield 6.2.0 O(N) in the number of fields returned: Returns fields by chance.
hscan 2.8.0 O(1) for each step: Walks over the fields of a hash in steps.
hset 2.0.0 O(1) for each field: Sets fields of a hash.
hsetnx 2.0.0 O(1): Sets a field, if the hash does not have it.
hstrlen 3.2.0 O(1): Tells how long the value of a field is.
httl 7.4.0 O(N) in the number of fields: Tells how many seconds fields have left.
hvals 2.0.0 O(N) in the size of the hash: Returns the values of all fields.
xack 5.0.0 O(1) for each entry: Says that a consumer is done with entries.
xadd 5.0.0 O(1), and O(N) in the number of entries trimmed: Adds an entry to a stream.
xautoclaim 6.2.0 O(1) for each entry looked at: Gives entries that nobody finished to another consumer, in steps.
xclaim 5.0.0 O(log N) for each entry: Gives entries to another consumer.
xdel 5.0.0 O(1) for each entry: Removes entries.
xgroup|destroy 5.0.0 O(N) in the number of pending entries: Removes a group.
xgroup|create 5.0.0 O(1): Makes a group of consumers.
xgroup|createconsumer 6.2.0 O(1): Makes a consumer of a group.
xgroup|setid 5.0.0 O(1): Sets which entry a group was given last.
xgroup|delconsumer 5.0.0 O(N) in the number of pending entries: Removes a consumer of a group.
xinfo|stream 5.0.0 O(1), or O(N) in the number of entries shown: Describes a stream.
xinfo|groups 5.0.0 O(N) in the number of groups: Describes the groups of a stream.
xinfo|consumers 5.0.0 O(N) in the number of consumers: Describes the consumers of a group.
xlen 5.0.0 O(1): Counts the entries of a stream.
xpending 5.0.0 O(N) in the number of entries returned: Tells which entries consumers have not finished.
xrange 5.0.0 O(N) in the number of entries returned: Returns a range of a stream.
xread 5.0.0 O(N) in the number of entries returned: Returns what came after given entries, and may wait for it.
xreadgroup 5.0.0 O(N) in the number of entries returned: Gives a consumer entries that its group was not given yet, and may wait for them.
xrevrange 5.0.0 O(N) in the number of entries returned: Returns a range of a stream, the latest first.
xsetid 5.0.0 O(1): Sets the last id of a stream.
xtrim 5.0.0 O(N) in the number of entries removed: Removes the oldest entries of a stream.
bitcount 2.6.0 O(N) in the number of bytes: Counts the bits that are set.
bitfield 3.2.0 O(1) for each operation: Reads and writes whole numbers of any width in a string.
bitfield_ro 6.0.0 O(1) for each operation: Reads whole numbers of any width in a string.
bitop 2.6.0 O(N) in the number of bytes: Combines the bits of strings into another.
bitpos 2.8.7 O(N) in the number of bytes: Finds the first bit that is set, or is not.
getbit 2.2.0 O(1): Returns a bit of a string.
setbit 2.2.0 O(1): Sets or clears a bit of a string.
pfadd 2.8.9 O(1) for each element: Adds elements to an estimate of how many there are.
pfcount 2.8.9 O(1), or O(N) in the number of keys: Estimates how many different elements were added.
pfdebug 2.8.9 depends on the subcommand: Looks inside a HyperLogLog, for tests.
pfmerge 2.8.9 O(N) in the number of keys: Joins several estimates into one.
pfselftest 2.8.9 O(1): Checks the estimates against themselves, for tests.
geoadd 3.2.0 O(log N) for each member: Adds places to an index of places.
geodist 3.2.0 O(1): Tells how far two places are apart.
geohash 3.2.0 O(1) for each member: Returns the geohashes of places.
geopos 3.2.0 O(1) for each member: Returns longitudes and latitudes of places.
georadius 3.2.0 O(N + log M) for N places near by and M in all: Finds places around a point; GEOSEARCH does more.
georadius_ro 3.2.10 O(N + log M) for N places near by and M in all: Finds places around a point, and stores nothing.
georadiusbymember 3.2.0 O(N + log M) for N places near by and M in all: Finds places around another; GEOSEARCH does more.
georadiusbymember_ro 3.2.10 O(N + log M) for N places near by and M in all: Finds places around another, and stores nothing.
geosearch 6.2.0 O(N + log M) for N places near by and M in all: Finds places in a circle or a box.
geosearchstore 6.2.0 O(N + log M) for N places near by and M in all: Stores the places in a circle or a box.
copy 6.2.0 O(N) in the size of the value: Copies a value to another key.
del 1.0.0 O(N) in the number of keys: Removes keys.
dump 2.6.0 O(N) in the size of the value: Returns a value as a payload for RESTORE.
exists 1.0.0 O(N) in the number of keys: Counts which of the keys exist.
expire 1.0.0 O(1): Lets a key die after some seconds.
expireat 1.2.0 O(1): Lets a key die at a time in seconds.
expiretime 7.0.0 O(1): Tells when a key dies, in seconds.
keys 1.0.0 O(N) in the number of keys of the database: Returns the keys that match a pattern.
migrate 2.6.0 O(N) in the size of the values: Moves keys to another server.
move 1.0.0 O(1): Moves a key to another database.
object|encoding 2.2.3 O(1): Tells how a value is laid out.
object|idletime 2.2.3 O(1): Tells how long a key was not used.
object|freq 4.0.0 O(1): Tells how often a key is used, as a logarithm.
object|refcount 2.2.3 O(1): Counts who refers to a value.
persist 2.2.0 O(1): Lets a key live for ever.
pexpire 2.6.0 O(1): Lets a key die after some milliseconds.
pexpireat 2.6.0 O(1): Lets a key die at a time in milliseconds.
pexpiretime 7.0.0 O(1): Tells when a key dies, in milliseconds.
pttl 2.6.0 O(1): Tells how many milliseconds a key has left.
randomkey 1.0.0 O(1): Returns a key by chance.
rename 1.0.0 O(1): Gives a key another name, and removes what had it.
renamenx 1.0.0 O(1): Gives a key another name, if nothing has it.
restore 2.6.0 O(1) to make the key and O(N) in its size: Makes a key from a payload of DUMP.
scan 2.8.0 O(1) for each step: Walks over the keys in steps.
sort 1.0.0 O(N + M*log M) for N elements and M returned: Sorts the elements of a list or set, and may store them.
sort_ro 7.0.0 O(N + M*log M) for N elements and M returned: Sorts the elements of a list or set.
touch 3.2.1 O(N) in the number of keys: Counts keys that exist, as a use of them.
ttl 1.0.0 O(1): Tells how many seconds a key has left.
type 1.0.0 O(1): Tells what kind of value a key holds.
unlink 4.0.0 O(1) for each key, and the rest in slices: Removes keys, and gives their memory back little by little.
wait 3.0.0 O(1): Waits until replicas have what this connection wrote.
waitaof 7.2.0 O(1): Waits until what this connection wrote is on disk.
`
