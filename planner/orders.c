/* orders.c: the orders in which methods prefer items, as ranks.
 *
 * A key is a double that is at least 0, so that its bits sort like the number; the larger comes first.
 * Products of sizes and durations stay far below the largest double, and each step is correctly rounded:
 * the same on every machine. The root of bytes is not taken: duration^2 * bytes has the same order.
 * O(n), but for the order by load, which looks at each item's sections. */
#include <string.h>

#include "planner/instance.h"

static double largest_load(const vmo_instance *instance, const vmo_item *item) {
  vmo_bytes largest = 0;
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = instance->spans[item->span_first + j];
    for (uint32_t s = span.begin; s < span.end; s++) largest = vmo_max_bytes(largest, instance->loads[s]);
  }
  return (double)largest;
}

static double count_sections(const vmo_instance *instance, const vmo_item *item) {
  double count = 0;
  for (uint32_t j = 0; j < item->span_count; j++) {
    vmo_span span = instance->spans[item->span_first + j];
    count += span.end - span.begin;
  }
  return count;
}

double vmo_order_key(const vmo_instance *instance, const vmo_item *item, vmo_order order) {
  double bytes = (double)item->bytes, duration = item->duration;
  switch (order) {
  case VMO_ORDER_AREA: return bytes * duration;
  case VMO_ORDER_DURATION: return duration;
  case VMO_ORDER_START: return instance->section_count - instance->spans[item->span_first].begin;
  case VMO_ORDER_DURATION_ROOT: return duration * duration * bytes;
  case VMO_ORDER_BYTES: return bytes;
  case VMO_ORDER_SECTIONS: return count_sections(instance, item);
  case VMO_ORDER_LOAD: return largest_load(instance, item);
  case VMO_ORDER_END: return instance->spans[item->span_first + item->span_count - 1].end;
  case VMO_ORDER_COUNT: break;
  }
  return 0;
}

void vmo_rank_items(const vmo_instance *instance, const vmo_part *part, vmo_order order, vmo_keyed *keys,
                    uint32_t *ranked) {
  for (uint32_t i = 0; i < part->item_count; i++) {
    double number = vmo_order_key(instance, &instance->items[part->item_first + i], order);
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    keys[i] = (vmo_keyed){~bits, part->item_first + i};
  }
  vmo_sort_keyed(keys, keys + part->item_count, part->item_count);
  for (uint32_t i = 0; i < part->item_count; i++) ranked[i] = keys[i].value;
}
