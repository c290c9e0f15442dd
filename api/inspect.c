/* inspect.c: a plan and its texts, read out. */
#include <stdlib.h>
#include <string.h>

#include "api/program.h"
#include "reports/reports.h"

/* ---- functions ---- */

uint32_t vmo_count_functions(const vmo_program *program) { return program->module->functions.count; }

const char *vmo_get_function_name(const vmo_program *program, vmo_function_id function) {
  if (function >= program->module->functions.count) return NULL;
  return vmo_name(program->module, program->module->functions.data[function]->name);
}

vmo_function_id vmo_look_up_function(const vmo_program *program, const char *name) {
  return vmo_find_function(program->module, name);
}

const vmo_plan_facts *vmo_facts_of(const vmo_program *program, vmo_function_id function) {
  if (program->facts == NULL || function >= program->facts->functions.count) return NULL;
  return program->facts->functions.data[function];
}

/* ---- figures ---- */

static const vmo_space_figures *find_figures(const vmo_plan_facts *facts, const char *space) {
  if (space == NULL) return &facts->figures;
  for (uint32_t i = 0; i < facts->spaces.count; i++) {
    const vmo_space_figures *figures = &facts->spaces.data[i];
    const char *name = vmo_name(facts->module, facts->module->spaces.data[figures->space]);
    if (strcmp(name, space) == 0) return figures;
  }
  return NULL;
}

bool vmo_get_figures(const vmo_program *program, vmo_function_id function, const char *space, vmo_figures *figures) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  const vmo_space_figures *from = facts != NULL ? find_figures(facts, space) : NULL;
  if (from == NULL) return false;
  *figures = (vmo_figures){.total_bytes = from->total.bytes,
                           .peak_bytes = from->peak.bytes,
                           .peak_inplace_bytes = from->peak_inplace.bytes,
                           .lower_bound_bytes = from->lower_bound.bytes,
                           .arena_bytes = from->arena.bytes,
                           .param_bytes = from->param.bytes,
                           .constant_bytes = from->constant.bytes,
                           .state_bytes = from->state.bytes,
                           .copy_bytes = from->copy.bytes,
                           .storages = from->storages,
                           .copies = from->copies,
                           .inplace_count = from->inplace_count,
                           .reuse_count = from->reuse_count};
  return true;
}

/* ---- storages ---- */

static const char *name_of(const vmo_plan_facts *facts, vmo_value_id value) {
  return value != VMO_NONE ? vmo_value_name(facts->module, facts->planned, value) : NULL;
}

static uint32_t line_of(const vmo_plan_facts *facts, vmo_point point) {
  bool known = point >= 0 && (uint32_t)point < facts->planned->ops.count;
  return known ? facts->planned->ops.data[point].location.line : 0;
}

uint32_t vmo_count_storages(const vmo_program *program, vmo_function_id function) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  return facts != NULL ? facts->storages.count : 0;
}

bool vmo_get_storage(const vmo_program *program, vmo_function_id function, uint32_t storage, vmo_storage_info *info) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  if (facts == NULL || storage >= facts->storages.count) return false;
  const vmo_storage_fact *fact = &facts->storages.data[storage];
  int64_t offset;
  bool placed = fact->offset != VMO_NONE && vmo_size_is_constant(facts->module->sizes, fact->offset, &offset);
  *info = (vmo_storage_info){.value = fact->value,
                             .name = name_of(facts, fact->value),
                             .kind = vmo_storage_kind_name(fact),
                             .space = vmo_name(facts->module, facts->module->spaces.data[fact->space]),
                             .bytes = fact->amount.bytes,
                             .slot = fact->slot,
                             .offset = placed ? offset : -1,
                             .over = fact->over,
                             .point = fact->op,
                             .line = line_of(facts, fact->op),
                             .live_count = fact->range_count,
                             .dead = fact->dead};
  return true;
}

bool vmo_get_live_range(const vmo_program *program, vmo_function_id function, uint32_t storage, uint32_t index,
                        int64_t *begin, int64_t *end) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  if (facts == NULL || storage >= facts->storages.count) return false;
  const vmo_storage_fact *fact = &facts->storages.data[storage];
  if (index >= fact->range_count) return false;
  *begin = facts->ranges.data[fact->range_first + index].begin;
  *end = facts->ranges.data[fact->range_first + index].end;
  return true;
}

uint32_t vmo_count_inplace(const vmo_program *program, vmo_function_id function) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  return facts != NULL ? facts->inplace.count : 0;
}

bool vmo_get_inplace(const vmo_program *program, vmo_function_id function, uint32_t index, vmo_inplace_info *info) {
  const vmo_plan_facts *facts = vmo_facts_of(program, function);
  if (facts == NULL || index >= facts->inplace.count) return false;
  const vmo_inplace_fact *fact = &facts->inplace.data[index];
  *info = (vmo_inplace_info){.result = fact->result,
                             .operand = fact->operand,
                             .result_name = name_of(facts, fact->result),
                             .operand_name = name_of(facts, fact->operand),
                             .bytes = fact->amount.bytes,
                             .point = fact->op,
                             .line = line_of(facts, fact->op)};
  return true;
}

/* ---- diagnostics ---- */

uint32_t vmo_count_diagnostics(const vmo_program *program) { return program->context->diagnostics->count; }

bool vmo_get_diagnostic(const vmo_program *program, uint32_t index, vmo_diagnostic_info *info) {
  if (index >= program->context->diagnostics->count) return false;
  const vmo_diagnostic *diagnostic = &program->context->diagnostics->items[index];
  *info = (vmo_diagnostic_info){.code = vmo_diag_get_info(diagnostic->code)->code,
                                .severity = vmo_severity_name(diagnostic->severity),
                                .source = diagnostic->source,
                                .line = diagnostic->location.line,
                                .column = diagnostic->location.column,
                                .message = diagnostic->message,
                                .hint = diagnostic->hint};
  return true;
}

/* ---- texts ---- */

/* Hands the text's memory to the caller. */
static char *give_away(vmo_text *text, size_t *length) {
  if (text->data == NULL && !vmo_text_failed(text)) vmo_text_add_char(text, '\0'); /* an empty text is one too */
  if (vmo_text_failed(text)) {
    vmo_text_free(text);
    return NULL;
  }
  if (length != NULL) *length = strlen(text->data);
  char *data = text->data;
  *text = (vmo_text){0};
  return data;
}

static vmo_report make_report(const vmo_program *program) {
  vmo_report report = {.context = program->context,
                       .command = "analyze",
                       .input = program->context->source_name,
                       .input_kind = "vmir",
                       .module = program->bound ? program->module : NULL,
                       .binding = &program->binding,
                       .full = true};
  if (program->facts == NULL) return report;
  report.functions = program->facts->functions.data;
  report.function_count = program->facts->functions.count;
  return report;
}

char *vmo_format_program(const vmo_program *program, size_t *length) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_module(program->module, &text);
  return give_away(&text, length);
}

char *vmo_format_json(const vmo_program *program, size_t *length) {
  vmo_text text;
  vmo_report report = make_report(program);
  vmo_text_init(&text);
  vmo_write_json(&report, &text);
  return give_away(&text, length);
}

char *vmo_format_text(const vmo_program *program, uint32_t width, size_t *length) {
  vmo_text text;
  vmo_report report = make_report(program);
  vmo_text_style style = {.width = width < 60 ? 60 : width, .unicode = true};
  vmo_text_init(&text);
  vmo_write_text(&report, &style, &text);
  return give_away(&text, length);
}

char *vmo_format_diagnostics(const vmo_program *program, size_t *length) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(program->context, false, &text);
  return give_away(&text, length);
}

void vmo_free_text(char *text) { free(text); }
