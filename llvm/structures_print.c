/* structures_print.c: the nodes of structures.c as text.
 *
 *   node 0: structure 0, 24 bytes, freed
 *     made in build, in copy
 *   ...
 *   scope of parse: structure 0, nodes 1 2, whole */
#include "llvm/structures_find.h"

static const char *function_at(const vmo_ll_program *program, uint32_t instruction) {
  return program->functions.data[vmo_ll_function_of(program, instruction)].name;
}

static void print_sites(const vmo_ll_program *program, const uint32_t *sites, uint32_t count, vmo_text *out) {
  vmo_text_add(out, "  made in");
  for (uint32_t s = 0; s < count; s++) {
    const vmo_ll_instruction *call = &program->instructions.data[sites[s]];
    vmo_text_addf(out, "%s %s by %s", s > 0 ? "," : "", function_at(program, sites[s]),
                  program->functions.data[call->callee].name);
  }
  vmo_text_add(out, "\n");
}

/* What a node is external by. */
static void print_escape(const vmo_ll_program *program, const vmo_ll_structure_node *node, vmo_text *out) {
  if (node->escape_at == VMO_NONE) return;
  char *words = LLVMPrintValueToString(program->instructions.data[node->escape_at].ref);
  vmo_text_addf(out, "  external since %s:%s\n", function_at(program, node->escape_at), words);
  LLVMDisposeMessage(words);
}

static void print_node(const vmo_ll_structures *structures, const vmo_ll_program *program, uint32_t number,
                       vmo_text *out) {
  static const char *const escapes[VMO_ESCAPE_COUNT] = {"",     "returned", "argument", "global",
                                                        "call", "integer",  "assembly", "complex"};
  const vmo_ll_structure_node *node = &structures->nodes.data[number];
  vmo_text_addf(out, "node %u: structure %u, ", number, node->structure);
  if (node->object_bytes >= 0) {
    vmo_text_addf(out, "%lld bytes", (long long)node->object_bytes);
  } else {
    vmo_text_add(out, "any size");
  }
  if (node->alignment != 8) vmo_text_addf(out, ", align %u", node->alignment);
  if (node->hidden) vmo_text_add(out, ", hidden");
  if (node->external) vmo_text_addf(out, ", external (%s)", escapes[node->escape]);
  if (node->global) vmo_text_add(out, ", global");
  if (node->freed) vmo_text_add(out, ", freed");
  if (node->moved) vmo_text_add(out, ", moved");
  if (node->freed_by_pointer) vmo_text_add(out, ", by pointer");
  if (node->collapsed) vmo_text_add(out, ", collapsed");
  if (node->array) vmo_text_add(out, ", array");
  if (node->function != VMO_NONE) vmo_text_addf(out, ", local to %s", program->functions.data[node->function].name);
  vmo_text_add(out, "\n");
  print_escape(program, node, out);
  print_sites(program, &structures->sites.data[node->site_first], node->site_count, out);
}

static void print_scope(const vmo_ll_structures *structures, const vmo_ll_program *program,
                        const vmo_ll_structure_scope *scope, vmo_text *out) {
  vmo_text_addf(out, "scope of %s: structure %u, nodes", program->functions.data[scope->function].name,
                scope->structure);
  for (uint32_t n = 0; n < scope->node_count; n++)
    vmo_text_addf(out, " %u", structures->scope_nodes.data[scope->node_first + n]);
  if (scope->freed) vmo_text_add(out, ", freed");
  if (scope->moved) vmo_text_add(out, ", moved");
  if (scope->whole) vmo_text_add(out, ", whole");
  vmo_text_add(out, "\n");
  print_sites(program, &structures->scope_sites.data[scope->site_first], scope->site_count, out);
}

static void print_frees(const vmo_ll_structures *structures, const vmo_ll_program *program, uint32_t function,
                        vmo_text *out) {
  const vmo_ll_function *f = &program->functions.data[function];
  for (uint32_t i = f->first; i < f->first + f->count; i++) {
    const vmo_ll_instruction *call = &program->instructions.data[i];
    uint32_t count = vmo_ll_node_count_of(structures, i);
    if (count == 0) continue;
    vmo_text_addf(out, "%s in %s: nodes",
                  call->callee == VMO_NONE ? "pointer" : program->functions.data[call->callee].name, f->name);
    for (uint32_t n = 0; n < count; n++) vmo_text_addf(out, " %u", vmo_ll_nodes_of(structures, i)[n]);
    vmo_text_add(out, "\n");
  }
}

void vmo_print_structures(const vmo_ll_structures *structures, const vmo_ll_program *program, vmo_text *out) {
  for (uint32_t n = 0; n < structures->nodes.count; n++) print_node(structures, program, n, out);
  for (uint32_t f = 0; f < program->functions.count; f++) print_frees(structures, program, f, out);
  for (uint32_t s = 0; s < structures->scopes.count; s++)
    print_scope(structures, program, &structures->scopes.data[s], out);
}
