/* header.c: the C header of a compiled module: its typed functions, and what each of them expects. interface.c has the
 * parameters; typed.c and checks.c define what is declared here. */
#include "codegen/header.h"

#include <ctype.h>
#include <string.h>

#include "codegen/interface.h"

typedef struct header {
  vmo_module *module;
  const char *prefix;
  vmo_text *out;
} header;

/* ---- the frame ---- */

static void add_guard(const header *h, const char *before, const char *tail) {
  const char *first =
      h->module->functions.count > 0 ? vmo_name(h->module, h->module->functions.data[0]->name) : "EMPTY";
  vmo_text_addf(h->out, "%sVMEMOPT_", before);
  for (int part = 0; part < 2; part++)
    for (const char *at = part == 0 ? h->prefix : first; *at != '\0'; at++)
      vmo_text_add_char(h->out, isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_');
  vmo_text_addf(h->out, "%s\n", tail);
}

/* A comment must not end within the title. */
static void add_title(const header *h, const char *title, const char *what) {
  vmo_text_add(h->out, "/* ");
  for (const char *at = title; *at != '\0'; at++)
    vmo_text_add_char(h->out, (at[0] == '*' && at[1] == '/') || *at == '\n' ? ' ' : *at);
  vmo_text_addf(h->out, ": %s\n", what);
}

void vmo_begin_c_header(vmo_module *module, const char *prefix, const char *title, const char *what, const char *tail,
                        vmo_text *out) {
  header h = {module, prefix, out};
  add_title(&h, title, what);
  add_guard(&h, "#ifndef ", tail);
  add_guard(&h, "#define ", tail);
  vmo_text_add(out, "\n#include <stdint.h>\n");
}

void vmo_end_c_header(vmo_text *out) { vmo_text_add(out, "\n#endif\n"); }

/* ---- what a function is ---- */

static void add_type_list(const header *h, const vmo_function *function) {
  uint32_t count = function->result_types.count;
  if (count == 0) return;
  vmo_text_add(h->out, count > 1 ? " -> (" : " -> ");
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) vmo_text_add(h->out, ", ");
    vmo_print_type(h->module, function->result_types.data[i], h->out);
  }
  if (count > 1) vmo_text_add_char(h->out, ')');
}

void vmo_add_c_signature(vmo_module *module, const vmo_function *function, vmo_text *out) {
  header h = {module, "", out};
  vmo_text_addf(out, "func @%s(", vmo_name(module, function->name));
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    const vmo_parameter *parameter = &function->parameters.data[i];
    vmo_text_addf(out, "%s%s%%%s: ", i > 0 ? ", " : "", parameter->state ? "state " : "",
                  vmo_value_name(module, function, i));
    vmo_print_type(module, function->values.data[i].type, out);
    if (parameter->donate) vmo_text_add(out, " donate");
  }
  vmo_text_add_char(out, ')');
  add_type_list(&h, function);
}

static void add_bytes(const header *h, const vmo_function *function) {
  const vmo_plan *plan = function->plan;
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    const char *space =
        plan->arenas[i].space == 0 ? "arena" : vmo_name(h->module, h->module->spaces.data[plan->arenas[i].space]);
    vmo_text_addf(h->out, "%s%s: ", i > 0 ? "; " : " * ", space);
    vmo_size_print(h->module->sizes, plan->arenas[i].bytes, h->module->dims.data, h->module->context->names, h->out);
  }
  vmo_text_addf(h->out, " bytes, from a multiple of %u on.\n", (unsigned)vmo_arena_alignment(h->module, function));
}

static void add_results_note(const header *h, const vmo_function *function) {
  if (function->result_types.count == 0) return;
  if (function->plan->results_in_caller) {
    vmo_text_add(
        h->out,
        " * Results go to the caller's bytes; one that is computed in a donated argument may have NULL there.\n");
    return;
  }
  bool arrays = false;
  for (uint32_t i = 0; i < function->result_types.count; i++)
    arrays = arrays || h->module->types.data[function->result_types.data[i]].rank > 0;
  if (arrays) vmo_text_add(h->out, " * The results' addresses lie in the arena or in a donated argument.\n");
}

/* ---- declarations ---- */

/* Lines of at most 100 columns, broken between parameters. */
static void add_parameters(const header *h, const vmo_c_interface *c, size_t column, bool only_dims, bool plan) {
  size_t indent = column;
  bool first = true;
  if (plan) vmo_text_add(h->out, "vmr_plan *plan");
  if (plan) column += 14, first = false;
  for (uint32_t i = 0; i < c->parameters.count; i++) {
    const vmo_c_parameter *parameter = &c->parameters.data[i];
    if (only_dims && parameter->kind != VMO_C_DIM) continue;
    if (plan && parameter->kind >= VMO_C_ARENA) continue;
    size_t length = strlen(parameter->type) + strlen(parameter->name) + 2;
    if (!first) vmo_text_add_char(h->out, ',');
    if (!first && column + length > 98) {
      vmo_text_add_char(h->out, '\n');
      vmo_text_add_repeat(h->out, ' ', indent);
      column = indent;
    } else if (!first) {
      vmo_text_add_char(h->out, ' ');
    }
    vmo_text_addf(h->out, "%s%s", parameter->type, parameter->name);
    column += length;
    first = false;
  }
  if (first) vmo_text_add(h->out, "void");
  vmo_text_add_char(h->out, ')');
}

static void begin_declaration(const header *h, const vmo_function *function, const char *type, const char *suffix,
                              const char *tail, const vmo_c_interface *c, bool only_dims, bool plan) {
  const char *name = vmo_name(h->module, function->name);
  vmo_text_addf(h->out, "%s %s%s%s%s(", type, h->prefix, name, suffix, tail);
  size_t column = strlen(type) + strlen(h->prefix) + strlen(name) + strlen(suffix) + strlen(tail) + 2;
  add_parameters(h, c, column, only_dims, plan);
}

static void add_arena_bytes(const header *h, const vmo_function *function, const vmo_c_interface *c) {
  const vmo_plan *plan = function->plan;
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    bool plain = plan->arenas[i].space == 0;
    const char *space = plain ? "" : vmo_name(h->module, h->module->spaces.data[plan->arenas[i].space]);
    begin_declaration(h, function, "int64_t", plain ? "_arena_bytes" : "_arena_bytes_", space, c, true, false);
    vmo_text_add(h->out, ";\n");
  }
}

static bool add_states(const header *h, const vmo_function *function, const vmo_c_interface *c) {
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    if (!function->parameters.data[i].state) continue;
    const char *name = vmo_value_name(h->module, function, i);
    const char *suffix = vmo_state_suffix(h->module->context->arena, name);
    if (suffix == NULL) return false;
    vmo_text_addf(h->out, "/* Where state %%%s begins in its arena. */\n", name);
    begin_declaration(h, function, "int64_t", suffix, "", c, true, false);
    vmo_text_add(h->out, ";\n");
  }
  return true;
}

/* ---- a block that the runtime keeps from call to call ---- */

static void add_arguments(const header *h, const vmo_c_interface *c, bool only_dims) {
  bool first = true;
  for (uint32_t i = 0; i < c->parameters.count; i++) {
    const vmo_c_parameter *parameter = &c->parameters.data[i];
    if (only_dims && parameter->kind != VMO_C_DIM) continue;
    const char *name = parameter->kind == VMO_C_ARENA         ? "vmo_block"
                       : parameter->kind == VMO_C_ARENA_BYTES ? "vmo_bytes"
                                                              : parameter->name;
    vmo_text_addf(h->out, "%s%s", first ? "" : ", ", name);
    first = false;
  }
  vmo_text_add_char(h->out, ')');
}

/* Results and states are the caller's to read when the function has returned. */
static bool leaves_content(const vmo_function *function) {
  bool content = !function->plan->results_in_caller && function->result_types.count > 0;
  for (uint32_t i = 0; i < function->parameters.count; i++) content = content || function->parameters.data[i].state;
  return content;
}

static void add_in(const header *h, const vmo_function *function, const vmo_c_interface *c) {
  const char *name = vmo_name(h->module, function->name);
  if (function->plan->arena_count != 1) return;
  vmo_text_add(h->out, "#ifdef VMEMRT_PLAN_H /* in a block of the runtime's, which is kept from call to call */\n");
  begin_declaration(h, function, "static inline int32_t", "_in", "", c, false, true);
  vmo_text_addf(h->out, " {\n  int64_t vmo_bytes = %s%s_arena_bytes(", h->prefix, name);
  add_arguments(h, c, true);
  vmo_text_addf(h->out,
                ";\n  if (vmo_bytes < 0) return %d;\n"
                "  void *vmo_block = vmr_plan_enter(plan, vmo_bytes > 0 ? (size_t)vmo_bytes : 1);\n"
                "  if (vmo_block == NULL) return %d;\n  int32_t vmo_status = %s%s(",
                VMR_CALL_WRONG_SIZE, VMR_CALL_OUT_OF_MEMORY, h->prefix, name);
  add_arguments(h, c, false);
  vmo_text_addf(h->out, ";\n  vmr_plan_leave%s(plan, vmo_block);\n  return vmo_status;\n}\n#endif\n",
                leaves_content(function) ? "_open" : "");
}

static bool add_function(const header *h, const vmo_function *function) {
  vmo_c_interface c;
  if (!vmo_find_c_interface(h->module, function, h->prefix, &c)) return false;
  const char *name = vmo_name(h->module, function->name);
  vmo_text_add(h->out, "\n/* ");
  vmo_add_c_signature(h->module, function, h->out);
  vmo_text_add_char(h->out, '\n');
  add_bytes(h, function);
  add_results_note(h, function);
  vmo_text_add(h->out, " */\n");
  begin_declaration(h, function, "int32_t", "", "", &c, false, false);
  vmo_text_add(h->out, ";\n");
  add_arena_bytes(h, function, &c);
  if (!add_states(h, function, &c)) return false;
  vmo_text_addf(h->out, "int32_t %s%s_entry(struct vmr_call *call);\n", h->prefix, name);
  vmo_text_addf(h->out, "int32_t %s%s_arenas(const int64_t *dims, int64_t *bytes);\n", h->prefix, name);
  vmo_text_addf(h->out, "#define %s%s_ARENA_ALIGNMENT %u\n", h->prefix, name,
                (unsigned)vmo_arena_alignment(h->module, function));
  add_in(h, function, &c);
  return true;
}

static void add_declared(const header *h) {
  bool first = true;
  for (uint32_t i = 0; i < h->module->declarations.count; i++) {
    const vmo_declaration *declaration = &h->module->declarations.data[i];
    if (declaration->body != NULL) continue;
    if (first)
      vmo_text_add(h->out, "\n/* Yours to supply: vmr_declared_op of vmemrt/compiled.h. */\nstruct vmr_array;\n");
    first = false;
    vmo_text_addf(h->out,
                  "int32_t %s(const struct vmr_array *operands, const struct vmr_array *results, void *workspace);\n",
                  vmo_name(h->module, declaration->name));
  }
}

vmo_status vmo_write_c_header(vmo_module *module, const char *prefix, const char *title, bool blas, vmo_text *out) {
  header h = {module, prefix == NULL ? "" : prefix, out};
  vmo_status status = vmo_check_c_names(module, h.prefix);
  if (status != VMO_OK) return status;
  vmo_begin_c_header(module, h.prefix, title,
                     "compiled functions. They return 0, or a vmr_call_status of vmemrt/compiled.h; their\n"
                     " * arena_bytes is -1 for sizes that make no sense. */",
                     "_H", out);
  if (blas)
    vmo_text_add(out, "/* They call cblas_sgemm or cblas_dgemm: link with -lopenblas, -lcblas or the like. */\n");
  vmo_text_add(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\nstruct vmr_call;\n");
  for (uint32_t f = 0; f < module->functions.count; f++)
    if (!add_function(&h, module->functions.data[f])) return VMO_OUT_OF_MEMORY;
  add_declared(&h);
  vmo_text_add(out, "\n#ifdef __cplusplus\n}\n#endif\n");
  vmo_end_c_header(out);
  return vmo_text_failed(out) ? VMO_OUT_OF_MEMORY : VMO_OK;
}
