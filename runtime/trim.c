/* trim.c: vmr_trim, which asks each living handle of a context for what it holds and does not use. */
#include "runtime/arena.h"
#include "runtime/heap.h"
#include "runtime/interner.h"
#include "runtime/plan.h"
#include "runtime/pool.h"
#include "runtime/store.h"

#define BODY_OF(type, handle) ((type *)(void *)((char *)(handle) - offsetof(type, handle)))

static size_t trim_handle(vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_KIND_ARENA: return vmr_arena_trim(&BODY_OF(vmr_arena_body, handle)->open);
  case VMR_KIND_INTERNER: return vmr_interner_trim(BODY_OF(vmr_interner, handle));
  case VMR_KIND_POOL: return vmr_pool_trim(&BODY_OF(vmr_pool_body, handle)->open);
  case VMR_KIND_HEAP: return vmr_heap_trim(BODY_OF(vmr_heap, handle));
  case VMR_KIND_PLAN: return vmr_plan_trim(BODY_OF(vmr_plan, handle));
  case VMR_KIND_STORE: return vmr_store_trim(BODY_OF(vmr_store, handle));
  default: return 0;
  }
}

size_t vmr_trim(vmr_ctx *ctx) {
  size_t bytes = 0;
  if (ctx == NULL) return 0;
  pthread_mutex_lock(&ctx->lock);
  for (vmr_handle *each = ctx->handles; each != NULL; each = each->next) bytes += trim_handle(each);
  pthread_mutex_unlock(&ctx->lock);
  return bytes;
}
