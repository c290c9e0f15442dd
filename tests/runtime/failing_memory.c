/* failing_memory.c: loaded before a program (LD_PRELOAD), makes each of its requests for memory fail in turn, and says what
 * came of it. Requests are malloc and its like, pages and their opening; those of the program itself and of libvmemrt
 * count, those of other libraries do not.
 *
 *   cmocka's programs   each test is a sweep of its own: cmocka's runner is replaced
 *   others              the program as a whole, before main
 *
 * A run is a child process. Without a fault it must succeed. With one it may fail (an assertion, exit code 1), or succeed
 * and then hold no more blocks than without; it may not crash or hang, and the contexts that it leaves must be valid. Twice:
 * once that request alone fails, once all from there on. Of a run with more than MOST
 * requests (one that makes them fail itself, as a rule), or a long one, those behind the DENSE-th are struck ever more
 * sparsely. Freed blocks are overwritten, so that a use of one is seen. A program that itself reads through the NULL that it was
 * given has failed as by an assertion; when the library does so, that is a fault.
 *
 *   FAILING_MEMORY_SECONDS=N   how long the runs of a long test may compute together, each way; 0.4 by default
 *   FAILING_MEMORY=TEST:N[+]   this test (or `program`) once, request N (+: and all later) fails, in this process: for a debugger */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <signal.h>

#include <cmocka.h>

#include "vmemrt.h"

#define MOST 60
#define DENSE 4
#define LONG_SECONDS 0.02
#define SECONDS 60 /* that a run may take */
#define SWEEP_SECONDS \
  0.4 /* computed, after which a long test is struck no more; FAILING_MEMORY_SECONDS says otherwise */
#define BLOCKS ((size_t)1 << 20)
#define CONTEXTS 64

enum { SKIPPED = 77, LEAKS = 88, INVALID = 89, TEST_FAILED = 255 };

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);

/* What a run tells the process that started it. */
typedef struct outcome {
  _Atomic unsigned long requests;
  _Atomic long live;
  atomic_bool is_struck;
} outcome;

static outcome alone, *current = &alone;
static atomic_bool is_armed;
static unsigned long strike; /* the number of the request that fails; 0: none */
static bool is_lasting;      /* and all later ones */
static unsigned long patience =
    ULONG_MAX; /* requests, after which a run that tries until it succeeds has tried enough */
typedef struct code_range {
  uintptr_t low, high;
  bool is_library; /* else the program */
} code_range;
static code_range counted[8];
static int counted_count;

/* ---- which requests count ---- */

static int add_range(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  bool is_ours = info->dlpi_name[0] == '\0' || strstr(info->dlpi_name, "libvmem") != NULL;
  for (int i = 0; i < info->dlpi_phnum && is_ours; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0 || counted_count == 8) continue;
    counted[counted_count].low = info->dlpi_addr + header->p_vaddr;
    counted[counted_count].high = counted[counted_count].low + header->p_memsz;
    counted[counted_count++].is_library = info->dlpi_name[0] != '\0';
  }
  return 0;
}

static const code_range *find_code(const void *place) {
  for (int i = 0; i < counted_count; i++) {
    if ((uintptr_t)place >= counted[i].low && (uintptr_t)place < counted[i].high) return &counted[i];
  }
  return NULL;
}

static bool counts(const void *caller) { return is_armed && find_code(caller) != NULL; }

/* Counts a request; false when it is to fail. */
static bool admit(void) {
  unsigned long number = ++current->requests;
  if (number > patience) _exit(TEST_FAILED); /* in the midst of something */
  bool is_hit = strike != 0 && (number == strike || (is_lasting && number > strike));
  if (is_hit) current->is_struck = true;
  if (is_hit) errno = ENOMEM;
  return !is_hit;
}

/* ---- the blocks that live: a table with open addressing ---- */

static void *blocks[BLOCKS];
static atomic_flag blocks_lock = ATOMIC_FLAG_INIT;
#define REMOVED ((void *)1)

static size_t slot_of(const void *block) { return ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> (64 - 20); }

static void lock_blocks(void) {
  while (atomic_flag_test_and_set(&blocks_lock)) continue;
}

static void unlock_blocks(void) { atomic_flag_clear(&blocks_lock); }

/* Tests fork while threads of theirs are at work. As any malloc with a lock of its own, this one registers itself when it is
 * first used: whoever uses it registers later, and so is locked before it. */
static void register_lock(void) {
  static bool is_registered;
  if (is_registered) return;
  is_registered = true;
  (void)pthread_atfork(lock_blocks, unlock_blocks, unlock_blocks);
}

static void *note(void *block) {
  if (block == NULL) return NULL;
  lock_blocks();
  size_t slot = slot_of(block);
  for (size_t i = 0; i < BLOCKS / 2; i++, slot = (slot + 1) % BLOCKS) {
    if (blocks[slot] != NULL && blocks[slot] != REMOVED) continue;
    blocks[slot] = block;
    current->live++;
    break;
  }
  unlock_blocks();
  return block;
}

static bool forget(const void *block) {
  bool is_found = false;
  lock_blocks();
  size_t slot = slot_of(block);
  for (; blocks[slot] != NULL && !is_found; slot = (slot + 1) % BLOCKS) {
    is_found = blocks[slot] == block;
    if (is_found) blocks[slot] = REMOVED;
  }
  if (is_found) current->live--;
  unlock_blocks();
  return is_found;
}

/* ---- what stands in libc's place ---- */

void *malloc(size_t bytes) {
  register_lock();
  if (!counts(__builtin_return_address(0))) return __libc_malloc(bytes);
  return admit() ? note(__libc_malloc(bytes)) : NULL;
}

void *calloc(size_t count, size_t size) {
  if (!counts(__builtin_return_address(0))) return __libc_calloc(count, size);
  return admit() ? note(__libc_calloc(count, size)) : NULL;
}

void *realloc(void *old, size_t bytes) {
  if (!counts(__builtin_return_address(0))) return __libc_realloc(old, bytes);
  if (!admit()) return NULL;
  bool was_noted = old == NULL || forget(old);
  void *block = __libc_realloc(old, bytes);
  if (was_noted) (void)note(block != NULL ? block : old);
  return block;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  if (!counts(__builtin_return_address(0))) return __libc_memalign(alignment, bytes);
  return admit() ? note(__libc_memalign(alignment, bytes)) : NULL;
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
  bool is_counted = counts(__builtin_return_address(0));
  if (is_counted && !admit()) return ENOMEM;
  void *made = __libc_memalign(alignment, bytes);
  if (made == NULL) return ENOMEM;
  *block = is_counted ? note(made) : made;
  return 0;
}

void free(void *block) {
  int error = errno;
  if (block != NULL && is_armed && forget(block)) memset(block, 0xdd, malloc_usable_size(block));
  __libc_free(block);
  errno = error;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (counts(__builtin_return_address(0)) && !admit()) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, offset);
}

int mprotect(void *pages, size_t bytes, int protection) {
  if (protection != PROT_NONE && counts(__builtin_return_address(0)) && !admit()) return -1;
  return (int)syscall(SYS_mprotect, pages, bytes, protection);
}

void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void *at = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void *) : NULL;
  va_end(rest);
  if (counts(__builtin_return_address(0)) && !admit()) return MAP_FAILED;
  return (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags, at);
}

/* ---- the contexts that live ---- */

static vmr_ctx *contexts[CONTEXTS];

static void replace_context(const vmr_ctx *old, vmr_ctx *put) {
  for (int i = 0; i < CONTEXTS; i++) {
    if (contexts[i] != old) continue;
    contexts[i] = put;
    return;
  }
}

/* Those with guard bytes are not looked at later: tests overwrite them. */
vmr_status vmr_ctx_create(vmr_ctx **ctx, const vmr_options *options) {
  vmr_status (*create)(vmr_ctx **, const vmr_options *);
  *(void **)&create = dlsym(RTLD_NEXT, "vmr_ctx_create");
  vmr_status status = create(ctx, options);
  bool is_guarded = options != NULL && (options->flags & VMR_GUARD) != 0;
  if (status == VMR_OK && !is_guarded) replace_context(NULL, *ctx);
  return status;
}

vmr_status vmr_ctx_destroy(vmr_ctx *ctx) {
  vmr_status (*destroy)(vmr_ctx *);
  *(void **)&destroy = dlsym(RTLD_NEXT, "vmr_ctx_destroy");
  vmr_status status = destroy(ctx);
  if (ctx != NULL && status == VMR_OK) replace_context(ctx, NULL);
  return status;
}

static bool contexts_are_valid(void) {
  bool (*is_valid)(vmr_ctx *);
  *(void **)&is_valid = dlsym(RTLD_NEXT, "vmr_ctx_is_valid");
  for (int i = 0; i < CONTEXTS && is_valid != NULL; i++) {
    if (contexts[i] != NULL && !is_valid(contexts[i])) return false;
  }
  return true;
}

/* ---- a run ---- */

static pid_t runner;

static void end_run(int code, void *unused) {
  (void)unused;
  if (getpid() != runner) return; /* a process that the test started */
  is_armed = false;
  if ((code & 255) != SKIPPED && !contexts_are_valid()) _exit(INVALID);
}

/* Whether the innermost of the calls under way that is not libc's or cmocka's is the program's. */
static bool is_in_program(void) {
  void *calls[64];
  int count = backtrace(calls, 64);
  const code_range *found = NULL;
  for (int i = 0; i < count && found == NULL; i++) found = find_code(calls[i]);
  return found != NULL && !found->is_library;
}

/* Nothing is ever mapped so low: it is NULL, or a member or an element of what it should have been. */
#define LOWEST_ADDRESS ((uintptr_t)256 << 20)

static void judge_signal(int number, siginfo_t *info, void *unused) {
  (void)unused;
  bool is_null = number == SIGSEGV && info->si_code > 0 && (uintptr_t)info->si_addr < LOWEST_ADDRESS;
  if (is_null && current->is_struck && is_in_program()) exit(TEST_FAILED);
  (void)signal(number, SIG_DFL); /* and once more, from where it came */
}

/* What a process that the test starts holds is its own, and gone with it. */
static void disarm(void) { is_armed = false; }

/* The calling process is the run from here on. */
static void begin_run(unsigned long nth, bool lasts) {
  runner = getpid();
  strike = nth;
  is_lasting = lasts;
  (void)on_exit(end_run, NULL);
  (void)pthread_atfork(NULL, NULL, disarm);
  struct sigaction action = {.sa_sigaction = judge_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  (void)sigaction(SIGSEGV, &action, NULL);
  is_armed = true;
}

typedef struct subject {
  const char *name;
  const struct CMUnitTest *test; /* NULL: the program */
} subject;

__attribute__((noreturn)) static void perform(const struct CMUnitTest *test, long live) {
  void *state = test->initial_state;
  if (test->setup_func != NULL && test->setup_func(&state) != 0) exit(TEST_FAILED);
  test->test_func(&state);
  if (test->teardown_func != NULL && test->teardown_func(&state) != 0) exit(TEST_FAILED);
  is_armed = false;
  exit(current->live > live ? LEAKS : 0);
}

void _skip(const char *file, int line) {
  (void)file, (void)line;
  exit(SKIPPED);
}

static void hush(void) {
  int null = open("/dev/null", O_WRONLY);
  if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(TEST_FAILED);
}

/* True in the run itself, where the subject is the program; else `status` is what came of it. */
static bool start_run(const subject *swept, unsigned long nth, bool lasts, long live, int *status) {
  fflush(stdout);
  current->requests = 0;
  current->live = 0;
  current->is_struck = false;
  pid_t child = fork();
  if (child == 0) {
    alarm(SECONDS);
    hush();
    begin_run(nth, lasts);
    if (swept->test != NULL) perform(swept->test, live);
    return true;
  }
  *status = -1;
  if (child > 0) (void)waitpid(child, status, 0);
  return false;
}

/* ---- a sweep ---- */

static bool is_allowed(int status) {
  if (!WIFEXITED(status)) return false;
  int code = WEXITSTATUS(status);
  return code == 0 || (current->is_struck && (code == 1 || code == TEST_FAILED || code == SKIPPED));
}

static void describe(const subject *swept, unsigned long nth, bool lasts, int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  printf("%s: request %lu fails%s: ", swept->name, nth, lasts ? ", and all later" : "");
  if (WIFSIGNALED(status)) {
    printf("signal %d\n", WTERMSIG(status));
  } else {
    printf("%s %d\n", code == LEAKS ? "leaks" : code == INVALID ? "not valid" : "exit code", code);
  }
}

/* How far it is to the next request that is struck. */
static unsigned long step_after(unsigned long nth, unsigned long dense) { return nth < dense ? 1 : nth / 2 + 1; }

typedef struct plan {
  unsigned long requests, dense; /* of the run without a fault; up to which each one is struck */
  long live;
  double seconds; /* for the runs of one way */
} plan;

/* Seconds that runs have computed: on a busy machine as many requests are struck as on a quiet one. */
static double read_clock(void) {
  struct rusage used;
  (void)getrusage(RUSAGE_CHILDREN, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static double sweep_seconds(void) {
  const char *asked = getenv("FAILING_MEMORY_SECONDS");
  return asked != NULL ? strtod(asked, NULL) : SWEEP_SECONDS;
}

/* Faults found; -1: this process is a run. */
static int strike_all(const subject *swept, bool lasts, const plan *planned, unsigned long *runs,
                      unsigned long *passed) {
  int faults = 0, status;
  double begin = read_clock();
  for (unsigned long nth = 1; nth <= planned->requests; nth += step_after(nth, planned->dense), ++*runs) {
    if (start_run(swept, nth, lasts, planned->live, &status)) return -1;
    if (!is_allowed(status)) describe(swept, nth, lasts, status);
    if (!is_allowed(status) && ++faults == 5) break;
    *passed += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (read_clock() - begin > planned->seconds) break;
  }
  return faults;
}

static int sweep(const subject *swept) {
  int status, faults = 0;
  unsigned long runs = 0, passed = 0;
  double begin = read_clock();
  patience = ULONG_MAX;
  if (start_run(swept, 0, false, LONG_MAX, &status)) return -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) return printf("%s: skipped\n", swept->name), 0;
  if (!is_allowed(status)) return describe(swept, 0, false, status), 1;
  bool is_long = read_clock() - begin > LONG_SECONDS || current->requests > MOST;
  plan planned = {current->requests, is_long ? DENSE : ULONG_MAX, current->live, is_long ? sweep_seconds() : 1e9};
  patience = planned.requests + planned.requests / 4 + 1000;
  for (int lasts = 0; lasts < 2; lasts++) {
    int found = strike_all(swept, lasts == 1, &planned, &runs, &passed);
    if (found < 0) return -1;
    faults += found;
  }
  printf("%s: %lu requests, %lu runs of %.1f s, %lu of them succeeded, %d faults\n", swept->name, planned.requests,
         runs, read_clock() - begin, passed, faults);
  return faults;
}

/* FAILING_MEMORY asks for this run alone. */
static bool is_asked_for(const char *name) {
  const char *asked = getenv("FAILING_MEMORY");
  size_t length = strlen(name);
  if (asked == NULL || strncmp(asked, name, length) != 0 || asked[length] != ':') return false;
  begin_run(strtoul(asked + length + 1, NULL, 10), strchr(asked, '+') != NULL);
  return true;
}

static void share_outcome(void) {
  void *shared =
      (void *)syscall(SYS_mmap, NULL, sizeof *current, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED) current = shared;
}

int _cmocka_run_group_tests(const char *group_name, const struct CMUnitTest *const tests, const size_t num_tests,
                            CMFixtureFunction group_setup, CMFixtureFunction group_teardown) {
  void *state = NULL;
  int faults = 0;
  (void)group_name, (void)group_teardown;
  if (group_setup != NULL && group_setup(&state) != 0) return 1;
  for (size_t i = 0; i < num_tests; i++) {
    if (is_asked_for(tests[i].name)) perform(&tests[i], LONG_MAX);
  }
  if (getenv("FAILING_MEMORY") != NULL) return 1;
  for (size_t i = 0; i < num_tests; i++) faults += sweep(&(subject){tests[i].name, &tests[i]});
  return faults == 0 ? 0 : 1;
}

__attribute__((constructor)) static void begin(void) {
  void *calls[1];
  (void)dl_iterate_phdr(add_range, NULL);
  (void)backtrace(calls, 1); /* it loads a library the first time */
  register_lock();
  share_outcome();
  if (dlsym(RTLD_DEFAULT, "cmocka_set_test_filter") != NULL) return; /* its runner will ask for more */
  if (is_asked_for("program")) return;
  int faults = sweep(&(subject){"program", NULL});
  if (faults < 0) return;
  fflush(stdout);
  _exit(faults == 0 ? 0 : 1);
}
