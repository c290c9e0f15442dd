/* declared.h: what a declared op of a random program computes: 1 + the sum of its operands, index by index. */
#ifndef VMO_TESTS_RANDOM_DECLARED_H
#define VMO_TESTS_RANDOM_DECLARED_H

#include "evaluate/evaluate.h"
#include "evaluate/number.h"
#include "vmemrt/compiled.h"

/* For the reference engine. */
bool sum_declared(void *user, vmo_context *context, const char *name, const vmo_array *operands, uint32_t operand_count,
                  vmo_array *results, uint32_t result_count, void *workspace);
/* For vmo_load_code; `module` is the user. One module at a time. */
vmr_declared_op find_summing_op(void *module, const char *name);

#endif
