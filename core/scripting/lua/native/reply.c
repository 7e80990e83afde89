/* Replies: from the wire to Lua, and from Lua to the wire.
 *
 *   wire        Lua after redis.setresp(2)      after redis.setresp(3)
 *   :1          1                               1
 *   $3 abc      "abc"                           "abc"
 *   $-1  *-1  _ false                           nil for _, else false
 *   *2 ...      {..., ...}                      {..., ...}
 *   +OK         {ok="OK"}                       {ok="OK"}
 *   -ERR x      {err="ERR x"}                   {err="ERR x"}
 *   %  ~                                        {map={k=v}}  {set={k=true}}
 *   ,1.5                                        {double=1.5}
 *   #t                                          true
 *   (123                                        {big_number="123"}
 *   =7 txt:abc                                  {verbatim_string={format="txt", string="abc"}}
 *
 * and back, where a number becomes an integer, true without setresp(3) becomes 1, and false a null. Whoever asked in
 * RESP2 gets flat arrays for maps and sets, and bulk strings for doubles, big numbers and verbatim strings. */

#include "lstate.h"

#include "lauxlib.h"
#include "native.h"

/* Replies nest a few levels; Lua tables of a hostile script may nest without end. */
#define READ_DEPTH_MAX 128
#define WRITE_DEPTH_MAX 1000

/* ---- wire to Lua ---- */

typedef struct {
  lua_State *L;
  const char *at, *end;
  int depth;
} Reader;

static void push_value(Reader *r);

/* The rest of the line after the type; moves past its end. */
static const char *line(Reader *r, size_t *length) {
  const char *start = r->at;
  const char *end = memchr(start, '\r', (size_t)(r->end - start));
  if (end == NULL) end = r->end;
  *length = (size_t)(end - start);
  r->at = end + 2 <= r->end ? end + 2 : r->end;
  return start;
}

static long long integer(Reader *r) {
  size_t length;
  const char *text = line(r, &length);
  unsigned long long value = 0;
  int negative = length > 0 && text[0] == '-';
  for (size_t i = (size_t)negative; i < length; i++) value = value * 10 + (unsigned)(text[i] - '0');
  return negative ? -(long long)value : (long long)value;
}

/* The text of a bulk string, whose length has been read. */
static const char *bulk(Reader *r, long long length) {
  const char *text = r->at;
  if (length > r->end - text) luaL_error(r->L, "broken reply");
  r->at += length;
  r->at = r->at + 2 <= r->end ? r->at + 2 : r->end;
  return text;
}

static void push_array(Reader *r, long long count) {
  if (count < 0) {
    lua_pushboolean(r->L, 0);
    return;
  }
  lua_createtable(r->L, (int)(count < r->end - r->at ? count : r->end - r->at), 0);
  for (int i = 1; i <= count; i++) {
    push_value(r);
    lua_rawseti(r->L, -2, i);
  }
}

/* A key of a map or a set may be nil (a null): such an entry is dropped, a table cannot hold it. */
static void push_pairs(Reader *r, long long count, int is_map) {
  lua_newtable(r->L);
  lua_newtable(r->L);
  for (long long i = 0; i < count; i++) {
    push_value(r);
    if (is_map) push_value(r);
    else lua_pushboolean(r->L, 1);
    if (lua_isnil(r->L, -2)) lua_pop(r->L, 2);
    else lua_rawset(r->L, -3);
  }
  lua_setfield(r->L, -2, is_map ? "map" : "set");
}

static void push_double(Reader *r) {
  size_t length;
  const char *text = line(r, &length);
  char copy[64], *end;
  if (length >= sizeof copy) length = sizeof copy - 1;
  memcpy(copy, text, length);
  copy[length] = '\0';
  lua_createtable(r->L, 0, 1);
  lua_pushnumber(r->L, vm_text_to_number(copy, &end));
  lua_setfield(r->L, -2, "double");
}

static void push_verbatim(Reader *r) {
  long long length = integer(r);
  const char *text = bulk(r, length);
  int skip = length >= 4 ? 4 : 0;
  lua_createtable(r->L, 0, 1);
  lua_createtable(r->L, 0, 2);
  lua_pushlstring(r->L, text, skip != 0 ? 3 : 0);
  lua_setfield(r->L, -2, "format");
  lua_pushlstring(r->L, text + skip, (size_t)length - (size_t)skip);
  lua_setfield(r->L, -2, "string");
  lua_setfield(r->L, -2, "verbatim_string");
}

/* A table with one field, the rest of the line. */
static void push_line(Reader *r, const char *field) {
  size_t length;
  const char *text = line(r, &length);
  lua_createtable(r->L, 0, 1);
  lua_pushlstring(r->L, text, length);
  lua_setfield(r->L, -2, field);
}

static void push_bulk(Reader *r) {
  long long length = integer(r);
  if (length < 0) lua_pushboolean(r->L, 0);
  else {
    const char *text = bulk(r, length);
    lua_pushlstring(r->L, text, (size_t)length);
  }
}

static void push_typed(Reader *r, char type) {
  size_t length;
  const char *text;
  switch (type) {
    case '$': push_bulk(r); return;
    case ':': lua_pushnumber(r->L, (lua_Number)integer(r)); return;
    case '+': push_line(r, "ok"); return;
    case '-':
      text = line(r, &length) - 1;
      push_error(r->L, text, length + 1);
      return;
    case '*': case '>': push_array(r, integer(r)); return;
    case '%': push_pairs(r, integer(r), 1); return;
    case '~': push_pairs(r, integer(r), 0); return;
    case '_':
      line(r, &length);
      lua_pushnil(r->L);
      return;
    case '#':
      text = line(r, &length);
      lua_pushboolean(r->L, length > 0 && text[0] == 't');
      return;
    case ',': push_double(r); return;
    case '(': push_line(r, "big_number"); return;
    case '=': push_verbatim(r); return;
    default: luaL_error(r->L, "broken reply");
  }
}

static void push_value(Reader *r) {
  if (++r->depth > READ_DEPTH_MAX) luaL_error(r->L, "reply nested too deeply");
  luaL_checkstack(r->L, 6, "reply nested too deeply");
  if (r->at >= r->end) luaL_error(r->L, "broken reply");
  push_typed(r, *r->at++);
  r->depth--;
}

void reply_push(lua_State *L, const char *data, size_t length) {
  Reader reader = {L, data, data + length, 0};
  push_value(&reader);
}

/* ---- Lua to wire ---- */

static void write_header(lua_State *L, char type, long long number) {
  char text[32];
  int length;
  text[0] = type;
  length = 1 + vm_integer_to_text(text + 1, number);
  text[length++] = '\r';
  text[length++] = '\n';
  bytes_add(L, &vm_out, text, (size_t)length);
}

static void write_bulk(lua_State *L, const char *data, size_t length) {
  write_header(L, '$', (long long)length);
  bytes_add(L, &vm_out, data, length);
  bytes_add(L, &vm_out, "\r\n", 2);
}

/* One line; what would end it early becomes a space. */
static void write_line(lua_State *L, char type, const char *data, size_t length) {
  bytes_add_char(L, &vm_out, type);
  bytes_add(L, &vm_out, data, length);
  for (char *p = vm_out.data + vm_out.length - length; p < vm_out.data + vm_out.length; p++)
    if (*p == '\r' || *p == '\n') *p = ' ';
  bytes_add(L, &vm_out, "\r\n", 2);
}

static void write_null(lua_State *L, int resp) {
  if (resp == 3) bytes_add(L, &vm_out, "_\r\n", 3);
  else bytes_add(L, &vm_out, "$-1\r\n", 5);
}

static void write_boolean(lua_State *L, int value, int resp) {
  if (vm_resp < 3) {
    if (value) write_header(L, ':', 1);
    else write_null(L, resp);
  } else if (resp == 3) {
    bytes_add(L, &vm_out, value ? "#t\r\n" : "#f\r\n", 4);
  } else {
    write_header(L, ':', value);
  }
}

VM_IMPORT(shortest) int host_shortest(double number, char *text);

static void write_double(lua_State *L, double number, int resp) {
  char text[32];
  int length = number > -1e15 && number < 1e15 && (double)(long long)number == number && !(number == 0 && __builtin_signbit(number))
                   ? vm_integer_to_text(text, (long long)number)
                   : host_shortest(number, text);
  if (resp == 3) write_line(L, ',', text, (size_t)length);
  else write_bulk(L, text, (size_t)length);
}

static void write_value(lua_State *L, int resp, int depth);

/* Whether the table on top has this field with that type; if so the field is pushed. */
static int has_field(lua_State *L, const char *name, int type) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  if (lua_type(L, -1) == type) return 1;
  lua_pop(L, 1);
  return 0;
}

static void write_pairs(lua_State *L, int resp, int depth, int is_map) {
  long long count = 0;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) count++;
  if (resp == 3) write_header(L, is_map ? '%' : '~', count);
  else write_header(L, '*', is_map ? 2 * count : count);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    write_value(L, resp, depth);
    lua_pop(L, 1);
    if (is_map) write_value(L, resp, depth);
  }
}

static void write_verbatim(lua_State *L, int resp) {
  size_t length, format_length;
  const char *text, *format;
  int fields = 0;
  if (has_field(L, "string", LUA_TSTRING)) {
    fields = 1;
    if (lua_insert(L, -2), has_field(L, "format", LUA_TSTRING)) fields = 2;
    else lua_insert(L, -2);
  }
  if (fields < 2) {
    lua_pop(L, fields);
    write_header(L, '*', 0);
    return;
  }
  /* stack: string, table, format */
  text = lua_tolstring(L, -3, &length);
  format = lua_tolstring(L, -1, &format_length);
  if (resp == 3) {
    char prefix[4] = {' ', ' ', ' ', ':'};
    memcpy(prefix, format, format_length < 3 ? format_length : 3);
    write_header(L, '=', (long long)length + 4);
    bytes_add(L, &vm_out, prefix, 4);
    bytes_add(L, &vm_out, text, length);
    bytes_add(L, &vm_out, "\r\n", 2);
  } else {
    write_bulk(L, text, length);
  }
  lua_pop(L, 1);
  lua_remove(L, -2);
}

static void write_array(lua_State *L, int resp, int depth) {
  int count = 0;
  for (;; count++) {
    int missing;
    lua_rawgeti(L, -1, count + 1);
    missing = lua_isnil(L, -1);
    lua_pop(L, 1);
    if (missing) break;
  }
  vm_spend(L, count >> 2);
  write_header(L, '*', count);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    write_value(L, resp, depth);
    lua_pop(L, 1);
  }
}

static void write_table(lua_State *L, int resp, int depth) {
  size_t length;
  const char *text;
  if (has_field(L, "err", LUA_TSTRING)) {
    text = lua_tolstring(L, -1, &length);
    write_line(L, '-', text, length);
  } else if (has_field(L, "ok", LUA_TSTRING)) {
    text = lua_tolstring(L, -1, &length);
    write_line(L, '+', text, length);
  } else if (has_field(L, "double", LUA_TNUMBER)) {
    write_double(L, lua_tonumber(L, -1), resp);
  } else if (has_field(L, "map", LUA_TTABLE)) {
    write_pairs(L, resp, depth, 1);
  } else if (has_field(L, "set", LUA_TTABLE)) {
    write_pairs(L, resp, depth, 0);
  } else if (has_field(L, "big_number", LUA_TSTRING)) {
    text = lua_tolstring(L, -1, &length);
    if (resp == 3) write_line(L, '(', text, length);
    else write_bulk(L, text, length);
  } else if (has_field(L, "verbatim_string", LUA_TTABLE)) {
    write_verbatim(L, resp);
  } else {
    write_array(L, resp, depth);
    return;
  }
  lua_pop(L, 1);
}

/* Write the value on top, and leave it there. */
static void write_value(lua_State *L, int resp, int depth) {
  static const char too_deep[] = "ERR reached lua stack limit";
  size_t length;
  const char *text;
  if (depth >= WRITE_DEPTH_MAX || !lua_checkstack(L, 6)) {
    write_line(L, '-', too_deep, sizeof too_deep - 1);
    return;
  }
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
      text = lua_tolstring(L, -1, &length);
      write_bulk(L, text, length);
      break;
    case LUA_TNUMBER: write_header(L, ':', vm_double_to_integer(lua_tonumber(L, -1))); break;
    case LUA_TBOOLEAN: write_boolean(L, lua_toboolean(L, -1), resp); break;
    case LUA_TTABLE: write_table(L, resp, depth + 1); break;
    default: write_null(L, resp);
  }
}

void reply_write(lua_State *L, int client_resp) {
  vm_out.length = 0;
  write_value(L, client_resp, 0);
}
