/* replay.c: stands in libFuzzer's place: gives a target the files that are named, and those in the folders that are
 * named, in any order. The last name shown is that of the input at fault. Ends with 1 when there was none to give.
 *
 *   replay_analyze tests/fuzz/regressions/analyze */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static bool replay_file(const char *path) {
  enum { LARGEST = 1 << 20 };
  FILE *file = fopen(path, "rb");
  uint8_t *whole = file != NULL ? malloc(LARGEST) : NULL;
  size_t size = whole != NULL ? fread(whole, 1, LARGEST, file) : LARGEST;
  bool fine = size < LARGEST && !ferror(file);
  if (file != NULL) fclose(file);
  uint8_t *bytes = fine ? malloc(size > 0 ? size : 1) : NULL; /* of its very size: a byte more is seen */
  if (bytes != NULL) {
    memcpy(bytes, whole, size);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, size);
  } else {
    printf("%s: cannot be read, or has 1 MiB or more\n", path);
  }
  free(bytes);
  free(whole);
  return bytes != NULL;
}

/* Returns the number of files given, or -1. */
static int replay(const char *path) {
  char name[4096];
  DIR *folder = opendir(path);
  if (folder == NULL) return replay_file(path) ? 1 : -1;
  int count = 0;
  for (struct dirent *entry; count >= 0 && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    int length = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    bool fine = length > 0 && (size_t)length < sizeof name && replay_file(name);
    count = fine ? count + 1 : -1;
  }
  closedir(folder);
  return count;
}

int main(int count, char **arguments) {
  int given = 0;
  for (int i = 1; i < count; i++) {
    int more = replay(arguments[i]);
    if (more < 0) return 1;
    given += more;
  }
  printf("%d inputs\n", given);
  return given > 0 ? 0 : 1;
}
