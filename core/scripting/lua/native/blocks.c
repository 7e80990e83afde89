/* Blocks -- Lua's memory.
 *
 * Lua says how large a block was when it gives it back, so small blocks need no header: they come from free lists, one
 * for each multiple of 8 bytes, which are filled by cutting up a larger piece.
 *
 *      free[3] (24 bytes)   [ . ]-->[ . ]-->[ . ]-->0        taking and giving: a few instructions
 *
 * What is larger than SMALL_MAX goes to malloc. Pieces are not given back: the memory of the instance never shrinks. */

#include <stdlib.h>

#include "vm.h"

#define SMALL_MAX 256
#define PIECE 16384

typedef struct Free {
  struct Free *next;
} Free;

static Free *lists[SMALL_MAX / 8 + 1];

static void *refill(size_t class) {
  size_t size = class * 8;
  char *piece = malloc(PIECE), *end;
  if (piece == NULL) return NULL;
  end = piece + PIECE / size * size;
  for (char *at = piece + size; at < end; at += size) {
    ((Free *)at)->next = lists[class];
    lists[class] = (Free *)at;
  }
  return piece;
}

static void *take(size_t class) {
  Free *block = lists[class];
  if (block == NULL) return refill(class);
  lists[class] = block->next;
  return block;
}

static void give(void *block, size_t class) {
  ((Free *)block)->next = lists[class];
  lists[class] = block;
}

void *vm_realloc(void *block, size_t old_size, size_t size) {
  size_t old_class = (old_size + 7) / 8, class = (size + 7) / 8;
  void *moved;
  if (old_size == 0) return size == 0 ? NULL : size <= SMALL_MAX ? take(class) : malloc(size);
  if (size == 0) {
    if (old_size <= SMALL_MAX) give(block, old_class);
    else free(block);
    return NULL;
  }
  if (old_size > SMALL_MAX && size > SMALL_MAX) return realloc(block, size);
  if (old_class == class && size <= SMALL_MAX) return block;
  moved = size <= SMALL_MAX ? take(class) : malloc(size);
  if (moved == NULL) return old_size >= size ? block : NULL;
  memcpy(moved, block, old_size < size ? old_size : size);
  if (old_size <= SMALL_MAX) give(block, old_class);
  else free(block);
  return moved;
}
