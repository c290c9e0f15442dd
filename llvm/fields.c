/* fields.c: the field that an allocation's pointer is stored into, from the debug information: `list.head`, `table.rows[]`.
 *
 * After optimisation an address is a base and a number of bytes, so the field is found backwards: what the base points to
 * is known by the type of a parameter, of a global variable, of the variable on the line of another allocation, or
 * of the field that it was itself read from; then the bytes lead through structures and arrays down to a pointer. A few
 * steps of each, whatever the program. */
#include <string.h>

#include "llvm/names.h"

#define MOST_USES 64
#define MOST_BASES 4  /* fields read one from the other */
#define MOST_LEVELS 8 /* structures within structures */

/* What an address leads to: a type with a name to begin the path with, and how far into it. */
typedef struct place {
  LLVMValueRef type;
  const char *name; /* of the variable, where it is one; NULL: the type's own */
  int64_t offset;
} place;

static uint16_t tag_of(LLVMValueRef type) {
  return type != NULL && LLVMIsAMDNode(type) ? LLVMGetDINodeTag(LLVMValueAsMetadata(type)) : 0;
}

/* Without names and qualifiers. */
static LLVMValueRef strip(LLVMValueRef type) {
  for (int i = 0; i < MOST_LEVELS; i++) {
    uint16_t tag = tag_of(type);
    if (tag != VMO_LL_TAG_TYPEDEF && tag != VMO_LL_TAG_CONST && tag != VMO_LL_TAG_VOLATILE) break;
    type = vmo_ll_debug_operand(type, VMO_LL_TYPE_OF_TYPE);
  }
  return type;
}

static int64_t bytes_of(LLVMValueRef type) { return (int64_t)(LLVMDITypeGetSizeInBits(LLVMValueAsMetadata(type)) / 8); }

/* ---- from a type and an offset to a field ---- */

static LLVMValueRef member_at(LLVMValueRef structure, int64_t *offset) {
  vmo_ll_debug_node members;
  if (!vmo_ll_read_debug_node(vmo_ll_debug_operand(structure, VMO_LL_MEMBERS_OF_TYPE), &members)) return NULL;
  for (unsigned i = 0; i < members.count; i++) {
    if (tag_of(members.operands[i]) != VMO_LL_TAG_MEMBER) continue;
    int64_t begin = (int64_t)(LLVMDITypeGetOffsetInBits(LLVMValueAsMetadata(members.operands[i])) / 8);
    if (*offset < begin || *offset >= begin + bytes_of(members.operands[i])) continue;
    *offset -= begin;
    return members.operands[i];
  }
  return NULL;
}

/* Goes on to the member or element at the offset; false: there is none. */
static bool descend(LLVMValueRef *type, int64_t *offset, vmo_text *path) {
  uint16_t tag = tag_of(*type);
  if (tag == VMO_LL_TAG_ARRAY) {
    LLVMValueRef element = strip(vmo_ll_debug_operand(*type, VMO_LL_TYPE_OF_TYPE));
    if (tag_of(element) == 0 || bytes_of(element) <= 0 || *offset < 0) return false;
    *offset %= bytes_of(element);
    vmo_text_add(path, "[]");
    *type = element;
    return true;
  }
  size_t length = 0;
  LLVMValueRef member = member_at(*type, offset);
  const char *name = member == NULL ? NULL : LLVMDITypeGetName(LLVMValueAsMetadata(member), &length);
  if (member == NULL) return false;
  if (name != NULL && length > 0) { /* one without a name is looked through, as in C */
    vmo_text_add_char(path, '.');
    vmo_text_add_utf8(path, name, length);
  }
  *type = strip(vmo_ll_debug_operand(member, VMO_LL_TYPE_OF_TYPE));
  return true;
}

/* The type of the pointer at a place, and in `path` how it is called; NULL: there is none, or not all is known. */
static LLVMValueRef pointer_at(vmo_context *context, const place *at, vmo_text *path) {
  const char *name = at->name != NULL ? at->name : vmo_ll_debug_type_name(context, at->type);
  LLVMValueRef type = strip(at->type);
  int64_t offset = at->offset;
  if (name == NULL) return NULL;
  vmo_text_add_utf8(path, name, strlen(name));
  for (int level = 0; level < MOST_LEVELS; level++) {
    uint16_t tag = tag_of(type);
    if (tag == VMO_LL_TAG_POINTER) return offset == 0 ? type : NULL;
    if (tag != VMO_LL_TAG_STRUCTURE && tag != VMO_LL_TAG_UNION && tag != VMO_LL_TAG_ARRAY) return NULL;
    if (!descend(&type, &offset, path)) return NULL;
  }
  return NULL;
}

/* ---- from an address to a type ---- */

static bool find_global(vmo_context *context, LLVMContextRef llvm, LLVMValueRef global, place *at) {
  size_t count = 0, length = 0;
  LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(global, &count);
  LLVMMetadataRef variable = NULL;
  for (size_t i = 0; i < count && variable == NULL; i++) {
    LLVMMetadataRef one = LLVMValueMetadataEntriesGetMetadata(entries, (unsigned)i);
    if (LLVMGetMetadataKind(one) == LLVMDIGlobalVariableExpressionMetadataKind)
      variable = LLVMDIGlobalVariableExpressionGetVariable(one);
  }
  LLVMDisposeValueMetadataEntries(entries);
  if (variable == NULL) return false;
  at->type = vmo_ll_debug_operand(LLVMMetadataAsValue(llvm, variable), VMO_LL_TYPE_OF_VARIABLE);
  const char *name = LLVMGetValueName2(global, &length);
  at->name = vmr_arena_copy_text(context->arena, name, length);
  return at->type != NULL && at->name != NULL;
}

/* Takes constant offsets off an address. False: it is an element of an array, or a pointer of no known place. */
static bool strip_offsets(const vmo_ll_program *program, LLVMValueRef *address, int64_t *offset) {
  for (int i = 0; i < MOST_LEVELS; i++) {
    bool is_element = LLVMIsAGetElementPtrInst(*address) != NULL;
    bool is_constant = LLVMIsAConstantExpr(*address) != NULL && LLVMGetConstOpcode(*address) == LLVMGetElementPtr;
    if (!is_element && !is_constant) return true;
    int64_t bytes;
    uint32_t stride;
    vmo_ll_sum_indices(program, *address, &bytes, &stride);
    if (stride > 0) return false;
    *offset += bytes;
    *address = LLVMGetOperand(*address, 0);
  }
  return false;
}

/* What an address points into. A pointer that was read from a field points to what that field's type says: so `addresses`,
 * from the last back to the first, each of which is read to get the next. */
static bool find_place(const vmo_ll_program *program, LLVMValueRef address, place *at) {
  vmo_context *context = program->context;
  int64_t offsets[MOST_BASES];
  int reads = 0;
  for (;; reads++) {
    if (reads == MOST_BASES) return false;
    offsets[reads] = 0;
    if (!strip_offsets(program, &address, &offsets[reads])) return false;
    if (!LLVMIsALoadInst(address)) break;
    address = LLVMGetOperand(address, 0);
  }
  *at = (place){.offset = offsets[reads]};
  if (LLVMIsAGlobalVariable(address)) {
    if (!find_global(context, program->llvm, address, at)) return false;
  } else if (LLVMIsAArgument(address)) {
    at->type = vmo_ll_debug_target(vmo_ll_debug_type_of_parameter(address));
  } else if (LLVMIsACallInst(address)) {
    LLVMValueRef variable = vmo_ll_find_debug_variable(program, address);
    at->type = variable == NULL ? NULL : vmo_ll_debug_target(vmo_ll_debug_operand(variable, VMO_LL_TYPE_OF_VARIABLE));
  }
  while (at->type != NULL && reads > 0) {
    vmo_text passed;
    vmo_text_init(&passed);
    *at = (place){vmo_ll_debug_target(pointer_at(context, at, &passed)), NULL, offsets[--reads]};
    vmo_text_free(&passed);
  }
  return at->type != NULL;
}

/* The field that a store writes its pointer to; NULL: not known. */
static const char *field_of_store(const vmo_ll_program *program, LLVMValueRef store, const char **type) {
  vmo_context *context = program->context;
  const char *field = NULL;
  vmo_text path;
  place at;
  if (!find_place(program, LLVMGetOperand(store, 1), &at)) return NULL;
  vmo_text_init(&path);
  LLVMValueRef pointer = pointer_at(context, &at, &path);
  if (pointer != NULL && !vmo_text_failed(&path)) field = vmr_arena_copy_text(context->arena, path.data, path.count);
  if (field != NULL) *type = vmo_ll_debug_type_name(context, vmo_ll_debug_target(pointer));
  vmo_text_free(&path);
  return field;
}

void vmo_find_field(const vmo_ll_program *program, LLVMValueRef allocation, const char **field, const char **type) {
  int uses = 0;
  *field = *type = NULL;
  for (LLVMUseRef use = LLVMGetFirstUse(allocation); use != NULL && uses < MOST_USES; use = LLVMGetNextUse(use)) {
    LLVMValueRef store = LLVMGetUser(use);
    const char *found_type = NULL;
    uses++;
    if (!LLVMIsAStoreInst(store) || LLVMGetOperand(store, 0) != allocation) continue;
    const char *found = field_of_store(program, store, &found_type);
    if (found == NULL) continue;
    *field = found; /* uses are listed from the last that was made to the first */
    *type = found_type;
  }
}
