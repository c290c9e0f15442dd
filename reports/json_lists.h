/* json_lists.h: the lists of one function, as JSON, and what all of our JSON has in common. Private to reports/. */
#ifndef VMO_REPORTS_JSON_LISTS_H
#define VMO_REPORTS_JSON_LISTS_H

#include "reports/model.h"
#include "reports/writer.h"

/* What every JSON of ours begins and ends with: schema and tool, dims, diagnostics. `module` NULL: no dims. */
void vmo_put_schema(vmo_json_writer *writer, const char *schema);
void vmo_put_dims(vmo_json_writer *writer, const vmo_module *module, const vmo_binding *binding);
void vmo_put_diagnostics(vmo_json_writer *writer, const vmo_context *context);

/* Sets `key`: the size as text, or null for VMO_NONE. */
void vmo_put_size(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *key, vmo_size_id size);
/* Sets "<name>_bytes", and "<name>_expr" when it is no number. */
void vmo_put_amount(vmo_json_writer *writer, const vmo_plan_facts *facts, const char *name, const vmo_amount *amount);

/* Writes storages, inplace, refused, reuse, slots, copies, timeline, dead, and the peaks; of a summary the peaks
 * alone. */
void vmo_write_lists(vmo_json_writer *writer, const vmo_plan_facts *facts, bool summary, bool full_timeline);

#endif
