/* Records are read from text; each step may fail, and every path frees what was made until then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct record {
  char *name;
  int *numbers;
  int count;
} record;

static void drop_record(record *r) {
  if (r == NULL) return;
  free(r->name);
  free(r->numbers);
  free(r);
}

/* "name: 1 2 3" */
static record *parse(const char *line) {
  record *r = NULL;
  char *copy = strdup(line); // local
  if (copy == NULL) goto fail;
  r = calloc(1, sizeof *r);
  if (r == NULL) goto fail;
  char *colon = strchr(copy, ':');
  if (colon == NULL || colon == copy) goto fail;
  *colon = '\0';
  r->name = strdup(copy);
  r->numbers = malloc(16 * sizeof *r->numbers);
  if (r->name == NULL || r->numbers == NULL) goto fail;
  for (char *at = colon + 1; *at != '\0';) {
    char *end;
    errno = 0;
    long number = strtol(at, &end, 10);
    if (end == at || errno != 0 || r->count == 16) goto fail;
    r->numbers[r->count++] = (int)number;
    at = end;
  }
  free(copy);
  return r;
fail:
  free(copy);
  drop_record(r);
  return NULL;
}

static int mean_of(const record *r, double *mean) {
  int status = -1;
  double *weights = NULL, *products = NULL;
  if (r->count == 0) goto done;
  weights = malloc((size_t)r->count * sizeof *weights); // local
  if (weights == NULL) goto done;
  for (int i = 0; i < r->count; i++) weights[i] = 1.0 / (i + 1);
  products = malloc((size_t)r->count * sizeof *products); // local
  if (products == NULL) goto done;
  double sum = 0, total = 0;
  for (int i = 0; i < r->count; i++) products[i] = weights[i] * r->numbers[i], sum += products[i], total += weights[i];
  if (total == 0) goto done;
  *mean = sum / total;
  status = 0;
done:
  free(products);
  free(weights);
  return status;
}

/* Encodes in two passes, the first of which finds the size. */
static int encode(const record *r, char *out, size_t room) {
  size_t size = strlen(r->name) + 2;
  char *draft = malloc(512); // local
  int status = -1;
  if (draft == NULL) return -1;
  size_t used = (size_t)snprintf(draft, 512, "%s=", r->name);
  for (int i = 0; i < r->count; i++) {
    if (used + 16 > 512) goto done;
    used += (size_t)snprintf(draft + used, 512 - used, "%x,", (unsigned)r->numbers[i]);
  }
  size = used + 1;
  if (size > room) goto done;
  memcpy(out, draft, size);
  status = (int)size;
done:
  free(draft);
  return status;
}

int main(void) {
  static const char *const lines[] = {"ages: 12 40 7 65",
                                      ": 1 2",
                                      "no colon",
                                      "empty:",
                                      "bad: 1 two",
                                      "big: 99999999999999999999",
                                      "many: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
                                      "long: -1 -2 -3 -4 -5 -6 -7 -8 -9"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    char text[48];
    double mean = 0;
    record *r = parse(lines[i]);
    if (r == NULL) {
      printf("%zu: refused\n", i);
      continue;
    }
    int status = mean_of(r, &mean), size = encode(r, text, sizeof text);
    printf("%zu: %s: status %d, mean %.3f, %d bytes %s\n", i, r->name, status, mean, size, size < 0 ? "" : text);
    drop_record(r);
  }
  return 0;
}
