/* options.c: VMEMRT_OPTIONS, what a user says about memory from outside the program: `key=value,key=value`.
 *
 * One table holds the keys. What is not known is left alone and named in a message, so that a word that a later
 * version knows does not stop an earlier one. A program that runs with somebody else's rights ignores the variable. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/context.h"

typedef enum option_kind { SET_FLAG, CLEAR_FLAG, SIZE, COUNT_64, COUNT_32 } option_kind;

typedef struct option {
  const char *key;
  option_kind kind;
  size_t place; /* offset in vmr_options, or the flag */
} option;

static const option OPTIONS[] = {
    {"guard", SET_FLAG, VMR_GUARD},
    {"huge_pages", CLEAR_FLAG, VMR_NO_HUGE_PAGES},
    {"poison", SET_FLAG, VMR_POISON},
    {"heap_malloc", SET_FLAG, VMR_HEAPS_USE_MALLOC},
    {"soft_limit", SIZE, offsetof(vmr_options, soft_limit)},
    {"hard_limit", SIZE, offsetof(vmr_options, hard_limit)},
    {"fail_nth", COUNT_64, offsetof(vmr_options, fail_nth)},
    {"fail_after", COUNT_64, offsetof(vmr_options, fail_after)},
    {"fail_per_million", COUNT_32, offsetof(vmr_options, fail_per_million)},
    {"fail_seed", COUNT_32, offsetof(vmr_options, fail_seed)},
};

/* A number without sign, with K, M or G behind it for powers of 1024. */
static bool read_number(const char *text, size_t length, uint64_t *number) {
  size_t shift = 0;
  uint64_t value = 0;
  if (length > 1)
    shift = text[length - 1] == 'K' ? 10 : text[length - 1] == 'M' ? 20 : text[length - 1] == 'G' ? 30 : 0;
  if (shift != 0) length--;
  if (length == 0) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9' || value > (UINT64_MAX - 9) / 10) return false;
    value = value * 10 + (uint64_t)(text[i] - '0');
  }
  if (value > UINT64_MAX >> shift) return false;
  *number = value << shift;
  return true;
}

static bool apply(vmr_options *options, const option *chosen, uint64_t number) {
  char *place = (char *)options + chosen->place;
  switch (chosen->kind) {
  case SET_FLAG:
  case CLEAR_FLAG:
    if (number > 1) return false;
    if ((number == 1) == (chosen->kind == SET_FLAG)) {
      options->flags |= (uint32_t)chosen->place;
    } else {
      options->flags &= ~(uint32_t)chosen->place;
    }
    return true;
  case SIZE:
    if (number > SIZE_MAX) return false;
    memcpy(place, &(size_t){(size_t)number}, sizeof(size_t));
    return true;
  case COUNT_64: memcpy(place, &number, sizeof number); return true;
  case COUNT_32:
    if (number > UINT32_MAX || (chosen->place == offsetof(vmr_options, fail_per_million) && number > 1000000))
      return false;
    memcpy(place, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    return true;
  }
  return false;
}

static bool read_option(vmr_options *options, const char *text, size_t length) {
  const char *equals = memchr(text, '=', length);
  uint64_t number = 0;
  if (equals == NULL) return false;
  size_t key_length = (size_t)(equals - text);
  if (!read_number(equals + 1, length - key_length - 1, &number)) return false;
  for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
    if (strlen(OPTIONS[i].key) == key_length && memcmp(OPTIONS[i].key, text, key_length) == 0)
      return apply(options, &OPTIONS[i], number);
  }
  return false;
}

bool vmr_options_read_environment(vmr_options *options, char *message, size_t capacity) {
  const char *text = secure_getenv("VMEMRT_OPTIONS");
  bool is_known = true;
  for (size_t length; text != NULL && *text != '\0'; text += length + (text[length] == ',')) {
    length = strcspn(text, ",");
    if (length == 0 || read_option(options, text, length) || !is_known) continue;
    is_known = false; /* the first one is named */
    snprintf(message, capacity, "VMEMRT_OPTIONS: not understood: %.*s", length < 60 ? (int)length : 60, text);
  }
  return is_known;
}

static uint32_t environment_flags;

static void read_flags(void) {
  vmr_options options = vmr_options_default();
  char message[96];
  (void)vmr_options_read_environment(&options, message, sizeof message);
  environment_flags = options.flags;
}

uint32_t vmr_environment_flags(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_flags);
  return environment_flags;
}
