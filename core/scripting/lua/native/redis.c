/* The table `redis`: running commands, and talking to the server about the script itself.
 *
 * A call hands the host pairs (address, length) of its arguments, which stay where they are: strings in Lua's heap,
 * numbers in a buffer here. The host runs the command, writes the reply's bytes into vm_reply, and reply.c turns them
 * into a value. An error reply is a table {err=...}; redis.call raises it, redis.pcall returns it. */

#include <math.h>

#include "lauxlib.h"
#include "native.h"

/* Runs a command; returns the length of the reply in vm_reply. */
VM_IMPORT(call) int host_call(const int32_t *arguments, int count, int resp);
/* Whether the user may run a command: 1, 0, or -1 if there is no such command. */
VM_IMPORT(acl) int host_acl(const int32_t *arguments, int count);
VM_IMPORT(log) void host_log(int level, const char *text, int length);
VM_IMPORT(sha1) void host_sha1(const char *data, int length, char *hex);
VM_IMPORT(replication) void host_replication(int flags);
/* The shortest text that reads back as this number. Returns its length. */
VM_IMPORT(shortest) int host_shortest(double number, char *text);
/* Adds a function to the library being loaded: 0, or which of register_errors it is. */
VM_IMPORT(register) int host_register(int function, int flags, const char *name, int name_length,
                                      const char *description, int description_length);

#define TEXT_OF_NUMBER 32
#define ARGUMENTS_MAX 8192 /* a C function of Lua gets fewer */

static int32_t pairs[2 * ARGUMENTS_MAX];
static char number_texts[ARGUMENTS_MAX * TEXT_OF_NUMBER];

/* ---- errors ---- */

/* Push {err = "CODE text"} for "-CODE text"; a text without a code gets ERR. */
int push_error(lua_State *L, const char *text, size_t length) {
  const char *space = NULL;
  if (length > 0 && text[0] == '-') {
    text++;
    length--;
    space = memchr(text, ' ', length);
  }
  while (length > 0 && (text[length - 1] == '\r' || text[length - 1] == '\n')) length--;
  lua_createtable(L, 0, 2);
  if (space == NULL) {
    lua_pushliteral(L, "ERR ");
    lua_pushlstring(L, text, length);
    lua_concat(L, 2);
  } else {
    lua_pushlstring(L, text, length);
  }
  lua_setfield(L, -2, "err");
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "ignore_error_stats_update");
  return 1;
}

static int push_error_text(lua_State *L, const char *text) { return push_error(L, text, strlen(text)); }

static int raise(lua_State *L, const char *text) {
  push_error_text(L, text);
  return lua_error(L);
}

/* ---- commands ---- */

static int number_text(char *text, double number) {
  if (fabs(number) < 4.6e18) {
    long long integer = (long long)number;
    if ((double)integer == number) return vm_integer_to_text(text, integer);
  }
  return host_shortest(number, text);
}

/* Note where the arguments are. Returns their number, or 0 with an error table pushed. */
static int take_arguments(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0 || count > ARGUMENTS_MAX) {
    push_error_text(L, "Please specify at least one argument for this redis lib call");
    return 0;
  }
  for (int i = 0; i < count; i++) {
    const char *text;
    size_t length;
    int type = lua_type(L, i + 1);
    if (type == LUA_TNUMBER) {
      char *place = number_texts + i * TEXT_OF_NUMBER;
      length = (size_t)number_text(place, lua_tonumber(L, i + 1));
      text = place;
    } else if (type == LUA_TSTRING) {
      text = lua_tolstring(L, i + 1, &length);
    } else {
      push_error_text(L, "Lua redis lib command arguments must be strings or integers");
      return 0;
    }
    pairs[2 * i] = (int32_t)(intptr_t)text;
    pairs[2 * i + 1] = (int32_t)length;
  }
  return count;
}

static int command(lua_State *L, int raises) {
  int count = take_arguments(L);
  if (count != 0) {
    vm_spend(L, 16);
    vm_reply.length = host_call(pairs, count, vm_resp);
    lua_settop(L, 0); /* nearly all of the stack may be arguments: the reply needs room */
    reply_push(L, vm_reply.data, (size_t)vm_reply.length);
    if (vm_reply.length > 0 && vm_reply.data[0] != '-') return 1;
  }
  return raises ? lua_raise(L) : 1;
}

static int redis_call(lua_State *L) { return command(L, 1); }

static int redis_pcall(lua_State *L) { return command(L, 0); }

static int redis_acl_check_cmd(lua_State *L) {
  int count = take_arguments(L), allowed;
  if (count == 0) return lua_error(L);
  allowed = host_acl(pairs, count);
  if (allowed < 0) return raise(L, "Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(L, allowed);
  return 1;
}

/* ---- replies ---- */

static int redis_error_reply(lua_State *L) {
  size_t length;
  const char *text;
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING)
    return push_error_text(L, "wrong number or type of arguments");
  text = lua_tolstring(L, 1, &length);
  if (length > 0 && text[0] == '-') return push_error(L, text, length);
  lua_pushliteral(L, "-");
  lua_insert(L, 1);
  lua_concat(L, 2);
  text = lua_tolstring(L, 1, &length);
  return push_error(L, text, length);
}

static int redis_status_reply(lua_State *L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING)
    return push_error_text(L, "wrong number or type of arguments");
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "ok");
  return 1;
}

/* ---- the server ---- */

static int redis_sha1hex(lua_State *L) {
  size_t length = 0;
  const char *data;
  char hex[40];
  if (lua_gettop(L) != 1) return raise(L, "wrong number of arguments");
  data = lua_tolstring(L, 1, &length);
  vm_spend(L, (int)(length >> 6));
  host_sha1(data, (int)length, hex);
  lua_pushlstring(L, hex, sizeof hex);
  return 1;
}

static int redis_log(lua_State *L) {
  int count = lua_gettop(L), level, texts = 0;
  size_t length;
  const char *text;
  if (count < 2) return raise(L, "redis.log() requires two arguments or more.");
  if (!lua_isnumber(L, 1)) return raise(L, "First argument must be a number (log level).");
  level = vm_double_to_int(lua_tonumber(L, 1));
  if (level < 0 || level > 3) return raise(L, "Invalid log level.");
  luaL_checkstack(L, 2 * count + 2, "too many arguments to redis.log()");
  lua_pushliteral(L, "");
  for (int i = 2; i <= count; i++) {
    if (!lua_isstring(L, i)) continue;
    if (texts++ > 0) lua_pushliteral(L, " ");
    lua_pushvalue(L, i);
  }
  lua_concat(L, lua_gettop(L) - count);
  text = lua_tolstring(L, -1, &length);
  host_log(level, text, (int)length);
  return 0;
}

static int redis_setresp(lua_State *L) {
  lua_Number resp;
  if (lua_gettop(L) != 1) return raise(L, "redis.setresp() requires one argument.");
  resp = lua_tonumber(L, 1);
  if (resp != 2 && resp != 3) return raise(L, "RESP version must be 2 or 3.");
  vm_resp = (int)resp;
  return 0;
}

static int redis_set_repl(lua_State *L) {
  int flags;
  if (lua_gettop(L) != 1) return raise(L, "redis.set_repl() requires two arguments.");
  flags = vm_double_to_int(lua_tonumber(L, 1));
  if ((flags & ~3) != 0)
    return raise(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  host_replication(flags);
  return 0;
}

static int redis_replicate_commands(lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

static int redis_breakpoint(lua_State *L) {
  lua_pushboolean(L, 0);
  return 1;
}

static int redis_debug(lua_State *L) {
  (void)L;
  return 0;
}

/* ---- functions ---- */

static const char *const flag_names[] = {"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"};

static const char *const register_errors[] = {
    "",
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
    "Function already exists in the library",
};

/* The flags listed in the table on top; raises for an unknown one. */
static int read_flags(lua_State *L) {
  int flags = 0;
  for (int i = 1;; i++) {
    int known = 0;
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) break;
    for (int f = 0; f < 5 && lua_type(L, -1) == LUA_TSTRING; f++) {
      if (strcmp(lua_tostring(L, -1), flag_names[f]) != 0) continue;
      flags |= 1 << f;
      known = 1;
    }
    if (!known) raise(L, "unknown flag given");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return flags;
}

/* Bring the named arguments at index 1 to indexes 2 (name), 3 (callback), 4 (description). Returns the flags. */
static int read_named(lua_State *L) {
  int flags = 0;
  if (!lua_istable(L, 1))
    raise(L, "calling redis.register_function with a single argument is only applicable to Lua table (representing "
             "named arguments).");
  lua_settop(L, 4);
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_settop(L, 5)) {
    const char *key;
    if (lua_type(L, 5) != LUA_TSTRING) raise(L, "named argument key given to redis.register_function is not a string");
    key = lua_tostring(L, 5);
    if (strcmp(key, "function_name") == 0) {
      if (lua_type(L, 6) != LUA_TSTRING)
        raise(L, "function_name argument given to redis.register_function must be a string");
      lua_replace(L, 2);
    } else if (strcmp(key, "description") == 0) {
      if (lua_type(L, 6) != LUA_TSTRING)
        raise(L, "description argument given to redis.register_function must be a string");
      lua_replace(L, 4);
    } else if (strcmp(key, "callback") == 0) {
      if (!lua_isfunction(L, 6)) raise(L, "callback argument given to redis.register_function must be a function");
      lua_replace(L, 3);
    } else if (strcmp(key, "flags") == 0) {
      if (!lua_istable(L, 6))
        raise(L, "flags argument to redis.register_function must be a table representing function flags");
      flags = read_flags(L);
    } else {
      raise(L, "unknown argument given to redis.register_function");
    }
  }
  if (lua_isnil(L, 2)) raise(L, "redis.register_function must get a function name argument");
  if (lua_isnil(L, 3)) raise(L, "redis.register_function must get a callback argument");
  return flags;
}

static int redis_register_function(lua_State *L) {
  int count = lua_gettop(L), flags = 0, outcome, function;
  size_t name_length, description_length = 0;
  const char *name, *description;
  if (!vm_loading) return raise(L, "redis.register_function can only be called on FUNCTION LOAD command");
  if (count < 1 || count > 2) return raise(L, "wrong number of arguments to redis.register_function");
  if (count == 1) {
    flags = read_named(L);
  } else {
    if (lua_type(L, 1) != LUA_TSTRING) return raise(L, "first argument to redis.register_function must be a string");
    if (!lua_isfunction(L, 2)) return raise(L, "second argument to redis.register_function must be a function");
    lua_pushnil(L);
    lua_insert(L, 1);
    lua_settop(L, 4); /* nil, name, function, nil */
  }
  name = lua_tolstring(L, 2, &name_length);
  description = lua_tolstring(L, 4, &description_length);
  lua_pushvalue(L, 3);
  function = luaL_ref(L, LUA_REGISTRYINDEX);
  outcome = host_register(function, flags, name, (int)name_length, description,
                          description == NULL ? -1 : (int)description_length);
  if (outcome == 0) return 0;
  luaL_unref(L, LUA_REGISTRYINDEX, function);
  return raise(L, register_errors[outcome]);
}

/* ---- the tables ---- */

static const luaL_Reg common[] = {
    {"call", redis_call},
    {"pcall", redis_pcall},
    {"error_reply", redis_error_reply},
    {"status_reply", redis_status_reply},
    {"sha1hex", redis_sha1hex},
    {"setresp", redis_setresp},
    {"set_repl", redis_set_repl},
    {"acl_check_cmd", redis_acl_check_cmd},
    {NULL, NULL},
};

static const luaL_Reg of_eval[] = {
    {"replicate_commands", redis_replicate_commands},
    {"breakpoint", redis_breakpoint},
    {"debug", redis_debug},
    {NULL, NULL},
};

static void set_number(lua_State *L, const char *name, lua_Number value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

/* What is there also while a library is loaded: the log and the version. */
static void add_basics(lua_State *L, const char *version, size_t length) {
  int number = 0, part = 0;
  lua_pushcfunction(L, redis_log);
  lua_setfield(L, -2, "log");
  set_number(L, "LOG_DEBUG", 0);
  set_number(L, "LOG_VERBOSE", 1);
  set_number(L, "LOG_NOTICE", 2);
  set_number(L, "LOG_WARNING", 3);
  lua_pushlstring(L, version, length);
  lua_setfield(L, -2, "REDIS_VERSION");
  for (size_t i = 0; i <= length; i++) {
    if (i < length && version[i] != '.') part = part * 10 + (version[i] - '0');
    else number = number << 8 | part, part = 0;
  }
  set_number(L, "REDIS_VERSION_NUM", number);
}

void redis_open(lua_State *L, int functions, const char *version, size_t version_length) {
  lua_newtable(L);
  luaL_register(L, NULL, common);
  if (!functions) luaL_register(L, NULL, of_eval);
  add_basics(L, version, version_length);
  set_number(L, "REPL_NONE", 0);
  set_number(L, "REPL_AOF", 1);
  set_number(L, "REPL_SLAVE", 2);
  set_number(L, "REPL_REPLICA", 2);
  set_number(L, "REPL_ALL", 3);
}

void redis_open_loading(lua_State *L, const char *version, size_t version_length) {
  lua_newtable(L);
  lua_pushcfunction(L, redis_register_function);
  lua_setfield(L, -2, "register_function");
  add_basics(L, version, version_length);
}
