/* profile.h: which sites allocate, what lives, what leaks: a sample of what a program notes.
 *
 * A program that allocates for others (a language VM, say) notes each object with the stack of sites that asked for it, and
 * forgets it when it dies. Of what is noted a sample is kept, chosen by bytes: each byte is as likely as any other, one
 * in `sample_bytes` on average, so that large objects and busy sites show and the cost stays small. Sums are estimates
 * that are right on average; with a `sample_bytes` of 1 everything is kept and they are exact. Without a profile (NULL)
 * noting costs a comparison. One thread at a time uses a profile.
 *
 * A profile that watches its context needs no notes: what is created from the context from then on tells of itself. Pools
 * and heaps tell of each object, arenas, plans, interners, buffers and columns of each block that they obtain. */
#ifndef VMEMRT_PROFILE_H
#define VMEMRT_PROFILE_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "file:line" of where it stands; a stack is sites with semicolons between, outermost first: "main;parse;" VMR_SITE. */
#define VMR_SITE VMR_SITE_OF(__FILE__, __LINE__)
#define VMR_SITE_OF(file, line) VMR_SITE_TEXT(file, line)
#define VMR_SITE_TEXT(file, line) file ":" #line

/* Private: read and written by the functions of this header alone. More follows these members. */
typedef struct vmr_profile {
  uint64_t clock; /* bytes noted so far */
  uint64_t due;   /* the next sample is taken when the clock gets beyond */
  size_t live;    /* sampled objects that live */
} vmr_profile;

/* An object of the sample. `age` is in bytes that were noted since. */
typedef struct vmr_profile_object {
  const void *object;
  size_t bytes;
  const char *stack;
  uint64_t age;
} vmr_profile_object;

typedef void (*vmr_profile_function)(void *user, const vmr_profile_object *object);

typedef struct vmr_profile_options {
  size_t struct_size;  /* sizeof(vmr_profile_options) */
  size_t sample_bytes; /* mean distance of samples. 0: 512 KiB */
  size_t events;       /* so many of the newest events of sampled objects are kept. 0: none */
  uint64_t seed;       /* decides the sample */
  vmr_profile_function
      on_leak; /* called by vmr_profile_destroy for each object of the sample that lives; may be NULL */
  void *leak_user;
} vmr_profile_options;

static inline vmr_profile_options vmr_profile_options_default(void) {
#ifdef __cplusplus
  vmr_profile_options options = {};
#else
  vmr_profile_options options = {0};
#endif
  options.struct_size = sizeof(vmr_profile_options);
  return options;
}

/* `ctx` and `options` may be NULL. */
VMR_API vmr_status vmr_profile_create(vmr_profile **profile, vmr_ctx *ctx, const vmr_profile_options *options);

/* Reports what lives in order of age, oldest first, and frees the profile. NULL is accepted. */
VMR_API void vmr_profile_destroy(vmr_profile *profile);

/* From now on the parts of the profile's context note what they allocate; pools and heaps do that if they are created from now
 * on. Any thread may be at work in them then, short of noting by hand, until the profile is asked or destroyed.
 * VMR_INVALID_ARGUMENT without a context, VMR_STILL_IN_USE when another profile watches it. */
VMR_API vmr_status vmr_profile_watch(vmr_profile *profile);

/* What a watching profile says of where, for all threads: `stack` is used as it stands, followed by a semicolon and the part's
 * kind ("main;parse" gives "main;parse;heap"), and must live until the next one. NULL, as at first: the kind alone. */
VMR_API void vmr_profile_set_stack(vmr_profile *profile, const char *stack);

VMR_API void vmr_profile_note_slow(vmr_profile *profile, const void *object, size_t bytes, const char *stack);
VMR_API void vmr_profile_forget_slow(vmr_profile *profile, const void *object);

/* An object of `bytes` was allocated by `stack`, which is copied. What cannot be kept for want of memory is left out, and
 * vmr_profile_status tells. */
static inline void vmr_profile_note(vmr_profile *profile, const void *object, size_t bytes, const char *stack) {
  if (VMR_LIKELY(profile == NULL)) return;
  profile->clock += bytes;
  if (VMR_UNLIKELY(profile->clock > profile->due)) vmr_profile_note_slow(profile, object, bytes, stack);
}

/* An object that may have been noted is freed. */
static inline void vmr_profile_forget(vmr_profile *profile, const void *object) {
  if (VMR_LIKELY(profile == NULL) || profile->live == 0) return;
  vmr_profile_forget_slow(profile, object);
}

/* Calls `function` with each object of the sample that lives, oldest first. */
VMR_API void vmr_profile_each_live(const vmr_profile *profile, vmr_profile_function function, void *user);

/* One line a stack, in the order of first use: the stack, a blank, and bytes (allocated, or with `only_live` those that
 * live), as flame graph tools read them. Stacks with none are left out. Length and `capacity` as in vmr_metrics_text. */
VMR_API size_t vmr_profile_folded(const vmr_profile *profile, bool only_live, char *buffer, size_t capacity);

typedef struct vmr_profile_event {
  const void *object;
  size_t bytes;
  const char *stack;
  uint64_t clock; /* bytes noted until then */
  bool is_free;
} vmr_profile_event;

/* The newest events, up to `capacity` of them, oldest first; returns how many. */
VMR_API size_t vmr_profile_read_events(const vmr_profile *profile, vmr_profile_event *events, size_t capacity);

/* The first failure, or VMR_OK. */
VMR_API vmr_status vmr_profile_status(const vmr_profile *profile);

#ifdef __cplusplus
}
#endif

#endif
