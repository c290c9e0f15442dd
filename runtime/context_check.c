/* context_check.c: whether a context and all that was created from it are as they should be. Takes the time of all parts. */
#include "runtime/arena.h"
#include "runtime/heap.h"
#include "runtime/interner.h"
#include "runtime/plan.h"
#include "runtime/shared_pool.h"

#define BODY_OF(type, handle) ((type *)(void *)((char *)(handle) - offsetof(type, handle)))

static bool part_is_valid(vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_KIND_ARENA: return vmr_arena_is_valid(&BODY_OF(vmr_arena_body, handle)->open);
  case VMR_KIND_HEAP: return vmr_heap_is_valid(BODY_OF(vmr_heap, handle));
  case VMR_KIND_INTERNER: return vmr_interner_is_valid(BODY_OF(vmr_interner, handle));
  case VMR_KIND_PLAN: return vmr_plan_is_valid(BODY_OF(vmr_plan, handle));
  case VMR_HANDLE_SHARED_POOL: return vmr_shared_pool_is_valid(vmr_shared_pool_of(handle));
  case VMR_KIND_POOL: {
    const vmr_pool_body *body = BODY_OF(vmr_pool_body, handle);
    return body->keeps_regions || vmr_pool_is_valid(&body->open); /* a shared pool looks at what is beneath it */
  }
  default: return true;
  }
}

/* Each line's peak and total are at least what is there, and the lines make up the sum. */
static bool books_are_valid(const vmr_ctx *ctx) {
  size_t sum = 0;
  for (int kind = 0; kind < VMR_KIND_ALL; kind++) {
    size_t current = ctx->books[kind].current;
    if (current > ctx->books[kind].peak || current > ctx->books[kind].total) return false;
    sum += current;
  }
  return sum == ctx->books[VMR_KIND_ALL].current;
}

bool vmr_ctx_is_valid(vmr_ctx *ctx) {
  bool is_valid = true;
  vmr_deferral deferral;
  if (ctx == NULL) return true;
  vmr_ctx_defer(&deferral, ctx);
  pthread_mutex_lock(&ctx->lock);
  const vmr_handle *previous = NULL;
  for (vmr_handle *each = ctx->handles; each != NULL; previous = each, each = each->next) {
    if (each->previous != previous || each->ctx != ctx || !part_is_valid(each)) is_valid = false;
  }
  if (!books_are_valid(ctx)) is_valid = false;
  pthread_mutex_unlock(&ctx->lock);
  if (!is_valid) vmr_ctx_report(ctx, VMR_CORRUPTED, ctx, "a context or a part of it is not as it should be");
  (void)vmr_ctx_relieve(&deferral, false);
  return is_valid;
}
