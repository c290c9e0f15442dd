/* libc.h: what is known of functions that a module only declares. Private to llvm/. */
#ifndef VMO_LLVM_LIBC_H
#define VMO_LLVM_LIBC_H

#include <stdbool.h>
#include <stdint.h>

#include <llvm-c/Core.h>

#include "support/context.h"

typedef enum vmo_libc_kind {
  VMO_LIBC_PLAIN,
  VMO_LIBC_MALLOC,   /* size in argument 0 */
  VMO_LIBC_CALLOC,   /* argument 0 times argument 1 */
  VMO_LIBC_REALLOC,  /* argument 0 grown to argument 1, or (reallocarray) to the product of the next two */
  VMO_LIBC_ALIGNED,  /* alignment in argument 0, size in argument 1 */
  VMO_LIBC_MEMALIGN, /* the same after argument 0, which receives the address; gives a number */
  VMO_LIBC_COPIED,   /* strdup and its like: the size is not known before the call */
  VMO_LIBC_DECLARED, /* known by attributes of its declaration alone (vmo_make_libc_row) */
  VMO_LIBC_NEW,      /* operator new */
  VMO_LIBC_FREE,     /* argument 0; any further ones tell its size */
  VMO_LIBC_DELETE,   /* operator delete */
  VMO_LIBC_COPY,     /* memcpy: argument 1 to argument 0, argument 2 bytes, pointers too */
  VMO_LIBC_MOVE_BACK /* bcopy: argument 0 to argument 1 */
} vmo_libc_kind;

/* A letter tells what happens to an argument. */
typedef enum vmo_libc_effect {
  VMO_EFFECT_NUMBER = '-',  /* no pointer, or a pointer that nothing is done with */
  VMO_EFFECT_READ = 'r',    /* read, not kept */
  VMO_EFFECT_WRITE = 'w',   /* read or written, not kept; no pointers are stored in it */
  VMO_EFFECT_SEND = 's',    /* read, and its bytes go to where another may read them: pointers too */
  VMO_EFFECT_RECEIVE = 'i', /* written with bytes from there */
  VMO_EFFECT_PRINT = 't',   /* the text of a printf; its %p gives addresses away */
  VMO_EFFECT_LIST = 'v',    /* a va_list that is printed by the text before it */
  VMO_EFFECT_FREE = 'f',    /* freed */
  VMO_EFFECT_CAPTURE = 'c', /* kept */
  VMO_EFFECT_MEASURE = 'z', /* not kept, but it must be an object of malloc's: taken as 'c' */
  VMO_EFFECT_FRESH = 'o',   /* receives the address of a fresh object */
  VMO_EFFECT_GROW = 'g',    /* what it holds is freed or grown, and it receives the address of a fresh object */
  VMO_EFFECT_END = 'e',     /* receives an address in argument 0 */
  VMO_EFFECT_MOVE = 'm',    /* holds an address, and receives another in the same object, or in that of argument 0 */
  VMO_EFFECT_CALLED = 'x'   /* a function that is called; arguments that it may get are kept, as 'c' */
} vmo_libc_effect;

/* The result: '-' no pointer, 'u' not one of ours, 'n' a fresh object, '0' '1' that argument, 'a' 'b' a place in it, 'p' a
 * place in the object of an argument with the effect 'm'. */
typedef struct vmo_libc_row {
  const char *name;
  char result;           /* a letter, below */
  const char *arguments; /* a vmo_libc_effect each; a final * repeats the last */
  vmo_libc_kind kind;
} vmo_libc_row;

/* The row of that name (an intrinsic's without its types), or NULL. */
const vmo_libc_row *vmo_find_libc(const char *name);
/* Whether a declaration has pointers where the row says so. */
bool vmo_libc_fits(const vmo_libc_row *row, LLVMTypeRef type);
/* A row for a declaration that is not in the table, if its attributes (allockind, allocsize, noalias) say that it
 * allocates or frees; NULL: they do not. False: out of memory. */
bool vmo_make_libc_row(vmr_arena *arena, LLVMValueRef function, const char *name, const vmo_libc_row **row);
/* Whether a module leaves a function of that name to libc, and declares it so, if at all. */
bool vmo_libc_is_callable(LLVMModuleRef module, const char *name, LLVMTypeRef type);
/* What happens to argument `index`. */
vmo_libc_effect vmo_libc_effect_of(const vmo_libc_row *row, uint32_t index);
/* Whether it may call functions of the program. */
bool vmo_libc_calls_back(const vmo_libc_row *row);

/* Whether the text of a printf or scanf is for no addresses: a constant without %p. */
bool vmo_libc_has_no_address(LLVMValueRef text);

/* setjmp, longjmp and their like: they have no row, since control goes elsewhere, but start no threads, and their buffers
 * hold nothing that is read. */
bool vmo_libc_jumps(const char *name);

/* Whether a call makes an object, which it returns or stores. */
bool vmo_libc_allocates(const vmo_libc_row *row);

#endif
