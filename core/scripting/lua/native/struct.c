/* struct: binary records by a format, with the behaviour and the messages of Roberto Ierusalimschy's library.
 *
 *   > <        big or little endian from here on (little at first)
 *   !n         align to at most n bytes from here on (8 without n); at first nothing is aligned
 *   x          a padding byte                    b B h H l L T   integers of 1, 2, 8 bytes (T as L)
 *   in In      integer of n bytes (4 without n)  f d             float, double
 *   cn         n bytes (1 without n; c0: the whole string, or as many as the number before says)
 *   s          a string that ends in a NUL       space           nothing */

#include <ctype.h>

#include "lauxlib.h"
#include "native.h"

#define INTEGER_BYTES_MAX 32

typedef struct {
  lua_State *L;
  const char *at;
  int little;
  int align;
} Format;

static Format begin(lua_State *L) {
  Format f = {L, luaL_checkstring(L, 1), 1, 1};
  return f;
}

/* The number at the format's place, or `otherwise` if there is none. */
static int number(Format *f, int otherwise) {
  int value = 0;
  if (!isdigit((unsigned char)*f->at)) return otherwise;
  while (isdigit((unsigned char)*f->at)) {
    int digit = *f->at++ - '0';
    if (value > (0x7FFFFFFF - digit) / 10) luaL_error(f->L, "integral size overflow");
    value = value * 10 + digit;
  }
  return value;
}

/* The size of an option whose letter has been read. */
static int size_of(Format *f, char option) {
  int size;
  switch (option) {
    case 'b': case 'B': case 'x': return 1;
    case 'h': case 'H': return 2;
    case 'l': case 'L': case 'T': case 'd': return 8;
    case 'f': return 4;
    case 'c': return number(f, 1);
    case 'i': case 'I':
      size = number(f, 4);
      if (size > INTEGER_BYTES_MAX)
        luaL_error(f->L, "integral size %d is larger than limit of %d", size, INTEGER_BYTES_MAX);
      return size;
    default: return 0; /* 's' and what only controls */
  }
}

/* Options that move no bytes. */
static void control(Format *f, char option) {
  int align;
  switch (option) {
    case ' ': return;
    case '<': f->little = 1; return;
    case '>': f->little = 0; return;
    case '!':
      align = number(f, 8);
      if (align == 0 || (align & (align - 1)) != 0) luaL_error(f->L, "alignment %d is not a power of 2", align);
      f->align = align;
      return;
    default: luaL_argerror(f->L, 1, lua_pushfstring(f->L, "invalid format option '%c'", option));
  }
}

/* Bytes to skip so that an option of this size is aligned. */
static size_t padding(const Format *f, size_t length, char option, int size) {
  if (size == 0 || option == 'c') return 0;
  if (size > f->align) size = f->align;
  return size > 1 ? ((size_t)size - (length & ((size_t)size - 1))) & ((size_t)size - 1) : 0;
}

static void reverse(uint8_t *bytes, int size) {
  for (int i = 0, j = size - 1; i < j; i++, j--) {
    uint8_t byte = bytes[i];
    bytes[i] = bytes[j];
    bytes[j] = byte;
  }
}

/* ---- packing ---- */

static uint64_t integer_bits(lua_Number n) {
  return n < 0 ? (uint64_t)vm_double_to_integer(n) : vm_double_to_unsigned(n);
}

/* Pack one number into at most INTEGER_BYTES_MAX bytes. */
static void pack_number(Format *f, uint8_t *bytes, char option, int size, lua_Number value) {
  if (option == 'f') {
    float narrow = (float)value;
    memcpy(bytes, &narrow, sizeof narrow);
  } else if (option == 'd') {
    memcpy(bytes, &value, sizeof value);
  } else {
    uint64_t bits = integer_bits(value);
    for (int i = 0; i < size; i++, bits >>= 8) bytes[i] = (uint8_t)bits;
  }
  if (!f->little) reverse(bytes, size);
}

static void pack_string(lua_State *L, luaL_Buffer *b, char option, int size, int argument, size_t *total) {
  size_t length;
  const char *data = luaL_checklstring(L, argument, &length);
  if (option == 'c' && size > 0) {
    luaL_argcheck(L, length >= (size_t)size, argument + 1, "string too short"); /* sic: it counts one ahead */
    length = (size_t)size;
  }
  luaL_addlstring(b, data, length);
  *total += length;
  if (option != 's') return;
  luaL_addchar(b, '\0');
  ++*total;
}

static int struct_pack(lua_State *L) {
  Format f = begin(L);
  luaL_Buffer b;
  int argument = 2;
  size_t total = 0;
  uint8_t bytes[INTEGER_BYTES_MAX];
  lua_pushnil(L); /* a missing argument reads as this nil */
  luaL_buffinit(L, &b);
  while (*f.at != '\0') {
    char option = *f.at++;
    int size = size_of(&f, option);
    for (size_t pad = padding(&f, total, option, size); pad > 0; pad--, total++) luaL_addchar(&b, '\0');
    switch (option) {
      case 'b': case 'B': case 'h': case 'H': case 'l': case 'L': case 'T': case 'i': case 'I': case 'f': case 'd':
        pack_number(&f, bytes, option, size, luaL_checknumber(L, argument++));
        luaL_addlstring(&b, (const char *)bytes, (size_t)size);
        total += (size_t)size;
        break;
      case 'x':
        luaL_addchar(&b, '\0');
        total++;
        break;
      case 'c': case 's': pack_string(L, &b, option, size, argument++, &total); break;
      default: control(&f, option);
    }
  }
  luaL_pushresult(&b);
  return 1;
}

/* ---- unpacking ---- */

static lua_Number unpack_integer(const Format *f, const uint8_t *bytes, int size, int is_signed) {
  uint64_t bits = 0, sign;
  for (int i = 0; i < size; i++) bits = bits << 8 | (f->little ? bytes[size - 1 - i] : bytes[i]);
  if (!is_signed) return (lua_Number)bits;
  sign = size == 0 || size > 8 ? 0 : 1ull << (8 * size - 1);
  if ((bits & sign) != 0) bits |= ~(sign - 1);
  return (lua_Number)(int64_t)bits;
}

static lua_Number unpack_number(const Format *f, const char *data, char option, int size) {
  uint8_t bytes[INTEGER_BYTES_MAX];
  memcpy(bytes, data, (size_t)size);
  if (option == 'f' || option == 'd') {
    float narrow;
    lua_Number wide;
    if (!f->little) reverse(bytes, size);
    memcpy(&narrow, bytes, sizeof narrow);
    memcpy(&wide, bytes, sizeof wide);
    return option == 'f' ? (lua_Number)narrow : wide;
  }
  return unpack_integer(f, bytes, size, islower((unsigned char)option) != 0);
}

static size_t terminated_length(lua_State *L, const char *data, size_t length) {
  const char *end = memchr(data, '\0', length);
  if (end == NULL) luaL_error(L, "unfinished string in data");
  return (size_t)(end - data);
}

static void require(lua_State *L, size_t length, size_t position, size_t size) {
  luaL_argcheck(L, size <= length && position <= length - size, 2, "data string too short");
}

/* The length of c0: the number read just before, which it takes off the results. */
static size_t previous_number(lua_State *L, int *count) {
  lua_Number value;
  if (*count == 0 || !lua_isnumber(L, -1)) luaL_error(L, "format 'c0' needs a previous size");
  value = lua_tonumber(L, -1);
  lua_pop(L, 1);
  --*count;
  return value >= 0 && value < 4294967296.0 ? (size_t)value : ~(size_t)0;
}

static int struct_unpack(lua_State *L) {
  Format f = begin(L);
  size_t length;
  const char *data = luaL_checklstring(L, 2, &length);
  lua_Integer start = luaL_optinteger(L, 3, 1);
  size_t at, size_text;
  int count = 0;
  luaL_argcheck(L, start != 0, 3, "offset must be 1 or greater");
  luaL_argcheck(L, start > 0 && start - 1 <= (lua_Integer)length, 2, "data string too short");
  at = (size_t)start - 1;
  lua_settop(L, 2);
  while (*f.at != '\0') {
    char option = *f.at++;
    int size = size_of(&f, option);
    at += padding(&f, at, option, size);
    require(L, length, at, (size_t)size);
    luaL_checkstack(L, 2, "too many results");
    switch (option) {
      case 'b': case 'B': case 'h': case 'H': case 'l': case 'L': case 'T': case 'i': case 'I': case 'f': case 'd':
        lua_pushnumber(L, unpack_number(&f, data + at, option, size));
        count++;
        break;
      case 'x': break;
      case 'c':
        size_text = size == 0 ? previous_number(L, &count) : (size_t)size;
        require(L, length, at, size_text);
        lua_pushlstring(L, data + at, size_text);
        at += size_text - (size_t)size;
        count++;
        break;
      case 's':
        size_text = terminated_length(L, data + at, length - at);
        lua_pushlstring(L, data + at, size_text);
        at += size_text + 1;
        count++;
        break;
      default: control(&f, option);
    }
    at += (size_t)size;
  }
  lua_pushinteger(L, (lua_Integer)at + 1);
  return count + 1;
}

static int struct_size(lua_State *L) {
  Format f = begin(L);
  size_t total = 0;
  while (*f.at != '\0') {
    char option = *f.at++;
    int size = size_of(&f, option);
    total += padding(&f, total, option, size);
    if (option == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
    if (option == 'c' && size == 0) luaL_argerror(L, 1, "option 'c0' has no fixed size");
    if (strchr("bBhHlLTiIfdxc", option) == NULL) control(&f, option);
    if (total + (size_t)size < total || total + (size_t)size > 0x7FFFFFFF) luaL_error(L, "integral size overflow");
    total += (size_t)size;
  }
  lua_pushinteger(L, (lua_Integer)total);
  return 1;
}

static const luaL_Reg functions[] = {
    {"pack", struct_pack},
    {"unpack", struct_unpack},
    {"size", struct_size},
    {NULL, NULL},
};

int struct_open(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
