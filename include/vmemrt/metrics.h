/* metrics.h: what a context can tell about its memory, as a structure, as text, as JSON and for Prometheus.
 *
 * Nothing is counted for it per operation: figures are read off the books, and off the cursors of what lives, when they are
 * asked for. Any thread may ask; what another thread moves meanwhile may be off by what it is moving. */
#ifndef VMEMRT_METRICS_H
#define VMEMRT_METRICS_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(KIND, type, name, "what it is"). A COUNTER never goes down, a GAUGE may; a ratio is between 0 and 1 or a mean. */
#define VMR_METRICS(X) \
  X(GAUGE, count, current_bytes, "Bytes obtained from the backing and not given back.") \
  X(GAUGE, count, peak_bytes, "The most that current_bytes ever was.") \
  X(COUNTER, count, obtained_bytes, "Bytes obtained from the backing since creation.") \
  X(COUNTER, count, allocations, "Requests to the backing that succeeded, and objects taken from pools and heaps.") \
  X(COUNTER, count, failed_allocations, \
    "Requests that the backing, a limit or a fault refused, or that no memory can meet.") \
  X(COUNTER, count, limits_hit, \
    "Requests that a hard limit refused: of the context, an arena, a pool or an interner.") \
  X(COUNTER, count, soft_limits_passed, "How often the soft limit was passed upward.") \
  X(COUNTER, count, violations, "Cases of misuse that were reported.") \
  X(COUNTER, count, tasks, "Tasks that have ended.") \
  X(COUNTER, count, task_allocations, "Allocations while they ran.") \
  X(GAUGE, count, task_allocations_peak, "The most allocations of one task.") \
  X(GAUGE, ratio, allocations_per_task, "Mean allocations of a task.") \
  X(GAUGE, count, arenas, "Living arenas.") \
  X(GAUGE, count, arena_used_bytes, "Bytes of objects in arenas.") \
  X(GAUGE, count, arena_reserved_bytes, "Bytes of the chunks of arenas.") \
  X(GAUGE, count, arena_waste_bytes, "Bytes of chunks that hold no object.") \
  X(COUNTER, count, arena_object_bytes, "Bytes of objects ever allocated in arenas.") \
  X(GAUGE, count, plan_used_bytes, "Bytes of planned blocks that calls hold.") \
  X(GAUGE, count, heap_reserved_bytes, "Bytes obtained for heaps.") \
  X(COUNTER, count, heap_objects, "Objects ever allocated in heaps.") \
  X(GAUGE, count, pools, "Living pools.") \
  X(GAUGE, count, pool_live_objects, "Objects that are taken from pools.") \
  X(GAUGE, count, pool_idle_objects, "Objects that wait in pools.") \
  X(COUNTER, count, pool_hits, "Objects taken from pools that had one waiting.") \
  X(COUNTER, count, pool_misses, "Objects that pools had to make, or failed to.") \
  X(COUNTER, count, pool_refused, "Of the misses, those that failed.") \
  X(GAUGE, ratio, pool_hit_rate, "pool_hits over pool_hits and pool_misses.") \
  X(GAUGE, count, interned_strings, "Symbols of living interners.") \
  X(GAUGE, count, interned_bytes, "Bytes of texts that living interners store.") \
  X(COUNTER, count, interner_hits, "Texts added that were there.") \
  X(COUNTER, count, interner_misses, "Texts added that were not.") \
  X(COUNTER, count, interner_saved_bytes, "What copies of the texts that were there would have cost.") \
  X(GAUGE, count, collected_live_bytes, "Bytes that the last cycles of collected heaps left alive.") \
  X(GAUGE, count, collected_live_objects, "Objects that they left alive.") \
  X(COUNTER, count, collections, "Cycles of collected heaps.") \
  X(COUNTER, count, young_collections, "Of these, those that looked at young objects only.") \
  X(COUNTER, count, collected_freed_bytes, "Bytes that cycles freed.") \
  X(COUNTER, count, collected_promoted_bytes, "Bytes of young objects that survived a cycle.") \
  X(COUNTER, count, collection_pause_nanoseconds, "Nanoseconds that programs waited for cycles and their steps.") \
  X(GAUGE, count, collection_longest_pause, "The longest of these pauses, in nanoseconds.") \
  X(COUNTER, count, collection_pauses, "Pauses for cycles and their steps.") \
  X(COUNTER, count, collection_pauses_over_100us, "Of these, those of more than 100 microseconds.") \
  X(COUNTER, count, collection_pauses_over_1ms, "Those of more than a millisecond.") \
  X(COUNTER, count, collection_pauses_over_10ms, "Those of more than 10 milliseconds.")

typedef uint64_t vmr_metric_count;
typedef double vmr_metric_ratio;

typedef struct vmr_metrics {
#define VMR_METRIC_MEMBER(KIND, type, name, help) vmr_metric_##type name;
  VMR_METRICS(VMR_METRIC_MEMBER)
#undef VMR_METRIC_MEMBER
} vmr_metrics;

/* `bytes` is sizeof(vmr_metrics) of the caller: members that a later version adds are left out. */
VMR_API vmr_status vmr_metrics_read(vmr_ctx *ctx, vmr_metrics *metrics, size_t bytes);

/* The figures as lines of "name value", as a JSON object, and in Prometheus' text format (names begin with vmemrt_, those of
 * counters end with _total). As snprintf: at most `capacity` bytes are written, with a NUL at the end; the result is the
 * length of the whole, which was written when it is less than `capacity`. `buffer` may be NULL when `capacity` is 0. */
VMR_API size_t vmr_metrics_text(vmr_ctx *ctx, char *buffer, size_t capacity);
VMR_API size_t vmr_metrics_json(vmr_ctx *ctx, char *buffer, size_t capacity);
VMR_API size_t vmr_metrics_prometheus(vmr_ctx *ctx, char *buffer, size_t capacity);

/* ---- tasks ---- */

/* A stretch of work of one thread: a request, a frame, a compilation. Tasks nest. Private. */
typedef struct vmr_task {
  vmr_ctx *ctx;
  struct vmr_task *outer;
  uint64_t allocations, obtained_bytes, arena_object_bytes;
} vmr_task;

typedef struct vmr_task_figures {
  uint64_t allocations;        /* as in the metrics, of the whole context while the task ran: other threads' too */
  uint64_t obtained_bytes;     /* likewise */
  uint64_t arena_object_bytes; /* likewise */
} vmr_task_figures;

/* `task` stays where it is until it is ended, by the same thread. */
VMR_API vmr_status vmr_task_begin(vmr_ctx *ctx, vmr_task *task);

/* `figures` may be NULL. VMR_WRONG_ORDER, and nothing happens, when it is not the innermost task of the thread. */
VMR_API vmr_status vmr_task_end(vmr_task *task, vmr_task_figures *figures);

#ifdef __cplusplus
}
#endif

#endif
