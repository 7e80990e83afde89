/* The floor under Lua: what the patched sources of Lua call instead of the C library and the system.
 *
 * Everything below is one machine per WebAssembly instance, so its state is plain globals.
 *
 *   errors    Lua throws by vm_throw, which the host turns into a JavaScript exception, and vm_try catches it. So no
 *             setjmp is needed, and no frame of C is left half done.
 *   work      vm_budget counts down with every jump back, call, and with what C functions do in one go (matching,
 *             sorting, allocating). At zero vm_tick asks the host, who looks at the clock: go on, suspend, or kill.
 *             That happens in the interpreter's loop, where a thread can be suspended. A C function that may work for
 *             long goes into debt instead, and asks whenever the debt is a whole budget more: so when it returns the
 *             loop asks at once, and a script of many short calls can be suspended like any other.
 *   memory    vm_memory_max is the limit; beyond it Lua raises "not enough memory".
 *   numbers   conversions that C leaves undefined, or that depend on the width of long, done as x86-64 does them. */

#ifndef vm_h
#define vm_h

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lua_State;

#define VM_IMPORT(name) __attribute__((import_module("host"), import_name(#name)))
#define VM_EXPORT(name) __attribute__((export_name(#name), used))

/* Run f(L, ud); what it throws ends here. */
VM_IMPORT(try) void vm_try(void (*f)(struct lua_State *, void *), struct lua_State *L, void *ud);
VM_IMPORT(throw) __attribute__((noreturn)) void vm_throw(void);

/* Units of work between two looks at the clock: well below a millisecond. */
#define VM_BUDGET (1 << 16)
extern int vm_budget;
extern int vm_killed;
extern int vm_suspending;
extern unsigned long vm_memory_max;

/* The budget is gone, in the interpreter's loop. Returns 1 if the thread is suspended: leave at once. Throws if killed. */
int vm_tick(struct lua_State *L);
/* The same inside a C function, where suspending is impossible. */
void vm_tick_nested(struct lua_State *L);

#define vm_spend(L, n) \
  { if ((vm_budget -= (n)) <= -VM_BUDGET) vm_tick_nested(L); }

/* Allocate, resize, or free when the size is 0. */
void *vm_realloc(void *block, size_t old_size, size_t size);

/* As sprintf "%.14g"; returns the length. */
int vm_number_to_text(char *text, double number);
/* As strtod and strtoull in the C locale. */
double vm_text_to_number(const char *text, char **end);
unsigned long long vm_strtoull(const char *text, char **end, int base);

static inline int vm_double_to_int(double d) {
  return (d > -2147483649.0 && d < 2147483648.0) ? (int)d : (int)0x80000000;
}

static inline long long vm_double_to_integer(double d) {
  return (d >= -9223372036854775808.0 && d < 9223372036854775808.0) ? (long long)d : (long long)0x8000000000000000ull;
}

static inline unsigned long long vm_double_to_unsigned(double d) {
  if (!(d >= 9223372036854775808.0)) return (unsigned long long)vm_double_to_integer(d);
  return (unsigned long long)vm_double_to_integer(d - 9223372036854775808.0) ^ 0x8000000000000000ull;
}

#endif
