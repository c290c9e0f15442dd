/* profile.h: how the parts of a context tell the profile that watches it. Each is a look at one pointer when none does. */
#ifndef VMR_RUNTIME_PROFILE_H
#define VMR_RUNTIME_PROFILE_H

#include "runtime/context.h"
#include "vmemrt/profile.h"

#ifndef VMR_FREESTANDING

/* The slow ways; `owner` is the pool or heap that an object goes with, or NULL. */
VMR_IF_LINKED void vmr_watch_note(vmr_ctx *ctx, vmr_kind kind, const void *object, size_t bytes, const void *owner);
VMR_IF_LINKED void vmr_watch_forget(vmr_ctx *ctx, const void *object);
VMR_IF_LINKED void vmr_watch_forget_owner(vmr_ctx *ctx, const void *owner);

/* Of a profile, whose handle this is: its lock, for fork. Who holds it takes no other. */
VMR_IF_LINKED pthread_mutex_t *vmr_profile_lock_of(vmr_handle *handle);

/* Notes an object by hand, as `owner`'s; forgets those of `owner`, which is not NULL, that are dead, all when `is_dead` is NULL. */
void vmr_profile_note_owned(vmr_profile *profile, const void *object, size_t bytes, const char *stack,
                            const void *owner);
void vmr_profile_forget_owned(vmr_profile *profile, const void *owner, bool (*is_dead)(const void *object));

static inline bool vmr_is_watched(const vmr_ctx *ctx) {
  return ctx != NULL && atomic_load_explicit(&ctx->profile, memory_order_acquire) != NULL;
}

/* Pools and heaps tell of their objects; all others of what they obtain. */
static inline bool vmr_is_watched_block(const vmr_ctx *ctx, vmr_kind kind) {
  return vmr_is_watched(ctx) && kind != VMR_KIND_POOL && kind != VMR_KIND_HEAP && kind != VMR_KIND_PROFILE &&
         kind != VMR_KIND_CONTEXT;
}

#else

static inline bool vmr_is_watched(const vmr_ctx *ctx) { return (void)ctx, false; }
static inline void vmr_watch_note(vmr_ctx *ctx, vmr_kind kind, const void *object, size_t bytes, const void *owner) {
  (void)ctx, (void)kind, (void)object, (void)bytes, (void)owner;
}
static inline void vmr_watch_forget(vmr_ctx *ctx, const void *object) { (void)ctx, (void)object; }
static inline void vmr_watch_forget_owner(vmr_ctx *ctx, const void *owner) { (void)ctx, (void)owner; }

#endif

#endif
