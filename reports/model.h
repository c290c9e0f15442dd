/* model.h: what is said in a report, whatever its form: words for kinds and reasons, labels, places, thinning.
 * Private to reports/. */
#ifndef VMO_REPORTS_MODEL_H
#define VMO_REPORTS_MODEL_H

#include "reports/reports.h"

/* Stable names for JSON, besides those in reports.h: "constant", "optimal", ... */
const char *vmo_copy_reason_name(const vmo_copy_fact *copy);
const char *vmo_dim_kind_name(vmo_dim_kind kind);
const char *vmo_solution_status_name(vmo_solution_status status);

/* Sentences. */
const char *vmo_copy_reason_sentence(const vmo_copy_fact *copy);
void vmo_add_inplace_reason(const vmo_plan_facts *facts, const vmo_inplace_fact *fact, vmo_text *out);

/* "%x", or for a storage that no value names "workspace of matmul", "arena of @step". */
void vmo_add_storage_label(const vmo_plan_facts *facts, uint32_t storage, vmo_text *out);
/* "%x"; nothing for VMO_NONE. `function` is the written or the planned one. */
void vmo_add_value_label(const vmo_plan_facts *facts, const vmo_function *function, vmo_value_id value, vmo_text *out);
const char *vmo_space_name(const vmo_plan_facts *facts, vmo_space_id space);
/* A size as VMIR writes it: "8*N + 8". */
void vmo_add_size(const vmo_plan_facts *facts, vmo_size_id size, vmo_text *out);
/* The number that a size is under the binding of the plan, where the plan has numbers; false otherwise. */
bool vmo_size_as_number(const vmo_plan_facts *facts, vmo_size_id size, int64_t *number);

/* Where a point of the planned function is in the source; an inserted copy stands where the op that it is for does.
 * Line 0: nowhere. */
vmo_location vmo_point_location(const vmo_plan_facts *facts, vmo_point point);

/* total - arena, which may be negative; false when one of them is not known. */
bool vmo_saved_bytes(const vmo_space_figures *figures, vmo_bytes *saved);
/* In hundredths of a percent of the total, rounded; 0 of a total of 0. */
int64_t vmo_saved_share(const vmo_space_figures *figures, vmo_bytes saved);
/* Writes such a share: "66.67". */
void vmo_add_share(int64_t share, vmo_text *out);

/* ---- the timeline, thinned ---- */

typedef struct vmo_bucket {
  vmo_point begin, end;                 /* points */
  vmo_point most_written, most_planned; /* the first points of the largest loads in it */
} vmo_bucket;

/* Bucket `index` of `count`, which divide the points evenly. */
vmo_bucket vmo_timeline_bucket(const vmo_plan_facts *facts, uint32_t index, uint32_t count);

#endif
