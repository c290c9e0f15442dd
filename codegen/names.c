/* names.c: which names C could use: for functions, for what is named after them (NAME_entry, NAME_arena_bytes, ...), for declared
 * ops, for the parameters in a header.
 *
 * A name that C's library has is refused for functions and ops: an object file that defines or calls `fmod` would change
 * what every other caller of `fmod` gets, compiled code among them. All names of a module are sorted and compared, so
 * that the cost is that of a sort. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/header.h"
#include "codegen/interface.h"

/* ---- words ---- */

/* Each list is one text, its words between blanks. */
static const char LANGUAGE[] =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class "
    "compl "
    "concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default "
    "delete "
    "do double dynamic_cast else enum explicit export extern false float for friend goto if inline int int8_t int16_t "
    "int32_t int64_t intptr_t long mutable namespace new noexcept not not_eq nullptr operator or or_eq private "
    "protected "
    "public ptrdiff_t register reinterpret_cast requires restrict return short signed size_t sizeof static "
    "static_assert "
    "static_cast struct switch template this thread_local throw true try typedef typeid typename typeof typeof_unqual "
    "uint8_t uint16_t uint32_t uint64_t uintptr_t union unsigned using virtual void volatile wchar_t while xor xor_eq "
    "NULL ";
/* Of C's headers, and what compilers define of themselves. */
static const char MACROS[] =
    " assert complex errno EOF EXIT_FAILURE EXIT_SUCCESS HUGE_VAL I imaginary INFINITY isfinite isinf isnan isnormal "
    "linux math_errhandling NAN noreturn offsetof RAND_MAX setjmp signbit stderr stdin stdout unix va_arg va_copy "
    "va_end "
    "va_start ";
/* Each also with f and l behind it. */
static const char MATHEMATICS[] =
    " acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin casinh catan catanh cbrt ccos ccosh ceil "
    "cexp "
    "cimag clog conj copysign cos cosh cpow cproj creal csin csinh csqrt ctan ctanh erf erfc exp exp10 exp2 expm1 fabs "
    "fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint "
    "lround "
    "modf nan nearbyint nextafter nexttoward pow remainder remquo rint round roundeven scalbln scalbn sin sincos sinh "
    "sqrt tan tanh tgamma trunc ";
static const char LIBRARY[] =
    " abort abs aligned_alloc asctime at_quick_exit atexit atof atoi atol atoll bsearch calloc clearerr clock ctime "
    "difftime div exit fclose feof ferror fflush fgetc fgetpos fgets fopen fprintf fputc fputs fread free freopen "
    "fscanf "
    "fseek fsetpos ftell fwrite getc getchar getenv gmtime imaxabs imaxdiv isalnum isalpha isblank iscntrl isdigit "
    "isgraph islower isprint ispunct isspace isupper isxdigit labs ldiv llabs lldiv localeconv localtime longjmp main "
    "malloc mblen mbstowcs mbtowc memchr memcmp memcpy memmove memset mktime perror printf putc putchar puts qsort "
    "quick_exit raise rand realloc remove rename rewind scanf setbuf setlocale setvbuf signal snprintf sprintf srand "
    "sscanf strcat strchr strcmp strcoll strcpy strcspn strerror strftime strlen strncat strncmp strncpy strpbrk "
    "strrchr "
    "strspn strstr strtod strtof strtok strtol strtold strtoll strtoul strtoull strxfrm system time timespec_get "
    "tmpfile "
    "tmpnam tolower toupper ungetc vfprintf vprintf vsnprintf vsprintf wcslen wmemcpy wmemset ";

static bool has_word(const char *list, const char *word, size_t length) {
  for (const char *at = list; length > 0 && (at = strchr(at, ' ')) != NULL && at[1] != '\0';) {
    at++;
    if (strncmp(at, word, length) == 0 && at[length] == ' ') return true;
  }
  return false;
}

#define HAS(list, word) has_word(list, word, strlen(word))

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static bool ends(const char *name, const char *with) {
  size_t length = strlen(name), tail = strlen(with);
  return length >= tail && strcmp(name + length - tail, with) == 0;
}

/* "__x" and "_X" are the compiler's. */
static bool is_implementation(const char *name) {
  return name[0] == '_' && (name[1] == '_' || isupper((unsigned char)name[1]));
}

static bool is_library_function(const char *name) {
  size_t length = strlen(name);
  if (HAS(LIBRARY, name) || HAS(MATHEMATICS, name) || begins(name, "vmr_") || begins(name, "cblas_")) return true;
  return length > 1 && (name[length - 1] == 'f' || name[length - 1] == 'l') && has_word(MATHEMATICS, name, length - 1);
}

static bool is_macro(const char *name) {
  return HAS(MACROS, name) || begins(name, "VMR_") || begins(name, "VMEMRT_") || begins(name, "VMEMOPT_") ||
         begins(name, "INT") || begins(name, "UINT") || begins(name, "M_") || ends(name, "_MAX") || ends(name, "_MIN");
}

bool vmo_is_header_word(const char *name, const char *function) {
  size_t length = strlen(function);
  if (HAS(LANGUAGE, name) || is_macro(name) || is_implementation(name)) return true;
  if (strcmp(name, "plan") == 0 || begins(name, "vmo_") || begins(name, "vmr_")) return true;
  if (ends(name, "_ARENA_ALIGNMENT")) return true;
  return strncmp(name, function, length) == 0 && (name[length] == '\0' || strcmp(name + length, "_arena_bytes") == 0);
}

/* ---- what there will be ---- */

const char *vmo_join_c_name(vmr_arena *arena, const char *prefix, const char *name, const char *tail,
                            const char *more) {
  const char *parts[4] = {prefix == NULL ? "" : prefix, name, tail, more};
  size_t bytes = 1;
  for (int i = 0; i < 4; i++) bytes += strlen(parts[i]);
  char *text = vmr_arena_alloc_array(arena, bytes, 1);
  if (text != NULL) *text = '\0';
  for (int i = 0; text != NULL && i < 4; i++) strcat(text, parts[i]);
  return text;
}

const char *vmo_state_suffix(vmr_arena *arena, const char *state) {
  size_t bytes = strlen(state) + 1;
  char *word = vmr_arena_alloc_array(arena, bytes, 1);
  if (word == NULL) return NULL;
  vmo_make_c_word(state, word, bytes);
  return vmo_join_c_name(arena, NULL, "_offset_of_", word, "");
}

typedef struct collection {
  const vmo_module *module;
  const char *prefix;
  VMO_VEC(vmo_c_name) all;
} collection;

static bool add(collection *n, vmo_location location, const char *prefix, const char *name, const char *tail,
                const char *more) {
  vmr_arena *arena = n->module->context->arena;
  vmo_c_name added = {vmo_join_c_name(arena, prefix, name, tail, more), location};
  return added.name != NULL && vmo_vec_push(arena, &n->all, added);
}

static bool add_function(collection *n, const vmo_function *function) {
  static const char *const tails[] = {"", "_entry", "_arenas", "_in", "_ARENA_ALIGNMENT"};
  const char *name = vmo_name(n->module, function->name);
  bool fine = true;
  for (size_t i = 0; i < sizeof tails / sizeof *tails && fine; i++)
    fine = add(n, function->location, n->prefix, name, tails[i], "");
  for (uint32_t i = 0; function->plan != NULL && i < function->plan->arena_count && fine; i++) {
    vmo_space_id space = function->plan->arenas[i].space;
    fine = add(n, function->location, n->prefix, name, space == 0 ? "_arena_bytes" : "_arena_bytes_",
               space == 0 ? "" : vmo_name(n->module, n->module->spaces.data[space]));
  }
  for (uint32_t i = 0; i < function->parameters.count && fine; i++) {
    if (!function->parameters.data[i].state) continue;
    const char *suffix = vmo_state_suffix(n->module->context->arena, vmo_value_name(n->module, function, i));
    fine = suffix != NULL && add(n, function->location, n->prefix, name, suffix, "");
  }
  return fine;
}

static bool add_all(collection *n) {
  bool fine = true;
  for (uint32_t f = 0; f < n->module->functions.count && fine; f++)
    fine = add_function(n, n->module->functions.data[f]);
  for (uint32_t i = 0; i < n->module->declarations.count && fine; i++) {
    const vmo_declaration *declaration = &n->module->declarations.data[i];
    if (declaration->body == NULL)
      fine = add(n, declaration->location, NULL, vmo_name(n->module, declaration->name), "", "");
  }
  return fine;
}

/* ---- faults ---- */

static void refuse(vmo_context *context, vmo_location location, const char *name, const char *fault, bool has_prefix) {
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_SYMBOL_NAME, location, "'%.200s' %s", name, fault);
  vmo_diag_hint(context, added, has_prefix ? "rename it, or put a text before each name with --prefix" : "rename it");
}

static int by_name(const void *one, const void *other) {
  const vmo_c_name *a = one, *b = other;
  int order = strcmp(a->name, b->name);
  if (order != 0) return order;
  if (a->location.line != b->location.line) return a->location.line < b->location.line ? -1 : 1;
  return a->location.column < b->location.column ? -1 : a->location.column > b->location.column;
}

vmo_status vmo_refuse_same_names(vmo_context *context, vmo_c_name *names, uint32_t count) {
  vmo_status status = VMO_OK;
  if (count > 1) qsort(names, count, sizeof *names, by_name);
  for (uint32_t i = 1; i < count; i++) {
    if (strcmp(names[i].name, names[i - 1].name) != 0) continue;
    refuse(context, names[i].location, names[i].name, "would be the name of two things in C", false);
    status = VMO_INPUT_ERROR;
  }
  return status;
}

static const char *fault_of_name(const char *name) {
  if (isdigit((unsigned char)*name)) return "begins with a digit";
  if (strpbrk(name, ".$") != NULL) return "has a character that names in C do not have";
  if (HAS(LANGUAGE, name)) return "is a word of C or C++";
  if (is_library_function(name)) return "is the name of another function";
  if (HAS(MACROS, name) || begins(name, "VMEMOPT_") || begins(name, "VMR_")) return "is the name of a macro";
  if (begins(name, "__")) return "begins as names of the compiler do";
  return NULL;
}

vmo_status vmo_check_c_names(const vmo_module *module, const char *prefix) {
  collection n = {.module = module, .prefix = prefix};
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < module->functions.count + module->declarations.count; i++) {
    bool is_function = i < module->functions.count;
    const vmo_function *function = is_function ? module->functions.data[i] : NULL;
    const vmo_declaration *op = is_function ? NULL : &module->declarations.data[i - module->functions.count];
    if (!is_function && op->body != NULL) continue;
    const char *name = vmo_join_c_name(module->context->arena, is_function ? prefix : NULL,
                                       vmo_name(module, is_function ? function->name : op->name), "", "");
    if (name == NULL) return VMO_OUT_OF_MEMORY;
    const char *fault = fault_of_name(name);
    if (fault == NULL) continue;
    refuse(module->context, is_function ? function->location : op->location, name, fault, is_function);
    status = VMO_INPUT_ERROR;
  }
  if (!add_all(&n)) return VMO_OUT_OF_MEMORY;
  vmo_status same = vmo_refuse_same_names(module->context, n.all.data, n.all.count);
  return status == VMO_OK ? same : status;
}
