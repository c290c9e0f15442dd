/* interpreter.c: a small stack machine whose only allocator is one function over realloc. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t live;

static void *resize(void *block, size_t old, size_t new) {
  live = live - old + new;
  if (new == 0) {
    free(block);
    return NULL;
  }
  void *moved = realloc(block, new);
  if (moved == NULL) exit(2);
  return moved;
}

typedef struct machine {
  long *stack;
  int count, capacity;
} machine;

static void push(machine *m, long value) {
  if (m->count == m->capacity) {
    int larger = m->capacity ? 2 * m->capacity : 4;
    m->stack = resize(m->stack, m->capacity * sizeof *m->stack, larger * sizeof *m->stack);
    m->capacity = larger;
  }
  m->stack[m->count++] = value;
}
static long pop(machine *m) { return m->count ? m->stack[--m->count] : 0; }

static long run(const char *program) {
  machine *m = resize(NULL, 0, sizeof *m);
  memset(m, 0, sizeof *m);
  for (const char *c = program; *c; c++) {
    switch (*c) {
    case '+': push(m, pop(m) + pop(m)); break;
    case '*': push(m, pop(m) * pop(m)); break;
    case '-': {
      long right = pop(m);
      push(m, pop(m) - right);
      break;
    }
    case 'd': {
      long top = pop(m);
      push(m, top);
      push(m, top);
      break;
    }
    default:
      if (*c >= '0' && *c <= '9') push(m, *c - '0');
    }
  }
  long result = pop(m);
  resize(m->stack, m->capacity * sizeof *m->stack, 0);
  resize(m, sizeof *m, 0);
  return result;
}

static long evaluate(const char *text) {
  char *program = malloc(strlen(text) * 3 + 1); // local
  char *to = program;
  for (const char *c = text; *c; c++) {
    *to++ = *c;
    if (*c == '9') *to++ = 'd', *to++ = '*';
  }
  *to = '\0';
  long result = run(program);
  free(program);
  return result;
}

/* The argument is how often the programs are run besides. */
int main(int count, char **arguments) {
  static const char *const programs[] = {"12+", "34*5-", "123456789********", "7dd**", "9", "1234++-", "88*88**d*d-"};
  for (int i = 0; i < 7; i++) printf("%s %ld %ld\n", programs[i], run(programs[i]), evaluate(programs[i]));
  long sum = 0;
  for (int i = 0; count > 1 && i < atoi(arguments[1]); i++) sum += run(programs[i % 7]);
  if (count > 1) printf("sum %ld\n", sum);
  printf("live %zu\n", live);
  return 0;
}
