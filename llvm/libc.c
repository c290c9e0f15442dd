/* libc.c: looks things up in the table of libc functions (libc_table.def).
 *
 * Names are found by bisection. Of an intrinsic the types at its name's end are dropped: llvm.memcpy.p0.p0.i64 is
 * llvm.memcpy. A declaration with another shape than the row's (a K&R malloc that returns int) is not that function. */
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

bool vmo_libc_calls_back(const vmo_libc_row *row) { return strchr(row->arguments, VMO_EFFECT_CALLED) != NULL; }

bool vmo_libc_fits(const vmo_libc_row *row, LLVMTypeRef type) {
  LLVMTypeRef parameters[8];
  unsigned count = LLVMCountParamTypes(type);
  bool pointer_result = row->result == 'n' || row->result == 'u';
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
