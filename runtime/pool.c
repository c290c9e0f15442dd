/* pool.c: slabs of equal objects, and a stack of those that came back.
 *
 * The stack is an array apart from the objects: taking the next one never waits for the memory of the one before, as a
 * list through the objects would. It has room for every object that was made, so giving back cannot fail. Objects
 * are handed out from the stack, else from the newest slab's untouched rest, else from a new slab; slabs double up to
 * 2 MiB, where they are made of huge pages. Constant time each, apart from giving slabs back: that looks at every
 * object once, and happens when a quarter of them came back since it was tried last. */
#include "runtime/pool.h"

#include <string.h>

#include "runtime/os.h"

#define LEAST_ALIGNMENT ((size_t)16)
#define TAG_BYTES sizeof(uintptr_t)
#define FIRST_SLAB_BYTES ((size_t)16 << 10)
#define PAGES_BYTES ((size_t)2 << 20) /* slabs double up to this, and are then made of pages */
#define LARGEST_OBJECT (SIZE_MAX / 16)
#define ZONE_BYTES ((size_t)16) /* behind each object of a checked pool */

static size_t round_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

vmr_status vmr_pool_misuse(vmr_pool_body *body, vmr_status status, const void *object, const char *words) {
  if (body->status == VMR_OK) body->status = status;
  vmr_ctx_report(body->handle.ctx, status, object, words);
  return status;
}

static void *fail(vmr_pool_body *body, vmr_status status) {
  if (body->status == VMR_OK) body->status = status;
  VMR_PUBLISH(body->failed, body->failed + 1);
  return NULL;
}

/* ---- the stack ---- */

static size_t count_idle(const vmr_pool_body *body) {
  if (body->is_slow) return VMR_PEEK(body->slow_idle);
  return (size_t)(VMR_PEEK(body->open.top) - VMR_PEEK(body->open.base));
}

static size_t count_live(const vmr_pool_body *body) {
  size_t made = VMR_PEEK(body->made), idle = count_idle(body);
  return made > idle ? made - idle : 0; /* only another thread that reads beside can see less */
}

/* How many objects may be idle before a put looks whether slabs can be given back: some more than the user keeps; and once
 * after new ones were made, all. */
static size_t quiet_idle(const vmr_pool_body *body) {
  size_t most = body->due_idle < body->capacity ? body->due_idle : body->capacity;
  bool is_grown = body->created != body->trimmed_created && body->made > 2 * body->max_idle;
  return is_grown && body->made - 1 < most ? body->made - 1 : most;
}

/* Where a put takes the long way, and where a get: after any change of the stack by hand. */
static void set_stack(vmr_pool_body *body, void **base, size_t idle) {
  VMR_PUBLISH(body->open.base, base);
  VMR_PUBLISH(body->open.top, base + (body->is_slow ? 0 : idle));
  body->open.limit = base + (body->is_slow ? 0 : quiet_idle(body));
  VMR_PUBLISH(body->slow_idle, body->is_slow ? idle : 0);
}

static void push_idle(vmr_pool_body *body, void *object) {
  size_t idle = count_idle(body);
  *vmr_tag_of(object) = 0;
  body->open.base[idle] = object;
  set_stack(body, body->open.base, idle + 1);
}

static void *pop_idle(vmr_pool_body *body) {
  size_t idle = count_idle(body);
  if (idle == 0) return NULL;
  set_stack(body, body->open.base, idle - 1);
  return body->open.base[idle - 1];
}

/* Makes the stack large enough for `count` objects. */
static bool reserve_stack(vmr_pool_body *body, size_t count) {
  vmr_ctx *ctx = body->handle.ctx;
  size_t capacity = body->capacity * 2 > count ? body->capacity * 2 : count, size = sizeof(void *);
  if (count <= body->capacity) return true;
  void **base = body->open.base,
       **grown = base == NULL ? vmr_ctx_obtain(ctx, VMR_KIND_POOL, capacity * size)
                              : vmr_ctx_resize(ctx, VMR_KIND_POOL, base, body->capacity * size, capacity * size);
  if (grown == NULL) return false;
  size_t idle = count_idle(body);
  body->capacity = capacity;
  set_stack(body, grown, idle);
  return true;
}

/* ---- creation ---- */

static vmr_status copy_options(vmr_pool_options *copy, const vmr_pool_options *given) {
  if (given == NULL || given->struct_size < offsetof(vmr_pool_options, max_live)) return VMR_INVALID_ARGUMENT;
  memset(copy, 0, sizeof *copy);
  memcpy(copy, given, given->struct_size < sizeof *copy ? given->struct_size : sizeof *copy);
  for (size_t i = sizeof *copy; i < given->struct_size; i++) {
    if (((const char *)given)[i] != 0) return VMR_WRONG_VERSION;
  }
  if ((copy->alignment & (copy->alignment - 1)) != 0) return VMR_INVALID_ARGUMENT;
  if (copy->alignment < LEAST_ALIGNMENT) copy->alignment = LEAST_ALIGNMENT;
  bool is_valid = copy->object_bytes != 0 && copy->object_bytes <= LARGEST_OBJECT && copy->alignment <= LARGEST_OBJECT;
  return is_valid ? VMR_OK : VMR_INVALID_ARGUMENT;
}

static void start(vmr_pool_body *body, vmr_ctx *ctx, const vmr_pool_options *options) {
  memset(body, 0, sizeof *body);
  body->object_bytes = options->object_bytes;
  body->alignment = options->alignment;
  body->max_live = options->max_live != 0 ? options->max_live : SIZE_MAX;
  body->max_idle = options->max_idle != 0 && options->max_idle < LARGEST_OBJECT ? options->max_idle : LARGEST_OBJECT;
  body->due_idle = 2 * body->max_idle;
  body->reset = options->reset;
  body->user = options->user;
  body->is_checked = vmr_ctx_is_checked(ctx);
  body->is_watched = vmr_os_is_watched();
  body->is_guarded = vmr_ctx_is_guarded(ctx);
  body->tail = body->is_checked ? round_up(body->object_bytes, TAG_BYTES) - body->object_bytes + ZONE_BYTES : 0;
  body->stride = round_up(body->object_bytes + body->tail + TAG_BYTES, body->alignment);
  body->next_slab_bytes = FIRST_SLAB_BYTES;
  body->open.key = ((uintptr_t)body * (uintptr_t)UINT64_C(0x9e3779b97f4a7c15)) | 1;
  body->is_slow = body->is_checked || body->reset != NULL;
  vmr_ctx_add_handle(ctx, &body->handle, VMR_KIND_POOL);
}

/* Makes `slab` the one that new objects come from. */
static void enter_slab(vmr_pool_body *body, vmr_slab *slab) {
  size_t head = round_up(sizeof *slab + TAG_BYTES, body->alignment);
  char *base = (char *)slab, *end = base + slab->bytes;
  slab->first = base + head + ((size_t)(-(uintptr_t)(base + head)) & (body->alignment - 1));
  if (body->slabs != NULL) body->slabs->end = body->cursor;
  slab->next = body->slabs;
  body->slabs = slab;
  body->cursor = body->limit = slab->first;
  size_t stride = body->stride; /* the last object needs no room for a tag behind it */
  if (slab->first < end) body->limit += ((size_t)(end - slab->first) + TAG_BYTES) / stride * stride;
  if (body->is_watched) vmr_os_poison(base + sizeof *slab, slab->bytes - sizeof *slab);
}

vmr_status vmr_pool_create(vmr_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options) {
  vmr_pool_options chosen;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  vmr_status status = copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  vmr_pool_body *body = vmr_ctx_obtain(ctx, VMR_KIND_POOL, sizeof *body);
  if (body == NULL) return VMR_OUT_OF_MEMORY;
  start(body, ctx, &chosen);
  *pool = &body->open;
  return VMR_OK;
}

vmr_status vmr_pool_create_in(vmr_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options, void *buffer,
                              size_t bytes) {
  vmr_pool_options chosen;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  vmr_status status = copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  size_t skip = (size_t)(-(uintptr_t)buffer & (LEAST_ALIGNMENT - 1));
  size_t head = skip + round_up(sizeof(vmr_pool_body), LEAST_ALIGNMENT);
  if (buffer == NULL || bytes > LARGEST_OBJECT || bytes < head) return VMR_INVALID_ARGUMENT;
  vmr_pool_body *body = (void *)((char *)buffer + skip);
  chosen.max_idle = 0;
  start(body, ctx, &chosen);
  body->is_in_buffer = true;
  body->capacity = (bytes - head) / (body->stride + sizeof(void *)) + 1; /* what the slab has no room for is spare */
  size_t stack_bytes = round_up(body->capacity * sizeof(void *), LEAST_ALIGNMENT);
  if (bytes < head + stack_bytes + sizeof(vmr_slab)) return vmr_ctx_remove_handle(&body->handle), VMR_INVALID_ARGUMENT;
  set_stack(body, (void **)(void *)((char *)buffer + head), 0);
  vmr_slab *slab = (void *)((char *)buffer + head + stack_bytes);
  *slab = (vmr_slab){.bytes = bytes - head - stack_bytes, .is_given = true};
  enter_slab(body, slab);
  *pool = &body->open;
  return VMR_OK;
}

static void release_slab(vmr_pool_body *body, vmr_slab *slab) {
  if (body->is_watched) vmr_os_unpoison((char *)slab + sizeof *slab, slab->bytes - sizeof *slab);
  if (slab->is_given) return;
  VMR_PUBLISH(body->reserved, body->reserved - slab->bytes);
  if (slab->is_pages) {
    vmr_ctx_release_pages(body->handle.ctx, VMR_KIND_POOL, slab, slab->bytes);
  } else {
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, slab, slab->bytes);
  }
}

vmr_status vmr_pool_destroy(vmr_pool *pool) {
  if (pool == NULL) return VMR_OK;
  vmr_pool_body *body = vmr_pool_body_of(pool);
  vmr_status status = VMR_OK;
  if (count_live(body) != 0) {
    const void *live = vmr_pool_next_live(pool, NULL);
    status = vmr_pool_misuse(body, VMR_STILL_IN_USE, live, "a pool is destroyed while objects of it are live");
  }
  vmr_ctx_remove_handle(&body->handle);
  for (vmr_slab *each = body->slabs, *next; each != NULL; each = next) {
    next = each->next;
    release_slab(body, each);
  }
  if (!body->is_in_buffer) {
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, body->open.base, body->capacity * sizeof(void *));
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, body, sizeof *body);
  }
  return status;
}

/* ---- get ---- */

static size_t count_fitting(const vmr_pool_body *body, size_t slab_bytes) { return slab_bytes / body->stride + 1; }

static bool add_slab(vmr_pool_body *body) {
  vmr_ctx *ctx = body->handle.ctx;
  size_t least = sizeof(vmr_slab) + TAG_BYTES + body->stride + 2 * body->alignment, bytes = body->next_slab_bytes;
  if (body->is_in_buffer) return false;
  if (bytes < least) bytes = least;
  if (!reserve_stack(body, body->made + count_fitting(body, bytes))) return false;
  bool is_pages = bytes == PAGES_BYTES && vmr_ctx_has_pages(ctx);
  vmr_slab *slab =
      is_pages ? vmr_ctx_obtain_pages(ctx, VMR_KIND_POOL, bytes) : vmr_ctx_obtain(ctx, VMR_KIND_POOL, bytes);
  if (slab == NULL) return false;
  *slab = (vmr_slab){.bytes = bytes, .is_pages = is_pages};
  VMR_PUBLISH(body->reserved, body->reserved + bytes);
  if (body->next_slab_bytes < PAGES_BYTES) body->next_slab_bytes *= 2;
  enter_slab(body, slab);
  return true;
}

/* An object that was never handed out, or NULL. */
static void *make_object(vmr_pool_body *body) {
  if (count_live(body) >= body->max_live) return fail(body, VMR_OUT_OF_MEMORY);
  if (body->cursor == body->limit && !add_slab(body)) return fail(body, VMR_OUT_OF_MEMORY);
  char *object = body->cursor;
  VMR_PUBLISH(body->made, body->made + 1);
  VMR_PUBLISH(body->created, body->created + 1);
  if (body->is_checked) {
    vmr_os_unpoison(vmr_tag_of(object), TAG_BYTES);
    *vmr_tag_of(object) = 0;
    vmr_pool_close_object(body, object);
  }
  body->cursor += body->stride;
  return object;
}

void *vmr_pool_get_slow(vmr_pool *pool) {
  vmr_pool_body *body = vmr_pool_body_of(pool);
  bool is_admitted = !body->is_checked || vmr_ctx_admit(body->handle.ctx, VMR_KIND_POOL, body->object_bytes);
  if (!is_admitted) return fail(body, VMR_OUT_OF_MEMORY);
  void *object = pop_idle(body);
  if (object == NULL) object = make_object(body);
  if (object == NULL) return NULL;
  if (body->is_checked) {
    vmr_pool_check_object(body, object);
    vmr_pool_open_object(body, object);
  }
  *vmr_tag_of(object) = (uintptr_t)object ^ pool->key;
  set_stack(body, pool->base, count_idle(body));
  return object;
}

/* ---- giving slabs back ---- */

static size_t count_in(const vmr_pool_body *body, const vmr_slab *slab) {
  return (size_t)(slab->end - slab->first) / body->stride;
}

/* Whether an object is the user's, or in a shared pool's magazine: all that are not in the stack. */
static bool is_out(const char *object) { return *vmr_tag_of(object) != 0; }

static bool has_live(const vmr_pool_body *body, const vmr_slab *slab) {
  for (const char *object = slab->first; object < slab->end; object += body->stride) {
    if (is_out(object)) return true;
  }
  return false;
}

/* Frees slabs without live objects as long as `keep` idle objects remain. */
static void release_idle_slabs(vmr_pool_body *body, size_t keep) {
  size_t idle = count_idle(body);
  for (vmr_slab **link = &body->slabs; *link != NULL;) {
    vmr_slab *slab = *link;
    size_t count = count_in(body, slab);
    if (slab->is_given || idle - (count < idle ? count : idle) < keep || has_live(body, slab)) {
      link = &slab->next;
      continue;
    }
    VMR_PUBLISH(body->made, body->made - count);
    idle -= count;
    *link = slab->next;
    release_slab(body, slab);
  }
}

/* Rebuilds the stack of idle objects from the slabs that stay. */
static void restack_idle(vmr_pool_body *body) {
  size_t idle = 0;
  for (const vmr_slab *slab = body->slabs; slab != NULL; slab = slab->next) {
    for (const char *object = slab->first; object < slab->end; object += body->stride) {
      if (!is_out(object)) body->open.base[idle++] = (void *)(uintptr_t)object;
    }
  }
  set_stack(body, body->open.base, idle);
}

static size_t trim(vmr_pool_body *body, size_t keep) {
  size_t before = body->reserved;
  const vmr_slab *newest = body->slabs;
  if (newest == NULL) return 0;
  body->slabs->end = body->cursor;
  release_idle_slabs(body, keep);
  if (body->slabs != newest) { /* its untouched rest went with it: those before it have none */
    body->cursor = body->limit = body->slabs != NULL ? body->slabs->end : NULL;
  }
  if (body->reserved != before) restack_idle(body);
  size_t idle = count_idle(body),
         least = idle + body->made / 4; /* live objects may hold slabs: not again before long */
  body->due_idle = least > 2 * body->max_idle ? least : 2 * body->max_idle;
  if (idle == body->made) {
    body->trimmed_created = body->created;
    body->next_slab_bytes = FIRST_SLAB_BYTES;
  }
  set_stack(body, body->open.base, idle);
  return before - body->reserved;
}

size_t vmr_pool_trim(vmr_pool *pool) { return trim(vmr_pool_body_of(pool), 0); }

/* ---- put ---- */

const vmr_slab *vmr_pool_find_slab(const vmr_pool_body *body, const void *object) {
  uintptr_t place = (uintptr_t)object;
  for (const vmr_slab *each = body->slabs; each != NULL; each = each->next) {
    if (place < (uintptr_t)each->first || place >= (uintptr_t)vmr_slab_end(body, each)) continue;
    return (place - (uintptr_t)each->first) % body->stride == 0 ? each : NULL;
  }
  return NULL;
}

static vmr_status refuse(vmr_pool_body *body, const void *object) {
  if (vmr_pool_find_slab(body, object) == NULL) {
    return vmr_pool_misuse(body, VMR_FOREIGN_POINTER, object, "a pool was given an object that is none of it");
  }
  return vmr_pool_misuse(body, VMR_DOUBLE_FREE, object,
                         "an object was given back twice, or the word before it overwritten");
}

vmr_status vmr_pool_put_slow(vmr_pool *pool, void *object) {
  vmr_pool_body *body = vmr_pool_body_of(pool);
  if (object == NULL) return VMR_OK;
  /* The tag of a foreign pointer may not even be readable; the short way reads it, for speed. */
  if (body->is_checked && vmr_pool_find_slab(body, object) == NULL) return refuse(body, object);
  if (!vmr_is_live(body, object)) return refuse(body, object);
  if (body->reset != NULL) body->reset(body->user, object);
  if (body->is_checked) {
    vmr_pool_check_object(body, object);
    vmr_pool_close_object(body, object);
  }
  push_idle(body, object);
  VMR_PUBLISH(pool->puts, pool->puts + 1);
  if (count_idle(body) > quiet_idle(body)) trim(body, body->max_idle);
  return VMR_OK;
}

/* ---- what is there ---- */

void *vmr_pool_next_live(const vmr_pool *pool, const void *after) {
  const vmr_pool_body *body = vmr_pool_body_of(pool);
  const vmr_slab *slab = after != NULL ? vmr_pool_find_slab(body, after) : body->slabs;
  const char *object = after != NULL ? (const char *)after + body->stride : slab != NULL ? slab->first : NULL;
  while (slab != NULL) {
    for (; object < vmr_slab_end(body, slab); object += body->stride) {
      if (vmr_is_live(body, object)) return (void *)(uintptr_t)object;
    }
    slab = slab->next;
    object = slab != NULL ? slab->first : NULL;
  }
  return NULL;
}

vmr_pool_figures vmr_pool_read_figures(const vmr_pool *pool) {
  const vmr_pool_body *body = vmr_pool_body_of(pool);
  size_t live = count_live(body), created = VMR_PEEK(body->created), gets = VMR_PEEK(pool->puts) + live;
  return (vmr_pool_figures){.hits = gets > created ? gets - created : 0,
                            .misses = created + VMR_PEEK(body->failed),
                            .live = live,
                            .idle = count_idle(body),
                            .object_bytes = body->object_bytes,
                            .reserved_bytes = VMR_PEEK(body->reserved)};
}

vmr_status vmr_pool_status(const vmr_pool *pool) { return vmr_pool_body_of(pool)->status; }
