/* pool_check.c: word to the sanitizers about a pool's objects, guard bytes behind and in them, and whether a pool is valid.
 *
 *   watched   idle objects and the bytes behind each are poisoned; the tags are not, the pool reads them itself
 *   guarded   the bytes behind each object, and all of an idle one, hold a pattern that is compared later */
#include <string.h>

#include "runtime/os.h"
#include "runtime/pool.h"

#define PATTERN 0xb5

void vmr_pool_open_object(const vmr_pool_body *body, void *object) {
  if (body->is_watched) vmr_os_unpoison(object, body->object_bytes);
}

void vmr_pool_close_object(const vmr_pool_body *body, void *object) {
  if (body->is_guarded) memset(object, PATTERN, body->object_bytes + body->tail);
  if (body->is_watched) vmr_os_poison(object, body->object_bytes + body->tail);
}

static bool is_pattern(const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != PATTERN) return false;
  }
  return true;
}

static bool report(const vmr_pool_body *body, const void *object, const char *words) {
  vmr_ctx_report(body->handle.ctx, VMR_CORRUPTED, object, words);
  return false;
}

bool vmr_pool_check_object(const vmr_pool_body *body, const void *object, bool is_live) {
  const unsigned char *bytes = object;
  if (!body->is_guarded) return true;
  if (!is_pattern(bytes + body->object_bytes, body->tail))
    return report(body, object, "bytes behind an object were overwritten");
  if (is_live || is_pattern(bytes, body->object_bytes)) return true;
  return report(body, object, "an object was written to after it was given back");
}

/* Counts the objects of a slab, and those that live; false when bytes around one were overwritten. */
static bool check_slab(const vmr_pool_body *body, const vmr_slab *slab, size_t *made, size_t *live) {
  const char *end = slab->is_open ? vmr_slab_end(body, slab) : slab->first;
  bool is_valid = true;
  for (const char *object = slab->first; object < end; object += body->stride) {
    bool is_live = vmr_is_live(body, object);
    ++*made;
    *live += is_live ? 1 : 0;
    if (!vmr_pool_check_object(body, object, is_live)) is_valid = false;
  }
  return is_valid;
}

bool vmr_pool_check_books(const vmr_pool *pool, size_t resting) {
  const vmr_pool_body *body = vmr_pool_body_of(pool);
  size_t live = 0, made = 0;
  bool is_valid = true;
  for (const vmr_slab *slab = body->slabs; slab != NULL; slab = slab->next) {
    if (!check_slab(body, slab, &made, &live)) is_valid = false;
  }
  vmr_pool_figures figures = vmr_pool_read_figures(pool);
  for (size_t i = 0; i < figures.idle; i++) {
    const void *idle = pool->base[i];
    const vmr_slab *slab = vmr_pool_find_slab(body, idle);
    if (slab == NULL || vmr_is_live(body, idle)) return report(body, idle, "the stack of idle objects was overwritten");
  }
  if (made != body->made || live + resting != figures.live || figures.idle != made - live - resting)
    return report(body, pool, "the books of a pool do not agree with its slabs");
  return is_valid;
}

bool vmr_pool_is_valid(const vmr_pool *pool) { return pool == NULL || vmr_pool_check_books(pool, 0); }
