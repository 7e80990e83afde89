/* cjson: JSON text to Lua values and back, with the behaviour and the messages of lua-cjson 2.1.0.
 *
 *   JSON      Lua                        Lua                       JSON
 *   null      cjson.null                 nil, cjson.null           null
 *   [1,2]     {1, 2}                     keys are integers >= 1    array, holes are null; too many holes are an error
 *   {"a":1}   {a = 1}                    any other table, {}       object; keys may be numbers
 *   text      strings as bytes           number                    %.14g
 *
 * Settings (depths, sparse arrays, invalid numbers, precision) live in a record that each table made by cjson.new
 * has for itself; that of the global table is reset before every run, so that no script disturbs another. */

#include <stdio.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "native.h"

enum { INVALID_OFF, INVALID_ON, INVALID_NULL };

typedef struct {
  int sparse_convert, sparse_ratio, sparse_safe;
  int encode_depth_max, decode_depth_max;
  int encode_invalid, decode_invalid;
  int precision, keep_buffer;
} Settings;

static const Settings DEFAULTS = {0, 2, 10, 1000, 1000, INVALID_OFF, 1, 14, 1};

/* Whatever the settings say, the C stack has an end. */
#define DEPTH_MAX 1500

static Settings *shared; /* of the global table */

static Bytes text; /* being encoded */

void cjson_reset(void) {
  *shared = DEFAULTS;
  if (text.capacity <= 1 << 20) return;
  free(text.data);
  text = (Bytes){NULL, 0, 0};
}

static Settings *settings_of(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

/* ---- encoding ---- */

static void encode_value(lua_State *L, const Settings *settings, int depth);

static int refuse(lua_State *L, int index, const char *reason) {
  return luaL_error(L, "Cannot serialise %s: %s", lua_typename(L, lua_type(L, index)), reason);
}

/* How each byte of a string is written: 0 as it is, 'u' as \u00XX, else behind a backslash. */
static char escape_of(unsigned char c) {
  switch (c) {
    case '"': case '\\': case '/': return (char)c;
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\f': return 'f';
    case '\r': return 'r';
    default: return c < 32 || c == 127 ? 'u' : 0;
  }
}

static void encode_string(lua_State *L, int index) {
  static const char hex[] = "0123456789abcdef";
  size_t length;
  const char *data = lua_tolstring(L, index, &length);
  char *out;
  bytes_reserve(L, &text, 6 * length + 2);
  out = text.data + text.length;
  *out++ = '"';
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)data[i];
    char escape = escape_of(c);
    if (escape != 0) {
      *out++ = '\\';
      *out++ = escape;
      if (escape != 'u') continue;
      *out++ = '0';
      *out++ = '0';
      *out++ = hex[c >> 4];
      c = (unsigned char)hex[c & 15];
    }
    *out++ = (char)c;
  }
  *out++ = '"';
  text.length = (int32_t)(out - text.data);
}

static void encode_number(lua_State *L, const Settings *settings, int index) {
  double number = lua_tonumber(L, index);
  int finite = number - number == 0;
  if (!finite && settings->encode_invalid == INVALID_OFF) refuse(L, index, "must not be NaN or Inf");
  bytes_reserve(L, &text, 40);
  if (!finite && settings->encode_invalid == INVALID_NULL) bytes_add(L, &text, "null", 4);
  else if (number != number) bytes_add(L, &text, "nan", 3);
  else if (settings->precision == 14) text.length += vm_number_to_text(text.data + text.length, number);
  else text.length += snprintf(text.data + text.length, 40, "%.*g", settings->precision, number);
}

/* The greatest index if all keys are integers from 1 on and the holes are few; -1 for an object. */
static int array_length(lua_State *L, const Settings *settings) {
  double max = 0;
  int items = 0;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    double key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
    if (key >= 1 && key == (double)vm_double_to_integer(key)) {
      if (key > max) max = key;
      items++;
      continue;
    }
    lua_pop(L, 2);
    return -1;
  }
  if (settings->sparse_ratio > 0 && max > (double)items * settings->sparse_ratio && max > settings->sparse_safe) {
    if (!settings->sparse_convert) refuse(L, -1, "excessively sparse array");
    return -1;
  }
  return max > 2147483647.0 ? -1 : (int)max;
}

static void encode_array(lua_State *L, const Settings *settings, int depth, int length) {
  bytes_add_char(L, &text, '[');
  for (int i = 1; i <= length; i++) {
    if (i > 1) bytes_add_char(L, &text, ',');
    lua_rawgeti(L, -1, i);
    encode_value(L, settings, depth);
    lua_pop(L, 1);
  }
  bytes_add_char(L, &text, ']');
}

static void encode_object(lua_State *L, const Settings *settings, int depth) {
  int first = 1;
  bytes_add_char(L, &text, '{');
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    int type = lua_type(L, -2);
    if (!first) bytes_add_char(L, &text, ',');
    first = 0;
    if (type == LUA_TNUMBER) {
      bytes_add_char(L, &text, '"');
      encode_number(L, settings, -2);
      bytes_add(L, &text, "\":", 2);
    } else if (type == LUA_TSTRING) {
      encode_string(L, -2);
      bytes_add_char(L, &text, ':');
    } else {
      refuse(L, -2, "table key must be a number or string");
    }
    encode_value(L, settings, depth);
  }
  bytes_add_char(L, &text, '}');
}

static void encode_table(lua_State *L, const Settings *settings, int depth) {
  int length;
  if (depth > settings->encode_depth_max || depth > DEPTH_MAX || !lua_checkstack(L, 4))
    luaL_error(L, "Cannot serialise, excessive nesting (%d)", depth);
  length = array_length(L, settings);
  vm_spend(L, 1);
  if (length > 0) encode_array(L, settings, depth, length);
  else encode_object(L, settings, depth);
}

/* Write the value on top. */
static void encode_value(lua_State *L, const Settings *settings, int depth) {
  switch (lua_type(L, -1)) {
    case LUA_TSTRING: encode_string(L, -1); break;
    case LUA_TNUMBER: encode_number(L, settings, -1); break;
    case LUA_TBOOLEAN:
      if (lua_toboolean(L, -1)) bytes_add(L, &text, "true", 4);
      else bytes_add(L, &text, "false", 5);
      break;
    case LUA_TTABLE: encode_table(L, settings, depth + 1); break;
    case LUA_TNIL: bytes_add(L, &text, "null", 4); break;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, -1) == NULL) {
        bytes_add(L, &text, "null", 4);
        break;
      }
      /* fall through */
    default: refuse(L, -1, "type not supported");
  }
}

static int cjson_encode(lua_State *L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  text.length = 0;
  encode_value(L, settings_of(L), 0);
  vm_spend(L, text.length >> 4);
  lua_pushlstring(L, text.data, (size_t)text.length);
  return 1;
}

/* ---- decoding ---- */

typedef enum {
  T_OBJ_BEGIN, T_OBJ_END, T_ARR_BEGIN, T_ARR_END, T_STRING, T_NUMBER, T_BOOLEAN, T_NULL, T_COLON, T_COMMA, T_END, T_ERROR
} TokenType;

static const char *const token_names[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER",
                                          "T_BOOLEAN",   "T_NULL",    "T_COLON",     "T_COMMA",   "T_END"};

/* The input ends in a NUL, as all strings of Lua do, and a NUL within ends it early. */
typedef struct {
  lua_State *L;
  const Settings *settings;
  const char *start, *at;
  int depth;
  TokenType token;
  const char *token_start;
  const char *reason; /* of T_ERROR */
  double number;
  int boolean;
} Parser;

static void fail_token(Parser *p, const char *reason, const char *where) {
  p->token = T_ERROR;
  p->reason = reason;
  p->token_start = where;
}

static int unexpected(Parser *p, const char *expected) {
  const char *found = p->token == T_ERROR ? p->reason : token_names[p->token];
  return luaL_error(p->L, "Expected %s but found %s at character %d", expected, found,
                    (int)(p->token_start - p->start) + 1);
}

/* Four hexadecimal digits, or -1. */
static int hex4(const char *digits) {
  int value = 0;
  for (int i = 0; i < 4; i++) {
    char c = digits[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

/* \uXXXX, or a pair of surrogates, at p->at. Returns the code point and moves on, or -1. */
static int unicode_escape(Parser *p) {
  int point = hex4(p->at + 2), low;
  if (point < 0) return -1;
  p->at += 6;
  if ((point & 0xF800) != 0xD800) return point;
  if ((point & 0x400) != 0 || p->at[0] != '\\' || p->at[1] != 'u') return -1;
  low = hex4(p->at + 2);
  if (low < 0 || (low & 0xFC00) != 0xDC00) return -1;
  p->at += 6;
  return 0x10000 + ((point & 0x3FF) << 10 | (low & 0x3FF));
}

static char *write_utf8(char *out, int point) {
  if (point < 0x80) {
    *out++ = (char)point;
  } else if (point < 0x800) {
    *out++ = (char)(0xC0 | point >> 6);
    *out++ = (char)(0x80 | (point & 63));
  } else if (point < 0x10000) {
    *out++ = (char)(0xE0 | point >> 12);
    *out++ = (char)(0x80 | (point >> 6 & 63));
    *out++ = (char)(0x80 | (point & 63));
  } else {
    *out++ = (char)(0xF0 | point >> 18);
    *out++ = (char)(0x80 | (point >> 12 & 63));
    *out++ = (char)(0x80 | (point >> 6 & 63));
    *out++ = (char)(0x80 | (point & 63));
  }
  return out;
}

static char simple_escape(char c) {
  switch (c) {
    case '"': case '\\': case '/': return c;
    case 'b': return '\b';
    case 't': return '\t';
    case 'n': return '\n';
    case 'f': return '\f';
    case 'r': return '\r';
    default: return 0;
  }
}

/* The string whose quote is at p->at; its bytes are pushed. Unescaped text is never longer than its source. */
static void string_token(Parser *p) {
  const char *from = ++p->at, *end;
  char *out;
  for (end = from; *end != '"' && *end != '\\' && *end != '\0'; end++) continue;
  if (*end == '"') {
    p->at = end + 1;
    lua_pushlstring(p->L, from, (size_t)(end - from));
    p->token = T_STRING;
    return;
  }
  while (*end != '"' && *end != '\0') end += *end == '\\' && end[1] != '\0' ? 2 : 1;
  text.length = 0;
  bytes_reserve(p->L, &text, (size_t)(end - from) + 4);
  out = text.data;
  while (*p->at != '"') {
    char c = *p->at;
    if (c == '\0') return fail_token(p, "unexpected end of string", p->at);
    if (c == '\\') {
      const char *escape = p->at;
      if (escape[1] == 'u') {
        int point = unicode_escape(p);
        if (point < 0) return fail_token(p, "invalid unicode escape code", escape);
        out = write_utf8(out, point);
        continue;
      }
      c = simple_escape(escape[1]);
      if (c == 0) return fail_token(p, "invalid escape code", escape);
      p->at++;
    }
    *out++ = c;
    p->at++;
  }
  p->at++;
  lua_pushlstring(p->L, text.data, (size_t)(out - text.data));
  p->token = T_STRING;
}

/* Numbers that JSON does not allow but strtod reads: signs of plus, hexadecimal, leading zeros, inf, nan. */
static int invalid_number(const char *at) {
  if (*at == '+') return 1;
  if (*at == '-') at++;
  if (*at == '0') return (at[1] | 32) == 'x' || (at[1] >= '0' && at[1] <= '9');
  if (*at <= '9') return 0;
  return ((at[0] | 32) == 'i' && (at[1] | 32) == 'n' && (at[2] | 32) == 'f') ||
         ((at[0] | 32) == 'n' && (at[1] | 32) == 'a' && (at[2] | 32) == 'n');
}

static void number_token(Parser *p) {
  char *end;
  p->number = vm_text_to_number(p->at, &end);
  if (end == p->at) return fail_token(p, "invalid number", p->at);
  p->at = end;
  p->token = T_NUMBER;
}

static void word_token(Parser *p, const char *word, TokenType type, int boolean) {
  p->at += strlen(word);
  p->token = type;
  p->boolean = boolean;
}

static void next_token(Parser *p) {
  char c;
  while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r') p->at++;
  p->token_start = p->at;
  c = *p->at;
  switch (c) {
    case '{': p->token = T_OBJ_BEGIN; break;
    case '}': p->token = T_OBJ_END; break;
    case '[': p->token = T_ARR_BEGIN; break;
    case ']': p->token = T_ARR_END; break;
    case ',': p->token = T_COMMA; break;
    case ':': p->token = T_COLON; break;
    case '\0': p->token = T_END; return;
    case '"': string_token(p); return;
    default:
      if (c == '-' || (c >= '0' && c <= '9')) {
        if (!p->settings->decode_invalid && invalid_number(p->at)) return fail_token(p, "invalid number", p->at);
        return number_token(p);
      }
      if (strncmp(p->at, "true", 4) == 0) return word_token(p, "true", T_BOOLEAN, 1);
      if (strncmp(p->at, "false", 5) == 0) return word_token(p, "false", T_BOOLEAN, 0);
      if (strncmp(p->at, "null", 4) == 0) return word_token(p, "null", T_NULL, 0);
      if (p->settings->decode_invalid && invalid_number(p->at)) return number_token(p);
      return fail_token(p, "invalid token", p->at);
  }
  p->at++;
}

static void push_token(Parser *p);

static void descend(Parser *p, int slots) {
  p->depth++;
  if (p->depth <= p->settings->decode_depth_max && p->depth <= DEPTH_MAX && lua_checkstack(p->L, slots)) return;
  luaL_error(p->L, "Found too many nested data structures (%d) at character %d", p->depth, (int)(p->at - p->start));
}

static void push_object(Parser *p) {
  descend(p, 4);
  lua_newtable(p->L);
  next_token(p);
  if (p->token == T_OBJ_END) {
    p->depth--;
    return;
  }
  for (;; next_token(p)) {
    if (p->token != T_STRING) unexpected(p, "object key string"); /* the key is on the stack */
    next_token(p);
    if (p->token != T_COLON) unexpected(p, "colon");
    next_token(p);
    push_token(p);
    lua_rawset(p->L, -3);
    next_token(p);
    if (p->token == T_OBJ_END) break;
    if (p->token != T_COMMA) unexpected(p, "comma or object end");
  }
  p->depth--;
}

static void push_array(Parser *p) {
  descend(p, 3);
  lua_newtable(p->L);
  next_token(p);
  if (p->token == T_ARR_END) {
    p->depth--;
    return;
  }
  for (int i = 1;; i++, next_token(p)) {
    push_token(p);
    lua_rawseti(p->L, -2, i);
    next_token(p);
    if (p->token == T_ARR_END) break;
    if (p->token != T_COMMA) unexpected(p, "comma or array end");
  }
  p->depth--;
}

/* Push the value that begins with the current token; a string has pushed itself. */
static void push_token(Parser *p) {
  switch (p->token) {
    case T_STRING: break;
    case T_NUMBER: lua_pushnumber(p->L, p->number); break;
    case T_BOOLEAN: lua_pushboolean(p->L, p->boolean); break;
    case T_NULL: lua_pushlightuserdata(p->L, NULL); break;
    case T_OBJ_BEGIN: push_object(p); break;
    case T_ARR_BEGIN: push_array(p); break;
    default: unexpected(p, "value");
  }
}

static int cjson_decode(lua_State *L) {
  size_t length;
  Parser parser = {L, settings_of(L), NULL, NULL, 0, T_END, NULL, NULL, 0, 0};
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  parser.start = parser.at = luaL_checklstring(L, 1, &length);
  if (length >= 2 && (parser.start[0] == '\0' || parser.start[1] == '\0'))
    return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
  vm_spend(L, (int)(length >> 4));
  next_token(&parser);
  push_token(&parser);
  next_token(&parser);
  if (parser.token != T_END) unexpected(&parser, "the end");
  lua_settop(L, 2);
  return 1;
}

/* ---- settings ---- */

static Settings *option(lua_State *L, int count) {
  luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
  lua_settop(L, count);
  return settings_of(L);
}

/* Each of these sets the value if the argument is there, and pushes what it is then. */
static void integer_option(lua_State *L, int index, int *value, int min, int max) {
  char message[64];
  if (!lua_isnil(L, index)) {
    int given = luaL_checkint(L, index);
    snprintf(message, sizeof message, "expected integer between %d and %d", min, max);
    luaL_argcheck(L, min <= given && given <= max, index, message);
    *value = given;
  }
  lua_pushinteger(L, *value);
}

static void choice_option(lua_State *L, int index, int *value, int with_null) {
  static const char *const names[] = {"off", "on", NULL};
  static const char *const names_with_null[] = {"off", "on", "null", NULL};
  if (lua_isboolean(L, index)) *value = lua_toboolean(L, index);
  else if (!lua_isnil(L, index)) *value = luaL_checkoption(L, index, NULL, with_null ? names_with_null : names);
  if (*value == INVALID_NULL) lua_pushliteral(L, "null");
  else lua_pushboolean(L, *value);
}

static int cjson_encode_sparse_array(lua_State *L) {
  Settings *settings = option(L, 3);
  choice_option(L, 1, &settings->sparse_convert, 0);
  integer_option(L, 2, &settings->sparse_ratio, 0, 2147483647);
  integer_option(L, 3, &settings->sparse_safe, 0, 2147483647);
  return 3;
}

static int cjson_encode_max_depth(lua_State *L) {
  integer_option(L, 1, &option(L, 1)->encode_depth_max, 1, 2147483647);
  return 1;
}

static int cjson_decode_max_depth(lua_State *L) {
  integer_option(L, 1, &option(L, 1)->decode_depth_max, 1, 2147483647);
  return 1;
}

static int cjson_encode_number_precision(lua_State *L) {
  integer_option(L, 1, &option(L, 1)->precision, 1, 14);
  return 1;
}

static int cjson_encode_keep_buffer(lua_State *L) {
  choice_option(L, 1, &option(L, 1)->keep_buffer, 0);
  return 1;
}

static int cjson_encode_invalid_numbers(lua_State *L) {
  choice_option(L, 1, &option(L, 1)->encode_invalid, 1);
  return 1;
}

static int cjson_decode_invalid_numbers(lua_State *L) {
  choice_option(L, 1, &option(L, 1)->decode_invalid, 0);
  return 1;
}

static int cjson_new(lua_State *L);

static const luaL_Reg functions[] = {
    {"encode", cjson_encode},
    {"decode", cjson_decode},
    {"encode_sparse_array", cjson_encode_sparse_array},
    {"encode_max_depth", cjson_encode_max_depth},
    {"decode_max_depth", cjson_decode_max_depth},
    {"encode_number_precision", cjson_encode_number_precision},
    {"encode_keep_buffer", cjson_encode_keep_buffer},
    {"encode_invalid_numbers", cjson_encode_invalid_numbers},
    {"decode_invalid_numbers", cjson_decode_invalid_numbers},
    {"new", cjson_new},
    {NULL, NULL},
};

static int cjson_new(lua_State *L) {
  Settings *settings;
  lua_newtable(L);
  settings = lua_newuserdata(L, sizeof *settings);
  *settings = DEFAULTS;
  luaI_openlib(L, NULL, functions, 1);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, "cjson");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "2.1.0");
  lua_setfield(L, -2, "_VERSION");
  return 1;
}

int cjson_open(lua_State *L) {
  cjson_new(L);
  lua_getfield(L, -1, "encode");
  lua_getupvalue(L, -1, 1);
  shared = lua_touserdata(L, -1);
  lua_pop(L, 2);
  return 1;
}
