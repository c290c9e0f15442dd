/* records.c: lines of fields parted by commas, read, split and summed: the allocators of libc besides malloc.
 *
 * Lines come by getline, which grows one buffer; fields by strtok_r and strsep from copies by strndup; columns stand in
 * arrays that grow by reallocarray; sums in blocks of posix_memalign. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "pear,3,40\nfig,,7\napple,12,5,9\n\nplum,1\nquince,100,200,300,400,500,600,700,800\n";

static void fail(void) {
  fprintf(stderr, "no memory\n");
  exit(1);
}

/* The sum of the fields after the name. */
static long sum_fields(const char *line, size_t length) {
  char *copy = strndup(line, length), *rest; // local
  if (copy == NULL) fail();
  long sum = 0;
  char *name = strtok_r(copy, ",", &rest);
  for (char *field = strtok_r(NULL, ",", &rest); name != NULL && field != NULL; field = strtok_r(NULL, ",", &rest))
    sum += strtol(field, NULL, 10);
  free(copy);
  return sum;
}

/* Fields that are empty. */
static int count_empty(const char *line) {
  char *copy = strdup(line), *rest = copy, *field; // local
  if (copy == NULL) fail();
  int empty = 0;
  while ((field = strsep(&rest, ",")) != NULL) empty += *field == '\0';
  free(copy);
  return empty;
}

/* The median of the numbers of a line. */
static long median(const char *line) {
  long *numbers = NULL;
  size_t count = 0;
  for (const char *at = strchr(line, ','); at != NULL; at = strchr(at + 1, ',')) {
    long *more = reallocarray(numbers, count + 1, sizeof *numbers); // local
    if (more == NULL) fail();
    numbers = more;
    numbers[count++] = strtol(at + 1, NULL, 10);
  }
  for (size_t i = 1; i < count; i++)
    for (size_t k = i; k > 0 && numbers[k] < numbers[k - 1]; k--) {
      long swap = numbers[k];
      numbers[k] = numbers[k - 1];
      numbers[k - 1] = swap;
    }
  long middle = count == 0 ? 0 : numbers[count / 2];
  free(numbers);
  return middle;
}

/* How often each letter stands in a line, in a block aligned for vectors. */
static unsigned commonest(const char *line) {
  void *block;
  if (posix_memalign(&block, 32, 26 * sizeof(unsigned)) != 0) fail(); // local
  unsigned *counts = block, best = 0;
  memset(counts, 0, 26 * sizeof *counts);
  for (; *line != '\0'; line++)
    if (*line >= 'a' && *line <= 'z') counts[*line - 'a']++;
  for (unsigned i = 1; i < 26; i++)
    if (counts[i] > counts[best]) best = i;
  free(counts);
  return best;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  FILE *file = fmemopen((void *)text, sizeof text - 1, "r");
  if (file == NULL) fail();
  for (ssize_t length; (length = getline(&line, &room, file)) >= 0;) {
    line[strcspn(line, "\n")] = '\0';
    printf("%s: sum %ld, empty %d, median %ld, commonest %c\n", line, sum_fields(line, (size_t)length),
           count_empty(line), median(line), 'a' + (int)commonest(line));
  }
  free(line);
  return fclose(file);
}
