/* profile.c: a sample of what a program notes.
 *
 *   clock   |....x.........|..x......      bytes noted; a sample is due after an exponentially distributed distance
 *
 * An object of s bytes is in the sample with the probability p = 1 - exp(-s / mean), whatever was noted before, for that
 * distribution has no memory; it stands for 1 / p objects like it, which makes sums right on average (the method of
 * tcmalloc's heap profiler). Living ones are a list in order of age and a hash table by address; sites are symbols
 * of an interner. libm is not needed: the two functions are short series. What the parts of a context note goes through a
 * lock, under which no callback runs; what a note obtains for itself is not noted. */
#include "vmemrt/profile.h"

#include <string.h>

#include "runtime/context.h"
#include "runtime/profile.h"
#include "runtime/writer.h"
#include "vmemrt/intern.h"

#define DEFAULT_SAMPLE_BYTES ((size_t)512 << 10)
#define FIRST_SLOTS ((size_t)64) /* a power of two */

typedef struct sample {
  struct sample *older, *newer; /* of the living */
  struct sample *next;          /* in the slot */
  const void *object, *owner;
  size_t bytes;
  uint64_t clock;
  double weight;
  vmr_symbol site;
} sample;

typedef struct site_sums {
  double allocated, live; /* bytes, estimated */
} site_sums;

typedef struct event {
  const void *object;
  size_t bytes;
  uint64_t clock;
  vmr_symbol site;
  bool is_free;
} event;

typedef struct profile_body {
  vmr_profile open; /* what the header sees; first */
  vmr_interner *sites;
  site_sums *sums; /* by symbol - 1 */
  size_t sum_capacity;
  sample *oldest, *newest;
  sample **slots;
  size_t slot_count;
  event *events; /* a ring */
  size_t event_capacity;
  uint64_t event_count;
  size_t sample_bytes;
  uint64_t random;
  vmr_profile_function on_leak;
  void *leak_user;
  const char *stack;    /* of what is noted by the context's parts; may be NULL */
  const void *owner;    /* of the next sample */
  pthread_mutex_t lock; /* over those notes */
  vmr_status status;
  vmr_handle handle;
} profile_body;

static profile_body *body_of(const vmr_profile *profile) { return (profile_body *)(uintptr_t)profile; }

/* ---- chance ---- */

/* The natural logarithm of a number from 1/2^53 to 1: 2 atanh(z) of its part between 1 and 2. */
static double logarithm(double number) {
  double exponent = 0, z, square, sum = 0, power;
  for (; number < 1; number *= 2) exponent--;
  z = (number - 1) / (number + 1);
  square = z * z;
  power = z;
  for (int k = 1; k < 21; k += 2, power *= square) sum += power / k;
  return exponent * 0.69314718055994530942 + 2 * sum;
}

/* 1 - exp(-x), for x >= 0: a series for x / 256, then squared eight times: 1 - (1 - y)^2 = 2y - y^2. */
static double rise(double x) {
  if (x > 40) return 1;
  double small = x / 256, y = small * (1 - small / 2 * (1 - small / 3 * (1 - small / 4 * (1 - small / 5))));
  for (int i = 0; i < 8; i++) y = y * (2 - y);
  return y;
}

/* xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016). */
static uint64_t draw(profile_body *body) {
  uint64_t x = body->random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  body->random = x;
  return x * UINT64_C(2685821657736338717);
}

static void choose_next(profile_body *body) {
  double chance = (double)((draw(body) >> 11) + 1) / 9007199254740992.0;
  double distance = body->sample_bytes > 1 ? -logarithm(chance) * (double)body->sample_bytes : 0;
  body->open.due = body->open.clock + (uint64_t)distance;
}

/* ---- memory ---- */

static void *obtain(profile_body *body, size_t bytes) {
  void *memory = vmr_ctx_obtain_zeroed(body->handle.ctx, VMR_KIND_PROFILE, bytes);
  if (memory == NULL && body->status == VMR_OK) body->status = VMR_OUT_OF_MEMORY;
  return memory;
}

static void release(profile_body *body, void *memory, size_t bytes) {
  vmr_ctx_release(body->handle.ctx, VMR_KIND_PROFILE, memory, bytes);
}

static size_t slot_of(const profile_body *body, const void *object) {
  return (size_t)(((uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (body->slot_count - 1);
}

static void enter(profile_body *body, sample *entered) {
  sample **slot = &body->slots[slot_of(body, entered->object)];
  entered->next = *slot;
  *slot = entered;
}

/* Keeps the chains short; without memory they get longer. */
static void grow_slots(profile_body *body) {
  size_t old_count = body->slot_count, count = old_count * 2;
  if (body->open.live < old_count) return;
  sample **slots = obtain(body, count * sizeof *slots);
  if (slots == NULL) return;
  release(body, body->slots, old_count * sizeof *slots);
  body->slots = slots;
  body->slot_count = count;
  for (sample *each = body->oldest; each != NULL; each = each->newer) enter(body, each);
}

static bool reserve_sums(profile_body *body, vmr_symbol site) {
  if (site == 0) return body->status = VMR_OUT_OF_MEMORY, false;
  if (site <= body->sum_capacity) return true;
  size_t capacity = body->sum_capacity * 2 + 16;
  site_sums *sums = obtain(body, capacity * sizeof *sums);
  if (sums == NULL) return false;
  if (body->sums != NULL) memcpy(sums, body->sums, body->sum_capacity * sizeof *sums);
  release(body, body->sums, body->sum_capacity * sizeof *sums);
  body->sums = sums;
  body->sum_capacity = capacity;
  return true;
}

/* ---- beginning and end ---- */

static void free_body(profile_body *body) {
  for (sample *each = body->oldest, *newer; each != NULL; each = newer) {
    newer = each->newer;
    release(body, each, sizeof *each);
  }
  vmr_interner_destroy(body->sites);
  pthread_mutex_destroy(&body->lock);
  release(body, body->sums, body->sum_capacity * sizeof *body->sums);
  release(body, body->slots, body->slot_count * sizeof *body->slots);
  release(body, body->events, body->event_capacity * sizeof *body->events);
  release(body, body, sizeof *body);
}

static vmr_status prepare(profile_body *body, size_t events) {
  body->slots = obtain(body, FIRST_SLOTS * sizeof *body->slots);
  if (body->slots == NULL) return VMR_OUT_OF_MEMORY;
  body->slot_count = FIRST_SLOTS;
  if (events != 0) body->events = obtain(body, events * sizeof *body->events);
  if (events != 0 && body->events == NULL) return VMR_OUT_OF_MEMORY;
  body->event_capacity = events;
  return vmr_interner_open(&body->sites, body->handle.ctx, NULL);
}

vmr_status vmr_profile_create(vmr_profile **profile, vmr_ctx *ctx, const vmr_profile_options *options) {
  vmr_profile_options chosen = vmr_profile_options_default();
  if (profile == NULL) return VMR_INVALID_ARGUMENT;
  *profile = NULL;
  if (options != NULL && options->struct_size != sizeof chosen) return VMR_INVALID_ARGUMENT;
  if (options != NULL) chosen = *options;
  if (chosen.events > SIZE_MAX / 2 / sizeof(event)) return VMR_SIZE_OVERFLOW;
  profile_body *body = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_PROFILE, sizeof *body);
  if (body == NULL) return VMR_OUT_OF_MEMORY;
  if (pthread_mutex_init(&body->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_PROFILE, body, sizeof *body);
    return VMR_OUT_OF_MEMORY;
  }
  body->handle.ctx = ctx;
  body->sample_bytes = chosen.sample_bytes != 0 ? chosen.sample_bytes : DEFAULT_SAMPLE_BYTES;
  body->random = chosen.seed * 2 + 1;
  body->on_leak = chosen.on_leak;
  body->leak_user = chosen.leak_user;
  vmr_status status = prepare(body, chosen.events);
  if (status != VMR_OK) return free_body(body), status;
  for (int i = 0; i < 8; i++) draw(body); /* away from a seed with few bits */
  choose_next(body);
  vmr_ctx_add_handle(ctx, &body->handle, VMR_KIND_PROFILE);
  *profile = &body->open;
  return VMR_OK;
}

pthread_mutex_t *vmr_profile_lock_of(vmr_handle *handle) {
  return &((profile_body *)(void *)((char *)handle - offsetof(profile_body, handle)))->lock;
}

void vmr_profile_destroy(vmr_profile *profile) {
  if (profile == NULL) return;
  profile_body *body = body_of(profile);
  struct vmr_profile *watching = profile;
  if (body->handle.ctx != NULL) atomic_compare_exchange_strong(&body->handle.ctx->profile, &watching, NULL);
  if (body->on_leak != NULL) vmr_profile_each_live(profile, body->on_leak, body->leak_user);
  vmr_ctx_remove_handle(&body->handle);
  free_body(body);
}

/* ---- noting ---- */

static void add_event(profile_body *body, const sample *of, bool is_free) {
  if (body->event_capacity == 0) return;
  body->events[body->event_count++ % body->event_capacity] =
      (event){of->object, of->bytes, body->open.clock, of->site, is_free};
}

static void append_living(profile_body *body, sample *added) {
  added->older = body->newest;
  if (body->newest != NULL) body->newest->newer = added;
  if (body->oldest == NULL) body->oldest = added;
  body->newest = added;
  body->open.live++;
}

/* Keeps a sample like `wanted`; false, and nothing is kept, when memory is out. */
static bool keep(profile_body *body, const sample *wanted, const char *stack) {
  vmr_symbol site = vmr_interner_add(body->sites, stack, stack != NULL ? strlen(stack) : 0);
  sample *taken = reserve_sums(body, site) ? obtain(body, sizeof *taken) : NULL;
  if (taken == NULL) return false;
  double probability = body->sample_bytes > 1 ? rise((double)wanted->bytes / (double)body->sample_bytes) : 1;
  *taken = *wanted;
  taken->weight = 1 / probability;
  taken->site = site;
  grow_slots(body);
  append_living(body, taken);
  enter(body, taken);
  body->sums[site - 1].allocated += (double)taken->bytes * taken->weight;
  body->sums[site - 1].live += (double)taken->bytes * taken->weight;
  add_event(body, taken, false);
  return true;
}

/* A pressure callback runs between two tries, where the profile is whole: it may use it. */
void vmr_profile_note_slow(vmr_profile *profile, const void *object, size_t bytes, const char *stack) {
  if (profile == NULL) return;
  profile_body *body = body_of(profile);
  sample wanted = {.object = object, .owner = body->owner, .bytes = bytes, .clock = profile->clock};
  vmr_status before = body->status;
  vmr_deferral deferral;
  bool is_kept;
  choose_next(body);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  do {
    body->status = before;
    is_kept = keep(body, &wanted, stack);
  } while (vmr_ctx_relieve(&deferral, !is_kept));
}

static void forget_sample(profile_body *body, sample **link) {
  sample *found = *link;
  *link = found->next;
  *(found->older != NULL ? &found->older->newer : &body->oldest) = found->newer;
  *(found->newer != NULL ? &found->newer->older : &body->newest) = found->older;
  body->open.live--;
  body->sums[found->site - 1].live -= (double)found->bytes * found->weight;
  add_event(body, found, true);
  release(body, found, sizeof *found);
}

void vmr_profile_forget_slow(vmr_profile *profile, const void *object) {
  if (profile == NULL) return;
  profile_body *body = body_of(profile);
  sample **link = &body->slots[slot_of(body, object)];
  while (*link != NULL && (*link)->object != object) link = &(*link)->next;
  if (*link != NULL) forget_sample(body, link);
}

void vmr_profile_note_owned(vmr_profile *profile, const void *object, size_t bytes, const char *stack,
                            const void *owner) {
  if (profile == NULL) return;
  body_of(profile)->owner = owner;
  vmr_profile_note(profile, object, bytes, stack);
  body_of(profile)->owner = NULL;
}

void vmr_profile_forget_owned(vmr_profile *profile, const void *owner, bool (*is_dead)(const void *object)) {
  if (profile == NULL) return;
  profile_body *body = body_of(profile);
  for (sample *each = body->oldest, *newer; each != NULL; each = newer) {
    newer = each->newer;
    bool is_gone = each->owner == owner && (is_dead == NULL || is_dead(each->object));
    if (is_gone) vmr_profile_forget_slow(profile, each->object);
  }
}

/* ---- what the parts of a context tell ---- */

static __attribute__((tls_model("initial-exec"))) _Thread_local bool is_noting;

/* The watching profile, locked; NULL when none watches, or it is what asks. */
static profile_body *enter_watch(vmr_ctx *ctx) {
  struct vmr_profile *profile = is_noting || ctx == NULL ? NULL : ctx->profile;
  if (profile == NULL) return NULL;
  is_noting = true;
  pthread_mutex_lock(&body_of(profile)->lock);
  return body_of(profile);
}

static void leave_watch(profile_body *body) {
  pthread_mutex_unlock(&body->lock);
  is_noting = false;
}

static bool keep_watched(profile_body *body, vmr_kind kind, const sample *wanted) {
  char stack[256];
  vmr_writer writer = {stack, sizeof stack, 0};
  if (body->stack != NULL) {
    vmr_write_bytes(&writer, body->stack, strlen(body->stack));
    vmr_write(&writer, ";");
  }
  vmr_write(&writer, vmr_kind_name(kind));
  (void)vmr_end_text(&writer);
  return keep(body, wanted, stack);
}

/* As vmr_profile_note_slow, under the lock, which a pressure callback does not find taken. */
static void keep_unlocked(vmr_ctx *ctx, vmr_kind kind, const sample *wanted) {
  vmr_deferral deferral;
  bool is_kept;
  vmr_ctx_defer(&deferral, ctx);
  do {
    profile_body *body = enter_watch(ctx);
    is_kept = body != NULL && keep_watched(body, kind, wanted);
    if (body != NULL) leave_watch(body);
  } while (vmr_ctx_relieve(&deferral, !is_kept));
}

void vmr_watch_note(vmr_ctx *ctx, vmr_kind kind, const void *object, size_t bytes, const void *owner) {
  profile_body *body = enter_watch(ctx);
  if (body == NULL) return;
  body->open.clock += bytes;
  sample wanted = {.object = object, .owner = owner, .bytes = bytes, .clock = body->open.clock};
  bool is_due = body->open.clock > body->open.due;
  if (is_due) choose_next(body);
  leave_watch(body);
  if (is_due) keep_unlocked(ctx, kind, &wanted);
}

void vmr_watch_forget(vmr_ctx *ctx, const void *object) {
  profile_body *body = enter_watch(ctx);
  if (body == NULL) return;
  vmr_profile_forget(&body->open, object);
  leave_watch(body);
}

void vmr_watch_forget_owner(vmr_ctx *ctx, const void *owner) {
  profile_body *body = enter_watch(ctx);
  if (body == NULL) return;
  vmr_profile_forget_owned(&body->open, owner, NULL);
  leave_watch(body);
}

vmr_status vmr_profile_watch(vmr_profile *profile) {
  struct vmr_profile *none = NULL;
  if (profile == NULL || body_of(profile)->handle.ctx == NULL) return VMR_INVALID_ARGUMENT;
  bool is_free = atomic_compare_exchange_strong(&body_of(profile)->handle.ctx->profile, &none, profile);
  return is_free || none == profile ? VMR_OK : VMR_STILL_IN_USE;
}

void vmr_profile_set_stack(vmr_profile *profile, const char *stack) {
  if (profile == NULL) return;
  pthread_mutex_lock(&body_of(profile)->lock);
  body_of(profile)->stack = stack;
  pthread_mutex_unlock(&body_of(profile)->lock);
}

/* ---- telling ---- */

void vmr_profile_each_live(const vmr_profile *profile, vmr_profile_function function, void *user) {
  if (profile == NULL || function == NULL) return;
  const profile_body *body = body_of(profile);
  for (const sample *each = body->oldest; each != NULL; each = each->newer) {
    vmr_profile_object told = {.object = each->object,
                               .bytes = each->bytes,
                               .stack = vmr_interner_text(body->sites, each->site, NULL),
                               .age = profile->clock - each->clock};
    function(user, &told);
  }
}

size_t vmr_profile_folded(const vmr_profile *profile, bool only_live, char *buffer, size_t capacity) {
  const profile_body *body = body_of(profile);
  vmr_writer writer = {buffer, capacity, 0};
  for (vmr_symbol site = 1; profile != NULL && site <= vmr_interner_count(body->sites) && site <= body->sum_capacity;
       site++) {
    double sum = only_live ? body->sums[site - 1].live : body->sums[site - 1].allocated;
    if (sum < 0.5) continue;
    vmr_write(&writer, vmr_interner_text(body->sites, site, NULL));
    vmr_write(&writer, " ");
    vmr_write_count(&writer, (uint64_t)(sum + 0.5));
    vmr_write(&writer, "\n");
  }
  return vmr_end_text(&writer);
}

size_t vmr_profile_read_events(const vmr_profile *profile, vmr_profile_event *events, size_t capacity) {
  if (profile == NULL || events == NULL) return 0;
  const profile_body *body = body_of(profile);
  uint64_t kept = body->event_count < body->event_capacity ? body->event_count : body->event_capacity;
  size_t count = kept < capacity ? (size_t)kept : capacity;
  for (size_t i = 0; i < count; i++) {
    const event *each = &body->events[(body->event_count - count + i) % body->event_capacity];
    events[i] = (vmr_profile_event){.object = each->object,
                                    .bytes = each->bytes,
                                    .stack = vmr_interner_text(body->sites, each->site, NULL),
                                    .clock = each->clock,
                                    .is_free = each->is_free};
  }
  return count;
}

vmr_status vmr_profile_status(const vmr_profile *profile) {
  if (profile == NULL) return VMR_OK;
  return body_of(profile)->status;
}
