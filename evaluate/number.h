/* number.h: one element at a time, whatever its type. Open to the tool, which fills arguments and shows results.
 *
 * Elements are computed with in one of three classes: reals as double, which is rounded to the element's precision after
 * each step; signed integers as int64_t; the others, bool included, as uint64_t. */
#ifndef VMO_EVALUATE_NUMBER_H
#define VMO_EVALUATE_NUMBER_H

#include "evaluate/evaluate.h"

typedef union vmo_number {
  double real;
  int64_t integer;
  uint64_t natural;
} vmo_number;

typedef enum vmo_number_class { VMO_REAL, VMO_INTEGER, VMO_NATURAL } vmo_number_class;

vmo_number_class vmo_class_of(vmo_element element);

/* Element `index` of `data`; stored numbers are rounded, or cut to the element's bits. */
vmo_number vmo_load(vmo_element element, const void *data, int64_t index);
void vmo_store(vmo_element element, void *data, int64_t index, vmo_number number);

/* `real` as that element type holds it. */
double vmo_round_to(vmo_element element, double real);
/* The precision in which sums of that element are kept: f32 for f16 and bf16, else its own. */
vmo_element vmo_sum_element(vmo_element element);

/* A number of one type as another type holds it. */
vmo_number vmo_convert(vmo_element from, vmo_number number, vmo_element to);
/* Whole numbers and literals in that type. */
vmo_number vmo_number_of(vmo_element element, int64_t number);
vmo_number vmo_number_of_real(vmo_element element, double real);

/* The least and the greatest number of the type; of reals the infinities. */
vmo_number vmo_least(vmo_element element);
vmo_number vmo_greatest(vmo_element element);

/* Sum and product, rounded to the element's precision; integers wrap around when they are stored. */
vmo_number vmo_add_numbers(vmo_element element, vmo_number left, vmo_number right);
vmo_number vmo_multiply_numbers(vmo_element element, vmo_number left, vmo_number right);

/* Evenly distributed in [0, 1): number `index` of the sequence that `seed` names. */
double vmo_draw_uniform(uint64_t seed, uint64_t index);

/* -1, 0 or 1 as left is less than, equal to or greater than right; NaN is greater than any other and equal to itself. */
int vmo_compare(vmo_element element, vmo_number left, vmo_number right);

#endif
