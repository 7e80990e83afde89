/* What a script sees: the libraries, and the tables of globals, which nothing can change.
 *
 *   EVAL        one fixed table, whose metatable raises an error for what is not there
 *   FUNCTION    an empty fixed table, whose metatable leads to the fixed table of all globals, or, while a library is
 *               loaded, to one with little more than redis.register_function
 *
 * Left out of Lua's libraries: io, debug, package, all of os but clock, print, dofile, loadfile. Compiled chunks are
 * never loaded, and userdata have no finalizers (see lua-5.1.5.patch). */

#include "lstate.h"

#include "lauxlib.h"
#include "lualib.h"
#include "native.h"

VM_IMPORT(clock) double host_clock(void);

int vm_loading;

static int ref_script_globals, ref_all_globals, ref_loading_globals;

static int undefined_global(lua_State *L) {
  if (!lua_isstring(L, 2))
    return luaL_error(L, "Second argument to luaProtectedTableError must be a string or number");
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", lua_tostring(L, 2));
}

/* The table on top raises an error for fields that it lacks. */
static void guard_undefined(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, undefined_global);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* Fix the table on top, its metatable, and every table below it. */
static void fix(lua_State *L) {
  Table *table = hvalue(L->top - 1);
  if (table->readonly) return;
  table->readonly = 1;
  luaL_checkstack(L, 4, "tables nested too deeply");
  if (lua_getmetatable(L, -1)) {
    fix(L);
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
    if (lua_istable(L, -1)) fix(L);
}

static int os_clock(lua_State *L) {
  lua_pushnumber(L, host_clock());
  return 1;
}

static void open_library(lua_State *L, const char *name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

static void open_libraries(lua_State *L) {
  open_library(L, "", luaopen_base);
  open_library(L, LUA_TABLIBNAME, luaopen_table);
  open_library(L, LUA_STRLIBNAME, luaopen_string);
  open_library(L, LUA_MATHLIBNAME, luaopen_math);
  lua_getglobal(L, LUA_MATHLIBNAME);
  random_open(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, os_clock);
  lua_setfield(L, -2, "clock");
  lua_setglobal(L, "os");
  cjson_open(L);
  lua_setglobal(L, "cjson");
  cmsgpack_open(L);
  lua_setglobal(L, "cmsgpack");
  bit_open(L);
  lua_setglobal(L, "bit");
  struct_open(L);
  lua_setglobal(L, "struct");
  lua_settop(L, 0);
}

static void open_function_globals(lua_State *L, const char *version, size_t version_length) {
  lua_newtable(L);
  redis_open_loading(L, version, version_length);
  guard_undefined(L);
  lua_setfield(L, -2, "redis");
  guard_undefined(L);
  fix(L);
  ref_loading_globals = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, ref_all_globals);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  fix(L);
  lua_pushvalue(L, -1);
  ref_script_globals = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_replace(L, LUA_GLOBALSINDEX);
}

void open_globals(lua_State *L, int functions, const char *version, size_t version_length) {
  open_libraries(L);
  redis_open(L, functions, version, version_length);
  lua_setglobal(L, "redis");
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1); /* of all strings */
  fix(L);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  guard_undefined(L);
  fix(L);
  ref_all_globals = luaL_ref(L, LUA_REGISTRYINDEX);
  if (functions) open_function_globals(L, version, version_length);
  lua_settop(L, 0);
}

void show_globals(lua_State *L, int loading) {
  Table *metatable;
  vm_loading = loading;
  lua_rawgeti(L, LUA_REGISTRYINDEX, ref_script_globals);
  lua_getmetatable(L, -1);
  metatable = hvalue(L->top - 1);
  metatable->readonly = 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, loading ? ref_loading_globals : ref_all_globals);
  lua_setfield(L, -2, "__index");
  metatable->readonly = 1;
  lua_pop(L, 2);
}
