/* bump.c: memory for objects that nobody gives back, resizes, or asks the size of.
 *
 * Objects are cut off from a piece of memory by the inline functions of heap.h; this is where pieces come from. The
 * first ones are small and malloc's, so that a program with few objects pays neither system calls nor pages of its own:
 *
 *   bytes so far   to 16 KiB   to 32 KiB   to 64 KiB   to 128 KiB   beyond
 *   next piece     1 KiB       2 KiB       4 KiB       8 KiB        a chunk of the range, 2 MiB
 *
 * A chunk is opened in steps of a sixteenth of what the bump has, 256 KiB at most, so that no more than that is in memory without use, and each step's
 * pages come with one call; with the last step the chunk becomes a huge page. From 32 MiB on, where a chunk is
 * itself no more than that, and where it is known that it will be full, it is one from the start. Where it is known how much will
 * come, a piece has that much, or is a chunk at once.
 * What does not fit in what is left of a piece and is larger than
 * a quarter of the next one lies apart, in memory of malloc's of its own, so that little is wasted at the end of pieces. Every piece is zero
 * when it comes, so that calloc has nothing to do. Pieces are linked through their first words, for vmr_bump_release. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define FIRST_BYTES ((size_t)1008) /* malloc keeps such ones at hand */
#define MOST_OF_MALLOC ((size_t)128 << 10)
#define STEP ((size_t)16 << 10) /* what a chunk is opened by is multiples of that, */
#define STEPS 16                /* that part of what there is, and no more than */
#define LARGEST_STEP ((size_t)256 << 10)
#define HUGE_FROM (STEPS * VMR_CHUNK_BYTES)
#define HUGE_IF_EXPECTED (2 * VMR_CHUNK_BYTES)
#define LARGEST_REQUEST (SIZE_MAX / 4)

typedef struct piece {
  struct piece *next;
  size_t is_sparse; /* of a chunk: not all that is open is in memory */
} piece;

_Static_assert(sizeof(piece) % 8 == 0, "what follows is aligned");
#define HEAD ((size_t)16)

/* Owns the chunks in the range: an object of them is then seen to be ours. */
static vmr_heap owner = {.flags = VMR_HEAP_NEVER_FREED | VMR_HEAP_OF_BUMPS};

static size_t granule_of(const vmr_bump *bump) { return (bump->flags & VMR_HEAP_ALIGN8) != 0 ? 8 : 16; }

static void *fail(void) {
  errno = ENOMEM;
  return NULL;
}

static void link_piece(vmr_bump *bump, piece *taken, size_t bytes) {
  taken->next = bump->pieces;
  bump->pieces = taken;
  bump->total += bytes;
}

/* Bytes that are still to come; 0: not known, or more came than was expected. */
static size_t bytes_to_come(const vmr_bump *bump) {
  size_t expected = (size_t)bump->expected << 10;
  return expected > bump->total ? expected - bump->total : 0;
}

/* What is expected is obtained at once, a chunk at most. */
static size_t next_bytes(const vmr_bump *bump) {
  size_t to_come = bytes_to_come(bump);
  if (to_come != 0 && bump->total + to_come >= MOST_OF_MALLOC) return VMR_CHUNK_BYTES;
  if (to_come > FIRST_BYTES) return (HEAD + to_come + 15) & ~(size_t)15;
  if (bump->total >= MOST_OF_MALLOC) return VMR_CHUNK_BYTES;
  return bump->total < (16 << 10)   ? FIRST_BYTES
         : bump->total < (32 << 10) ? 2 << 10
         : bump->total < (64 << 10) ? 4 << 10
                                    : 8 << 10;
}

static size_t up_to_step(size_t bytes) { return (bytes + STEP - 1) & ~(STEP - 1); }

static bool may_be_huge(void) { return (vmr_ctx_flags(NULL) & VMR_NO_HUGE_PAGES) == 0; }

/* Whether the next chunk will be full, or is little of all. Where what was expected is there, a few objects more may be all that comes:
 * what is lost at the ends of chunks was not counted. */
static bool wants_huge(const vmr_bump *bump) {
  size_t to_come = bytes_to_come(bump), expected = (size_t)bump->expected << 10;
  if (to_come != 0) return to_come >= VMR_CHUNK_BYTES && bump->total + to_come >= HUGE_IF_EXPECTED;
  return bump->total >= HUGE_FROM && (expected == 0 || bump->total - expected >= VMR_CHUNK_BYTES);
}

/* A chunk, and how much of it is open. */
static piece *take_chunk(const vmr_bump *bump, size_t *open) {
  vmr_record *record = vmr_range_begin() ? vmr_range_take(1) : NULL;
  if (record == NULL) return NULL;
  VMR_PUBLISH(record->heap, &owner);
  char *chunk = vmr_range_chunk(record);
  bool is_huge = may_be_huge() && wants_huge(bump);
  *open = is_huge ? VMR_CHUNK_BYTES : STEP;
  if (record->is_dirty) vmr_os_clear_huge(chunk, VMR_CHUNK_BYTES);
  if (is_huge) vmr_os_advise_huge(chunk, VMR_CHUNK_BYTES);
  return (piece *)(void *)chunk;
}

/* Bytes of the chunk behind bump->end; 0 for another piece. */
static size_t closed_bytes(const vmr_bump *bump) {
  size_t closed = (size_t)(-(uintptr_t)bump->end) & (VMR_CHUNK_BYTES - 1);
  return bump->end != NULL && vmr_range_has(bump->end - 1) ? closed : 0;
}

/* Another step of the chunk, in which `least` bytes are wanted, as many as there are. An object that is larger than a step may never
 * be touched as a whole, and is left alone. */
static void open_step(vmr_bump *bump, size_t least) {
  char *begin = bump->end;
  size_t closed = closed_bytes(bump), step = up_to_step((bump->total - closed) / STEPS + 1), opened = up_to_step(least);
  if (step > LARGEST_STEP) step = LARGEST_STEP;
  bool is_sparse = opened > step;
  if (opened < step) opened = step;
  if (opened > closed) opened = closed;
  piece *chunk = (piece *)(void *)(begin + closed - VMR_CHUNK_BYTES);
  chunk->is_sparse |= is_sparse;
  bump->end += opened;
  bool is_full = opened == closed && !chunk->is_sparse && may_be_huge();
  if (is_full && vmr_os_collapse(chunk)) return;
  if (!is_sparse) vmr_os_populate(begin, opened);
}

/* Another piece to cut from. What is left of the last one is forgotten. */
static bool take_piece(vmr_bump *bump) {
  size_t bytes = next_bytes(bump), open = bytes;
  piece *taken = bytes == VMR_CHUNK_BYTES ? take_chunk(bump, &open) : calloc(1, bytes);
  if (taken == NULL && bytes == VMR_CHUNK_BYTES)
    taken = calloc(1, bytes = open = MOST_OF_MALLOC); /* there is no range */
  if (taken == NULL) return false;
  link_piece(bump, taken, bytes);
  bump->cursor = (char *)taken + HEAD;
  bump->end = (char *)taken + open;
  return true;
}

/* An object in memory of its own. Only whole large pages of it become huge ones. */
static void *take_apart(vmr_bump *bump, size_t bytes, size_t alignment, bool zeroed) {
  size_t before = alignment > HEAD ? alignment : HEAD, whole = bytes + before;
  piece *taken = zeroed ? calloc(1, whole) : malloc(whole);
  if (taken == NULL) return NULL;
  if (bytes >= 2 * VMR_CHUNK_BYTES && may_be_huge()) vmr_os_advise_huge(taken, whole);
  link_piece(bump, taken, whole);
  char *object = (char *)taken + HEAD;
  return object + ((size_t)(-(uintptr_t)object) & (alignment - 1));
}

static void *cut(vmr_bump *bump, size_t bytes, size_t alignment) {
  size_t skipped = (size_t)(-(uintptr_t)bump->cursor) & (alignment - 1), left = (size_t)(bump->end - bump->cursor);
  if (skipped > left || bytes > left - skipped) return NULL;
  char *object = bump->cursor + skipped;
  bump->cursor = object + bytes;
  return object;
}

/* From the piece in use, more of which is opened if need be. */
static void *cut_or_open(vmr_bump *bump, size_t bytes, size_t alignment) {
  void *object = cut(bump, bytes, alignment);
  if (object != NULL || closed_bytes(bump) == 0) return object;
  size_t rest = (size_t)(bump->end - bump->cursor) + closed_bytes(bump);
  if (bytes + alignment > rest) return NULL;
  open_step(bump, bytes + alignment);
  return cut(bump, bytes, alignment);
}

/* `bytes` are whole granules. */
static void *take_object(vmr_bump *bump, size_t bytes, size_t alignment, bool zeroed) {
  void *object = bump->cursor != NULL ? cut_or_open(bump, bytes, alignment) : NULL;
  if (object != NULL) return object;
  if (bytes + alignment > next_bytes(bump) / 4) return take_apart(bump, bytes, alignment, zeroed);
  object = take_piece(bump) ? cut_or_open(bump, bytes, alignment) : NULL;
  return object != NULL ? object
                        : take_apart(bump, bytes, alignment, zeroed); /* there is no range, and the piece is small */
}

static void *take(vmr_bump *bump, size_t bytes, size_t alignment, bool zeroed) {
  size_t granule = granule_of(bump);
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return fail();
  uint32_t flags = vmr_ctx_flags(NULL);
  bool is_apart = (flags & (VMR_HEAPS_USE_MALLOC | VMR_POISON)) != 0 || vmr_os_is_watched(); /* each object is seen */
  if (alignment < granule) alignment = granule;
  size_t rounded = bytes != 0 ? (bytes + granule - 1) & ~(granule - 1) : granule;
  void *object = is_apart ? take_apart(bump, bytes, alignment, zeroed) : take_object(bump, rounded, alignment, zeroed);
  if (object != NULL && !zeroed && (flags & VMR_POISON) != 0) memset(object, VMR_FRESH_BYTE, bytes);
  return object != NULL ? object : fail();
}

void *vmr_bump_refill(vmr_bump *bump, size_t bytes, bool zeroed) { return take(bump, bytes, 1, zeroed); }

void *vmr_bump_aligned(vmr_bump *bump, size_t alignment, size_t bytes) {
  if (alignment != 0 && (alignment & (alignment - 1)) == 0) return take(bump, bytes, alignment, false);
  errno = EINVAL;
  return NULL;
}

void vmr_bump_release(vmr_bump *bump) {
  for (piece *each = bump->pieces, *next; each != NULL; each = next) {
    next = each->next;
    if (vmr_range_has(each)) {
      vmr_range_give(vmr_range_index(vmr_range_record(each)), 1);
    } else {
      free(each);
    }
  }
  *bump = (vmr_bump)VMR_BUMP_WITH(bump->flags);
}
