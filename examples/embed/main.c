/* main.c: a compiler that embeds vmemopt.
 *
 * It builds one step of gradient descent for a linear model, w - rate * (x' (x w - y)), plans its memory, and prints
 * where each value lies, as a code generator would use it. Built against an installed copy:
 *
 *   cmake -S examples/embed -B build -DCMAKE_PREFIX_PATH=<prefix> && cmake --build build && build/embed */
#include <inttypes.h>
#include <stdio.h>

#include <vmemopt.h>

static vmo_value_id add_binary(vmo_program *program, vmo_function_id function, const char *op, vmo_value_id left,
                               vmo_value_id right, vmo_type_id type, const char *name) {
  const vmo_argument arguments[] = {vmo_from_value(left), vmo_from_value(right)};
  return vmo_add_value(program, function, op, arguments, 2, type, name);
}

/* func @step(%x: f64[N,64], %y: f64[N,1], %w: f64[64,1] donate) -> f64[64,1]
 *
 * No result is looked at on the way: after a failure the builder does nothing, and planning says what it was. */
static vmo_function_id build_step(vmo_program *program) {
  vmo_size_id n = vmo_add_bounded_dim(program, "N", 100000), m = vmo_make_size(program, 64);
  vmo_size_id one = vmo_make_size(program, 1);
  const vmo_size_id matrix_shape[] = {n, m}, rows_shape[] = {n, one}, weights_shape[] = {m, one};
  vmo_type_id matrix = vmo_make_type(program, "f64", matrix_shape, 2);
  vmo_type_id rows = vmo_make_type(program, "f64", rows_shape, 2);
  vmo_type_id weights = vmo_make_type(program, "f64", weights_shape, 2);

  vmo_function_id step = vmo_add_function(program, "step");
  vmo_value_id x = vmo_add_parameter(program, step, "x", matrix, false);
  vmo_value_id y = vmo_add_parameter(program, step, "y", rows, false);
  vmo_value_id w = vmo_add_parameter(program, step, "w", weights, true);
  vmo_add_result(program, step, weights);

  vmo_value_id guess = add_binary(program, step, "matmul", x, w, rows, "guess");
  vmo_value_id error = add_binary(program, step, "sub", guess, y, rows, "error");

  const vmo_argument factors[] = {vmo_from_value(x), vmo_from_value(error)};
  vmo_op_id product = vmo_add_op(program, step, "matmul", factors, 2, &weights, 1);
  vmo_set_boolean_attribute(program, step, product, "transpose_x", true);
  vmo_value_id gradient = vmo_get_result(program, step, product, 0);

  const vmo_argument scaled[] = {vmo_from_value(gradient), vmo_from_real(0.001)};
  vmo_value_id change = vmo_add_value(program, step, "mul", scaled, 2, weights, "change");
  vmo_value_id next = add_binary(program, step, "sub", w, change, weights, "next");
  const vmo_argument results[] = {vmo_from_value(next)};
  vmo_add_op(program, step, "return", results, 1, NULL, 0);
  vmo_end_function(program, step);
  return step;
}

static void print_plan(const vmo_program *program, vmo_function_id function) {
  vmo_figures figures;
  if (!vmo_get_figures(program, function, NULL, &figures)) return;
  printf("@%s: total %" PRId64 " bytes, arena %" PRId64 " bytes, lower bound %" PRId64 " bytes\n",
         vmo_get_function_name(program, function), figures.total_bytes, figures.arena_bytes, figures.lower_bound_bytes);
  for (uint32_t i = 0; i < vmo_count_storages(program, function); i++) {
    vmo_storage_info storage;
    if (!vmo_get_storage(program, function, i, &storage) || storage.name == NULL) continue;
    printf("  %%%-10s %10" PRId64 " bytes  ", storage.name, storage.bytes);
    if (storage.slot != VMO_NONE) {
      printf("slot %" PRIu32 " at %" PRId64 "\n", storage.slot, storage.offset);
    } else {
      printf("%s\n", storage.kind);
    }
  }
  for (uint32_t i = 0; i < vmo_count_inplace(program, function); i++) {
    vmo_inplace_info pair;
    if (vmo_get_inplace(program, function, i, &pair)) {
      printf("  %%%s takes the bytes of %%%s\n", pair.result_name, pair.operand_name);
    }
  }
}

static int report_failure(const vmo_program *program) {
  char *diagnostics = vmo_format_diagnostics(program, NULL);
  fprintf(stderr, "%s", diagnostics != NULL ? diagnostics : "out of memory\n");
  vmo_free_text(diagnostics);
  return 1;
}

int main(void) {
  vmo_program *program = vmo_create_program();
  if (program == NULL) return 1;
  vmo_function_id step = build_step(program);
  int code = 0;
  if (vmo_set_dim(program, "N", 1000) == VMO_OK && vmo_plan_program(program) == VMO_OK) {
    print_plan(program, step);
  } else {
    code = report_failure(program);
  }
  vmo_destroy_program(program);
  return code;
}
