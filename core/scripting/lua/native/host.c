/* The door between the host (../machine.ts) and Lua: making a machine, compiling, running, suspending, killing.
 *
 *   host                          machine
 *   vm_input(n), write bytes  ->  input       a script, or the keys and arguments: each a length and its bytes
 *   vm_compile                ->  reference   of a function in the registry, or -1 and a text in vm_out
 *   vm_run(reference, ...)    ->  DONE        vm_out holds the reply on the wire
 *                                 SUSPENDED   the budget was spent and the host said so; vm_continue goes on
 *                                 FAILED      vm_out holds the text of the error, vm_status where it happened
 *                                 BROKEN      failed, and no memory is left to go on: make a new machine
 *
 * A script runs in a thread (coroutine) of its own, so that it can be suspended. At the bottom of the thread lies the
 * error handler, above it the C function that reads the arguments, calls the script and writes the reply: all that can
 * raise an error happens in there. After an error the thread is thrown away. */

#include <stdlib.h>

#include "ldo.h"
#include "lgc.h"
#include "lstate.h"
#include "ltable.h"

#include "lauxlib.h"
#include "native.h"

#define DONE 0
#define SUSPENDED 1
#define FAILED 2
#define BROKEN 3

VM_IMPORT(slice) int host_slice(int can_suspend);
#define SLICE_SUSPEND 1
#define SLICE_KILL 2

int vm_budget = VM_BUDGET;
int vm_killed;
int vm_suspending;
unsigned long vm_memory_max = ~0ul;

Bytes vm_out, vm_reply;
int vm_resp;

static Bytes input;

/* Read by the host in place; vm_status gives the address. */
static struct {
  int32_t out, out_length;       /* vm_out */
  int32_t source, source_length; /* of the chunk where the error was raised, "@user_script" */
  int32_t line;                  /* 0 if unknown */
  int32_t killed;
} status;

static lua_State *machine; /* the main thread: owns, never runs */
static lua_State *thread;  /* runs the scripts */
static int functions;      /* the machine of FUNCTION, not of EVAL */
static int ref_thread, ref_handler, ref_body;

/* What the body is to do. */
static struct {
  int function, keys, arguments, client_resp;
} run;

/* ---- memory ---- */

static int bytes_try(Bytes *bytes, size_t size) {
  size_t needed = (size_t)bytes->length + size, capacity = (size_t)bytes->capacity * 2;
  char *data;
  if (needed <= (size_t)bytes->capacity) return 1;
  if (needed > vm_memory_max) return 0;
  if (capacity < needed) capacity = needed < 256 ? 256 : needed;
  data = realloc(bytes->data, capacity);
  if (data == NULL) return 0;
  bytes->data = data;
  bytes->capacity = (int32_t)capacity;
  return 1;
}

void bytes_reserve(lua_State *L, Bytes *bytes, size_t size) {
  if (!bytes_try(bytes, size)) luaD_throw(L, LUA_ERRMEM);
}

void bytes_add(lua_State *L, Bytes *bytes, const void *data, size_t size) {
  bytes_reserve(L, bytes, size);
  memcpy(bytes->data + bytes->length, data, size);
  bytes->length += (int32_t)size;
}

/* Large buffers are not kept from one run to the next. */
static void bytes_clear(Bytes *bytes) {
  bytes->length = 0;
  if (bytes->capacity <= 1 << 20) return;
  free(bytes->data);
  bytes->data = NULL;
  bytes->capacity = 0;
}

/* ---- errors ---- */

/* Remember where the running thread is, for the text of its error: at `level`, where 0 is the function that runs, or
 * at its caller if that is a C function. */
static void remember_place(lua_State *L, int level) {
  lua_Debug where;
  status.line = 0;
  for (int tries = 0; tries < 2; tries++, level++) {
    if (!lua_getstack(L, level, &where)) return;
    lua_getinfo(L, "Sl", &where);
    status.line = where.currentline;
    status.source = (int32_t)(intptr_t)where.source;
    status.source_length = (int32_t)strlen(where.source);
    if (where.what[0] != 'C') return;
  }
}

/* The error function of every run: the text of an error table passes, anything else gets the code ERR. */
static int handle_error(lua_State *L) {
  lua_settop(L, 1);
  remember_place(L, 1);
  if (lua_istable(L, 1)) {
    lua_pushliteral(L, "err");
    lua_rawget(L, 1);
    if (!lua_isstring(L, -1)) lua_pushliteral(L, "ERR unknown error");
    return 1;
  }
  lua_pushliteral(L, "ERR ");
  if (lua_isstring(L, 1)) lua_pushvalue(L, 1);
  else if (lua_isboolean(L, 1)) lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
  else if (lua_isnil(L, 1)) lua_pushliteral(L, "nil");
  else lua_pushfstring(L, "%s: %p", luaL_typename(L, 1), lua_topointer(L, 1));
  lua_concat(L, 2);
  return 1;
}

/* Raise what no pcall catches. */
static void kill(lua_State *L) {
  vm_killed = 1;
  remember_place(L, 0);
  setnilvalue(L->top); /* every stack has room for it to spare */
  L->top++;
  luaD_throw(L, LUA_ERRRUN);
}

static int can_suspend(lua_State *L) {
  for (; L != NULL; L = L->resumer)
    if (!lua_yieldable(L)) return 0;
  return 1;
}

int vm_tick(lua_State *L) {
  int able = can_suspend(L);
  int verdict = host_slice(able);
  vm_budget = VM_BUDGET;
  if (verdict == SLICE_KILL) kill(L);
  if (verdict != SLICE_SUSPEND || !able) return 0;
  vm_suspending = 1;
  L->status = LUA_YIELD;
  return 1;
}

void vm_tick_nested(lua_State *L) {
  int verdict = host_slice(0);
  vm_budget = 0; /* the loop is to ask as soon as it can */
  if (verdict == SLICE_KILL) kill(L);
}

/* ---- running ---- */

/* Push a table of the next `count` texts of the input. */
static const char *push_texts(lua_State *L, const char *at, int count) {
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    uint32_t length;
    memcpy(&length, at, sizeof length);
    lua_pushlstring(L, at + sizeof length, length);
    at += sizeof length + length;
    lua_rawseti(L, -2, i);
  }
  return at;
}

/* Set a field of the fixed table of globals to the value on top. */
static void set_global(lua_State *L, const char *name) {
  Table *globals = hvalue(gt(L));
  globals->readonly = 0;
  lua_setglobal(L, name);
  globals->readonly = 1;
}

static int finish_body(lua_State *L) {
  lua_settop(L, 1);
  if (!vm_loading) reply_write(L, run.client_resp);
  return 0;
}

static int body(lua_State *L) {
  const char *at = input.data;
  lua_rawgeti(L, LUA_REGISTRYINDEX, run.function);
  if (vm_loading) return lua_callk(L, 0, finish_body);
  at = push_texts(L, at, run.keys);
  push_texts(L, at, run.arguments);
  if (functions) return lua_callk(L, 2, finish_body);
  set_global(L, "ARGV");
  set_global(L, "KEYS");
  lua_pushvalue(L, LUA_GLOBALSINDEX); /* an earlier run may have given the function others */
  lua_setfenv(L, 1);
  return lua_callk(L, 0, finish_body);
}

/* Undo what a run may have changed for those after it. */
static void clean(void) {
  global_State *g = G(machine);
  if (g->GCthreshold == MAX_LUMEM) g->GCthreshold = g->totalbytes;
  g->gcpause = LUAI_GCPAUSE;
  g->gcstepmul = LUAI_GCMUL;
  setobj(machine, gt(thread), gt(machine));
}

static int renew_thread(lua_State *L) {
  thread = lua_newthread(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, ref_thread);
  lua_rawgeti(thread, LUA_REGISTRYINDEX, ref_handler);
  return 0;
}

static int fail(void) {
  const char *text = "ERR not enough memory";
  size_t length = strlen(text);
  if (thread->status == LUA_ERRRUN && lua_isstring(thread, -1)) text = lua_tolstring(thread, -1, &length);
  if (thread->status == LUA_ERRERR) text = "ERR error in error handling", length = strlen(text);
  vm_out.length = 0;
  if (bytes_try(&vm_out, length)) {
    memcpy(vm_out.data, text, length);
    vm_out.length = (int32_t)length;
  }
  status.killed = vm_killed;
  vm_killed = 0;
  clean();
  if (G(machine)->totalbytes > vm_memory_max / 2) {
    lua_settop(thread, 0);
    lua_gc(machine, LUA_GCCOLLECT, 0);
  }
  return lua_cpcall(machine, renew_thread, NULL) == 0 ? FAILED : BROKEN;
}

static int go(int budget) {
  int result;
  vm_budget = budget;
  vm_suspending = 0;
  result = lua_resume(thread, 0);
  if (result == LUA_YIELD) return SUSPENDED;
  result = result == 0 ? DONE : fail();
  if (result == DONE) clean();
  status.out = (int32_t)(intptr_t)vm_out.data;
  status.out_length = vm_out.length;
  return result;
}

static int start(int function) {
  run.function = function;
  vm_resp = 2;
  bytes_clear(&vm_out);
  bytes_clear(&vm_reply);
  cjson_reset();
  status.line = 0;
  status.killed = 0;
  thread->errfunc = savestack(thread, thread->base);
  lua_rawgeti(thread, LUA_REGISTRYINDEX, ref_body);
  return go(VM_BUDGET);
}

/* ---- what the host calls ---- */

static int open_machine(lua_State *L) {
  lua_pushcfunction(L, handle_error);
  ref_handler = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushcfunction(L, body);
  ref_body = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushboolean(L, 1);
  ref_thread = luaL_ref(L, LUA_REGISTRYINDEX);
  open_globals(L, functions, input.data, (size_t)input.length);
  return renew_thread(L);
}

static void *allocate(void *ud, void *block, size_t old_size, size_t size) {
  (void)ud;
  return vm_realloc(block, old_size, size);
}

/* Make the machine; the input holds the text of redis.REDIS_VERSION. Returns 0 when all went well. */
VM_EXPORT(vm_open) int vm_open(int for_functions, unsigned long memory_max, int version_length) {
  functions = for_functions;
  vm_memory_max = memory_max;
  input.length = version_length;
  machine = lua_newstate(allocate, NULL);
  if (machine == NULL) return -1;
  return lua_cpcall(machine, open_machine, NULL);
}

VM_EXPORT(vm_status) int32_t *vm_status(void) { return &status.out; }

/* Room for n bytes that the host writes next; 0 if there is no memory for them. */
VM_EXPORT(vm_input) char *vm_input(int n) {
  bytes_clear(&input);
  return bytes_try(&input, (size_t)n) ? input.data : NULL;
}

/* The same for the reply of a command. */
VM_EXPORT(vm_reply_room) char *vm_reply_room(int n) {
  vm_reply.length = 0;
  return bytes_try(&vm_reply, (size_t)n) ? vm_reply.data : NULL;
}

static int compile(lua_State *L) {
  const char *name = functions ? "@user_function" : "@user_script";
  int *result = lua_touserdata(L, 1);
  if (luaL_loadbuffer(L, input.data, (size_t)input.length, name) != 0) return lua_error(L);
  *result = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/* Compile the input. Returns a reference for vm_run, or -1 and the text of the error in vm_out. */
VM_EXPORT(vm_compile) int vm_compile(int length) {
  int reference = -1;
  const char *text;
  size_t text_length;
  input.length = length;
  if (lua_cpcall(machine, compile, &reference) == 0) return reference;
  text = lua_tolstring(machine, -1, &text_length);
  vm_out.length = 0;
  if (bytes_try(&vm_out, text_length)) {
    memcpy(vm_out.data, text, text_length);
    vm_out.length = (int32_t)text_length;
  }
  lua_settop(machine, 0);
  status.out = (int32_t)(intptr_t)vm_out.data;
  status.out_length = vm_out.length;
  return -1;
}

VM_EXPORT(vm_release) void vm_release(int reference) { luaL_unref(machine, LUA_REGISTRYINDEX, reference); }

/* Run a compiled function on the keys and arguments in the input. */
VM_EXPORT(vm_run) int vm_run(int function, int keys, int arguments, int client_resp) {
  run.keys = keys;
  run.arguments = arguments;
  run.client_resp = client_resp;
  return start(function);
}

/* Run the main chunk of a library of functions, which registers them. */
VM_EXPORT(vm_load) int vm_load(int function) {
  int result;
  show_globals(machine, 1);
  result = start(function);
  show_globals(machine, 0);
  return result;
}

/* Go on after SUSPENDED; with `soon` the host is asked again at once. */
VM_EXPORT(vm_continue) int vm_continue(int soon) { return go(soon ? 1 : VM_BUDGET); }

VM_EXPORT(vm_collect) void vm_collect(void) { lua_gc(machine, LUA_GCCOLLECT, 0); }

VM_EXPORT(vm_memory) unsigned long vm_memory(void) { return G(machine)->totalbytes; }
