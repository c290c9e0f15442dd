/* test_runtime_buffer.c: buffers with their tails, and structures of arrays against an array of structures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"

static void assert_zeros_from(const vmr_buffer *buffer, size_t from) {
  for (size_t i = from; i < (buffer->bytes + 63) / 64 * 64; i++) assert_int_equal(((char *)buffer->data)[i], 0);
}

static void buffers_are_aligned_and_their_tails_are_zeros(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  for (size_t bytes = 0; bytes < 300; bytes++) {
    vmr_buffer buffer;
    assert_int_equal(vmr_buffer_create(&buffer, ctx, bytes, 1), VMR_OK);
    assert_int_equal((uintptr_t)buffer.data % 64, 0);
    assert_int_equal(buffer.bytes, bytes);
    assert_true(buffer.room >= bytes && buffer.room % 64 == 0);
    assert_zeros_from(&buffer, 0);
    if (buffer.room != 0) memset(buffer.data, 7, buffer.room); /* whole vectors may be written */
    assert_int_equal(vmr_buffer_resize(&buffer, bytes / 2, 1), VMR_OK);
    assert_zeros_from(&buffer, bytes / 2);
    assert_int_equal(vmr_buffer_resize(&buffer, 5 * bytes, 1), VMR_OK);
    for (size_t i = 0; i < bytes / 2; i++) assert_int_equal(((char *)buffer.data)[i], 7);
    assert_zeros_from(&buffer, bytes / 2);
    assert_int_equal((uintptr_t)buffer.data % 64, 0);
    vmr_prefetch(buffer.data);
    vmr_prefetch_write(NULL);
    vmr_buffer_release(&buffer);
    vmr_buffer_release(&buffer);
    assert_null(buffer.data);
  }
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void sizes_that_overflow_are_refused(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_buffer buffer;
  assert_int_equal(vmr_buffer_create(NULL, ctx, 1, 1), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_buffer_create(&buffer, ctx, SIZE_MAX / 4, 8), VMR_SIZE_OVERFLOW);
  assert_int_equal(vmr_buffer_create(&buffer, ctx, SIZE_MAX, 1), VMR_SIZE_OVERFLOW);
  assert_int_equal(vmr_buffer_create(&buffer, ctx, SIZE_MAX, 0), VMR_OK);
  assert_int_equal(vmr_buffer_create(&buffer, ctx, 10, 8), VMR_OK);
  ((char *)buffer.data)[79] = 5;
  assert_int_equal(vmr_buffer_resize(&buffer, SIZE_MAX / 2, 4), VMR_SIZE_OVERFLOW);
  vmr_ctx_set_limits(ctx, 0, 4096);
  assert_int_equal(vmr_buffer_resize(&buffer, 4096, 1), VMR_OUT_OF_MEMORY);
  assert_int_equal(buffer.bytes, 80);
  assert_int_equal(((char *)buffer.data)[79], 5);
  vmr_buffer_release(&buffer);
  vmr_buffer_release(NULL);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- structures of arrays ---- */

typedef struct place {
  int32_t x, y;
} place;

VMR_SOA_DEFINE(particles, (double, mass), (int64_t, id), (uint8_t, kind), (place, at));
VMR_SOA_DEFINE(numbers, (int32_t, number));
VMR_SOA_DEFINE(counters, (int, count), (char, clear), (int, get), (long, row), (int, index), (int, sizes), (int, soa));
VMR_SOA_DEFINE(wide, (char, a), (char, b), (char, c), (char, d), (char, e), (char, f), (char, g), (char, h), (char, i),
               (char, j), (char, k), (char, l), (char, m), (char, n), (char, o), (int64_t, p));

static particles_row make_row(uint64_t number) {
  return (particles_row){.mass = (double)number / 3,
                         .id = -(int64_t)number,
                         .kind = (uint8_t)(number % 251),
                         .at = {(int32_t)number, (int32_t)(number * 7)}};
}

static void assert_row(particles_row row, particles_row expected) {
  assert_true(row.mass == expected.mass && row.id == expected.id && row.kind == expected.kind);
  assert_true(row.at.x == expected.at.x && row.at.y == expected.at.y);
}

static void assert_columns(const particles *p) {
  const char *ends[] = {(char *)(particles_column_mass(p) + particles_count(p)),
                        (char *)(particles_column_id(p) + particles_count(p)),
                        (char *)(particles_column_kind(p) + particles_count(p))};
  const char *begins[] = {(char *)particles_column_id(p), (char *)particles_column_kind(p),
                          (char *)particles_column_at(p)};
  for (int i = 0; i < 3; i++) {
    assert_int_equal((uintptr_t)begins[i] % 64, 0);
    assert_true(begins[i] >= ends[i] && begins[i] - ends[i] < 1 << 24); /* of one block, in order */
  }
}

static void columns_begin_at_lines(void **state) {
  (void)state;
  for (size_t rows = 1; rows < 200; rows++) {
    particles p;
    particles_init(&p, NULL);
    assert_int_equal(particles_reserve(&p, rows), VMR_OK);
    assert_columns(&p);
    particles_destroy(&p);
  }
}

/* Random appends, removals and writes, against an array of structures; any allocation may fail. */
static void columns_hold_what_rows_would(void **state) {
  (void)state;
  enum { MOST = 5000 };
  particles_row *model = malloc(MOST * sizeof *model);
  for (uint32_t seed = 0; seed < 8; seed++) {
    vmr_ctx *ctx = make_ctx();
    vmr_ctx_set_faults(ctx, 0, 0, seed % 2 * 300000, seed);
    particles p;
    size_t count = 0;
    uint64_t random = seed;
    particles_init(&p, ctx);
    for (int round = 0; round < 20000; round++) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      uint64_t number = random >> 33, choice = number % 8;
      if (choice < 5 && count < MOST) {
        if (particles_append(&p, make_row(number)) == VMR_OK) model[count++] = make_row(number);
      } else if (choice < 6 && count != 0) {
        size_t index = number / 8 % count;
        assert_int_equal(particles_swap_remove(&p, index), VMR_OK);
        model[index] = model[--count];
      } else if (count != 0) {
        particles_set(&p, number / 8 % count, make_row(number));
        model[number / 8 % count] = make_row(number);
      }
      assert_int_equal(particles_count(&p), count);
    }
    for (size_t i = 0; i < count; i++) {
      assert_row(particles_get(&p, i), model[i]);
      assert_true(particles_column_id(&p)[i] == model[i].id);
    }
    if (count != 0) assert_columns(&p);
    assert_int_equal(particles_swap_remove(&p, count), VMR_INVALID_ARGUMENT);
    particles_clear(&p);
    assert_int_equal(particles_swap_remove(&p, 0), VMR_INVALID_ARGUMENT);
    particles_destroy(&p);
    particles_destroy(&p);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
  free(model);
}

static void all_columns_are_one_allocation(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  particles p;
  wide w;
  particles_init(&p, ctx);
  assert_int_equal(read_account(ctx, VMR_KIND_SOA).obtained, 0);
  assert_int_equal(particles_reserve(&p, 1000), VMR_OK);
  assert_int_equal(read_account(ctx, VMR_KIND_SOA).obtained, 1);
  for (uint64_t i = 0; i < 1000; i++) assert_int_equal(particles_append(&p, make_row(i)), VMR_OK);
  assert_int_equal(read_account(ctx, VMR_KIND_SOA).obtained, 1);
  assert_int_equal(particles_reserve(&p, 200000), VMR_OK); /* in large pages */
  for (uint64_t i = 0; i < 1000; i++) assert_row(particles_get(&p, i), make_row(i));
  assert_columns(&p);
  particles_destroy(&p);
  wide_init(&w, ctx);
  for (char i = 0; i < 100; i++) assert_int_equal(wide_append(&w, (wide_row){.a = i, .o = (char)-i, .p = i}), VMR_OK);
  for (char i = 0; i < 100; i++)
    assert_true(wide_column_a(&w)[(int)i] == i && wide_column_o(&w)[(int)i] == (char)-i &&
                wide_get(&w, (size_t)i).p == i);
  wide_destroy(&w);
  assert_int_equal(read_account(ctx, VMR_KIND_SOA).current_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void too_many_rows_are_refused(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  numbers n;
  numbers_init(&n, ctx);
  assert_int_equal(numbers_reserve(&n, SIZE_MAX / 4), VMR_SIZE_OVERFLOW);
  assert_int_equal(numbers_reserve(&n, SIZE_MAX), VMR_SIZE_OVERFLOW);
  assert_int_equal(numbers_append(&n, (numbers_row){7}), VMR_OK);
  vmr_ctx_set_limits(ctx, 0, 4096);
  assert_int_equal(numbers_reserve(&n, 100000), VMR_OUT_OF_MEMORY);
  assert_int_equal(numbers_column_number(&n)[0], 7);
  numbers_destroy(&n);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void any_name_is_a_field(void **state) {
  (void)state;
  counters table;
  counters_init(&table, NULL);
  for (int i = 0; i < 100; i++)
    assert_int_equal(counters_append(&table, (counters_row){.count = i, .get = 2 * i, .index = -i}), VMR_OK);
  assert_int_equal(counters_swap_remove(&table, 0), VMR_OK);
  assert_int_equal(counters_count(&table), 99);
  assert_int_equal(counters_column_count(&table)[0], 99);
  assert_int_equal(counters_column_get(&table)[1], 2);
  assert_int_equal(counters_get(&table, 2).index, -2);
  counters_destroy(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buffers_are_aligned_and_their_tails_are_zeros),
      cmocka_unit_test(sizes_that_overflow_are_refused),
      cmocka_unit_test(columns_hold_what_rows_would),
      cmocka_unit_test(columns_begin_at_lines),
      cmocka_unit_test(all_columns_are_one_allocation),
      cmocka_unit_test(any_name_is_a_field),
      cmocka_unit_test(too_many_rows_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
