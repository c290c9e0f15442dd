/* set_cover.c: a greedy and an exact cover by bit sets, whose temporaries go through recursive callees that keep none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 2
typedef unsigned long *set;

static set new_set(void) { return calloc(WORDS, sizeof(unsigned long)); } // local
static void free_set(set s) {
  if (s) free(s);
}
static set and_not(set to, const set left, const set right) {
  for (int i = 0; i < WORDS; i++) to[i] = left[i] & ~right[i];
  return to;
}
static int count(const set s) {
  int total = 0;
  for (int i = 0; i < WORDS; i++)
    for (unsigned long bits = s[i]; bits != 0; bits &= bits - 1) total++;
  return total;
}

typedef struct problem {
  int sets, best;
  unsigned long member[24][WORDS];
} problem;

static void search(problem *p, int next, int used, const set left) {
  if (count(left) == 0) {
    if (used < p->best) p->best = used;
    return;
  }
  if (next == p->sets || used + 1 >= p->best) return;
  set rest = new_set();
  search(p, next + 1, used + 1, and_not(rest, left, p->member[next]));
  search(p, next + 1, used, left);
  free_set(rest);
}

static int greedy(const problem *p, const set all) {
  set left = new_set(), candidate = new_set();
  int used = 0;
  memcpy(left, all, WORDS * sizeof *left);
  while (count(left) > 0) {
    int best = -1, gain = 0;
    for (int i = 0; i < p->sets; i++) {
      int rest = count(and_not(candidate, left, (set)p->member[i]));
      if (count(left) - rest > gain) gain = count(left) - rest, best = i;
    }
    if (best < 0) break;
    and_not(left, left, (set)p->member[best]);
    used++;
  }
  free_set(left);
  free_set(candidate);
  return used;
}

/* The argument is the number of problems. */
int main(int argument_count, char **arguments) {
  unsigned seed = 7;
  int rounds = argument_count > 1 ? atoi(arguments[1]) : 6;
  for (int round = 0; round < rounds; round++) {
    problem *p = calloc(1, sizeof *p); // local
    set all = new_set();
    if (p == NULL || all == NULL) return 1;
    p->sets = 12 + round % 12;
    for (int i = 0; i < p->sets; i++)
      for (int k = 0; k < 70; k++) {
        seed = seed * 1103515245u + 12345u;
        if (seed >> 16 & 3) continue;
        p->member[i][k / 64] |= 1ul << k % 64;
        all[k / 64] |= 1ul << k % 64;
      }
    int first = greedy(p, all);
    p->best = first + 1;
    search(p, 0, 0, all);
    printf("%d sets, %d elements: greedy %d, best %d\n", p->sets, count(all), first, p->best);
    free_set(all);
    free(p);
  }
  return 0;
}
