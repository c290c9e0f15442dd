/* fold.h: many numbers to one, in the order in which they are added; private to evaluate/. */
#ifndef VMO_EVALUATE_FOLD_H
#define VMO_EVALUATE_FOLD_H

#include "evaluate/number.h"

typedef enum vmo_fold_kind {
  VMO_FOLD_SUM,
  VMO_FOLD_PRODUCT,
  VMO_FOLD_MEAN,   /* of reals */
  VMO_FOLD_MIN,    /* NaN if any is */
  VMO_FOLD_MAX,    /* likewise */
  VMO_FOLD_SQUARES /* of reals: the root of the sum of squares */
} vmo_fold_kind;

typedef struct vmo_fold {
  vmo_fold_kind kind;
  vmo_element element; /* in which the sum is kept */
  int64_t count;
  vmo_number value;
} vmo_fold;

vmo_fold vmo_fold_begin(vmo_fold_kind kind, vmo_element element);
void vmo_fold_add(vmo_fold *fold, vmo_number number);
/* What all numbers so far come to; more may be added. */
vmo_number vmo_fold_end(const vmo_fold *fold);

#endif
