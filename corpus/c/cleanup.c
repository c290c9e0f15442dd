/* cleanup.c: functions with one exit that frees all, reached by goto from every error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, int **values, int *count) {
  int status = -1, room = 1;
  char *copy = NULL;
  int *list = NULL;
  *values = NULL;
  *count = 0;
  for (const char *c = text; *c; c++) room += *c == ',';
  copy = malloc(strlen(text) + 1); // local
  if (copy == NULL) goto done;
  list = malloc((size_t)room * sizeof *list);
  if (list == NULL) goto done;
  strcpy(copy, text);
  for (char *word = copy; word != NULL;) {
    char *comma = strchr(word, ','), *end;
    if (comma != NULL) *comma++ = '\0';
    list[*count] = (int)strtol(word, &end, 10);
    if (*end != '\0' || end == word) goto done;
    ++*count;
    word = comma;
  }
  status = 0;
  *values = list;
  list = NULL;
done:
  free(list);
  free(copy);
  return status;
}

struct matrix {
  int rows, columns;
  double *cells;
};

static int solve(int size, double *trace) {
  int status = 1;
  struct matrix *m = NULL;
  double *row = NULL, *column = NULL;
  m = malloc(sizeof *m); // local
  if (!m) goto out;
  m->rows = m->columns = size;
  m->cells = calloc((size_t)size * size, sizeof *m->cells); // local
  row = malloc(size * sizeof *row);                         // local
  column = malloc(size * sizeof *column);                   // local
  if (!m->cells || !row || !column) goto out;
  if (size % 5 == 0) goto out; /* no solution */
  for (int i = 0; i < size; i++) row[i] = i + 1, column[i] = size - i;
  for (int i = 0; i < size; i++)
    for (int k = 0; k < size; k++) m->cells[i * size + k] += row[i] * column[k];
  *trace = 0;
  for (int i = 0; i < size; i++) *trace += m->cells[i * size + i];
  status = 0;
out:
  free(column);
  free(row);
  if (m) free(m->cells);
  free(m);
  return status;
}

int main(void) {
  static const char *const inputs[] = {"1,2,3", "", "42", "7,x", "1000,-5,0,99,12"};
  for (int i = 0; i < 5; i++) {
    int *values, count;
    int status = parse(inputs[i], &values, &count);
    long total = 0;
    for (int k = 0; status == 0 && k < count; k++) total += values[k];
    printf("%d %d %ld\n", status, count, total);
    free(values);
  }
  for (int size = 1; size < 25; size += 3) {
    double trace = -1;
    int status = solve(size, &trace);
    printf("%d %d %.1f\n", size, status, trace);
  }
  return 0;
}
