/* json_heaps.h: heaps and their sites, as JSON. Private to reports/. */
#ifndef VMO_REPORTS_JSON_HEAPS_H
#define VMO_REPORTS_JSON_HEAPS_H

#include "reports/json_sites.h"

/* The member "heaps" of a report. */
void vmo_write_heaps_member(vmo_json_writer *writer, const vmo_heap_facts *facts);

#endif
