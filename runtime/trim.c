/* trim.c: vmr_trim, which asks each living handle of a context for what it holds and does not use. */
#include "runtime/arena.h"
#include "runtime/collect.h"
#include "runtime/heap.h"
#include "runtime/interner.h"
#include "runtime/plan.h"
#include "runtime/shared_pool.h"
#include "runtime/store.h"

#define BODY_OF(type, handle) ((type *)(void *)((char *)(handle) - offsetof(type, handle)))

/* What has a lock of its own, and may be trimmed while others use it. */
static size_t trim_shared(vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_KIND_HEAP: {
    vmr_heap *heap = BODY_OF(vmr_heap, handle);
    return VMR_HEAP_IS(heap, VMR_HEAP_SHARED) ? vmr_heap_trim(heap) : 0;
  }
  case VMR_HANDLE_SHARED_POOL: return vmr_shared_pool_trim(vmr_shared_pool_of(handle));
  case VMR_HANDLE_ARENA_POOL: return vmr_arena_pool_trim(handle);
  default: return 0;
  }
}

/* One beneath a shared pool is trimmed by that. */
static size_t trim_pool(vmr_pool_body *body) { return body->keeps_regions ? 0 : vmr_pool_trim(&body->open); }

static size_t trim_handle(vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_KIND_ARENA: return vmr_arena_trim(&BODY_OF(vmr_arena_body, handle)->open);
  case VMR_KIND_INTERNER: return vmr_interner_trim(BODY_OF(vmr_interner, handle));
  case VMR_KIND_POOL: return trim_pool(BODY_OF(vmr_pool_body, handle));
  case VMR_KIND_HEAP: return vmr_heap_trim(BODY_OF(vmr_heap, handle));
  case VMR_KIND_PLAN: return vmr_plan_trim(BODY_OF(vmr_plan, handle));
  case VMR_KIND_GC: return vmr_gc_trim(&BODY_OF(vmr_gc_body, handle)->open);
  case VMR_KIND_STORE: return vmr_store_trim(BODY_OF(vmr_store, handle));
  default: return trim_shared(handle);
  }
}

static size_t trim_all(vmr_ctx *ctx, size_t (*trim)(vmr_handle *)) {
  size_t bytes = 0;
  if (ctx == NULL) return 0;
  pthread_mutex_lock(&ctx->lock);
  for (vmr_handle *each = ctx->handles; each != NULL; each = each->next) bytes += trim(each);
  pthread_mutex_unlock(&ctx->lock);
  return bytes;
}

size_t vmr_trim(vmr_ctx *ctx) { return trim_all(ctx, trim_handle); }

size_t vmr_trim_shared(vmr_ctx *ctx) { return trim_all(ctx, trim_shared); }
