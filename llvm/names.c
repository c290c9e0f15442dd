/* names.c: names from the debug information: the variable that an allocation is for, its type, and parameters.
 *
 * llvm-c does not show debug records, so a variable is found by its line: a function that was optimised lists its variables
 * (DISubprogram's retained nodes), and `node *p = malloc(...)` declares one on the line of the call. If several are
 * declared there, none is told. Parameters head that list; they are told apart from others by their types, which are those
 * of the function. Linear in the variables of a function for each site. */
#include <string.h>

#include <llvm-c/DebugInfo.h>
#include <llvm/Config/llvm-config.h>

#include "llvm/plan.h"

#define MOST_OPERANDS 256
#define MOST_TYPES 16 /* typedefs and qualifiers in a row */

enum { TAG_POINTER = 0x0f, TAG_TYPEDEF = 0x16, TAG_CONST = 0x26, TAG_VOLATILE = 0x35 }; /* DWARF's */

/* Operands of nodes, as LLVM's DebugInfoMetadata.h has them; those of types begin with more since sizes are among them. */
enum { FIRST_OF_TYPE = LLVM_VERSION_MAJOR >= 22 ? 5 : 3 };
enum { SCOPE_OF_BLOCK = 1, TYPE_OF_FUNCTION = 4, VARIABLES_OF_FUNCTION = 7, TYPES_OF_SIGNATURE = FIRST_OF_TYPE };
enum { NAME_OF_VARIABLE = 1, TYPE_OF_VARIABLE = 3, TYPE_OF_TYPE = FIRST_OF_TYPE };

typedef struct nodes {
  LLVMValueRef operands[MOST_OPERANDS];
  unsigned count;
} nodes;

/* The operands of a node; false: there are none, or too many. */
static bool read_operands(LLVMValueRef node, nodes *out) {
  out->count = 0;
  if (node == NULL || !LLVMIsAMDNode(node)) return false;
  unsigned count = LLVMGetMDNodeNumOperands(node);
  if (count == 0 || count > MOST_OPERANDS) return false;
  LLVMGetMDNodeOperands(node, out->operands);
  out->count = count;
  return true;
}

static LLVMValueRef operand_of(LLVMValueRef node, unsigned index) {
  nodes all;
  return read_operands(node, &all) && index < all.count ? all.operands[index] : NULL;
}

static const char *text_of(vmo_context *context, const char *text, size_t length) {
  return text == NULL || length == 0 ? NULL : vmr_arena_copy_text(context->arena, text, length);
}

static bool has_kind(LLVMValueRef node, LLVMMetadataKind kind) {
  return node != NULL && LLVMIsAMDNode(node) && LLVMGetMetadataKind(LLVMValueAsMetadata(node)) == kind;
}

static const char *name_of_variable(vmo_context *context, LLVMValueRef variable) {
  LLVMValueRef name = operand_of(variable, NAME_OF_VARIABLE);
  unsigned length = 0;
  const char *text = name == NULL ? NULL : LLVMGetMDString(name, &length);
  return text_of(context, text, length);
}

/* What a variable points to, without qualifiers; NULL: no type with a name. */
static const char *name_of_target(vmo_context *context, LLVMValueRef variable) {
  LLVMValueRef type = operand_of(variable, TYPE_OF_VARIABLE);
  bool pointed = false;
  for (uint32_t i = 0; i < MOST_TYPES && type != NULL && LLVMIsAMDNode(type); i++) {
    LLVMMetadataRef node = LLVMValueAsMetadata(type);
    uint16_t tag = LLVMGetDINodeTag(node);
    size_t length = 0;
    if (pointed && tag != TAG_CONST && tag != TAG_VOLATILE) {
      const char *name = tag == TAG_POINTER ? NULL : LLVMDITypeGetName(node, &length);
      return text_of(context, name, length);
    }
    if (!pointed && tag != TAG_POINTER && tag != TAG_TYPEDEF && tag != TAG_CONST && tag != TAG_VOLATILE) return NULL;
    pointed |= tag == TAG_POINTER;
    type = operand_of(type, TYPE_OF_TYPE);
  }
  return NULL;
}

/* The function of the source that an instruction comes from; NULL: not known. */
static LLVMValueRef function_of(const vmo_ll_program *program, LLVMValueRef instruction) {
  LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
  if (location == NULL) return NULL;
  LLVMValueRef scope = LLVMMetadataAsValue(program->llvm, LLVMDILocationGetScope(location));
  for (uint32_t i = 0; i < MOST_OPERANDS && scope != NULL; i++) {
    if (has_kind(scope, LLVMDISubprogramMetadataKind)) return scope;
    if (!has_kind(scope, LLVMDILexicalBlockMetadataKind) && !has_kind(scope, LLVMDILexicalBlockFileMetadataKind))
      return NULL;
    scope = operand_of(scope, SCOPE_OF_BLOCK);
  }
  return NULL;
}

void vmo_find_variable(const vmo_ll_program *program, LLVMValueRef instruction, const char **variable,
                       const char **type) {
  LLVMValueRef function = function_of(program, instruction), found = NULL;
  unsigned line = LLVMGetDebugLocLine(instruction);
  nodes variables;
  *variable = *type = NULL;
  if (function == NULL || line == 0 || !read_operands(operand_of(function, VARIABLES_OF_FUNCTION), &variables)) return;
  for (unsigned i = 0; i < variables.count; i++) {
    LLVMValueRef one = variables.operands[i];
    if (!has_kind(one, LLVMDILocalVariableMetadataKind)) continue;
    if (LLVMDIVariableGetLine(LLVMValueAsMetadata(one)) != line) continue;
    if (found != NULL) return;
    found = one;
  }
  if (found == NULL) return;
  *type = name_of_target(program->context, found);
  *variable = name_of_variable(program->context, found);
}

const char *vmo_find_parameter_name(vmo_context *context, LLVMValueRef parameter, uint32_t index) {
  LLVMValueRef of = LLVMGetParamParent(parameter);
  LLVMMetadataRef subprogram = LLVMGetSubprogram(of);
  nodes variables, types;
  if (subprogram == NULL) return NULL;
  LLVMContextRef llvm = LLVMGetModuleContext(LLVMGetGlobalParent(of));
  LLVMValueRef function = LLVMMetadataAsValue(llvm, subprogram);
  LLVMValueRef signature = operand_of(operand_of(function, TYPE_OF_FUNCTION), TYPES_OF_SIGNATURE);
  if (!read_operands(signature, &types) || !read_operands(operand_of(function, VARIABLES_OF_FUNCTION), &variables))
    return NULL;
  uint32_t count = LLVMCountParams(of);
  if (types.count != count + 1 || variables.count < count) return NULL; /* types: the result comes first */
  for (uint32_t i = 0; i < count; i++)
    if (!has_kind(variables.operands[i], LLVMDILocalVariableMetadataKind) ||
        operand_of(variables.operands[i], TYPE_OF_VARIABLE) != types.operands[i + 1])
      return NULL;
  return name_of_variable(context, variables.operands[index]);
}
