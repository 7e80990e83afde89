/* bit: operations on 32-bit integers. Numbers are taken modulo 2^32, results are signed.
 *
 * A number is reduced by adding 2^52 + 2^51, which shifts its integer part, rounded to even, into the low bits of the
 * double: exact for |n| < 2^51, as every implementation of this library does it. */

#include "lauxlib.h"
#include "native.h"

static uint32_t check_bits(lua_State *L, int index) {
  union {
    double number;
    uint64_t bits;
  } value;
  value.number = luaL_checknumber(L, index) + 6755399441055744.0;
  return (uint32_t)value.bits;
}

static int push_bits(lua_State *L, uint32_t bits) {
  lua_pushnumber(L, (lua_Number)(int32_t)bits);
  return 1;
}

static int bit_tobit(lua_State *L) { return push_bits(L, check_bits(L, 1)); }

static int bit_bnot(lua_State *L) { return push_bits(L, ~check_bits(L, 1)); }

static int bit_band(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int i = lua_gettop(L); i > 1; i--) bits &= check_bits(L, i);
  return push_bits(L, bits);
}

static int bit_bor(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int i = lua_gettop(L); i > 1; i--) bits |= check_bits(L, i);
  return push_bits(L, bits);
}

static int bit_bxor(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  for (int i = lua_gettop(L); i > 1; i--) bits ^= check_bits(L, i);
  return push_bits(L, bits);
}

/* Shift counts are taken modulo 32. */
static int bit_lshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1), n = check_bits(L, 2) & 31;
  return push_bits(L, bits << n);
}

static int bit_rshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1), n = check_bits(L, 2) & 31;
  return push_bits(L, bits >> n);
}

static int bit_arshift(lua_State *L) {
  uint32_t bits = check_bits(L, 1), n = check_bits(L, 2) & 31;
  return push_bits(L, (uint32_t)((int32_t)bits >> n));
}

static int bit_rol(lua_State *L) {
  uint32_t bits = check_bits(L, 1), n = check_bits(L, 2) & 31;
  return push_bits(L, bits << n | bits >> ((32 - n) & 31));
}

static int bit_ror(lua_State *L) {
  uint32_t bits = check_bits(L, 1), n = check_bits(L, 2) & 31;
  return push_bits(L, bits >> n | bits << ((32 - n) & 31));
}

static int bit_bswap(lua_State *L) { return push_bits(L, __builtin_bswap32(check_bits(L, 1))); }

/* The lowest n hexadecimal digits, in upper case if n is negative. */
static int bit_tohex(lua_State *L) {
  uint32_t bits = check_bits(L, 1);
  int32_t n = lua_isnone(L, 2) ? 8 : (int32_t)check_bits(L, 2);
  const char *digits = n < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
  char text[8];
  if (n < 0) n = n < -8 ? 8 : -n;
  if (n > 8) n = 8;
  for (int i = n; --i >= 0; bits >>= 4) text[i] = digits[bits & 15];
  lua_pushlstring(L, text, (size_t)n);
  return 1;
}

static const luaL_Reg functions[] = {
    {"tobit", bit_tobit},   {"bnot", bit_bnot},     {"band", bit_band},       {"bor", bit_bor}, {"bxor", bit_bxor},
    {"lshift", bit_lshift}, {"rshift", bit_rshift}, {"arshift", bit_arshift}, {"rol", bit_rol}, {"ror", bit_ror},
    {"bswap", bit_bswap},   {"tohex", bit_tohex},   {NULL, NULL},
};

int bit_open(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
