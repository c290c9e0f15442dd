/* view.c: views: trimmed, split, searched, and read as whole numbers. Nothing is copied, everything is linear: memmem of the
 * usual C libraries is (M. Crochemore and D. Perrin, "Two-way string-matching", 1991). */
#define _GNU_SOURCE
#include "vmemrt/view.h"

static bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

int vmr_view_compare(vmr_view a, vmr_view b) {
  size_t common = a.length < b.length ? a.length : b.length;
  int order = common != 0 ? memcmp(a.data, b.data, common) : 0;
  if (order != 0) return order < 0 ? -1 : 1;
  return (a.length > b.length) - (a.length < b.length);
}

size_t vmr_view_find(vmr_view view, vmr_view wanted) {
  if (wanted.length == 0) return 0;
  if (wanted.length > view.length) return VMR_NOT_FOUND;
  const char *found = memmem(view.data, view.length, wanted.data, wanted.length);
  return found != NULL ? (size_t)(found - view.data) : VMR_NOT_FOUND;
}

vmr_view vmr_view_trim_start(vmr_view view) {
  while (view.length != 0 && is_space(view.data[0])) {
    view.data++;
    view.length--;
  }
  return view;
}

vmr_view vmr_view_trim_end(vmr_view view) {
  while (view.length != 0 && is_space(view.data[view.length - 1])) view.length--;
  return view;
}

vmr_view vmr_view_trim(vmr_view view) { return vmr_view_trim_end(vmr_view_trim_start(view)); }

/* Where a rest stands that has nothing left: an empty view, that no other one is equal to. */
static const char nothing_left[1];

bool vmr_view_split(vmr_view *rest, vmr_view separator, vmr_view *piece) {
  if (rest == NULL || piece == NULL || rest->data == nothing_left) return false;
  size_t at = separator.length != 0 ? vmr_view_find(*rest, separator) : VMR_NOT_FOUND;
  if (at == VMR_NOT_FOUND) {
    *piece = *rest;
    *rest = vmr_view_make(nothing_left, 0);
  } else {
    *piece = vmr_view_make(rest->data, at);
    *rest = vmr_view_make(rest->data + at + separator.length, rest->length - at - separator.length);
  }
  return true;
}

/* ---- whole numbers ---- */

static vmr_status refuse(size_t at, size_t *where) {
  if (where != NULL) *where = at;
  return VMR_NOT_A_NUMBER;
}

/* 0 to 15, or 99. */
static unsigned digit_of(char byte) {
  if (byte >= '0' && byte <= '9') return (unsigned)(byte - '0');
  if (byte >= 'a' && byte <= 'f') return (unsigned)(byte - 'a') + 10;
  return byte >= 'A' && byte <= 'F' ? (unsigned)(byte - 'A') + 10 : 99;
}

/* The digits from `at` on; a number beyond `most` becomes it. */
static vmr_status parse_digits(vmr_view view, size_t at, unsigned base, uint64_t most, uint64_t *number,
                               size_t *where) {
  uint64_t value = 0;
  vmr_status status = VMR_OK;
  if (at == view.length) return refuse(at, where);
  for (; at < view.length; at++) {
    unsigned digit = digit_of(view.data[at]);
    if (digit >= base) return refuse(at, where);
    if (value > (most - digit) / base) status = VMR_OUT_OF_RANGE;
    value = value * base + digit;
  }
  *number = status == VMR_OK ? value : most;
  return status;
}

static size_t skip_sign(vmr_view view, bool *is_negative) {
  *is_negative = view.length != 0 && view.data[0] == '-';
  return view.length != 0 && (view.data[0] == '-' || view.data[0] == '+');
}

vmr_status vmr_view_parse_i64(vmr_view view, int64_t *number, size_t *where) {
  if (number == NULL) return VMR_INVALID_ARGUMENT;
  bool is_negative;
  uint64_t size = 0;
  size_t at = skip_sign(view, &is_negative);
  vmr_status status = parse_digits(view, at, 10, (uint64_t)INT64_MAX + is_negative, &size, where);
  if (status != VMR_NOT_A_NUMBER) *number = is_negative ? (int64_t)(0 - size) : (int64_t)size;
  return status;
}

vmr_status vmr_view_parse_u64(vmr_view view, uint64_t *number, size_t *where) {
  if (number == NULL) return VMR_INVALID_ARGUMENT;
  bool is_negative;
  uint64_t size = 0;
  size_t at = skip_sign(view, &is_negative);
  vmr_status status = parse_digits(view, at, 10, is_negative ? 9 : UINT64_MAX, &size, where);
  if (status == VMR_NOT_A_NUMBER) return status;
  if (is_negative && size != 0) status = VMR_OUT_OF_RANGE;
  *number = is_negative ? 0 : size;
  return status;
}

vmr_status vmr_view_parse_hex(vmr_view view, uint64_t *number, size_t *where) {
  return number == NULL ? VMR_INVALID_ARGUMENT : parse_digits(view, 0, 16, UINT64_MAX, number, where);
}
