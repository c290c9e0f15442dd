/* arena.c: bump allocation in chunks; everything is dropped at once.
 *
 *   chunks   [header|object|object|pad|object|......free......]  ->  [header|....free....]  ->  ...
 *                                            ^ cursor, `room` bytes   kept by reset, filled next
 *   blocks   [header|one big object]  <->  [header|one big object]
 *
 * Small objects are bumped out of the current chunk. An object of BLOCK_BYTES or more always sits in a
 * block of its own, so that its size alone tells where it is: a block is resized by the system, which
 * remaps pages, and a vector that doubles does not leave its old copies behind. A smaller object grows
 * in place while it is the last one of its chunk. An allocation is a few instructions; all others are
 * constant too, except for the bytes they copy or zero. */
#include "vmemrt.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/os.h"

#define DEFAULT_ALIGNMENT ((size_t)16)
#define DEFAULT_CHUNK_BYTES ((size_t)64 << 10)
#define LEAST_CHUNK_BYTES ((size_t)1 << 10)
#define GROWN_CHUNK_BYTES ((size_t)4 << 20) /* chunks double up to this */
#define BLOCK_BYTES ((size_t)128 << 10)     /* from here on an object has a block of its own */
#define LARGEST_REQUEST (SIZE_MAX / 4)      /* sums of a few such numbers do not overflow */

typedef struct chunk {
  struct chunk *next;
  size_t bytes; /* as obtained from the system, this header included */
} chunk;

/* Stands right below the object, at the object's address minus BLOCK_HEADER_BYTES. */
typedef struct block {
  struct block *next, *previous;
  char *base;       /* what the system gave; the header follows it, maybe after padding */
  size_t bytes;     /* as obtained from the system */
  size_t alignment; /* of the object */
} block;

#define CHUNK_HEADER_BYTES ((sizeof(chunk) + DEFAULT_ALIGNMENT - 1) / DEFAULT_ALIGNMENT * DEFAULT_ALIGNMENT)
#define BLOCK_HEADER_BYTES ((sizeof(block) + DEFAULT_ALIGNMENT - 1) / DEFAULT_ALIGNMENT * DEFAULT_ALIGNMENT)

struct vmr_arena {
  char *cursor;            /* the first free byte of the current chunk */
  size_t room;             /* free bytes from there */
  chunk *first, *current;  /* chunks after `current` are empty */
  block *blocks;           /* newest first */
  size_t next_chunk_bytes; /* the size of the next new chunk */
  size_t used, reserved;   /* bytes of objects; bytes of chunks and blocks */
  size_t limit;            /* on `reserved` */
  vmr_status status;       /* the first failure */
};

static void *fail(vmr_arena *arena, vmr_status status) {
  if (arena->status == VMR_OK) arena->status = status;
  return NULL;
}

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

/* Bytes from `address` to the next multiple of `alignment`. */
static size_t padding(const char *address, size_t alignment) { return (size_t)(-(uintptr_t)address & (alignment - 1)); }

/* What an object takes of its chunk. */
static size_t footprint(size_t bytes) { return (bytes != 0 ? bytes : 1) + VMR_REDZONE_BYTES; }

#ifndef NDEBUG
/* The books agree with the lists. */
static bool arena_is_valid(const vmr_arena *arena) {
  size_t reserved = 0;
  for (const chunk *each = arena->first; each != NULL; each = each->next) reserved += each->bytes;
  for (const block *each = arena->blocks; each != NULL; each = each->next) {
    if (each->next != NULL && each->next->previous != each) return false;
    reserved += each->bytes;
  }
  if (reserved != arena->reserved || arena->used > arena->reserved) return false;
  if (arena->current == NULL) return arena->cursor == NULL && arena->room == 0;
  return arena->cursor + arena->room == (const char *)arena->current + arena->current->bytes;
}
#endif

vmr_arena *vmr_arena_create(size_t chunk_bytes) {
  vmr_arena *arena = vmr_os_alloc_zeroed(sizeof *arena);
  if (arena == NULL) return NULL;
  if (chunk_bytes == 0) chunk_bytes = DEFAULT_CHUNK_BYTES;
  arena->next_chunk_bytes = chunk_bytes > LEAST_CHUNK_BYTES ? chunk_bytes : LEAST_CHUNK_BYTES;
  arena->limit = SIZE_MAX;
  return arena;
}

static void free_blocks(vmr_arena *arena) {
  for (block *each = arena->blocks, *next; each != NULL; each = next) {
    next = each->next;
    arena->reserved -= each->bytes;
    vmr_os_free(each->base);
  }
  arena->blocks = NULL;
}

void vmr_arena_destroy(vmr_arena *arena) {
  if (arena == NULL) return;
  assert(arena_is_valid(arena));
  free_blocks(arena);
  for (chunk *each = arena->first, *next; each != NULL; each = next) {
    next = each->next;
    vmr_os_free(each);
  }
  vmr_os_free(arena);
}

void vmr_arena_set_limit(vmr_arena *arena, size_t bytes) { arena->limit = bytes; }

/* How many more bytes may be asked of the system. */
static size_t allowance(const vmr_arena *arena) {
  return arena->limit > arena->reserved ? arena->limit - arena->reserved : 0;
}

/* ---- chunks ---- */

static void enter_chunk(vmr_arena *arena, chunk *entered) {
  arena->current = entered;
  arena->cursor = (char *)entered + CHUNK_HEADER_BYTES;
  arena->room = entered->bytes - CHUNK_HEADER_BYTES;
  vmr_os_poison(arena->cursor, arena->room);
}

/* Makes an empty chunk with `wanted` free bytes the current one: the next that reset kept, or a new one. */
static bool advance_chunk(vmr_arena *arena, size_t wanted) {
  chunk *after = arena->current != NULL ? arena->current->next : arena->first;
  if (after != NULL && after->bytes - CHUNK_HEADER_BYTES >= wanted) {
    enter_chunk(arena, after);
    return true;
  }
  size_t least = wanted + CHUNK_HEADER_BYTES, bytes = arena->next_chunk_bytes;
  if (bytes > allowance(arena)) bytes = allowance(arena); /* near the limit, smaller chunks will do */
  if (bytes < least) bytes = least;
  chunk *fresh = bytes <= allowance(arena) ? vmr_os_alloc(bytes) : NULL;
  if (fresh == NULL) return false;
  fresh->bytes = bytes;
  fresh->next = after;
  if (arena->current != NULL) {
    arena->current->next = fresh;
  } else {
    arena->first = fresh;
  }
  arena->reserved += bytes;
  if (arena->next_chunk_bytes < GROWN_CHUNK_BYTES) arena->next_chunk_bytes *= 2;
  enter_chunk(arena, fresh);
  assert(arena_is_valid(arena));
  return true;
}

/* A small object. Its bytes and alignment are below BLOCK_BYTES. */
static void *alloc_small(vmr_arena *arena, size_t bytes, size_t alignment) {
  size_t size = footprint(bytes);
  if (VMR_REDZONE_BYTES != 0 && alignment < 8) alignment = 8; /* the sanitizer's granule */
  size_t skip = padding(arena->cursor, alignment);
  if (skip + size > arena->room) {
    if (!advance_chunk(arena, size + alignment - 1)) return fail(arena, VMR_OUT_OF_MEMORY);
    skip = padding(arena->cursor, alignment);
  }
  char *object = arena->cursor + skip;
  arena->cursor = object + size;
  arena->room -= skip + size;
  arena->used += bytes;
  vmr_os_unpoison(object, bytes != 0 ? bytes : 1);
  return object;
}

static bool is_last_object(const vmr_arena *arena, const char *object, size_t bytes) {
  return object + footprint(bytes) == arena->cursor;
}

/* ---- blocks ---- */

static block *block_of(char *object) { return (block *)(void *)(object - BLOCK_HEADER_BYTES); }

/* Puts a block that is new, or was moved, where its neighbours find it. */
static void link_block(vmr_arena *arena, block *linked) {
  if (linked->next != NULL) linked->next->previous = linked;
  if (linked->previous != NULL) {
    linked->previous->next = linked;
  } else {
    arena->blocks = linked;
  }
}

static void free_block(vmr_arena *arena, block *freed) {
  if (freed->next != NULL) freed->next->previous = freed->previous;
  if (freed->previous != NULL) {
    freed->previous->next = freed->next;
  } else {
    arena->blocks = freed->next;
  }
  arena->reserved -= freed->bytes;
  vmr_os_free(freed->base);
}

static void *alloc_block(vmr_arena *arena, size_t bytes, size_t alignment, bool zeroed) {
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return fail(arena, VMR_OUT_OF_MEMORY);
  if (alignment < DEFAULT_ALIGNMENT) alignment = DEFAULT_ALIGNMENT;
  size_t total = BLOCK_HEADER_BYTES + alignment - 1 + (bytes != 0 ? bytes : 1);
  if (total > allowance(arena)) return fail(arena, VMR_OUT_OF_MEMORY);
  char *base = zeroed ? vmr_os_alloc_zeroed(total) : vmr_os_alloc(total);
  if (base == NULL) return fail(arena, VMR_OUT_OF_MEMORY);
  char *object = base + BLOCK_HEADER_BYTES;
  object += padding(object, alignment);
  *block_of(object) = (block){.next = arena->blocks, .base = base, .bytes = total, .alignment = alignment};
  link_block(arena, block_of(object));
  arena->reserved += total;
  arena->used += bytes;
  assert(arena_is_valid(arena));
  return object;
}

/* Grows an object whose block the system cannot resize, for its alignment: by a copy. */
static void *grow_aligned_block(vmr_arena *arena, char *old, size_t old_bytes, size_t new_bytes) {
  void *grown = alloc_block(arena, new_bytes, block_of(old)->alignment, false);
  if (grown == NULL) return NULL;
  memcpy(grown, old, old_bytes);
  free_block(arena, block_of(old));
  arena->used -= old_bytes;
  return grown;
}

static void *grow_block(vmr_arena *arena, char *old, size_t old_bytes, size_t new_bytes) {
  block *header = block_of(old);
  size_t distance = (size_t)(old - header->base), extra = new_bytes - old_bytes;
  if (header->alignment > _Alignof(max_align_t)) return grow_aligned_block(arena, old, old_bytes, new_bytes);
  if (new_bytes > LARGEST_REQUEST || extra > allowance(arena)) return fail(arena, VMR_OUT_OF_MEMORY);
  char *base = vmr_os_resize(header->base, header->bytes + extra);
  if (base == NULL) return fail(arena, VMR_OUT_OF_MEMORY);
  char *grown = base + distance;
  header = block_of(grown);
  header->base = base;
  header->bytes += extra;
  link_block(arena, header);
  arena->reserved += extra;
  arena->used += extra;
  assert(arena_is_valid(arena));
  return grown;
}

/* ---- the public functions ---- */

void *vmr_arena_alloc(vmr_arena *arena, size_t bytes) {
  return vmr_arena_alloc_aligned(arena, bytes, DEFAULT_ALIGNMENT);
}

void *vmr_arena_alloc_aligned(vmr_arena *arena, size_t bytes, size_t alignment) {
  if (!is_power_of_two(alignment)) return fail(arena, VMR_INVALID_ARGUMENT);
  if (bytes >= BLOCK_BYTES || alignment >= BLOCK_BYTES) return alloc_block(arena, bytes, alignment, false);
  return alloc_small(arena, bytes, alignment);
}

void *vmr_arena_alloc_array(vmr_arena *arena, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return fail(arena, VMR_SIZE_OVERFLOW);
  size_t bytes = count * size;
  if (bytes >= BLOCK_BYTES) return alloc_block(arena, bytes, DEFAULT_ALIGNMENT, true);
  void *array = alloc_small(arena, bytes, DEFAULT_ALIGNMENT);
  return array != NULL ? memset(array, 0, bytes) : NULL;
}

void *vmr_arena_grow(vmr_arena *arena, void *old, size_t old_bytes, size_t new_bytes) {
  if (old == NULL) return vmr_arena_alloc(arena, new_bytes);
  if (new_bytes <= old_bytes) return old;
  if (old_bytes >= BLOCK_BYTES) return grow_block(arena, old, old_bytes, new_bytes);
  bool last = is_last_object(arena, old, old_bytes);
  if (last && new_bytes < BLOCK_BYTES && footprint(new_bytes) - footprint(old_bytes) <= arena->room) {
    arena->cursor = (char *)old + footprint(new_bytes);
    arena->room -= footprint(new_bytes) - footprint(old_bytes);
    arena->used += new_bytes - old_bytes;
    vmr_os_unpoison(old, new_bytes);
    return old;
  }
  void *grown = vmr_arena_alloc(arena, new_bytes);
  if (grown == NULL) return NULL;
  memcpy(grown, old, old_bytes);
  if (last && new_bytes >= BLOCK_BYTES) { /* it left for a block: its place in the chunk is free again */
    arena->cursor = old;
    arena->room += footprint(old_bytes);
    arena->used -= old_bytes;
    vmr_os_poison(arena->cursor, arena->room);
  }
  return grown;
}

char *vmr_arena_copy_text(vmr_arena *arena, const char *text, size_t length) {
  if (length == SIZE_MAX) return fail(arena, VMR_SIZE_OVERFLOW);
  char *copy = vmr_arena_alloc_aligned(arena, length + 1, 1);
  if (copy == NULL) return NULL;
  if (length != 0) memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

void vmr_arena_reset(vmr_arena *arena) {
  assert(arena_is_valid(arena));
  free_blocks(arena);
  for (chunk *each = arena->first; each != NULL; each = each->next) {
    vmr_os_poison((char *)each + CHUNK_HEADER_BYTES, each->bytes - CHUNK_HEADER_BYTES);
  }
  if (arena->first != NULL) enter_chunk(arena, arena->first);
  arena->used = 0;
  arena->status = VMR_OK;
}

size_t vmr_arena_used_bytes(const vmr_arena *arena) { return arena->used; }

size_t vmr_arena_reserved_bytes(const vmr_arena *arena) { return arena->reserved; }

vmr_status vmr_arena_status(const vmr_arena *arena) { return arena->status; }
