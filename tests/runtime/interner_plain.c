/* interner_plain.c: the interner against a plain model: random texts of a few letters, added and found in any order. */
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

#define TEXTS 3000u
#define LONGEST 300u
#define OPERATIONS 100000u

typedef struct text {
  char bytes[LONGEST];
  size_t length;
  vmr_symbol symbol; /* 0: not added yet */
} text;

static text model[TEXTS];

static uint32_t draw(uint64_t *state, uint32_t below) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33) % below;
}

static bool is_new(uint32_t count, const text *candidate) {
  for (uint32_t i = 0; i < count; i++) {
    if (model[i].length == candidate->length && memcmp(model[i].bytes, candidate->bytes, candidate->length) == 0)
      return false;
  }
  return true;
}

/* All different; mostly short, of two letters, so that they share their beginnings and ends. */
static void make_model(uint64_t *state) {
  for (uint32_t count = 0; count < TEXTS;) {
    text *candidate = &model[count];
    candidate->length = draw(state, 8) == 0 ? draw(state, LONGEST) : draw(state, 20);
    for (size_t i = 0; i < candidate->length; i++) candidate->bytes[i] = draw(state, 6) == 0 ? 'b' : 'a';
    if (is_new(count, candidate)) count++;
  }
}

static void check_text(const vmr_interner *interner, const text *expected) {
  size_t length = 0;
  const char *stored = vmr_interner_text(interner, expected->symbol, &length);
  CHECK(stored != NULL && length == expected->length && memcmp(stored, expected->bytes, length) == 0);
  CHECK(stored[length] == '\0');
}

static void run(bool is_shared, uint64_t seed) {
  vmr_interner_options options = vmr_interner_options_default();
  vmr_interner *interner;
  uint32_t count = 0;
  options.is_shared = is_shared;
  CHECK(vmr_interner_open(&interner, NULL, &options) == VMR_OK);
  for (uint32_t i = 0; i < OPERATIONS; i++) {
    text *chosen = &model[draw(&seed, TEXTS)];
    if (draw(&seed, 3) == 0) {
      CHECK(vmr_interner_find(interner, chosen->bytes, chosen->length) == chosen->symbol);
    } else {
      vmr_symbol symbol = vmr_interner_add(interner, chosen->bytes, chosen->length);
      if (chosen->symbol == 0) chosen->symbol = ++count;
      CHECK(symbol == chosen->symbol);
      check_text(interner, chosen);
    }
  }
  CHECK(vmr_interner_count(interner) == count && count > TEXTS / 2);
  for (uint32_t i = 0; i < TEXTS; i++) {
    if (model[i].symbol != 0) check_text(interner, &model[i]);
    model[i].symbol = 0;
  }
  CHECK(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
}

/* As many texts as take several windows of the storage and many growths of the table. */
static void run_many(void) {
  vmr_interner *interner = vmr_interner_create();
  char name[16];
  CHECK(interner != NULL);
  for (uint32_t i = 0; i < 100000; i++)
    CHECK(vmr_interner_add(interner, name, (size_t)sprintf(name, "n%u", i)) == i + 1);
  for (uint32_t i = 0; i < 100000; i++)
    CHECK(vmr_interner_find(interner, name, (size_t)sprintf(name, "n%u", i)) == i + 1);
  CHECK(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
}

int main(void) {
  uint64_t seed = 1;
  make_model(&seed);
  for (uint64_t i = 0; i < 4; i++) run(i % 2 == 1, i);
  run_many();
  return 0;
}
