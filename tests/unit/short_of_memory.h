/* short_of_memory.h: runs a function in a child process whose address space is limited, so that the
 * system itself refuses memory. Not under AddressSanitizer, whose shadow does not fit below a limit: there
 * the test is skipped. Include after cmocka.h; the file defines _POSIX_C_SOURCE. */
#ifndef VMO_TESTS_UNIT_SHORT_OF_MEMORY_H
#define VMO_TESTS_UNIT_SHORT_OF_MEMORY_H

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define VMO_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMO_ADDRESS_SANITIZER 1
#endif
#endif

/* Asserts that `body` returns 0 with at most `bytes` of address space; other numbers say what failed. */
static inline void assert_succeeds_with_memory(size_t bytes, int (*body)(void)) {
#ifdef VMO_ADDRESS_SANITIZER
  (void)bytes;
  (void)body;
  skip();
#else
  int status = -1;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    _exit(setrlimit(RLIMIT_AS, &limit) != 0 ? 100 : body());
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

#endif
