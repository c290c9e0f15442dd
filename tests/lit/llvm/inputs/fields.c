#include <stdlib.h>

typedef struct item {
  struct item *next;
  union {
    char *text;
    double *numbers;
  };
  struct {
    char *bytes;
    int *ends[4];
  } parts;
} item;

typedef struct list {
  long count;
  item *head, *tail;
} list;

list lists[3];
static int *shared;
extern int *use(int *);

void in_parameter(list *l) { l->head = malloc(sizeof(item)); }

void two_reads(list *l) { l->tail->next = calloc(1, sizeof(item)); }

void nested(item *one, long bytes) {
  one->parts.bytes = malloc((size_t)bytes);
  one->parts.ends[2] = malloc(40);
  one->text = malloc((size_t)bytes);
}

void in_globals(void) {
  shared = malloc(24);
  lists[1].tail = malloc(sizeof(item));
  use(shared);
}

/* The place of an element that is not known is not told, nor is one of an address that was handed in. */
void unknown(item *one, int which, void **place) {
  one->parts.ends[which] = malloc(48);
  *place = malloc(56);
}
