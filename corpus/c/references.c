/* Texts with a count of their references, in ropes: a text is freed when the last rope that holds it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct text {
  int references, length;
  char letters[];
} text;

typedef struct rope {
  int references;
  text *piece;
  struct rope *next;
} rope;

static int texts_alive, ropes_alive;

static text *new_text(const char *letters) {
  int length = (int)strlen(letters);
  text *t = malloc(sizeof *t + (size_t)length + 1);
  if (t == NULL) exit(1);
  t->references = 1;
  t->length = length;
  memcpy(t->letters, letters, (size_t)length + 1);
  texts_alive++;
  return t;
}

static text *hold_text(text *t) {
  t->references++;
  return t;
}

static void drop_text(text *t) {
  if (--t->references > 0) return;
  texts_alive--;
  free(t);
}

static rope *new_rope(text *piece, rope *next) {
  rope *r = malloc(sizeof *r);
  if (r == NULL) exit(1);
  *r = (rope){1, hold_text(piece), next};
  if (next != NULL) next->references++;
  ropes_alive++;
  return r;
}

static void drop_rope(rope *r) {
  while (r != NULL && --r->references == 0) {
    rope *next = r->next;
    drop_text(r->piece);
    free(r);
    ropes_alive--;
    r = next;
  }
}

static int length_of(const rope *r) {
  int length = 0;
  for (; r != NULL; r = r->next) length += r->piece->length;
  return length;
}

static char *flatten(const rope *r) {
  char *all = malloc((size_t)length_of(r) + 1); // local
  if (all == NULL) exit(1);
  char *end = all;
  for (; r != NULL; r = r->next) {
    memcpy(end, r->piece->letters, (size_t)r->piece->length);
    end += r->piece->length;
  }
  *end = '\0';
  return all;
}

/* A pair of numbers behind a count of its own, used and dropped in one place. */
typedef struct counter {
  int references, words, letters;
} counter;

static counter *new_counter(void) {
  counter *c = malloc(sizeof *c); // local
  if (c == NULL) exit(1);
  c->references = 1;
  c->words = c->letters = 0;
  return c;
}

static void drop_counter(counter *c) {
  if (--c->references == 0) free(c);
}

static void count(counter *c, const char *letters) {
  int inside = 0;
  c->references++;
  for (; *letters != '\0'; letters++) {
    if (*letters != ' ' && !inside) c->words++;
    inside = *letters != ' ';
    c->letters += inside;
  }
  drop_counter(c);
}

int main(void) {
  static const char *const words[] = {"the ", "quick ", "brown ", "fox ", "jumps ", "over ", "a ", "lazy ", "dog "};
  rope *ropes[6] = {NULL};
  for (int i = 0; i < 60; i++) {
    text *t = new_text(words[i * 7 % 9]);
    rope *r = new_rope(t, i % 5 == 0 ? NULL : ropes[(i + 3) % 6]);
    drop_text(t);
    drop_rope(ropes[i % 6]);
    ropes[i % 6] = r;
  }
  for (int i = 0; i < 6; i++) {
    char *all = flatten(ropes[i]);
    counter *c = new_counter();
    count(c, all);
    printf("%d words, %d letters: %.30s\n", c->words, c->letters, all);
    drop_counter(c);
    free(all);
  }
  printf("%d texts, %d ropes\n", texts_alive, ropes_alive);
  for (int i = 0; i < 6; i++) drop_rope(ropes[i]);
  printf("%d texts, %d ropes\n", texts_alive, ropes_alive);
  return 0;
}
