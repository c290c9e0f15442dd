/* A program whose build has vmemopt in it: its own objects go from the heap to the stack where that can be proven, and the
 * average of its word lengths is computed by a planned program (average.vmir) when the build adds that. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#ifdef WITH_PLAN
#include <vmemrt.h>

#include "average.h"
#endif

static const char text[] = "A plan that is wrong corrupts data, so every plan is checked before anything is written.";

int main(void) {
  double lengths[MOST_WORDS];
  size_t count = 0;
  for (const char *at = text; *at != '\0';) {
    while (*at != '\0' && !isalpha((unsigned char)*at)) at++;
    size_t length = 0;
    while (isalpha((unsigned char)at[length])) length++;
    if (length == 0 || count == MOST_WORDS) break;
    char *lower = lower_case(at, length);
    if (lower == NULL) return 1;
    lengths[count++] = (double)length;
    printf("%s%s", count > 1 ? " " : "", lower);
    free(lower);
    at += length;
  }
  printf("\n%zu words, the longest has %zu letters\n", count, longest(text));
#ifdef WITH_PLAN
  vmr_plan *plan;
  double average;
  if (vmr_plan_create(&plan, NULL, average_of_ARENA_ALIGNMENT) != VMR_OK) return 1;
  if (average_of_in(plan, (int64_t)count, lengths, &average) != 0) return 1;
  printf("%.3f letters on average\n", average);
  vmr_plan_destroy(plan);
#else
  (void)lengths;
#endif
  return 0;
}
