/* arena_guard.c: a byte pattern around each object of an arena, for programs that run without a sanitizer.
 *
 *   [previous|bytes|seal|zone] object [zone, 16 bytes and what the rounding leaves]
 *
 * The objects are chained, so they are checked from the newest to the oldest wherever they lie: when they are forgotten
 * and by vmr_arena_is_valid. The seal mixes the header with its address; a header that was overwritten ends the walk, for
 * its link can not be followed. */
#include <string.h>

#include "runtime/arena.h"

#define PATTERN 0xb5
#define ZONE ((size_t)16)

static uintptr_t seal_of(const vmr_guarded *guarded) {
  return (uintptr_t)guarded ^ (uintptr_t)guarded->previous ^ (guarded->bytes * (uintptr_t)0x9e3779b1u);
}

/* Bytes of the pattern behind an object: they end where the 16-byte granule does that a whole zone fits before. */
static size_t tail_of(size_t bytes) { return VMR_ROUND_UP(bytes + ZONE) - bytes; }

static bool is_pattern(const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != PATTERN) return false;
  }
  return true;
}

void *vmr_arena_alloc_guarded(vmr_arena_body *body, size_t bytes, size_t alignment) {
  if (alignment < VMR_ARENA_ALIGNMENT) alignment = VMR_ARENA_ALIGNMENT;
  size_t head = (sizeof(vmr_guarded) + alignment - 1) & ~(alignment - 1);
  if (bytes > SIZE_MAX / 4 || head > SIZE_MAX / 4) return vmr_arena_refuse(body, VMR_OUT_OF_MEMORY, false);
  char *base = vmr_arena_take(body, head + bytes + tail_of(bytes), alignment);
  if (base == NULL) return NULL;
  char *object = base + head;
  vmr_guarded *guarded = (void *)(object - sizeof *guarded);
  *guarded = (vmr_guarded){.previous = body->guarded, .bytes = bytes};
  guarded->seal = seal_of(guarded);
  memset(guarded->zone, PATTERN, sizeof guarded->zone);
  memset(object + bytes, PATTERN, tail_of(bytes));
  body->guarded = guarded;
  return object;
}

bool vmr_arena_check_guarded(const vmr_arena_body *body, const vmr_guarded *mark) {
  vmr_ctx *ctx = body->handle.ctx;
  bool is_valid = true;
  for (const vmr_guarded *each = body->guarded; each != NULL && each != mark; each = each->previous) {
    const unsigned char *object = (const unsigned char *)(each + 1);
    if (each->seal != seal_of(each)) {
      vmr_ctx_report(ctx, VMR_CORRUPTED, object, "the guard before an object was overwritten");
      return false;
    }
    if (!is_pattern(each->zone, sizeof each->zone)) {
      vmr_ctx_report(ctx, VMR_CORRUPTED, object, "bytes before an object were overwritten");
      is_valid = false;
    }
    if (!is_pattern(object + each->bytes, tail_of(each->bytes))) {
      vmr_ctx_report(ctx, VMR_CORRUPTED, object, "bytes behind an object were overwritten");
      is_valid = false;
    }
  }
  return is_valid;
}
