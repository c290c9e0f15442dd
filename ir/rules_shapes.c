/* rules_shapes.c: the shapes in a row, matched against the shapes of operands.
 *
 *   neighbor_sum   row: index[N+1], col: index[E], x: num T[N,F...]   ->   T[N,F...]
 *   given          i64[V+1]         i32[M]         f32[V,8]                f32[V,8]     N = V, E = M, F... = [8]
 *
 * Names stand for one size or, with dots, for any number of them. The first operand that has a name binds it; what
 * comes later must be the same, that is, provably equal. Linear in the ranks. */
#include "ir/verify.h"

#include <string.h>

typedef struct binding {
  uint32_t operand; /* that bound it */
  uint32_t count;
  vmo_size_id size;        /* of a name for one size */
  const vmo_size_id *list; /* of a name with dots */
} binding;

typedef struct matcher {
  vmo_check *check;
  uint32_t bound; /* bit i: names[i] is bound; others have no content */
  binding names[VMO_VARIABLES];
} matcher;

static bool is_bound(const matcher *m, char letter) { return m->bound >> (letter - 'A') & 1; }

static const vmo_size_id *sizes_of(const binding *b) { return b->list != NULL ? b->list : &b->size; }

/* ---- operands ---- */

static const char *shape_text(const vmo_check *check, const vmo_pattern *pattern) {
  const char *text = vmo_word_text(check, pattern->text), *bracket = strchr(text, '[');
  return bracket == NULL ? "" : bracket;
}

static bool fail_rank(matcher *m, uint32_t operand, const vmo_pattern *pattern) {
  vmo_check *check = m->check;
  const char *text = vmo_operand_text(check, operand), *name = vmo_word_text(check, pattern->name);
  const char *type = vmo_form_text(check, vmo_operand_form(check, operand));
  if (pattern->size_count == 0)
    return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand), NULL,
                       "'%s' needs operand %s to be a scalar, but %s is %s", check->name, name, text, type);
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand),
                     vmo_hint_text(check, "it takes %s", check->row->info.operands),
                     "'%s' needs operand %s to have the shape %s, but %s is %s", check->name, name,
                     shape_text(check, pattern), text, type);
}

static bool fail_size(matcher *m, uint32_t operand, const vmo_size_pattern *pattern, const binding *found) {
  vmo_check *check = m->check;
  const binding *known = &m->names[pattern->letter - 'A'];
  const char *hint = vmo_hint_text(check, "it takes %s", check->row->info.operands);
  bool many = pattern->many;
  const char *first = many ? vmo_sizes_text(check, sizes_of(known), known->count) : vmo_size_text(check, known->size);
  const char *second = many ? vmo_sizes_text(check, sizes_of(found), found->count) : vmo_size_text(check, found->size);
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand), hint,
                     "'%s' needs %c%s to be the same in all operands, but it is %s in %s and %s in %s", check->name,
                     pattern->letter, many ? "..." : "", first, vmo_operand_text(check, known->operand), second,
                     vmo_operand_text(check, operand));
}

static bool bind(matcher *m, uint32_t operand, const vmo_size_pattern *pattern, binding found) {
  binding *known = &m->names[pattern->letter - 'A'];
  found.operand = operand;
  if (!is_bound(m, pattern->letter)) {
    m->bound |= UINT32_C(1) << (pattern->letter - 'A');
    *known = found;
    return true;
  }
  if (known->count == found.count && vmo_same_sizes(sizes_of(known), sizes_of(&found), found.count)) return true;
  return fail_size(m, operand, pattern, &found);
}

/* The size that N stands for when N+1 is `size`. */
static bool take_one(matcher *m, uint32_t operand, vmo_size_id *size) {
  vmo_check *check = m->check;
  vmo_sizes *sizes = check->module->sizes;
  if (check->one_more != *size) { /* a program asks for few sizes, often */
    vmo_size_id less = vmo_size_subtract(sizes, *size, vmo_size_constant(sizes, 1));
    if (less == VMO_NONE) return vmo_fail_size(check);
    check->one_more = *size;
    check->one_less = less;
    check->one_less_is_negative = vmo_size_at_least(sizes, vmo_size_constant(sizes, -1), less);
  }
  *size = check->one_less;
  if (!check->one_less_is_negative) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand),
                     "a row pointer array has one element more than there are rows",
                     "'%s' needs at least one element in %s", check->name, vmo_operand_text(check, operand));
}

/* How many sizes of `rank` the name with dots takes; false when the rank does not fit. */
static bool count_many(const vmo_pattern *pattern, uint32_t rank, uint32_t *many) {
  bool has_many = false;
  for (uint32_t i = 0; i < pattern->size_count; i++) has_many = has_many || pattern->sizes[i].many;
  uint32_t fixed = pattern->size_count - (has_many ? 1 : 0);
  *many = rank - fixed;
  return has_many ? rank >= fixed : rank == fixed;
}

static bool match_form(matcher *m, uint32_t operand, const vmo_pattern *pattern, vmo_form form) {
  uint32_t many, at = 0;
  if (!pattern->shaped) return true;
  if (!count_many(pattern, form.rank, &many)) return fail_rank(m, operand, pattern);
  for (uint32_t i = 0; i < pattern->size_count; i++) {
    const vmo_size_pattern *size = &pattern->sizes[i];
    binding found = {.count = 1};
    if (size->many)
      found = (binding){.count = many, .list = many > 0 ? form.sizes + at : NULL};
    else
      found.size = form.sizes[at];
    if (size->one_more && !take_one(m, operand, &found.size)) return false;
    if (!bind(m, operand, size, found)) return false;
    at += size->many ? many : 1;
  }
  return true;
}

static bool match_operands(matcher *m) {
  for (uint32_t i = 0; i < m->check->op->operand_count; i++)
    if (!match_form(m, i, vmo_signature_operand(m->check->signature, i), vmo_operand_form(m->check, i))) return false;
  return true;
}

/* ---- results ---- */

static bool add_sizes(vmo_shape *shape, const vmo_size_id *sizes, uint32_t count) {
  if (count > VMO_MAX_RANK - shape->rank) return false;
  for (uint32_t i = 0; i < count; i++) shape->sizes[shape->rank++] = sizes[i];
  return true;
}

/* How many sizes the names of a result that are bound by no operand leave to be written; false when none may be. */
static bool count_free(const matcher *m, const vmo_pattern *pattern, uint32_t rank, uint32_t *many) {
  uint32_t fixed = 0;
  bool has_many = false;
  for (uint32_t i = 0; i < pattern->size_count; i++) {
    const binding *known = &m->names[pattern->sizes[i].letter - 'A'];
    if (is_bound(m, pattern->sizes[i].letter))
      fixed += known->count;
    else if (pattern->sizes[i].many)
      has_many = true;
    else
      fixed++;
  }
  *many = has_many && rank > fixed ? rank - fixed : 0;
  return rank == fixed + *many;
}

/* The shape that a result must have; what no operand binds is taken from what is written. */
static bool build_shape(const matcher *m, const vmo_pattern *pattern, vmo_form written, vmo_shape *shape) {
  uint32_t many;
  bool fits = count_free(m, pattern, written.rank, &many);
  shape->rank = 0;
  for (uint32_t i = 0; i < pattern->size_count; i++) {
    const binding *known = &m->names[pattern->sizes[i].letter - 'A'];
    if (is_bound(m, pattern->sizes[i].letter)) {
      if (!add_sizes(shape, sizes_of(known), known->count)) return false;
    } else if (!fits || !add_sizes(shape, written.sizes + shape->rank, pattern->sizes[i].many ? many : 1)) {
      return false;
    }
  }
  return true;
}

static bool expect_results(matcher *m) {
  vmo_check *check = m->check;
  for (uint32_t i = 0; i < check->op->result_count; i++) {
    const vmo_pattern *pattern = vmo_signature_result(check->signature, i);
    vmo_form written = vmo_result_form(check, i);
    vmo_shape shape;
    if (!build_shape(m, pattern, written, &shape))
      return vmo_fail(check, VMO_DIAG_RESULT_TYPE, NULL, "'%s' expects its result to be %s, but %s is written",
                      check->name, vmo_word_text(check, pattern->text), vmo_form_text(check, written));
    if (!vmo_expect(check, i, &shape)) return false;
  }
  return true;
}

bool vmo_rule_shapes(vmo_check *check) {
  matcher m;
  m.check = check;
  m.bound = 0;
  return match_operands(&m) && expect_results(&m);
}

/* ---- matrix products: the same with operands transposed ---- */

static vmo_form transposed(const vmo_check *check, uint32_t operand, const char *attribute, vmo_shape *room) {
  vmo_form form = vmo_operand_form(check, operand);
  if (form.rank < 2 || vmo_op_integer(check->module, check->function, check->op, attribute, 0) == 0) return form;
  room->rank = form.rank;
  memcpy(room->sizes, form.sizes, form.rank * sizeof *form.sizes);
  room->sizes[form.rank - 1] = form.sizes[form.rank - 2];
  room->sizes[form.rank - 2] = form.sizes[form.rank - 1];
  return (vmo_form){form.element, form.rank, room->sizes};
}

bool vmo_rule_matmul(vmo_check *check) {
  matcher m;
  m.check = check;
  m.bound = 0;
  vmo_shape rooms[2];
  vmo_form left = transposed(check, 0, "transpose_x", &rooms[0]);
  vmo_form right = transposed(check, 1, "transpose_y", &rooms[1]);
  return match_form(&m, 0, vmo_signature_operand(check->signature, 0), left) &&
         match_form(&m, 1, vmo_signature_operand(check->signature, 1), right) && expect_results(&m);
}
