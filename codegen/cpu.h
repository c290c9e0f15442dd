/* cpu.h: what is known of CPUs by name; cpu.cpp. Private to codegen/. */
#ifndef VMO_CODEGEN_CPU_H
#define VMO_CODEGEN_CPU_H

#include <stdbool.h>
#include <stddef.h>

#include <llvm-c/TargetMachine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the target of the triple has a CPU, and a feature, of that name. */
bool vmo_has_cpu(LLVMTargetRef target, const char *triple, const char *name);
bool vmo_has_feature(LLVMTargetRef target, const char *triple, const char *name, size_t length);

#ifdef __cplusplus
}
#endif

#endif
