/* runtime.c: bench-runtime WORKLOAD SUBJECT: one measurement of an allocator, for bench_runtime.py.
 *
 * Prints {"ns": nanoseconds of one operation, the best of several rounds} or {"absent": "what is missing"}. The workloads are
 * macros, so that each subject is compiled into its own loop as a user's program would have it. Subjects:
 *
 *   limit    the least that could do, written by hand here: a cursor or a list in a structure, one comparison each
 *   arena, pool, shared    libvmemrt's; limits: the same with a context that has limits and keeps books
 *   heap     libvmemrt's heap, as a rewritten program calls it; shared heap: the same for several threads
 *   bump     libvmemrt's memory for objects that nobody gives back
 *   malloc   whatever malloc is in this process: bench_runtime.py preloads others
 *   obstack, apr, talloc, glib    libraries, opened at run time */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <obstack.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "vmemrt.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

enum { OBJECTS = 1000, REPEATS = 20, ROUNDS = 60, COLD = 1000000, POOL_BYTES = 64 };

static size_t sizes[OBJECTS];   /* 24 to 64 bytes */
static uint32_t order[OBJECTS]; /* a random order */
static void *objects[OBJECTS];

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit) {
  random_state = random_state * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)random_state * limit) >> 32);
}

static void prepare(void) {
  for (uint32_t i = 0; i < OBJECTS; i++) {
    sizes[i] = 24 + random_below(41);
    order[i] = i;
  }
  for (uint32_t i = OBJECTS - 1; i > 0; i--) {
    uint32_t other = random_below(i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

static void touch(void *object) { *(volatile char *)object = 1; }

static int say(double seconds, double operations) {
  printf("{\"ns\": %.5f}\n", seconds / operations * 1e9);
  return 0;
}

static int say_absent(const char *what) {
  printf("{\"absent\": \"%s\"}\n", what);
  return 0;
}

static int fail(void) {
  fprintf(stderr, "bench-runtime: out of memory\n");
  return 1;
}

/* Runs `work` ROUNDS times and says the best time of one of `operations`. */
#define BEST_OF_ROUNDS(operations, work) \
  do { \
    double best = 1e9; \
    for (int round = 0; round < ROUNDS; round++) { \
      double begin = vmo_bench_clock(); \
      for (int repeat = 0; repeat < REPEATS; repeat++) work; \
      double seconds = vmo_bench_clock() - begin; \
      if (seconds < best) best = seconds; \
    } \
    return say(best, (double)(operations) * REPEATS); \
  } while (0)

/* ---- 1000 objects, then all of them at once ---- */

#define RESET(alloc, reset) \
  BEST_OF_ROUNDS(OBJECTS, { \
    for (int i = 0; i < OBJECTS; i++) touch(objects[i] = alloc(sizes[i])); \
    reset; \
  })

/* As RESET, for subjects that need no pointers to give the objects back. */
#define RESET_WHOLE(alloc, reset) \
  BEST_OF_ROUNDS(OBJECTS, { \
    for (int i = 0; i < OBJECTS; i++) touch(alloc(sizes[i])); \
    reset; \
  })

/* ---- 10^6 objects in a process that has none yet; the end is not measured ---- */

#define COLD_BUILD(alloc) \
  do { \
    double begin = vmo_bench_clock(); \
    for (int i = 0; i < COLD / OBJECTS; i++) { \
      for (int k = 0; k < OBJECTS; k++) touch(alloc(sizes[k])); \
    } \
    return say(vmo_bench_clock() - begin, COLD); \
  } while (0)

/* ---- 64 bytes, taken and given back ---- */

#define PAIR(get, put) \
  BEST_OF_ROUNDS(OBJECTS, { \
    for (int i = 0; i < OBJECTS; i++) { \
      void *object = get; \
      touch(object); \
      put(object); \
    } \
  })

#define LIFO(get, put) \
  BEST_OF_ROUNDS(OBJECTS, { \
    for (int i = 0; i < OBJECTS; i++) touch(objects[i] = get); \
    for (int i = OBJECTS - 1; i >= 0; i--) put(objects[i]); \
  })

#define RANDOM(get, put) \
  BEST_OF_ROUNDS(OBJECTS, { \
    for (int i = 0; i < OBJECTS; i++) touch(objects[i] = get); \
    for (int i = 0; i < OBJECTS; i++) put(objects[order[i]]); \
  })

#define RUN_POOL_WORKLOAD(workload, get, put) \
  do { \
    if (strcmp(workload, "pair") == 0) PAIR(get, put); \
    if (strcmp(workload, "lifo") == 0) LIFO(get, put); \
    RANDOM(get, put); \
  } while (0)

/* ---- 64 bytes, taken by one thread and given back by another ---- */

enum { RING = 1024, PASSED = 100000 };

static void *_Atomic ring[RING]; /* NULL: free */

static void wait_a_little(void) { sched_yield(); }

#define PRODUCE(get) \
  for (int i = 0; i < PASSED; i++) { \
    void *object = get; \
    touch(object); \
    while (atomic_load_explicit(&ring[i % RING], memory_order_acquire) != NULL) wait_a_little(); \
    atomic_store_explicit(&ring[i % RING], object, memory_order_release); \
  }

#define CONSUME(put) \
  for (int i = 0; i < PASSED; i++) { \
    void *object; \
    while ((object = atomic_load_explicit(&ring[i % RING], memory_order_acquire)) == NULL) wait_a_little(); \
    touch(object); \
    atomic_store_explicit(&ring[i % RING], NULL, memory_order_release); \
    put(object); \
  }

static vmr_shared_pool *shared;

static void *consume_shared(void *unused) {
#define TO_SHARED(object) vmr_shared_pool_put(shared, object)
  CONSUME(TO_SHARED);
  return unused;
}

static void *consume_malloc(void *unused) {
  CONSUME(free);
  return unused;
}

static void (*slice_free)(size_t, void *);

static void *consume_slices(void *unused) {
#define TO_SLICE(object) slice_free(POOL_BYTES, object)
  CONSUME(TO_SLICE);
  return unused;
}

/* The best of several times that all objects go from one thread to the other. */
#define PASS(get, consume) \
  do { \
    double best = 1e9; \
    for (int round = 0; round < 40; round++) { \
      pthread_t consumer; \
      double begin = vmo_bench_clock(); \
      if (pthread_create(&consumer, NULL, consume, NULL) != 0) return fail(); \
      PRODUCE(get); \
      pthread_join(consumer, NULL); \
      double seconds = vmo_bench_clock() - begin; \
      if (seconds < best) best = seconds; \
    } \
    return say(best, PASSED); \
  } while (0)

static int run_shared(void) {
  vmr_pool_options options = vmr_pool_options_for(POOL_BYTES, 0);
  if (vmr_shared_pool_create(&shared, NULL, &options) != VMR_OK) return fail();
  PASS(vmr_shared_pool_get(shared), consume_shared);
}

/* ---- objects of many sizes that live for different times ---- */

enum { LIVE = 20000, CHANGES = 200000, LARGE = 12, GROWTHS = 200 };

static void *living[LIVE];

static size_t draw_small(void) { return 16 + random_below(16u << random_below(6)); }

static size_t draw_large(void) { return ((size_t)1 << 20) + random_below(7u << 20); }

/* One of `live` objects is given back, and one of another size takes its place. */
#define CHURN(live, changes, draw, alloc, put) \
  do { \
    double best = 1e9; \
    for (int i = 0; i < (live); i++) touch(living[i] = alloc(draw())); \
    for (int round = 0; round < 10; round++) { \
      double begin = vmo_bench_clock(); \
      for (int i = 0; i < (changes); i++) { \
        uint32_t which = random_below(live); \
        put(living[which]); \
        touch(living[which] = alloc(draw())); \
      } \
      double seconds = vmo_bench_clock() - begin; \
      if (seconds < best) best = seconds; \
    } \
    return say(best, changes); \
  } while (0)

/* A vector that doubles by halves from 64 KiB to 64 MiB, each new byte of it touched once a page. */
#define GROW(resize, put) \
  do { \
    double best = 1e9; \
    for (int round = 0; round < 5; round++) { \
      double begin = vmo_bench_clock(); \
      char *vector = NULL; \
      size_t old = 0; \
      for (size_t bytes = (size_t)64 << 10; bytes <= (size_t)64 << 20; bytes += bytes / 2) { \
        vector = resize(vector, bytes); \
        for (size_t at = old; at < bytes; at += 4096) touch(vector + at); \
        old = bytes; \
      } \
      put(vector); \
      double seconds = vmo_bench_clock() - begin; \
      if (seconds < best) best = seconds; \
    } \
    return say(best, 18); \
  } while (0)

/* A function that makes ten objects, which die with it. */
#define SCOPES(begin, alloc, put, end) \
  BEST_OF_ROUNDS(OBJECTS / 10, { \
    for (int i = 0; i < OBJECTS; i += 10) { \
      begin; \
      for (int k = i; k < i + 10; k++) touch(objects[k] = alloc(sizes[k])); \
      for (int k = i; k < i + 10; k++) put(objects[k]); \
      end; \
    } \
  })

#define RUN_HEAP_WORKLOAD(workload, alloc, resize, put) \
  do { \
    if (strcmp(workload, "mix") == 0) CHURN(LIVE, CHANGES, draw_small, alloc, put); \
    if (strcmp(workload, "large") == 0) CHURN(LARGE, GROWTHS, draw_large, alloc, put); \
    if (strcmp(workload, "grow") == 0) GROW(resize, put); \
  } while (0)

static vmr_heap *scope;

static void make_scope(uint32_t flags) {
  if (vmr_heap_create(&scope, NULL, flags) != VMR_OK) scope = NULL; /* malloc serves */
}

static int run_heap(const char *workload, uint32_t flags) {
  vmr_heap *heap = NULL;
  if (vmr_heap_create(&heap, NULL, flags) != VMR_OK) return fail();
#define FROM_HEAP(n) vmr_heap_alloc(heap, n)
#define FROM_SCOPE(n) vmr_heap_alloc(scope, n)
#define IN_HEAP(object, n) vmr_heap_realloc(heap, object, n)
  RUN_HEAP_WORKLOAD(workload, FROM_HEAP, IN_HEAP, vmr_heap_free);
  if (strcmp(workload, "cold") == 0) COLD_BUILD(FROM_HEAP);
  if (strcmp(workload, "scope") == 0) SCOPES(make_scope(flags), FROM_SCOPE, (void), vmr_heap_destroy(scope));
  RUN_POOL_WORKLOAD(workload, vmr_heap_alloc(heap, POOL_BYTES), vmr_heap_free);
}

/* Objects that nobody gives back one by one. */
static int run_bump(const char *workload) {
  static vmr_bump from;
#define FROM_RUNTIME(n) vmr_bump_alloc(&from, n)
  if (strcmp(workload, "reset") == 0) RESET_WHOLE(FROM_RUNTIME, vmr_bump_release(&from));
  if (strcmp(workload, "scope") == 0) SCOPES((void)0, FROM_RUNTIME, (void), vmr_bump_release(&from));
  COLD_BUILD(FROM_RUNTIME);
}

/* ---- the limit ---- */

typedef struct bump {
  char *cursor, *limit;
} bump;

static inline void *bump_alloc(bump *from, size_t bytes) {
  size_t size = (bytes + 15) & ~(size_t)15;
  char *object = from->cursor;
  if (size > (size_t)(from->limit - object)) abort();
  from->cursor = object + size;
  return object;
}

typedef struct freelist {
  void *first;
} freelist;

static inline void *freelist_get(freelist *list) {
  void *object = list->first;
  if (object == NULL) abort();
  list->first = *(void **)object;
  return object;
}

static inline void freelist_put(freelist *list, void *object) {
  *(void **)object = list->first;
  list->first = object;
}

static int run_limit(const char *workload) {
  size_t bytes = strcmp(workload, "cold") == 0 ? (size_t)COLD * 64 : OBJECTS * 64;
  bump *from = malloc(sizeof *from);
  freelist *list = calloc(1, sizeof *list);
  char *memory = aligned_alloc(64, bytes);
  if (from == NULL || list == NULL || memory == NULL) return fail();
  *from = (bump){memory, memory + bytes};
#define FROM_BUMP(n) bump_alloc(from, n)
  if (strcmp(workload, "reset") == 0) RESET_WHOLE(FROM_BUMP, from->cursor = memory);
  if (strcmp(workload, "cold") == 0) COLD_BUILD(FROM_BUMP);
  for (size_t i = OBJECTS; i-- > 0;) freelist_put(list, memory + i * POOL_BYTES);
#define TO_LIST(object) freelist_put(list, object)
  RUN_POOL_WORKLOAD(workload, freelist_get(list), TO_LIST);
}

/* ---- libvmemrt ---- */

static vmr_ctx *make_ctx(bool limited) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  if (!limited) return NULL;
  options.hard_limit = (size_t)4 << 30;
  options.soft_limit = (size_t)3 << 30;
  return vmr_ctx_create(&ctx, &options) == VMR_OK ? ctx : NULL;
}

static int run_arena(const char *workload, bool limited) {
  vmr_arena *arena = NULL;
  if (vmr_arena_open(&arena, make_ctx(limited), 0) != VMR_OK) return fail();
#define FROM_ARENA(n) vmr_arena_alloc(arena, n)
  if (strcmp(workload, "reset") == 0) RESET_WHOLE(FROM_ARENA, vmr_arena_reset(arena));
  COLD_BUILD(FROM_ARENA);
}

static int run_pool(const char *workload, bool limited) {
  vmr_pool_options options = vmr_pool_options_for(POOL_BYTES, 0);
  vmr_pool *pool = NULL;
  if (vmr_pool_create(&pool, make_ctx(limited), &options) != VMR_OK) return fail();
#define TO_POOL(object) vmr_pool_put(pool, object)
  RUN_POOL_WORKLOAD(workload, vmr_pool_get(pool), TO_POOL);
}

/* ---- others ---- */

static void free_all(void) {
  for (int i = 0; i < OBJECTS; i++) free(objects[i]);
}

static int run_malloc(const char *workload) {
  if (strcmp(workload, "reset") == 0) RESET(malloc, free_all());
  if (strcmp(workload, "cold") == 0) COLD_BUILD(malloc);
  if (strcmp(workload, "shared") == 0) PASS(malloc(POOL_BYTES), consume_malloc);
  if (strcmp(workload, "scope") == 0) SCOPES((void)0, malloc, free, (void)0);
  RUN_HEAP_WORKLOAD(workload, malloc, realloc, free);
  RUN_POOL_WORKLOAD(workload, malloc(POOL_BYTES), free);
}

static int run_obstack(const char *workload) {
  static struct obstack stack;
  obstack_init(&stack);
  void *mark = obstack_alloc(&stack, 1);
#define FROM_OBSTACK(n) obstack_alloc(&stack, n)
  if (strcmp(workload, "cold") == 0) COLD_BUILD(FROM_OBSTACK);
  RESET_WHOLE(FROM_OBSTACK, (obstack_free(&stack, mark), mark = obstack_alloc(&stack, 1)));
}

/* A function of a library that is opened at run time. POSIX has dlsym's pointer stand for a function. */
static void *find(void *library, const char *name) { return library != NULL ? dlsym(library, name) : NULL; }

static int run_apr(const char *workload) {
  void *library = dlopen("libapr-1.so.0", RTLD_NOW | RTLD_LOCAL);
  int (*initialize)(void) = NULL;
  int (*create)(void **, void *, void *, void *) = NULL;
  void *(*alloc)(void *, size_t) = NULL;
  void (*clear)(void *) = NULL;
  *(void **)&initialize = find(library, "apr_initialize");
  *(void **)&create = find(library, "apr_pool_create_ex");
  *(void **)&alloc = find(library, "apr_palloc");
  *(void **)&clear = find(library, "apr_pool_clear");
  if (initialize == NULL || create == NULL || alloc == NULL || clear == NULL) return say_absent("libapr-1.so.0");
  void *pool = NULL;
  if (initialize() != 0 || create(&pool, NULL, NULL, NULL) != 0) return fail();
#define FROM_APR(n) alloc(pool, n)
  if (strcmp(workload, "cold") == 0) COLD_BUILD(FROM_APR);
  RESET_WHOLE(FROM_APR, clear(pool));
}

static int run_talloc(const char *workload) {
  void *library = dlopen("libtalloc.so.2", RTLD_NOW | RTLD_LOCAL);
  void *(*alloc)(const void *, size_t, const char *) = NULL;
  void *(*make_pool)(const void *, size_t) = NULL;
  void (*free_children)(void *) = NULL;
  *(void **)&alloc = find(library, "talloc_named_const");
  *(void **)&make_pool = find(library, "talloc_pool");
  *(void **)&free_children = find(library, "talloc_free_children");
  if (alloc == NULL || make_pool == NULL || free_children == NULL) return say_absent("libtalloc.so.2");
  void *pool = make_pool(NULL, (size_t)256 << 10);
  if (pool == NULL) return fail();
#define FROM_TALLOC(n) alloc(pool, n, "object")
  if (strcmp(workload, "cold") == 0) COLD_BUILD(FROM_TALLOC);
  RESET_WHOLE(FROM_TALLOC, free_children(pool));
}

static int run_glib(const char *workload) {
  void *library = dlopen("libglib-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
  void *(*alloc)(size_t) = NULL;
  void (*release)(size_t, void *) = NULL;
  *(void **)&alloc = find(library, "g_slice_alloc");
  *(void **)&release = find(library, "g_slice_free1");
  if (alloc == NULL || release == NULL) return say_absent("libglib-2.0.so.0");
#define RELEASE_ALL \
  for (int i = 0; i < OBJECTS; i++) release(sizes[i], objects[i])
  if (strcmp(workload, "reset") == 0) RESET(alloc, RELEASE_ALL);
  if (strcmp(workload, "cold") == 0) COLD_BUILD(alloc);
  slice_free = release;
  if (strcmp(workload, "shared") == 0) PASS(alloc(POOL_BYTES), consume_slices);
#define TO_SLICES(object) release(POOL_BYTES, object)
  RUN_POOL_WORKLOAD(workload, alloc(POOL_BYTES), TO_SLICES);
}

/* Which malloc this is, by a function that only it has. */
static const char *name_malloc(void) {
  if (dlsym(RTLD_DEFAULT, "mallctl") != NULL) return "jemalloc";
  if (dlsym(RTLD_DEFAULT, "mi_malloc") != NULL) return "mimalloc";
  if (dlsym(RTLD_DEFAULT, "tc_malloc") != NULL) return "tcmalloc";
  return "glibc";
}

static int run(const char *workload, const char *subject) {
  if (strcmp(subject, "limit") == 0) return run_limit(workload);
  if (strcmp(subject, "arena") == 0) return run_arena(workload, false);
  if (strcmp(subject, "arena with limits") == 0) return run_arena(workload, true);
  if (strcmp(subject, "pool") == 0) return run_pool(workload, false);
  if (strcmp(subject, "pool with limits") == 0) return run_pool(workload, true);
  if (strcmp(subject, "shared pool") == 0) return run_shared();
  if (strcmp(subject, "heap") == 0) return run_heap(workload, 0);
  if (strcmp(subject, "shared heap") == 0) return run_heap(workload, VMR_HEAP_SHARED);
  if (strcmp(subject, "bump") == 0) return run_bump(workload);
  if (strcmp(subject, "obstack") == 0) return run_obstack(workload);
  if (strcmp(subject, "apr") == 0) return run_apr(workload);
  if (strcmp(subject, "talloc") == 0) return run_talloc(workload);
  if (strcmp(subject, "glib") == 0) return run_glib(workload);
  return strcmp(subject, name_malloc()) == 0 ? run_malloc(workload) : say_absent(subject);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: bench-runtime reset|cold|pair|lifo|random|shared|scope|mix|large|grow SUBJECT\n");
    return 2;
  }
  prepare();
  return run(arguments[1], arguments[2]);
}
