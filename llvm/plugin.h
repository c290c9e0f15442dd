/* plugin.h: between the two halves of the pass plugin: plugin.cpp, which LLVM calls, and cli/pass.c, which does the work
 * and writes reports. Plain C, so that only registration is C++. */
#ifndef VMO_LLVM_PLUGIN_H
#define VMO_LLVM_PLUGIN_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vmo_pass_outcome {
  VMO_PASS_UNCHANGED,
  VMO_PASS_CHANGED, /* the module was rewritten */
  VMO_PASS_FAILED   /* messages are on standard error; the compilation must not go on */
} vmo_pass_outcome;

/* A remark about an allocation site; `file` NULL: its place is not known. */
typedef struct vmo_pass_remark {
  char kind; /* 'P' passed, 'M' missed, 'A' analysis */
  const char *name, *function, *words, *file;
  unsigned line, column;
} vmo_pass_remark;

typedef struct vmo_pass_host {
  const char *source;     /* the module's name, for reports */
  unsigned pointer_bytes; /* of the machine */
  bool all; /* the module is all that will be linked, or as much as its author wants rewritten: heaps may be made */
  void (*remark)(void *user, const vmo_pass_remark *remark);
  void *user;
} vmo_pass_host;

/* Rewrites an LLVMModuleRef as VMEMOPT_OPTIONS in the environment says, and writes the reports that it asks for. */
vmo_pass_outcome vmo_run_pass(void *module, const vmo_pass_host *host);

/* Says that the pass is for one LLVM and was loaded by a program of another; 0: one before 16, which does not tell. */
void vmo_refuse_host(unsigned major, unsigned host_major);

#ifdef __cplusplus
}
#endif
#endif
