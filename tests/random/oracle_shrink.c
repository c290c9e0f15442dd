#include "tests/random/oracle_internal.h"
void vmo_shrink_program(const char *text, const vmo_judge_options *options, const vmo_verdict *verdict, double seconds,
                        vmo_text *smaller, vmo_verdict *smaller_verdict) {
  (void)options;
  (void)verdict;
  (void)seconds;
  (void)smaller_verdict;
  vmo_text_add(smaller, text);
}
