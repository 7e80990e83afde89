/* cmsgpack: MessagePack, with the behaviour and the messages of lua-cmsgpack 0.4.0.
 *
 * Numbers are packed in the smallest form that keeps them: integers of 1 to 9 bytes, floats where a float is exact,
 * doubles. A table is an array if its keys are 1..n. Strings are raw bytes; the types bin and ext are not known.
 * Tables deeper than 16 levels become nil. */

#include <math.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "native.h"

#define PACK_DEPTH_MAX 16
#define UNPACK_DEPTH_MAX 1000

static Bytes packed;

/* ---- packing ---- */

/* A type byte, then the lowest `size` bytes of a number, the highest first. */
static void add_number(lua_State *L, int type, uint64_t value, int size) {
  uint8_t bytes[9];
  bytes[0] = (uint8_t)type;
  for (int i = size; i > 0; i--, value >>= 8) bytes[i] = (uint8_t)value;
  bytes_add(L, &packed, bytes, (size_t)size + 1);
}

static void pack_integer(lua_State *L, int64_t n) {
  uint64_t bits = (uint64_t)n;
  if (n >= 0) {
    if (n < 0x80) add_number(L, (int)n, 0, 0);
    else if (n <= 0xFF) add_number(L, 0xCC, bits, 1);
    else if (n <= 0xFFFF) add_number(L, 0xCD, bits, 2);
    else if (n <= 0xFFFFFFFFll) add_number(L, 0xCE, bits, 4);
    else add_number(L, 0xCF, bits, 8);
  } else {
    if (n >= -32) add_number(L, (int)(bits & 0xFF), 0, 0);
    else if (n >= -0x80) add_number(L, 0xD0, bits, 1);
    else if (n >= -0x8000) add_number(L, 0xD1, bits, 2);
    else if (n >= -0x80000000ll) add_number(L, 0xD2, bits, 4);
    else add_number(L, 0xD3, bits, 8);
  }
}

static void pack_number(lua_State *L, double number) {
  union {
    double d;
    uint64_t bits;
  } wide = {number};
  union {
    float f;
    uint32_t bits;
  } narrow = {(float)number};
  if (number >= -9223372036854775808.0 && number < 9223372036854775808.0 && number == (double)(int64_t)number)
    pack_integer(L, (int64_t)number);
  else if ((double)narrow.f == number)
    add_number(L, 0xCA, narrow.bits, 4);
  else
    add_number(L, 0xCB, wide.bits, 8);
}

static void pack_string(lua_State *L, const char *data, size_t length) {
  if (length < 32) add_number(L, 0xA0 | (int)length, 0, 0);
  else if (length <= 0xFF) add_number(L, 0xD9, length, 1);
  else if (length <= 0xFFFF) add_number(L, 0xDA, length, 2);
  else add_number(L, 0xDB, length, 4);
  bytes_add(L, &packed, data, length);
}

/* The header of an array (0x90, 0xDC) or a map (0x80, 0xDE). */
static void add_header(lua_State *L, int small, int large, uint32_t count) {
  if (count <= 15) add_number(L, small | (int)count, 0, 0);
  else if (count <= 0xFFFF) add_number(L, large, count, 2);
  else add_number(L, large + 1, count, 4);
}

static void pack_value(lua_State *L, int depth);

/* Whether the keys of the table on top are 1..n; sets the number of its entries. */
static int is_array(lua_State *L, uint32_t *count) {
  double max = 0;
  int array = 1;
  *count = 0;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (key < 1 || key != floor(key)) array = 0;
    else if (key > max) max = key;
    ++*count;
  }
  return array && max == (double)*count;
}

static void pack_table(lua_State *L, int depth) {
  uint32_t count;
  if (is_array(L, &count)) {
    add_header(L, 0x90, 0xDC, count);
    for (uint32_t i = 1; i <= count; i++) {
      lua_rawgeti(L, -1, (int)i);
      pack_value(L, depth);
      lua_pop(L, 1);
    }
    return;
  }
  add_header(L, 0x80, 0xDE, count);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    pack_value(L, depth);
    lua_pop(L, 1);
    pack_value(L, depth);
  }
}

/* Pack the value on top, and leave it there. */
static void pack_value(lua_State *L, int depth) {
  size_t length;
  const char *data;
  int type = lua_type(L, -1);
  luaL_checkstack(L, 5, "in function mp_encode_lua_type");
  switch (type) {
    case LUA_TSTRING:
      data = lua_tolstring(L, -1, &length);
      pack_string(L, data, length);
      return;
    case LUA_TNUMBER: pack_number(L, lua_tonumber(L, -1)); return;
    case LUA_TBOOLEAN: add_number(L, lua_toboolean(L, -1) ? 0xC3 : 0xC2, 0, 0); return;
    case LUA_TTABLE:
      if (depth < PACK_DEPTH_MAX) {
        pack_table(L, depth + 1);
        return;
      }
      /* fall through */
    default: add_number(L, 0xC0, 0, 0);
  }
}

static int cmsgpack_pack(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  luaL_checkstack(L, 1, "Too many arguments for MessagePack pack.");
  packed.length = 0;
  for (int i = 1; i <= count; i++) {
    lua_pushvalue(L, i);
    pack_value(L, 0);
    lua_pop(L, 1);
  }
  vm_spend(L, packed.length >> 4);
  lua_pushlstring(L, packed.data, (size_t)packed.length);
  return 1;
}

/* ---- unpacking ---- */

typedef struct {
  lua_State *L;
  const uint8_t *at, *end;
  int depth;
} Reader;

static const uint8_t *take(Reader *r, size_t size) {
  const uint8_t *bytes = r->at;
  if ((size_t)(r->end - r->at) < size) luaL_error(r->L, "Missing bytes in input.");
  r->at += size;
  return bytes;
}

static uint64_t take_number(Reader *r, int size) {
  const uint8_t *bytes = take(r, (size_t)size);
  uint64_t value = 0;
  for (int i = 0; i < size; i++) value = value << 8 | bytes[i];
  return value;
}

static void push_value(Reader *r);

static void push_string(Reader *r, size_t length) {
  const uint8_t *bytes = take(r, length);
  lua_pushlstring(r->L, (const char *)bytes, length);
}

static void push_array(Reader *r, uint32_t count) {
  if (++r->depth > UNPACK_DEPTH_MAX || !lua_checkstack(r->L, 2))
    luaL_error(r->L, "stack overflow (in function mp_decode_to_lua_array)");
  lua_newtable(r->L);
  for (uint32_t i = 1; i <= count; i++) {
    push_value(r);
    lua_rawseti(r->L, -2, (int)i);
  }
  r->depth--;
}

static void push_map(Reader *r, uint32_t count) {
  if (++r->depth > UNPACK_DEPTH_MAX || !lua_checkstack(r->L, 3))
    luaL_error(r->L, "stack overflow (in function mp_decode_to_lua_hash)");
  lua_newtable(r->L);
  for (uint32_t i = 0; i < count; i++) {
    push_value(r);
    push_value(r);
    lua_settable(r->L, -3);
  }
  r->depth--;
}

static void push_float(Reader *r) {
  union {
    uint32_t bits;
    float f;
  } value = {(uint32_t)take_number(r, 4)};
  lua_pushnumber(r->L, (lua_Number)value.f);
}

static void push_double(Reader *r) {
  union {
    uint64_t bits;
    double d;
  } value = {take_number(r, 8)};
  lua_pushnumber(r->L, value.d);
}

static void push_value(Reader *r) {
  lua_State *L = r->L;
  uint8_t type = *take(r, 1);
  luaL_checkstack(L, 2, "in function mp_decode_to_lua_type");
  if (type < 0x80) return lua_pushinteger(L, type);
  if (type >= 0xE0) return lua_pushinteger(L, (int8_t)type);
  if (type < 0x90) return push_map(r, type & 15);
  if (type < 0xA0) return push_array(r, type & 15);
  if (type < 0xC0) return push_string(r, type & 31);
  switch (type) {
    case 0xC0: return lua_pushnil(L);
    case 0xC2: return lua_pushboolean(L, 0);
    case 0xC3: return lua_pushboolean(L, 1);
    case 0xCA: return push_float(r);
    case 0xCB: return push_double(r);
    case 0xCC: return lua_pushinteger(L, (lua_Integer)take_number(r, 1));
    case 0xCD: return lua_pushinteger(L, (lua_Integer)take_number(r, 2));
    case 0xCE: return lua_pushinteger(L, (lua_Integer)take_number(r, 4));
    case 0xCF: return lua_pushinteger(L, (lua_Integer)take_number(r, 8));
    case 0xD0: return lua_pushinteger(L, (int8_t)take_number(r, 1));
    case 0xD1: return lua_pushinteger(L, (int16_t)take_number(r, 2));
    case 0xD2: return lua_pushinteger(L, (int32_t)take_number(r, 4));
    case 0xD3: return lua_pushinteger(L, (lua_Integer)take_number(r, 8));
    case 0xD9: return push_string(r, (size_t)take_number(r, 1));
    case 0xDA: return push_string(r, (size_t)take_number(r, 2));
    case 0xDB: return push_string(r, (size_t)take_number(r, 4));
    case 0xDC: return push_array(r, (uint32_t)take_number(r, 2));
    case 0xDD: return push_array(r, (uint32_t)take_number(r, 4));
    case 0xDE: return push_map(r, (uint32_t)take_number(r, 2));
    case 0xDF: return push_map(r, (uint32_t)take_number(r, 4));
    default: luaL_error(L, "Bad data format in input.");
  }
}

/* Up to `limit` values from `offset` on, and before them the offset of the next, -1 at the end. With neither limit nor
 * offset all values, and they alone. */
static int unpack(lua_State *L, int limit, int offset) {
  size_t length;
  const char *data = luaL_checklstring(L, 1, &length);
  Reader reader = {L, (const uint8_t *)data, (const uint8_t *)data + length, 0};
  int count = 0, all = limit == 0 && offset == 0;
  if (offset < 0 || limit < 0)
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", offset, (int)length);
  if ((size_t)offset > length)
    return luaL_error(L, "Start offset %d greater than input length %d.", offset, (int)length);
  vm_spend(L, (int)(length >> 4));
  reader.at += offset;
  lua_settop(L, 1);
  for (; reader.at < reader.end && (all || count < limit); count++) {
    luaL_checkstack(L, 2, "in function mp_unpack_full");
    push_value(&reader);
  }
  if (all) return count;
  lua_pushinteger(L, reader.at == reader.end ? -1 : (lua_Integer)((const char *)reader.at - data));
  lua_insert(L, 2);
  return count + 1;
}

static int cmsgpack_unpack(lua_State *L) { return unpack(L, 0, 0); }

static int cmsgpack_unpack_one(lua_State *L) { return unpack(L, 1, luaL_optint(L, 2, 0)); }

static int cmsgpack_unpack_limit(lua_State *L) {
  int limit = luaL_checkint(L, 2);
  return unpack(L, limit, luaL_optint(L, 3, 0));
}

static const luaL_Reg functions[] = {
    {"pack", cmsgpack_pack},
    {"unpack", cmsgpack_unpack},
    {"unpack_one", cmsgpack_unpack_one},
    {"unpack_limit", cmsgpack_unpack_limit},
    {NULL, NULL},
};

static void set_text(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

int cmsgpack_open(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  set_text(L, "_NAME", "cmsgpack");
  set_text(L, "_VERSION", "lua-cmsgpack 0.4.0");
  set_text(L, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo");
  set_text(L, "_DESCRIPTION", "MessagePack C implementation for Lua");
  return 1;
}
