/* structures_find.h: the state of structures.c while it reads a program into a graph. Private to llvm/.
 *
 *   values     a place for each value of each function that may hold a pointer, made when it is first asked for
 *   returned   by function: what it returns
 *   variadic   by function: what its callers hand over beyond the parameters
 *   made       by instruction: the node of the objects that an allocation call makes */
#ifndef VMO_LLVM_STRUCTURES_FIND_H
#define VMO_LLVM_STRUCTURES_FIND_H

#include <string.h>

#include "llvm/libc.h"
#include "llvm/structures.h"
#include "llvm/structures_graph.h"

typedef struct vmo_ll_global {
  LLVMValueRef ref;
  vmo_ll_place place;
} vmo_ll_global;

/* Who calls whom, calls through pointers and of functions that are handed to libraries too. */
typedef struct vmo_ll_calls {
  uint32_t *first, *targets;                 /* by function */
  uint32_t *pointer_first, *pointer_targets; /* by pointer call: functions that it may mean */
  uint8_t *pointer_unknown; /* by pointer call: or others, that are not seen (VMO_ESCAPE_CALL), or hidden (_INTEGER) */
  uint8_t *entered;    /* by function: code that is not seen may call it, or a call of what was a number; as above */
  bool *calls_unknown; /* by function: it may call code that is not seen */
  bool *reached;       /* by function: it may run at all */
  vmo_ll_groups groups;
} vmo_ll_calls;

typedef struct vmo_ll_copies vmo_ll_copies;

/* Whether bytes of a value may become a pointer, or reach memory or another function. Quotients and remainders, and numbers that
 * become ones with fractions or text, do not ask for what was put together of small numbers: sums over texts are often divided. */
typedef enum vmo_ll_keeping {
  VMO_LL_NOT_KEPT,
  VMO_LL_KEPT_WHOLE, /* by way of such a number, if its operand has room for a pointer */
  VMO_LL_TOLD,       /* by what they choose (structures_digits.c): narrow numbers that are loaded are not asked for */
  VMO_LL_KEPT
} vmo_ll_keeping;

typedef struct vmo_ll_finder {
  vmo_ll_program *program;
  bool whole_program, accesses, results;
  bool reads_addresses; /* a number that was read from a text may become a pointer */
  bool hides_all;       /* some object is hidden, and what is stored by its address as a number is, too: any object */
  bool gives_all;       /* the same, where hidden objects are external: what is stored by addresses that were numbers */
  vmr_arena *arena;
  vmo_ll_graph graph;
  uint32_t *value_first; /* by function: into values, kept and wide */
  vmo_ll_place *values;
  uint8_t *kept; /* by value: a vmo_ll_keeping */
  bool *wide;    /* by value: it is more than an address of bytes that hold no pointer */
  vmo_ll_place *returned, *variadic, *functions;
  uint32_t *made;
  vmo_ll_place text, thread_result; /* what strtok and ends of threads keep; nowhere: nothing yet */
  VMO_VEC(vmo_ll_global) globals;
  vmo_hash_index global_index;
  uint32_t globals_read;           /* whose initial values are in the graph */
  VMO_VEC(uint32_t) pointer_calls; /* instructions */
  uint32_t *texts; /* by function: the parameter by which it prints its further arguments; VMO_NONE: none is known */
  bool *narrow;    /* by value: a parameter without room for a pointer */
  vmo_ll_calls *calls;             /* who calls whom, when it is known; then contexts are kept apart */
  vmo_ll_copies *copies;           /* the room for them */
  VMO_VEC(vmo_ll_place) arguments; /* of the call being read */
  uint32_t function;               /* being read */
  uint32_t at;                     /* instruction being read */
} vmo_ll_finder;

/* The id of a value in the arrays. */
static inline uint32_t vmo_ll_value_index(const vmo_ll_finder *finder, uint32_t function, uint32_t value) {
  return finder->value_first[function] + value;
}

static inline bool vmo_ll_is_main(const vmo_ll_function *function) { return strcmp(function->name, "main") == 0; }

/* Whether others call a function by its name. (structures.c) */
bool vmo_ll_is_entered(const vmo_ll_finder *finder, uint32_t function);

/* Whether anything but the program's own calls of free and realloc may free or move an object. (structures.c) */
bool vmo_ll_releases_elsewhere(const vmo_ll_program *program);

/* ---- values (structures_values.c) ---- */

/* Whether an instruction makes a quotient, a remainder or a number with a fraction of that operand, which has room for a pointer. */
bool vmo_ll_hides_bits(const vmo_ll_instruction *user, uint32_t operand);
/* Whether an instruction asks for the lowest four bits of an operand, or for what is left without them: tags of programs
 * that know malloc's alignment are there. */
bool vmo_ll_relies_on_alignment(const vmo_ll_instruction *user, uint32_t operand);
/* Fills `kept` and `wide` of one function. */
void vmo_ll_find_uses(vmo_ll_finder *finder, uint32_t function);
/* Whether a value may hold a pointer that matters. */
bool vmo_ll_carries(const vmo_ll_finder *finder, uint32_t function, uint32_t value);
/* The place that is for a parameter or instruction; nowhere: it holds no pointer. */
vmo_ll_place vmo_ll_place_of(vmo_ll_finder *finder, uint32_t function, uint32_t value);
vmo_ll_place vmo_ll_place_of_operand(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t operand);
vmo_ll_place vmo_ll_place_of_constant(vmo_ll_finder *finder, LLVMValueRef constant);
vmo_ll_place vmo_ll_place_of_function(vmo_ll_finder *finder, uint32_t function);
/* A number in a call; -1: it is none that is known. */
vmo_bytes vmo_ll_constant_argument(const vmo_ll_instruction *call, uint32_t index);
/* A place of code that is not seen. */
vmo_ll_place vmo_ll_new_external(vmo_ll_finder *finder, vmo_site_escape escape);
/* Puts the initial values of globals that were named so far into the graph. */
void vmo_ll_read_globals(vmo_ll_finder *finder);

/* ---- instructions (structures_flow.c) ---- */

/* A value gets what is at a place. */
void vmo_ll_flow(vmo_ll_finder *finder, uint32_t value, vmo_ll_place place);
void vmo_ll_read_function(vmo_ll_finder *finder, uint32_t function);

/* ---- calls (structures_calls.c) ---- */

/* What the call being read hands over; nowhere: no such argument. */
static inline vmo_ll_place vmo_ll_argument(const vmo_ll_finder *finder, uint32_t index) {
  return index < finder->arguments.count ? finder->arguments.data[index] : VMO_LL_NOWHERE;
}
/* The value that gets what a call gives. */
static inline uint32_t vmo_ll_result_of(const vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  return vmo_ll_result_id(&finder->program->functions.data[finder->function],
                          (uint32_t)(call - finder->program->instructions.data));
}
static inline bool vmo_ll_has_result(const vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  return vmo_ll_carries(finder, finder->function, vmo_ll_result_of(finder, call));
}
static inline void vmo_ll_flow_result(vmo_ll_finder *finder, const vmo_ll_instruction *call, vmo_ll_place place) {
  vmo_ll_flow(finder, vmo_ll_result_of(finder, call), place);
}

void vmo_ll_read_call(vmo_ll_finder *finder, const vmo_ll_instruction *call);
/* Connects a call through a pointer with all functions that it may mean. */
void vmo_ll_read_pointer_call(vmo_ll_finder *finder, uint32_t call);
/* Connects a call that a library function makes, of what stands in an argument, with all functions that it may mean. */
void vmo_ll_call_back(vmo_ll_finder *finder, vmo_ll_place function, const vmo_ll_place *arguments, uint32_t count);
/* One place for what a library keeps for the program: the same for all calls. `kept`: nowhere before the first. */
vmo_ll_place vmo_ll_place_kept(vmo_ll_finder *finder, vmo_ll_place *kept);
/* The place of what a call through a pointer calls. */
vmo_ll_place vmo_ll_place_called(vmo_ll_finder *finder, uint32_t call);
/* Whether it is pthread_create: what it is handed, as known, is among the callees of its calls. */
bool vmo_ll_starts_thread(const vmo_ll_function *function);
/* Whether it is an intrinsic that computes with fractions. (structures_values.c) */
bool vmo_ll_is_arithmetic(const vmo_ll_function *function);
/* Whether it is setjmp, longjmp or their like. */
bool vmo_ll_only_jumps(const vmo_ll_function *function);
/* Parameters and results that code which is not seen hands over and gets. */
void vmo_ll_expose_function(vmo_ll_finder *finder, uint32_t function, vmo_site_escape escape);
/* Whether a place may be the address of a function that is not among those which the graph knows for it: of code that
 * is not seen (VMO_ESCAPE_CALL), or of the program, from a number (VMO_ESCAPE_INTEGER); else VMO_ESCAPE_NONE. */
vmo_site_escape vmo_ll_unknown_at(vmo_ll_finder *finder, vmo_ll_place place);

/* ---- functions of the table (structures_library.c) ---- */

/* What the row says of the call being read. */
void vmo_ll_read_row(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row,
                     bool through_pointer);
/* Whether it is qsort, or another that compares elements of an array by a function. */
bool vmo_ll_compares(const vmo_libc_row *row);

/* ---- bits that are told (structures_digits.c) ---- */

/* Whether a use tells bits of a number that is an operand without copying them, where the program reads addresses. */
bool vmo_ll_tells_bits(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand, bool result_kept);

/* ---- addresses that become text (structures_texts.c) ---- */

/* Whether a number may become a pointer, or scanf read one. */
bool vmo_ll_reads_addresses(const vmo_ll_program *program);
/* Fills `texts`. */
bool vmo_ll_find_texts(vmo_ll_finder *finder);
/* Hides what a call prints by the text in that argument, or from the list of arguments in that one. */
void vmo_ll_read_print(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t text);
void vmo_ll_read_print_list(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t list);

/* ---- contexts (structures_copy.c) ---- */

vmo_status vmo_ll_begin_copies(vmo_ll_finder *finder);
/* Connects the call being read with a copy of what is known of the callee, whose own graph is finished;
 * `result` is the value that gets what it returns, VMO_NONE: none. */
void vmo_ll_call_copy(vmo_ll_finder *finder, uint32_t callee, const vmo_ll_place *arguments, uint32_t count,
                      uint32_t result);
/* Marks all that callers of the functions of a group know. */
void vmo_ll_mark_escaping(vmo_ll_finder *finder, uint32_t group);
/* When all functions were read: makes what follows quick. */
vmo_status vmo_ll_settle_copies(vmo_ll_finder *finder);
/* Appends the nodes that stand for a node in the whole program, each once; `visited` by node: of `visit` before. */
bool vmo_ll_find_final(vmo_ll_finder *finder, uint32_t node, uint32_t *visited, uint32_t visit, vmo_ll_ids *found);

/* ---- calls known (structures_known.c) ---- */

bool vmo_ll_is_known(const vmo_ll_finder *finder, const vmo_ll_function *function);
/* Writes down what calls through pointers may mean, from the finished graph of the program without contexts. */
vmo_status vmo_ll_settle_calls(vmo_ll_finder *finder, vmo_ll_calls *calls);
/* Tells who calls whom. */
bool vmo_ll_tell_calls(const vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures);
/* The number of a call through a pointer among those. */
uint32_t vmo_ll_pointer_call_number(const vmo_ll_finder *finder, uint32_t instruction);

/* ---- the answer (structures_collect.c, structures_scopes.c) ---- */

/* The function that an instruction stands in. (structures_known.c) */
uint32_t vmo_ll_function_of(const vmo_ll_program *program, uint32_t instruction);
void vmo_ll_sort_numbers(uint32_t *numbers, uint32_t count);
vmo_status vmo_ll_find_scopes(vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures);
vmo_status vmo_ll_collect_structures(vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures **structures);

#endif
