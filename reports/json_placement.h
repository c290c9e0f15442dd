/* json_placement.h: the answer of `plan` as JSON. Private to reports/. */
#ifndef VMO_REPORTS_JSON_PLACEMENT_H
#define VMO_REPORTS_JSON_PLACEMENT_H

#include "reports/reports.h"
#include "reports/writer.h"

/* Sets `key`: the number, or null when it is not known. (json.c) */
void vmo_put_limit(vmo_json_writer *writer, const char *key, int64_t number, bool known);

/* Writes the member "plan". */
void vmo_write_placement(vmo_json_writer *writer, const vmo_placement *placement);

/* The height of all spaces together, and the sum of their bounds: what the head figures are. */
typedef struct vmo_placement_figures {
  vmo_bytes height, lower_bound, floor;
  uint64_t nodes;
} vmo_placement_figures;
vmo_placement_figures vmo_sum_placement(const vmo_placement *placement);

/* The stable name of a kind of fault: "overlap". */
const char *vmo_fault_kind_name(vmo_fault_kind kind);
/* By how much the height exceeds the lower bound, in hundredths of a percent, rounded up: 0 only for no gap. */
int64_t vmo_gap_in_hundredths(vmo_bytes height, vmo_bytes lower_bound);

/* Says the fault with the buffers' ids. */
void vmo_add_fault_text(const vmo_placement *placement, const vmo_fault *fault, vmo_text *out);

/* Writes the figures for people. (text_placement.c) */
void vmo_write_placement_text(const vmo_placement *placement, const vmo_text_style *style, vmo_text *out);

#endif
