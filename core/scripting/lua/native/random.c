/* math.random and math.randomseed: the 48-bit linear congruence of POSIX drand48, so that a script draws the same
 * numbers on every machine. A new machine starts from the state that POSIX gives an unseeded generator.
 *
 *   x' = 0x5DEECE66D * x + 0xB  (mod 2^48), the number is its upper 31 bits */

#include <math.h>

#include "lauxlib.h"
#include "native.h"

#define RANDOM_MAX 2147483647

static uint64_t state = 0x1234ABCD330Eull;

static int32_t draw(void) {
  state = (state * 0x5DEECE66Dull + 0xB) & 0xFFFFFFFFFFFFull;
  return (int32_t)(state >> 17);
}

static int math_random(lua_State *L) {
  lua_Number r = (lua_Number)(draw() % RANDOM_MAX) / (lua_Number)RANDOM_MAX;
  int low = 1, high;
  switch (lua_gettop(L)) {
    case 0:
      lua_pushnumber(L, r);
      return 1;
    case 1:
      high = luaL_checkint(L, 1);
      luaL_argcheck(L, 1 <= high, 1, "interval is empty");
      break;
    case 2:
      low = luaL_checkint(L, 1);
      high = luaL_checkint(L, 2);
      luaL_argcheck(L, low <= high, 2, "interval is empty");
      break;
    default:
      return luaL_error(L, "wrong number of arguments");
  }
  lua_pushnumber(L, floor(r * ((lua_Number)high - low + 1)) + low);
  return 1;
}

static int math_randomseed(lua_State *L) {
  state = ((uint64_t)(uint32_t)luaL_checkint(L, 1) << 16) | 0x330E;
  return 0;
}

static const luaL_Reg functions[] = {{"random", math_random}, {"randomseed", math_randomseed}, {NULL, NULL}};

/* Adds to the table on top of the stack. */
void random_open(lua_State *L) { luaL_register(L, NULL, functions); }
