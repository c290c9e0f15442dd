/* instrument.h: a module whose run checks what llvm/structures.h says of it. */
#ifndef VMO_TESTS_STRUCTURES_INSTRUMENT_H
#define VMO_TESTS_STRUCTURES_INSTRUMENT_H

#include "llvm/structures.h"

/* Puts calls of the functions of watch.c before and behind what the structures tell of, and writes to `claims` what is
 * to be checked there. */
void vmo_instrument_structures(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_text *claims);

#endif
