/* libc.c: looks things up in the table of libc functions (libc_table.def).
 *
 * Names are found by bisection. Of an intrinsic the types at its name's end are dropped: llvm.memcpy.p0.p0.i64 is
 * llvm.memcpy. A declaration with another shape than the row's (a K&R malloc that returns int) is not that function.
 *
 * Functions that are not there get a row when attributes of their declaration say what they allocate or free:
 *
 *   declare noalias ptr @get(i64) allockind("alloc,uninitialized") allocsize(0)     as malloc
 *   declare void @put(ptr allocptr) allockind("free")                               as free
 *   declare noalias ptr @fetch(ptr, i64) allocsize(1)                               gives a fresh object, keeps the pointer */
#include "llvm/libc.h"

#include <string.h>

static const vmo_libc_row rows[] = {
#define VMO_LIBC(name, result, arguments, kind) {name, result, arguments, VMO_LIBC_##kind},
#include "llvm/libc_table.def"
#undef VMO_LIBC
};

static const vmo_libc_row *find_exactly(const char *name, size_t length) {
  size_t low = 0, high = sizeof rows / sizeof *rows;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strncmp(rows[middle].name, name, length);
    if (order == 0 && rows[middle].name[length] != '\0') order = 1;
    if (order == 0) return &rows[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const vmo_libc_row *vmo_find_libc(const char *name) {
  size_t length = strlen(name);
  if (strncmp(name, "llvm.", 5) != 0) return find_exactly(name, length);
  while (length > 5) {
    const vmo_libc_row *row = find_exactly(name, length);
    if (row != NULL) return row;
    do length--;
    while (length > 5 && name[length] != '.');
  }
  return NULL;
}

vmo_libc_effect vmo_libc_effect_of(const vmo_libc_row *row, uint32_t index) {
  size_t length = strlen(row->arguments);
  bool repeats = length > 0 && row->arguments[length - 1] == '*';
  size_t fixed = repeats ? length - 1 : length;
  if (index < fixed) return (vmo_libc_effect)row->arguments[index];
  return repeats ? (vmo_libc_effect)row->arguments[fixed - 1] : VMO_EFFECT_CAPTURE;
}

bool vmo_libc_allocates(const vmo_libc_row *row) {
  if (row == NULL) return false;
  return row->result == 'n' || strchr(row->arguments, VMO_EFFECT_FRESH) != NULL ||
         strchr(row->arguments, VMO_EFFECT_GROW) != NULL;
}

bool vmo_libc_calls_back(const vmo_libc_row *row) { return strchr(row->arguments, VMO_EFFECT_CALLED) != NULL; }

bool vmo_libc_has_no_address(LLVMValueRef text) {
  size_t length;
  if (LLVMIsAGlobalVariable(text) == NULL || !LLVMIsGlobalConstant(text)) return false;
  LLVMValueRef words = LLVMGetInitializer(text);
  if (words == NULL || !LLVMIsConstantString(words)) return words != NULL && LLVMIsNull(words);
  const char *at = LLVMGetAsString(words, &length), *end = at + length;
  while (at < end) {
    if (*at++ != '%') continue;
    while (at < end && *at != '\0' && strchr("#0- +'123456789.*$hlqjztLI", *at) != NULL) at++;
    if (at < end && *at++ == 'p') return false;
  }
  return true;
}

bool vmo_libc_jumps(const char *name) {
  static const char *const names[] = {"__longjmp_chk", "__sigsetjmp", "_longjmp",   "_setjmp",
                                      "longjmp",       "setjmp",      "siglongjmp", "sigsetjmp"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

bool vmo_libc_fits(const vmo_libc_row *row, LLVMTypeRef type) {
  LLVMTypeRef parameters[8];
  unsigned count = LLVMCountParamTypes(type);
  bool pointer_result = row->result == 'n' || row->result == 'u' || row->result == 'p';
  if (pointer_result && LLVMGetTypeKind(LLVMGetReturnType(type)) != LLVMPointerTypeKind) return false;
  if (count > 8) return false;
  LLVMGetParamTypes(type, parameters);
  bool repeats = strchr(row->arguments, '*') != NULL;
  if (!repeats && count != strlen(row->arguments)) return false;
  for (unsigned i = 0; i < count; i++) {
    bool pointer = LLVMGetTypeKind(parameters[i]) == LLVMPointerTypeKind;
    if (!pointer && vmo_libc_effect_of(row, i) != VMO_EFFECT_NUMBER && !(repeats && i > 0)) return false;
  }
  return true;
}

bool vmo_libc_is_callable(LLVMModuleRef module, const char *name, LLVMTypeRef type) {
  LLVMValueRef function = LLVMGetNamedFunction(module, name);
  if (function == NULL) return LLVMGetNamedGlobal(module, name) == NULL;
  return LLVMIsDeclaration(function) && LLVMGlobalGetValueType(function) == type;
}

/* ---- attributes of declarations ---- */

#define MOST_PARAMETERS 8
#define LONGEST_NAME 40 /* helpers have it in their names */

enum {
  KIND_ALLOC = 1,
  KIND_REALLOC = 2,
  KIND_FREE = 4,
  KIND_ZEROED = 16,
  KIND_ALIGNED = 32
}; /* as LLVM's AllocFnKind */

static bool attribute_of(LLVMValueRef function, unsigned index, const char *name, uint64_t *value) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAttributeRef attribute = kind == 0 ? NULL : LLVMGetEnumAttributeAtIndex(function, index, kind);
  *value = attribute == NULL ? 0 : LLVMGetEnumAttributeValue(attribute);
  return attribute != NULL;
}

/* malloc, calloc, or none whose arguments are known. */
static vmo_libc_kind kind_of_allocator(LLVMValueRef function, uint64_t kind, unsigned parameters) {
  uint64_t sizes, alignment;
  if (!attribute_of(function, (unsigned)LLVMAttributeFunctionIndex, "allocsize", &sizes)) return VMO_LIBC_DECLARED;
  if (attribute_of(function, LLVMAttributeReturnIndex, "align", &alignment) && alignment > 16) return VMO_LIBC_DECLARED;
  if ((kind & KIND_ALLOC) == 0 || (kind & KIND_ALIGNED) != 0) return VMO_LIBC_DECLARED;
  uint32_t size = (uint32_t)(sizes >> 32), count = (uint32_t)sizes; /* arguments; no count: all bits set */
  if ((kind & KIND_ZEROED) != 0) return parameters == 2 && size + count == 1 ? VMO_LIBC_CALLOC : VMO_LIBC_DECLARED;
  return parameters == 1 && size == 0 && count == UINT32_MAX ? VMO_LIBC_MALLOC : VMO_LIBC_DECLARED;
}

/* Pointers are kept, but for one that is freed; the letters have room for MOST_PARAMETERS. */
static void find_letters(LLVMValueRef function, unsigned parameters, char *letters) {
  uint64_t value;
  for (unsigned i = 0; i < parameters; i++) {
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(LLVMGetParam(function, i))) == LLVMPointerTypeKind;
    letters[i] = pointer ? VMO_EFFECT_CAPTURE : VMO_EFFECT_NUMBER;
    if (pointer && attribute_of(function, i + 1, "allocptr", &value)) letters[i] = VMO_EFFECT_FREE;
  }
  letters[parameters] = '\0';
}

bool vmo_make_libc_row(vmr_arena *arena, LLVMValueRef function, const char *name, const vmo_libc_row **row) {
  uint64_t kind, unused;
  LLVMTypeRef type = LLVMGlobalGetValueType(function), result = LLVMGetReturnType(type);
  unsigned parameters = LLVMCountParams(function);
  char letters[MOST_PARAMETERS + 1];
  *row = NULL;
  if (parameters == 0 || parameters > MOST_PARAMETERS || LLVMIsFunctionVarArg(type) || strlen(name) > LONGEST_NAME)
    return true;
  bool known = attribute_of(function, (unsigned)LLVMAttributeFunctionIndex, "allockind", &kind);
  bool fresh = attribute_of(function, LLVMAttributeReturnIndex, "noalias", &unused) &&
               attribute_of(function, (unsigned)LLVMAttributeFunctionIndex, "allocsize", &unused);
  bool gives = LLVMGetTypeKind(result) == LLVMPointerTypeKind && (fresh || (kind & (KIND_ALLOC | KIND_REALLOC)) != 0);
  bool takes = LLVMGetTypeKind(result) == LLVMVoidTypeKind && (kind & KIND_FREE) != 0;
  if (!gives && !(known && takes)) return true;
  find_letters(function, parameters, letters);
  bool frees = letters[0] == VMO_EFFECT_FREE;
  if (frees != (takes || (kind & KIND_REALLOC) != 0)) return true;
  vmo_libc_row *made = vmr_arena_alloc_array(arena, 1, sizeof *made);
  const char *copy = vmr_arena_copy_text(arena, letters, parameters);
  if (made == NULL || copy == NULL) return false;
  *made = (vmo_libc_row){.name = name, .result = gives ? 'n' : '-', .arguments = copy, .kind = VMO_LIBC_FREE};
  if (gives) made->kind = kind_of_allocator(function, kind, parameters);
  *row = made;
  return true;
}
