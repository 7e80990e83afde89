/* Functions that the C library has, done better for this machine.
 *
 *   sbrk     grows the memory in large steps: each growth gives JavaScript a new ArrayBuffer, which is dear
 *   memcpy   eight bytes at a time while short; the instruction for it is a call into the runtime (some 10 ns), which
 *            pays from about a hundred bytes on. memset likewise
 *   memcmp   eight bytes at a time, where the library's goes byte by byte */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 65536
#define STEP_MIN 16u /* pages */

void *sbrk(intptr_t increment) {
  static uintptr_t end;
  uintptr_t old, size = __builtin_wasm_memory_size(0) * PAGE;
  if (end == 0) end = size;
  old = end;
  if (increment == 0) return (void *)old;
  if (increment < 0 || old + (uintptr_t)increment < old) goto none;
  if (old + (uintptr_t)increment > size) {
    size_t needed = (old + (uintptr_t)increment - size + PAGE - 1) / PAGE, step = size / PAGE / 4;
    if (step < STEP_MIN) step = STEP_MIN;
    if (step < needed) step = needed;
    if (__builtin_wasm_memory_grow(0, step) == (size_t)-1 && __builtin_wasm_memory_grow(0, needed) == (size_t)-1)
      goto none;
  }
  end = old + (uintptr_t)increment;
  return (void *)old;
none:
  errno = ENOMEM;
  return (void *)-1;
}

/* From here on the instruction is worth its call. */
#define BULK_MIN 128

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
  uint8_t *out = to;
  const uint8_t *in = from;
  if (length >= BULK_MIN) {
    __asm__("local.get %0\n local.get %1\n local.get %2\n memory.copy 0, 0" : : "r"(to), "r"(from), "r"(length) : "memory");
    return to;
  }
  for (; length >= 8; length -= 8, in += 8, out += 8) {
    uint64_t word;
    __builtin_memcpy(&word, in, 8);
    __builtin_memcpy(out, &word, 8);
  }
  for (; length > 0; length--) *out++ = *in++;
  return to;
}

void *memset(void *to, int byte, size_t length) {
  uint8_t *out = to;
  if (length >= BULK_MIN) {
    __asm__("local.get %0\n local.get %1\n local.get %2\n memory.fill 0" : : "r"(to), "r"(byte), "r"(length) : "memory");
    return to;
  }
  for (; length > 0; length--) *out++ = (uint8_t)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t length) {
  const uint8_t *left = a, *right = b;
  for (; length >= 8; length -= 8, left += 8, right += 8) {
    uint64_t x, y;
    __builtin_memcpy(&x, left, 8);
    __builtin_memcpy(&y, right, 8);
    if (x != y) return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
  }
  for (; length > 0; length--, left++, right++)
    if (*left != *right) return *left - *right;
  return 0;
}
