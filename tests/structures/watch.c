/* watch.c: linked with a module that vmo-structures instrumented: checks its claims (instrument.c) while it runs.
 *
 * Every object that a site made is known by its bytes. An access, a free or a realloc that gets an object must be said to
 * mean a node of the object's site; what is freed or moved must be said to be; an object whose function has returned must
 * not be met any more. The first fault ends the program with exit code 99. Objects of external nodes are not looked at.
 * VMO_CLAIMS names the file. For one thread. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct object {
  uintptr_t start, end;
  uint64_t serial;
  uint32_t site;
  int dead; /* nobody may know it; 1 + the function that returned */
} object;

typedef struct list {
  uint32_t *items, count;
} list;

static object *objects; /* by address */
static size_t object_count, object_room;
static uint64_t made;  /* objects, ever */
static list *nodes_of; /* by instruction */
static list *scopes;   /* function, then sites */
static uint32_t instruction_room, scope_count, node_room;
static unsigned char *is_freed, *is_moved, *is_external; /* by node */
static int ready;

void vmo_watch_access(const char *place, uint32_t instruction);
void vmo_watch_made(const char *start, uint32_t instruction);
void vmo_watch_made_at(char *const *at, uint32_t instruction);
void vmo_watch_freed(const char *start, uint32_t instruction);
void vmo_watch_moved(const char *from, const char *to, uint32_t instruction);
void vmo_watch_enter(uint64_t *serial, uint32_t function);
void vmo_watch_pointer(const void *called, const char *first, uint32_t instruction);
void vmo_watch_pointer_done(const void *called, const char *result);
void vmo_watch_leave(uint32_t function, uint64_t serial);

static void fault(const char *words, const object *o, uint32_t instruction) {
  fflush(NULL);
  fprintf(stderr, "claim: %s: object of site %u, instruction %u (function returned: %d)\n", words, o->site, instruction,
          o->dead - 1);
  _Exit(99);
}

/* ---- claims ---- */

static list read_list(char *text) {
  list l = {calloc(strlen(text) + 1, sizeof *l.items), 0};
  for (char *word = strtok(text, " \n"); word != NULL; word = strtok(NULL, " \n"))
    l.items[l.count++] = (uint32_t)strtoul(word, NULL, 10);
  return l;
}

static void *grown(void *array, uint32_t *room, uint32_t wanted, size_t size) {
  if (wanted < *room) return array;
  uint32_t before = *room;
  *room = 2 * wanted + 16;
  char *more = realloc(array, *room * size);
  memset(more + before * size, 0, (*room - before) * size);
  return more;
}

static void read_node(char *text) {
  uint32_t node = (uint32_t)strtoul(text, &text, 10), room = node_room;
  is_freed = grown(is_freed, &room, node, 1), room = node_room;
  is_moved = grown(is_moved, &room, node, 1), room = node_room;
  is_external = grown(is_external, &room, node, 1);
  node_room = room;
  is_freed[node] = strchr(text, 'f') != NULL;
  is_moved[node] = strchr(text, 'm') != NULL;
  is_external[node] = strchr(text, 'e') != NULL;
}

static void read_claims(void) {
  char *line = NULL;
  size_t room = 0;
  FILE *file = fopen(getenv("VMO_CLAIMS"), "r");
  ready = 1;
  if (file == NULL) _Exit(98);
  while (getline(&line, &room, file) > 0) {
    if (line[0] == 'n') {
      read_node(line + 1);
      continue;
    }
    list l = read_list(line + 1);
    if (line[0] == 'i') {
      nodes_of = grown(nodes_of, &instruction_room, l.items[0], sizeof *nodes_of);
      nodes_of[l.items[0]] = l;
    } else {
      scopes = realloc(scopes, (scope_count + 1) * sizeof *scopes);
      scopes[scope_count++] = l;
    }
  }
  free(line);
  fclose(file);
}

/* ---- objects ---- */

/* The number of objects that begin at the place or before it. */
static size_t count_before(uintptr_t place) {
  size_t low = 0, high = object_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (objects[middle].start <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static object *find(const char *place) {
  size_t before = count_before((uintptr_t)place);
  if (before == 0 || objects[before - 1].end <= (uintptr_t)place) return NULL;
  return &objects[before - 1];
}

static void forget(object *o) {
  memmove(o, o + 1, (size_t)(objects + object_count - o - 1) * sizeof *o);
  object_count--;
}

/* What was there was freed where nobody looked. */
static void forget_all(const char *start, size_t bytes) {
  uintptr_t last = (uintptr_t)start + bytes - 1;
  for (size_t at = count_before(last); at > 0 && objects[at - 1].end > (uintptr_t)start; at = count_before(last))
    forget(&objects[at - 1]);
}

void vmo_watch_made(const char *start, uint32_t instruction) {
  if (!ready) read_claims();
  if (start == NULL) return;
  size_t bytes = malloc_usable_size((void *)start);
  forget_all(start, bytes);
  if (object_count == object_room) objects = realloc(objects, (object_room = 2 * object_room + 64) * sizeof *objects);
  size_t at = count_before((uintptr_t)start);
  memmove(objects + at + 1, objects + at, (object_count - at) * sizeof *objects);
  objects[at] = (object){(uintptr_t)start, (uintptr_t)start + bytes, made++, instruction, 0};
  object_count++;
}

void vmo_watch_made_at(char *const *at, uint32_t instruction) { vmo_watch_made(*at, instruction); }

/* ---- checks ---- */

static int has(const list *l, uint32_t item) {
  for (uint32_t i = 1; i < l->count; i++)
    if (l->items[i] == item) return 1;
  return 0;
}

static int is_known_outside(const object *o) {
  const list *site = &nodes_of[o->site];
  for (uint32_t i = 1; i < site->count; i++)
    if (is_external[site->items[i]]) return 1;
  return 0;
}

/* The object may be met by the instruction; `flags`: and one of the nodes that it may be of has the flag. */
static void check(const object *o, uint32_t instruction, const unsigned char *flags) {
  static const list none;
  int meets = 0;
  if (is_known_outside(o)) return;
  if (o->dead) fault("its function has returned", o, instruction);
  const list *here = instruction < instruction_room ? &nodes_of[instruction] : &none, *site = &nodes_of[o->site];
  for (uint32_t i = 1; i < site->count; i++)
    meets |= has(here, site->items[i]) && (flags == NULL || flags[site->items[i]]);
  if (!meets) fault(flags == NULL ? "met unexpectedly" : "freed unexpectedly", o, instruction);
}

void vmo_watch_access(const char *place, uint32_t instruction) {
  const object *o = find(place);
  if (o != NULL) check(o, instruction, NULL);
}

void vmo_watch_freed(const char *start, uint32_t instruction) {
  object *o = find(start);
  if (o == NULL) return;
  check(o, instruction, is_freed);
  forget(o);
}

void vmo_watch_moved(const char *from, const char *to, uint32_t instruction) {
  object *o = from == NULL ? NULL : find(from);
  if (o != NULL) check(o, instruction, is_moved);
  if (to == NULL) return;
  if (o != NULL) forget(o);
  vmo_watch_made(to, instruction);
}

/* ---- calls through pointers ---- */

void vmo_watch_pointer(const void *called, const char *first, uint32_t instruction) {
  object *o = first == NULL ? NULL : find(first);
  if (o == NULL) return;
  if (called == (const void *)(uintptr_t)free || called == (const void *)(uintptr_t)realloc) {
    check(o, instruction, called == (const void *)(uintptr_t)free ? is_freed : is_moved);
    forget(o);
  }
}

/* Objects that are made so have no site. */
void vmo_watch_pointer_done(const void *called, const char *result) {
  if (result == NULL) return;
  if (called == (const void *)(uintptr_t)malloc || called == (const void *)(uintptr_t)calloc ||
      called == (const void *)(uintptr_t)realloc)
    forget_all(result, malloc_usable_size((void *)(uintptr_t)result));
}

/* ---- scopes ---- */

void vmo_watch_enter(uint64_t *serial, uint32_t function) {
  (void)function;
  if (!ready) read_claims();
  *serial = made;
}

void vmo_watch_leave(uint32_t function, uint64_t serial) {
  for (uint32_t s = 0; s < scope_count; s++) {
    if (scopes[s].items[0] != function) continue;
    for (size_t i = 0; i < object_count; i++)
      if (objects[i].serial >= serial && has(&scopes[s], objects[i].site)) objects[i].dead = 1 + (int)function;
  }
}
