/* structures_texts.c: addresses that become text, of which the program may make pointers again.
 *
 * Where a number may become a pointer (a union or memcpy may make one of it, too, and no instruction tells), or scanf may read one, what
 * printf prints by %p or as a number that was an address is hidden: nothing tells to what the pointer leads that is made of the text. A function that hands its further
 * arguments on (vsprintf), with a text that it was given, is looked at as printf is: at each of its calls, with the text of
 * that call. All of these must be seen; else, and of any other list of arguments, whatever it leads to is hidden.
 *
 *   tell("%s: %d\n", name, n);          void tell(const char *text, ...) { va_start(list, text);
 *        no address is printed                                             vfprintf(stderr, text, list); ...
 *
 * Linear in the program. */
#include <string.h>

#include "llvm/points_to.h"
#include "llvm/structures_find.h"

/* Whether it is a scanf that may read an address. */
static bool scans_address(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  const vmo_ll_function *callee = call->callee == VMO_NONE ? NULL : &program->functions.data[call->callee];
  if (callee == NULL || vmo_ll_is_defined(callee) || strstr(callee->name, "scanf") == NULL) return false;
  const char *received = callee->libc == NULL ? NULL : strchr(callee->libc->arguments, VMO_EFFECT_RECEIVE);
  if (received == NULL) return true; /* vsscanf */
  return !vmo_libc_has_no_address(LLVMGetOperand(call->ref, (unsigned)(received - callee->libc->arguments) - 1));
}

/* Whether it makes a number with room for an address of a text: strtoul, atol, wcstoull and others. */
static bool makes_number(const vmo_ll_function *function) {
  static const char *const names[] = {"strto", "ato", "wcsto"};
  if (vmo_ll_is_defined(function)) return false;
  LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(function->ref));
  if (LLVMGetTypeKind(result) != LLVMIntegerTypeKind || LLVMGetIntTypeWidth(result) < 8 * VMO_LL_POINTER_BYTES)
    return false;
  const char *name = strncmp(function->name, "__isoc23_", 9) == 0 ? function->name + 9 : function->name;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
  return false;
}

/* Whether all that is used of a number is its lower half, as of atoi's, which clang makes strtol's. */
static bool is_cut(LLVMValueRef number) {
  for (LLVMUseRef use = LLVMGetFirstUse(number); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsATruncInst(user) || LLVMGetIntTypeWidth(LLVMTypeOf(user)) > 4 * VMO_LL_POINTER_BYTES) return false;
  }
  return true;
}

static bool is_called(LLVMValueRef function, LLVMValueRef user) {
  if (!LLVMIsACallInst(user) || LLVMGetCalledValue(user) != function) return false;
  for (unsigned i = 0; i < LLVMGetNumArgOperands(user); i++)
    if (LLVMGetOperand(user, i) == function) return false;
  return true;
}

static bool reads_number(const vmo_ll_function *function) {
  if (!makes_number(function)) return false;
  for (LLVMUseRef use = LLVMGetFirstUse(function->ref); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!is_called(function->ref, user) || !is_cut(user)) return true;
  }
  return false;
}

bool vmo_ll_reads_addresses(const vmo_ll_program *program) {
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (reads_number(&program->functions.data[f])) return true;
  for (uint32_t i = 0; i < program->instructions.count; i++) {
    const vmo_ll_instruction *instruction = &program->instructions.data[i];
    if (instruction->opcode == LLVMIntToPtr || scans_address(program, instruction)) return true;
  }
  return false;
}

/* ---- functions that print what they are given ---- */

/* The parameter of a function that a value is; VMO_NONE: none. */
static uint32_t parameter_of(const vmo_ll_function *function, LLVMValueRef value) {
  for (uint32_t i = 0; i < function->parameter_count; i++)
    if (LLVMGetParam(function->ref, i) == value) return i;
  return VMO_NONE;
}

/* The argument of a call that is the list of what is to be printed; VMO_NONE: there is none. The text stands before it. */
static uint32_t list_argument(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  const vmo_libc_row *row = call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
  const char *list = row == NULL ? NULL : strchr(row->arguments, VMO_EFFECT_LIST);
  uint32_t index = list == NULL ? VMO_NONE : (uint32_t)(list - row->arguments);
  return index < call->operand_count ? index : VMO_NONE;
}

static void find_text(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  bool seen = function->variadic && !function->address_taken && !vmo_ll_is_entered(finder, id) &&
              vmo_ll_is_known(finder, function);
  for (uint32_t i = function->first; seen && i < function->first + function->count; i++) {
    const vmo_ll_instruction *call = &finder->program->instructions.data[i];
    uint32_t list = list_argument(finder->program, call);
    if (list == VMO_NONE || finder->texts[id] != VMO_NONE) continue;
    finder->texts[id] = parameter_of(function, LLVMGetOperand(call->ref, list - 1));
  }
}

bool vmo_ll_find_texts(vmo_ll_finder *finder) {
  uint32_t functions = finder->program->functions.count;
  finder->texts = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof *finder->texts);
  if (finder->texts == NULL) return false;
  for (uint32_t f = 0; f < functions; f++) {
    finder->texts[f] = VMO_NONE;
    find_text(finder, f);
  }
  return true;
}

/* ---- what is printed ---- */

void vmo_ll_read_print(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t text) {
  if (!finder->reads_addresses || text >= call->operand_count) return;
  bool addresses = !vmo_libc_has_no_address(LLVMGetOperand(call->ref, text));
  for (uint32_t i = text + 1; i < call->operand_count && i < finder->arguments.count; i++) {
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(call->ref, i))) == LLVMPointerTypeKind;
    if (addresses || !pointer) vmo_ll_expose(&finder->graph, finder->arguments.data[i], VMO_ESCAPE_INTEGER, finder->at);
  }
}

void vmo_ll_read_print_list(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t list) {
  if (!finder->reads_addresses || list >= finder->arguments.count) return;
  uint32_t text = finder->texts[finder->function];
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  if (text != VMO_NONE && LLVMGetOperand(call->ref, list - 1) == LLVMGetParam(function->ref, text)) return;
  vmo_ll_expose_content(&finder->graph, finder->arguments.data[list], VMO_ESCAPE_INTEGER, finder->at);
}
