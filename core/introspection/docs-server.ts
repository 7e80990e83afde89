/* Docs of commands of the server, its connections, scripts and channels; see docs.ts for the form. */

export const SERVER_DOCS = `
acl|genpass 6.0.0 O(1): Makes a password that nobody can guess.
acl|getuser 6.0.0 O(N) in the number of rules of the user: Shows the rules of a user.
acl|whoami 6.0.0 O(1): Tells which user the connection is logged in as.
acl|load 6.0.0 O(N) in the number of users: Reads the users from the ACL file again.
acl|save 6.0.0 O(N) in the number of users: Writes the users to the ACL file.
acl|cat 6.0.0 O(N) in the number of commands: Lists the categories of commands, or the commands of one.
acl|deluser 6.0.0 O(1) for each user: Removes users and closes their connections.
acl|log 6.0.0 O(N) in the number of entries shown: Shows what was refused lately, and to whom.
acl|dryrun 7.0.0 O(1): Tells whether a user could run a command, without running it.
acl|list 6.0.0 O(N) in the number of users: Shows the rules of all users, as the ACL file has them.
acl|users 6.0.0 O(N) in the number of users: Lists the names of the users.
acl|setuser 6.0.0 O(N) in the number of rules: Makes a user, or changes what it may do.
bgrewriteaof 1.0.0 O(1): Writes the append-only file anew, beside everything else.
bgsave 1.0.0 O(1): Saves the data to disk, beside everything else.
command 2.8.13 O(N) in the number of commands: Describes all commands.
command|list 7.0.0 O(N) in the number of commands: Lists the names of the commands.
command|getkeysandflags 7.0.0 O(N) in the number of arguments: Finds the keys in a command, and what it does to each.
command|count 2.8.13 O(1): Counts the commands.
command|getkeys 2.8.13 O(N) in the number of arguments: Finds the keys in a command.
command|info 2.8.13 O(N) in the number of commands asked for: Describes some commands.
command|docs 7.0.0 O(N) in the number of commands asked for: Explains commands in words.
config|get 2.0.0 O(N) in the number of parameters: Shows the values of parameters.
config|set 2.0.0 O(N) in the number of parameters: Changes parameters.
config|rewrite 2.8.0 O(N) in the size of the file: Writes the parameters back to the configuration file.
config|resetstat 2.0.0 O(1): Sets the counters of INFO back to zero.
dbsize 1.0.0 O(1): Counts the keys of the database.
debug 1.0.0 O(1) or what the subcommand needs: Looks inside the server, for tests.
failover 6.2.0 O(1): Hands the role of the master over to a replica.
flushall 1.0.0 O(N) in the number of keys, in slices: Removes all keys of all databases.
flushdb 1.0.0 O(N) in the number of keys, in slices: Removes all keys of the database.
info 1.0.0 O(N) in the number of sections: Tells how the server fares.
lastsave 1.0.0 O(1): Tells when the data were saved last.
latency|graph 2.8.13 O(1): Draws the latest delays of an event.
latency|reset 2.8.13 O(1): Forgets the delays of events.
latency|history 2.8.13 O(1): Lists the latest delays of an event.
latency|doctor 2.8.13 O(1): Explains in words what took long.
latency|histogram 7.0.0 O(N) in the number of commands: Counts the calls of commands by how long they took.
latency|latest 2.8.13 O(N) in the number of events: Shows the last and the worst delay of each event.
lolwut 5.0.0 O(1): Shows the version, and something nice.
memory|purge 4.0.0 O(1): Gives memory that is not needed back to the system.
memory|doctor 4.0.0 O(1): Explains in words what memory is used for.
memory|usage 4.0.0 O(N) in the number of parts looked at: Tells how many bytes a key takes.
memory|stats 4.0.0 O(1): Tells what memory is used for.
memory|malloc-stats 4.0.0 O(1): Shows figures of the allocator.
module|loadex 7.0.0 O(1): Loads a module, with parameters of its own.
module|load 4.0.0 O(1): Loads a module.
module|unload 4.0.0 O(1): Takes a module away.
module|list 4.0.0 O(N) in the number of modules: Lists the modules.
monitor 1.0.0 O(1): Shows every command that the server runs.
psync 2.8.0 O(1): Begins the replication of a replica, where it left off.
replconf 3.0.0 O(1): Exchanges settings between a replica and its master.
replicaof 5.0.0 O(1): Makes the server a replica of another, or a master.
restore-asking 3.0.0 O(1) to make the key and O(N) in its size: Makes a key from a payload while a cluster moves it.
role 2.8.12 O(1): Tells the part of the server in replication.
save 1.0.0 O(N) in the size of the data: Saves the data to disk, and serves nobody meanwhile.
shutdown 1.0.0 O(N) in the size of the data when they are saved: Saves the data and ends the server.
slaveof 1.0.0 O(1): Makes the server a replica of another, or a master; the old name of REPLICAOF.
slowlog|reset 2.2.12 O(N) in the number of entries: Empties the slow log.
slowlog|len 2.2.12 O(1): Counts the entries of the slow log.
slowlog|get 2.2.12 O(N) in the number of entries shown: Shows the commands that took long.
swapdb 4.0.0 O(N) in the number of watched and awaited keys: Exchanges two databases.
sync 1.0.0 O(1): Begins the replication of a replica from the start.
time 2.6.0 O(1): Tells the time of the server.
asking 3.0.0 O(1): Lets the next command reach a slot that is moving in.
cluster|meet 3.0.0 O(1): Makes two nodes know each other.
cluster|forget 3.0.0 O(1): Removes a node from those that are known.
cluster|myshardid 7.2.0 O(1): Tells the id of the shard of the node.
cluster|flushslots 3.0.0 O(1): Takes all slots from the node.
cluster|setslot 3.0.0 O(1): Binds a slot to a node, or says that it moves.
cluster|keyslot 3.0.0 O(N) in the length of the key: Tells the slot of a key.
cluster|slots 3.0.0 O(N) in the number of nodes: Tells which slots are on which nodes.
cluster|saveconfig 3.0.0 O(1): Writes what the node knows of the cluster to disk.
cluster|replicas 5.0.0 O(N) in the number of replicas: Lists the replicas of a node.
cluster|set-config-epoch 3.0.0 O(1): Sets the epoch of a new node.
cluster|replicate 3.0.0 O(1): Makes the node a replica of another.
cluster|delslots 3.0.0 O(N) in the number of slots: Takes slots from the node.
cluster|info 3.0.0 O(1): Tells the state of the cluster.
cluster|delslotsrange 7.0.0 O(N) in the number of slots: Takes ranges of slots from the node.
cluster|slaves 3.0.0 O(N) in the number of replicas: Lists the replicas of a node; the old name of CLUSTER REPLICAS.
cluster|myid 3.0.0 O(1): Tells the id of the node.
cluster|failover 3.0.0 O(1): Makes a replica take the place of its master.
cluster|links 7.0.0 O(N) in the number of nodes: Lists the connections between nodes.
cluster|reset 3.0.0 O(N) in the number of known nodes: Makes the node new again.
cluster|count-failure-reports 3.0.0 O(N) in the number of reports: Counts those that say that a node has failed.
cluster|shards 7.0.0 O(N) in the number of nodes: Describes the shards of the cluster.
cluster|nodes 3.0.0 O(N) in the number of nodes: Describes the nodes of the cluster.
cluster|addslots 3.0.0 O(N) in the number of slots: Gives slots to the node.
cluster|addslotsrange 7.0.0 O(N) in the number of slots: Gives ranges of slots to the node.
cluster|countkeysinslot 3.0.0 O(1): Counts the keys of a slot.
cluster|getkeysinslot 3.0.0 O(N) in the number of keys returned: Returns keys of a slot.
cluster|bumpepoch 3.0.0 O(1): Raises the epoch of the node.
readonly 3.0.0 O(1): Lets the connection read from a replica of a cluster.
readwrite 3.0.0 O(1): Ends what READONLY began.
auth 1.0.0 O(N) in the number of passwords of the user: Logs the connection in.
client|pause 3.0.0 O(1): Holds all clients back for a while.
client|no-touch 7.2.0 O(1): Lets the connection's reads not count as uses of keys.
client|getredir 6.0.0 O(1): Tells which client hears of changed keys in this one's place.
client|tracking 6.0.0 O(1), and some for each prefix: Tells the client when keys that it has read change.
client|setname 2.6.9 O(1): Names the connection.
client|getname 2.6.9 O(1): Returns the name of the connection.
client|kill 2.4.0 O(N) in the number of clients: Closes connections.
client|trackinginfo 6.2.0 O(1): Shows how the client is told of changed keys.
client|setinfo 7.2.0 O(1): Says which library the client uses.
client|reply 3.2.0 O(1): Switches replies to the client on and off.
client|list 2.4.0 O(N) in the number of clients: Lists the connections.
client|no-evict 7.0.0 O(1): Keeps the connection from being closed for want of memory.
client|caching 6.0.0 O(1): Says whether the keys of the next command are tracked.
client|info 6.2.0 O(1): Describes the connection.
client|id 5.0.0 O(1): Returns the number of the connection.
client|unpause 6.2.0 O(N) in the number of clients held back: Ends a pause.
client|unblock 5.0.0 O(log N) in the number of clients: Ends the wait of a client.
echo 1.0.0 O(1): Returns the given string.
hello 6.0.0 O(1): Greets the server, and chooses the protocol.
ping 1.0.0 O(1): Answers, to show that the server does.
quit 1.0.0 O(1): Closes the connection.
reset 6.2.0 O(1): Makes the connection as new.
select 1.0.0 O(1): Chooses the database.
discard 2.0.0 O(N) in the number of commands: Forgets the commands of a transaction.
exec 1.2.0 what the commands need: Runs the commands of a transaction.
multi 1.2.0 O(1): Begins a transaction.
unwatch 2.2.0 O(1): Forgets which keys are watched.
watch 2.2.0 O(1) for each key: Lets the next transaction run only if these keys do not change before.
eval 2.6.0 what the script does: Runs a script.
eval_ro 7.0.0 what the script does: Runs a script that may only read.
evalsha 2.6.0 what the script does: Runs a script that the server knows already.
evalsha_ro 7.0.0 what the script does: Runs a script that the server knows already and that may only read.
fcall 7.0.0 what the function does: Calls a function.
fcall_ro 7.0.0 what the function does: Calls a function that may only read.
function|flush 7.0.0 O(N) in the number of functions: Removes all functions.
function|restore 7.0.0 O(N) in the number of functions: Loads the functions of a payload.
function|list 7.0.0 O(N) in the number of functions: Lists the libraries and their functions.
function|delete 7.0.0 O(N) in the number of functions of the library: Removes a library.
function|kill 7.0.0 O(1): Ends a function that has been running for too long.
function|load 7.0.0 O(1): Loads a library of functions.
function|dump 7.0.0 O(N) in the number of functions: Returns all libraries as a payload.
function|stats 7.0.0 O(1): Tells what function is running, and what engines there are.
script|flush 2.6.0 O(N) in the number of scripts: Forgets all scripts.
script|exists 2.6.0 O(N) in the number of scripts asked for: Tells which scripts the server knows.
script|kill 2.6.0 O(1): Ends a script that has been running for too long.
script|load 2.6.0 O(N) in the length of the script: Lets the server know a script.
script|debug 3.2.0 O(1): Switches the debugger of scripts on and off.
psubscribe 2.0.0 O(N) in the number of patterns: Listens to the channels that match patterns.
publish 2.0.0 O(N+M) for N listeners and M patterns: Says something on a channel.
pubsub|numpat 2.8.0 O(1): Counts the patterns that are listened to.
pubsub|channels 2.8.0 O(N) in the number of channels: Lists the channels that are listened to.
pubsub|shardnumsub 7.0.0 O(N) in the number of channels asked for: Counts the listeners of shard channels.
pubsub|numsub 2.8.0 O(N) in the number of channels asked for: Counts the listeners of channels.
pubsub|shardchannels 7.0.0 O(N) in the number of channels: Lists the shard channels that are listened to.
punsubscribe 2.0.0 O(N) in the number of patterns: Listens to patterns no longer.
spublish 7.0.0 O(N) in the number of listeners: Says something on a shard channel.
ssubscribe 7.0.0 O(N) in the number of channels: Listens to shard channels.
subscribe 2.0.0 O(N) in the number of channels: Listens to channels.
sunsubscribe 7.0.0 O(N) in the number of channels: Listens to shard channels no longer.
unsubscribe 2.0.0 O(N) in the number of channels: Listens to channels no longer.
acl 6.0.0 depends on the subcommand: Commands about access control.
client 2.4.0 depends on the subcommand: Commands about connections.
cluster 3.0.0 depends on the subcommand: Commands about the cluster.
config 2.0.0 depends on the subcommand: Commands about parameters.
function 7.0.0 depends on the subcommand: Commands about functions.
latency 2.8.13 depends on the subcommand: Commands about delays.
memory 4.0.0 depends on the subcommand: Commands about memory.
module 4.0.0 depends on the subcommand: Commands about modules.
object 2.2.3 depends on the subcommand: Commands about values of keys.
pubsub 2.8.0 depends on the subcommand: Commands about channels and their listeners.
script 2.6.0 depends on the subcommand: Commands about scripts.
slowlog 2.2.12 depends on the subcommand: Commands about the slow log.
xgroup 5.0.0 depends on the subcommand: Commands about groups of consumers.
xinfo 5.0.0 depends on the subcommand: Commands about streams.
acl|help 6.0.0 O(1): Lists the subcommands of ACL.
client|help 5.0.0 O(1): Lists the subcommands of CLIENT.
cluster|help 5.0.0 O(1): Lists the subcommands of CLUSTER.
command|help 5.0.0 O(1): Lists the subcommands of COMMAND.
config|help 5.0.0 O(1): Lists the subcommands of CONFIG.
function|help 7.0.0 O(1): Lists the subcommands of FUNCTION.
latency|help 2.8.13 O(1): Lists the subcommands of LATENCY.
memory|help 4.0.0 O(1): Lists the subcommands of MEMORY.
module|help 5.0.0 O(1): Lists the subcommands of MODULE.
object|help 6.2.0 O(1): Lists the subcommands of OBJECT.
pubsub|help 6.2.0 O(1): Lists the subcommands of PUBSUB.
script|help 5.0.0 O(1): Lists the subcommands of SCRIPT.
slowlog|help 6.2.0 O(1): Lists the subcommands of SLOWLOG.
xgroup|help 5.0.0 O(1): Lists the subcommands of XGROUP.
xinfo|help 5.0.0 O(1): Lists the subcommands of XINFO.
`
