/* sort.c: stable sorting of (key, value) pairs.
 *
 * Few pairs: insertion. Many: radix sort from the lowest byte up, leaving out the bytes in which all keys
 * agree, so that compressed times or offsets take two or three rounds. O(count). */
#include "support/sort.h"

#include <string.h>

#define INSERTION_LIMIT 48

static void sort_by_insertion(vmo_keyed *data, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    vmo_keyed moved = data[i];
    uint32_t to = i;
    for (; to > 0 && data[to - 1].key > moved.key; to--) data[to] = data[to - 1];
    data[to] = moved;
  }
}

static void scatter_by_byte(const vmo_keyed *from, vmo_keyed *to, uint32_t count, unsigned shift) {
  uint32_t places[256] = {0};
  for (uint32_t i = 0; i < count; i++) places[from[i].key >> shift & 255]++;
  for (uint32_t i = 0, sum = 0; i < 256; i++) {
    uint32_t next = sum + places[i];
    places[i] = sum;
    sum = next;
  }
  for (uint32_t i = 0; i < count; i++) to[places[from[i].key >> shift & 255]++] = from[i];
}

void vmo_sort_keyed(vmo_keyed *data, vmo_keyed *spare, uint32_t count) {
  if (count <= INSERTION_LIMIT) {
    sort_by_insertion(data, count);
    return;
  }
  uint64_t differing = 0;
  for (uint32_t i = 1; i < count; i++) differing |= data[i].key ^ data[0].key;
  vmo_keyed *from = data, *to = spare;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    if ((differing >> shift & 255) == 0) continue;
    scatter_by_byte(from, to, count, shift);
    vmo_keyed *other = from;
    from = to;
    to = other;
  }
  if (from != data) memcpy(data, from, count * sizeof *data);
}
