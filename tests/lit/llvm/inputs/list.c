#include <stdlib.h>
#include <string.h>

struct item {
  struct item *next;
  char name[16];
};
struct item *all;

int local(const char *name) {
  struct item *one = malloc(sizeof *one);
  if (one == NULL) return -1;
  strcpy(one->name, name);
  int length = (int)strlen(one->name);
  free(one);
  return length;
}

__attribute__((noinline)) void kept(const char *name) {
  struct item *one = malloc(sizeof *one);
  strcpy(one->name, name);
  one->next = all;
  all = one;
}

void many(int count) {
  for (int i = 0; i < count; i++) {
    char *text = malloc(strlen(all->name) + 1);
    strcpy(text, all->name);
    kept(text);
    free(text);
  }
}
