#include <stdlib.h>

typedef struct row row;

row *make_table(long unused, size_t count) {
  const row *table = malloc(count * 8 + 16);
  if (table == NULL) exit((int)unused);
  return (row *)table;
}

/* Two on one line. */
void *make_two(size_t wide) {
  void *a, *b;
  b = a = malloc(wide * 3);
  return b;
}
