/* compiled_streams.c: the streams of compiled functions, on threads.
 *
 * As many threads as the call allows, this one among them, take streams in order until none is left; a thread that cannot be
 * had is done without. Each stream has a call of its own, so that depths and places of faults are its own; streams within
 * streams run in order. Which thread runs what shows nowhere: streams share no bytes that one of them writes. */
#include "vmemrt/compiled.h"

#include <stdatomic.h>

#include "runtime/os.h"

static int32_t run_in_order(vmr_call *call, const vmr_stream *streams, uint32_t count, void *frame) {
  for (uint32_t i = 0; i < count; i++) {
    int32_t status = streams[i](call, frame);
    if (status != VMR_CALL_OK) return status;
  }
  return VMR_CALL_OK;
}

#ifdef VMR_FREESTANDING

int32_t vmr_call_run_streams(vmr_call *call, const vmr_stream *streams, uint32_t count, void *frame) {
  return run_in_order(call, streams, count, frame);
}

#else

#include <pthread.h>

typedef struct outcome {
  int32_t status;
  vmr_call call;
} outcome;

typedef struct crew {
  const vmr_call *call;
  const vmr_stream *streams;
  void *frame;
  uint32_t count;
  atomic_uint next;
  outcome *outcomes;
} crew;

static void take_fault(vmr_call *call, const vmr_call *from) {
  call->fault_line = from->fault_line;
  call->fault_column = from->fault_column;
}

static void *work(void *user) {
  crew *c = user;
  for (;;) {
    uint32_t i = atomic_fetch_add(&c->next, 1);
    if (i >= c->count) return NULL;
    outcome *mine = &c->outcomes[i];
    mine->call = *c->call;
    mine->call.threads = 1;
    mine->status = c->streams[i](&mine->call, c->frame);
  }
}

static uint32_t start_threads(crew *c, pthread_t *threads, uint32_t wanted) {
  uint32_t started = 0;
  while (started < wanted && pthread_create(&threads[started], NULL, work, c) == 0) started++;
  return started;
}

int32_t vmr_call_run_streams(vmr_call *call, const vmr_stream *streams, uint32_t count, void *frame) {
  uint32_t helpers = (call->threads < count ? call->threads : count);
  helpers = helpers > 1 && call->watch == NULL ? helpers - 1 : 0;
  crew c = {.call = call, .streams = streams, .frame = frame, .count = count};
  size_t room = (size_t)count * sizeof *c.outcomes + helpers * sizeof(pthread_t);
  if (helpers > 0) c.outcomes = vmr_os_alloc(room);
  if (c.outcomes == NULL) return run_in_order(call, streams, count, frame);
  pthread_t *threads = (void *)(c.outcomes + count);
  uint32_t started = start_threads(&c, threads, helpers);
  work(&c);
  for (uint32_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
  int32_t status = VMR_CALL_OK;
  for (uint32_t i = 0; i < count && status == VMR_CALL_OK; i++) {
    status = c.outcomes[i].status;
    if (status != VMR_CALL_OK) take_fault(call, &c.outcomes[i].call);
  }
  vmr_os_free(c.outcomes);
  return status;
}

#endif
