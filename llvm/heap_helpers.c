/* heap_helpers.c: the runtime's functions as a module declares them, and small ones of its own around them.
 *
 *   vmemopt.bump(bump, n, mask, zeroed)   cursor += n rounded up, while that stays below the end; else vmr_bump_refill
 *   vmemopt.bump.zeroed(bump, n, m, mask) the same of n times m, which may be too much
 *   vmemopt.heap.copy(heap, text)         strdup in a heap; ...copy.part(heap, text, most) is strndup
 *   vmemopt.heap.move(object, n)          realloc as a function that a pointer may mean: an object stays where it is at home
 *   vmemopt.heap.grow(heap, object, n, m) reallocarray
 *   vmemopt.heap.scoped(variable, flags)  the heap of a scope, made when it is needed first
 *   vmemopt.heap.take(heap, n, place)     the first idle object of the list whose address the heap has at `place`; else
 *                                         vmr_heap_refill, as where there is no heap
 *   vmemopt.heap.take.any(heap, n, table) the same for the list of size `n`, by a table of classes
 *   vmemopt.heap.give(object)             back to the list that its address tells of; else vmr_heap_free
 *   vmemopt.block.take(block, variable, n, flags)   n bytes of the block, while it has room; else of the scope's heap, by
 *                                         vmemopt.block.refill
 *   vmemopt.block.zeroed(block, variable, n, m, flags)   calloc from it
 *   vmemopt.block.give(object, block, n)  nothing, of what lies in the block of n bytes; else as vmemopt.heap.give
 *
 * LLVM's inliner puts those of bumps and the last ones in the place of their calls. Attributes say of the runtime's functions what LLVM knows of malloc:
 * the result is new, nothing is thrown, only memory that the program cannot reach is touched. */
#include "llvm/heap_blocks.h"

#include <stddef.h>
#include <string.h>

#include "vmemrt/heap.h"

#define MOST_PARAMETERS 5

/* ---- declarations ---- */

/* Letters: p pointer, w word, i int, b bool, v nothing; the result comes first. */
typedef struct row {
  const char *name, *shape;
  bool fresh;   /* returns an object that nobody else knows */
  bool cold;    /* seldom called */
  bool inlined; /* LLVM's inliner puts it in place */
} row;

static const row rows[VMO_LL_HEAP_FUNCTION_COUNT] = {
    [VMO_LL_HEAP_ALLOC] = {"vmr_heap_alloc", "ppw", .fresh = true},
    [VMO_LL_HEAP_REFILL] = {"vmr_heap_refill", "ppw", .fresh = true, .cold = true},
    [VMO_LL_HEAP_CALLOC] = {"vmr_heap_calloc", "ppww", .fresh = true},
    [VMO_LL_HEAP_REALLOC] = {"vmr_heap_realloc", "pppw", .fresh = false},
    [VMO_LL_HEAP_ALIGNED] = {"vmr_heap_aligned", "ppww", .fresh = true},
    [VMO_LL_HEAP_FREE] = {"vmr_heap_free", "vp", .fresh = false},
    [VMO_LL_HEAP_CREATE] = {"vmr_heap_create", "ippi", .cold = true},
    [VMO_LL_HEAP_EXPECT] = {"vmr_heap_expect", "vpw", .cold = true},
    [VMO_LL_BUMP_REFILL] = {"vmr_bump_refill", "ppwb", .fresh = true, .cold = true},
    [VMO_LL_BUMP_ALIGNED] = {"vmr_bump_aligned", "ppww", .fresh = true},
    [VMO_LL_BUMP_RELEASE] = {"vmr_bump_release", "vp", .fresh = false},
    [VMO_LL_PROFILE_BEGIN] = {"vmr_site_profile_begin", "ip", .cold = true},
    [VMO_LL_PROFILE_NOTE] = {"vmr_site_profile_note", "vppw", .fresh = false},
    [VMO_LL_PROFILE_SCOPE] = {"vmr_site_profile_scope", "vp", .fresh = false},
    [VMO_LL_PROFILE_FORGET] = {"vmr_site_profile_forget", "vp", .fresh = false},
    [VMO_LL_PROFILE_REALLOC] = {"vmr_site_profile_realloc", "pppw", .fresh = false},
    [VMO_LL_PROFILE_FREE] = {"vmr_site_profile_free", "vp", .fresh = false},
    [VMO_LL_PROFILE_MOVE] = {"vmr_site_profile_move", "ppw", .fresh = false},
    [VMO_LL_HEAP_FIND_RANGE] = {"vmr_heap_find_range", "p", .cold = true},
    [VMO_LL_HEAP_DESTROY] = {"vmr_heap_destroy", "vp", .fresh = false},
    [VMO_LL_BUMP_ALLOC] = {"vmemopt.bump", "ppwwb", .fresh = true, .inlined = true},
    [VMO_LL_BUMP_CALLOC] = {"vmemopt.bump.zeroed", "ppwww", .fresh = true, .inlined = true},
    [VMO_LL_HEAP_COPY] = {"vmemopt.heap.copy", "ppp", .fresh = true},
    [VMO_LL_HEAP_COPY_PART] = {"vmemopt.heap.copy.part", "pppw", .fresh = true},
    [VMO_LL_BUMP_COPY] = {"vmemopt.bump.copy", "ppp", .fresh = true},
    [VMO_LL_BUMP_COPY_PART] = {"vmemopt.bump.copy.part", "pppw", .fresh = true},
    [VMO_LL_HEAP_GROW] = {"vmemopt.heap.grow", "pppww", .fresh = false},
    [VMO_LL_HEAP_MOVE] = {"vmemopt.heap.move", "ppw", .fresh = false},
    [VMO_LL_HEAP_SCOPED] = {"vmemopt.heap.scoped", "ppi", .inlined = true},
    [VMO_LL_HEAP_TAKE] = {"vmemopt.heap.take", "ppww", .fresh = true, .inlined = true},
    [VMO_LL_HEAP_TAKE_ANY] = {"vmemopt.heap.take.any", "ppwp", .fresh = true, .inlined = true},
    [VMO_LL_HEAP_GIVE] = {"vmemopt.heap.give", "vp", .inlined = true},
    [VMO_LL_HEAP_ROOM] = {"vmr_heap_room", "ww", .cold = true},
    [VMO_LL_BLOCK_REFILL] = {"vmemopt.block.refill", "ppwi", .fresh = true, .cold = true},
    [VMO_LL_BLOCK_TAKE] = {"vmemopt.block.take", "pppwi", .fresh = true, .inlined = true},
    [VMO_LL_BLOCK_CALLOC] = {"vmemopt.block.zeroed", "pppwwi", .fresh = true, .inlined = true},
    [VMO_LL_BLOCK_GIVE] = {"vmemopt.block.give", "vppw", .inlined = true},
};

static LLVMTypeRef type_of(const vmo_ll_heap_edit *e, char letter) {
  switch (letter) {
  case 'p': return e->pointer;
  case 'w': return e->word;
  case 'i': return LLVMInt32TypeInContext(e->program->llvm);
  case 'b': return LLVMInt1TypeInContext(e->program->llvm);
  default: return LLVMVoidTypeInContext(e->program->llvm);
  }
}

static LLVMTypeRef function_type(const vmo_ll_heap_edit *e, const char *shape) {
  LLVMTypeRef parameters[MOST_PARAMETERS];
  unsigned count = (unsigned)strlen(shape) - 1;
  for (unsigned i = 0; i < count; i++) parameters[i] = type_of(e, shape[i + 1]);
  return LLVMFunctionType(type_of(e, shape[0]), parameters, count, false);
}

static void add_attribute(const vmo_ll_heap_edit *e, LLVMValueRef function, unsigned index, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, index, LLVMCreateEnumAttribute(e->program->llvm, kind, 0));
}

static void add_attributes(const vmo_ll_heap_edit *e, LLVMValueRef function, const row *of) {
  const unsigned all = (unsigned)LLVMAttributeFunctionIndex;
  add_attribute(e, function, all, "nounwind");
  add_attribute(e, function, all, "willreturn");
  if (of->cold) add_attribute(e, function, all, "cold");
  if (of->inlined) add_attribute(e, function, all, "alwaysinline");
  if (of->fresh) add_attribute(e, function, LLVMAttributeReturnIndex, "noalias");
  for (unsigned i = 1; of->shape[i] != '\0'; i++) /* as C has it */
    if (of->shape[i] == 'b') add_attribute(e, function, i, "zeroext");
}

/* ---- bodies ---- */

static LLVMBasicBlockRef add_block(const vmo_ll_heap_edit *e, LLVMValueRef function, const char *name) {
  return LLVMAppendBasicBlockInContext(e->program->llvm, function, name);
}

static LLVMValueRef word(const vmo_ll_heap_edit *e, unsigned long long number) {
  return LLVMConstInt(e->word, number, false);
}

static LLVMValueRef address_at(const vmo_ll_heap_edit *e, LLVMValueRef base, LLVMValueRef offset) {
  return LLVMBuildInBoundsGEP2(e->builder, LLVMInt8TypeInContext(e->program->llvm), base, &offset, 1, "");
}

static LLVMValueRef as_word(const vmo_ll_heap_edit *e, LLVMValueRef address) {
  return LLVMBuildPtrToInt(e->builder, address, e->word, "");
}

/* The branch to `likely` is taken nearly always. */
static void branch_likely(const vmo_ll_heap_edit *e, LLVMValueRef condition, LLVMBasicBlockRef likely,
                          LLVMBasicBlockRef other) {
  LLVMContextRef llvm = e->program->llvm;
  LLVMTypeRef number = LLVMInt32TypeInContext(llvm);
  LLVMMetadataRef parts[3] = {LLVMMDStringInContext2(llvm, "branch_weights", strlen("branch_weights")),
                              LLVMValueAsMetadata(LLVMConstInt(number, 1 << 20, false)),
                              LLVMValueAsMetadata(LLVMConstInt(number, 1, false))};
  LLVMValueRef branch = LLVMBuildCondBr(e->builder, condition, likely, other);
  LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(llvm, "prof", strlen("prof")),
                  LLVMMetadataAsValue(llvm, LLVMMDNodeInContext2(llvm, parts, 3)));
}

/* As vmr_bump_take: what is too large wraps to 0, and 0 is never at hand. What lies ahead of the cursor is zero. */
static void build_bump(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef bump = LLVMGetParam(function, 0), bytes = LLVMGetParam(function, 1), mask = LLVMGetParam(function, 2);
  LLVMBasicBlockRef fast = add_block(e, function, "fast"), slow = add_block(e, function, "slow");
  LLVMValueRef rounded = LLVMBuildAnd(b, LLVMBuildAdd(b, bytes, mask, ""), LLVMBuildNot(b, mask, ""), "");
  LLVMValueRef place = address_at(e, bump, word(e, offsetof(vmr_bump, cursor)));
  LLVMValueRef cursor = LLVMBuildLoad2(b, e->pointer, place, "");
  LLVMValueRef end = LLVMBuildLoad2(b, e->pointer, address_at(e, bump, word(e, offsetof(vmr_bump, end))), "");
  LLVMValueRef room = LLVMBuildSub(b, as_word(e, end), as_word(e, cursor), "");
  LLVMValueRef last = LLVMBuildSub(b, rounded, word(e, 1), "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntULT, last, room, ""), fast, slow);
  LLVMPositionBuilderAtEnd(b, fast);
  LLVMBuildStore(b, address_at(e, cursor, rounded), place);
  LLVMBuildRet(b, cursor);
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMBuildRet(b, vmo_ll_call_heap(e, VMO_LL_BUMP_REFILL, (LLVMValueRef[]){bump, bytes, LLVMGetParam(function, 3)}));
}

/* The product; the largest number where it wraps, which no allocation can serve. */
static LLVMValueRef multiply(vmo_ll_heap_edit *e, LLVMValueRef left, LLVMValueRef right) {
  LLVMBuilderRef b = e->builder;
  unsigned id = LLVMLookupIntrinsicID("llvm.umul.with.overflow", strlen("llvm.umul.with.overflow"));
  LLVMValueRef intrinsic = LLVMGetIntrinsicDeclaration(e->program->module, id, &e->word, 1);
  LLVMValueRef factors[] = {left, right};
  LLVMValueRef pair = LLVMBuildCall2(b, LLVMGlobalGetValueType(intrinsic), intrinsic, factors, 2, "");
  LLVMValueRef product = LLVMBuildExtractValue(b, pair, 0, ""), wraps = LLVMBuildExtractValue(b, pair, 1, "");
  return LLVMBuildSelect(b, wraps, word(e, UINT64_MAX), product, "");
}

static void build_zeroed(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef bytes = multiply(e, LLVMGetParam(function, 1), LLVMGetParam(function, 2));
  LLVMValueRef zeroed = LLVMConstInt(LLVMInt1TypeInContext(e->program->llvm), 1, false);
  LLVMValueRef values[] = {LLVMGetParam(function, 0), bytes, LLVMGetParam(function, 3), zeroed};
  LLVMBuildRet(b, vmo_ll_call_heap(e, VMO_LL_BUMP_ALLOC, values));
}

/* A function of libc's that takes a text and maybe a number. */
static LLVMValueRef call_measure(vmo_ll_heap_edit *e, const char *name, LLVMValueRef *values, unsigned count) {
  LLVMTypeRef parameters[] = {e->pointer, e->word}, type = LLVMFunctionType(e->word, parameters, count, false);
  LLVMValueRef function = LLVMGetNamedFunction(e->program->module, name);
  if (function == NULL) function = LLVMAddFunction(e->program->module, name, type);
  return LLVMBuildCall2(e->builder, type, function, values, count, "");
}

static void build_copy(vmo_ll_heap_edit *e, LLVMValueRef function, bool bump, bool part) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef heap = LLVMGetParam(function, 0), text = LLVMGetParam(function, 1), object;
  LLVMValueRef measured[2] = {text, part ? LLVMGetParam(function, 2) : NULL};
  LLVMBasicBlockRef copy = add_block(e, function, "copy"), done = add_block(e, function, "done");
  LLVMValueRef length = call_measure(e, part ? "strnlen" : "strlen", measured, part ? 2 : 1);
  LLVMValueRef bytes = LLVMBuildAdd(b, length, word(e, 1), "");
  if (bump) { /* texts need no alignment, but the next object does */
    LLVMValueRef zeroed = LLVMConstInt(LLVMInt1TypeInContext(e->program->llvm), 0, false);
    object = vmo_ll_call_heap(e, VMO_LL_BUMP_ALLOC, (LLVMValueRef[]){heap, bytes, word(e, 15), zeroed});
  } else {
    object = vmo_ll_call_heap(e, VMO_LL_HEAP_ALLOC, (LLVMValueRef[]){heap, bytes});
  }
  LLVMBuildCondBr(b, LLVMBuildIsNull(b, object, ""), done, copy);
  LLVMPositionBuilderAtEnd(b, copy);
  LLVMBuildMemCpy(b, object, 1, text, 1, length);
  LLVMBuildStore(b, LLVMConstInt(LLVMInt8TypeInContext(e->program->llvm), 0, false), address_at(e, object, length));
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRet(b, object);
}

/* Of another heap than none the runtime is not told: what is nobody's yet comes from malloc. */
static void build_move(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMValueRef values[] = {LLVMConstNull(e->pointer), LLVMGetParam(function, 0), LLVMGetParam(function, 1)};
  LLVMBuildRet(e->builder, vmo_ll_call_heap(e, VMO_LL_HEAP_REALLOC, values));
}

static void build_grow(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMValueRef bytes = multiply(e, LLVMGetParam(function, 2), LLVMGetParam(function, 3));
  LLVMValueRef values[] = {LLVMGetParam(function, 0), LLVMGetParam(function, 1), bytes};
  LLVMBuildRet(e->builder, vmo_ll_call_heap(e, VMO_LL_HEAP_REALLOC, values));
}

/* Where none can be created the variable stays null, which is malloc, and the next object tries again. */
static void build_scoped(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef variable = LLVMGetParam(function, 0);
  LLVMBasicBlockRef there = add_block(e, function, "there"), create = add_block(e, function, "create");
  LLVMValueRef heap = LLVMBuildLoad2(b, e->pointer, variable, "");
  branch_likely(e, LLVMBuildIsNotNull(b, heap, ""), there, create);
  LLVMPositionBuilderAtEnd(b, there);
  LLVMBuildRet(b, heap);
  LLVMPositionBuilderAtEnd(b, create);
  LLVMValueRef values[] = {variable, LLVMConstNull(e->pointer), LLVMGetParam(function, 1)};
  vmo_ll_call_heap(e, VMO_LL_HEAP_CREATE, values);
  LLVMBuildRet(b, LLVMBuildLoad2(b, e->pointer, variable, ""));
}

/* What the object after it is linked to is at hand by then. */
static void prefetch(vmo_ll_heap_edit *e, LLVMValueRef address) {
  static const char name[] = "llvm.prefetch";
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef intrinsic = LLVMGetIntrinsicDeclaration(e->program->module, id, &e->pointer, 1);
  LLVMTypeRef number = LLVMInt32TypeInContext(e->program->llvm);
  LLVMValueRef one = LLVMConstInt(number, 1, false), most = LLVMConstInt(number, 3, false);
  LLVMValueRef values[] = {address, one, most, one}; /* to write, near, data */
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(intrinsic), intrinsic, values, 4, "");
}

/* As vmr_heap_take, where the builder stands: `list` is loaded there. */
static void build_take_first(vmo_ll_heap_edit *e, LLVMValueRef function, LLVMValueRef list, LLVMBasicBlockRef slow) {
  LLVMBuilderRef b = e->builder;
  LLVMTypeRef number = LLVMInt32TypeInContext(e->program->llvm);
  LLVMBasicBlockRef fast = add_block(e, function, "fast");
  LLVMValueRef object = LLVMBuildLoad2(b, e->pointer, list, "");
  branch_likely(e, LLVMBuildIsNotNull(b, object, ""), fast, slow);
  LLVMPositionBuilderAtEnd(b, fast);
  LLVMValueRef next = LLVMBuildLoad2(b, e->pointer, object, "");
  prefetch(e, next);
  LLVMBuildStore(b, next, list);
  LLVMValueRef place = address_at(e, list, word(e, offsetof(vmr_heap_list, live)));
  LLVMValueRef live = LLVMBuildLoad2(b, number, place, "");
  LLVMBuildStore(b, LLVMBuildAdd(b, live, LLVMConstInt(number, 1, false), ""), place);
  LLVMBuildRet(b, object);
  _Static_assert(offsetof(vmr_heap_list, idle) == 0, "loaded from the list's address");
}

/* Where there is no heap, and beyond what the table knows, the runtime helps. */
static void build_take(vmo_ll_heap_edit *e, LLVMValueRef function, bool by_table) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef heap = LLVMGetParam(function, 0), bytes = LLVMGetParam(function, 1), place = LLVMGetParam(function, 2);
  LLVMBasicBlockRef look = add_block(e, function, "look"), slow = add_block(e, function, "slow");
  LLVMValueRef fine = LLVMBuildIsNotNull(b, heap, "");
  if (by_table)
    fine = LLVMBuildAnd(b, fine, LLVMBuildICmp(b, LLVMIntULE, bytes, word(e, VMR_HEAP_QUICK_BYTES), ""), "");
  branch_likely(e, fine, look, slow);
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMBuildRet(b, vmo_ll_call_heap(e, VMO_LL_HEAP_REFILL, (LLVMValueRef[]){heap, bytes}));
  LLVMPositionBuilderAtEnd(b, look);
  if (by_table) {
    LLVMValueRef words = LLVMBuildLShr(b, LLVMBuildAdd(b, bytes, word(e, 7), ""), word(e, 3), "");
    LLVMValueRef class = LLVMBuildLoad2(b, LLVMInt8TypeInContext(e->program->llvm), address_at(e, place, words), "");
    place = LLVMBuildShl(b, LLVMBuildZExt(b, class, e->word, ""), word(e, 3), "");
  }
  build_take_first(e, function, LLVMBuildLoad2(b, e->pointer, address_at(e, heap, place), ""), slow);
}

/* The list of the object, where that lies in the range. The builder is left there. */
static LLVMValueRef build_find_list(vmo_ll_heap_edit *e, LLVMValueRef object, LLVMBasicBlockRef ours,
                                    LLVMBasicBlockRef theirs) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef range = LLVMBuildLoad2(b, e->pointer, e->range, "");
  LLVMValueRef taken = LLVMBuildLoad2(b, e->word, address_at(e, range, word(e, offsetof(vmr_heap_range, taken))), "");
  if (e->plan->facts->shared)
    LLVMSetOrdering(taken, LLVMAtomicOrderingAcquire); /* another thread may begin the range */
  LLVMValueRef base = LLVMBuildLoad2(b, e->pointer, address_at(e, range, word(e, offsetof(vmr_heap_range, base))), "");
  LLVMValueRef offset = LLVMBuildSub(b, as_word(e, object), as_word(e, base), "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntULT, offset, taken, ""), ours, theirs);
  LLVMPositionBuilderAtEnd(b, ours);
  LLVMValueRef index = LLVMBuildLShr(b, offset, word(e, VMR_HEAP_LIST_SHIFT), "");
  return address_at(e, base, LLVMBuildMul(b, index, word(e, VMR_HEAP_LIST_BYTES), ""));
}

/* As vmr_heap_free: the list takes the object if it is quick, this one is not its first, and it does not get empty beside others. */
static void build_give(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMContextRef llvm = e->program->llvm;
  LLVMTypeRef number = LLVMInt32TypeInContext(llvm);
  LLVMValueRef object = LLVMGetParam(function, 0), one = LLVMConstInt(number, 1, false);
  LLVMBasicBlockRef ours = add_block(e, function, "ours"), quick = add_block(e, function, "quick");
  LLVMBasicBlockRef other = add_block(e, function, "other"), last = add_block(e, function, "last");
  LLVMBasicBlockRef fast = add_block(e, function, "fast"), slow = add_block(e, function, "slow");
  LLVMValueRef list = build_find_list(e, object, ours, slow);
  LLVMValueRef place = address_at(e, list, word(e, offsetof(vmr_heap_list, is_quick)));
  LLVMValueRef is_quick = LLVMBuildLoad2(b, LLVMInt8TypeInContext(llvm), place, "");
  branch_likely(e, LLVMBuildIsNotNull(b, is_quick, ""), quick, slow);
  LLVMPositionBuilderAtEnd(b, quick);
  LLVMValueRef idle = LLVMBuildLoad2(b, e->pointer, list, "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntNE, idle, object, ""), other, slow);
  LLVMPositionBuilderAtEnd(b, other);
  LLVMValueRef count = address_at(e, list, word(e, offsetof(vmr_heap_list, live)));
  LLVMValueRef live = LLVMBuildLoad2(b, number, count, "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntUGT, live, one, ""), fast, last);
  LLVMPositionBuilderAtEnd(b, last);
  LLVMValueRef next = LLVMBuildLoad2(b, e->pointer, address_at(e, list, word(e, offsetof(vmr_heap_list, next))), "");
  LLVMValueRef alone = LLVMBuildICmp(b, LLVMIntEQ, next, list, ""), some = LLVMBuildICmp(b, LLVMIntEQ, live, one, "");
  branch_likely(e, LLVMBuildAnd(b, alone, some, ""), fast, slow);
  LLVMPositionBuilderAtEnd(b, fast);
  LLVMBuildStore(b, idle, object);
  LLVMBuildStore(b, object, list);
  LLVMBuildStore(b, LLVMBuildSub(b, live, one, ""), count);
  LLVMValueRef first = LLVMBuildLoad2(b, e->pointer, address_at(e, list, word(e, offsetof(vmr_heap_list, place))), "");
  LLVMBuildStore(b, list, first);
  LLVMBuildRetVoid(b);
  LLVMPositionBuilderAtEnd(b, slow);
  vmo_ll_call_heap(e, VMO_LL_HEAP_FREE, (LLVMValueRef[]){object});
  LLVMBuildRetVoid(b);
}

/* The heap of the scope, where its block is full. */
static void build_block_refill(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMValueRef scope[] = {LLVMGetParam(function, 0), LLVMGetParam(function, 2)};
  LLVMValueRef values[] = {vmo_ll_call_heap(e, VMO_LL_HEAP_SCOPED, scope), LLVMGetParam(function, 1)};
  LLVMBuildRet(e->builder, vmo_ll_call_heap(e, VMO_LL_HEAP_ALLOC, values));
}

/* As build_bump: no bytes at all, and what is too large, wraps to 0, and 0 is never at hand. */
static void build_block_take(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef block = LLVMGetParam(function, 0), bytes = LLVMGetParam(function, 2), flags = LLVMGetParam(function, 3);
  LLVMBasicBlockRef fast = add_block(e, function, "fast"), slow = add_block(e, function, "slow");
  LLVMValueRef narrow = LLVMBuildAnd(b, flags, LLVMConstInt(LLVMTypeOf(flags), VMR_HEAP_ALIGN8, false), "");
  LLVMValueRef mask = LLVMBuildSelect(b, LLVMBuildIsNotNull(b, narrow, ""), word(e, 7), word(e, 15), "");
  LLVMValueRef rounded = LLVMBuildAnd(b, LLVMBuildAdd(b, bytes, mask, ""), LLVMBuildNot(b, mask, ""), "");
  LLVMValueRef used = LLVMBuildLoad2(b, e->word, block, "");
  LLVMValueRef room = LLVMBuildLoad2(b, e->word, address_at(e, block, word(e, 8)), "");
  LLVMValueRef last = LLVMBuildSub(b, rounded, word(e, 1), "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntULT, last, LLVMBuildSub(b, room, used, ""), ""), fast, slow);
  LLVMPositionBuilderAtEnd(b, fast);
  LLVMBuildStore(b, LLVMBuildAdd(b, used, rounded, ""), block);
  LLVMBuildRet(b, address_at(e, address_at(e, block, word(e, VMO_LL_BLOCK_HEAD)), used));
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMValueRef values[] = {LLVMGetParam(function, 1), bytes, flags};
  LLVMBuildRet(b, vmo_ll_call_heap(e, VMO_LL_BLOCK_REFILL, values));
}

static void build_block_zeroed(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMBasicBlockRef clear = add_block(e, function, "clear"), done = add_block(e, function, "done");
  LLVMValueRef bytes = multiply(e, LLVMGetParam(function, 2), LLVMGetParam(function, 3));
  LLVMValueRef values[] = {LLVMGetParam(function, 0), LLVMGetParam(function, 1), bytes, LLVMGetParam(function, 4)};
  LLVMValueRef object = vmo_ll_call_heap(e, VMO_LL_BLOCK_TAKE, values);
  branch_likely(e, LLVMBuildIsNotNull(b, object, ""), clear, done);
  LLVMPositionBuilderAtEnd(b, clear);
  LLVMBuildMemSet(b, object, LLVMConstInt(LLVMInt8TypeInContext(e->program->llvm), 0, false), bytes, 8);
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRet(b, object);
}

static void build_block_give(vmo_ll_heap_edit *e, LLVMValueRef function) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef object = LLVMGetParam(function, 0), bytes = LLVMGetParam(function, 2);
  LLVMBasicBlockRef ours = add_block(e, function, "ours"), other = add_block(e, function, "other");
  LLVMValueRef first = address_at(e, LLVMGetParam(function, 1), word(e, VMO_LL_BLOCK_HEAD));
  LLVMValueRef offset = LLVMBuildSub(b, as_word(e, object), as_word(e, first), "");
  branch_likely(e, LLVMBuildICmp(b, LLVMIntULT, offset, bytes, ""), ours, other);
  LLVMPositionBuilderAtEnd(b, other);
  vmo_ll_call_heap(e, e->range != NULL ? VMO_LL_HEAP_GIVE : VMO_LL_HEAP_FREE, &object);
  LLVMBuildRetVoid(b);
  LLVMPositionBuilderAtEnd(b, ours);
  LLVMBuildRetVoid(b);
}

static void build_body(vmo_ll_heap_edit *e, vmo_ll_heap_function which, LLVMValueRef function) {
  LLVMBuilderRef outer = e->builder;
  e->builder = LLVMCreateBuilderInContext(e->program->llvm);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(e->builder, add_block(e, function, "entry"));
  switch (which) {
  case VMO_LL_BUMP_ALLOC: build_bump(e, function); break;
  case VMO_LL_BUMP_CALLOC: build_zeroed(e, function); break;
  case VMO_LL_HEAP_MOVE: build_move(e, function); break;
  case VMO_LL_HEAP_SCOPED: build_scoped(e, function); break;
  case VMO_LL_HEAP_GROW: build_grow(e, function); break;
  case VMO_LL_HEAP_TAKE: build_take(e, function, false); break;
  case VMO_LL_HEAP_TAKE_ANY: build_take(e, function, true); break;
  case VMO_LL_HEAP_GIVE: build_give(e, function); break;
  case VMO_LL_BLOCK_REFILL: build_block_refill(e, function); break;
  case VMO_LL_BLOCK_TAKE: build_block_take(e, function); break;
  case VMO_LL_BLOCK_CALLOC: build_block_zeroed(e, function); break;
  case VMO_LL_BLOCK_GIVE: build_block_give(e, function); break;
  default:
    build_copy(e, function, which == VMO_LL_BUMP_COPY || which == VMO_LL_BUMP_COPY_PART,
               which == VMO_LL_HEAP_COPY_PART || which == VMO_LL_BUMP_COPY_PART);
  }
  LLVMDisposeBuilder(e->builder);
  e->builder = outer;
}

/* ---- asked for ---- */

LLVMValueRef vmo_ll_heap_helper(vmo_ll_heap_edit *e, vmo_ll_heap_function which) {
  const row *of = &rows[which];
  LLVMValueRef *function = &e->functions[which];
  if (*function != NULL) return *function;
  *function = LLVMGetNamedFunction(e->program->module, of->name);
  if (*function != NULL) return *function;
  *function = LLVMAddFunction(e->program->module, of->name, function_type(e, of->shape));
  add_attributes(e, *function, of);
  if (which >= VMO_LL_BUMP_ALLOC) build_body(e, which, *function);
  return *function;
}

LLVMValueRef vmo_ll_call_heap(vmo_ll_heap_edit *e, vmo_ll_heap_function which, LLVMValueRef *values) {
  LLVMValueRef function = vmo_ll_heap_helper(e, which);
  LLVMTypeRef type = LLVMGlobalGetValueType(function);
  return LLVMBuildCall2(e->builder, type, function, values, LLVMCountParamTypes(type), "");
}

/* ---- objects that are at hand ---- */

/* Classes by size in words of 8 bytes. */
static LLVMValueRef class_table(vmo_ll_heap_edit *e, unsigned granule) {
  LLVMValueRef *table = &e->classes[granule != 8];
  uint8_t classes[VMR_HEAP_QUICK_BYTES / 8 + 1];
  if (*table != NULL) return *table;
  for (size_t words = 0; words < sizeof classes; words++) classes[words] = (uint8_t)vmr_heap_class(words * 8, granule);
  LLVMValueRef value = LLVMConstStringInContext2(e->program->llvm, (const char *)classes, sizeof classes, true);
  *table =
      LLVMAddGlobal(e->program->module, LLVMTypeOf(value), granule == 8 ? "vmemopt.classes.8" : "vmemopt.classes.16");
  LLVMSetInitializer(*table, value);
  LLVMSetLinkage(*table, LLVMInternalLinkage);
  LLVMSetGlobalConstant(*table, true);
  LLVMSetUnnamedAddress(*table, LLVMGlobalUnnamedAddr);
  return *table;
}

LLVMValueRef vmo_ll_take_object(vmo_ll_heap_edit *e, LLVMValueRef heap, LLVMValueRef bytes, unsigned granule) {
  if (LLVMIsAConstantInt(bytes) == NULL)
    return vmo_ll_call_heap(e, VMO_LL_HEAP_TAKE_ANY, (LLVMValueRef[]){heap, bytes, class_table(e, granule)});
  unsigned long long size = LLVMConstIntGetZExtValue(bytes);
  if (size > VMR_HEAP_QUICK_BYTES) return vmo_ll_call_heap(e, VMO_LL_HEAP_ALLOC, (LLVMValueRef[]){heap, bytes});
  LLVMValueRef place = word(e, vmr_heap_class((size_t)size, granule) * UINT64_C(8));
  return vmo_ll_call_heap(e, VMO_LL_HEAP_TAKE, (LLVMValueRef[]){heap, bytes, place});
}
