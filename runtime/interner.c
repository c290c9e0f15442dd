/* interner.c: strings to small numbers.
 *
 *   slots   [hash, symbol] [0, 0] [hash, symbol] ...    open addressing, linear probing, at most 3/4 full
 *   texts   symbol - 1 -> address of its bytes
 *   storage ... | length (4 bytes) | the bytes | NUL | ...    packed, in an arena: never moves
 *
 * A slot keeps 32 bits of the hash, so that a probe touches the text only where these agree, and the
 * table grows without reading a text. Adding and finding take expected constant time plus the text's
 * length; memory is about 25 bytes a name besides the text. The hash is a folded 128-bit product of
 * 16 bytes at a time, an idea of Wang Yi's wyhash (https://github.com/wangyi-fudan/wyhash). It decides
 * no order: symbols are numbered by first use. */
#include "vmemrt.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/os.h"

#define FIRST_SLOTS ((size_t)256) /* a power of two */
#define FIRST_TEXTS ((size_t)128)
#define MOST_SYMBOLS ((uint32_t)INT32_MAX)
#define LENGTH_BYTES sizeof(uint32_t)

typedef struct slot {
  uint32_t hash;
  vmr_symbol symbol; /* 0: free */
} slot;

struct vmr_interner {
  slot *slots;
  size_t slot_count; /* a power of two */
  const char **texts;
  uint32_t count;
  size_t capacity; /* of texts */
  vmr_arena *storage;
};

/* ---- the hash ---- */

static uint64_t load_word(const char *from, size_t bytes) {
  uint64_t word = 0;
  memcpy(&word, from, bytes);
  return word;
}

/* The two halves of the 128-bit product of `a` and `b`, folded by exclusive or. */
static uint64_t fold_product(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
  uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
  uint64_t cross = a_high * b_low + (a_low * b_low >> 32), other = a_low * b_high + (uint32_t)cross;
  return (a * b) ^ (a_high * b_high + (cross >> 32) + (other >> 32));
#endif
}

static uint32_t hash_text(const char *text, size_t length) {
  const uint64_t odd_a = UINT64_C(0x9e3779b97f4a7c15), odd_b = UINT64_C(0xd6e8feb86659fd93);
  uint64_t state = fold_product(length ^ odd_a, odd_b), low = 0, high = 0;
  for (; length > 16; text += 16, length -= 16) {
    state = fold_product(load_word(text, 8) ^ odd_b, load_word(text + 8, 8) ^ state);
  }
  if (length >= 8) { /* the two words overlap when the rest is shorter than 16 */
    low = load_word(text, 8);
    high = load_word(text + length - 8, 8);
  } else if (length >= 4) {
    low = load_word(text, 4);
    high = load_word(text + length - 4, 4);
  } else if (length > 0) {
    low = load_word(text, 1) | load_word(text + length / 2, 1) << 8 | load_word(text + length - 1, 1) << 16;
  }
  state = fold_product(low ^ odd_b, high ^ state);
  state = fold_product(state ^ odd_a, odd_b);
  return (uint32_t)(state >> 32);
}

/* ---- the table ---- */

static size_t length_of(const char *stored) {
  uint32_t length;
  memcpy(&length, stored - LENGTH_BYTES, LENGTH_BYTES);
  return length;
}

#ifndef NDEBUG
static bool interner_is_valid(const vmr_interner *interner) {
  bool sized = interner->slot_count != 0 && (interner->slot_count & (interner->slot_count - 1)) == 0;
  return sized && interner->count <= interner->capacity && interner->count <= interner->slot_count / 4 * 3;
}
#endif

/* The slot that holds `text`, or the free one where it belongs. */
static size_t find_slot(const vmr_interner *interner, uint32_t hash, const char *text, size_t length) {
  size_t mask = interner->slot_count - 1, at = hash & mask;
  for (; interner->slots[at].symbol != 0; at = (at + 1) & mask) {
    if (interner->slots[at].hash != hash) continue;
    const char *stored = interner->texts[interner->slots[at].symbol - 1];
    if (length_of(stored) == length && (length == 0 || memcmp(stored, text, length) == 0)) break;
  }
  return at;
}

/* Doubles the slots when one more symbol would fill them beyond three quarters. */
static bool reserve_slot(vmr_interner *interner) {
  if (interner->count + 1 <= interner->slot_count / 4 * 3) return true;
  size_t count = interner->slot_count * 2, mask = count - 1;
  if (count > SIZE_MAX / sizeof(slot)) return false;
  slot *slots = vmr_os_alloc_zeroed(count * sizeof(slot));
  if (slots == NULL) return false;
  for (size_t i = 0; i < interner->slot_count; i++) {
    if (interner->slots[i].symbol == 0) continue;
    size_t at = interner->slots[i].hash & mask;
    while (slots[at].symbol != 0) at = (at + 1) & mask;
    slots[at] = interner->slots[i];
  }
  vmr_os_free(interner->slots);
  interner->slots = slots;
  interner->slot_count = count;
  return true;
}

static bool reserve_text(vmr_interner *interner) {
  if (interner->count < interner->capacity) return true;
  if (interner->count >= MOST_SYMBOLS || interner->capacity > SIZE_MAX / 2 / sizeof *interner->texts) return false;
  const char **texts = vmr_os_resize(interner->texts, interner->capacity * 2 * sizeof *texts);
  if (texts == NULL) return false;
  interner->texts = texts;
  interner->capacity *= 2;
  return true;
}

static const char *store_text(vmr_interner *interner, const char *text, size_t length) {
  uint32_t short_length = (uint32_t)length;
  char *stored = vmr_arena_alloc_aligned(interner->storage, LENGTH_BYTES + length + 1, 1);
  if (stored == NULL) return NULL;
  memcpy(stored, &short_length, LENGTH_BYTES);
  stored += LENGTH_BYTES;
  if (length != 0) memcpy(stored, text, length);
  stored[length] = '\0';
  return stored;
}

/* ---- the public functions ---- */

vmr_interner *vmr_interner_create(void) {
  vmr_interner *interner = vmr_os_alloc_zeroed(sizeof *interner);
  if (interner == NULL) return NULL;
  interner->slots = vmr_os_alloc_zeroed(FIRST_SLOTS * sizeof(slot));
  interner->slot_count = FIRST_SLOTS;
  interner->texts = vmr_os_alloc(FIRST_TEXTS * sizeof *interner->texts);
  interner->capacity = FIRST_TEXTS;
  interner->storage = vmr_arena_create(4096);
  if (interner->slots == NULL || interner->texts == NULL || interner->storage == NULL) {
    vmr_interner_destroy(interner);
    return NULL;
  }
  return interner;
}

void vmr_interner_destroy(vmr_interner *interner) {
  if (interner == NULL) return;
  vmr_arena_destroy(interner->storage);
  vmr_os_free(interner->texts);
  vmr_os_free(interner->slots);
  vmr_os_free(interner);
}

vmr_symbol vmr_interner_add(vmr_interner *interner, const char *text, size_t length) {
  if (length > UINT32_MAX - 16) return 0;
  uint32_t hash = hash_text(text, length);
  size_t at = find_slot(interner, hash, text, length);
  if (interner->slots[at].symbol != 0) return interner->slots[at].symbol;
  size_t slots_before = interner->slot_count;
  if (!reserve_text(interner) || !reserve_slot(interner)) return 0;
  const char *stored = store_text(interner, text, length);
  if (stored == NULL) return 0;
  if (interner->slot_count != slots_before) at = find_slot(interner, hash, text, length);
  interner->texts[interner->count++] = stored;
  interner->slots[at] = (slot){.hash = hash, .symbol = interner->count};
  assert(interner_is_valid(interner));
  return interner->count;
}

vmr_symbol vmr_interner_find(const vmr_interner *interner, const char *text, size_t length) {
  if (length > UINT32_MAX - 16) return 0;
  return interner->slots[find_slot(interner, hash_text(text, length), text, length)].symbol;
}

const char *vmr_interner_text(const vmr_interner *interner, vmr_symbol symbol, size_t *length) {
  if (symbol == 0 || symbol > interner->count) return NULL;
  const char *stored = interner->texts[symbol - 1];
  if (length != NULL) *length = length_of(stored);
  return stored;
}

uint32_t vmr_interner_count(const vmr_interner *interner) { return interner->count; }
