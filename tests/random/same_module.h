/* same_module.h: whether two modules are the same but for the places in their texts. */
#ifndef VMO_TESTS_RANDOM_SAME_MODULE_H
#define VMO_TESTS_RANDOM_SAME_MODULE_H

#include "ir/ir.h"

/* NULL when they are; otherwise what differs first. Names, types and sizes are compared as text, for the modules may
 * belong to different contexts; all ids within functions must be equal. */
const char *vmo_find_difference(const vmo_module *left, const vmo_module *right);

#endif
