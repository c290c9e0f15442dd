/* stack.c: vm-stack on|off COUNT: a stack machine whose variables are looked up by name, with libvmemrt's values or without.
 *
 *   i = 0; total = 0; text = "..."; while (i < COUNT) { copy = text; other = copy; total = total + size(other); i = i + 1; }
 *
 * Off, a variable owns its string: STORE_NAME copies it, and names are found in a hash table by their text, whose hash the
 * compiler computed. On, strings are counted, names are symbols, variables are the entries of an object. Prints the total, and
 * the processor time as JSON. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmemrt.h"

typedef enum operation { CONSTANT, LOAD_NAME, STORE_NAME, ADD, LESS, SIZE, JUMP_UNLESS, JUMP, HALT } operation;

typedef struct instruction {
  operation operation;
  int argument; /* a constant, a name or a place */
} instruction;

enum { NAME_I, NAME_TOTAL, NAME_TEXT, NAME_COPY, NAME_OTHER, NAMES, SLOTS = 16, STACK = 16 };

static const char *const TEXTS[NAMES] = {"i", "total", "text", "copy", "other"};
static const char LONG_TEXT[] = "a text that is long enough not to fit into a value of sixteen bytes";

/* constants: 0: 0, 1: COUNT, 2: 1, 3: the text */
static const instruction PROGRAM[] = {
    {CONSTANT, 0},
    {STORE_NAME, NAME_I},
    {CONSTANT, 0},
    {STORE_NAME, NAME_TOTAL},
    {CONSTANT, 3},
    {STORE_NAME, NAME_TEXT},
    {LOAD_NAME, NAME_I},
    {CONSTANT, 1},
    {LESS, 0},
    {JUMP_UNLESS, 24},
    {LOAD_NAME, NAME_TEXT},
    {STORE_NAME, NAME_COPY},
    {LOAD_NAME, NAME_COPY},
    {STORE_NAME, NAME_OTHER},
    {LOAD_NAME, NAME_TOTAL},
    {LOAD_NAME, NAME_OTHER},
    {SIZE, 0},
    {ADD, 0},
    {STORE_NAME, NAME_TOTAL},
    {LOAD_NAME, NAME_I},
    {CONSTANT, 2},
    {ADD, 0},
    {STORE_NAME, NAME_I},
    {JUMP, 6},
    {HALT, 0},
};

static int fail(const char *what) {
  fprintf(stderr, "vm-stack: %s\n", what);
  return 1;
}

/* The machine, with its values left open. PUSH_OWNED consumes; POP gives to the caller. */
#define RUN(value, make_sum, make_less, make_size, is_true, load, store, constant, drop) \
  value stack[STACK]; \
  int top = 0; \
  for (const instruction *at = PROGRAM; at->operation != HALT; at++) { \
    value first, second; \
    switch (at->operation) { \
    case CONSTANT: stack[top++] = constant(at->argument); break; \
    case LOAD_NAME: stack[top++] = load(at->argument); break; \
    case STORE_NAME: store(at->argument, stack[--top]); break; \
    case ADD: \
    case LESS: \
      second = stack[--top]; \
      first = stack[--top]; \
      stack[top++] = at->operation == ADD ? make_sum(first, second) : make_less(first, second); \
      break; \
    case SIZE: \
      first = stack[--top]; \
      stack[top++] = make_size(first); \
      drop(first); \
      break; \
    case JUMP_UNLESS: \
      if (!is_true(stack[--top])) at = PROGRAM + at->argument - 1; \
      break; \
    case JUMP: at = PROGRAM + at->argument - 1; break; \
    case HALT: break; \
    } \
  }

/* ---- off ---- */

typedef struct plain_value {
  bool is_text;
  union {
    int64_t integer;
    char *text;
  } as;
} plain_value;

typedef struct variable {
  char *name; /* NULL: free */
  uint32_t hash;
  plain_value value;
} variable;

static variable variables[SLOTS];
static uint32_t hashes[NAMES]; /* as the compiler leaves them */
static int64_t wanted;

static uint32_t hash_name(const char *text) {
  uint32_t hash = 2166136261u;
  for (; *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
  return hash;
}

static variable *find_variable(int name) {
  uint32_t slot = hashes[name] % SLOTS;
  while (variables[slot].name != NULL &&
         (variables[slot].hash != hashes[name] || strcmp(variables[slot].name, TEXTS[name]) != 0))
    slot = (slot + 1) % SLOTS;
  return &variables[slot];
}

static plain_value plain_integer(int64_t number) { return (plain_value){.as.integer = number}; }

/* On the stack texts are borrowed from variables and constants; a variable has its own. */
static plain_value plain_load(int name) { return find_variable(name)->value; }

static void plain_store(int name, plain_value value) {
  variable *found = find_variable(name);
  if (found->name == NULL) {
    found->name = strdup(TEXTS[name]);
    found->hash = hashes[name];
  }
  char *old = found->value.is_text ? found->value.as.text : NULL;
  if (value.is_text) value.as.text = strdup(value.as.text);
  if (found->name == NULL || (value.is_text && value.as.text == NULL)) abort();
  found->value = value;
  free(old);
}

static plain_value plain_constant(int index) {
  if (index == 3) return (plain_value){.is_text = true, .as.text = (char *)(uintptr_t)LONG_TEXT};
  return plain_integer(index == 1 ? wanted : index == 2);
}
static plain_value plain_sum(plain_value a, plain_value b) { return plain_integer(a.as.integer + b.as.integer); }
static plain_value plain_less(plain_value a, plain_value b) { return plain_integer(a.as.integer < b.as.integer); }
static plain_value plain_size(plain_value a) { return plain_integer((int64_t)strlen(a.as.text)); }
static bool plain_is_true(plain_value a) { return a.as.integer != 0; }
static void plain_drop(plain_value a) { (void)a; }

static int64_t run_off(void) {
  for (int i = 0; i < NAMES; i++) hashes[i] = hash_name(TEXTS[i]);
  RUN(plain_value, plain_sum, plain_less, plain_size, plain_is_true, plain_load, plain_store, plain_constant,
      plain_drop)
  int64_t total = find_variable(NAME_TOTAL)->value.as.integer;
  for (int i = 0; i < SLOTS; i++) {
    if (variables[i].value.is_text) free(variables[i].value.as.text);
    free(variables[i].name);
  }
  return total;
}

/* ---- on ---- */

static vmr_store *store;
static vmr_value scope, constants[4];
static vmr_symbol symbols[NAMES];

static vmr_value managed_constant(int index) { return vmr_value_retain(constants[index]); }
static vmr_value managed_load(int name) { return vmr_value_retain(vmr_object_get(scope, symbols[name])); }
static void managed_store(int name, vmr_value value) {
  if (vmr_object_set(store, scope, symbols[name], value) != VMR_OK) abort();
}
static vmr_value managed_sum(vmr_value a, vmr_value b) { return vmr_value_integer(a.as.integer + b.as.integer); }
static vmr_value managed_less(vmr_value a, vmr_value b) { return vmr_value_boolean(a.as.integer < b.as.integer); }
static vmr_value managed_size(vmr_value a) { return vmr_value_integer((int64_t)vmr_string_view(store, &a).length); }
static bool managed_is_true(vmr_value a) { return a.as.bits != 0; }
static void managed_drop(vmr_value a) { vmr_value_release(store, a); }

static int64_t run_on(void) {
  if (vmr_store_create(&store, NULL, NULL) != VMR_OK) abort();
  for (int i = 0; i < NAMES; i++) symbols[i] = vmr_symbol_make(store, vmr_view_of(TEXTS[i])).as.symbol;
  scope = vmr_object_make(store);
  constants[0] = vmr_value_integer(0);
  constants[1] = vmr_value_integer(wanted);
  constants[2] = vmr_value_integer(1);
  constants[3] = vmr_string_make(store, vmr_view_of(LONG_TEXT));
  RUN(vmr_value, managed_sum, managed_less, managed_size, managed_is_true, managed_load, managed_store,
      managed_constant, managed_drop)
  int64_t total = vmr_object_get(scope, symbols[NAME_TOTAL]).as.integer;
  vmr_value_release(store, scope);
  vmr_value_release(store, constants[3]);
  return vmr_store_destroy(store) == VMR_OK ? total : -1;
}

int main(int count, char **arguments) {
  struct timespec begin, end;
  if (count < 3) return fail("usage: vm-stack on|off COUNT");
  wanted = atoll(arguments[2]);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  int64_t total = strcmp(arguments[1], "on") == 0 ? run_on() : run_off();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
  printf("{\"total\": %lld, \"s\": %.9f}\n", (long long)total, seconds);
  return total < 0;
}
