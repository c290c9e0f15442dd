/* ir.h: VMIR in memory.
 *
 * A function is one array of ops in program order. A region (loop body, branch, stream) is a range of that
 * array: an op with regions stands directly before the ops of its first region, and each region ends with its
 * terminator (yield, condition, return), which is the last op of the range.
 *
 *   index  0   1    2    3     4     5       6
 *   op     a   for  b    c     yield d       return
 *              └─── region 1: [2, 5) ──┘
 *          └────────────── region 0 (the body): [0, 7) ─┘
 *
 * Values, types, literals, attributes are arrays too; all refer to each other by 32-bit ids. Value ids survive
 * edits; op indices (points) do not. Nothing here is recursive in the length of a program. */
#ifndef VMO_IR_IR_H
#define VMO_IR_IR_H

#include "ir/dims.h"
#include "support/context.h"
#include "support/diag.h"
#include "support/text.h"
#include "support/vec.h"

typedef uint32_t vmo_value_id;    /* within a function */
typedef uint32_t vmo_region_id;   /* within a function */
typedef uint32_t vmo_type_id;     /* within a module; equal types have equal ids */
typedef uint32_t vmo_space_id;    /* within a module; 0 is the default space */
typedef uint32_t vmo_function_id; /* within a module */

#define VMO_MAX_NESTING 1000 /* regions within regions */
#define VMO_MAX_RANK 64      /* sizes in a type */
#define VMO_DEFAULT_ALIGNMENT 64

/* ---- types ---- */

typedef enum vmo_element {
  VMO_BOOL,
  VMO_I8,
  VMO_U8,
  VMO_I16,
  VMO_U16,
  VMO_I32,
  VMO_U32,
  VMO_I64,
  VMO_U64,
  VMO_F16,
  VMO_BF16,
  VMO_F32,
  VMO_F64,
  VMO_ELEMENT_COUNT
} vmo_element;

typedef struct vmo_type {
  vmo_element element;
  uint32_t rank;        /* 0: a scalar */
  uint32_t shape_first; /* into vmo_module.shapes: rank sizes, outermost first */
  vmo_space_id space;
  uint32_t alignment; /* bytes, a power of two; 0: the plan's default */
  vmo_size_id count;  /* number of elements: the product of the shape, 1 for a scalar */
  vmo_size_id bytes;  /* count times the element's width */
} vmo_type;

const char *vmo_element_name(vmo_element element);
vmo_bytes vmo_element_bytes(vmo_element element); /* 1, 2, 4 or 8 */
bool vmo_element_is_float(vmo_element element);
bool vmo_element_is_integer(vmo_element element); /* bool is none */

/* ---- operands, literals, attributes ---- */

typedef enum vmo_operand_kind {
  VMO_OPERAND_VALUE,   /* index: vmo_value_id */
  VMO_OPERAND_LITERAL, /* index: into vmo_function.literals */
  VMO_OPERAND_SIZE     /* index: vmo_size_id; a dim name, an i64 */
} vmo_operand_kind;

typedef struct vmo_operand {
  vmo_operand_kind kind;
  uint32_t index;
  vmo_location location;
} vmo_operand;

typedef enum vmo_literal_kind { VMO_LITERAL_INTEGER, VMO_LITERAL_REAL, VMO_LITERAL_BOOL } vmo_literal_kind;

typedef struct vmo_literal {
  vmo_literal_kind kind;
  vmo_element element; /* given by the op's row; VMO_ELEMENT_COUNT until the verifier has run */
  bool negative;       /* of an integer; its magnitude is in bits */
  union {
    uint64_t bits; /* magnitude of an integer; 0 or 1 for a bool */
    double real;
  } value;
} vmo_literal;

typedef enum vmo_attribute_kind {
  VMO_ATTRIBUTE_INTEGER, /* integer */
  VMO_ATTRIBUTE_REAL,    /* real */
  VMO_ATTRIBUTE_BOOL,    /* integer: 0 or 1 */
  VMO_ATTRIBUTE_SIZE,    /* id: vmo_size_id with a dim in it */
  VMO_ATTRIBUTE_TEXT,    /* id: vmr_symbol of a "quoted" text */
  VMO_ATTRIBUTE_WORD,    /* id: vmr_symbol of a bare word */
  VMO_ATTRIBUTE_VALUE    /* id: vmo_value_id */
} vmo_attribute_kind;

typedef struct vmo_attribute_item {
  vmo_attribute_kind kind;
  union {
    int64_t integer;
    double real;
    uint32_t id;
  } value;
} vmo_attribute_item;

/* `name = item` or `name = [item, ...]`. The plan's own keys (slot, offset, over, ...) are not kept here but in
 * vmo_plan. */
typedef struct vmo_attribute {
  vmr_symbol name;
  bool is_list;
  uint32_t item_first, item_count; /* into vmo_function.items; item_count is 1 when it is no list */
  vmo_location location;
} vmo_attribute;

/* ---- values, ops, regions ---- */

typedef enum vmo_value_kind {
  VMO_VALUE_PARAMETER, /* of the function; owner: unused */
  VMO_VALUE_RESULT,    /* of an op; owner: the op's index */
  VMO_VALUE_ARGUMENT   /* of a region (loop index, carried value); owner: vmo_region_id */
} vmo_value_kind;

typedef struct vmo_value {
  vmr_symbol name; /* without the % */
  vmo_type_id type;
  vmo_value_kind kind;
  uint32_t owner;
  uint32_t position; /* which parameter, result or argument it is */
  vmo_location location;
} vmo_value;

/* The opcodes: one per row of ops.def, VMO_OP_add, VMO_OP_for, ... */
typedef enum vmo_opcode {
#define VMO_OP(name, ...) VMO_OP_##name,
#include "ir/ops.def"
#undef VMO_OP
  VMO_OPCODE_COUNT
} vmo_opcode;

typedef struct vmo_op {
  uint16_t code;     /* vmo_opcode */
  uint16_t inserted; /* 1: a copy that a pass put in */
  uint32_t operand_first, operand_count;
  uint32_t result_first, result_count; /* consecutive value ids */
  uint32_t attribute_first, attribute_count;
  uint32_t region_first, region_count; /* consecutive region ids */
  vmo_region_id region;                /* the region it stands in */
  uint32_t callee; /* call: vmo_function_id; declared: index into module declarations; else VMO_NONE */
  vmo_location location;
} vmo_op;

/* Operands, results and regions of the structured ops:
 *
 *   for       operands lo, hi, inits...     results carried...   region 0: args index, carried...; attribute step
 *   while     operands inits...             results carried...   region 0 (condition): args carried..., seen in
 *                                                                region 1 (do) too, which has no args
 *   if        operand condition             results              region 0 (then), region 1 (else; absent when the if
 *                                                                has no results and no else)
 *   parallel  no operands                   the streams' yields  one region per stream; the results are the yields of
 *                                           in stream order      all streams, concatenated
 *   call      operands = arguments          results
 *   yield, condition, return: operands; return has the results first, then one value per state parameter */
typedef enum vmo_region_kind {
  VMO_REGION_BODY,
  VMO_REGION_FOR,
  VMO_REGION_CONDITION,
  VMO_REGION_DO,
  VMO_REGION_THEN,
  VMO_REGION_ELSE,
  VMO_REGION_STREAM
} vmo_region_kind;

typedef struct vmo_region {
  vmo_region_kind kind;
  uint32_t owner;                          /* the op it belongs to; VMO_NONE for the body */
  vmo_region_id parent;                    /* VMO_NONE for the body */
  uint32_t op_first, op_end;               /* [op_first, op_end); its terminator is op_end - 1; both 0 when an edit
                                              removed the op it belongs to */
  uint32_t argument_first, argument_count; /* consecutive value ids */
  uint32_t depth;                          /* 0 for the body */
} vmo_region;

typedef struct vmo_parameter {
  bool donate;
  bool state;
  int64_t offset; /* fixed place in the arena of a state parameter; -1: free */
} vmo_parameter;  /* its value id is its index */

/* ---- the plan, as the text carries it ---- */

/* Where a value's bytes are. A value that owns no bytes of its own (view, region argument, result of a control op,
 * parameter, constant) has no entry: all VMO_NONE. */
typedef struct vmo_value_plan {
  uint32_t slot;      /* VMO_NONE: it lives in a donated parameter's or the caller's bytes */
  vmo_size_id offset; /* in the arena of its space; VMO_NONE exactly when slot is */
  vmo_value_id over;  /* the operand of its op whose bytes it takes; or, without a slot, the donated parameter in whose
                         bytes it is; VMO_NONE: neither */
  int32_t result;     /* --results=caller: the result of the function in whose bytes it lives; -1: none */
} vmo_value_plan;

typedef struct vmo_op_plan {           /* kept for the few ops that have such */
  uint32_t op;                         /* index; entries are sorted by it */
  vmo_size_id workspace_offset;        /* in the default space; VMO_NONE: none */
  uint32_t callee_first, callee_count; /* into vmo_plan.callee_offsets: one per space of the callee's plan, in the
                                          order of its arenas */
} vmo_op_plan;

typedef struct vmo_arena_plan {
  vmo_space_id space;
  vmo_size_id bytes;
  vmo_size_id call_bytes; /* of the arena that a caller provides at a call: results apart; VMO_NONE: not planned */
} vmo_arena_plan;

typedef struct vmo_plan {
  vmo_value_plan *values; /* one per value of the function */
  uint32_t value_count;
  vmo_op_plan *ops;
  uint32_t op_count;
  vmo_size_id *callee_offsets;
  uint32_t callee_offset_count;
  vmo_arena_plan *arenas; /* by space id; the default space is always there */
  uint32_t arena_count;
  uint32_t alignment; /* of slots whose type names none */
  bool results_in_caller;
} vmo_plan;

/* ---- functions and modules ---- */

typedef struct vmo_function {
  vmr_symbol name; /* without the @ */
  vmo_location location;
  VMO_VEC(vmo_op) ops;
  VMO_VEC(vmo_operand) operands;
  VMO_VEC(vmo_value) values;   /* the parameters come first */
  VMO_VEC(vmo_region) regions; /* region 0 is the body */
  VMO_VEC(vmo_literal) literals;
  VMO_VEC(vmo_attribute) attributes;
  VMO_VEC(vmo_attribute_item) items;
  VMO_VEC(vmo_parameter) parameters;
  VMO_VEC(vmo_type_id) result_types;
  vmo_plan *plan;                      /* NULL: not planned */
  VMO_VEC(vmo_region_id) open_regions; /* private to build.c; empty once the body is closed */
  uint32_t next_number;                /* private to build.c: for values without a name */
} vmo_function;

/* op @fft(%x: f64[n]) -> f64[n] { inplace = [0], workspace = 16*n }
 * op @decay(%x: f64[N]) -> f64[N] { inplace = [0] } do { ... return %y } */
typedef struct vmo_declaration {
  vmr_symbol name;
  vmo_location location;
  VMO_VEC(vmr_symbol) parameter_names;
  VMO_VEC(vmo_type_id) parameter_types; /* over declared and local dims */
  VMO_VEC(vmo_type_id) result_types;
  uint64_t inplace;      /* bit i: a result may take operand i's bytes, and operand i is read at the same index */
  vmo_size_id workspace; /* bytes, over declared and local dims; the constant 0 when there is none */
  bool effect;           /* { effect = true }: it does more than compute its results, and is never removed */
  vmo_function *body;    /* what it computes, as if its ops ran one after the other, though what is in between never
                            exists; its parameters are the operands. NULL: a kernel is supplied from outside */
} vmo_declaration;

typedef struct vmo_module {
  vmo_context *context;
  vmo_sizes *sizes;
  VMO_VEC(vmo_dim) dims;
  VMO_VEC(vmo_type) types;
  VMO_VEC(vmo_size_id) shapes;
  VMO_VEC(vmr_symbol) spaces; /* spaces.data[0] is the symbol of "default" */
  VMO_VEC(vmo_declaration) declarations;
  VMO_VEC(vmo_function *) functions;
  struct vmo_module_index *index; /* private to ir/: what finds names and types */
} vmo_module;

/* ---- reading the arrays ---- */

static inline const vmo_operand *vmo_op_operands(const vmo_function *function, const vmo_op *op) {
  return function->operands.data + op->operand_first;
}
/* The value of operand `index`, or VMO_NONE for a literal or a dim. */
static inline vmo_value_id vmo_op_value(const vmo_function *function, const vmo_op *op, uint32_t index) {
  const vmo_operand *operand = function->operands.data + op->operand_first + index;
  return operand->kind == VMO_OPERAND_VALUE ? operand->index : VMO_NONE;
}
static inline const vmo_type *vmo_value_type(const vmo_module *module, const vmo_function *function,
                                             vmo_value_id value) {
  return module->types.data + function->values.data[value].type;
}
const char *vmo_name(const vmo_module *module, vmr_symbol symbol);
const char *vmo_value_name(const vmo_module *module, const vmo_function *function, vmo_value_id value);
/* The attribute of that name, or NULL; its first item as an integer (constant), or `otherwise`. */
const vmo_attribute *vmo_op_attribute(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                                      const char *name);
int64_t vmo_op_integer(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name,
                       int64_t otherwise);
/* The function of that name, or VMO_NONE. */
vmo_function_id vmo_find_function(const vmo_module *module, const char *name);

/* ---- facts of ops, read off the table ---- */

typedef enum vmo_op_category {
  VMO_CATEGORY_ELEMENTWISE,
  VMO_CATEGORY_CREATION,
  VMO_CATEGORY_SHAPE,
  VMO_CATEGORY_REDUCTION,
  VMO_CATEGORY_SCAN,
  VMO_CATEGORY_SORT,
  VMO_CATEGORY_LINEAR_ALGEBRA,
  VMO_CATEGORY_INDEXED,
  VMO_CATEGORY_GRAPH,
  VMO_CATEGORY_NEURAL,
  VMO_CATEGORY_CONTROL
} vmo_op_category;

/* How an op treats the bytes of its operands. */
typedef enum vmo_overwrite {
  VMO_OVERWRITE_NEVER,      /* it reads neighbours, gathers, reduces: no result may take an operand's bytes */
  VMO_OVERWRITE_SAME_INDEX, /* each result element depends on operand elements at its own index (or, for scans and
                                row-wise ops, on ones read before they are overwritten) */
  VMO_OVERWRITE_DESTINATION /* the result starts as operand 0 */
} vmo_overwrite;

typedef struct vmo_op_info {
  const char *name;
  vmo_op_category category;
  uint32_t operand_min, operand_max; /* VMO_NONE: any number */
  uint32_t result_min, result_max;
  const char *operands;   /* the row's operand names and classes, for messages and documents */
  const char *attributes; /* the row's attributes, likewise */
  const char *results;    /* and its results */
  const char *result;     /* the rule for the results' shapes, in words */
  const char *bytes;      /* whose bytes a result may have, in words */
  vmo_overwrite overwrite;
  uint64_t inplace; /* bit i: operand i may be overwritten */
  bool view;        /* may be a view: reshape, slice, split */
  bool effect;      /* never removed as dead */
  bool terminator;
  const char *workspace; /* bytes needed only while it runs, in words; "none" */
  const char *kernel;    /* kernel kind: "elementwise", "reduce", ...; "" for control */
  const char *summary;   /* one sentence */
} vmo_op_info;

const vmo_op_info *vmo_op_get_info(vmo_opcode code);
const char *vmo_op_category_name(vmo_op_category category); /* "linear algebra" */
/* All of the table as docs/ops.md shows it. */
void vmo_list_ops(vmo_text *out);
/* The opcode of that name, or VMO_OPCODE_COUNT. */
vmo_opcode vmo_op_find(const char *name);
/* The same where several ops have one name (min and max, elementwise and as reductions): the one that takes
 * `operand_count` operands, or else the first. Both look through the table; a parser asks once per name. */
vmo_opcode vmo_op_find_with(const char *name, uint32_t operand_count);

/* The questions below are answered for a verified op. */

/* Whether result `result` of `op` is a view of operand 0, and at which byte offset in operand 0's bytes. */
bool vmo_op_is_view(vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t result,
                    vmo_size_id *byte_offset);
/* Whether the op's row (or declaration) allows a result to take operand `operand`'s bytes. Sizes are not compared. */
bool vmo_op_may_overwrite(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t operand);
/* Whether operand `operand` is read at the same index as the result is written: an operand of the same element
 * count in an op that works index by index. */
bool vmo_op_reads_same_index(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                             uint32_t operand);
/* Whether the result starts as operand 0 (scatter, scatter_add, label_propagate). */
bool vmo_op_is_destination(const vmo_op *op);
/* Whether the op must stay though nothing reads its results. */
bool vmo_op_has_effect(const vmo_module *module, const vmo_op *op);
/* The operands (below 64) of a declared op with this body that are read only at the index that is written, and have as
 * many elements as the result: bit i for operand i. False when memory is out. `scratch` is for what is of use meanwhile. */
bool vmo_find_same_index(const vmo_module *module, const vmo_function *body, vmr_arena *scratch, uint64_t *operands);
/* Bytes that the op needs only while it runs (in the default space); VMO_NONE when memory is out. */
vmo_size_id vmo_op_workspace(vmo_module *module, const vmo_function *function, const vmo_op *op);

/* ---- attributes of a verified op, with the row's defaults put in by the caller ---- */

/* Item `index` of an attribute, where a single item stands for any index; NULL when it is not given. */
const vmo_attribute_item *vmo_op_item(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                                      const char *name, uint32_t index);
/* How many items an attribute has; 0 when it is not given. */
uint32_t vmo_op_item_count(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name);
/* Item `index` of a list of sizes; `otherwise` when the list is shorter. VMO_NONE when memory is out. */
vmo_size_id vmo_op_size(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name,
                        uint32_t index, vmo_size_id otherwise);

/* The axes of operand 0 that a reduction works on, bit i for axis i; all of them when it names none. */
uint64_t vmo_op_reduced_axes(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t rank);

/* What a slice takes of axis `axis` of operand 0, which has `whole` elements there. VMO_NONE sizes: see dims.h. */
typedef struct vmo_cut {
  vmo_size_id start, size;
  int64_t step;
} vmo_cut;
vmo_cut vmo_op_cut(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t axis,
                   vmo_size_id whole);

/* ---- text in, text out, checks ---- */

/* An empty module in the context's arena; NULL when memory is out. */
vmo_module *vmo_module_create(vmo_context *context);

/* Parses and verifies the context's source. On VMO_INPUT_ERROR the diagnostics say why (up to 20 errors) and
 * *module is NULL. Any byte string is survived. */
vmo_status vmo_parse_module(vmo_context *context, vmo_module **module);

/* Checks every rule of the table and of the language, types the literals. Needed after building by hand. */
vmo_status vmo_verify_module(vmo_module *module);

/* Writes the module as text that parses back to the same module, plans included. */
void vmo_print_module(const vmo_module *module, vmo_text *out);
void vmo_print_function(const vmo_module *module, const vmo_function *function, vmo_text *out);
void vmo_print_type(const vmo_module *module, vmo_type_id type, vmo_text *out);
/* One op on one line, without its regions. */
void vmo_print_op(const vmo_module *module, const vmo_function *function, uint32_t op, vmo_text *out);

/* The intervals of all dims as declared: [v, v], [0, bound] or [0, not bounded]. Zeroed count on lack of memory. */
vmo_binding vmo_declared_binding(const vmo_module *module);
/* Puts `name=value` into the binding; an unknown dim, a negative value or one beyond the declared bound is an
 * error without a place. */
vmo_status vmo_bind_dim(const vmo_module *module, vmo_binding *binding, const char *name, int64_t value);
/* After binding: every exact size of every type must be at least 0 and every byte count below 2^53; errors point at
 * the value's declaration. */
vmo_status vmo_check_binding(const vmo_module *module, const vmo_binding *binding);
/* Makes every dim that has a value a fixed one: a plan made for these values holds for them alone, and so does the
 * program that carries it. */
void vmo_fix_dims(vmo_module *module, const vmo_binding *binding);

/* ---- building ----
 *
 * A module by hand: dims, spaces, types and declarations first; then for each function its parameters and result
 * types, its ops, and vmo_build_region_end for its body, which numbers the regions anew: only then are an op's
 * regions consecutive, and ids that vmo_build_region gave are void. Names of values are made fit and unique: bytes
 * that VMIR does not allow become `_`, and a name that is taken gets a number (`x.17`).
 *
 * A failure shows as VMO_NONE, NULL or false, and is also in the arena's status (out of memory), the sizes' status
 * (overflow) or the diagnostics (a name that is taken or no word). */

vmo_type_id vmo_build_type(vmo_module *module, vmo_element element, const vmo_size_id *shape, uint32_t rank,
                           vmo_space_id space, uint32_t alignment); /* VMO_NONE: out of memory or overflow */
/* A local dim is shared by all declarations that use its name. */
vmo_dim_id vmo_build_dim(vmo_module *module, const char *name, vmo_dim_kind kind, int64_t limit, vmo_location location);
vmo_space_id vmo_build_space(vmo_module *module, const char *name); /* finds or adds */
/* An op of the producer; its index. `inplace`, `workspace` (at first the constant 0) and `effect` are set in the
 * module's array. */
uint32_t vmo_build_declaration(vmo_module *module, const char *name, vmo_location location);
bool vmo_build_declaration_parameter(vmo_module *module, uint32_t declaration, const char *name, vmo_type_id type);
bool vmo_build_declaration_result(vmo_module *module, uint32_t declaration, vmo_type_id type);
/* Forgets the declarations from number `count` on, which nothing uses. */
void vmo_drop_declarations(vmo_module *module, uint32_t count);
/* Gives a declaration whose operands and results are complete a body: a function that is in no list, whose parameters are
 * the operands. It is open, as that of vmo_build_function. NULL when memory is out. */
vmo_function *vmo_build_declaration_body(vmo_module *module, uint32_t declaration);
/* Its body is open. */
vmo_function *vmo_build_function(vmo_module *module, const char *name, vmo_location location);
/* Makes room for about so many more ops, so that arrays need not grow step by step. */
bool vmo_build_room(vmo_module *module, vmo_function *function, uint32_t ops);
vmo_value_id vmo_build_parameter(vmo_module *module, vmo_function *function, const char *name, vmo_type_id type,
                                 vmo_parameter flags, vmo_location location); /* before any op */
bool vmo_build_result_type(vmo_module *module, vmo_function *function, vmo_type_id type);

/* Appends an op to the innermost open region. Results get the given types and names (name NULL: a fresh number).
 * Returns its index, or VMO_NONE when memory is out. */
typedef struct vmo_op_spec {
  vmo_opcode code;
  uint32_t callee; /* VMO_NONE unless call or declared */
  const vmo_operand *operands;
  uint32_t operand_count;
  const vmo_type_id *result_types;
  const char *const *result_names; /* NULL: all fresh */
  uint32_t result_count;
  vmo_location location;
} vmo_op_spec;
uint32_t vmo_build_op(vmo_module *module, vmo_function *function, const vmo_op_spec *spec);
/* Opens the next region of op `owner` (whose last region, if any, has been closed); closes the innermost one. */
vmo_region_id vmo_build_region(vmo_module *module, vmo_function *function, uint32_t owner, vmo_region_kind kind);
vmo_value_id vmo_build_argument(vmo_module *module, vmo_function *function, vmo_region_id region, const char *name,
                                vmo_type_id type, vmo_location location); /* before any op of the region */
void vmo_build_region_end(vmo_module *module, vmo_function *function);
uint32_t vmo_build_literal(vmo_module *module, vmo_function *function, vmo_literal literal);
/* Gives the op that was appended last (or `op`, before another op gets attributes) an attribute. */
bool vmo_build_attribute(vmo_module *module, vmo_function *function, uint32_t op, const char *name, bool is_list,
                         const vmo_attribute_item *items, uint32_t item_count, vmo_location location);
/* A name that no function and no declared op has: `base`, which is a word, with a number; 0 when memory is out. */
vmr_symbol vmo_build_callable_name(vmo_module *module, const char *base);
/* A name for a value that a pass adds: `base` made fit, with a number when it is taken; a fresh number for NULL.
 * Unique among the values that the function has by then; 0 when memory is out. */
vmr_symbol vmo_build_value_name(vmo_module *module, vmo_function *function, const char *base);

#endif
