/* header_offsets.c: a C header with places alone: where each value of a plan is, for code that is written by hand or made
 * elsewhere. Static asserts say that every place lies in its arena and is aligned, so that a header that was edited or
 * mixed up does not compile. Places must be numbers: sizes that are still free have none. */
#include <stdio.h>
#include <string.h>

#include "codegen/header.h"
#include "codegen/interface.h"

typedef struct offsets {
  vmo_module *module;
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

static void define(const offsets *o, const char *value, const char *what, int64_t number) {
  vmo_text_addf(o->out, "#define %s%s_%s_%s %lld\n", o->prefix, o->name, value, what, (long long)number);
}

static void define_arena(const offsets *o, const char *space, const char *what, int64_t number) {
  vmo_text_addf(o->out, "#define %s%s_ARENA%s%s_%s %lld\n", o->prefix, o->name, *space == '\0' ? "" : "_", space, what,
                (long long)number);
}

/* ---- values ---- */

static const char *space_of(const offsets *o, vmo_space_id space) {
  return space == 0 ? "" : vmo_name(o->module, o->module->spaces.data[space]);
}

static void add_asserts(const offsets *o, const char *value, const char *space, uint32_t alignment) {
  const char *p = o->prefix, *f = o->name, *line = *space == '\0' ? "" : "_";
  vmo_text_addf(o->out,
                "VMEMOPT_ASSERT(%s%s_%s_OFFSET + %s%s_%s_BYTES <= %s%s_ARENA%s%s_BYTES, \"%s leaves its arena\");\n", p,
                f, value, p, f, value, p, f, line, space, value);
  vmo_text_addf(o->out, "VMEMOPT_ASSERT(%s%s_%s_OFFSET %% %u == 0, \"%s is not aligned\");\n", p, f, value,
                (unsigned)alignment, value);
}

static vmo_status add_place(offsets *o, vmo_value_id value) {
  const vmo_value_plan *entry = &o->function->plan->values[value];
  const vmo_type *type = vmo_value_type(o->module, o->function, value);
  int64_t offset, bytes;
  char word[96], numbered[128];
  if (entry->offset == VMO_NONE) return VMO_OK;
  if (!number_of(o, entry->offset, &offset) || !number_of(o, type->bytes, &bytes)) return refuse(o);
  const char *name = vmo_value_name(o->module, o->function, value);
  vmo_make_c_word(name, word, sizeof word);
  bool is_plain = strcmp(name, word) == 0; /* else another name may look like it in C: %a.1 and %a_1 */
  if (is_plain)
    snprintf(numbered, sizeof numbered, "%s", word);
  else
    snprintf(numbered, sizeof numbered, "%s_v%u", word, (unsigned)value);
  define(o, numbered, "OFFSET", offset);
  define(o, numbered, "BYTES", bytes);
  add_asserts(o, numbered, space_of(o, type->space),
              type->alignment != 0 ? type->alignment : o->function->plan->alignment);
  return VMO_OK;
}

static vmo_status add_function(offsets *o) {
  const vmo_plan *plan = o->function->plan;
  vmo_status status = VMO_OK;
  vmo_text_add(o->out, "\n/* ");
  vmo_add_c_signature(o->module, o->function, o->out);
  vmo_text_add(o->out, " */\n");
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    int64_t bytes;
    if (!number_of(o, plan->arenas[i].bytes, &bytes)) return refuse(o);
    define_arena(o, space_of(o, plan->arenas[i].space), "BYTES", bytes);
  }
  define_arena(o, "", "ALIGNMENT", vmo_arena_alignment(o->module, o->function));
  for (vmo_value_id v = 0; v < o->function->values.count && status == VMO_OK; v++) status = add_place(o, v);
  return status;
}

vmo_status vmo_write_c_offsets(vmo_module *module, const char *prefix, const char *title, vmo_text *out) {
  vmo_status status = vmo_check_c_names(module, prefix);
  if (status != VMO_OK) return status;
  vmo_begin_c_header(module, prefix == NULL ? "" : prefix, title,
                     "where the values of a plan are: bytes and alignment of arenas, offset and bytes of\n"
                     " * each value in its arena. */",
                     "_OFFSETS_H", out);
  vmo_text_add(out, "#ifdef __cplusplus\n#define VMEMOPT_ASSERT static_assert\n#else\n"
                    "#define VMEMOPT_ASSERT _Static_assert\n#endif\n");
  for (uint32_t f = 0; f < module->functions.count && status == VMO_OK; f++) {
    const vmo_function *function = module->functions.data[f];
    offsets o = {.module = module, .function = function, .prefix = prefix == NULL ? "" : prefix, .out = out};
    o.name = vmo_name(module, function->name);
    status = add_function(&o);
  }
  vmo_text_add(out, "\n#undef VMEMOPT_ASSERT\n");
  vmo_end_c_header(out);
  return status == VMO_OK && vmo_text_failed(out) ? VMO_OUT_OF_MEMORY : status;
}
