/* sort_keys.h: elements of any type as unsigned numbers of the same order, for compiled_sort.c and compiled_modes.c; private
 * to runtime/.
 *
 *   unsigned   themselves
 *   signed     with the sign bit turned over
 *   reals      with the sign bit turned over, all bits of negative ones; -0 as 0; NaN as all ones, above any number
 *
 * A key has as many bits as the element, so that an array of elements can become one of keys where it is. */
#ifndef VMR_SORT_KEYS_H
#define VMR_SORT_KEYS_H

#include <stdbool.h>
#include <string.h>

#include "vmemrt/compiled.h"

static inline uint32_t element_bytes(uint32_t element) {
  switch (element) {
  case VMR_ELEMENT_BOOL:
  case VMR_ELEMENT_I8:
  case VMR_ELEMENT_U8: return 1;
  case VMR_ELEMENT_I16:
  case VMR_ELEMENT_U16:
  case VMR_ELEMENT_F16:
  case VMR_ELEMENT_BF16: return 2;
  case VMR_ELEMENT_I32:
  case VMR_ELEMENT_U32:
  case VMR_ELEMENT_F32: return 4;
  default: return 8;
  }
}

static inline bool is_signed_element(uint32_t element) {
  return element == VMR_ELEMENT_I8 || element == VMR_ELEMENT_I16 || element == VMR_ELEMENT_I32 ||
         element == VMR_ELEMENT_I64;
}

/* The bits of infinity; 0 for what is no real. */
static inline uint64_t infinity_bits(uint32_t element) {
  switch (element) {
  case VMR_ELEMENT_F16: return 0x7c00;
  case VMR_ELEMENT_BF16: return 0x7f80;
  case VMR_ELEMENT_F32: return 0x7f800000;
  case VMR_ELEMENT_F64: return UINT64_C(0x7ff0000000000000);
  default: return 0;
  }
}

static inline uint64_t load_bits(const void *data, uint32_t bytes, int64_t at) {
  const char *place = (const char *)data + at * (int64_t)bytes;
  uint8_t byte;
  uint16_t half;
  uint32_t word;
  uint64_t bits;
  switch (bytes) {
  case 1: memcpy(&byte, place, 1); return byte;
  case 2: memcpy(&half, place, 2); return half;
  case 4: memcpy(&word, place, 4); return word;
  default: memcpy(&bits, place, 8); return bits;
  }
}

static inline void store_bits(void *data, uint32_t bytes, int64_t at, uint64_t bits) {
  char *place = (char *)data + at * (int64_t)bytes;
  uint8_t byte = (uint8_t)bits;
  uint16_t half = (uint16_t)bits;
  uint32_t word = (uint32_t)bits;
  switch (bytes) {
  case 1: memcpy(place, &byte, 1); return;
  case 2: memcpy(place, &half, 2); return;
  case 4: memcpy(place, &word, 4); return;
  default: memcpy(place, &bits, 8); return;
  }
}

/* What keys of one element type need. */
typedef struct key_format {
  uint32_t bytes;
  bool is_signed;
  uint64_t sign, all, infinity; /* infinity: 0 for integers */
} key_format;

static inline key_format make_key_format(uint32_t element) {
  uint32_t bytes = element_bytes(element);
  return (key_format){bytes, is_signed_element(element), UINT64_C(1) << (8 * bytes - 1), UINT64_MAX >> (64 - 8 * bytes),
                      infinity_bits(element)};
}

static inline uint64_t key_of(const key_format *f, uint64_t bits) {
  if (f->infinity == 0) return f->is_signed ? bits ^ f->sign : bits;
  uint64_t magnitude = bits & ~f->sign;
  if (magnitude > f->infinity) return f->all;
  if (magnitude == 0) return f->sign;
  return bits & f->sign ? ~bits & f->all : bits | f->sign;
}

static inline uint64_t bits_of_key(const key_format *f, uint64_t key) {
  if (f->infinity == 0) return f->is_signed ? key ^ f->sign : key;
  if (key == f->all) return f->infinity | f->infinity >> 1; /* a quiet NaN */
  return key & f->sign ? key & ~f->sign : ~key & f->all;
}

static inline uint64_t load_key(const key_format *f, const void *data, int64_t at) {
  return key_of(f, load_bits(data, f->bytes, at));
}

/* Sorts `count` keys; needs no memory. (compiled_sort.c) */
void vmr_sort_keys(uint64_t *keys, int64_t count);

#endif
