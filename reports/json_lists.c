/* json_lists.c: the lists of one function, as JSON, an element a line. */
#include "reports/json_lists.h"

#include <stdio.h>

#define THINNED_POINTS 4096
#define LONGEST_KEY 32

/* ---- parts of rows ---- */

void vmo_put_size(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *key, vmo_size_id size) {
  if (size == VMO_NONE) {
    vmo_put_null(writer, key);
    return;
  }
  vmo_text *text = vmo_json_scratch(writer);
  vmo_add_size(facts, size, text);
  vmo_put_text(writer, key, text);
}

void vmo_put_amount(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *name, const vmo_amount *amount) {
  char key[LONGEST_KEY];
  snprintf(key, sizeof key, "%s_bytes", name);
  if (amount->bytes >= 0) {
    vmo_put_integer(writer, key, amount->bytes);
    return;
  }
  vmo_put_null(writer, key);
  snprintf(key, sizeof key, "%s_expr", name);
  vmo_put_size(writer, facts, key, amount->size);
}

/* "bytes", and "bytes_expr" when it is no number. */
static void put_bytes(vmo_json_writer *writer, const vmo_plan_facts *facts, const vmo_amount *amount) {
  if (amount->bytes >= 0) {
    vmo_put_integer(writer, "bytes", amount->bytes);
    return;
  }
  vmo_put_null(writer, "bytes");
  vmo_put_size(writer, facts, "bytes_expr", amount->size);
}

static void put_offset(vmo_json_writer *writer, const vmo_plan_facts *facts, vmo_size_id offset) {
  int64_t number;
  if (vmo_size_as_number(facts, offset, &number)) {
    vmo_put_integer(writer, "offset", number);
    return;
  }
  vmo_put_null(writer, "offset");
  if (offset != VMO_NONE) vmo_put_size(writer, facts, "offset_expr", offset);
}

/* Names stand in JSON as they are declared, without the sigil. */
static void put_value(vmo_json_writer *writer, const char *key, const vmo_plan_facts *facts,
                      const vmo_function *function, vmo_value_id value) {
  vmo_put_string(writer, key, value != VMO_NONE ? vmo_value_name(facts->module, function, value) : NULL);
}

static void put_storage(vmo_json_writer *writer, const char *key, const vmo_plan_facts *facts, uint32_t storage) {
  vmo_value_id value = facts->storages.data[storage].value;
  if (value != VMO_NONE) {
    put_value(writer, key, facts, facts->planned, value);
    return;
  }
  vmo_text *label = vmo_json_scratch(writer);
  vmo_add_storage_label(facts, storage, label);
  vmo_put_text(writer, key, label);
}

static void put_point(vmo_json_writer *writer, const vmo_plan_facts *facts, vmo_point point) {
  vmo_location location = vmo_point_location(facts, point);
  if (point >= 0) {
    vmo_put_integer(writer, "point", point);
  } else {
    vmo_put_null(writer, "point");
  }
  if (location.line > 0) {
    vmo_put_integer(writer, "line", location.line);
  } else {
    vmo_put_null(writer, "line");
  }
}

static void put_slot(vmo_json_writer *writer, uint32_t slot) {
  if (slot != VMO_NONE) {
    vmo_put_integer(writer, "slot", slot);
  } else {
    vmo_put_null(writer, "slot");
  }
}

/* ---- storages ---- */

static void put_lifetimes(vmo_json_writer *writer, const vmo_plan_facts *facts, const vmo_storage_fact *storage) {
  vmo_json_open_row(writer, "live", '[');
  for (uint32_t i = 0; i < storage->range_count; i++) {
    const vmo_live_range *range = &facts->ranges.data[storage->range_first + i];
    vmo_json_open_row(writer, NULL, '[');
    vmo_put_integer(writer, NULL, range->begin);
    vmo_put_integer(writer, NULL, range->end);
    vmo_json_close(writer, ']');
  }
  vmo_json_close(writer, ']');
}

static void write_storages(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "storages", '[');
  for (uint32_t i = 0; i < facts->storages.count; i++) {
    const vmo_storage_fact *storage = &facts->storages.data[i];
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_integer(writer, "id", i);
    put_storage(writer, "name", facts, i);
    vmo_put_string(writer, "kind", vmo_storage_kind_name(storage));
    put_point(writer, facts, storage->op);
    vmo_put_string(writer, "space", vmo_space_name(facts, storage->space));
    put_bytes(writer, facts, &storage->amount);
    put_lifetimes(writer, facts, storage);
    put_slot(writer, storage->slot);
    put_offset(writer, facts, storage->offset);
    put_value(writer, "over", facts, facts->planned, storage->over);
    vmo_put_boolean(writer, "dead", storage->dead);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

/* ---- in place and not ---- */

static void write_inplace(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "inplace", '[');
  for (uint32_t i = 0; i < facts->inplace.count; i++) {
    const vmo_inplace_fact *fact = &facts->inplace.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "result", facts, facts->planned, fact->result);
    put_value(writer, "over", facts, facts->planned, fact->operand);
    put_point(writer, facts, fact->op);
    put_bytes(writer, facts, &fact->amount);
    vmo_text *reason = vmo_json_scratch(writer);
    vmo_add_inplace_reason(facts, fact, reason);
    vmo_put_text(writer, "reason", reason);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_refused(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "refused", '[');
  for (uint32_t i = 0; i < facts->refused.count; i++) {
    const vmo_inplace_fact *fact = &facts->refused.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "result", facts, facts->planned, fact->result);
    put_value(writer, "operand", facts, facts->planned, fact->operand);
    put_point(writer, facts, fact->op);
    put_bytes(writer, facts, &fact->amount);
    vmo_put_string(writer, "code", vmo_refusal_name(fact->refusal));
    vmo_text *reason = vmo_json_scratch(writer);
    vmo_describe_refusal(facts->module, facts->planned, fact, reason);
    vmo_put_text(writer, "reason", reason);
    put_value(writer, "other", facts, facts->planned, fact->other);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

/* ---- slots and what shares them ---- */

static void write_reuse(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "reuse", '[');
  for (uint32_t i = 0; i < facts->reuse.count; i++) {
    const vmo_reuse_fact *fact = &facts->reuse.data[i];
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_integer(writer, "id", fact->storage);
    put_storage(writer, "storage", facts, fact->storage);
    vmo_put_integer(writer, "former_id", fact->former);
    put_storage(writer, "former", facts, fact->former);
    put_bytes(writer, facts, &fact->amount);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_slots(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "slots", '[');
  for (uint32_t i = 0; i < facts->slots.count; i++) {
    const vmo_slot_fact *fact = &facts->slots.data[i];
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_integer(writer, "slot", fact->slot);
    vmo_put_string(writer, "space", vmo_space_name(facts, fact->space));
    put_offset(writer, facts, fact->offset);
    put_bytes(writer, facts, &fact->amount);
    vmo_json_open_row(writer, "storages", '[');
    for (uint32_t j = 0; j < fact->storage_count; j++)
      vmo_put_integer(writer, NULL, facts->slot_storages.data[fact->storage_first + j]);
    vmo_json_close(writer, ']');
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_copies(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "copies", '[');
  for (uint32_t i = 0; i < facts->copies.count; i++) {
    const vmo_copy_fact *fact = &facts->copies.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "copy", facts, facts->planned, fact->copy);
    put_value(writer, "of", facts, facts->planned, fact->source);
    put_point(writer, facts, fact->op);
    put_bytes(writer, facts, &fact->amount);
    vmo_put_string(writer, "code", vmo_copy_reason_name(fact));
    vmo_put_string(writer, "reason", vmo_copy_reason_sentence(fact));
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

/* ---- loads ---- */

static void write_point(vmo_json_writer *writer, const vmo_plan_facts *facts, vmo_point point) {
  vmo_json_open_row(writer, NULL, '{');
  put_point(writer, facts, point);
  vmo_put_integer(writer, "bytes", facts->written_loads[point]);
  vmo_put_integer(writer, "inplace_bytes", facts->planned_loads[point]);
  vmo_json_close(writer, '}');
}

/* Thinned, each of 2048 buckets keeps the points of its two largest loads, as written and as planned: no peak is
 * lost, and every point that is written is a true one. */
static void write_timeline(vmo_json_writer *writer, const vmo_plan_facts *facts, bool full) {
  vmo_json_open(writer, "timeline", '[');
  bool loads = facts->written_loads != NULL && facts->planned_loads != NULL;
  uint32_t points = loads ? (uint32_t)facts->point_count : 0;
  if (full || points <= THINNED_POINTS) {
    for (uint32_t i = 0; i < points; i++) write_point(writer, facts, (vmo_point)i);
  } else {
    for (uint32_t i = 0; i < THINNED_POINTS / 2; i++) {
      vmo_bucket bucket = vmo_timeline_bucket(facts, i, THINNED_POINTS / 2);
      vmo_point first = bucket.most_written, second = bucket.most_planned;
      write_point(writer, facts, first < second ? first : second);
      if (first != second) write_point(writer, facts, first < second ? second : first);
    }
  }
  vmo_json_close(writer, ']');
}

static void write_contributor(vmo_json_writer *writer, const vmo_plan_facts *facts, const vmo_contribution *part) {
  const vmo_storage_fact *storage = &facts->storages.data[part->storage];
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_integer(writer, "id", part->storage);
  put_storage(writer, "name", facts, part->storage);
  put_point(writer, facts, storage->op);
  put_bytes(writer, facts, &part->amount);
  vmo_json_close(writer, '}');
}

static void write_peak(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *key, const vmo_peak_fact *peak,
                       bool summary) {
  vmo_json_open(writer, key, '{');
  put_bytes(writer, facts, &peak->amount);
  put_point(writer, facts, peak->point);
  if (!summary) {
    vmo_json_open(writer, "contributors", '[');
    for (uint32_t i = 0; i < peak->contribution_count; i++) {
      write_contributor(writer, facts, &facts->contributions.data[peak->contribution_first + i]);
    }
    vmo_json_close(writer, ']');
  }
  vmo_json_close(writer, '}');
}

/* Under -O2 alone are there any. */
static void write_fused(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  if (facts->fused.count == 0) return;
  vmo_json_open(writer, "fused", '[');
  for (uint32_t i = 0; i < facts->fused.count; i++) {
    const vmo_fused_fact *fact = &facts->fused.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "result", facts, facts->planned, fact->result);
    vmo_put_string(writer, "op", vmo_name(facts->module, facts->module->declarations.data[fact->declaration].name));
    vmo_put_integer(writer, "line", fact->location.line);
    vmo_put_integer(writer, "ops", fact->op_count);
    vmo_put_integer(writer, "storages", fact->storage_count);
    put_bytes(writer, facts, &fact->amount);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_alternating(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  if (facts->alternated.count == 0) return;
  vmo_json_open(writer, "alternating", '[');
  for (uint32_t i = 0; i < facts->alternated.count; i++) {
    const vmo_alternated_fact *fact = &facts->alternated.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "result", facts, facts->planned, fact->result);
    vmo_put_integer(writer, "line", fact->location.line);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_dead(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "dead", '[');
  for (uint32_t i = 0; i < facts->dead.count; i++) {
    vmo_value_id value = facts->dead.data[i];
    vmo_json_open_row(writer, NULL, '{');
    put_value(writer, "value", facts, facts->written, value);
    vmo_put_integer(writer, "line", facts->written->values.data[value].location.line);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

void vmo_write_lists(vmo_json_writer *writer, const vmo_plan_facts *facts, bool summary, bool full_timeline) {
  write_peak(writer, facts, "peak", &facts->peak, summary);
  write_peak(writer, facts, "peak_inplace", &facts->peak_inplace, summary);
  if (summary) return;
  write_fused(writer, facts);
  write_alternating(writer, facts);
  write_storages(writer, facts);
  write_inplace(writer, facts);
  write_refused(writer, facts);
  write_reuse(writer, facts);
  write_slots(writer, facts);
  write_copies(writer, facts);
  write_dead(writer, facts);
  write_timeline(writer, facts, full_timeline);
}
