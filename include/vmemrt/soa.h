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
#define VMR_SOA_PLACE(name, number, type, field) ((type *)vmr_self->columns[name##_fields - 1 - number])
#define VMR_SOA_READ(name, number, type, field) vmr_row.field = VMR_SOA_PLACE(name, number, type, field)[vmr_index];
#define VMR_SOA_WRITE(name, number, type, field) VMR_SOA_PLACE(name, number, type, field)[vmr_index] = vmr_row.field;
#define VMR_SOA_MOVE(name, number, type, field) \
  VMR_SOA_PLACE(name, number, type, field)[vmr_index] = VMR_SOA_PLACE(name, number, type, field)[vmr_last];
#define VMR_SOA_COLUMN(name, number, type, field) \
  VMR_UNUSED static inline type *name##_column_##field(const name *vmr_self) { \
    return vmr_self != NULL ? VMR_SOA_PLACE(name, number, type, field) : (type *)NULL; \
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
  VMR_UNUSED static inline void name##_init(name *vmr_self, vmr_ctx *vmr_context) { \
    if (vmr_self == NULL) return; \
    memset(vmr_self, 0, sizeof *vmr_self); \
    vmr_self->soa.ctx = vmr_context; \
  } \
  VMR_UNUSED static inline size_t name##_count(const name *vmr_self) { \
    return vmr_self != NULL ? vmr_self->soa.count : 0; \
  } \
  VMR_UNUSED static inline void name##_clear(name *vmr_self) { \
    if (vmr_self != NULL) vmr_self->soa.count = 0; \
  } \
  VMR_UNUSED static inline vmr_status name##_reserve(name *vmr_self, size_t vmr_rows) { \
    if (vmr_self == NULL) return VMR_INVALID_ARGUMENT; \
    return vmr_soa_reserve(&vmr_self->soa, vmr_self->columns, name##_sizes, name##_fields, vmr_rows); \
  } \
  VMR_UNUSED static inline name##_row name##_get(const name *vmr_self, size_t vmr_index) { \
    name##_row vmr_row; \
    if (VMR_UNLIKELY(vmr_self == NULL)) { \
      memset(&vmr_row, 0, sizeof vmr_row); \
      return vmr_row; \
    } \
    VMR_EACH(VMR_SOA_READ, name, __VA_ARGS__) \
    return vmr_row; \
  } \
  VMR_UNUSED static inline void name##_set(name *vmr_self, size_t vmr_index, name##_row vmr_row) { \
    if (VMR_UNLIKELY(vmr_self == NULL)) return; \
    VMR_EACH(VMR_SOA_WRITE, name, __VA_ARGS__) \
  } \
  VMR_UNUSED static inline vmr_status name##_append(name *vmr_self, name##_row vmr_row) { \
    if (VMR_UNLIKELY(vmr_self == NULL)) return VMR_INVALID_ARGUMENT; \
    if (VMR_UNLIKELY(vmr_self->soa.count == vmr_self->soa.capacity)) { \
      vmr_status vmr_result = vmr_soa_grow(&vmr_self->soa, vmr_self->columns, name##_sizes, name##_fields); \
      if (vmr_result != VMR_OK) return vmr_result; \
    } \
    name##_set(vmr_self, vmr_self->soa.count++, vmr_row); \
    return VMR_OK; \
  } \
  VMR_UNUSED static inline vmr_status name##_swap_remove(name *vmr_self, size_t vmr_index) { \
    if (vmr_self == NULL || vmr_index >= vmr_self->soa.count) return VMR_INVALID_ARGUMENT; \
    size_t vmr_last = --vmr_self->soa.count; \
    VMR_EACH(VMR_SOA_MOVE, name, __VA_ARGS__) \
    return VMR_OK; \
  } \
  VMR_UNUSED static inline void name##_destroy(name *vmr_self) { \
    if (vmr_self != NULL) vmr_soa_release(&vmr_self->soa, vmr_self->columns, name##_fields); \
  } \
  VMR_EACH(VMR_SOA_COLUMN, name, __VA_ARGS__) \
  typedef name name##_needs_a_semicolon

#endif
