/* main.c: vmo-random: prints a random program.
 *
 *   vmo-random --seed 7 --size 200 > program.vmir */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random/generate.h"

static bool read_number(const char *text, unsigned long long most, unsigned long long *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 0);
  return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number <= most;
}

static bool read_options(int count, char **arguments, unsigned long long *seed, unsigned long long *size) {
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) return false;
    if (strcmp(arguments[i], "--seed") == 0) {
      if (!read_number(arguments[i + 1], UINT64_MAX, seed)) return false;
    } else if (strcmp(arguments[i], "--size") == 0) {
      if (!read_number(arguments[i + 1], 1u << 30, size)) return false;
    } else {
      return false;
    }
  }
  return true;
}

int main(int count, char **arguments) {
  unsigned long long seed = 1, size = 100;
  if (!read_options(count, arguments, &seed, &size)) {
    fprintf(stderr, "usage: vmo-random [--seed NUMBER] [--size OPS]\n");
    return 2;
  }
  vmo_context *context = vmo_context_create();
  vmo_module *module = context == NULL ? NULL : vmo_generate_module(context, seed, (uint32_t)size);
  vmo_text text;
  vmo_text_init(&text);
  if (module != NULL) vmo_print_module(module, &text);
  bool good = module != NULL && !vmo_text_failed(&text) && fwrite(text.data, 1, text.count, stdout) == text.count;
  if (!good) fprintf(stderr, "vmo-random: out of memory, or the output cannot be written\n");
  vmo_text_free(&text);
  vmo_context_destroy(context);
  return good ? 0 : 1;
}
