/* test_runtime_heap_process.c: heaps in processes of several kinds: those that have little address space, that are told things
 * by the environment, that have threads, and that fork. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/heap_program.h"
#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

/* ---- little address space, the environment ---- */

static int live_without_range(void) {
  vmr_heap *heap = NULL, *other = NULL;
  if (vmr_heap_range_bytes() != 0) return 1;
  if (vmr_heap_create(&heap, NULL, 0) != VMR_OK || vmr_heap_create(&other, NULL, VMR_HEAP_NEVER_FREED) != VMR_OK)
    return 2;
  if (run_random_program(heap, 5, 2000) != 0 || run_random_program(other, 6, 200) != 0) return 3;
  char *object = vmr_heap_alloc(heap, 100);
  if (vmr_heap_of(object) != heap || !vmr_heap_is_valid(heap)) return 4;
  vmr_bump bump = VMR_BUMP_WITH(VMR_HEAP_ALIGN8);
  for (int i = 0; i < 50000; i++) {
    char *cut = vmr_bump_alloc8(&bump, 100);
    if (cut == NULL || !is_filled((unsigned char *)cut, 100, 0)) return 6;
    memset(cut, 1, 100);
  }
  for (size_t bytes = 100 * KIB; bytes < 2 * MIB; bytes += 90 * KIB) {
    char *cut = vmr_bump_calloc(&bump, 1, bytes, 8);
    if (cut == NULL || !is_filled((unsigned char *)cut, bytes, 0)) return 7;
    memset(cut, 1, bytes);
  }
  vmr_bump_release(&bump);
  if (vmr_heap_alloc(heap, 800 * MIB) != NULL || vmr_heap_status(heap) != VMR_OUT_OF_MEMORY) return 5;
  vmr_heap_free(object);
  vmr_heap_destroy(heap); /* with what is left in it */
  vmr_heap_destroy(other);
  return 0;
}

/* What a rewritten program, whose heaps have no context, is told from outside. */
static int live_poisoned(void) {
  vmr_heap *heap = NULL;
  vmr_bump bump = VMR_BUMP_WITH(0);
  if (setenv("VMEMRT_OPTIONS", "poison=1", 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  unsigned char *object = vmr_heap_alloc(heap, 100), *cut = vmr_bump_alloc(&bump, 100);
  if (object == NULL || !is_filled(object, 100, 0xcb)) return 2;
  vmr_heap_free(object);
  if (!is_filled(object + 16, 84, 0xdb)) return 3;
  if (cut == NULL || !is_filled(cut, 100, 0xcb)) return 4;
  cut = vmr_bump_calloc(&bump, 10, 10, 16);
  return cut != NULL && is_filled(cut, 100, 0) && run_random_program(heap, 9, 1000) == 0 ? 0 : 5;
}

static int live_with_malloc(void) {
  vmr_heap *heap = NULL;
  vmr_bump bump = VMR_BUMP_WITH(0);
  if (setenv("VMEMRT_OPTIONS", "heap_malloc=1", 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  char *object = vmr_heap_alloc(heap, 100), *cut = vmr_bump_alloc(&bump, 100);
  if (object == NULL || vmr_heap_of(object) != heap || vmr_heap_reserved_bytes(heap) > KIB) return 2;
  if (cut == NULL || bump.cursor != NULL) return 3; /* there is nothing to cut from */
  return run_random_program(heap, 10, 1000) == 0 && vmr_heap_is_valid(heap) ? 0 : 4;
}

/* How a child ends that gives back what it should not: 0 if it is not ended. */
static int signal_of_misuse(vmr_heap *heap, size_t bytes, bool is_foreign) {
  pid_t child = fork();
  if (child == 0) {
    char *object = vmr_heap_alloc(heap, bytes), *other = vmr_heap_alloc(heap, bytes);
    (void)!freopen("/dev/null", "w", stderr);
    vmr_heap_free(object);
    vmr_heap_free(other);
    object = is_foreign ? (char *)vmr_heap_alloc(heap, bytes) + 1 : object;
    vmr_heap_free(object);
    _exit(0);
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* It is ended as by malloc where somebody asked for poison, and goes on else. */
static int live_with_misuse(const char *options, int signal) {
  vmr_heap *heap = NULL;
  if (setenv("VMEMRT_OPTIONS", options, 1) != 0 || vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 1;
  for (int i = 0; i < 100; i++) /* the first ones are malloc's */
    if (vmr_heap_alloc(heap, 24) == NULL) return 2;
  for (size_t bytes = 8; bytes < 1000; bytes = bytes * 3)
    if (signal_of_misuse(heap, bytes, false) != signal) return 3;
  return signal_of_misuse(heap, 100, true) == signal ? 0 : 4;
}

static int live_with_misuse_poisoned(void) { return live_with_misuse("poison=1", SIGABRT); }
static int live_with_misuse_unseen(void) { return live_with_misuse("poison=0", 0); }

static void the_environment_reaches_heaps_without_context(void **state) {
  (void)state;
  assert_succeeds_with_memory((size_t)1 << 36, live_poisoned);
  assert_succeeds_with_memory((size_t)1 << 36, live_with_malloc);
  assert_succeeds_with_memory((size_t)1 << 36, live_with_misuse_poisoned);
  assert_succeeds_with_memory((size_t)1 << 36, live_with_misuse_unseen);
}

static int live_with_a_small_range(void) {
  vmr_heap *heap = NULL;
  if (vmr_heap_range_bytes() == 0 || vmr_heap_range_bytes() > 2048 * MIB) return 1;
  if (vmr_heap_create(&heap, NULL, 0) != VMR_OK) return 2;
  return run_random_program(heap, 7, 2000) != 0 ? 3 : 0;
}

/* The range is reserved once for the process; this runs before anything else did so. */
static void little_address_space_is_enough(void **state) {
  (void)state;
  assert_succeeds_with_memory(700 * MIB, live_without_range);
  assert_succeeds_with_memory(3000 * MIB, live_with_a_small_range);
}

/* ---- threads and fork ---- */

typedef struct exchange {
  vmr_heap *heap;
  void *_Atomic *mailbox;
  uint64_t seed;
  int wrong;
} exchange;

/* Allocates, writes, and gives back what the other thread left. */
static void *work(void *argument) {
  exchange *mine = argument;
  for (int i = 0; i < 20000; i++) {
    size_t bytes = 16 + random_size(&mine->seed) % 3000;
    unsigned char *object = vmr_heap_alloc(mine->heap, bytes);
    if (object == NULL) {
      mine->wrong = 1;
      break;
    }
    memset(object, 7, bytes);
    unsigned char *other = __atomic_exchange_n((void **)&mine->mailbox[i % 64], object, __ATOMIC_ACQ_REL);
    if (other != NULL && (other[0] != 7 || other[15] != 7)) mine->wrong = 1;
    vmr_heap_free(other);
  }
  return NULL;
}

static void threads_share_a_heap(void **state) {
  (void)state;
  static void *_Atomic mailbox[64];
  vmr_heap *heap = make_heap(VMR_HEAP_SHARED);
  exchange sides[2] = {{heap, mailbox, 1, 0}, {heap, mailbox, 2, 0}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &sides[i]), 0);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_false(sides[0].wrong || sides[1].wrong);
  assert_true(vmr_heap_is_valid(heap));
  for (int i = 0; i < 64; i++) vmr_heap_free(mailbox[i]);
  assert_int_equal(vmr_heap_used_bytes(heap), 0);
  vmr_heap_destroy(heap);
}

static void a_child_of_a_busy_process_has_working_heaps(void **state) {
  (void)state;
  static void *_Atomic mailbox[64];
  vmr_heap *heap = make_heap(VMR_HEAP_SHARED);
  char *object = vmr_heap_alloc(heap, 1000);
  memset(object, 5, 1000);
  exchange side = {heap, mailbox, 3, 0};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, work, &side), 0);
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child == 0) {
      bool is_fine = object[999] == 5 && run_random_program(heap, (uint64_t)i, 100) == 0 && vmr_heap_is_valid(heap);
      _exit(is_fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_false(side.wrong);
  vmr_heap_destroy(heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(little_address_space_is_enough),
      cmocka_unit_test(the_environment_reaches_heaps_without_context),
      cmocka_unit_test(threads_share_a_heap),
      cmocka_unit_test(a_child_of_a_busy_process_has_working_heaps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
