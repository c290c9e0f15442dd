/* verify.h: what the parts of the verifier share; private to ir/.
 *
 * verify.c goes through the module and hands each op on: verify_op.c checks it against its row, verify_control.c
 * against its regions and callees, verify_structure.c has looked at regions and definitions before that. */
#ifndef VMO_IR_VERIFY_H
#define VMO_IR_VERIFY_H

#include "ir/signature.h"

/* Element and shape of an operand or a result. */
typedef struct vmo_form {
  vmo_element element; /* VMO_ELEMENT_COUNT: a literal whose element is not known yet */
  uint32_t rank;
  const vmo_size_id *sizes;
} vmo_form;

typedef struct vmo_shape {
  uint32_t rank;
  vmo_size_id sizes[VMO_MAX_RANK];
} vmo_shape;

typedef struct vmo_check {
  vmo_module *module;
  vmo_function *function;
  /* the op at hand */
  const vmo_op *op;
  const vmo_op_row *row;
  const vmo_signature *signature;
  const char *name;                    /* as messages call it */
  vmo_element elements[VMO_VARIABLES]; /* what each variable of the row stands for; VMO_ELEMENT_COUNT: not known */
  vmo_signature *signatures[VMO_OPCODE_COUNT]; /* read when first needed */
  vmo_size_id *replacements;                   /* per dim; of the declared op at hand, else all VMO_NONE */
  const char **declared_names;                 /* "@fft", per declaration; made when first needed */
  vmo_size_id one_more, one_less;              /* the last answer of N from N+1 */
  bool one_less_is_negative;
  bool out_of_memory;
} vmo_check;

/* ---- reading ---- */

vmo_form vmo_type_form(const vmo_check *check, vmo_type_id type);
vmo_form vmo_operand_form(const vmo_check *check, uint32_t operand);
vmo_form vmo_result_form(const vmo_check *check, uint32_t result);
bool vmo_same_sizes(const vmo_size_id *left, const vmo_size_id *right, uint32_t count);
bool vmo_is_one(const vmo_check *check, vmo_size_id size);

/* ---- messages: texts in the arena; empty once enough errors are kept ---- */

vmo_location vmo_operand_location(const vmo_check *check, uint32_t operand);
const char *vmo_form_text(const vmo_check *check, vmo_form form);                             /* f64[N] */
const char *vmo_type_text(const vmo_check *check, vmo_type_id type);                          /* f64[N] @sram */
const char *vmo_size_text(const vmo_check *check, vmo_size_id size);                          /* N+1 */
const char *vmo_sizes_text(const vmo_check *check, const vmo_size_id *sizes, uint32_t count); /* [N,M] */
const char *vmo_operand_text(const vmo_check *check, uint32_t operand);                       /* %x, 2.5, N+1 */
const char *vmo_value_text(const vmo_check *check, vmo_value_id value);                       /* %x */
const char *vmo_literal_text(const vmo_check *check, const vmo_literal *literal);
const char *vmo_word_text(const vmo_check *check, vmo_word word);
const char *vmo_element_article(vmo_element element); /* "an" before i8, f16, ... */

/* An error at the op (or at the place given); false, so that checks can end with it. The hint may be NULL. */
bool vmo_fail(vmo_check *check, vmo_diag_code code, const char *hint, const char *format, ...) VMO_PRINTF(4, 5);
bool vmo_fail_at(vmo_check *check, vmo_diag_code code, vmo_location location, const char *hint, const char *format, ...)
    VMO_PRINTF(5, 6);
/* A size was VMO_NONE: notes that memory is out, or says that the size is too large. */
bool vmo_fail_size(vmo_check *check);
/* What to say of sizes that differ though they may come out equal for some dims; NULL when they cannot. */
const char *vmo_formula_hint(const vmo_check *check, const vmo_size_id *left, const vmo_size_id *right, uint32_t count);
/* A hint made of parts, for the `hint` above; in the arena. */
const char *vmo_hint_text(const vmo_check *check, const char *format, ...) VMO_PRINTF(2, 3);

/* ---- parts ---- */

/* Regions, terminators, definitions before uses. When it fails, nothing else of the function can be relied upon. */
bool vmo_check_structure(vmo_check *check);
/* An op against its row. */
void vmo_check_op(vmo_check *check);
/* The op's attributes against its row, once the elements are known. */
bool vmo_check_attributes(vmo_check *check);
/* for, while, if, parallel, call, declared, return, yield, condition. */
void vmo_check_control(vmo_check *check);
/* A declaration by itself: its local dims are bound by its parameters, and so on. */
void vmo_check_declaration(vmo_check *check, const vmo_declaration *declaration);
/* The body of a declaration that is sound, in two steps: its head; and once it has been checked as a function is, what it
 * may hold, and that its `inplace` follows from it. */
bool vmo_check_body_head(vmo_check *check, const vmo_declaration *declaration);
void vmo_check_body(vmo_check *check, const vmo_declaration *declaration);
/* A use of a declared op: operands and results against the declaration. */
void vmo_check_declared(vmo_check *check);

/* Gives a literal its element; an error when it is of another kind or does not fit. */
bool vmo_check_literal(vmo_check *check, vmo_literal *literal, vmo_element element, vmo_location location);
/* ---- rules ---- */

/* Result `result` must have this shape, and the element that the row says. */
bool vmo_expect(vmo_check *check, uint32_t result, const vmo_shape *shape);

bool vmo_rule_shapes(vmo_check *check);
bool vmo_rule_broadcast(vmo_check *check);
bool vmo_rule_constant(vmo_check *check);
bool vmo_rule_reshape(vmo_check *check);
bool vmo_rule_slice(vmo_check *check);
bool vmo_rule_split(vmo_check *check);
bool vmo_rule_concat(vmo_check *check);
bool vmo_rule_pad(vmo_check *check);
bool vmo_rule_expand(vmo_check *check);
bool vmo_rule_transpose(vmo_check *check);
bool vmo_rule_reduce(vmo_check *check);
bool vmo_rule_matmul(vmo_check *check);
bool vmo_rule_gather(vmo_check *check);
bool vmo_rule_scatter(vmo_check *check);
bool vmo_rule_convolution(vmo_check *check);
bool vmo_rule_pool(vmo_check *check);

#endif
