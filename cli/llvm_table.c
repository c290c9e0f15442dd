/* llvm_table.c: the table by which the tool finds what is in the module that needs LLVM. */
#include "cli/llvm_table.h"

__attribute__((visibility("default"))) const vmo_llvm_table vmo_llvm_functions = {.version = VMO_VERSION,
                                                                                  .bytes = sizeof(vmo_llvm_table),
#define MEMBER(name) .name = name,
                                                                                  VMO_LLVM_FUNCTIONS(MEMBER)
#undef MEMBER
};
