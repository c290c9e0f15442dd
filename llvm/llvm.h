/* llvm.h: all that other folders may use of llvm/: LLVM IR read, analysed, rewritten and written.
 *
 *   vmo_ll_program *program;
 *   vmo_read_llvm(context, sources, count, &program)     text or bitcode, one module or several that are linked
 *   vmo_rewrite_llvm(program, &options, &facts)          or vmo_analyze_llvm: the same without edits
 *   vmo_write_llvm(program, text, out)
 *   vmo_release_llvm(program)
 *
 * The pass plugin has vmo_adopt_llvm in place of the first, for a module that is in memory and stays its host's.
 *
 * What is found is plain data (analysis/sites.h) in the context's arena and outlives the program. */
#ifndef VMO_LLVM_LLVM_H
#define VMO_LLVM_LLVM_H

#include "analysis/analysis.h"
#include "support/text.h"

typedef struct vmo_ll_program vmo_ll_program;

typedef struct vmo_ll_options {
  vmo_bytes max_object;            /* the largest object that is moved to the stack */
  vmo_bytes max_frame;             /* what all of them may take in one function's frame */
  bool whole_program;              /* no code outside of the module calls its functions by name, main apart */
  bool heaps;                      /* group what stays on the heap, and allocate it from heaps of libvmemrt's */
  const char *instrument;          /* with heaps: have the program write a profile to that file instead; NULL: no */
  const vmo_heap_profile *profile; /* with heaps: what such a file told; NULL: none */
} vmo_ll_options;

#define VMO_LL_MAX_OBJECT 1024
#define VMO_LL_MAX_FRAME 4096

/* One module, NUL-terminated at `length`. */
typedef struct vmo_ll_source {
  const char *name; /* for messages */
  const char *bytes;
  size_t length;
} vmo_ll_source;

/* Reads `count` modules, at least one, and links them to one. Places in messages are those of the first, which is the
 * context's source. The program must be released, after failures too when it is not NULL. */
vmo_status vmo_read_llvm(vmo_context *context, const vmo_ll_source *sources, uint32_t count, vmo_ll_program **program);

/* The same for a module in memory, an LLVMModuleRef, which stays its owner's when the program is released. */
vmo_status vmo_adopt_llvm(vmo_context *context, void *module, vmo_ll_program **program);

/* Finds every allocation site and says what would be done with it. Edits nothing. */
vmo_status vmo_analyze_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts);

/* As above, and does it. */
vmo_status vmo_rewrite_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts);

/* Writes the module as text or bitcode. It was verified after its last edit. */
vmo_status vmo_write_llvm(vmo_ll_program *program, bool text, vmo_text *out);

void vmo_release_llvm(vmo_ll_program *program);

#endif
