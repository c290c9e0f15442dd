#include <stdint.h>
#include <stdlib.h>

struct box {
  long number;
  int size;
};

__attribute__((noinline)) static void put(struct box *box, void *p) { box->number = (long)p; }
__attribute__((noinline)) static void *get(struct box *box) { return (void *)box->number; }

void *through_number(void) {
  struct box box;
  void *p = malloc(8);
  put(&box, p);
  box.size = 8;
  return get(&box);
}
