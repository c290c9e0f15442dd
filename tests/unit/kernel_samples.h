/* kernel_samples.h: a small function for each op that has a kernel, for test_codegen_kernels.c. $T is each element type of
 * the class, $0 and $1 its numbers 0 and 1; A, B, C are free dims, L is 1300. A parameter at_A holds indices below A, row_B rows of a graph of B edges. */
#ifndef VMO_TESTS_KERNEL_SAMPLES_H
#define VMO_TESTS_KERNEL_SAMPLES_H

#include <stdbool.h>

typedef struct kernel_sample {
  const char *class; /* of the elements; as in ops.def */
  const char *parameters;
  const char *results;
  const char *body;
  bool counted; /* the second result says how many elements the first has */
} kernel_sample;

static const kernel_sample KERNEL_SAMPLES[] = {
    /* creation */
    {"any", "%v: $T", "$T[A,B], $T[3]", "%z = fill %v : $T[A,B]\n%y = fill %v : $T[3]\nreturn %z, %y", 0},
    {"num", "", "$T[A], $T[L]", "%z = iota {start = 3, step = 5} : $T[A]\n%y = iota : $T[L]\nreturn %z, %y", 0},
    {"num", "", "$T[A], $T[B,C]",
     "%z = random {seed = 7} : $T[A]\n%y = random {seed = 8, low = 3, high = 100} : $T[B,C]\nreturn %z, %y", 0},
    {"any", "%x: $T[A,B]", "$T[A,B], $T[A], $T[3]",
     "%z = copy %x : $T[A,B]\n%c = const {value = $1} : $T[A]\n%y = copy %c : $T[A]\n"
     "%d = const {value = [$1, $0, $1]} : $T[3]\n%w = copy %d : $T[3]\nreturn %z, %y, %w",
     0},
    /* shape */
    {"any", "%x: $T[A,B,C]", "$T[A*B,C]", "%z = reshape %x : $T[A*B,C]\nreturn %z", 0},
    {"any", "%x: $T[A,4,B+5]", "$T[A,2,B+2], $T[A,4,3], $T[A,4,2], $T[1]",
     "%z = slice %x {start = [0, 1, 2], size = [A, 2, B+2]} : $T[A,2,B+2]\n"
     "%y = slice %x {start = [0, 0, 0], stop = [A, 4, 5], step = [1, 1, 2]} : $T[A,4,3]\n"
     "%w = slice %x {start = [0, 0, 3], size = [A, 4, 2]} : $T[A,4,2]\n%o = const {value = [$1, $0]} : $T[2]\n"
     "%u = slice %o {start = [1]} : $T[1]\nreturn %z, %y, %w, %u",
     0},
    {"any", "%x: $T[A,B+7,C]", "$T[A,3,C], $T[A,B,C], $T[A,4,C]",
     "%a, %b, %c = split %x {axis = 1} : $T[A,3,C], $T[A,B,C], $T[A,4,C]\nreturn %a, %b, %c", 0},
    {"any", "%x: $T[A,B,C], %y: $T[A,2,C], %u: $T[C], %v: $T[B]", "$T[A,B*2+2,C], $T[B+C]",
     "%z = concat %x, %y, %x {axis = 1} : $T[A,B*2+2,C]\n%w = concat %u, %v : $T[B+C]\nreturn %z, %w", 0},
    {"any", "%x: $T[A,B,C]", "$T[A+3,B,C+2], $T[A,B+2,C], $T[A+1,B,C]",
     "%z = pad %x {low = [1, 0, 2], high = [2, 0, 0], value = $1} : $T[A+3,B,C+2]\n"
     "%y = pad %x {low = [0, 1, 0], high = [0, 1, 0]} : $T[A,B+2,C]\n"
     "%w = pad %x {low = [1, 0, 0], value = $1} : $T[A+1,B,C]\nreturn %z, %y, %w",
     0},
    {"any", "%x: $T[A,1,C], %y: $T[C], %v: $T", "$T[A,B,C], $T[A,B,C], $T[A,B]",
     "%z = broadcast %x : $T[A,B,C]\n%w = broadcast %y : $T[A,B,C]\n%u = broadcast %v : $T[A,B]\nreturn %z, %w, %u", 0},
    {"any", "%x: $T[A,B,C], %y: $T[B,C]", "$T[C,B,A], $T[B,C,A], $T[A,C,B], $T[C,B]",
     "%z = transpose %x : $T[C,B,A]\n%w = transpose %x {order = [1, 2, 0]} : $T[B,C,A]\n"
     "%v = transpose %x {order = [0, 2, 1]} : $T[A,C,B]\n%u = transpose %y : $T[C,B]\nreturn %z, %w, %v, %u",
     0},
/* reductions */
#define REDUCTIONS(op) \
  "%a = " op " %x : $T\n%b = " op " %x {axis = 0} : $T[B,C]\n%c = " op " %x {axis = 1, keep = true} : $T[A,1,C]\n" \
  "%d = " op " %x {axis = 2} : $T[A,B]\n%e = " op " %x {axes = [0, 2]} : $T[B]\n" \
  "%f = " op " %y {axis = 0} : $T[L]\n%g = " op " %y {axis = 1} : $T[A]\nreturn %a, %b, %c, %d, %e, %f, %g"
#define REDUCED "$T, $T[B,C], $T[A,1,C], $T[A,B], $T[B], $T[L], $T[A]"
    {"num", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("sum"), 0},
    {"float", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("mean"), 0},
    {"num", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("prod"), 0},
    {"num", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("min"), 0},
    {"num", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("max"), 0},
    {"float", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("norm"), 0},
    {"bool", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("any"), 0},
    {"bool", "%x: $T[A,B,C], %y: $T[A,L]", REDUCED, REDUCTIONS("all"), 0},
    {"num", "%x: $T[A,B,C], %v: $T", "$T, $T", "%z = sum %v : $T\n%w = max 3 : $T\nreturn %z, %w", 0},
#define EXTREMES(op) \
  "%a = " op " %x : i64\n%b = " op " %x {axis = 0} : i64[B,C]\n%c = " op " %x {axis = 1, keep = true} : i64[A,1,C]\n" \
  "%d = " op " %x {axis = 2} : i64[A,B]\n%e = " op " %v : i64\nreturn %a, %b, %c, %d, %e"
    {"num", "%x: $T[A,B,C], %v: $T", "i64, i64[B,C], i64[A,1,C], i64[A,B], i64", EXTREMES("argmin"), 0},
    {"num", "%x: $T[A,B,C], %v: $T", "i64, i64[B,C], i64[A,1,C], i64[A,B], i64", EXTREMES("argmax"), 0},
/* scans */
#define SCANS(op) \
  "%a = " op " %x : $T[A,B,C]\n%b = " op " %x {axis = 0} : $T[A,B,C]\n%c = " op " %y {axis = 1} : $T[A,B,C]\n" \
  "%d = " op " %v : $T\nreturn %a, %b, %c, %d"
    {"num", "%x: $T[A,B,C], %y: $T[A,B,C] donate, %v: $T", "$T[A,B,C], $T[A,B,C], $T[A,B,C], $T", SCANS("cumsum"), 0},
    {"num", "%x: $T[A,B,C], %y: $T[A,B,C] donate, %v: $T", "$T[A,B,C], $T[A,B,C], $T[A,B,C], $T", SCANS("cumprod"), 0},
};

#endif
