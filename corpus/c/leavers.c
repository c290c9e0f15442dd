/* Lists that a function builds and leaves behind: each of them is known to somebody else in another way when it returns, or to
 * nobody. Between, `churn` takes memory and overwrites it. */
#define _GNU_SOURCE
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct node {
  struct node *next;
  long value;
} node;

#define APART __attribute__((noinline))
#define MAKER(name) \
  APART static node *mk_##name(long v, node *next) { \
    node *x = malloc(sizeof *x); \
    if (x == NULL) _Exit(1); \
    x->value = v; \
    x->next = next; \
    return x; \
  }
#define LIST(name, l, c) \
  node *l = NULL; \
  for (long i = 0; i < (c); i++) l = mk_##name(i, l);
static long total(node *l) {
  long s = 0;
  for (; l; l = l->next) s = s * 3 + l->value;
  return s;
}
APART static void churn(void) {
  for (int i = 0; i < 50; i++) {
    node *x = malloc(sizeof *x);
    if (x == NULL) _Exit(1);
    memset(x, 0x77, sizeof *x);
    char *volatile keep = (char *)x;
    (void)keep;
  }
}

/* Returned inside a struct. */
MAKER(a)
typedef struct pair {
  int i;
  node *l;
} pair;
APART static pair in_a_struct(int c) { LIST(a, l, c) return (pair){c, l}; }

/* Integer. */
MAKER(b)
APART static uintptr_t as_a_number(int c) { LIST(b, l, c) return (uintptr_t)l ^ 0x10; }

/* Out parameter. */
MAKER(c)
APART static void by_a_parameter(node **out, int c) { LIST(c, l, c) *out = l; }

/* Global by memcpy. */
MAKER(d)
static char store[64];
APART static void in_global_bytes(int c) { LIST(d, l, c) memcpy(store, &l, sizeof l); }

/* Static cache. */
MAKER(e)
APART static long cached(int c) {
  static node *cache;
  if (!cache) {
    LIST(e, l, c) cache = l;
  }
  return total(cache);
}

/* Callback stores. */
MAKER(f)
static node *saved;
APART static int by_value(const void *x, const void *y) {
  node *const *a = x, *const *b = y;
  saved = *a;
  return ((*a)->value > (*b)->value) - ((*a)->value < (*b)->value);
}
APART static long by_a_callback(int c) {
  node *arr[8];
  for (int i = 0; i < 8; i++) arr[i] = mk_f(c - i, NULL);
  qsort(arr, 8, sizeof *arr, by_value);
  return arr[0]->value;
}

/* Longjmp over it. */
MAKER(g)
static jmp_buf outside;
APART static long jumped_over(int c, int depth) {
  LIST(g, l, c) if (depth > 0) {
    long r = jumped_over(c, depth - 1);
    return r + total(l);
  }
  if (c & 1) longjmp(outside, c);
  return total(l);
}

/* Recursion, structures of outer activations in use after the inner returned. */
MAKER(h)
APART static long nested(int c) {
  if (c == 0) return 1;
  LIST(h, l, c) long inner = nested(c - 1);
  churn();
  return total(l) + inner;
}

/* Called by pointer, the parameter grows a caller's list. */
MAKER(i)
APART static node *append(node *l, int c) {
  for (long i = 0; i < c; i++) l = mk_i(i, l);
  return l;
}
static node *(*volatile append_pointer)(node *, int) = append;
APART static long appended(int c) {
  node *l = append_pointer(NULL, c);
  l = append_pointer(l, c);
  churn();
  return total(l);
}

/* Varargs. */
MAKER(j)
static node *jsaved;
APART static void take(int k, ...) {
  va_list a;
  va_start(a, k);
  while (k-- > 0) jsaved = va_arg(a, node *);
  va_end(a);
}
APART static void by_varargs(int c) { LIST(j, l, c) take(2, l, l->next); }

/* Kept by a heap object of another structure that the caller owns. */
typedef struct owner {
  node *l;
  char pad[8];
} owner;
MAKER(k)
APART static void in_an_owner(owner *o, int c) { LIST(k, l, c) o->l = l; }

/* Freed in part, the rest is left. */
MAKER(l)
APART static long partly_freed(int c) {
  LIST(l, l, c) long s = total(l);
  node *x = l->next;
  free(l);
  return s + total(x);
}

/* Library keeps: tsearch. */
MAKER(m)
static void *root;
APART static int order(const void *a, const void *b) {
  const node *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}
APART static void known_to_library(int c) {
  for (long i = 0; i < c; i++) {
    node *x = mk_m(i, NULL);
    tsearch(x, &root, order);
  }
}

/* Exit inside atexit handler uses it. */
MAKER(o)
static node *last;
APART static void at_end(void) { printf("end %ld\n", total(last)); }
APART static void at_exit(int c) { LIST(o, l, c) last = l; }

/* Mutual recursion with alternate owners. */
MAKER(q)
APART static long turn(int c, node *up);
APART static long turn_back(int c, node *up) {
  node *x = mk_q(c, up);
  return c ? turn(c - 1, x) : total(x);
}
APART static long turn(int c, node *up) {
  node *x = mk_q(-c, up);
  return c ? turn_back(c - 1, x) + total(up) : total(x);
}

/* String kept by strtok. */
static char *word;
APART static void by_strtok(int c) {
  char *t = malloc(32);
  if (t == NULL) _Exit(1);
  snprintf(t, 32, "one%d two%d", c, c);
  strtok(t, " ");
  word = strtok(NULL, " ");
}

/* Pointer in a union with a double. */
MAKER(u)
typedef union both {
  double d;
  node *p;
} both;
static double kept_double;
APART static void in_a_union(int c) {
  LIST(u, l, c) both b;
  b.d = 0;
  b.p = l;
  kept_double = b.d;
}

/* Bytes copied one by one. */
MAKER(v)
static unsigned char bytes[8];
APART static void byte_by_byte(int c) {
  LIST(v, l, c) const unsigned char *p = (const unsigned char *)&l;
  for (int i = 0; i < 8; i++) bytes[i] = p[i];
}

/* Early return, loop calls. */
MAKER(w)
APART static long early(int c) {
  LIST(w, l, c) if (c % 3 == 0) return total(l);
  LIST(w, k, 2) return total(l) - total(k);
}

/* The function's own parameter holds it: circular. */
MAKER(x)
APART static long hung_on(node *up, int c) {
  node *x = mk_x(c, NULL);
  up->next = x;
  return total(up);
}

/* Same maker in scope and outside. */
APART static long shared_maker(int c) {
  LIST(x, l, c) churn();
  return total(l);
}

/* Setjmp inside. */
MAKER(z)
static jmp_buf inside;
APART static long with_setjmp(int c) {
  LIST(z, l, c) volatile int k = 0;
  if (setjmp(inside) == 0 || k < 3) {
    k++;
    LIST(z, more, 3) if (k < 3) longjmp(inside, 1);
    return total(l) + total(more);
  }
  return total(l);
}
int main(int count, char **arguments) {
  (void)arguments;
  int c = 5 + count;
  atexit(at_end);
  for (int round = 0; round < 3; round++, c++) {
    pair p = in_a_struct(c);
    churn();
    printf("1 %ld\n", total(p.l));
    uintptr_t u = as_a_number(c);
    churn();
    printf("2 %ld\n", total((node *)(u ^ 0x10)));
    node *out;
    by_a_parameter(&out, c);
    churn();
    printf("3 %ld\n", total(out));
    in_global_bytes(c);
    churn();
    node *m;
    memcpy(&m, store, sizeof m);
    printf("4 %ld\n", total(m));
    printf("5 %ld\n", cached(c));
    churn();
    printf("5 %ld\n", cached(c));
    printf("6 %ld\n", by_a_callback(c));
    churn();
    printf("6 %ld\n", saved->value * 0 + (saved->next == NULL));
    if (setjmp(outside) == 0)
      printf("7 %ld\n", jumped_over(c, 2));
    else
      printf("7 jumped\n");
    churn();
    printf("7 %ld\n", jumped_over(c & ~1, 1));
    printf("8 %ld\n", nested(c));
    printf("9 %ld\n", appended(c));
    by_varargs(c);
    churn();
    printf("10 %ld\n", total(jsaved));
    owner *o = malloc(sizeof *o);
    if (o == NULL) _Exit(1);
    in_an_owner(o, c);
    churn();
    printf("11 %ld\n", total(o->l));
    free(o);
    printf("12 %ld\n", partly_freed(c));
    known_to_library(c);
    churn();
    node key = {NULL, 3};
    printf("13 %ld\n", (*(node **)tfind(&key, &root, order))->value);
    at_exit(c);
    churn();
    printf("15 %ld\n", turn(c, NULL));
    by_strtok(c);
    churn();
    printf("16 %s\n", word);
    in_a_union(c);
    churn();
    both b;
    b.d = kept_double;
    printf("17 %ld\n", total(b.p));
    byte_by_byte(c);
    churn();
    node *v;
    memcpy(&v, bytes, 8);
    printf("18 %ld\n", total(v));
    printf("19 %ld %ld\n", early(c), early(c + 1));
    node up = {NULL, 9};
    long x = hung_on(&up, c);
    churn();
    printf("20 %ld %ld\n", x, total(&up));
    printf("21 %ld %ld\n", shared_maker(c), total(&up));
    printf("22 %ld\n", with_setjmp(c));
  }
  return 0;
}
