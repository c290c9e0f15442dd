/* test_runtime_site_profile.c: what sites do is counted: objects, bytes, sizes, lives, neighbours; objects that move, that die
 * unseen, that threads make; the file appears as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmemrt/site_profile.h"

#define THREADS 4
#define EACH 2000

enum { NODES, TEXTS, GROWN, SHARED, MANY, NEVER, SITES };

static const vmr_profiled_site sites[SITES] = {
    [NODES] = {"make \"nodes\"\n", "a\\b.c", "malloc", 3, 9, 0, 1},
    [TEXTS] = {"copy", NULL, "strdup", 0, 0, 1, 1},
    [GROWN] = {"grow", "a.c", "realloc", 4, 1, 0, 1},
    [SHARED] = {"work", "a.c", "malloc", 5, 1, 0, 1},
    [MANY] = {"many", "a.c", "malloc", 6, 1, 0, 1},
    [NEVER] = {"never", "a.c", "getline", 7, 1, 0, 0},
};
static char file_name[64];
static const vmr_profiled_program program = {sites, SITES, 0x0123456789abcdefu, file_name};

static char *read_figures(void) {
  size_t length = vmr_site_profile_json(NULL, 0);
  char *text = malloc(length + 1);
  assert_non_null(text);
  assert_int_equal(vmr_site_profile_json(text, length + 1), length);
  assert_int_equal(strlen(text), length);
  return text;
}

/* The line of a site holds the words. */
static void assert_told(const char *function, const char *words) {
  char *text = read_figures(), key[64], *line, *end;
  snprintf(key, sizeof key, "{\"function\": \"%s\"", function);
  assert_non_null(line = strstr(text, key));
  if ((end = strchr(line, '\n')) != NULL) *end = '\0';
  if (strstr(line, words) == NULL) fail_msg("%s\nis not told in\n%s", words, line);
  free(text);
}

static void check_nothing_before_it_begins(void) {
  void *object = malloc(8);
  vmr_site_profile_note(&sites[NODES], object, 8);
  vmr_site_profile_forget(object);
  object = vmr_site_profile_realloc(&sites[NODES], object, 16);
  assert_non_null(object);
  free(object);
  assert_false(vmr_site_profile_write());
  assert_int_equal(vmr_site_profile_begin(NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_site_profile_begin(&(vmr_profiled_program){NULL, 1, 0, "x"}), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_site_profile_begin(&(vmr_profiled_program){sites, SITES, 0, NULL}), VMR_INVALID_ARGUMENT);
  char *text = read_figures();
  assert_non_null(strstr(text, "\"sites\": [\n]}"));
  free(text);
  assert_int_equal(vmr_site_profile_begin(&program), VMR_OK);
  assert_int_equal(vmr_site_profile_begin(&program), VMR_STILL_IN_USE);
}

static void check_objects_are_counted(void) {
  void *first = malloc(24), *second = malloc(40);
  vmr_site_profile_note(&sites[NODES], first, 24);
  vmr_site_profile_note(&sites[TEXTS], second, 40);
  vmr_site_profile_note(&sites[NODES], NULL, 1000); /* malloc had none */
  vmr_site_profile_forget(first);
  vmr_site_profile_forget(NULL);
  vmr_site_profile_forget(&first); /* not one of them */
  free(first);
  assert_told("make \\\"nodes\\\"\\u000a", "\"file\": \"a\\\\b.c\", \"line\": 3, \"column\": 9, \"ordinal\": 0");
  assert_told("make \\\"nodes\\\"\\u000a",
              "\"count\": 1, \"bytes\": 24, \"smallest\": 24, \"largest\": 24, \"frees\": 1, "
              "\"moves\": 0, \"peak_objects\": 1, \"peak_bytes\": 24, \"left_objects\": 0, \"left_bytes\": 0, "
              "\"mean_life\": 40, \"longest_life\": 40, \"alive\": \"0000000000000001\"");
  assert_told("make \\\"nodes\\\"\\u000a",
              "\"sizes\": [{\"up_to\": 24, \"count\": 1}], \"followed_by\": [{\"site\": 1, \"count\": 1}]");
  assert_told("copy",
              "\"file\": null, \"line\": 0, \"column\": 0, \"ordinal\": 1, \"allocator\": \"strdup\", \"noted\": true, "
              "\"count\": 1, \"bytes\": 40");
  assert_told("never", "\"noted\": false, \"count\": 0");
  vmr_site_profile_free(second);
  assert_told("copy", "\"frees\": 1");
  assert_told("make \\\"nodes\\\"\\u000a", "\"freed_before\": [{\"site\": 1, \"count\": 1}]");
}

/* Of one call, in whole granules of 16, and of the largest; what came before the first call counts for none. */
static void check_calls_are_counted(void) {
  char place[5], *before = read_figures();
  assert_null(strstr(before, "scope_bytes"));
  free(before);
  vmr_site_profile_note(&sites[TEXTS], &place[0], 700);
  vmr_site_profile_scope(&sites[TEXTS]);
  assert_told("copy", "\"scope_bytes\": 0, \"alive\"");
  vmr_site_profile_note(&sites[TEXTS], &place[1], 17);
  vmr_site_profile_note(&sites[TEXTS], &place[2], 0);
  vmr_site_profile_note(&sites[TEXTS], &place[3], 16);
  vmr_site_profile_forget(&place[1]);
  vmr_site_profile_scope(&sites[TEXTS]);
  vmr_site_profile_note(&sites[TEXTS], &place[4], 32);
  assert_told("copy", "\"scope_bytes\": 48, ");
  vmr_site_profile_scope(NULL);
  vmr_site_profile_scope(&program.sites[SITES]); /* not one of them */
  for (size_t i = 0; i < 5; i++) vmr_site_profile_forget(&place[i]);
}

/* An object that realloc moves stays its site's; one that it cannot move stays as it is. */
static void check_objects_that_grow(void) {
  char *text = vmr_site_profile_realloc(&sites[GROWN], NULL, 10);
  assert_non_null(text);
  strcpy(text, "abc");
  text = vmr_site_profile_realloc(&sites[TEXTS], text, 5000);
  assert_string_equal(text, "abc");
  assert_told("grow", "\"count\": 1, \"bytes\": 5000, \"smallest\": 10, \"largest\": 5000, \"frees\": 0, \"moves\": 1");
  assert_told("copy", "\"count\": 1, ");
  text = vmr_site_profile_move(text, 20);
  assert_told("grow",
              "\"moves\": 2, \"peak_objects\": 1, \"peak_bytes\": 5000, \"left_objects\": 1, \"left_bytes\": 20");
#ifndef __SANITIZE_ADDRESS__ /* which ends the process where that much is asked for */
  assert_null(vmr_site_profile_realloc(&sites[GROWN], text, SIZE_MAX / 2)); /* text stays */
#endif
  assert_told("grow", "\"left_objects\": 1, \"left_bytes\": 20");
  vmr_site_profile_free(text);
  assert_told("grow", "\"frees\": 1, \"moves\": 2");
  void *nobodys = vmr_site_profile_move(NULL, 30);
  nobodys = vmr_site_profile_realloc(&sites[GROWN], nobodys, 60);
  assert_non_null(nobodys);
  assert_told("grow", "\"count\": 1, ");
  free(nobodys);
}

/* What is made at the place of a living one tells that that died; of another program's sites nothing is counted. */
static void check_objects_that_die_unseen(void) {
  static const vmr_profiled_site strange = {"s", NULL, "malloc", 0, 0, 0, 1};
  char place[3];
  vmr_site_profile_note(&sites[NODES], &place[0], 8);
  vmr_site_profile_note(&sites[TEXTS], &place[0], 8);
  assert_told("make \\\"nodes\\\"\\u000a",
              "\"count\": 2, \"bytes\": 32, \"smallest\": 8, \"largest\": 24, \"frees\": 2");
  vmr_site_profile_note(&strange, &place[0], 8);
  assert_told("copy", "\"count\": 2, \"bytes\": 48, \"smallest\": 8, \"largest\": 40, \"frees\": 2");
  vmr_site_profile_note(&strange, &place[1], 8);
  vmr_site_profile_note(NULL, &place[2], 8);
  vmr_site_profile_forget(&place[1]);
}

/* Many living objects, in the order in which they are made and in another: the table grows, and what stands behind a free
 * slot is found. Parts of the run get longer. */
static void check_many_objects(void) {
  enum { COUNT = 20000 };
  char *block = malloc(COUNT * 16);
  assert_non_null(block);
  for (size_t i = 0; i < COUNT; i++) vmr_site_profile_note(&sites[MANY], block + i * 16, 16);
  assert_told("many", "\"count\": 20000, \"bytes\": 320000, \"smallest\": 16, \"largest\": 16, \"frees\": 0");
  for (size_t i = 0; i < COUNT; i++) vmr_site_profile_forget(block + i * 7919 % COUNT * 16);
  assert_told("many",
              "\"frees\": 20000, \"moves\": 0, \"peak_objects\": 20000, \"peak_bytes\": 320000, \"left_objects\": 0");
  assert_told("many", "\"followed_by\": [{\"site\": 4, \"count\": 19999}]");
  char *text = read_figures();
  assert_non_null(strstr(text, "\"lost\": 0"));
  free(text);
  free(block);
}

static void *work(void *given) {
  (void)given;
  for (int i = 0; i < EACH; i++) {
    void *object = malloc(32);
    vmr_site_profile_note(&sites[SHARED], object, 32);
    object = vmr_site_profile_realloc(&sites[SHARED], object, 48);
    vmr_site_profile_free(object);
  }
  return NULL;
}

static void check_threads(void) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_told(
      "work",
      "\"count\": 8000, \"bytes\": 384000, \"smallest\": 32, \"largest\": 48, \"frees\": 8000, \"moves\": 8000");
  assert_told("work", "\"left_objects\": 0, \"left_bytes\": 0");
}

static void check_the_file_appears_as_a_whole(void) {
  assert_true(vmr_site_profile_write());
  char *text = read_figures(), read[16384];
  FILE *file = fopen(file_name, "r");
  assert_non_null(file);
  read[fread(read, 1, sizeof read - 1, file)] = '\0';
  fclose(file);
  assert_string_equal(read, text);
  assert_non_null(strstr(text, "\"hash\": \"0123456789abcdef\""));
  free(text);
  char short_text[10];
  assert_true(vmr_site_profile_json(short_text, sizeof short_text) > 1000);
  assert_string_equal(short_text, "{\"schema\"");
}

/* As a device is: a file in its place would be in everybody's way. */
static void check_a_pipe_is_written_to(void) {
  struct stat information;
  char *text = read_figures(), read_text[16384];
  assert_int_equal(remove(file_name), 0);
  assert_int_equal(mkfifo(file_name, 0600), 0);
  int pipe = open(file_name, O_RDWR | O_NONBLOCK);
  assert_true(pipe >= 0);
  assert_true(vmr_site_profile_write());
  assert_int_equal(stat(file_name, &information), 0);
  assert_true(S_ISFIFO(information.st_mode));
  ssize_t length = read(pipe, read_text, sizeof read_text - 1);
  assert_true(length > 0);
  read_text[length] = '\0';
  assert_string_equal(read_text, text);
  close(pipe);
  assert_int_equal(remove(file_name), 0);
  free(text);
}

/* At the end of the process it is written again, which nobody needs: this runs behind that. */
static void remove_file(void) { (void)remove(file_name); }

/* One test, for what one part leaves in the books the next one finds there. */
static void a_profile_from_its_begin_to_its_file(void **state) {
  (void)state;
  check_nothing_before_it_begins();
  check_objects_are_counted();
  check_objects_that_grow();
  check_objects_that_die_unseen();
  check_many_objects();
  check_threads();
  check_calls_are_counted();
  check_the_file_appears_as_a_whole();
  check_a_pipe_is_written_to();
}

int main(void) {
  snprintf(file_name, sizeof file_name, "/tmp/site_profile.%d", (int)getpid());
  if (atexit(remove_file) != 0) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_profile_from_its_begin_to_its_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
