/* run_values.c: numbers that stand in the text of an argument, and random ones.
 *
 * Whole numbers keep all 64 bits; they become reals where the parameter is one. Element `i` of random:SEED is drawn as
 * VMIR's own `random` draws it, from seed and index alone. Linear in what is read and written. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/run.h"
#include "support/real.h"

#define TWO_PI 6.283185307179586
#define RANDOM_INTEGERS 10 /* without a range: 0 to 9 */

/* ---- one number ---- */

static bool is_word(const char *text, size_t length, const char *word) {
  return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* Digits alone; false also when 64 bits do not hold them. */
static bool read_magnitude(const char *text, size_t length, uint64_t *magnitude) {
  *magnitude = 0;
  for (size_t i = 0; i < length; i++) {
    uint64_t digit = (uint64_t)text[i] - '0';
    if (text[i] < '0' || text[i] > '9' || *magnitude > (UINT64_MAX - digit) / 10) return false;
    *magnitude = *magnitude * 10 + digit;
  }
  return length > 0;
}

bool vmo_read_plain_number(const char *text, size_t length, vmo_plain_number *number) {
  *number = (vmo_plain_number){.is_bool = is_word(text, length, "true") || is_word(text, length, "false")};
  if (number->is_bool) {
    number->magnitude = *text == 't';
    number->real = (double)number->magnitude;
    return true;
  }
  number->negative = length > 0 && *text == '-';
  size_t sign = number->negative;
  if (read_magnitude(text + sign, length - sign, &number->magnitude)) {
    number->real = number->negative ? -(double)number->magnitude : (double)number->magnitude;
    return true;
  }
  number->is_real = true;
  return vmo_parse_real(text, length, &number->real);
}

static bool fits_integer(vmo_element element, const vmo_plain_number *number) {
  if (number->is_real) return false;
  vmo_number greatest = vmo_greatest(element), least = vmo_least(element);
  if (!number->negative) return number->magnitude <= greatest.natural;
  if (vmo_class_of(element) == VMO_NATURAL) return number->magnitude == 0;
  return number->magnitude <= (uint64_t)-(least.integer + 1) + 1;
}

bool vmo_store_plain_number(const vmo_array *array, int64_t index, const vmo_plain_number *number) {
  vmo_number stored;
  if (number->is_bool && array->element != VMO_BOOL) return false;
  if (vmo_element_is_float(array->element)) {
    stored.real = vmo_round_to(array->element, number->real);
    if (isinf(stored.real) && !isinf(number->real)) return false;
  } else {
    if (!fits_integer(array->element, number)) return false;
    stored.natural = number->negative ? 0 - number->magnitude : number->magnitude;
  }
  vmo_store(array->element, array->data, index, stored);
  return true;
}

const char *vmo_show_number(vmo_context *context, vmo_element element, vmo_number number) {
  vmo_text text;
  vmo_text_init(&text);
  switch (vmo_class_of(element)) {
  case VMO_REAL: vmo_print_real(&text, number.real); break;
  case VMO_INTEGER: vmo_text_addf(&text, "%lld", (long long)number.integer); break;
  case VMO_NATURAL:
    if (element == VMO_BOOL)
      vmo_text_add(&text, number.natural ? "true" : "false");
    else
      vmo_text_addf(&text, "%llu", (unsigned long long)number.natural);
  }
  const char *shown = vmo_text_failed(&text) ? NULL : vmr_arena_copy_text(context->arena, text.data, text.count);
  vmo_text_free(&text);
  return shown;
}

/* ---- lists ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static vmo_status list_fault(vmo_execution *run, uint32_t parameter, const char *at, const char *message) {
  const vmo_source *source = &run->sources[parameter];
  return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE,
                            "a list is [1, 2, 3], a list of lists [[1, 2], [3, 4]]", "%s, at '%.20s' of '%.60s'",
                            message, *at != '\0' ? at : "the end", source->text);
}

/* A walk through a list: `seen[d]` items of the open list at depth d. Sizes are those of a depth's first list. */
typedef struct list_walk {
  vmo_execution *run;
  uint32_t parameter;
  const vmo_array *array; /* NULL: only the shape is looked for */
  uint32_t depth, deepest;
  int64_t seen[VMO_NPY_MAX_RANK + 1], stored;
  bool known[VMO_NPY_MAX_RANK + 1];
} list_walk;

static vmo_status close_list(list_walk *walk, const char *at) {
  vmo_source *source = &walk->run->sources[walk->parameter];
  uint32_t axis = --walk->depth;
  int64_t size = walk->seen[axis + 1];
  if (walk->known[axis] && source->sizes[axis] != size)
    return list_fault(walk->run, walk->parameter, at, "lists beside each other have different lengths");
  walk->known[axis] = true;
  source->sizes[axis] = size;
  return VMO_OK;
}

static vmo_status take_number(list_walk *walk, const char *at, size_t length) {
  vmo_plain_number number;
  if (!vmo_read_plain_number(at, length, &number))
    return list_fault(walk->run, walk->parameter, at, "this is no number");
  if ((walk->deepest != 0 && walk->deepest != walk->depth) || walk->known[walk->depth])
    return list_fault(walk->run, walk->parameter, at, "numbers and lists stand beside each other");
  walk->deepest = walk->depth;
  walk->seen[walk->depth]++;
  if (walk->array == NULL || vmo_store_plain_number(walk->array, walk->stored++, &number)) return VMO_OK;
  return vmo_argument_fault(walk->run, walk->parameter, VMO_DIAG_ARGUMENT_VALUE, NULL, "%.*s is no %s", (int)length, at,
                            vmo_element_name(walk->array->element));
}

static vmo_status open_list(list_walk *walk, const char *at) {
  if (walk->depth == VMO_NPY_MAX_RANK)
    return list_fault(walk->run, walk->parameter, at, "lists are nested more than 64 deep");
  if (walk->deepest != 0 && walk->depth >= walk->deepest)
    return list_fault(walk->run, walk->parameter, at, "numbers and lists stand beside each other");
  walk->seen[walk->depth]++;
  walk->seen[++walk->depth] = 0;
  return VMO_OK;
}

static vmo_status walk_list(list_walk *walk) {
  const char *at = walk->run->sources[walk->parameter].text;
  bool item_may_follow = true;
  vmo_status status = VMO_OK;
  while (status == VMO_OK) {
    while (is_blank(*at)) at++;
    if (*at == ']' && walk->depth > 0 && (!item_may_follow || walk->seen[walk->depth] == 0)) {
      status = close_list(walk, at++);
      item_may_follow = false;
      if (walk->depth == 0) break;
    } else if (*at == ',' && !item_may_follow) {
      item_may_follow = true;
      at++;
    } else if (*at == '[' && item_may_follow) {
      status = open_list(walk, at++);
    } else if (item_may_follow && *at != '\0') {
      size_t length = strcspn(at, "[], \t\r\n");
      status = take_number(walk, at, length);
      item_may_follow = false;
      at += length;
    } else {
      status = list_fault(walk->run, walk->parameter, at, "this is no list");
    }
  }
  if (status != VMO_OK) return status;
  while (is_blank(*at)) at++;
  return *at == '\0' ? VMO_OK : list_fault(walk->run, walk->parameter, at, "something follows the list");
}

vmo_status vmo_measure_list(vmo_execution *run, uint32_t parameter) {
  vmo_source *source = &run->sources[parameter];
  list_walk walk = {.run = run, .parameter = parameter};
  vmo_status status = walk_list(&walk);
  source->has_shape = true;
  while (source->rank < VMO_NPY_MAX_RANK && walk.known[source->rank]) source->rank++;
  return status;
}

/* ---- random numbers ---- */

static double draw_normal(uint64_t seed, uint64_t index) {
  double radius = sqrt(-2 * log(1 - vmo_draw_uniform(seed, 2 * index))); /* of 1 - u in (0, 1] */
  return radius * cos(TWO_PI * vmo_draw_uniform(seed, 2 * index + 1));
}

/* Reals in [low, high), whole numbers from low to high inclusive; 0 to 1 and 0 to 9 when no range is given. */
static vmo_number draw(const vmo_source *source, vmo_element element, uint64_t index) {
  bool normal = source->kind == VMO_SOURCE_NORMAL, real = vmo_element_is_float(element);
  double uniform = normal ? draw_normal(source->seed, index) : vmo_draw_uniform(source->seed, index);
  double low = source->has_range ? source->low : 0;
  double high = source->has_range ? source->high : real || normal || element == VMO_BOOL ? 1 : RANDOM_INTEGERS - 1;
  if (normal) return vmo_number_of_real(element, real ? low + high * uniform : rint(low + high * uniform));
  if (!real) return vmo_number_of_real(element, floor(low + uniform * (high - low + 1)));
  double number = vmo_round_to(element, low + uniform * (high - low));
  return (vmo_number){.real = number < high || low == high ? number : low}; /* rounding may reach the end */
}

static void fill_random(const vmo_source *source, const vmo_array *array) {
  for (int64_t i = 0; i < array->count; i++)
    vmo_store(array->element, array->data, i, draw(source, array->element, (uint64_t)i));
}

/* ---- all of them ---- */

static vmo_status fill_number(vmo_execution *run, uint32_t parameter) {
  const vmo_array *array = &run->arguments[parameter];
  const char *text = run->sources[parameter].text;
  vmo_plain_number number;
  bool read = vmo_read_plain_number(text, strlen(text), &number), fits = read;
  for (int64_t i = 0; i < array->count && fits; i++) fits = vmo_store_plain_number(array, i, &number);
  if (fits) return VMO_OK;
  const char *name = vmo_element_name(array->element);
  return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE,
                            read ? NULL : "3.5, [1,2,3], @FILE.npy, random:SEED, normal:SEED or zeros",
                            "'%.60s' is no %s", text, name);
}

vmo_status vmo_fill_from_text(vmo_execution *run, uint32_t parameter) {
  const vmo_source *source = &run->sources[parameter];
  const vmo_array *array = &run->arguments[parameter];
  switch (source->kind) {
  case VMO_SOURCE_NUMBER: return fill_number(run, parameter);
  case VMO_SOURCE_LIST: {
    list_walk walk = {.run = run, .parameter = parameter, .array = array};
    return walk_list(&walk);
  }
  case VMO_SOURCE_UNIFORM:
  case VMO_SOURCE_NORMAL: fill_random(source, array); return VMO_OK;
  default: return VMO_OK; /* zeros, which arrays begin with */
  }
}
