/* declared.c: the local dims of a declared op, bound at each use.
 *
 *   op @fft(%x: f64[n]) -> f64[n] { workspace = 16*n }
 *   %y = @fft %x : f64[2*M]          with %x: f64[2*M] binds n = 2*M, so the workspace is 32*M bytes
 *
 * A name is bound where it stands alone in an operand's shape; elsewhere it is substituted. Binding is linear in the
 * operands' ranks; looking for names in a size follows its atoms, which nest no deeper than dims_table.h allows. */
#include "ir/declared.h"

#include "ir/dims_table.h"
#include "ir/verify.h"

#include <string.h>

/* ---- local dims ---- */

static bool is_local(const vmo_module *module, vmo_dim_id dim) { return module->dims.data[dim].kind == VMO_DIM_LOCAL; }

vmo_dim_id vmo_size_local_dim(const vmo_module *module, vmo_size_id size) {
  const vmo_sizes *sizes = module->sizes;
  if (sizes->sizes.data[size].term_count != 1) return VMO_NONE;
  const vmo_term *term = vmo_size_terms(sizes, size);
  const vmo_monomial *monomial = &sizes->monomials.data[term->monomial];
  if (term->coefficient != 1 || monomial->factor_count != 1) return VMO_NONE;
  const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first]];
  return atom->kind == VMO_ATOM_DIM && is_local(module, atom->first) ? atom->first : VMO_NONE;
}

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other, and a size is at most
 * VMO_SIZE_MAX_WEIGHT atoms written out */

static vmo_dim_id unbound_in_atom(const vmo_module *module, const vmo_atom *atom, const vmo_size_id *replacements) {
  if (atom->kind == VMO_ATOM_QUOTIENT) return vmo_size_unbound_dim(module, atom->first, replacements);
  if (atom->kind == VMO_ATOM_DIM)
    return is_local(module, atom->first) && replacements[atom->first] == VMO_NONE ? atom->first : VMO_NONE;
  vmo_dim_id found = VMO_NONE;
  for (uint32_t i = 0; i < atom->count && found == VMO_NONE; i++)
    found = vmo_size_unbound_dim(module, module->sizes->members.data[atom->first + i], replacements);
  return found;
}

vmo_dim_id vmo_size_unbound_dim(const vmo_module *module, vmo_size_id size, const vmo_size_id *replacements) {
  const vmo_sizes *sizes = module->sizes;
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    const vmo_monomial *monomial = &sizes->monomials.data[vmo_size_terms(sizes, size)[i].monomial];
    for (uint32_t k = 0; k < monomial->factor_count; k++) {
      const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + k]];
      vmo_dim_id found = unbound_in_atom(module, atom, replacements);
      if (found != VMO_NONE) return found;
    }
  }
  return VMO_NONE;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- binding ---- */

static void bind_shape(const vmo_module *module, const vmo_type *declared, const vmo_size_id *given,
                       vmo_size_id *replacements) {
  for (uint32_t i = 0; i < declared->rank; i++) {
    vmo_dim_id dim = vmo_size_local_dim(module, module->shapes.data[declared->shape_first + i]);
    if (dim != VMO_NONE && replacements[dim] == VMO_NONE) replacements[dim] = given[i];
  }
}

void vmo_bind_local_dims(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                         const vmo_declaration *declaration, vmo_size_id *replacements) {
  for (uint32_t i = 0; i < declaration->parameter_types.count && i < op->operand_count; i++) {
    const vmo_type *declared = &module->types.data[declaration->parameter_types.data[i]];
    vmo_value_id value = vmo_op_value(function, op, i);
    if (value == VMO_NONE) continue;
    const vmo_type *given = vmo_value_type(module, function, value);
    if (given->rank == declared->rank)
      bind_shape(module, declared, module->shapes.data + given->shape_first, replacements);
  }
}

void vmo_forget_local_dims(const vmo_module *module, const vmo_declaration *declaration, vmo_size_id *replacements) {
  for (uint32_t i = 0; i < declaration->parameter_types.count; i++) {
    const vmo_type *type = &module->types.data[declaration->parameter_types.data[i]];
    for (uint32_t k = 0; k < type->rank; k++) {
      vmo_dim_id dim = vmo_size_local_dim(module, module->shapes.data[type->shape_first + k]);
      if (dim != VMO_NONE) replacements[dim] = VMO_NONE;
    }
  }
}

/* ---- the declaration by itself ---- */

static bool check_bound(vmo_check *check, const vmo_declaration *declaration, vmo_size_id size) {
  vmo_dim_id dim = vmo_size_unbound_dim(check->module, size, check->replacements);
  if (dim == VMO_NONE) return true;
  const char *name = vmo_name(check->module, check->module->dims.data[dim].name);
  return vmo_fail_at(
      check, VMO_DIAG_DECLARATION, declaration->location,
      vmo_hint_text(check, "let `%s` stand alone in an operand's shape, or declare `dim %s`", name, name),
      "no operand of @%s says what `%s` is", check->name, name);
}

static bool check_types_bound(vmo_check *check, const vmo_declaration *declaration, const vmo_type_id *types,
                              uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const vmo_type *type = &check->module->types.data[types[i]];
    for (uint32_t k = 0; k < type->rank; k++)
      if (!check_bound(check, declaration, check->module->shapes.data[type->shape_first + k])) return false;
  }
  return true;
}

static bool check_inplace(vmo_check *check, const vmo_declaration *declaration) {
  uint32_t count = declaration->parameter_types.count;
  if (count >= 64 || declaration->inplace >> count == 0) return true;
  return vmo_fail_at(check, VMO_DIAG_DECLARATION, declaration->location,
                     count == 0 ? NULL : vmo_hint_text(check, "operands are counted from 0 to %u", count - 1),
                     "`inplace` of @%s names an operand that it does not have", check->name);
}

static bool check_workspace(vmo_check *check, const vmo_declaration *declaration) {
  vmo_sizes *sizes = check->module->sizes;
  if (!check_bound(check, declaration, declaration->workspace)) return false;
  if (!vmo_size_at_least(sizes, vmo_size_constant(sizes, -1), declaration->workspace)) return true;
  return vmo_fail_at(check, VMO_DIAG_DECLARATION, declaration->location, NULL, "the workspace of @%s is negative",
                     check->name);
}

void vmo_check_declaration(vmo_check *check, const vmo_declaration *declaration) {
  const vmo_module *module = check->module;
  check->name = vmo_name(module, declaration->name);
  for (uint32_t i = 0; i < declaration->parameter_types.count; i++) {
    const vmo_type *type = &module->types.data[declaration->parameter_types.data[i]];
    bind_shape(module, type, module->shapes.data + type->shape_first, check->replacements);
  }
  if (check_types_bound(check, declaration, declaration->parameter_types.data, declaration->parameter_types.count) &&
      check_types_bound(check, declaration, declaration->result_types.data, declaration->result_types.count) &&
      check_inplace(check, declaration))
    check_workspace(check, declaration);
  vmo_forget_local_dims(module, declaration, check->replacements);
}

/* ---- a use ---- */

/* The declared type with local dims replaced; its sizes are put into `room`. */
static bool bound_form(vmo_check *check, vmo_type_id type, vmo_shape *room, vmo_form *form) {
  vmo_form declared = vmo_type_form(check, type);
  room->rank = declared.rank;
  for (uint32_t i = 0; i < declared.rank; i++) {
    room->sizes[i] =
        vmo_size_substitute(check->module->sizes, declared.sizes[i], check->replacements, check->module->dims.count);
    if (room->sizes[i] != VMO_NONE) continue;
    vmo_fail_size(check);
    return false;
  }
  *form = (vmo_form){declared.element, room->rank, room->sizes};
  return true;
}

static bool same_form(vmo_form left, vmo_form right) {
  return left.element == right.element && left.rank == right.rank && vmo_same_sizes(left.sizes, right.sizes, left.rank);
}

/* A declaration that names a memory space or an alignment insists on it. */
static bool meets_placement(const vmo_type *given, const vmo_type *declared) {
  if (declared->space != 0 && given->space != declared->space) return false;
  return declared->alignment == 0 || (given->alignment != 0 && given->alignment % declared->alignment == 0);
}

static bool fail_operand(vmo_check *check, const vmo_declaration *declaration, uint32_t index, vmo_form wanted,
                         vmo_form given) {
  const char *name = vmo_name(check->module, declaration->parameter_names.data[index]);
  const char *hint = vmo_hint_text(check, "the declaration says `%%%s: %s`", name,
                                   vmo_type_text(check, declaration->parameter_types.data[index]));
  if (same_form(wanted, given))
    return vmo_fail_at(check, VMO_DIAG_DECLARED_USE, vmo_operand_location(check, index), hint,
                       "'%s' needs operand %s in another memory space or alignment", check->name, name);
  return vmo_fail_at(check, VMO_DIAG_DECLARED_USE, vmo_operand_location(check, index), hint,
                     "'%s' needs operand %s to be %s, but %s is %s", check->name, name, vmo_form_text(check, wanted),
                     vmo_operand_text(check, index), vmo_form_text(check, given));
}

static bool check_operand(vmo_check *check, const vmo_declaration *declaration, uint32_t index) {
  vmo_type_id type = declaration->parameter_types.data[index];
  const vmo_operand *operand = vmo_op_operands(check->function, check->op) + index;
  vmo_shape room;
  vmo_form wanted, given;
  if (!bound_form(check, type, &room, &wanted)) return false;
  if (operand->kind == VMO_OPERAND_LITERAL && wanted.rank == 0)
    return vmo_check_literal(check, &check->function->literals.data[operand->index], wanted.element,
                             vmo_operand_location(check, index));
  given = vmo_operand_form(check, index);
  bool fits = same_form(wanted, given);
  if (fits && operand->kind == VMO_OPERAND_VALUE)
    fits = meets_placement(vmo_value_type(check->module, check->function, operand->index),
                           &check->module->types.data[type]);
  return fits || fail_operand(check, declaration, index, wanted, given);
}

static bool fail_result(vmo_check *check, uint32_t index, vmo_type_id type, vmo_form wanted, vmo_form written) {
  const char *hint = vmo_hint_text(check, "the declaration says `%s`", vmo_type_text(check, type));
  const char *value = vmo_value_text(check, check->op->result_first + index);
  if (same_form(wanted, written))
    return vmo_fail(check, VMO_DIAG_RESULT_TYPE, hint, "'%s' gives result %s in another memory space or alignment",
                    check->name, value);
  return vmo_fail(check, VMO_DIAG_RESULT_TYPE, hint, "'%s' expects result %s to be %s, but %s is written", check->name,
                  value, vmo_form_text(check, wanted), vmo_form_text(check, written));
}

static bool check_result(vmo_check *check, const vmo_declaration *declaration, uint32_t index) {
  vmo_type_id type = declaration->result_types.data[index];
  vmo_shape room;
  vmo_form wanted, written = vmo_result_form(check, index);
  if (!bound_form(check, type, &room, &wanted)) return false;
  const vmo_type *given = vmo_value_type(check->module, check->function, check->op->result_first + index);
  if (same_form(wanted, written) && meets_placement(given, &check->module->types.data[type])) return true;
  return fail_result(check, index, type, wanted, written);
}

static bool check_counts(vmo_check *check, const vmo_declaration *declaration) {
  uint32_t operands = declaration->parameter_types.count, results = declaration->result_types.count;
  if (check->op->operand_count != operands)
    return vmo_fail(check, VMO_DIAG_OPERAND_COUNT, NULL, "'%s' is declared with %u operands, but %u are given",
                    check->name, operands, check->op->operand_count);
  if (check->op->result_count == results) return true;
  return vmo_fail(check, VMO_DIAG_RESULT_COUNT, NULL, "'%s' is declared with %u results, but %u are written",
                  check->name, results, check->op->result_count);
}

void vmo_check_declared(vmo_check *check) {
  const vmo_declaration *declaration = &check->module->declarations.data[check->op->callee];
  const char **name = &check->declared_names[check->op->callee];
  if (*name == NULL) *name = vmo_hint_text(check, "@%s", vmo_name(check->module, declaration->name));
  check->name = *name;
  if (!check_counts(check, declaration)) return;
  vmo_bind_local_dims(check->module, check->function, check->op, declaration, check->replacements);
  bool good = true;
  for (uint32_t i = 0; good && i < check->op->operand_count; i++) good = check_operand(check, declaration, i);
  for (uint32_t i = 0; good && i < check->op->result_count; i++) good = check_result(check, declaration, i);
  vmo_forget_local_dims(check->module, declaration, check->replacements);
}
