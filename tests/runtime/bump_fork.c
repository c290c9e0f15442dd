/* bump_fork.c: a process of two threads forks while one of them takes and gives back chunks for bumps, and while handlers of
 * the program's own allocate. No heap ever begins. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

static _Thread_local vmr_bump bump;
static atomic_bool is_over;

/* Some 15 chunks of 2 MiB. */
static void take_chunks(bool are_used) {
  for (int i = 0; i < 60; i++) {
    char *object = vmr_bump_alloc(&bump, 500000);
    CHECK(object != NULL);
    if (are_used) *object = 1;
  }
  vmr_bump_release(&bump);
}

/* Little is done here but taking and giving back, so that most forks come in between. */
static void *work(void *unused) {
  while (!is_over) take_chunks(false);
  return unused;
}

static void use_chunks(void) { take_chunks(true); }

static void begin_child(void) {
  alarm(10);
  use_chunks();
}

int main(void) {
  pthread_t thread;
  CHECK(setenv("VMEMRT_OPTIONS", "huge_pages=0", 1) == 0);
  CHECK(pthread_atfork(use_chunks, use_chunks, begin_child) == 0);
  CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
  alarm(60); /* who waits for ever ends by that */
  for (int i = 0; i < 1000; i++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      use_chunks();
      _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  is_over = true;
  CHECK(pthread_join(thread, NULL) == 0);
  return 0;
}
