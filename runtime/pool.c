/* pool.c: equal objects in slabs, and a stack of those that came back.
 *
 * The stack is an array apart from the objects: taking the next one never waits for the memory of the one before, as a
 * list through the objects would. It has room for every object that was made, so giving back cannot fail. Objects are handed out from the stack, else from the current slab's untouched rest, else from
 * a new slab (pool_slabs.c). Constant time each, apart from giving slabs back: that looks at every object once, and
 * happens when a quarter of them came back since it was tried last. */
#include "runtime/pool.h"

#include <string.h>

#include "runtime/os.h"
#include "runtime/profile.h"

#define LEAST_ALIGNMENT ((size_t)16)
#define FIRST_SLAB_BYTES ((size_t)16 << 10)
#define LARGEST_OBJECT (SIZE_MAX / 16)
#define WORD_BYTES sizeof(void *)
#define TAG_BYTES sizeof(uintptr_t)
#define ZONE_BYTES ((size_t)16) /* behind each object of a checked pool */

vmr_status vmr_pool_misuse(vmr_pool_body *body, vmr_status status, const void *object, const char *words) {
  if (body->status == VMR_OK) body->status = status;
  vmr_ctx_report(body->handle.ctx, status, object, words);
  return status;
}

static void *fail(vmr_pool_body *body) {
  if (body->status == VMR_OK) body->status = VMR_OUT_OF_MEMORY;
  VMR_PUBLISH(body->failed, body->failed + 1);
  return NULL;
}

/* ---- the stack ---- */

size_t vmr_pool_count_idle(const vmr_pool_body *body) {
  if (body->is_slow) return VMR_PEEK(body->slow_idle);
  return (size_t)(VMR_PEEK(body->open.top) - VMR_PEEK(body->open.base));
}

static size_t count_live(const vmr_pool_body *body) {
  size_t made = VMR_PEEK(body->made), idle = vmr_pool_count_idle(body);
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
  size_t idle = vmr_pool_count_idle(body);
  *vmr_tag_of(object) = 0;
  body->open.base[idle] = object;
  set_stack(body, body->open.base, idle + 1);
}

static void *pop_idle(vmr_pool_body *body) {
  size_t idle = vmr_pool_count_idle(body);
  if (idle == 0) return NULL;
  set_stack(body, body->open.base, idle - 1);
  return body->open.base[idle - 1];
}

bool vmr_pool_reserve_stack(vmr_pool_body *body, size_t count) {
  vmr_ctx *ctx = body->handle.ctx;
  size_t capacity = body->capacity * 2 > count ? body->capacity * 2 : count, size = sizeof(void *);
  if (count <= body->capacity) return true;
  void **base = body->open.base,
       **grown = base == NULL ? vmr_ctx_obtain(ctx, VMR_KIND_POOL, capacity * size)
                              : vmr_ctx_resize(ctx, VMR_KIND_POOL, base, body->capacity * size, capacity * size);
  if (grown == NULL) return false;
  size_t idle = vmr_pool_count_idle(body);
  body->capacity = capacity;
  set_stack(body, grown, idle);
  return true;
}

/* ---- creation ---- */

vmr_status vmr_pool_copy_options(vmr_pool_options *copy, const vmr_pool_options *given) {
  if (given == NULL || given->struct_size < offsetof(vmr_pool_options, max_live)) return VMR_INVALID_ARGUMENT;
  memset(copy, 0, sizeof *copy);
  memcpy(copy, given, given->struct_size < sizeof *copy ? given->struct_size : sizeof *copy);
  for (size_t i = sizeof *copy; i < given->struct_size; i++) {
    if (((const char *)given)[i] != 0) return VMR_WRONG_VERSION;
  }
  copy->struct_size = sizeof *copy;
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
  body->stride = vmr_round_up(body->object_bytes + (body->is_checked ? ZONE_BYTES : 0) + TAG_BYTES, body->alignment);
  body->tail = body->is_checked ? body->stride - body->object_bytes - TAG_BYTES : 0; /* up to the next one's tag */
  body->open.key = ((uintptr_t)body * (uintptr_t)UINT64_C(0x9e3779b97f4a7c15)) | 1;
  body->open.shift = (uint32_t)__builtin_ctzll(body->stride);
  body->next_slab_bytes = FIRST_SLAB_BYTES;
  body->is_profiled = vmr_is_watched(ctx);
  body->is_slow = body->is_checked || body->is_profiled || body->reset != NULL;
  vmr_ctx_add_handle(ctx, &body->handle, VMR_KIND_POOL);
}

vmr_status vmr_pool_create(vmr_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options) {
  vmr_pool_options chosen;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  vmr_status status = vmr_pool_copy_options(&chosen, options);
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
  vmr_status status = vmr_pool_copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  size_t skip = (size_t)(-(uintptr_t)buffer & (LEAST_ALIGNMENT - 1));
  size_t head = skip + vmr_round_up(sizeof(vmr_pool_body), LEAST_ALIGNMENT);
  if (buffer == NULL || bytes > LARGEST_OBJECT || bytes < head) return VMR_INVALID_ARGUMENT;
  vmr_pool_body *body = (void *)((char *)buffer + skip);
  chosen.max_idle = 0;
  start(body, ctx, &chosen);
  body->is_in_buffer = true;
  char *stack = (char *)buffer + head, *end = (char *)buffer + bytes;
  size_t room = (size_t)(end - stack); /* the stack is rounded up */
  body->capacity = room > LEAST_ALIGNMENT ? vmr_pool_count_fitting(body, room - LEAST_ALIGNMENT, WORD_BYTES) : 0;
  if (body->capacity == 0) return vmr_ctx_remove_handle(&body->handle), VMR_INVALID_ARGUMENT;
  set_stack(body, (void **)(void *)stack, 0);
  stack += vmr_round_up(body->capacity * WORD_BYTES, LEAST_ALIGNMENT);
  vmr_slab *slab = vmr_pool_lay_out(body, stack, (size_t)(end - stack));
  slab->region->is_given = true;
  body->limit = slab->limit = slab->first + body->capacity * body->stride;
  VMR_PUBLISH(body->reserved, 0);
  *pool = &body->open;
  return VMR_OK;
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
  if (body->is_profiled) vmr_watch_forget_owner(body->handle.ctx, body);
  vmr_pool_release_slabs(body);
  if (!body->is_in_buffer) {
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, body->open.base, body->capacity * sizeof(void *));
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, body, sizeof *body);
  }
  return status;
}

/* ---- get ---- */

/* An object that was never handed out, or NULL. */
static void *make_object(vmr_pool_body *body) {
  if (count_live(body) >= body->max_live) return vmr_ctx_count_refusal(body->handle.ctx, VMR_KIND_POOL, true), NULL;
  if (body->cursor == body->limit && !vmr_pool_add_slab(body)) return NULL;
  char *object = body->cursor;
  VMR_PUBLISH(body->made, body->made + 1);
  VMR_PUBLISH(body->created, body->created + 1);
  if (body->is_checked) {
    vmr_os_unpoison(vmr_tag_of(object), TAG_BYTES);
    vmr_pool_close_object(body, object);
  }
  *vmr_tag_of(object) = 0;
  body->cursor += body->stride;
  return object;
}

/* It is live from here on. */
static void *take_object(vmr_pool_body *body) {
  void *object = pop_idle(body);
  if (object == NULL) object = make_object(body);
  if (object != NULL) *vmr_tag_of(object) = (uintptr_t)object ^ body->open.key;
  return object;
}

/* A pressure callback runs between two tries, where the pool is whole: it may use it. */
static void *find_object(vmr_pool_body *body, bool *is_passed_on) {
  vmr_deferral deferral;
  void *object;
  vmr_ctx_defer(&deferral, body->handle.ctx);
  do object = take_object(body);
  while (vmr_ctx_relieve(&deferral, object == NULL));
  *is_passed_on = deferral.is_passed_on;
  return object;
}

/* The pool is whole again when a violation is told. */
static void open_checked(vmr_pool_body *body, void *object) {
  vmr_deferral deferral;
  vmr_ctx_defer(&deferral, body->handle.ctx);
  (void)vmr_pool_check_object(body, object, false);
  vmr_pool_open_object(body, object);
  (void)vmr_ctx_relieve(&deferral, false);
}

void *vmr_pool_get_slow(vmr_pool *pool) {
  vmr_pool_body *body = vmr_pool_body_of(pool);
  if (pool == NULL) return NULL;
  bool is_admitted = !body->is_checked || vmr_ctx_admit(body->handle.ctx, VMR_KIND_POOL, body->object_bytes);
  bool is_passed_on = false;
  void *object = is_admitted ? find_object(body, &is_passed_on) : NULL;
  if (object == NULL) return is_passed_on ? NULL : fail(body);
  if (body->is_profiled) vmr_watch_note(body->handle.ctx, VMR_KIND_POOL, object, body->object_bytes, body);
  set_stack(body, pool->base, vmr_pool_count_idle(body));
  if (body->is_checked) open_checked(body, object);
  return object;
}

/* ---- giving slabs back ---- */

/* Rebuilds the stack of idle objects from the slabs that stay. What a slow pool has in it, the others have too. */
static void restack_idle(vmr_pool_body *body) {
  size_t idle = 0;
  for (const vmr_slab *slab = body->slabs; slab != NULL; slab = slab->next) {
    const char *end = slab->is_open ? vmr_slab_end(body, slab) : slab->first;
    for (const char *object = slab->first; object < end; object += body->stride) {
      if (*vmr_tag_of(object) == 0) body->open.base[idle++] = (void *)(uintptr_t)object;
    }
  }
  set_stack(body, body->open.base, idle);
}

static size_t trim(vmr_pool_body *body, size_t keep) {
  size_t before = body->reserved;
  if (body->slabs == NULL || body->is_in_buffer) return 0;
  vmr_pool_release_idle_slabs(body, keep);
  if (body->reserved != before) restack_idle(body);
  size_t idle = vmr_pool_count_idle(body),
         least = idle + body->made / 4; /* live objects may hold slabs: not again before long */
  body->due_idle = least > 2 * body->max_idle ? least : 2 * body->max_idle;
  if (idle == body->made) {
    body->trimmed_created = body->created;
    body->next_slab_bytes = FIRST_SLAB_BYTES;
  }
  set_stack(body, body->open.base, idle);
  return before - body->reserved;
}

size_t vmr_pool_trim(vmr_pool *pool) { return pool != NULL ? trim(vmr_pool_body_of(pool), 0) : 0; }

/* ---- put ---- */

bool vmr_pool_was_object(const vmr_pool_body *body, const void *object) {
  uintptr_t place = (uintptr_t)object;
  for (const vmr_slab *each = body->slabs; each != NULL; each = each->next) {
    const char *end = each->is_open ? vmr_slab_end(body, each) : each->limit;
    if (place >= (uintptr_t)each->first && place < (uintptr_t)end)
      return (place - (uintptr_t)each->first) % body->stride == 0;
  }
  return false;
}

static vmr_status refuse(vmr_pool_body *body, const void *object) {
  if (!vmr_pool_was_object(body, object))
    return vmr_pool_misuse(body, VMR_FOREIGN_POINTER, object, "a pool was given an object that is none of it");
  return vmr_pool_misuse(body, VMR_DOUBLE_FREE, object, "an object was given back to its pool twice");
}

bool vmr_pool_has_live(const vmr_pool_body *body, const void *object) {
  /* under a sanitizer what lies between the objects may not be read */
  bool is_read =
      vmr_pool_find_region(body, object) != NULL && (!body->is_watched || vmr_pool_find_slab(body, object) != NULL);
  return is_read && vmr_is_live(body, object);
}

static vmr_status take_back(vmr_pool_body *body, void *object) {
  vmr_status status = VMR_OK;
  if (body->is_checked) {
    if (!vmr_pool_check_object(body, object, true)) status = VMR_CORRUPTED;
    vmr_pool_close_object(body, object);
  }
  if (body->is_profiled) vmr_watch_forget(body->handle.ctx, object);
  vmr_pool_set_window(body, vmr_pool_find_region(body, object));
  push_idle(body, object);
  VMR_PUBLISH(body->open.puts, body->open.puts + 1);
  if (vmr_pool_count_idle(body) > quiet_idle(body)) trim(body, body->max_idle);
  if (status != VMR_OK && body->status == VMR_OK) body->status = status;
  return status;
}

vmr_status vmr_pool_put_slow(vmr_pool *pool, void *object) {
  vmr_pool_body *body = vmr_pool_body_of(pool);
  vmr_deferral deferral;
  if (object == NULL) return VMR_OK;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  if (!vmr_pool_has_live(body, object)) return refuse(body, object);
  if (body->reset != NULL) body->reset(body->user, object);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  vmr_status status = take_back(body, object);
  (void)vmr_ctx_relieve(&deferral, false);
  return status;
}

/* ---- what is there ---- */

/* The first live object of a slab from `object` on, or NULL. */
static const char *first_live(const vmr_pool_body *body, const vmr_slab *slab, const char *object) {
  const char *end = slab->is_open ? vmr_slab_end(body, slab) : slab->first;
  while (object < end && !vmr_is_live(body, object)) object += body->stride;
  return object < end ? object : NULL;
}

void *vmr_pool_next_live(const vmr_pool *pool, const void *after) {
  const vmr_pool_body *body = vmr_pool_body_of(pool);
  if (pool == NULL) return NULL;
  const vmr_slab *slab = after != NULL ? vmr_pool_find_slab(body, after) : body->slabs;
  const char *object = after != NULL ? (const char *)after + body->stride : slab != NULL ? slab->first : NULL;
  while (slab != NULL) {
    object = first_live(body, slab, object);
    if (object != NULL) return (void *)(uintptr_t)object;
    slab = slab->next;
    object = slab != NULL ? slab->first : NULL;
  }
  return NULL;
}

vmr_pool_figures vmr_pool_read_figures(const vmr_pool *pool) {
  const vmr_pool_body *body = vmr_pool_body_of(pool);
  if (pool == NULL) return (vmr_pool_figures){0};
  size_t live = count_live(body), created = VMR_PEEK(body->created), gets = VMR_PEEK(pool->puts) + live;
  return (vmr_pool_figures){.hits = gets > created ? gets - created : 0,
                            .misses = created + VMR_PEEK(body->failed),
                            .refused = VMR_PEEK(body->failed),
                            .live = live,
                            .idle = vmr_pool_count_idle(body),
                            .object_bytes = body->object_bytes,
                            .reserved_bytes = VMR_PEEK(body->reserved)};
}

vmr_status vmr_pool_status(const vmr_pool *pool) { return pool != NULL ? vmr_pool_body_of(pool)->status : VMR_OK; }
