/* snapshot.h: the objects of a collected heap at one moment: who refers to whom, who keeps whom alive, what has grown.
 *
 * The objects that can be reached are numbered from 1 in the order in which they are found from the roots, breadth first; 0 stands
 * for the roots together. An object's dominator is the last one that every road from the roots to it goes through: if that
 * one died, it would die too. What an object retains is itself and all that it dominates, by any number of steps. */
#ifndef VMEMRT_SNAPSHOT_H
#define VMEMRT_SNAPSHOT_H

#include "vmemrt/collect.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_snapshot vmr_snapshot;

/* Takes time and memory proportional to the objects that can be reached and their pointers, times a logarithm for the
 * dominators. VMR_OUT_OF_MEMORY: there was none; VMR_WRONG_ORDER: a collection runs. The snapshot outlives neither the
 * context nor the types' names. */
VMR_API vmr_status vmr_snapshot_take(vmr_snapshot **snapshot, vmr_gc *gc);

/* NULL is accepted. */
VMR_API void vmr_snapshot_destroy(vmr_snapshot *snapshot);

/* The number of objects. */
VMR_API uint32_t vmr_snapshot_count(const vmr_snapshot *snapshot);

typedef struct vmr_snapshot_object {
  const void *object; /* may be gone by now: not to be followed */
  const char *type;
  size_t bytes;
  uint64_t retained;   /* bytes */
  uint32_t dominator;  /* its number; 0: the roots */
  uint32_t references; /* to objects, each as often as it is there */
} vmr_snapshot_object;

/* VMR_OUT_OF_RANGE when there is no such number. */
VMR_API vmr_status vmr_snapshot_read(const vmr_snapshot *snapshot, uint32_t number, vmr_snapshot_object *object);

/* The number of an object; 0 when it is not in the snapshot. */
VMR_API uint32_t vmr_snapshot_find(const vmr_snapshot *snapshot, const void *object);

/* The numbers that the object `number` refers to; `*count` of them. */
VMR_API const uint32_t *vmr_snapshot_references(const vmr_snapshot *snapshot, uint32_t number, uint32_t *count);

/* The whole graph for Graphviz, and as JSON: {"objects": [{"id", "type", "bytes", "retained", "dominator", "to": [...]}]}. As
 * snprintf: at most `capacity` bytes are written, with a NUL at the end; the result is the length of the whole. */
VMR_API size_t vmr_snapshot_dot(const vmr_snapshot *snapshot, char *buffer, size_t capacity);
VMR_API size_t vmr_snapshot_json(const vmr_snapshot *snapshot, char *buffer, size_t capacity);

typedef struct vmr_growth {
  const char *type;
  int64_t objects, bytes; /* more in the newer one than in the older one */
} vmr_growth;

/* What has changed between two snapshots of one heap, by type, the types that grew by most bytes first; at most `capacity`.
 * Returns how many types there are. The heap may be gone by then. Which sites allocated what lives, and for how long,
 * vmemrt/profile.h tells. */
VMR_API size_t vmr_snapshot_compare(const vmr_snapshot *older, const vmr_snapshot *newer, vmr_growth *rows,
                                    size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
