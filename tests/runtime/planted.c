/* planted.c: planted FAULT: plants one misuse of memory, which AddressSanitizer or Valgrind must find; `none` plants none.
 * The program ends by saying "not found". */
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

#define NOT_INLINE __attribute__((noinline)) /* so that no pointer to what leaks stays on the stack */

static volatile int sink;

NOT_INLINE static void use_arena(const char *fault) {
  vmr_arena *arena = vmr_arena_create(0);
  vmr_scope scope = vmr_arena_begin(arena);
  volatile char *object = vmr_arena_alloc(arena, 21), *other = vmr_arena_alloc(arena, 64);
  object[0] = object[20] = other[0] = 1;
  if (strcmp(fault, "arena-overflow") == 0) object[24] = 1;
  if (strcmp(fault, "arena-underflow") == 0) other[-1] = 1;
  if (strcmp(fault, "arena-use-after-scope") == 0) {
    vmr_arena_end(&scope);
    sink = object[0];
  }
  vmr_arena_reset(arena);
  if (strcmp(fault, "arena-use-after-reset") == 0) sink = object[0];
  if (strcmp(fault, "arena-leak") != 0) vmr_arena_destroy(arena);
}

NOT_INLINE static void use_pool(const char *fault) {
  vmr_pool_options options = vmr_pool_options_for(40, 0);
  vmr_pool *pool = NULL;
  CHECK(vmr_pool_create(&pool, NULL, &options) == VMR_OK);
  volatile char *object = vmr_pool_get(pool);
  object[0] = object[39] = 1;
  if (strcmp(fault, "pool-overflow") == 0) object[40] = 1;
  CHECK(vmr_pool_put(pool, (void *)(uintptr_t)object) == VMR_OK);
  if (strcmp(fault, "pool-use-after-put") == 0) object[5] = 1;
  if (strcmp(fault, "pool-double-put") == 0) {
    CHECK(vmr_pool_put(pool, (void *)(uintptr_t)object) == VMR_OK); /* which ends the program */
  }
  if (strcmp(fault, "pool-leak") != 0) vmr_pool_destroy(pool);
}

NOT_INLINE static void use_heap(const char *fault) {
  vmr_heap *heap = NULL;
  CHECK(vmr_heap_create(&heap, NULL, 0) == VMR_OK);
  volatile char *object = vmr_heap_alloc(heap, 40);
  object[0] = object[39] = 1;
  if (strcmp(fault, "heap-overflow") == 0) object[40] = 1;
  vmr_heap_free((void *)(uintptr_t)object);
  if (strcmp(fault, "heap-use-after-free") == 0) sink = object[5];
  vmr_heap_destroy(heap);
}

NOT_INLINE static void use_plan(const char *fault) {
  vmr_plan *plan = NULL;
  CHECK(vmr_plan_create(&plan, NULL, 0) == VMR_OK);
  volatile char *block = vmr_plan_enter(plan, 100);
  block[0] = block[99] = 1;
  if (strcmp(fault, "plan-overflow") == 0) block[100] = 1;
  CHECK(vmr_plan_leave(plan, NULL) == VMR_OK);
  if (strcmp(fault, "plan-use-after-leave") == 0) sink = block[0];
  block = vmr_plan_enter(plan, 100);
  block[0] = block[99] = 1;
  CHECK(vmr_plan_leave_open(plan, NULL) == VMR_OK);
  CHECK(block[0] == 1 && block[99] == 1); /* what is read here is not poisoned yet */
  if (strcmp(fault, "plan-overflow-after-leave") == 0) sink = block[100];
  CHECK(vmr_plan_enter(plan, 60) == block && vmr_plan_leave_open(plan, NULL) == VMR_OK);
  if (strcmp(fault, "plan-use-after-next-call") == 0) sink = block[99];
  CHECK(vmr_plan_enter(plan, 1000) != NULL && vmr_plan_leave_open(plan, NULL) == VMR_OK);
  if (strcmp(fault, "plan-use-after-growth") == 0) sink = block[0];
  vmr_plan_destroy(plan);
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  use_arena(arguments[1]);
  use_pool(arguments[1]);
  use_heap(arguments[1]);
  use_plan(arguments[1]);
  puts("not found");
  return 0;
}
