/* arena.c: bump allocation in chunks; everything is dropped at once.
 *
 *   chunks   [header|object|object|pad|object|....free....|text|text]  ->  [header|....free....]  ->  ...
 *                                             ^ cursor    ^ top            kept by reset, filled next
 *                                             [window ]^ limit
 *   blocks   [header|one big object]  <->  [header|one big object]
 *
 * Objects that are aligned to 16 are bumped upward, all others downward from the chunk's end, so that the cursor is
 * always aligned and texts lie packed. The inline path takes bytes up to `limit`, which never stands further than
 * WINDOW_BYTES ahead: so an object of BLOCK_BYTES or more comes here although nobody compared its size. It sits in a
 * block of its own, so that its size alone tells where it is: a block is resized by the system, which remaps pages,
 * and a vector that doubles does not leave its old copies behind. A smaller object grows in place while it is the
 * last one of its chunk. Where single objects must be looked at (see runtime/context.h), the window is empty and all
 * of them come here. An allocation is a few instructions; all others are constant too, except for the bytes they copy
 * or zero. */
#include "runtime/arena.h"

#include <assert.h>
#include <string.h>

#include "runtime/os.h"

#define DEFAULT_CHUNK_BYTES ((size_t)64 << 10)
#define LEAST_CHUNK_BYTES ((size_t)1 << 10)
#define GROWN_CHUNK_BYTES ((size_t)4 << 20) /* chunks double up to this */
#define PAGES_BYTES ((size_t)2 << 20)       /* from here on a chunk is made of pages, huge ones if it can be */
#define BLOCK_BYTES ((size_t)128 << 10)     /* from here on an object has a block of its own */
#define WINDOW_BYTES (BLOCK_BYTES - VMR_ARENA_ALIGNMENT)
#define LARGEST_REQUEST (SIZE_MAX / 4) /* sums of a few such numbers do not overflow */
#define ZONE_BYTES ((size_t)16)        /* between objects, when AddressSanitizer or Valgrind watches */

void *vmr_arena_fail(vmr_arena_body *body, vmr_status status) {
  if (body->status == VMR_OK) body->status = status;
  return NULL;
}

void *vmr_arena_refuse(vmr_arena_body *body, vmr_status status, bool is_limit) {
  vmr_ctx_count_refusal(body->handle.ctx, VMR_KIND_ARENA, is_limit && !body->is_fixed);
  return vmr_arena_fail(body, status);
}

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

static char *chunk_begin(const vmr_chunk *chunk) { return (char *)(uintptr_t)chunk + VMR_CHUNK_HEADER_BYTES; }

static char *chunk_end(const vmr_chunk *chunk) { return (char *)(uintptr_t)chunk + chunk->bytes; }

void vmr_arena_set_cursor(vmr_arena_body *body, char *cursor, char *top) {
  size_t window = body->is_checked ? 0 : (size_t)(top - cursor) & ~(VMR_ARENA_ALIGNMENT - 1);
  VMR_PUBLISH(body->top, top);
  VMR_PUBLISH(body->open.cursor, cursor);
  body->open.limit = cursor + (window < WINDOW_BYTES ? window : WINDOW_BYTES);
}

void vmr_arena_set_current(vmr_arena_body *body, vmr_chunk *chunk) {
  VMR_PUBLISH(body->current, chunk);
  VMR_PUBLISH(body->capacity, chunk != NULL ? (size_t)(chunk_end(chunk) - chunk_begin(chunk)) : 0);
}

/* Another thread may count, and the chunks may go meanwhile: none is looked into. */
size_t vmr_arena_count_used(const vmr_arena_body *body) {
  size_t room = (size_t)(VMR_PEEK(body->top) - VMR_PEEK(body->open.cursor));
  return VMR_PEEK(body->taken) + VMR_PEEK(body->in_blocks) + VMR_PEEK(body->capacity) - room;
}

/* ---- creation ---- */

static void start(vmr_arena_body *body, vmr_ctx *ctx, size_t chunk_bytes) {
  memset(body, 0, sizeof *body);
  body->next_chunk_bytes = chunk_bytes > LEAST_CHUNK_BYTES ? VMR_ROUND_UP(chunk_bytes) : LEAST_CHUNK_BYTES;
  if (chunk_bytes > PAGES_BYTES) body->next_chunk_bytes = (chunk_bytes + PAGES_BYTES - 1) & ~(PAGES_BYTES - 1);
  body->limit_bytes = SIZE_MAX;
  body->is_checked = vmr_ctx_is_checked(ctx);
  body->is_guarded = vmr_ctx_is_guarded(ctx);
  body->zone = vmr_os_is_watched() ? ZONE_BYTES : 0;
  vmr_ctx_add_handle(ctx, &body->handle, VMR_KIND_ARENA);
}

vmr_status vmr_arena_open(vmr_arena **arena, vmr_ctx *ctx, size_t chunk_bytes) {
  if (arena == NULL) return VMR_INVALID_ARGUMENT;
  *arena = NULL;
  if (chunk_bytes > LARGEST_REQUEST) return VMR_INVALID_ARGUMENT;
  vmr_arena_body *body = vmr_ctx_obtain(ctx, VMR_KIND_ARENA, sizeof *body);
  if (body == NULL) return VMR_OUT_OF_MEMORY;
  start(body, ctx, chunk_bytes != 0 ? chunk_bytes : DEFAULT_CHUNK_BYTES);
  *arena = &body->open;
  return VMR_OK;
}

vmr_arena *vmr_arena_create(size_t chunk_bytes) {
  vmr_arena *arena = NULL;
  return vmr_arena_open(&arena, NULL, chunk_bytes) == VMR_OK ? arena : NULL;
}

static void enter_chunk(vmr_arena_body *body, vmr_chunk *entered) {
  vmr_arena_set_current(body, entered);
  vmr_arena_set_cursor(body, chunk_begin(entered), chunk_end(entered));
  vmr_os_poison(chunk_begin(entered), entered->bytes - VMR_CHUNK_HEADER_BYTES);
}

vmr_status vmr_arena_open_in(vmr_arena **arena, vmr_ctx *ctx, void *buffer, size_t bytes, bool fixed) {
  if (arena == NULL) return VMR_INVALID_ARGUMENT;
  *arena = NULL;
  if (buffer == NULL) return VMR_INVALID_ARGUMENT;
  size_t skip = vmr_padding(buffer, VMR_ARENA_ALIGNMENT), head = VMR_ROUND_UP(sizeof(vmr_arena_body));
  if (bytes < skip + head + VMR_CHUNK_HEADER_BYTES || bytes > LARGEST_REQUEST) return VMR_INVALID_ARGUMENT;
  vmr_arena_body *body = (void *)((char *)buffer + skip);
  vmr_chunk *chunk = (void *)((char *)body + head);
  start(body, ctx, DEFAULT_CHUNK_BYTES);
  body->is_in_buffer = true;
  body->is_fixed = fixed;
  *chunk = (vmr_chunk){.bytes = bytes - skip - head, .is_given = true};
  body->first = chunk;
  body->given = chunk->bytes;
  enter_chunk(body, chunk);
  *arena = &body->open;
  return VMR_OK;
}

static void release_chunk(vmr_arena_body *body, vmr_chunk *chunk) {
  vmr_os_unpoison(chunk_begin(chunk), chunk->bytes - VMR_CHUNK_HEADER_BYTES);
  if (chunk->is_given) return;
  VMR_PUBLISH(body->reserved, body->reserved - chunk->bytes);
  if (chunk->is_pages) {
    vmr_ctx_release_pages(body->handle.ctx, VMR_KIND_ARENA, chunk, chunk->bytes);
  } else {
    vmr_ctx_release(body->handle.ctx, VMR_KIND_ARENA, chunk, chunk->bytes);
  }
}

void vmr_arena_destroy(vmr_arena *arena) {
  if (arena == NULL) return;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  vmr_arena_reset(arena);
  vmr_ctx_remove_handle(&body->handle);
  for (vmr_chunk *each = body->first, *next; each != NULL; each = next) {
    next = each->next;
    release_chunk(body, each);
  }
  if (!body->is_in_buffer) vmr_ctx_release(body->handle.ctx, VMR_KIND_ARENA, body, sizeof *body);
}

void vmr_arena_set_limit(vmr_arena *arena, size_t bytes) {
  if (arena == NULL) return;
  vmr_arena_body_of(arena)->limit_bytes = bytes;
}

/* How many more bytes may be asked of the system. */
static size_t allowance(const vmr_arena_body *body) {
  if (body->is_fixed) return 0;
  return body->limit_bytes > body->reserved ? body->limit_bytes - body->reserved : 0;
}

/* ---- chunks ---- */

static vmr_chunk *obtain_chunk(vmr_arena_body *body, size_t bytes) {
  vmr_ctx *ctx = body->handle.ctx;
  bool is_pages = bytes % PAGES_BYTES == 0 && vmr_ctx_has_pages(ctx);
  vmr_chunk *chunk =
      is_pages ? vmr_ctx_obtain_pages(ctx, VMR_KIND_ARENA, bytes) : vmr_ctx_obtain(ctx, VMR_KIND_ARENA, bytes);
  if (chunk != NULL) *chunk = (vmr_chunk){.bytes = bytes, .is_pages = is_pages};
  return chunk;
}

/* From PAGES_BYTES on, chunks are a multiple of it. */
static size_t whole_pages(size_t bytes) { return bytes > PAGES_BYTES ? bytes & ~(PAGES_BYTES - 1) : bytes; }

/* Makes an empty chunk with `wanted` free bytes the current one: the next that reset kept, or a new one. */
static bool advance_chunk(vmr_arena_body *body, size_t wanted) {
  vmr_chunk *after = body->current != NULL ? body->current->next : body->first;
  if (after == NULL || after->bytes - VMR_CHUNK_HEADER_BYTES < wanted) {
    size_t least = wanted + VMR_CHUNK_HEADER_BYTES, bytes = body->next_chunk_bytes;
    if (bytes > allowance(body)) bytes = whole_pages(allowance(body)); /* near the limit, smaller chunks will do */
    while (bytes > vmr_ctx_room(body->handle.ctx) && bytes / 2 >= least) bytes = VMR_ROUND_UP(bytes / 2);
    if (bytes < least) bytes = least;
    if (bytes > allowance(body)) return vmr_arena_refuse(body, VMR_OUT_OF_MEMORY, true) != NULL;
    vmr_chunk *fresh = obtain_chunk(body, bytes);
    if (fresh == NULL) return false;
    vmr_chunk **link = body->current != NULL ? &body->current->next : &body->first;
    fresh->next = *link;
    *link = after = fresh;
    VMR_PUBLISH(body->reserved, body->reserved + bytes);
    if (body->next_chunk_bytes < GROWN_CHUNK_BYTES) body->next_chunk_bytes = whole_pages(body->next_chunk_bytes * 2);
  }
  size_t taken = vmr_arena_count_used(body) - body->in_blocks;
  enter_chunk(body, after);
  VMR_PUBLISH(body->taken, taken);
  assert(vmr_arena_books_are_valid(body));
  return true;
}

size_t vmr_arena_trim(vmr_arena *arena) {
  if (arena == NULL) return 0;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  size_t before = body->reserved;
  vmr_chunk **link = body->current != NULL ? &body->current->next : &body->first;
  bool is_empty = body->current != NULL && vmr_arena_count_used(body) == 0 && body->serial == 0;
  if (is_empty && !body->first->is_given) { /* then even the current one */
    link = &body->first;
    vmr_arena_set_current(body, NULL);
    vmr_arena_set_cursor(body, NULL, NULL);
  }
  for (vmr_chunk *next; *link != NULL; *link = next) {
    next = (*link)->next;
    release_chunk(body, *link);
  }
  return before - body->reserved;
}

/* What an object takes of its chunk. */
static size_t footprint(const vmr_arena_body *body, size_t bytes) {
  return VMR_ROUND_UP(bytes != 0 ? bytes : 1) + body->zone;
}

/* An object that is aligned to 16 at least: upward. Its bytes and alignment are below BLOCK_BYTES. */
static void *take_up(vmr_arena_body *body, size_t bytes, size_t alignment) {
  size_t size = footprint(body, bytes), skip = vmr_padding(body->open.cursor, alignment);
  if (skip + size > (size_t)(body->top - body->open.cursor)) {
    if (!advance_chunk(body, size + alignment - VMR_ARENA_ALIGNMENT)) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
    skip = vmr_padding(body->open.cursor, alignment);
  }
  char *object = body->open.cursor + skip;
  vmr_arena_set_cursor(body, object + size, body->top);
  vmr_os_unpoison(object, bytes != 0 ? bytes : 1);
  return object;
}

/* An object of any smaller alignment: downward, without padding. */
static void *take_down(vmr_arena_body *body, size_t bytes, size_t alignment) {
  size_t size = bytes != 0 ? bytes : 1, skip = (uintptr_t)(body->top - size) & (alignment - 1);
  if (size + skip > (size_t)(body->top - body->open.cursor)) {
    if (!advance_chunk(body, size + alignment - 1)) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
    skip = (uintptr_t)(body->top - size) & (alignment - 1);
  }
  vmr_arena_set_cursor(body, body->open.cursor, body->top - size - skip);
  return body->top;
}

static bool is_last_object(const vmr_arena_body *body, const char *object, size_t bytes) {
  return object + footprint(body, bytes) == body->open.cursor;
}

/* ---- blocks ---- */

static vmr_block *block_of(char *object) { return (vmr_block *)(void *)(object - VMR_BLOCK_HEADER_BYTES); }

/* Puts a block that is new, or was moved, where its neighbours find it. */
static void link_block(vmr_arena_body *body, vmr_block *linked) {
  if (linked->next != NULL) linked->next->previous = linked;
  if (linked->previous != NULL) {
    linked->previous->next = linked;
  } else {
    body->blocks = linked;
  }
}

static void free_block(vmr_arena_body *body, vmr_block *freed) {
  if (freed->next != NULL) freed->next->previous = freed->previous;
  if (freed->previous != NULL) {
    freed->previous->next = freed->next;
  } else {
    body->blocks = freed->next;
  }
  VMR_PUBLISH(body->reserved, body->reserved - freed->bytes);
  VMR_PUBLISH(body->in_blocks, body->in_blocks - freed->bytes);
  vmr_ctx_release(body->handle.ctx, VMR_KIND_ARENA, freed->base, freed->bytes);
}

/* The address of a block is no mark, for growing moves it. */
void vmr_arena_free_blocks(vmr_arena_body *body, size_t serial) {
  while (body->blocks != NULL && body->blocks->serial >= serial) free_block(body, body->blocks);
}

/* A block counts as used with all that was obtained for it, so that no size needs to be remembered. */
static void count_block(vmr_arena_body *body, size_t more) {
  VMR_PUBLISH(body->reserved, body->reserved + more);
  VMR_PUBLISH(body->in_blocks, body->in_blocks + more);
}

static void *alloc_block(vmr_arena_body *body, size_t bytes, size_t alignment, bool zeroed) {
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return vmr_arena_refuse(body, VMR_OUT_OF_MEMORY, false);
  if (alignment < VMR_ARENA_ALIGNMENT) alignment = VMR_ARENA_ALIGNMENT;
  size_t total = VMR_BLOCK_HEADER_BYTES + alignment - 1 + (bytes != 0 ? bytes : 1);
  if (total > allowance(body)) return vmr_arena_refuse(body, VMR_OUT_OF_MEMORY, true);
  vmr_ctx *ctx = body->handle.ctx;
  char *base = zeroed ? vmr_ctx_obtain_zeroed(ctx, VMR_KIND_ARENA, total) : vmr_ctx_obtain(ctx, VMR_KIND_ARENA, total);
  if (base == NULL) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
  vmr_ctx_advise_huge(ctx, base, total);
  char *object = base + VMR_BLOCK_HEADER_BYTES;
  object += vmr_padding(object, alignment);
  *block_of(object) = (vmr_block){
      .next = body->blocks, .base = base, .bytes = total, .alignment = alignment, .serial = body->last_serial};
  link_block(body, block_of(object));
  count_block(body, total);
  assert(vmr_arena_books_are_valid(body));
  return object;
}

/* Grows an object whose block the system cannot resize, for its alignment: by a copy. */
static void *grow_aligned_block(vmr_arena_body *body, char *old, size_t old_bytes, size_t new_bytes) {
  void *grown = alloc_block(body, new_bytes, block_of(old)->alignment, false);
  if (grown == NULL) return NULL;
  memcpy(grown, old, old_bytes);
  free_block(body, block_of(old));
  return grown;
}

static void *grow_block(vmr_arena_body *body, char *old, size_t old_bytes, size_t new_bytes) {
  vmr_block *header = block_of(old);
  size_t distance = (size_t)(old - header->base), extra = new_bytes - old_bytes;
  if (header->alignment > _Alignof(max_align_t)) return grow_aligned_block(body, old, old_bytes, new_bytes);
  bool is_limit = extra > allowance(body);
  if (new_bytes > LARGEST_REQUEST || is_limit) return vmr_arena_refuse(body, VMR_OUT_OF_MEMORY, is_limit);
  size_t total = header->bytes;
  char *base = vmr_ctx_resize(body->handle.ctx, VMR_KIND_ARENA, header->base, total, total + extra);
  if (base == NULL) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
  vmr_ctx_advise_huge(body->handle.ctx, base, total + extra);
  char *grown = base + distance;
  header = block_of(grown);
  header->base = base;
  header->bytes += extra;
  link_block(body, header);
  count_block(body, extra);
  assert(vmr_arena_books_are_valid(body));
  return grown;
}

/* ---- objects ---- */

void *vmr_arena_take(vmr_arena_body *body, size_t bytes, size_t alignment) {
  if (bytes >= BLOCK_BYTES || alignment >= BLOCK_BYTES) return alloc_block(body, bytes, alignment, false);
  if (alignment >= VMR_ARENA_ALIGNMENT) return take_up(body, bytes, alignment);
  if (body->zone != 0) return take_up(body, bytes, VMR_ARENA_ALIGNMENT); /* the sanitizer's granule */
  return take_down(body, bytes, alignment);
}

static bool is_admitted(vmr_arena_body *body, size_t bytes) {
  return !body->is_checked || vmr_ctx_admit(body->handle.ctx, VMR_KIND_ARENA, bytes);
}

/* A pressure callback runs between two tries, where the arena is whole: it may use it. */
static void *alloc_any(vmr_arena_body *body, size_t bytes, size_t alignment) {
  vmr_status before = body->status;
  vmr_deferral deferral;
  void *object;
  if (!is_admitted(body, bytes)) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  do {
    body->status = before;
    object =
        body->is_guarded ? vmr_arena_alloc_guarded(body, bytes, alignment) : vmr_arena_take(body, bytes, alignment);
  } while (vmr_ctx_relieve(&deferral, object == NULL));
  return object;
}

static void *grow_or_clear(vmr_arena_body *body, char *old, size_t old_bytes, size_t new_bytes) {
  if (old != NULL) return grow_block(body, old, old_bytes, new_bytes);
  return alloc_block(body, new_bytes, VMR_ARENA_ALIGNMENT, true);
}

/* The same for a block that grows (or, without one, a zeroed one). */
static void *resize_any(vmr_arena_body *body, char *old, size_t old_bytes, size_t new_bytes) {
  vmr_status before = body->status;
  vmr_deferral deferral;
  void *object;
  if (!is_admitted(body, new_bytes)) return vmr_arena_fail(body, VMR_OUT_OF_MEMORY);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  do {
    body->status = before;
    object = grow_or_clear(body, old, old_bytes, new_bytes);
  } while (vmr_ctx_relieve(&deferral, object == NULL));
  return object;
}

void *vmr_arena_alloc_slow(vmr_arena *arena, size_t bytes) {
  if (arena == NULL) return NULL;
  return alloc_any(vmr_arena_body_of(arena), bytes, VMR_ARENA_ALIGNMENT);
}

void *vmr_arena_alloc_aligned(vmr_arena *arena, size_t bytes, size_t alignment) {
  if (arena == NULL) return NULL;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  return is_power_of_two(alignment) ? alloc_any(body, bytes, alignment) : vmr_arena_fail(body, VMR_INVALID_ARGUMENT);
}

void *vmr_arena_alloc_array(vmr_arena *arena, size_t count, size_t size) {
  if (arena == NULL) return NULL;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  if (size != 0 && count > SIZE_MAX / size) return vmr_arena_refuse(body, VMR_SIZE_OVERFLOW, false);
  size_t bytes = count * size;
  if (bytes >= BLOCK_BYTES && !body->is_checked) return resize_any(body, NULL, 0, bytes);
  void *array = vmr_arena_alloc(arena, bytes);
  return array != NULL ? memset(array, 0, bytes) : NULL;
}

bool vmr_arena_grow_last(vmr_arena *arena, void *object, size_t old_bytes, size_t new_bytes) {
  if (arena == NULL) return false;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  if (new_bytes <= old_bytes) return true;
  if (object == NULL || new_bytes >= BLOCK_BYTES || body->is_guarded) return false;
  if (!is_last_object(body, object, old_bytes)) return false;
  size_t more = footprint(body, new_bytes) - footprint(body, old_bytes);
  if (more > (size_t)(body->top - body->open.cursor)) return false;
  vmr_arena_set_cursor(body, body->open.cursor + more, body->top);
  vmr_os_unpoison((char *)object + old_bytes, new_bytes - old_bytes);
  return true;
}

/* The last object of a chunk left for a block: its place is free again. */
static void retract(vmr_arena_body *body, char *object) {
  vmr_os_poison(object, (size_t)(body->open.cursor - object));
  vmr_arena_set_cursor(body, object, body->top);
}

void *vmr_arena_grow(vmr_arena *arena, void *old, size_t old_bytes, size_t new_bytes) {
  if (arena == NULL) return NULL;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  if (old == NULL) return vmr_arena_alloc(arena, new_bytes);
  if (vmr_arena_grow_last(arena, old, old_bytes, new_bytes)) return old;
  if (old_bytes >= BLOCK_BYTES && !body->is_guarded) return resize_any(body, old, old_bytes, new_bytes);
  bool is_last = is_last_object(body, old, old_bytes);
  void *grown = vmr_arena_alloc(arena, new_bytes);
  if (grown == NULL) return NULL;
  memcpy(grown, old, old_bytes);
  if (is_last && new_bytes >= BLOCK_BYTES && !body->is_guarded) retract(body, old);
  return grown;
}

char *vmr_arena_strdup(vmr_arena *arena, const char *text) {
  size_t length = 0;
  while (text != NULL && text[length] != '\0') length++; /* a freestanding build has no strlen */
  return vmr_arena_copy_text(arena, text, length);
}

char *vmr_arena_copy_text(vmr_arena *arena, const char *text, size_t length) {
  if (arena == NULL) return NULL;
  if (text == NULL && length != 0) return vmr_arena_fail(vmr_arena_body_of(arena), VMR_INVALID_ARGUMENT);
  if (length == SIZE_MAX) return vmr_arena_refuse(vmr_arena_body_of(arena), VMR_SIZE_OVERFLOW, false);
  char *copy = vmr_arena_alloc_aligned(arena, length + 1, 1);
  if (copy == NULL) return NULL;
  if (length != 0) memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

size_t vmr_arena_used_bytes(const vmr_arena *arena) {
  if (arena == NULL) return 0;
  return vmr_arena_count_used(vmr_arena_body_of(arena));
}

size_t vmr_arena_reserved_bytes(const vmr_arena *arena) {
  if (arena == NULL) return 0;
  return vmr_arena_body_of(arena)->reserved;
}

vmr_status vmr_arena_status(const vmr_arena *arena) {
  if (arena == NULL) return VMR_OK;
  return vmr_arena_body_of(arena)->status;
}
