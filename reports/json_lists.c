/* json_lists.c: the lists of one function, as JSON, an element a line. */
#include "reports/json_lists.h"

#include <stdio.h>

#define THINNED_POINTS 4096
#define LONGEST_KEY 32

/* ---- parts of records ---- */

void vmo_set_size(vmo_record *record, const vmo_plan_facts *facts, const char *key, vmo_size_id size) {
  if (size == VMO_NONE) {
    vmo_set_null(record, key);
    return;
  }
  vmo_text text;
  vmo_text_init(&text);
  vmo_add_size(facts, size, &text);
  vmo_set_text(record, key, &text);
}

void vmo_set_amount(vmo_record *record, const vmo_plan_facts *facts, const char *name, const vmo_amount *amount) {
  char key[LONGEST_KEY];
  snprintf(key, sizeof key, "%s_bytes", name);
  if (amount->bytes >= 0) {
    vmo_set_integer(record, key, amount->bytes);
    return;
  }
  vmo_set_null(record, key);
  snprintf(key, sizeof key, "%s_expr", name);
  vmo_set_size(record, facts, key, amount->size);
}

/* "bytes", and "bytes_expr" when it is no number. */
static void set_bytes(vmo_record *record, const vmo_plan_facts *facts, const vmo_amount *amount) {
  if (amount->bytes >= 0) {
    vmo_set_integer(record, "bytes", amount->bytes);
    return;
  }
  vmo_set_null(record, "bytes");
  vmo_set_size(record, facts, "bytes_expr", amount->size);
}

static void set_offset(vmo_record *record, const vmo_plan_facts *facts, vmo_size_id offset) {
  int64_t number;
  if (vmo_size_as_number(facts, offset, &number)) {
    vmo_set_integer(record, "offset", number);
    return;
  }
  vmo_set_null(record, "offset");
  if (offset != VMO_NONE) vmo_set_size(record, facts, "offset_expr", offset);
}

/* Names stand in JSON as they are declared, without the sigil. */
static void set_value(vmo_record *record, const char *key, const vmo_plan_facts *facts, const vmo_function *function,
                      vmo_value_id value) {
  vmo_set_string(record, key, value != VMO_NONE ? vmo_value_name(facts->module, function, value) : NULL);
}

static void set_storage(vmo_record *record, const char *key, const vmo_plan_facts *facts, uint32_t storage) {
  vmo_value_id value = facts->storages.data[storage].value;
  if (value != VMO_NONE) {
    set_value(record, key, facts, facts->planned, value);
    return;
  }
  vmo_text label;
  vmo_text_init(&label);
  vmo_add_storage_label(facts, storage, &label);
  vmo_set_text(record, key, &label);
}

static void set_point(vmo_record *record, const vmo_plan_facts *facts, vmo_point point) {
  vmo_location location = vmo_point_location(facts, point);
  if (point >= 0) {
    vmo_set_integer(record, "point", point);
  } else {
    vmo_set_null(record, "point");
  }
  if (location.line > 0) {
    vmo_set_integer(record, "line", location.line);
  } else {
    vmo_set_null(record, "line");
  }
}

static void set_slot(vmo_record *record, uint32_t slot) {
  if (slot != VMO_NONE) {
    vmo_set_integer(record, "slot", slot);
  } else {
    vmo_set_null(record, "slot");
  }
}

/* ---- storages ---- */

static void set_lifetimes(vmo_record *record, const vmo_plan_facts *facts, const vmo_storage_fact *storage) {
  cJSON *list = cJSON_CreateArray();
  for (uint32_t i = 0; list != NULL && i < storage->range_count; i++) {
    const vmo_live_range *range = &facts->ranges.data[storage->range_first + i];
    cJSON *pair = cJSON_CreateArray();
    bool fine = pair != NULL && vmo_json_push_integer(pair, range->begin) && vmo_json_push_integer(pair, range->end);
    if (fine && cJSON_AddItemToArray(list, pair)) continue;
    cJSON_Delete(pair);
    record->failed = true;
  }
  vmo_set_item(record, "live", list);
}

static void write_storages(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "storages", '[');
  for (uint32_t i = 0; i < facts->storages.count; i++) {
    const vmo_storage_fact *storage = &facts->storages.data[i];
    vmo_record record = vmo_begin_record();
    vmo_set_integer(&record, "id", i);
    set_storage(&record, "name", facts, i);
    vmo_set_string(&record, "kind", vmo_storage_kind_name(storage));
    set_point(&record, facts, storage->op);
    vmo_set_string(&record, "space", vmo_space_name(facts, storage->space));
    set_bytes(&record, facts, &storage->amount);
    set_lifetimes(&record, facts, storage);
    set_slot(&record, storage->slot);
    set_offset(&record, facts, storage->offset);
    set_value(&record, "over", facts, facts->planned, storage->over);
    vmo_set_boolean(&record, "dead", storage->dead);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

/* ---- in place and not ---- */

static void write_inplace(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "inplace", '[');
  for (uint32_t i = 0; i < facts->inplace.count; i++) {
    const vmo_inplace_fact *fact = &facts->inplace.data[i];
    vmo_record record = vmo_begin_record();
    vmo_text reason;
    vmo_text_init(&reason);
    vmo_add_inplace_reason(facts, fact, &reason);
    set_value(&record, "result", facts, facts->planned, fact->result);
    set_value(&record, "over", facts, facts->planned, fact->operand);
    set_point(&record, facts, fact->op);
    set_bytes(&record, facts, &fact->amount);
    vmo_set_text(&record, "reason", &reason);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

static void write_refused(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "refused", '[');
  for (uint32_t i = 0; i < facts->refused.count; i++) {
    const vmo_inplace_fact *fact = &facts->refused.data[i];
    vmo_record record = vmo_begin_record();
    vmo_text reason;
    vmo_text_init(&reason);
    vmo_describe_refusal(facts->module, facts->planned, fact, &reason);
    set_value(&record, "result", facts, facts->planned, fact->result);
    set_value(&record, "operand", facts, facts->planned, fact->operand);
    set_point(&record, facts, fact->op);
    set_bytes(&record, facts, &fact->amount);
    vmo_set_string(&record, "code", vmo_refusal_name(fact->refusal));
    vmo_set_text(&record, "reason", &reason);
    set_value(&record, "other", facts, facts->planned, fact->other);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

/* ---- slots and what shares them ---- */

static void write_reuse(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "reuse", '[');
  for (uint32_t i = 0; i < facts->reuse.count; i++) {
    const vmo_reuse_fact *fact = &facts->reuse.data[i];
    vmo_record record = vmo_begin_record();
    vmo_set_integer(&record, "id", fact->storage);
    set_storage(&record, "storage", facts, fact->storage);
    vmo_set_integer(&record, "former_id", fact->former);
    set_storage(&record, "former", facts, fact->former);
    set_bytes(&record, facts, &fact->amount);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

static void write_slots(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "slots", '[');
  for (uint32_t i = 0; i < facts->slots.count; i++) {
    const vmo_slot_fact *fact = &facts->slots.data[i];
    vmo_record record = vmo_begin_record();
    vmo_set_integer(&record, "slot", fact->slot);
    vmo_set_string(&record, "space", vmo_space_name(facts, fact->space));
    set_offset(&record, facts, fact->offset);
    set_bytes(&record, facts, &fact->amount);
    cJSON *ids = cJSON_CreateArray();
    for (uint32_t j = 0; ids != NULL && j < fact->storage_count; j++) {
      if (!vmo_json_push_integer(ids, facts->slot_storages.data[fact->storage_first + j])) record.failed = true;
    }
    vmo_set_item(&record, "storages", ids);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

static void write_copies(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "copies", '[');
  for (uint32_t i = 0; i < facts->copies.count; i++) {
    const vmo_copy_fact *fact = &facts->copies.data[i];
    vmo_record record = vmo_begin_record();
    set_value(&record, "copy", facts, facts->planned, fact->copy);
    set_value(&record, "of", facts, facts->planned, fact->source);
    set_point(&record, facts, fact->op);
    set_bytes(&record, facts, &fact->amount);
    vmo_set_string(&record, "code", vmo_copy_reason_name(fact));
    vmo_set_string(&record, "reason", vmo_copy_reason_sentence(fact));
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

/* ---- loads ---- */

static void write_point(vmo_json_writer *writer, const vmo_plan_facts *facts, vmo_point point) {
  vmo_record record = vmo_begin_record();
  set_point(&record, facts, point);
  vmo_set_integer(&record, "bytes", facts->written_loads[point]);
  vmo_set_integer(&record, "inplace_bytes", facts->planned_loads[point]);
  vmo_end_record(writer, NULL, &record);
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
  vmo_record record = vmo_begin_record();
  vmo_set_integer(&record, "id", part->storage);
  set_storage(&record, "name", facts, part->storage);
  set_point(&record, facts, storage->op);
  set_bytes(&record, facts, &part->amount);
  vmo_end_record(writer, NULL, &record);
}

static void write_peak(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *key, const vmo_peak_fact *peak,
                       bool summary) {
  vmo_record record = vmo_begin_record();
  set_bytes(&record, facts, &peak->amount);
  set_point(&record, facts, peak->point);
  vmo_json_open(writer, key, '{');
  vmo_spread_record(writer, &record);
  if (!summary) {
    vmo_json_open(writer, "contributors", '[');
    for (uint32_t i = 0; i < peak->contribution_count; i++) {
      write_contributor(writer, facts, &facts->contributions.data[peak->contribution_first + i]);
    }
    vmo_json_close(writer, ']');
  }
  vmo_json_close(writer, '}');
}

static void write_dead(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "dead", '[');
  for (uint32_t i = 0; i < facts->dead.count; i++) {
    vmo_value_id value = facts->dead.data[i];
    vmo_record record = vmo_begin_record();
    set_value(&record, "value", facts, facts->written, value);
    vmo_set_integer(&record, "line", facts->written->values.data[value].location.line);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

void vmo_write_lists(vmo_json_writer *writer, const vmo_plan_facts *facts, bool summary, bool full_timeline) {
  write_peak(writer, facts, "peak", &facts->peak, summary);
  write_peak(writer, facts, "peak_inplace", &facts->peak_inplace, summary);
  if (summary) return;
  write_storages(writer, facts);
  write_inplace(writer, facts);
  write_refused(writer, facts);
  write_reuse(writer, facts);
  write_slots(writer, facts);
  write_copies(writer, facts);
  write_dead(writer, facts);
  write_timeline(writer, facts, full_timeline);
}
