/* thread.c: numbers of threads. The counter is state of the process, as threads are. */
#include "runtime/thread.h"

#include <stdatomic.h>

_Thread_local unsigned vmr_thread_known_number;

static atomic_uint last_number;

unsigned vmr_thread_take_number(void) {
  vmr_thread_known_number = atomic_fetch_add_explicit(&last_number, 1, memory_order_relaxed) + 1;
  return vmr_thread_known_number;
}
