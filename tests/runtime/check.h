/* check.h: for test programs without cmocka, which has no 32-bit package and does not go with the thread sanitizer. */
#ifndef VMO_TESTS_RUNTIME_CHECK_H
#define VMO_TESTS_RUNTIME_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program with exit code 1 when `condition` is false. */
#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      exit(1); \
    } \
  } while (0)

#endif
