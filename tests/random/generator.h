/* generator.h: what the parts of the generator share; private to tests/random/.
 *
 * The generator keeps the values that can be seen at the place where it writes, in the order in which they came to be.
 * A region's values are forgotten when it ends. Each kind of op is a function that looks for operands among them, or
 * has them made, and appends itself. */
#ifndef VMO_TESTS_RANDOM_GENERATOR_H
#define VMO_TESTS_RANDOM_GENERATOR_H

#include "tests/random/generate.h"

/* The shapes that occur. Some are chosen to go together: [N,4] with [4*N], [4,8] with [32]. */
typedef enum vmo_shape_id {
  SHAPE_SCALAR,
  SHAPE_N,
  SHAPE_M,
  SHAPE_K,
  SHAPE_2M1, /* 2*M+1 */
  SHAPE_N4,  /* N,4 */
  SHAPE_4N,
  SHAPE_8,
  SHAPE_32,
  SHAPE_4_8,
  SHAPE_8_4,
  SHAPE_4_4,
  SHAPE_1_8,
  SHAPE_N1, /* N+1: where the neighbours of each of N nodes start */
  SHAPE_E,  /* one for each edge */
  SHAPE_COUNT
} vmo_shape_id;

enum { GENERATOR_DECLARED = 4, GENERATOR_MOST_RESULTS = 8, GENERATOR_DEPTH = 4 };

typedef struct vmo_generator {
  vmo_context *context;
  vmo_module *module;
  vmo_function *function; /* the one at hand */
  uint64_t random;
  uint32_t budget;                         /* ops that the function may still get */
  uint32_t depth;                          /* of regions */
  bool failed;                             /* memory is out */
  vmo_dim_id dims[4];                      /* N, M, K, E */
  vmo_size_id sizes[2];                    /* N, 4*N */
  vmo_size_id shape_sizes[SHAPE_COUNT][2]; /* VMO_NONE: no more sizes */
  vmo_space_id near;                       /* a memory space besides the default one */
  bool narrow;                             /* few types occur, so that many values are alike and may share bytes */
  vmo_element elements[2];                 /* narrow: a float, a whole number */
  vmo_shape_id few[3];                     /* narrow: shapes */
  VMO_VEC(uint8_t) shapes;                 /* vmo_shape_id by type */
  VMO_VEC(vmo_value_id) visible;
  bool in_body;    /* of a declared op */
  uint32_t bodies; /* ops with a body that were declared */
} vmo_generator;

/* ---- generate.c: numbers, values, ops ---- */

/* 0 .. count - 1. */
uint32_t vmo_draw(vmo_generator *g, uint32_t count);
bool vmo_draw_chance(vmo_generator *g, uint32_t percent);

/* The type in the default space. */
vmo_type_id vmo_find_type(vmo_generator *g, vmo_element element, vmo_shape_id shape);
vmo_element vmo_draw_float(vmo_generator *g);
vmo_element vmo_draw_number(vmo_generator *g); /* float or integer */
vmo_element vmo_draw_element(vmo_generator *g);
vmo_shape_id vmo_draw_array_shape(vmo_generator *g);
/* A type that a control op may hand over: mostly in the default space. */
vmo_type_id vmo_draw_type(vmo_generator *g);
/* The same type in the other memory space; VMO_NONE when memory is out. */
vmo_type_id vmo_move_near(vmo_generator *g, vmo_type_id type);

const vmo_type *vmo_generated_type(const vmo_generator *g, vmo_value_id value);
vmo_shape_id vmo_generated_shape(const vmo_generator *g, vmo_value_id value);

/* A visible value that `accepts`, or VMO_NONE. Newer ones are likelier. */
typedef bool (*vmo_accepts)(const vmo_generator *g, vmo_value_id value, uint32_t user);
vmo_value_id vmo_find_visible(vmo_generator *g, vmo_accepts accepts, uint32_t user);
/* A visible value of that type; one is made when there is none, and sometimes so. */
vmo_value_id vmo_need_type(vmo_generator *g, vmo_type_id type);
vmo_value_id vmo_need(vmo_generator *g, vmo_element element, vmo_shape_id shape);

vmo_operand vmo_operand_value(vmo_value_id value);
vmo_operand vmo_operand_integer(vmo_generator *g, uint64_t number);
/* A literal that fits the element. */
vmo_operand vmo_operand_literal(vmo_generator *g, vmo_element element);
vmo_operand vmo_operand_dim(vmo_generator *g, uint32_t which);

/* Appends an op; its results become visible. The op's index, or VMO_NONE. */
uint32_t vmo_emit(vmo_generator *g, vmo_opcode code, uint32_t callee, const vmo_operand *operands, uint32_t count,
                  const vmo_type_id *types, uint32_t type_count);
/* With one result, mostly in the default space; the value. */
vmo_value_id vmo_emit_one(vmo_generator *g, vmo_opcode code, const vmo_operand *operands, uint32_t count,
                          vmo_element element, vmo_shape_id shape);
void vmo_give_integer(vmo_generator *g, const char *name, int64_t number);
void vmo_give_sizes(vmo_generator *g, const char *name, const vmo_size_id *sizes, uint32_t count);
/* The last op's list attribute of numbers. */
void vmo_give_integers(vmo_generator *g, const char *name, const int64_t *numbers, uint32_t count);

/* Some ops, at most `most`. */
void vmo_generate_block(vmo_generator *g, uint32_t most);

/* ---- generate_ops.c, generate_control.c ---- */

/* One op and what it needs. */
void vmo_generate_op(vmo_generator *g);
/* The same for the body of a declared op: one that may stand there. */
void vmo_generate_body_op(vmo_generator *g);
/* A reduction of a visible array. */
void vmo_generate_reduction(vmo_generator *g);
/* Declares an op with a body and uses it (generate_body.c). */
void vmo_generate_body(vmo_generator *g);
/* One for, while, if, parallel or call, with what is in it. */
void vmo_generate_control(vmo_generator *g);

#endif
