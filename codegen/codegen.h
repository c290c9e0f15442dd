/* codegen.h: from a planned module to code that runs: LLVM IR, object files, code in memory, a C header.
 *
 *   planned module ──> vmo_compile_module ──> vmo_code ──┬─> vmo_write_code       .ll, .bc, .s, .o
 *                                                        └─> vmo_load_code        functions in this process
 *                 └──> vmo_write_c_header                                         the typed functions, offsets
 *
 * What a compiled function expects and gives stands in docs/abi.md and vmemrt/compiled.h. No type of LLVM shows here; in a
 * build without LLVM (VMEMOPT_LLVM=OFF) all but vmo_write_c_header report VMO_DIAG_NO_LLVM. */
#ifndef VMO_CODEGEN_CODEGEN_H
#define VMO_CODEGEN_CODEGEN_H

#include "ir/ir.h"
#include "support/text.h"
#include "vmemrt/compiled.h"

typedef struct vmo_code_options {
  const char *target;   /* a triple; NULL: this machine */
  const char *cpu;      /* a CPU of the target; "native": this machine's; NULL: any of the target */
  const char *features; /* "+avx2,-fma"; NULL: those of the CPU */
  uint32_t llvm_level;  /* 0 to 3: LLVM's own optimisation */
  const char *prefix;   /* before each exported name; NULL: none */
  bool typed;           /* the typed functions too, whose names must be such as C accepts */
  bool instrument;      /* calls vmr_call.watch while it runs */
  bool progress; /* tells vmr_call.watch of the trips of `for` loops in an entry's own body, at most some 256 a loop */
  bool blas;     /* large products of f32 and f64 matrices call cblas_sgemm and cblas_dgemm, which sum in an order
                           of their own (docs/abi.md); loops otherwise, which give the reference engine's bits */
  uint32_t threads;         /* vmr_call.threads of the typed functions */
  const vmo_function *only; /* of `module`: this function and those that it calls; NULL: all of them */
  /* The same program, planned with results in the caller's bytes: where calls find their functions. NULL: `module` itself
   * is planned so, or its functions call none. */
  vmo_module *callees;
} vmo_code_options;

/* Machine code with its symbols; made by LLVM, owned by the caller. */
typedef struct vmo_code vmo_code;

/* Every function of `module` has a plan (vmo_plan_module) and is compiled, others than `only` where calls need them; with `callees`, both were planned alike but for
 * vmo_plan_options.results_in_caller. VMO_INPUT_ERROR with a diagnostic (E08xx): an op that has no kernel, an unknown
 * target, a name that no C program could use, no LLVM. *code is then NULL. */
vmo_status vmo_compile_module(vmo_module *module, const vmo_code_options *options, vmo_code **code);
void vmo_destroy_code(vmo_code *code); /* NULL is accepted */

typedef enum vmo_code_form { VMO_CODE_LLVM, VMO_CODE_BITCODE, VMO_CODE_ASSEMBLY, VMO_CODE_OBJECT } vmo_code_form;

/* Whether it calls CBLAS: to be asked for is not to be needed. */
bool vmo_code_needs_blas(const vmo_code *code);

/* Appends the code in that form. `code` stays as it is. */
vmo_status vmo_write_code(vmo_context *context, vmo_code *code, vmo_code_form form, vmo_text *out);

/* ---- C headers, which need no LLVM ---- */

/* Declares the typed functions of a planned module, with what they expect. `title` names where it comes from; `prefix`
 * may be NULL; `blas`: it says that they need CBLAS. */
vmo_status vmo_write_c_header(vmo_module *module, const char *prefix, const char *title, bool blas, vmo_text *out);
/* Only where everything is: bytes and alignment of arenas, offset and bytes of each value, with static asserts, for code
 * that is written by hand or made elsewhere. */
vmo_status vmo_write_c_offsets(vmo_module *module, const char *prefix, const char *title, vmo_text *out);

/* ---- code in this process ---- */

typedef struct vmo_loaded_code vmo_loaded_code;

/* The address of the function for a declared op (vmr_declared_op), or NULL when there is none; nothing else is searched. */
typedef vmr_declared_op (*vmo_find_declared)(void *user, const char *name);

/* Makes the code callable; it must be compiled for this machine. `code` may be destroyed afterwards. VMO_INPUT_ERROR when
 * a declared op has no function, or there is no BLAS. */
vmo_status vmo_load_code(vmo_module *module, vmo_code *code, vmo_find_declared find, void *user,
                         vmo_loaded_code **loaded);
/* NAME_entry and NAME_arenas of a function; NULL when it has none, or was not compiled as one. They live as long as `loaded`. */
vmr_entry vmo_find_entry(const vmo_loaded_code *loaded, vmo_function_id function);
vmr_arenas vmo_find_arenas(const vmo_loaded_code *loaded, vmo_function_id function);
void vmo_unload_code(vmo_loaded_code *loaded); /* NULL is accepted */

/* A library of this machine that has the functions for vmo_code_options.blas, in which vmo_load_code then looks for them;
 * NULL: there is none. */
const char *vmo_find_blas(void);

/* Whether this build has LLVM. */
bool vmo_has_llvm(void);

/* ---- facts that callers need ---- */

/* What a block for an arena of the function must be a multiple of: the plan's alignment, and those of its types. */
uint32_t vmo_arena_alignment(const vmo_module *module, const vmo_function *function);

#endif
