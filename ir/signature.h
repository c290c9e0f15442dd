/* signature.h: a row's operands, results and attributes, read from their texts; private to ir/.
 *
 *   "x: num T[N,F...]"       name x, elements num, variable T, shape [N,F...]
 *   "stride: int[](1..) = 1" name stride, a list of int, each at least 1, by default 1
 *
 * The notation is described at the head of ops.def. */
#ifndef VMO_IR_SIGNATURE_H
#define VMO_IR_SIGNATURE_H

#include "ir/ops.h"

#define VMO_MAX_PATTERNS 5   /* operands, or results, that a row names */
#define VMO_MAX_ATTRIBUTES 5 /* attributes that a row names */
#define VMO_MAX_SIZES 4      /* sizes in a pattern's shape */
#define VMO_VARIABLES 26     /* names of elements and of sizes: one capital letter */

/* A piece of a row's text. */
typedef struct vmo_word {
  const char *text;
  uint32_t length;
} vmo_word;

typedef struct vmo_size_pattern {
  char letter;
  bool many;     /* any number of sizes */
  bool one_more; /* N+1 */
} vmo_size_pattern;

/* One operand or result of a row. */
typedef struct vmo_pattern {
  vmo_word name;
  bool optional, many;
  uint32_t elements; /* bit e: vmo_element e is allowed */
  vmo_word class;    /* "num"; empty when only a variable stands there */
  char variable;     /* 0: none */
  bool shaped;
  uint32_t size_count;
  vmo_size_pattern sizes[VMO_MAX_SIZES];
  vmo_word text; /* all of it */
} vmo_pattern;

typedef enum vmo_attribute_class {
  VMO_CLASS_INT,
  VMO_CLASS_REAL,
  VMO_CLASS_BOOL,
  VMO_CLASS_NUMBER, /* of the element that `variable` stands for */
  VMO_CLASS_SIZE,
  VMO_CLASS_AXIS
} vmo_attribute_class;

typedef struct vmo_attribute_pattern {
  vmo_word name;
  vmo_attribute_class class;
  char variable;
  bool list;
  bool required;
  bool has_low, has_high;
  int64_t low, high;
  vmo_word otherwise; /* the default, or nothing */
} vmo_attribute_pattern;

typedef struct vmo_signature {
  uint32_t operand_count, result_count, attribute_count;
  vmo_pattern operands[VMO_MAX_PATTERNS], results[VMO_MAX_PATTERNS];
  vmo_attribute_pattern attributes[VMO_MAX_ATTRIBUTES];
} vmo_signature;

/* False when a text of the row is not in the notation: a mistake in ops.def. */
bool vmo_read_signature(const vmo_op_row *row, vmo_signature *signature);

/* The pattern for operand `index`: the last one stands for all further ones. */
const vmo_pattern *vmo_signature_operand(const vmo_signature *signature, uint32_t index);
const vmo_pattern *vmo_signature_result(const vmo_signature *signature, uint32_t index);

bool vmo_word_is(vmo_word word, const char *text);

#endif
