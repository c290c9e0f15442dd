/* text_tables.c: what the figures consist of: one table for each list of a function's facts. */
#include "reports/text_tables.h"

#include "reports/model.h"

#define SHOWN_ROWS 12
#define SHOWN_RANGES 3
#define SHOWN_NAMES 8

/* What a function that fills cells gets. */
typedef struct source {
  const vmo_plan_facts *facts;
  const vmo_peak_fact *peak;
  uint32_t first; /* the list's element in the first row */
  bool full;
} source;

void vmo_write_section(const vmo_text_style *style, const char *title, vmo_text *out) {
  vmo_text_add(out, "\n  ");
  vmo_begin_paint(style, VMO_PAINT_TITLE, out);
  vmo_text_add(out, title);
  vmo_end_paint(style, out);
  vmo_text_add_char(out, '\n');
}

/* ---- cells ---- */

static void add_amount(const vmo_plan_facts *facts, const vmo_amount *amount, vmo_text *cell) {
  if (amount->bytes >= 0) {
    vmo_text_add_bytes_for_people(cell, amount->bytes);
  } else if (amount->size != VMO_NONE) {
    vmo_add_size(facts, amount->size, cell);
  }
}

static void add_line(const vmo_plan_facts *facts, vmo_point point, vmo_text *cell) {
  uint32_t line = vmo_point_location(facts, point).line;
  if (line > 0) vmo_text_addf(cell, "%u", line);
}

/* The text of the op at a point, without its plan: "%y = mul %x, 2 : f64[N]". */
static void add_op(const vmo_plan_facts *facts, vmo_point point, vmo_text *cell) {
  if (point < 0 || (uint32_t)point >= facts->planned->ops.count) return;
  vmo_function bare = *facts->planned;
  bare.plan = NULL;
  vmo_print_op(facts->module, &bare, (uint32_t)point, cell);
  while (cell->count > 0 && cell->data[cell->count - 1] == '\n') cell->data[--cell->count] = '\0';
}

/* Lifetimes in source lines: "8-12, 15". */
static void add_lifetimes(const vmo_plan_facts *facts, const vmo_storage_fact *storage, vmo_text *cell) {
  for (uint32_t i = 0; i < storage->range_count; i++) {
    const vmo_live_range *range = &facts->ranges.data[storage->range_first + i];
    uint32_t first = vmo_point_location(facts, range->begin).line;
    uint32_t last = vmo_point_location(facts, range->end > range->begin ? range->end - 1 : range->begin).line;
    if (i > 0) vmo_text_add(cell, ", ");
    if (i == SHOWN_RANGES) {
      vmo_text_add(cell, "...");
      return;
    }
    if (first == last) {
      vmo_text_addf(cell, "%u", first);
    } else {
      vmo_text_addf(cell, "%u-%u", first, last);
    }
  }
}

static void add_offset(const vmo_plan_facts *facts, vmo_size_id offset, vmo_text *cell) {
  int64_t number;
  if (vmo_size_as_number(facts, offset, &number)) {
    vmo_text_add_integer(cell, number);
  } else if (offset != VMO_NONE) {
    vmo_add_size(facts, offset, cell);
  }
}

/* ---- storages ---- */

static const char *remark_on(const vmo_storage_fact *storage) {
  switch (storage->kind) {
  case VMO_KIND_PARAMETER: return "the caller's";
  case VMO_KIND_DONATED: return "the caller's, donated";
  case VMO_KIND_STATE: return "state";
  case VMO_KIND_CONSTANT: return "constant";
  case VMO_KIND_COPY: return "copy";
  case VMO_KIND_WORKSPACE:
  case VMO_KIND_CALLEE: return "while the op runs";
  case VMO_KIND_RESULT: break;
  }
  return storage->dead ? "nothing reads it" : "";
}

static void add_remark(const char *remark, vmo_text *cell) {
  if (cell->count > 0 && *remark != '\0') vmo_text_add(cell, ", ");
  vmo_text_add(cell, remark);
}

static void fill_storage(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  uint32_t index = ((const source *)user)->first + row;
  const vmo_storage_fact *storage = &facts->storages.data[index];
  vmo_add_storage_label(facts, index, &cells[0]);
  add_amount(facts, &storage->amount, &cells[1]);
  add_line(facts, storage->op, &cells[2]);
  add_lifetimes(facts, storage, &cells[3]);
  if (storage->slot != VMO_NONE) vmo_text_addf(&cells[4], "%u", storage->slot);
  add_offset(facts, storage->offset, &cells[5]);
  add_remark(remark_on(storage), &cells[6]);
  if (storage->over != VMO_NONE) {
    add_remark("over ", &cells[6]);
    vmo_add_value_label(facts, facts->planned, storage->over, &cells[6]);
  }
  if (storage->space == 0) return;
  add_remark("@", &cells[6]);
  vmo_text_add(&cells[6], vmo_space_name(facts, storage->space));
}

/* ---- in place, refused, reuse, copies ---- */

static void fill_inplace(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_inplace_fact *fact = &facts->inplace.data[row];
  vmo_add_value_label(facts, facts->planned, fact->result, &cells[0]);
  vmo_add_value_label(facts, facts->planned, fact->operand, &cells[1]);
  add_amount(facts, &fact->amount, &cells[2]);
  add_line(facts, fact->op, &cells[3]);
  vmo_add_inplace_reason(facts, fact, &cells[4]);
}

/* Refusals that a change of the program could lift: those by the op's own rule are shown in full reports alone. */
static bool is_telling(const vmo_inplace_fact *fact) {
  return fact->refusal != VMO_REFUSED_OP_RULE && fact->refusal != VMO_REFUSED_OPERAND_RULE &&
         fact->refusal != VMO_REFUSED_OTHER_CHOSEN;
}

static uint32_t count_telling(const vmo_plan_facts *facts) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < facts->refused.count; i++) count += is_telling(&facts->refused.data[i]);
  return count;
}

/* The refusal in a row; only a few rows are shown when not all are, so looking for it is no loss. */
static const vmo_inplace_fact *find_refusal(const source *from, uint32_t row) {
  uint32_t index = 0;
  if (from->full) return &from->facts->refused.data[row];
  for (uint32_t left = row;; index++) {
    if (is_telling(&from->facts->refused.data[index]) && left-- == 0) break;
  }
  return &from->facts->refused.data[index];
}

static void fill_refused(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_inplace_fact *fact = find_refusal(user, row);
  vmo_add_value_label(facts, facts->planned, fact->result, &cells[0]);
  vmo_add_value_label(facts, facts->planned, fact->operand, &cells[1]);
  add_line(facts, fact->op, &cells[2]);
  vmo_describe_refusal(facts->module, facts->planned, fact, &cells[3]);
}

static void fill_reuse(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_reuse_fact *fact = &facts->reuse.data[row];
  vmo_add_storage_label(facts, fact->storage, &cells[0]);
  vmo_add_storage_label(facts, fact->former, &cells[1]);
  add_amount(facts, &fact->amount, &cells[2]);
  add_line(facts, facts->storages.data[fact->storage].op, &cells[3]);
}

static void fill_slot(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_slot_fact *slot = &facts->slots.data[row];
  vmo_text_addf(&cells[0], "%u", slot->slot);
  vmo_text_add(&cells[1], vmo_space_name(facts, slot->space));
  add_offset(facts, slot->offset, &cells[2]);
  add_amount(facts, &slot->amount, &cells[3]);
  for (uint32_t i = 0; i < slot->storage_count; i++) {
    if (i > 0) vmo_text_add(&cells[4], ", ");
    if (i == SHOWN_NAMES) {
      vmo_text_addf(&cells[4], "and %u more", slot->storage_count - i);
      return;
    }
    vmo_add_storage_label(facts, facts->slot_storages.data[slot->storage_first + i], &cells[4]);
  }
}

static void fill_copy(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_copy_fact *fact = &facts->copies.data[row];
  vmo_add_value_label(facts, facts->planned, fact->copy, &cells[0]);
  vmo_add_value_label(facts, facts->planned, fact->source, &cells[1]);
  add_amount(facts, &fact->amount, &cells[2]);
  add_line(facts, fact->op, &cells[3]);
  vmo_text_add(&cells[4], vmo_copy_reason_sentence(fact));
}

static void fill_fused(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_fused_fact *fact = &facts->fused.data[row];
  vmo_add_value_label(facts, facts->planned, fact->result, &cells[0]);
  vmo_text_addf(&cells[1], "@%s", vmo_name(facts->module, facts->module->declarations.data[fact->declaration].name));
  vmo_text_add_integer(&cells[2], fact->op_count);
  vmo_text_add_integer(&cells[3], fact->storage_count);
  add_amount(facts, &fact->amount, &cells[4]);
  vmo_text_add_integer(&cells[5], fact->location.line);
}

static void fill_alternating(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  vmo_add_value_label(facts, facts->planned, facts->alternated.data[row].result, &cells[0]);
  vmo_text_add_integer(&cells[1], facts->alternated.data[row].location.line);
}

/* ---- dead values, peaks, spaces ---- */

static void fill_dead(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  vmo_value_id value = facts->dead.data[row];
  uint32_t line = facts->written->values.data[value].location.line;
  vmo_add_value_label(facts, facts->written, value, &cells[0]);
  if (line > 0) vmo_text_addf(&cells[1], "%u", line);
}

static void fill_contribution(const void *user, uint32_t row, vmo_text *cells) {
  const source *from = user;
  const vmo_plan_facts *facts = from->facts;
  const vmo_contribution *part = &facts->contributions.data[from->peak->contribution_first + row];
  const vmo_storage_fact *storage = &facts->storages.data[part->storage];
  add_amount(facts, &part->amount, &cells[0]);
  if (part->amount.bytes >= 0 && from->peak->amount.bytes > 0) {
    vmo_text_addf(&cells[1], "%.0f%%", 100.0 * (double)part->amount.bytes / (double)from->peak->amount.bytes);
  }
  add_line(facts, storage->op, &cells[2]);
  if (storage->kind == VMO_KIND_RESULT || storage->kind == VMO_KIND_COPY) {
    add_op(facts, storage->op, &cells[3]);
  } else {
    vmo_add_storage_label(facts, part->storage, &cells[3]);
    if (storage->kind == VMO_KIND_STATE) vmo_text_add(&cells[3], ", state");
  }
}

static void fill_space(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_plan_facts *facts = ((const source *)user)->facts;
  const vmo_space_figures *figures = &facts->spaces.data[row];
  const vmo_amount *amounts[] = {&figures->total, &figures->arena, &figures->peak, &figures->peak_inplace};
  vmo_text_add(&cells[0], vmo_space_name(facts, figures->space));
  for (uint32_t i = 0; i < 4; i++) add_amount(facts, amounts[i], &cells[1 + i]);
}

/* ---- all ---- */

void vmo_write_spaces_table(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  source from = {.facts = facts};
  vmo_table table = {
      .columns = {{"space", false}, {"total", true}, {"arena", true}, {"written", true}, {"planned", true}},
      .column_count = 5,
      .row_count = facts->spaces.count,
      .fill = fill_space,
      .user = &from};
  vmo_write_section(style, "Memory spaces: an arena each; peaks written and planned", out);
  vmo_write_table(&table, style, out);
}

static void write_peak_table(const vmo_plan_facts *facts, const vmo_peak_fact *peak, const char *how,
                             const vmo_text_style *style, bool full, vmo_text *out) {
  if (peak->contribution_count == 0) return;
  source from = {.facts = facts, .peak = peak};
  vmo_table table = {.columns = {{"bytes", true}, {"share", true}, {"line", true}, {"made by", false}},
                     .column_count = 4,
                     .row_count = peak->contribution_count,
                     .shown_rows = full ? 0 : SHOWN_ROWS,
                     .fill = fill_contribution,
                     .user = &from};
  vmo_text title;
  vmo_text_init(&title);
  vmo_text_addf(&title, "Peak %s: live at line %u", how, vmo_point_location(facts, peak->point).line);
  vmo_write_section(style, title.data != NULL ? title.data : how, out);
  vmo_drop_part(&title, out);
  vmo_write_table(&table, style, out);
}

/* A function's own storages: parameters and constants come first in the list, and are the caller's. */
static uint32_t count_foreign(const vmo_plan_facts *facts) {
  uint32_t count = 0;
  while (count < facts->storages.count) {
    const vmo_storage_fact *storage = &facts->storages.data[count];
    if (storage->kind != VMO_KIND_PARAMETER && storage->kind != VMO_KIND_DONATED) break;
    count++;
  }
  return count;
}

/* A table of one of the lists. */
static void write_list(const source *from, const char *title, const vmo_table *shape, uint32_t rows,
                       const vmo_text_style *style, vmo_text *out) {
  vmo_table table = *shape;
  table.row_count = rows;
  table.shown_rows = from->full ? 0 : SHOWN_ROWS;
  table.user = from;
  if (rows == 0) return;
  vmo_write_section(style, title, out);
  vmo_write_table(&table, style, out);
}

static void write_storages(source from, const vmo_text_style *style, vmo_text *out) {
  static const vmo_table shape = {.columns = {{"storage", false},
                                              {"bytes", true},
                                              {"line", true},
                                              {"live", false},
                                              {"slot", true},
                                              {"offset", true},
                                              {"", false}},
                                  .column_count = 7,
                                  .fill = fill_storage};
  from.first = from.full ? 0 : count_foreign(from.facts);
  write_list(&from, "Storages, and the source lines in which they are live", &shape,
             from.facts->storages.count - from.first, style, out);
}

static void write_inplace(const source *from, const vmo_text_style *style, vmo_text *out) {
  static const vmo_table done = {
      .columns = {{"result", false}, {"over", false}, {"bytes", true}, {"line", true}, {"because", false}},
      .column_count = 5,
      .fill = fill_inplace};
  static const vmo_table refused = {.columns = {{"result", false}, {"over", false}, {"line", true}, {"because", false}},
                                    .column_count = 4,
                                    .fill = fill_refused};
  const vmo_plan_facts *facts = from->facts;
  uint32_t telling = count_telling(facts), all = facts->refused.count;
  write_list(from, "In place: the result takes the operand's bytes", &done, facts->inplace.count, style, out);
  write_list(from, "Not in place", &refused, from->full ? all : telling, style, out);
  if (from->full || telling == all) return;
  if (telling == 0) vmo_write_section(style, "Not in place", out);
  vmo_text_addf(out, "    %s%u by the rule of their op (--detail=full shows them)\n", telling > 0 ? "and " : "",
                all - telling);
}

static void write_places(const source *from, const vmo_text_style *style, vmo_text *out) {
  static const vmo_table reuse = {
      .columns = {{"storage", false}, {"takes bytes of", false}, {"bytes", true}, {"line", true}},
      .column_count = 4,
      .fill = fill_reuse};
  static const vmo_table slots = {
      .columns = {{"slot", true}, {"space", false}, {"offset", true}, {"bytes", true}, {"holds", false}},
      .column_count = 5,
      .fill = fill_slot};
  static const vmo_table copies = {
      .columns = {{"copy", false}, {"of", false}, {"bytes", true}, {"line", true}, {"because", false}},
      .column_count = 5,
      .fill = fill_copy};
  const vmo_plan_facts *facts = from->facts;
  write_list(from, "Reuse: bytes of a storage that is dead", &reuse, facts->reuse.count, style, out);
  write_list(from, "Slots: places in the arena", &slots, facts->slots.count, style, out);
  write_list(from, "Copies that the plan needs", &copies, facts->copies.count, style, out);
}

void vmo_write_tables(const vmo_plan_facts *facts, const vmo_text_style *style, bool full, vmo_text *out) {
  static const vmo_table dead = {.columns = {{"value", false}, {"line", true}}, .column_count = 2, .fill = fill_dead};
  static const vmo_table fused = {
      .columns =
          {{"result", false}, {"op", false}, {"of ops", true}, {"storages", true}, {"bytes", true}, {"line", true}},
      .column_count = 6,
      .fill = fill_fused};
  static const vmo_table alternating = {
      .columns = {{"result", false}, {"line", true}}, .column_count = 2, .fill = fill_alternating};
  source from = {.facts = facts, .full = full};
  write_list(&from, "Fused: ops that became one, and the storages between them that are no more", &fused,
             facts->fused.count, style, out);
  write_list(&from, "Alternating: loops that do two trips in one, so that what they carry is not copied back",
             &alternating, facts->alternated.count, style, out);
  write_peak_table(facts, &facts->peak_inplace, "as planned", style, full, out);
  if (facts->peak.point != facts->peak_inplace.point || facts->peak.amount.bytes != facts->peak_inplace.amount.bytes) {
    write_peak_table(facts, &facts->peak, "as written", style, full, out);
  }
  write_storages(from, style, out);
  write_inplace(&from, style, out);
  write_places(&from, style, out);
  write_list(&from, "Dead values: nothing reads them (-O2 removes them)", &dead, facts->dead.count, style, out);
}
