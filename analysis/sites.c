/* sites.c: the names and sentences for what is found about allocation sites. One row each. */
#include "analysis/sites.h"

typedef struct words {
  const char *name, *sentence;
} words;

static const words escapes[VMO_ESCAPE_COUNT] = {
    [VMO_ESCAPE_NONE] = {"local", "only this function and those that it calls know it"},
    [VMO_ESCAPE_RETURNED] = {"returned", "it is returned"},
    [VMO_ESCAPE_ARGUMENT] = {"argument", "it is stored in memory of the caller"},
    [VMO_ESCAPE_GLOBAL] = {"global", "it is stored where everybody may read it"},
    [VMO_ESCAPE_CALL] = {"call", "it is handed to code that may keep it"},
    [VMO_ESCAPE_INTEGER] = {"integer", "its address is made a number"},
    [VMO_ESCAPE_ASSEMBLY] = {"assembly", "inline assembly sees it"},
    [VMO_ESCAPE_COMPLEX] = {"complex", "there is too much to follow"}};

static const char *const verdicts[VMO_VERDICT_COUNT] = {
    [VMO_VERDICT_STACK] = "stack",   [VMO_VERDICT_STACK_BOUNDED] = "stack-bounded", [VMO_VERDICT_INLINE] = "inline",
    [VMO_VERDICT_SOURCE] = "source", [VMO_VERDICT_FREED_EARLY] = "freed-early",     [VMO_VERDICT_KEPT] = "kept"};

static const words refusals[VMO_SITE_REFUSAL_COUNT] = {
    [VMO_SITE_NOT_REFUSED] = {"none", ""},
    [VMO_SITE_ESCAPES] = {"escapes", ""},
    [VMO_SITE_REPLACED] = {"replaced-malloc", "the program defines malloc or free itself"},
    [VMO_SITE_SETJMP] = {"setjmp", "the function may return twice (setjmp)"},
    [VMO_SITE_SANITIZED] = {"sanitized", "it is built for a sanitizer, which watches its objects"},
    [VMO_SITE_MUST_TAIL] = {"musttail", "a call must replace the function's frame (musttail)"},
    [VMO_SITE_SPECIAL_FRAME] = {"special-frame", "the function is naked or a coroutine"},
    [VMO_SITE_RECURSIVE] = {"recursive", "the function is recursive: there may be many frames"},
    [VMO_SITE_CALLED_BACK] = {"called-back",
                              "code that is not seen may call the function again: there may be many frames"},
    [VMO_SITE_ALLOCATOR] = {"allocator", "objects of this function are not moved"},
    [VMO_SITE_EXCEPTION] = {"exception", "an exception of the allocation is caught here"},
    [VMO_SITE_FREED_BY_CALLEE] = {"freed-by-callee", "a called function frees or moves it"},
    [VMO_SITE_TOO_LARGE] = {"too-large", "it is too large for the stack"},
    [VMO_SITE_FRAME_FULL] = {"frame-full", "the function's frame is full"},
    [VMO_SITE_SEVERAL_ALIVE] = {"several-alive", "a loop makes many and frees them later"}};

static const words early_frees[VMO_EARLY_COUNT] = {
    [VMO_EARLY_NO_FREE] = {"no-free", ""},
    [VMO_EARLY_MOVED] = {"moved", "freed after its last use"},
    [VMO_EARLY_NOT_LATE] = {"not-late", "its free is not late"},
    [VMO_EARLY_PATHS] = {"paths", "its free stays: some path from the last use does not free it"},
    [VMO_EARLY_KNOWN] = {"known", "its free stays: others may know the object"},
    [VMO_EARLY_SHARED] = {"shared", "its free stays: the pointer may mean other objects"},
    [VMO_EARLY_FORBIDDEN] = {"forbidden", "its free stays: the function is not edited"},
    [VMO_EARLY_COMPLEX] = {"complex", "its free stays: there is too much to follow"}};

const char *vmo_early_free_name(vmo_early_free early) { return early_frees[early].name; }
const char *vmo_early_free_sentence(vmo_early_free early) { return early_frees[early].sentence; }
const char *vmo_escape_name(vmo_site_escape escape) { return escapes[escape].name; }
const char *vmo_escape_sentence(vmo_site_escape escape) { return escapes[escape].sentence; }
const char *vmo_verdict_name(vmo_site_verdict verdict) { return verdicts[verdict]; }
const char *vmo_site_refusal_name(vmo_site_refusal refusal) { return refusals[refusal].name; }
const char *vmo_site_refusal_sentence(vmo_site_refusal refusal) { return refusals[refusal].sentence; }
