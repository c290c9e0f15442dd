/* soa.h: structures of arrays: rows whose fields lie in a column each, all columns in one allocation.
 *
 *   VMR_SOA_DEFINE(particles, (double, x), (double, y), (int32_t, kind));
 *
 *   block   [x x x x ...   |y y y y ...   |kind kind ...   ]     each column begins at a multiple of 64
 *
 * A loop over one field touches the bytes of that field alone. The macro defines the type `particles`, the type of a row
 * `particles_row` {x, y, kind}, and functions (`p` is a particles *):
 *
 *   particles_init(p, ctx)          an empty one; obtains nothing. `ctx` may be NULL
 *   particles_reserve(p, rows)      room for so many rows
 *   particles_append(p, row)        a row behind the last; room grows geometrically
 *   particles_get(p, i), _set(p, i, row)      row i, which exists
 *   particles_swap_remove(p, i)     the last row takes the place of row i. VMR_INVALID_ARGUMENT when there is none
 *   particles_clear(p)              no rows; the room stays
 *   particles_count(p)              rows
 *   particles_column_x(p), particles_column_y(p), ...     arrays of particles_count elements, good until room grows
 *   particles_destroy(p)            gives the block back
 *
 * Up to 16 fields of plain types. One thread at a time changes it. NULL for `p` is an empty one without room: appending to it is
 * VMR_INVALID_ARGUMENT, its columns are NULL, a row of it is all zero. */
#ifndef VMEMRT_SOA_H
#define VMEMRT_SOA_H

#include <string.h>

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private. */
typedef struct vmr_soa {
  vmr_ctx *ctx;
  void *base;
  size_t obtained;
  size_t count, capacity; /* rows */
  bool is_pages;
} vmr_soa;

/* Makes room for `rows`: a new block with all columns, whose addresses replace those in `columns`; `sizes` are of the
 * elements. On failure nothing changes. */
VMR_API vmr_status vmr_soa_reserve(vmr_soa *soa, void **columns, const size_t *sizes, size_t fields, size_t rows);

/* Room for one row more than there are, geometrically. */
VMR_API vmr_status vmr_soa_grow(vmr_soa *soa, void **columns, const size_t *sizes, size_t fields);

VMR_API void vmr_soa_release(vmr_soa *soa, void **columns, size_t fields);

#ifdef __cplusplus
}
#endif

#define VMR_UNPACK(...) __VA_ARGS__
#define VMR_CALL(macro, ...) macro(__VA_ARGS__)
#define VMR_COUNT_FIELDS(...) \
  VMR_CALL(VMR_SEVENTEENTH, __VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define VMR_SEVENTEENTH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, number, ...) number
#define VMR_JOIN(a, b) VMR_JOIN_AGAIN(a, b)
#define VMR_JOIN_AGAIN(a, b) a##b

/* VMR_EACH(m, name, (type, field), ...): m(name, number, type, field) for each field, numbered from the end: the last one
 * is 0. */
#define VMR_EACH(m, name, ...) VMR_JOIN(VMR_EACH_, VMR_COUNT_FIELDS(__VA_ARGS__))(m, name, __VA_ARGS__)
#define VMR_EACH_1(m, name, f) VMR_CALL(m, name, 0, VMR_UNPACK f)
#define VMR_EACH_2(m, name, f, ...) VMR_CALL(m, name, 1, VMR_UNPACK f) VMR_EACH_1(m, name, __VA_ARGS__)
#define VMR_EACH_3(m, name, f, ...) VMR_CALL(m, name, 2, VMR_UNPACK f) VMR_EACH_2(m, name, __VA_ARGS__)
#define VMR_EACH_4(m, name, f, ...) VMR_CALL(m, name, 3, VMR_UNPACK f) VMR_EACH_3(m, name, __VA_ARGS__)
#define VMR_EACH_5(m, name, f, ...) VMR_CALL(m, name, 4, VMR_UNPACK f) VMR_EACH_4(m, name, __VA_ARGS__)
#define VMR_EACH_6(m, name, f, ...) VMR_CALL(m, name, 5, VMR_UNPACK f) VMR_EACH_5(m, name, __VA_ARGS__)
#define VMR_EACH_7(m, name, f, ...) VMR_CALL(m, name, 6, VMR_UNPACK f) VMR_EACH_6(m, name, __VA_ARGS__)
#define VMR_EACH_8(m, name, f, ...) VMR_CALL(m, name, 7, VMR_UNPACK f) VMR_EACH_7(m, name, __VA_ARGS__)
#define VMR_EACH_9(m, name, f, ...) VMR_CALL(m, name, 8, VMR_UNPACK f) VMR_EACH_8(m, name, __VA_ARGS__)
#define VMR_EACH_10(m, name, f, ...) VMR_CALL(m, name, 9, VMR_UNPACK f) VMR_EACH_9(m, name, __VA_ARGS__)
#define VMR_EACH_11(m, name, f, ...) VMR_CALL(m, name, 10, VMR_UNPACK f) VMR_EACH_10(m, name, __VA_ARGS__)
#define VMR_EACH_12(m, name, f, ...) VMR_CALL(m, name, 11, VMR_UNPACK f) VMR_EACH_11(m, name, __VA_ARGS__)
#define VMR_EACH_13(m, name, f, ...) VMR_CALL(m, name, 12, VMR_UNPACK f) VMR_EACH_12(m, name, __VA_ARGS__)
#define VMR_EACH_14(m, name, f, ...) VMR_CALL(m, name, 13, VMR_UNPACK f) VMR_EACH_13(m, name, __VA_ARGS__)
#define VMR_EACH_15(m, name, f, ...) VMR_CALL(m, name, 14, VMR_UNPACK f) VMR_EACH_14(m, name, __VA_ARGS__)
#define VMR_EACH_16(m, name, f, ...) VMR_CALL(m, name, 15, VMR_UNPACK f) VMR_EACH_15(m, name, __VA_ARGS__)

#define VMR_SOA_ROW_MEMBER(name, number, type, field) type field;
#define VMR_SOA_SIZE(name, number, type, field) sizeof(type),
#define VMR_SOA_PLACE(name, number, type, field) ((type *)self->columns[name##_fields - 1 - number])
#define VMR_SOA_READ(name, number, type, field) row.field = VMR_SOA_PLACE(name, number, type, field)[index];
#define VMR_SOA_WRITE(name, number, type, field) VMR_SOA_PLACE(name, number, type, field)[index] = row.field;
#define VMR_SOA_MOVE(name, number, type, field) \
  VMR_SOA_PLACE(name, number, type, field)[index] = VMR_SOA_PLACE(name, number, type, field)[last];
#define VMR_SOA_COLUMN(name, number, type, field) \
  VMR_UNUSED static inline type *name##_column_##field(const name *self) { \
    return self != NULL ? VMR_SOA_PLACE(name, number, type, field) : (type *)NULL; \
  }

#define VMR_SOA_DEFINE(name, ...) \
  enum { name##_fields = VMR_COUNT_FIELDS(__VA_ARGS__) }; \
  typedef struct name##_row { \
    VMR_EACH(VMR_SOA_ROW_MEMBER, name, __VA_ARGS__) \
  } name##_row; \
  typedef struct name { \
    vmr_soa soa; \
    void *columns[name##_fields]; \
  } name; \
  VMR_UNUSED static const size_t name##_sizes[] = {VMR_EACH(VMR_SOA_SIZE, name, __VA_ARGS__)}; \
  VMR_UNUSED static inline void name##_init(name *self, vmr_ctx *ctx) { \
    if (self == NULL) return; \
    memset(self, 0, sizeof *self); \
    self->soa.ctx = ctx; \
  } \
  VMR_UNUSED static inline size_t name##_count(const name *self) { return self != NULL ? self->soa.count : 0; } \
  VMR_UNUSED static inline void name##_clear(name *self) { \
    if (self != NULL) self->soa.count = 0; \
  } \
  VMR_UNUSED static inline vmr_status name##_reserve(name *self, size_t rows) { \
    if (self == NULL) return VMR_INVALID_ARGUMENT; \
    return vmr_soa_reserve(&self->soa, self->columns, name##_sizes, name##_fields, rows); \
  } \
  VMR_UNUSED static inline name##_row name##_get(const name *self, size_t index) { \
    name##_row row; \
    if (VMR_UNLIKELY(self == NULL)) { \
      memset(&row, 0, sizeof row); \
      return row; \
    } \
    VMR_EACH(VMR_SOA_READ, name, __VA_ARGS__) \
    return row; \
  } \
  VMR_UNUSED static inline void name##_set(name *self, size_t index, name##_row row) { \
    if (VMR_UNLIKELY(self == NULL)) return; \
    VMR_EACH(VMR_SOA_WRITE, name, __VA_ARGS__) \
  } \
  VMR_UNUSED static inline vmr_status name##_append(name *self, name##_row row) { \
    if (VMR_UNLIKELY(self == NULL)) return VMR_INVALID_ARGUMENT; \
    if (VMR_UNLIKELY(self->soa.count == self->soa.capacity)) { \
      vmr_status status = vmr_soa_grow(&self->soa, self->columns, name##_sizes, name##_fields); \
      if (status != VMR_OK) return status; \
    } \
    name##_set(self, self->soa.count++, row); \
    return VMR_OK; \
  } \
  VMR_UNUSED static inline vmr_status name##_swap_remove(name *self, size_t index) { \
    if (self == NULL || index >= self->soa.count) return VMR_INVALID_ARGUMENT; \
    size_t last = --self->soa.count; \
    VMR_EACH(VMR_SOA_MOVE, name, __VA_ARGS__) \
    return VMR_OK; \
  } \
  VMR_UNUSED static inline void name##_destroy(name *self) { \
    if (self != NULL) vmr_soa_release(&self->soa, self->columns, name##_fields); \
  } \
  VMR_EACH(VMR_SOA_COLUMN, name, __VA_ARGS__) \
  typedef name name##_needs_a_semicolon

#endif
