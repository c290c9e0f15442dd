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
    /* sorting */
    {"num", "%x: $T[A,B,C], %y: $T[L], %v: $T", "$T[A,B,C], $T[A,B,C], $T[A,B,C], $T[L], $T",
     "%a = sort %x : $T[A,B,C]\n%b = sort %x {axis = 0, descending = true} : $T[A,B,C]\n"
     "%c = sort %x {axis = 1} : $T[A,B,C]\n%d = sort %y : $T[L]\n%e = sort %v : $T\nreturn %a, %b, %c, %d, %e",
     0},
    {"num", "%x: $T[A,B,C], %y: $T[L], %v: $T", "i64[A,B,C], i64[A,B,C], i64[A,B,C], i64[L], i64",
     "%a = argsort %x : i64[A,B,C]\n%b = argsort %x {axis = 0, descending = true} : i64[A,B,C]\n"
     "%c = argsort %x {axis = 1} : i64[A,B,C]\n%d = argsort %y : i64[L]\n%e = argsort %v : i64\n"
     "return %a, %b, %c, %d, %e",
     0},
    {"num", "%x: $T[A]", "$T[A], i64", "%a, %n = unique %x : $T[A], i64\nreturn %a, %n", 1},
    {"num", "%x: $T[L]", "$T[L], i64", "%a, %n = unique %x : $T[L], i64\nreturn %a, %n", 1},
    /* linear algebra */
    {"num", "%x: $T[A], %y: $T[A], %u: $T[B]", "$T, $T[A,B]",
     "%z = dot %x, %y : $T\n%w = outer %x, %u : $T[A,B]\nreturn %z, %w", 0},
    {"num", "%x: $T[A,B], %y: $T[B,C], %u: $T[B,A], %v: $T[C,B]", "$T[A,C], $T[A,C], $T[A,C], $T[A,C]",
     "%a = matmul %x, %y : $T[A,C]\n%b = matmul %u, %y {transpose_x = true} : $T[A,C]\n"
     "%c = matmul %x, %v {transpose_y = true} : $T[A,C]\n"
     "%d = matmul %u, %v {transpose_x = true, transpose_y = true} : $T[A,C]\nreturn %a, %b, %c, %d",
     0},
    {"num", "%x: $T[3,L], %y: $T[L,A], %u: $T[A,3], %v: $T[3,L]", "$T[3,A], $T[A,L]",
     "%a = matmul %x, %y : $T[3,A]\n%b = matmul %u, %v : $T[A,L]\nreturn %a, %b", 0},
    {"num", "%x: $T[2,A,B,5], %y: $T[2,A,5,C], %u: $T[A,B,1], %v: $T[A,1,C]", "$T[2,A,B,C], $T[A,B,C]",
     "%z = batch_matmul %x, %y : $T[2,A,B,C]\n%w = batch_matmul %u, %v : $T[A,B,C]\nreturn %z, %w", 0},
    /* indexed */
    {"any", "%x: $T[A,B,C], %at_A: i32[3,2], %at_B: i64[C]", "$T[3,2,B,C], $T[A,C,C]",
     "%z = gather %x, %at_A : $T[3,2,B,C]\n%w = gather %x, %at_B {axis = 1} : $T[A,C,C]\nreturn %z, %w", 0},
    {"any", "%x: $T[A], %at_A: i64[B]", "$T[B]", "%z = gather %x, %at_A : $T[B]\nreturn %z", 0},
    {"any", "%x: $T[A,B,C], %y: $T[A,B] donate, %at_A: i32[3], %at_B: i64[4], %u: $T[3,B,C], %v: $T[A,4], %w: $T",
     "$T[A,B,C], $T[A,B], $T[A,B,C]",
     "%a = scatter %x, %at_A, %u : $T[A,B,C]\n%b = scatter %y, %at_B, %v {axis = 1} : $T[A,B]\n"
     "%c = scatter %x, %at_A, %w : $T[A,B,C]\nreturn %a, %b, %c",
     0},
    {"num", "%x: $T[A,B,C], %y: $T[A,B] donate, %at_A: i32[3], %at_B: i64[4], %u: $T[3,B,C], %v: $T[A,4]",
     "$T[A,B,C], $T[A,B], $T[A]",
     "%a = scatter_add %x, %at_A, %u : $T[A,B,C]\n%b = scatter_add %y, %at_B, %v {axis = 1} : $T[A,B]\n"
     "%k = const {value = 2} : $T[A]\n%c = scatter_add %k, %at_A, 1 : $T[A]\nreturn %a, %b, %c",
     0},
    {"num", "%x: $T[A]", "i64[B], $T[B], u8[3], f64[5]",
     "%a = histogram %x : i64[B]\n%b = histogram %x {low = 1, high = 5} : $T[B]\n"
     "%c = histogram %x {low = 0, high = 2} : u8[3]\n%d = histogram %x {low = 2} : f64[5]\nreturn %a, %b, %c, %d",
     0},
    {"bool", "%x: bool[A]", "i64[A], i64", "%a, %n = where_index %x : i64[A], i64\nreturn %a, %n", 1},
/* graphs of A nodes and B edges */
#define GRAPH "%row_B: i64[A+1], %at_A: i32[B], %x: $T[A], %y: $T[A,C]"
#define NEIGHBORS(op) "%a = " op " %row_B, %at_A, %x : $T[A]\n%b = " op " %row_B, %at_A, %y : $T[A,C]\nreturn %a, %b"
    {"num", "%row_B: i32[A+1]", "$T[A]", "%a = degree %row_B : $T[A]\nreturn %a", 0},
    {"num", GRAPH, "$T[A], $T[A,C]", NEIGHBORS("neighbor_sum"), 0},
    {"float", GRAPH, "$T[A], $T[A,C]", NEIGHBORS("neighbor_mean"), 0},
    {"num", GRAPH, "$T[A], $T[A,C]", NEIGHBORS("neighbor_min"), 0},
    {"num", GRAPH, "$T[A], $T[A,C]", NEIGHBORS("neighbor_max"), 0},
    {"num", "%row_B: i32[A+1], %at_A: i64[B], %x: $T[A]", "$T[A]",
     "%a = neighbor_mode %row_B, %at_A, %x : $T[A]\nreturn %a", 0},
    {"int", "%row_B: i64[A+1], %at_A: i32[B], %x: $T[A], %y: $T[A] donate", "$T[A], $T[A]",
     "%a = label_propagate %x, %row_B, %at_A : $T[A]\n%b = label_propagate %y, %row_B, %at_A : $T[A]\nreturn %a, %b",
     0},
    /* One node with many neighbours, and many more than the search has room for. */
    {"int", "%row: $T[3]", "$T[2]",
     "%r = const {value = [0, 9000, 9000]} : i64[3]\n%c = random {seed = 5, low = 0, high = 2} : i32[9000]\n"
     "%x = slice %row {size = [2]} : $T[2]\n%a = neighbor_mode %r, %c, %x : $T[2]\nreturn %a",
     0},
    {"any", "%at_A: i32[B], %x: $T[A], %y: $T[A,C]", "$T[B], $T[B,C]",
     "%a = edge_gather %at_A, %x : $T[B]\n%b = edge_gather %at_A, %y : $T[B,C]\nreturn %a, %b", 0},
#define SEGMENTS(op) "%a = " op " %row_B, %x : $T[A]\n%b = " op " %row_B, %y : $T[A,C]\nreturn %a, %b"
    {"num", "%row_B: i32[A+1], %x: $T[B], %y: $T[B,C]", "$T[A], $T[A,C]", SEGMENTS("segment_sum"), 0},
    {"float", "%row_B: i32[A+1], %x: $T[B], %y: $T[B,C]", "$T[A], $T[A,C]", SEGMENTS("segment_mean"), 0},
    {"num", "%row_B: i32[A+1], %x: $T[B], %y: $T[B,C]", "$T[A], $T[A,C]", SEGMENTS("segment_min"), 0},
    {"num", "%row_B: i64[A+1], %x: $T[B], %y: $T[B,C]", "$T[A], $T[A,C]", SEGMENTS("segment_max"), 0},
    {"index", "%row_B: $T[A+1], %at_A: $T[B]", "i64, i64",
     "%a = node_count %row_B : i64\n%b = edge_count %at_A : i64\nreturn %a, %b", 0},
    {"float", "%x: $T[A,B], %y: $T[A] donate", "$T[A,B], $T[A]",
     "%a = normalize_sum %x : $T[A,B]\n%b = normalize_sum %y : $T[A]\nreturn %a, %b", 0},
    /* neural networks */
    {"num", "%x: $T[A,4,B+5,C+6], %w: $T[6,2,3,4], %b: $T[6]", "$T[A,6,B+3,C+3], $T[A,6,(B+6)/2+1,(C+4)/3+1]",
     "%z = conv2d %x, %w {groups = 2} : $T[A,6,B+3,C+3]\n"
     "%y = conv2d %x, %w, %b {stride = [2, 3], pad = [2, 1], groups = 2} : $T[A,6,(B+6)/2+1,(C+4)/3+1]\nreturn %z, %y",
     0},
    {"num", "%x: $T[A,2,B+5,C+6], %w: $T[3,2,2,2]", "$T[A,3,B+7,C+8]",
     "%z = conv2d %x, %w {pad = 3, dilation = 4} : $T[A,3,B+7,C+8]\nreturn %z", 0},
    {"num", "%x: $T[A,2,B+5,C+6]", "$T[A,2,(B+2)/3+1,(C+3)/3+1]",
     "%z = max_pool %x {size = 3} : $T[A,2,(B+2)/3+1,(C+3)/3+1]\nreturn %z", 0},
    {"num", "%x: $T[A,2,B+5,C+6]", "$T[A,2,B+6,(C+4)/2+1]",
     "%y = max_pool %x {size = [2, 4], stride = [1, 2], pad = 1} : $T[A,2,B+6,(C+4)/2+1]\nreturn %y", 0},
    {"float", "%x: $T[A,2,B+5,C+6]", "$T[A,2,(B+2)/3+1,(C+3)/3+1]",
     "%z = avg_pool %x {size = 3} : $T[A,2,(B+2)/3+1,(C+3)/3+1]\nreturn %z", 0},
    {"float", "%x: $T[A,2,B+5,C+6]", "$T[A,2,B+8,(C+6)/2+1]",
     "%y = avg_pool %x {size = [2, 4], stride = [1, 2], pad = 2} : $T[A,2,B+8,(C+6)/2+1]\nreturn %y", 0},
    {"float", "%x: $T[A,B,C,2], %s: $T[B], %b: $T[B], %m: $T[B], %v: $T[B], %y: $T[A,B] donate", "$T[A,B,C,2], $T[A,B]",
     "%z = batch_norm %x, %s, %b, %m, %v : $T[A,B,C,2]\n%w = batch_norm %y, %s, %b, %m, %v {epsilon = 1} : $T[A,B]\n"
     "return %z, %w",
     0},
    {"float", "%x: $T[A,B,C], %s: $T[C], %b: $T[C], %y: $T[A,C] donate", "$T[A,B,C], $T[A,C], $T[C]",
     "%z = layer_norm %x, %s, %b : $T[A,B,C]\n%w = layer_norm %y, %s {epsilon = 1} : $T[A,C]\n"
     "%v = layer_norm %s : $T[C]\nreturn %z, %w, %v",
     0},
    {"float", "%x: $T[A,B,C], %y: $T[A,B,C] donate, %v: $T", "$T[A,B,C], $T[A,B,C], $T",
     "%z = softmax %x : $T[A,B,C]\n%w = softmax %y {axis = 1} : $T[A,B,C]\n%u = softmax %v : $T\nreturn %z, %w, %u", 0},
    {"float", "%x: $T[A,B,C]", "$T[A,B,C], $T[A,B,C]",
     "%z = lrn %x : $T[A,B,C]\n%w = lrn %x {size = 4, alpha = 0.5, beta = 1, bias = 2} : $T[A,B,C]\nreturn %z, %w", 0},
    {"float", "%q: $T[A,B,5], %k: $T[A,C,5], %v: $T[A,C,B], %m: bool[B,C]", "$T[A,B,B], $T[A,B,B], $T[A,B,B]",
     "%z = attention %q, %k, %v : $T[A,B,B]\n%w = attention %q, %k, %v {causal = true, scale = 0.5} : $T[A,B,B]\n"
     "%u = attention %q, %k, %v, %m : $T[A,B,B]\nreturn %z, %w, %u",
     0},
    {"float", "%t: $T[A,B], %at_A: i32[C,2]", "$T[C,2,B]", "%z = embedding %t, %at_A : $T[C,2,B]\nreturn %z", 0},
    {"float", "%x: $T[A,B], %y: $T[A] donate", "$T[A,B], $T[A]",
     "%z = dropout %x {seed = 3} : $T[A,B]\n%w = dropout %y {p = 0.25, seed = 4} : $T[A]\nreturn %z, %w", 0},
};

#endif
