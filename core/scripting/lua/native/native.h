/* What the files of this folder offer each other. The machine has one owner, the host in TypeScript (../machine.ts);
 * host.c is the door between the two. */

#ifndef native_h
#define native_h

#include "lua.h"
#include "vm.h"

/* Bytes that grow. The owner is C; the host reads and writes them in place. */
typedef struct Bytes {
  char *data;
  int32_t length;
  int32_t capacity;
} Bytes;

/* Make room for `size` more bytes. Raises "not enough memory" in L. */
void bytes_reserve(lua_State *L, Bytes *bytes, size_t size);
void bytes_add(lua_State *L, Bytes *bytes, const void *data, size_t size);
static inline void bytes_add_char(lua_State *L, Bytes *bytes, char c) {
  if (bytes->length == bytes->capacity) bytes_reserve(L, bytes, 1);
  bytes->data[bytes->length++] = c;
}

/* host.c */
extern Bytes vm_out;    /* replies and error texts, for the host */
extern Bytes vm_reply;  /* what a command replied, from the host */
extern int vm_resp;     /* the protocol that redis.call speaks: 2, or 3 after redis.setresp(3) */

/* sandbox.c */
extern int vm_loading;  /* a library of functions is being loaded */
void open_globals(lua_State *L, int functions, const char *version, size_t version_length);
/* Let functions see the few globals of loading, or all. */
void show_globals(lua_State *L, int loading);

/* reply.c: wire to Lua, and Lua to wire */
void reply_push(lua_State *L, const char *data, size_t length);
void reply_write(lua_State *L, int client_resp);

/* redis.c */
int push_error(lua_State *L, const char *text, size_t length);
void redis_open(lua_State *L, int functions, const char *version, size_t version_length);
void redis_open_loading(lua_State *L, const char *version, size_t version_length);

/* number.c */
int vm_integer_to_text(char *text, long long number);

/* The libraries: each adds to, or makes, the table on top of the stack. */
void random_open(lua_State *L);
int cjson_open(lua_State *L);
void cjson_reset(void);
int cmsgpack_open(lua_State *L);
int bit_open(lua_State *L);
int struct_open(lua_State *L);

#endif
