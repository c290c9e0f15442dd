/* names.c: names from the debug information: the variable that an allocation is for, its type, and parameters.
 *
 * llvm-c does not show debug records, so a variable is found by its line: a function that was optimised lists its variables
 * (DISubprogram's retained nodes), and `node *p = malloc(...)` declares one on the line of the call. If several are
 * declared there, none is told. Parameters head that list; they are told apart from others by their types, which are those
 * of the function. Linear in the variables of a function for each site. */
#include <string.h>

#include "llvm/names.h"

#define MOST_TYPES 16 /* typedefs and qualifiers in a row */

/* ---- nodes ---- */

bool vmo_ll_read_debug_node(LLVMValueRef node, vmo_ll_debug_node *out) {
  out->count = 0;
  if (node == NULL || !LLVMIsAMDNode(node)) return false;
  unsigned count = LLVMGetMDNodeNumOperands(node);
  if (count == 0 || count > VMO_LL_MOST_DEBUG_OPERANDS) return false;
  LLVMGetMDNodeOperands(node, out->operands);
  out->count = count;
  return true;
}

LLVMValueRef vmo_ll_debug_operand(LLVMValueRef node, unsigned index) {
  vmo_ll_debug_node all;
  return vmo_ll_read_debug_node(node, &all) && index < all.count ? all.operands[index] : NULL;
}

static const char *text_of(vmo_context *context, const char *text, size_t length) {
  return text == NULL || length == 0 ? NULL : vmr_arena_copy_text(context->arena, text, length);
}

static bool has_kind(LLVMValueRef node, LLVMMetadataKind kind) {
  return node != NULL && LLVMIsAMDNode(node) && LLVMGetMetadataKind(LLVMValueAsMetadata(node)) == kind;
}

static const char *name_of_variable(vmo_context *context, LLVMValueRef variable) {
  LLVMValueRef name = vmo_ll_debug_operand(variable, VMO_LL_NAME_OF_VARIABLE);
  unsigned length = 0;
  const char *text = name == NULL ? NULL : LLVMGetMDString(name, &length);
  return text_of(context, text, length);
}

/* What a pointer type points to; NULL: it is none. */
LLVMValueRef vmo_ll_debug_target(LLVMValueRef type) {
  for (uint32_t i = 0; i < MOST_TYPES && type != NULL && LLVMIsAMDNode(type); i++) {
    uint16_t tag = LLVMGetDINodeTag(LLVMValueAsMetadata(type));
    if (tag != VMO_LL_TAG_POINTER && tag != VMO_LL_TAG_TYPEDEF && tag != VMO_LL_TAG_CONST && tag != VMO_LL_TAG_VOLATILE)
      return NULL;
    type = vmo_ll_debug_operand(type, VMO_LL_TYPE_OF_TYPE);
    if (tag == VMO_LL_TAG_POINTER) return type;
  }
  return NULL;
}

const char *vmo_ll_debug_type_name(vmo_context *context, LLVMValueRef type) {
  for (uint32_t i = 0; i < MOST_TYPES && type != NULL && LLVMIsAMDNode(type); i++) {
    LLVMMetadataRef node = LLVMValueAsMetadata(type);
    uint16_t tag = LLVMGetDINodeTag(node);
    size_t length = 0;
    if (tag == VMO_LL_TAG_POINTER) return NULL;
    if (tag != VMO_LL_TAG_CONST && tag != VMO_LL_TAG_VOLATILE) {
      const char *name = LLVMDITypeGetName(node, &length);
      return text_of(context, name, length);
    }
    type = vmo_ll_debug_operand(type, VMO_LL_TYPE_OF_TYPE);
  }
  return NULL;
}

/* The function of the source that an instruction comes from; NULL: not known. */
static LLVMValueRef function_of(const vmo_ll_program *program, LLVMValueRef instruction) {
  LLVMMetadataRef location = LLVMInstructionGetDebugLoc(instruction);
  if (location == NULL) return NULL;
  LLVMValueRef scope = LLVMMetadataAsValue(program->llvm, LLVMDILocationGetScope(location));
  for (uint32_t i = 0; i < VMO_LL_MOST_DEBUG_OPERANDS && scope != NULL; i++) {
    if (has_kind(scope, LLVMDISubprogramMetadataKind)) return scope;
    if (!has_kind(scope, LLVMDILexicalBlockMetadataKind) && !has_kind(scope, LLVMDILexicalBlockFileMetadataKind))
      return NULL;
    scope = vmo_ll_debug_operand(scope, VMO_LL_SCOPE_OF_BLOCK);
  }
  return NULL;
}

/* How many of a function's variables are its parameters: they head the list, and have the types of its signature. 0: not
 * known, or none. */
static unsigned count_parameters(LLVMValueRef function, const vmo_ll_debug_node *variables) {
  vmo_ll_debug_node types;
  LLVMValueRef signature =
      vmo_ll_debug_operand(vmo_ll_debug_operand(function, VMO_LL_TYPE_OF_FUNCTION), VMO_LL_TYPES_OF_SIGNATURE);
  if (!vmo_ll_read_debug_node(signature, &types) || variables->count < types.count - 1) return 0;
  for (unsigned i = 0; i + 1 < types.count; i++) /* the result's type comes first */
    if (!has_kind(variables->operands[i], LLVMDILocalVariableMetadataKind) ||
        vmo_ll_debug_operand(variables->operands[i], VMO_LL_TYPE_OF_VARIABLE) != types.operands[i + 1])
      return 0;
  return types.count - 1;
}

LLVMValueRef vmo_ll_find_debug_variable(const vmo_ll_program *program, LLVMValueRef instruction) {
  LLVMValueRef function = function_of(program, instruction), found = NULL;
  unsigned line = LLVMGetDebugLocLine(instruction);
  vmo_ll_debug_node variables;
  if (function == NULL || line == 0 ||
      !vmo_ll_read_debug_node(vmo_ll_debug_operand(function, VMO_LL_VARIABLES_OF_FUNCTION), &variables))
    return NULL;
  for (unsigned i = count_parameters(function, &variables); i < variables.count; i++) {
    LLVMValueRef one = variables.operands[i];
    if (!has_kind(one, LLVMDILocalVariableMetadataKind)) continue;
    if (LLVMDIVariableGetLine(LLVMValueAsMetadata(one)) != line) continue;
    if (found != NULL) return NULL;
    found = one;
  }
  return found;
}

void vmo_find_variable(const vmo_ll_program *program, LLVMValueRef instruction, const char **variable,
                       const char **type) {
  LLVMValueRef found = vmo_ll_find_debug_variable(program, instruction);
  *variable = *type = NULL;
  if (found == NULL) return;
  *type = vmo_ll_debug_type_name(program->context,
                                 vmo_ll_debug_target(vmo_ll_debug_operand(found, VMO_LL_TYPE_OF_VARIABLE)));
  *variable = name_of_variable(program->context, found);
}

/* The variable of a parameter; NULL: not known. */
static LLVMValueRef variable_of_parameter(LLVMValueRef parameter, uint32_t index) {
  LLVMValueRef of = LLVMGetParamParent(parameter);
  LLVMMetadataRef subprogram = LLVMGetSubprogram(of);
  vmo_ll_debug_node variables;
  if (subprogram == NULL) return NULL;
  LLVMContextRef llvm = LLVMGetModuleContext(LLVMGetGlobalParent(of));
  LLVMValueRef function = LLVMMetadataAsValue(llvm, subprogram);
  bool is_known = vmo_ll_read_debug_node(vmo_ll_debug_operand(function, VMO_LL_VARIABLES_OF_FUNCTION), &variables) &&
                  count_parameters(function, &variables) == LLVMCountParams(of);
  return is_known ? variables.operands[index] : NULL;
}

const char *vmo_find_parameter_name(vmo_context *context, LLVMValueRef parameter, uint32_t index) {
  LLVMValueRef variable = variable_of_parameter(parameter, index);
  return variable == NULL ? NULL : name_of_variable(context, variable);
}

LLVMValueRef vmo_ll_debug_type_of_parameter(LLVMValueRef parameter) {
  LLVMValueRef function = LLVMGetParamParent(parameter);
  for (uint32_t i = 0; i < LLVMCountParams(function); i++)
    if (LLVMGetParam(function, i) == parameter)
      return vmo_ll_debug_operand(variable_of_parameter(parameter, i), VMO_LL_TYPE_OF_VARIABLE);
  return NULL;
}
