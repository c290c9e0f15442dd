/* heaps.c: the names and sentences for what is found about heaps. One row each. */
#include "analysis/heaps.h"

typedef struct words {
  const char *name, *sentence;
} words;

static const char *const kinds[VMO_HEAP_KIND_COUNT] = {[VMO_HEAP_BUMP] = "bump",
                                                       [VMO_HEAP_LISTS] = "lists",
                                                       [VMO_HEAP_SCOPED] = "scoped",
                                                       [VMO_HEAP_SCOPED_LISTS] = "scoped-lists"};

static const words bonds[VMO_HEAP_BOND_COUNT] = {
    [VMO_HEAP_ALONE] = {"alone", "one site, whose objects no other site's point to"},
    [VMO_HEAP_CONNECTED] = {"connected", "their objects point to each other"},
    [VMO_HEAP_WRAPPED] = {"wrapped", "one function makes them for callers whose objects have nothing else in common"},
    [VMO_HEAP_ARRAYS] = {"arrays", "arrays that no other allocated object points to"},
    [VMO_HEAP_CROWD] = {"crowd", "so many structures have heaps already that the rest share one"},
    [VMO_HEAP_FEW] = {"few", "the profile tells of too few objects for heaps of their own"},
    [VMO_HEAP_LONE] = {"lone", "the profile tells of large objects, and few of them"},
    [VMO_HEAP_TOGETHER] = {"together",
                           "the profile tells that their objects are made in turn and live at the same time"}};

static const char *const threads_names[VMO_HEAP_THREADS_COUNT] = {[VMO_HEAP_ONE_THREAD] = "one",
                                                                  [VMO_HEAP_MAIN_THREAD] = "main",
                                                                  [VMO_HEAP_OTHER_THREADS] = "others",
                                                                  [VMO_HEAP_ANY_THREAD] = "any"};

static const words refusals[VMO_HEAP_REFUSAL_COUNT] = {
    [VMO_HEAP_NOT_REFUSED] = {"none", ""},
    [VMO_HEAP_PART] = {"part-of-program", "code outside of the module may use its functions (--whole-program says no)"},
    [VMO_HEAP_REPLACED] = {"replaced-malloc", "the program defines malloc or free itself"},
    [VMO_HEAP_ALLOCATOR] = {"allocator", "objects of this function stay with malloc"},
    [VMO_HEAP_FORM] =
        {"form",
         "the call may throw here, must be a tail call, or asks for an alignment that is not known or no power of two"},
    [VMO_HEAP_SANITIZED] = {"sanitized", "the function is built for a sanitizer, which watches its objects"},
    [VMO_HEAP_EXTERNAL] = {"external", "code that is not seen may free or keep it"},
    [VMO_HEAP_UNKNOWN] = {"unknown", "nothing is seen to call its function"}};

static const words scope_refusals[VMO_HEAP_SCOPE_REFUSAL_COUNT] = {
    [VMO_HEAP_SCOPE_OUTLIVES] = {"outlives", "no function encloses the lives of its objects"},
    [VMO_HEAP_SCOPE_SEVERAL] = {"several", "not all of the objects that it encloses are in this heap"},
    [VMO_HEAP_SCOPE_PARTLY] = {"partly", "some objects that are made meanwhile outlive it"},
    [VMO_HEAP_SCOPE_OTHERS] = {"others", "other sites have the heap, too"},
    [VMO_HEAP_SCOPE_ONCE] = {"once", "it runs once"},
    [VMO_HEAP_SCOPE_FORM] =
        {"form", "it calls setjmp, handles exceptions, is sanitized or makes calls that must be tail calls"},
    [VMO_HEAP_SCOPE_STACKS] = {"stacks", "the program switches stacks"},
    [VMO_HEAP_SCOPE_JUMPS] = {"jumps", "a longjmp or an exception may leave it"},
    [VMO_HEAP_SCOPE_RECURSIVE] = {"recursive", "it may be active many times, with a heap each"},
    [VMO_HEAP_SCOPE_SINGLE] = {"single", "it makes few objects: to free each costs less than a heap"},
    [VMO_HEAP_SCOPE_THREADS] = {"threads", "what is made outside of it may pass from thread to thread"},
    [VMO_HEAP_SCOPE_NOT_REFUSED] = {"none", ""}};

static const words recyclings[VMO_HEAP_RECYCLING_COUNT] = {
    [VMO_HEAP_NOT_RECYCLED] = {"none", ""},
    [VMO_HEAP_ALLOCATES] = {"allocates", "something may be allocated between a free and the end"},
    [VMO_HEAP_OTHERS_FREED] = {"others-freed", "a free may get other objects, too"},
    [VMO_HEAP_MOVED] = {"moved", "a realloc may get them"},
    [VMO_HEAP_BY_POINTER] = {"by-pointer", "a call through a pointer may free them"},
    [VMO_HEAP_UNDECIDED] = {"undecided", "too much would have to be looked at"}};

static const words copy_refusals[VMO_HEAP_COPY_REFUSAL_COUNT] = {
    [VMO_HEAP_COPY_NOT_REFUSED] = {"none", ""},
    [VMO_HEAP_COPY_LARGE] = {"large", "it is large"},
    [VMO_HEAP_COPY_RECURSIVE] = {"recursive", "it calls itself"},
    [VMO_HEAP_COPY_FORM] = {"form", "it has variable arguments, calls setjmp, handles exceptions or the like"},
    [VMO_HEAP_COPY_MANY] = {"many", "there are too many structures, or too much was copied already"}};

const char *vmo_heap_kind_name(vmo_heap_kind kind) { return kinds[kind]; }
const char *vmo_heap_bond_name(vmo_heap_bond bond) { return bonds[bond].name; }
const char *vmo_heap_bond_sentence(vmo_heap_bond bond) { return bonds[bond].sentence; }
const char *vmo_heap_threads_name(vmo_heap_threads threads) { return threads_names[threads]; }
const char *vmo_heap_scope_refusal_name(vmo_heap_scope_refusal refusal) { return scope_refusals[refusal].name; }
const char *vmo_heap_scope_refusal_sentence(vmo_heap_scope_refusal refusal) { return scope_refusals[refusal].sentence; }
const char *vmo_heap_recycling_name(vmo_heap_recycling recycling) { return recyclings[recycling].name; }
const char *vmo_heap_recycling_sentence(vmo_heap_recycling recycling) { return recyclings[recycling].sentence; }
const char *vmo_heap_copy_refusal_name(vmo_heap_copy_refusal refusal) { return copy_refusals[refusal].name; }
const char *vmo_heap_copy_refusal_sentence(vmo_heap_copy_refusal refusal) { return copy_refusals[refusal].sentence; }
const char *vmo_heap_refusal_name(vmo_heap_refusal refusal) { return refusals[refusal].name; }
const char *vmo_heap_refusal_sentence(vmo_heap_refusal refusal) { return refusals[refusal].sentence; }
