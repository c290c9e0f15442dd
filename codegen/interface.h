/* interface.h: the typed C function of a function, NAME(...): its parameters, by which the header declares it (header.c) and
 * the code defines it (typed.c); private to codegen/. Needs no LLVM. */
#ifndef VMO_CODEGEN_INTERFACE_H
#define VMO_CODEGEN_INTERFACE_H

#include "codegen/codegen.h"

/* In the order in which C has them. */
typedef enum vmo_c_kind {
  VMO_C_DIM,        /* index: of the dim; int64_t */
  VMO_C_ARGUMENT,   /* index: of the parameter; an array's address, or a scalar */
  VMO_C_RESULT,     /* index: of the result */
  VMO_C_ARENA,      /* index: of plan.arenas; void * */
  VMO_C_ARENA_BYTES /* the same; int64_t */
} vmo_c_kind;

typedef struct vmo_c_parameter {
  vmo_c_kind kind;
  uint32_t index;
  const char *name; /* a word of C, unlike all others of the function */
  const char *type; /* as C spells it before a name: "const double *" */
} vmo_c_parameter;

typedef struct vmo_c_interface {
  const char *function; /* what C calls it */
  VMO_VEC(vmo_c_parameter) parameters;
} vmo_c_interface;

/* False when memory is out. */
bool vmo_find_c_interface(vmo_module *module, const vmo_function *function, const char *prefix, vmo_c_interface *c);

/* The dims without a fixed value that the function's sizes depend on, and those of the functions it calls, by dim id; NULL
 * when memory is out. */
const bool *vmo_find_used_dims(const vmo_module *module, const vmo_function *function, vmr_arena *arena);

/* "double", "uint8_t", ... */
const char *vmo_c_type(vmo_element element);

/* ---- names.c ---- */

/* Whether C could call each function by its name behind the prefix, with all that is named after it, and each declared op
 * by its name; else diagnostics say which not. */
vmo_status vmo_check_c_names(const vmo_module *module, const char *prefix);

/* Whether a parameter of the function that C calls `function` cannot be called `name` in a header: a word of the language, a
 * macro, or what the header itself uses. */
bool vmo_is_header_word(const char *name, const char *function);

/* Prefix (NULL: none), name and the rest in one; NULL when memory is out. */
const char *vmo_join_c_name(vmr_arena *arena, const char *prefix, const char *name, const char *tail, const char *more);

/* "_offset_of_old" of a state; NULL when memory is out. */
const char *vmo_state_suffix(vmr_arena *arena, const char *state);

/* What is defined where; `location` of the function or op that it belongs to. */
typedef struct vmo_c_name {
  const char *name;
  vmo_location location;
} vmo_c_name;

/* A diagnostic for each name that `names`, which it sorts, has more than once. */
vmo_status vmo_refuse_same_names(vmo_context *context, vmo_c_name *names, uint32_t count);

#endif
