/* header.h: what the two kinds of C header share; private to codegen/. */
#ifndef VMO_CODEGEN_HEADER_H
#define VMO_CODEGEN_HEADER_H

#include "codegen/codegen.h"

/* The comment at the head, which ends with `what`, and the guard, whose name ends with `tail`. */
void vmo_begin_c_header(vmo_module *module, const char *prefix, const char *title, const char *what, const char *tail,
                        vmo_text *out);
void vmo_end_c_header(vmo_text *out);
/* "func @f(%x: f64[N]) -> f64[N]" */
void vmo_add_c_signature(vmo_module *module, const vmo_function *function, vmo_text *out);
/* `name` with what C does not allow in a word made `_`. */
void vmo_make_c_word(const char *name, char *word, size_t bytes);

#endif
