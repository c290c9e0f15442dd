/* The command lines of compilers, as `cc` reads them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

#define MOST_WORDS 32

/* Cuts at blanks; `line` is overwritten. */
static vmo_driver read_line(vmo_context *context, char *line) {
  char *words[MOST_WORDS];
  int count = 0;
  for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) words[count++] = word;
  vmo_driver driver;
  assert_true(vmo_read_driver(context, words, count, &driver));
  return driver;
}

/* What is expected of a line: sources, output, and c (stops at the object), e (compiles nothing), l (links bitcode). */
typedef struct expected_line {
  const char *line;
  uint32_t sources;
  const char *output, *flags;
} expected_line;

static const expected_line lines[] = {
    {"clang-19 -O2 -c a.c -o a.o", 1, "a.o", "c"},
    {"clang-19 -O2 -ca.c", 0, NULL, ""},
    {"clang-19 -c -oa.o a.c", 1, "a.o", "c"},
    {"clang-19 a.c b.cpp c.o -o program", 2, "program", ""},
    {"clang-19 -S a.i", 1, NULL, "c"},
    {"clang-19 -c a.s b.S -o x", 0, "x", "c"},
    {"clang-19 -I a.c -include b.c -MF c.c -Xclang d.c -c e.c", 1, NULL, "c"},
    {"clang-19 -x c - -c", 1, NULL, "c"},
    {"clang-19 -xc a.txt -x none b.txt b.c -c", 2, NULL, "c"},
    {"clang-19 -x assembler a.c -c", 0, NULL, "c"},
    {"clang-19 -E a.c", 1, NULL, "e"},
    {"clang-19 -MM a.c", 1, NULL, "e"},
    {"clang-19 -MMD -c a.c", 1, NULL, "c"},
    {"clang-19 -print-file-name=a.c", 0, NULL, "e"},
    {"clang-19 --version", 0, NULL, "e"},
    {"clang-19 -v -c a.c", 1, NULL, "c"},
    {"clang-19 -flto a.o b.o -fuse-ld=lld -o p", 0, "p", "l"},
    {"clang-19 -flto=full -fuse-ld=/usr/bin/ld.lld-19 a.o", 0, NULL, "l"},
    {"clang-19 -flto a.o", 0, NULL, ""},
    {"clang-19 -flto=thin -fuse-ld=lld a.o", 0, NULL, ""},
    {"clang-19 -flto -fno-lto -fuse-ld=lld a.o", 0, NULL, ""},
    {"clang-19 -flto -fuse-ld=lld -c a.c", 1, NULL, "c"},
    {"ccache clang-19 -c a.c", 1, NULL, "c"},
    {"clang-19", 0, NULL, ""},
};

static void test_lines(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    const expected_line *expected = &lines[i];
    vmo_context *context = vmo_context_create();
    assert_non_null(context);
    char *line = strdup(expected->line);
    vmo_driver driver = read_line(context, line);
    char flags[4];
    snprintf(flags, sizeof flags, "%s%s%s", driver.stops_at_object ? "c" : "", driver.stops_early ? "e" : "",
             driver.links_bitcode ? "l" : "");
    if (driver.source_count != expected->sources || strcmp(flags, expected->flags) != 0)
      fail_msg("%s: %u sources, flags %s", expected->line, driver.source_count, flags);
    if (expected->output == NULL) {
      assert_null(driver.output);
    } else {
      assert_string_equal(driver.output, expected->output);
    }
    assert_non_null(driver.compiler);
    assert_string_equal(driver.compiler, "clang-19");
    free(line);
    vmo_context_destroy(context);
  }
}

static void test_compilers(void **state) {
  (void)state;
  static const struct {
    const char *line, *compiler, *other;
  } cases[] = {{"/no/such/clang -c a.c", "/no/such/clang", NULL},
               {"/no/such/x86_64-linux-gnu-gcc-12 a.c", "/no/such/x86_64-linux-gnu-gcc-12", "gcc"},
               {"/no/such/g++ a.cc", "/no/such/g++", "gcc"},
               {"/no/such/wrapper a.c", "/no/such/wrapper", NULL},
               {"ccache", NULL, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vmo_context *context = vmo_context_create();
    char *line = strdup(cases[i].line);
    vmo_driver driver = read_line(context, line);
    const char *compiler = driver.compiler, *other = driver.other_compiler;
    if (compiler == NULL || cases[i].compiler == NULL) {
      assert_ptr_equal(compiler, cases[i].compiler);
    } else {
      assert_string_equal(compiler, cases[i].compiler);
    }
    if (other == NULL || cases[i].other == NULL) {
      assert_ptr_equal(other, cases[i].other);
    } else {
      assert_string_equal(other, cases[i].other);
    }
    free(line);
    vmo_context_destroy(context);
  }
}

/* Words in a file: quotes, escapes, a file within a file, and one that names itself. */
static void test_response_files(void **state) {
  (void)state;
  char folder[] = "/tmp/driver-XXXXXX", path[64], line[128];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/words", folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "-c \"a b.c\"\n'c d.c' e\\ f.c -o \"x\\\"y\" @%s", path);
  assert_int_equal(fclose(file), 0);
  vmo_context *context = vmo_context_create();
  snprintf(line, sizeof line, "clang-19 @%s @/no/such/file", path);
  vmo_driver driver = read_line(context, line);
  assert_string_equal(driver.source, "a b.c");
  assert_string_equal(driver.output, "x\"y");
  assert_true(driver.source_count >= 3 && driver.source_count % 3 == 0);
  assert_true(driver.stops_at_object);
  vmo_context_destroy(context);
  unlink(path);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_compilers),
      cmocka_unit_test(test_response_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
