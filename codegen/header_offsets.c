/* header_offsets.c: a C header with places alone: where each value of a plan, each workspace and each callee's arena is, for code that is written by hand or made
 * elsewhere. Static asserts say that every place lies in its arena and is aligned, so that a header that was edited or
 * mixed up does not compile. Places must be numbers: sizes that are still free have none. */
#include <stdio.h>
#include <string.h>

#include "codegen/header.h"
#include "codegen/interface.h"

typedef VMO_VEC(vmo_c_name) defined_names;

typedef struct offsets {
  vmo_module *module;
  defined_names *defined;
  const vmo_function *function;
  const char *prefix, *name;
  vmo_text *out;
} offsets;

void vmo_make_c_word(const char *name, char *word, size_t bytes) {
  snprintf(word, bytes, "%s", name);
  for (char *at = word; *at != '\0'; at++)
    if (*at == '.' || *at == '$') *at = '_';
}

/* ---- numbers ---- */

static bool number_of(const offsets *o, vmo_size_id size, int64_t *number) {
  vmo_binding binding = vmo_declared_binding(o->module);
  vmo_interval value;
  vmo_evaluation found = vmo_size_evaluate(o->module->sizes, size, &binding, &value);
  *number = value.high;
  return found == VMO_EVALUATION_EXACT || found == VMO_EVALUATION_BOUNDED;
}

static vmo_status refuse(const offsets *o) {
  vmo_diagnostic *added = vmo_diag_add(o->module->context, VMO_DIAG_OFFSETS_NOT_KNOWN, o->function->location,
                                       "the places of @%s are expressions over free dims", o->name);
  vmo_diag_hint(o->module->context, added, "--dim NAME=NUMBER gives a dim its value; or bound it: dim N <= 1000");
  return VMO_INPUT_ERROR;
}

static bool define(const offsets *o, const char *value, const char *what, int64_t number) {
  vmr_arena *arena = o->module->context->arena;
  const char *function = vmo_join_c_name(arena, o->prefix, o->name, "_", value);
  const char *name = function == NULL ? NULL : vmo_join_c_name(arena, NULL, function, "_", what);
  vmo_c_name added = {name, o->function->location};
  if (name == NULL || !vmo_vec_push(arena, o->defined, added)) return false;
  vmo_text_addf(o->out, "#define %s %lld\n", name, (long long)number);
  return true;
}

static bool define_arena(const offsets *o, const char *space, const char *what, int64_t number) {
  const char *word = vmo_join_c_name(o->module->context->arena, NULL, "ARENA", *space == '\0' ? "" : "_", space);
  return word != NULL && define(o, word, what, number);
}

/* ---- values ---- */

static const char *space_of(const offsets *o, vmo_space_id space) {
  return space == 0 ? "" : vmo_name(o->module, o->module->spaces.data[space]);
}

/* A place with what asserts that it lies in its arena and is aligned. */
static vmo_status define_place(const offsets *o, const char *word, vmo_space_id space_id, vmo_size_id offset_id,
                               vmo_size_id bytes_id, uint32_t alignment) {
  int64_t offset, bytes;
  if (!number_of(o, offset_id, &offset) || !number_of(o, bytes_id, &bytes)) return refuse(o);
  const char *p = o->prefix, *f = o->name, *space = space_of(o, space_id), *line = *space == '\0' ? "" : "_";
  if (!define(o, word, "OFFSET", offset) || !define(o, word, "BYTES", bytes)) return VMO_OUT_OF_MEMORY;
  vmo_text_addf(o->out,
                "VMEMOPT_ASSERT(%s%s_%s_OFFSET + %s%s_%s_BYTES <= %s%s_ARENA%s%s_BYTES, \"%s leaves its arena\");\n", p,
                f, word, p, f, word, p, f, line, space, word);
  vmo_text_addf(o->out, "VMEMOPT_ASSERT(%s%s_%s_OFFSET %% %u == 0, \"%s is not aligned\");\n", p, f, word,
                (unsigned)alignment, word);
  return VMO_OK;
}

/* Names that look like another one in C are numbered: %a.1 beside %a_1, and those like the words of this header. */
static bool is_plain(const char *name, const char *word) {
  const char *version = strstr(name, "_v");
  if (version != NULL && version[2] >= '0' && version[2] <= '9') return false;
  return strcmp(name, word) == 0 && strstr(name, "ARENA") == NULL && strstr(name, "_CALL") == NULL &&
         strstr(name, "_WORKSPACE") == NULL;
}

static void name_value(const offsets *o, vmo_value_id value, char *text, size_t size) {
  char word[96];
  const char *name = vmo_value_name(o->module, o->function, value);
  vmo_make_c_word(name, word, sizeof word);
  if (is_plain(name, word))
    snprintf(text, size, "%s", word);
  else
    snprintf(text, size, "%s_v%u", word, (unsigned)value);
}

static vmo_status add_place(const offsets *o, vmo_value_id value) {
  const vmo_value_plan *entry = &o->function->plan->values[value];
  const vmo_type *type = vmo_value_type(o->module, o->function, value);
  char word[128];
  if (entry->offset == VMO_NONE) return VMO_OK;
  name_value(o, value, word, sizeof word);
  return define_place(o, word, type->space, entry->offset, type->bytes,
                      type->alignment != 0 ? type->alignment : o->function->plan->alignment);
}

/* ---- what ops need besides: workspace, and the arenas of those that are called ---- */

static vmo_status add_callee(const offsets *o, const vmo_op *op, const vmo_op_plan *entry, const char *word) {
  const vmo_plan *plan = o->function->plan, *called = o->module->functions.data[op->callee]->plan;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < entry->callee_count && i < called->arena_count && status == VMO_OK; i++) {
    const vmo_arena_plan *arena = &called->arenas[i];
    vmo_size_id bytes = called->results_in_caller ? arena->bytes : arena->call_bytes;
    vmo_size_id offset = plan->callee_offsets[entry->callee_first + i];
    const char *space = space_of(o, arena->space);
    char whole[256];
    if (offset == VMO_NONE || bytes == VMO_NONE) continue;
    snprintf(whole, sizeof whole, "%s_CALL%s%s", word, *space == '\0' ? "" : "_", space);
    status = define_place(o, whole, arena->space, offset, bytes, plan->alignment);
  }
  return status;
}

/* Named after the op's first result. */
static vmo_status add_op_places(const offsets *o, const vmo_op_plan *entry) {
  const vmo_op *op = &o->function->ops.data[entry->op];
  char word[128], whole[160];
  if (op->result_count > 0)
    name_value(o, op->result_first, word, sizeof word);
  else
    snprintf(word, sizeof word, "op%u", (unsigned)entry->op);
  vmo_status status = VMO_OK;
  if (entry->workspace_offset != VMO_NONE) {
    snprintf(whole, sizeof whole, "%s_WORKSPACE", word);
    status = define_place(o, whole, 0, entry->workspace_offset, vmo_op_workspace(o->module, o->function, op),
                          o->function->plan->alignment);
  }
  return status == VMO_OK && op->code == VMO_OP_call ? add_callee(o, op, entry, word) : status;
}

static vmo_status add_function(const offsets *o) {
  const vmo_plan *plan = o->function->plan;
  vmo_status status = VMO_OK;
  vmo_text_add(o->out, "\n/* ");
  vmo_add_c_signature(o->module, o->function, o->out);
  vmo_text_add(o->out, " */\n");
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    int64_t bytes;
    if (!number_of(o, plan->arenas[i].bytes, &bytes)) return refuse(o);
    if (!define_arena(o, space_of(o, plan->arenas[i].space), "BYTES", bytes)) return VMO_OUT_OF_MEMORY;
  }
  if (!define_arena(o, "", "ALIGNMENT", vmo_arena_alignment(o->module, o->function))) return VMO_OUT_OF_MEMORY;
  for (vmo_value_id v = 0; v < o->function->values.count && status == VMO_OK; v++) status = add_place(o, v);
  for (uint32_t i = 0; i < plan->op_count && status == VMO_OK; i++) status = add_op_places(o, &plan->ops[i]);
  return status;
}

vmo_status vmo_write_c_offsets(vmo_module *module, const char *prefix, const char *title, vmo_text *out) {
  vmo_status status = vmo_check_c_names(module, prefix);
  if (status != VMO_OK) return status;
  vmo_begin_c_header(module, prefix == NULL ? "" : prefix, title,
                     "where the values of a plan are: bytes and alignment of arenas, offset and bytes of\n"
                     " * each value in its arena, of an op's workspace, and of the arena that a call hands on. */",
                     "_OFFSETS_H", out);
  vmo_text_add(out, "#ifdef __cplusplus\n#define VMEMOPT_ASSERT static_assert\n#else\n"
                    "#define VMEMOPT_ASSERT _Static_assert\n#endif\n");
  defined_names defined = {0};
  for (uint32_t f = 0; f < module->functions.count && status == VMO_OK; f++) {
    const vmo_function *function = module->functions.data[f];
    offsets o = {.module = module,
                 .defined = &defined,
                 .function = function,
                 .prefix = prefix == NULL ? "" : prefix,
                 .out = out};
    o.name = vmo_name(module, function->name);
    status = add_function(&o);
  }
  if (status == VMO_OK) status = vmo_refuse_same_names(module->context, defined.data, defined.count);
  vmo_text_add(out, "\n#undef VMEMOPT_ASSERT\n");
  vmo_end_c_header(out);
  return status == VMO_OK && vmo_text_failed(out) ? VMO_OUT_OF_MEMORY : status;
}
