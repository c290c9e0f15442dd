/* names.h: nodes of the debug information, which llvm-c shows as values of metadata. Private to llvm/. */
#ifndef VMO_LLVM_NAMES_H
#define VMO_LLVM_NAMES_H

#include <llvm-c/DebugInfo.h>
#include <llvm/Config/llvm-config.h>

#include "llvm/plan.h"

#define VMO_LL_MOST_DEBUG_OPERANDS 256

/* DWARF's tags of types. */
enum {
  VMO_LL_TAG_ARRAY = 0x01,
  VMO_LL_TAG_MEMBER = 0x0d,
  VMO_LL_TAG_POINTER = 0x0f,
  VMO_LL_TAG_STRUCTURE = 0x13,
  VMO_LL_TAG_TYPEDEF = 0x16,
  VMO_LL_TAG_UNION = 0x17,
  VMO_LL_TAG_CONST = 0x26,
  VMO_LL_TAG_VOLATILE = 0x35
};

/* Operands of nodes, as LLVM's DebugInfoMetadata.h has them; those of types begin with more since sizes are among them. */
enum {
  VMO_LL_FIRST_OF_TYPE = LLVM_VERSION_MAJOR >= 22 ? 5 : 3,
  VMO_LL_TYPE_OF_TYPE = VMO_LL_FIRST_OF_TYPE,
  VMO_LL_TYPES_OF_SIGNATURE = VMO_LL_FIRST_OF_TYPE,
  VMO_LL_MEMBERS_OF_TYPE = VMO_LL_FIRST_OF_TYPE + 1,
  VMO_LL_SCOPE_OF_BLOCK = 1,
  VMO_LL_TYPE_OF_FUNCTION = 4,
  VMO_LL_VARIABLES_OF_FUNCTION = 7,
  VMO_LL_NAME_OF_VARIABLE = 1,
  VMO_LL_TYPE_OF_VARIABLE = 3
};

typedef struct vmo_ll_debug_node {
  LLVMValueRef operands[VMO_LL_MOST_DEBUG_OPERANDS];
  unsigned count;
} vmo_ll_debug_node;

/* The operands of a node; false: there are none, or too many. */
bool vmo_ll_read_debug_node(LLVMValueRef node, vmo_ll_debug_node *out);
/* NULL: there are not as many. */
LLVMValueRef vmo_ll_debug_operand(LLVMValueRef node, unsigned index);
/* What a pointer type points to; NULL: it is none. */
LLVMValueRef vmo_ll_debug_target(LLVMValueRef type);
/* The name of a type, without qualifiers; NULL: it has none. */
const char *vmo_ll_debug_type_name(vmo_context *context, LLVMValueRef type);
/* The only variable that is declared on the line of an instruction; NULL: none, or several. */
LLVMValueRef vmo_ll_find_debug_variable(const vmo_ll_program *program, LLVMValueRef instruction);
/* NULL: not known. */
LLVMValueRef vmo_ll_debug_type_of_parameter(LLVMValueRef parameter);

#endif
